//! `polyascan evaluate windows`

use std::path::PathBuf;

use serde::Serialize;

use super::json;
use crate::cli::options::{ModelOptions, ThreadOptions};
use crate::error::{Error, Result};
use crate::evaluate::windows::SiteWindows;
use crate::evaluate::windows::figures::{Figures, figures};
use crate::models::part::Part;
use crate::train::recipe::{self, Configuration};
use crate::train::windows::config::WindowTraining;

/// A site model on windows of sites and of what is none, as PolyaID was tested.
///
/// The windows are those of a configuration of `train windows`, whichever model is measured: sites
/// at each offset from the window's centre; random intergenic places, shuffled transcripts, places
/// beside a site. AUROC and AUPRC by the site's signal and by kind of negative, AUROC by offset;
/// correlations of mean cleavage position and entropy with those of the measured ends.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Sites, genome and how windows are made of them (TOML; see config/train/polyaid-published.toml
    /// and docs/TRAINING.md).
    #[arg(long)]
    config: PathBuf,
    /// Folder that the data paths are relative to, instead of the configuration's.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Which sites.
    #[arg(long, value_enum, default_value = "test")]
    part: Part,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// All figures of one evaluation.
#[derive(Debug, Serialize)]
struct Evaluation {
    model: String,
    sha256: String,
    fasta: String,
    sites: String,
    #[serde(flatten)]
    figures: Figures,
}

/// Returns the report.
///
/// # Errors
/// Input that cannot be read, or a model that cannot be scanned.
pub fn run(args: &Args) -> Result<String> {
    args.threads.apply()?;
    let config: WindowTraining = recipe::read(&args.config, args.data.as_deref())?;
    let model = args.model.load()?;
    let seed = config.model.seed;
    let windows = SiteWindows::read(&config.settings(), &|path| config.file(path), seed)?;
    let examples = windows.examples(args.part);
    if examples.is_empty() {
        let problem = format!("no windows in the {} part: give it a share", args.part.name());
        return Err(Error::input(&args.config, "[parts]", problem));
    }
    let evaluation = Evaluation {
        model: model.card().name.clone(),
        sha256: model.card().sha256.clone(),
        fasta: config.file(&config.sites.fasta).display().to_string(),
        sites: config.file(&config.sites.sites).display().to_string(),
        figures: figures(model.as_ref(), &windows, args.part, &examples)?,
    };
    if args.json {
        return json(&evaluation);
    }
    let Evaluation { model, sha256, fasta, sites, figures } = &evaluation;
    Ok(format!("# model {model} {sha256}\n# {fasta} with {sites}\n{}", figures.table()))
}
