//! `polyascan plot`

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::report::Material;
use crate::error::{Error, Result};
use crate::output::atomic::write;
use crate::report::locus::figure::WIDTHS;

/// Pixels of a PNG for one of the SVG: sharp on fine screens and in print.
const PNG_SCALE: u32 = 3;

/// Draw a gene or region as a figure: genes, tracks, sites, known sites, variants.
///
/// Of what scan (with --tracks for cleavage and classification), variants and mutagenesis have left
/// behind; the drawing of `polyascan report`, still. SVG or PNG, by the output's name.
#[derive(Debug, ClapArgs)]
#[command(group(clap::ArgGroup::new("where").required(true).args(["genes", "regions"])))]
pub struct Args {
    #[command(flatten)]
    material: Material,
    /// Pixels of the figure's width; a PNG has three times as many.
    #[arg(long, value_name = "PIXELS", default_value_t = 1000)]
    width: u32,
    /// Where to write: NAME.svg or NAME.png.
    #[arg(short, long, value_name = "SVG|PNG", value_parser = crate::cli::options::name)]
    output: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let is_png = is_png(&args.output)?;
    if !WIDTHS.contains(&args.width) {
        let (least, most) = (WIDTHS.start(), WIDTHS.end());
        let problem = format!("--width {}: it must lie between {least} and {most}", args.width);
        return Err(Error::Usage(problem));
    }
    let runs = args.material.open(&args.output)?;
    // The rows of tables are not shown.
    let (_, loci) = args.material.collect(&runs, 1)?;
    let [locus] = &loci[..] else {
        let problem =
            format!("{} genes and regions: a figure shows one; draw each by itself", loci.len());
        return Err(Error::Usage(problem));
    };
    let figure = locus.figure(args.width);
    let bytes = if is_png { figure.png(PNG_SCALE)? } else { figure.svg().into_bytes() };
    write(&args.output, &bytes)?;
    tracing::info!("{}: {}", args.output.display(), locus.place());
    Ok(())
}

/// Whether a PNG is asked for.
fn is_png(output: &Path) -> Result<bool> {
    match output.extension().and_then(|extension| extension.to_str()) {
        Some("png") => Ok(true),
        Some("svg") => Ok(false),
        _ => {
            let problem = format!("-o {}: give a name that ends in .svg or .png", output.display());
            Err(Error::Usage(problem))
        }
    }
}
