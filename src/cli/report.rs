//! `polyascan report`

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::catalogues::{catalogue, named_catalogue};
use super::chosen::GeneOptions;
use super::options::{check_stdin, make_folder};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::genome::annotation::Annotation;
use crate::output::atomic::{check_output, keep_input, write};
use crate::report::choose::{self, KnownContigs, Wanted};
use crate::report::locus::Locus;
use crate::report::run::Run;
use crate::report::{self, MOST_ROWS, ROWS, Request, Section, page};

/// Make a report: one HTML page of what scan, variants and mutagenesis have left behind.
///
/// The page needs no network and no other file: what was run, what became of everything, charts,
/// tables to sort, search and filter, and a drawing of each --gene and -r. What it says:
/// docs/REPORT.md.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    material: Material,
    /// Rows of a table at most, the best: more open more slowly.
    #[arg(long, value_name = "N", default_value_t = ROWS)]
    rows: usize,
    /// Heading of the page [default: names of the runs].
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Where to write; - is standard output.
    #[arg(short, long, value_name = "HTML", value_parser = crate::cli::options::name)]
    output: PathBuf,
}

/// What is reported, and which loci are drawn; shared with `plot`.
#[derive(Debug, ClapArgs)]
pub struct Material {
    /// Where scan, variants or mutagenesis wrote to: PREFIX of -o, or one of the files.
    #[arg(required = true, value_name = "PREFIX")]
    runs: Vec<String>,
    #[command(flatten)]
    pub chosen: GeneOptions,
    /// Part of the genome to draw: NAME or NAME:START-END (1-based, commas allowed); may be
    /// repeated.
    #[arg(short, long = "region", value_name = "REGION")]
    pub regions: Vec<String>,
    /// Genes (GTF or GFF3, plain or compressed) to draw.
    #[arg(short, long, value_name = "GTF|GFF3")]
    annotation: Option<PathBuf>,
    /// Known sites to draw (BED of 6 or more columns), with the catalogue's name if it is not the
    /// file's; may be repeated.
    #[arg(long = "sites", value_name = "[NAME=]BED")]
    catalogues: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    if !(1..=MOST_ROWS).contains(&args.rows) {
        let problem = format!("--rows {}: it must lie between 1 and {MOST_ROWS}", args.rows);
        return Err(Error::Usage(problem));
    }
    let runs = args.material.open(&args.output)?;
    let (sections, loci) = args.material.collect(&runs, args.rows)?;
    let names: Vec<String> = runs.iter().map(Run::name).collect();
    let title = args.title.clone().unwrap_or_else(|| names.join(", "));
    let html = page::html(&title, &sections, &loci);
    write(&args.output, html.as_bytes())?;
    let tables = sections.iter().flat_map(|section| &section.tables);
    let cut: Vec<String> = tables.filter_map(report::chart::Table::cut).collect();
    let cut = if cut.is_empty() { String::new() } else { format!("; {}", cut.join(", ")) };
    if args.output != Path::new("-") {
        tracing::info!(
            "{}: {}, {}, {:.1} MB{cut}",
            args.output.display(),
            counted(sections.len(), "run", "runs"),
            counted(loci.len(), "locus", "loci"),
            html.len() as f64 / 1e6
        );
    }
    Ok(())
}

fn counted(n: usize, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}

impl Material {
    /// Finds the files, of which none may be `output`, whose folder is made.
    ///
    /// # Errors
    /// If one is not there, or the output cannot be written.
    pub fn open(&self, output: &Path) -> Result<Vec<Run>> {
        let bed = |text: &String| PathBuf::from(catalogue(text).1);
        let named = self.catalogues.iter().map(bed).chain(self.annotation.clone());
        let mut inputs: Vec<PathBuf> = named.collect();
        check_stdin(&inputs.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        let runs: Vec<Run> = self.runs.iter().map(|text| Run::find(text)).collect::<Result<_>>()?;
        inputs.extend(runs.iter().flat_map(Run::files));
        inputs.iter().try_for_each(|input| keep_input(input, output))?;
        if output != Path::new("-") {
            make_folder(&output.to_string_lossy())?;
            check_output(output)?;
        }
        Ok(runs)
    }

    /// Reads everything.
    ///
    /// # Errors
    /// A damaged file; a gene or region that is not there.
    pub fn collect(&self, runs: &[Run], rows: usize) -> Result<(Vec<Section>, Vec<Locus>)> {
        let (mut contigs, mut loci) = (KnownContigs::default(), Vec::new());
        let mut annotation = None;
        if self.chosen.is_given() || !self.regions.is_empty() {
            contigs = KnownContigs::of(runs)?;
            annotation = self.genes(&contigs)?;
            loci = self.loci(runs, &contigs, annotation.as_ref())?;
        }
        let catalogues = self.catalogues.iter().map(|text| {
            let (name, path) = named_catalogue(text)?;
            Ok((name.to_owned(), path.to_owned()))
        });
        let request = Request {
            runs,
            contigs: &contigs,
            loci: &loci,
            annotation: annotation.as_ref(),
            catalogues: &catalogues.collect::<Result<Vec<_>>>()?,
            rows,
        };
        request.collect()
    }

    fn genes(&self, contigs: &KnownContigs) -> Result<Option<Annotation>> {
        let path = self.annotation.as_deref();
        path.map(|path| choose::annotation(path, &contigs.contigs)).transpose()
    }

    fn loci(
        &self,
        runs: &[Run],
        contigs: &KnownContigs,
        annotation: Option<&Annotation>,
    ) -> Result<Vec<Wanted>> {
        let genes = match (annotation, &self.annotation) {
            (Some(annotation), Some(path)) => self.chosen.find(annotation, path)?,
            _ => Vec::new(),
        };
        let extension = Config::load(None)?.annotation.extension;
        let results = runs.first().map(|run| run.results.as_path()).unwrap_or(Path::new(""));
        contigs.loci(&self.regions, &genes, extension, results)
    }
}
