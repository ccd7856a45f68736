//! `polyascan train context`

use std::path::{Path, PathBuf};

use crate::cli::putative::PutativeSites;
use crate::context::model::ContextModel;
use crate::error::{Error, Result};
use crate::evaluate::context::{measure, refit};
use crate::genome::compression::Source;
use crate::output::atomic::{keep_input, write};

/// Usage models: which putative sites of a class are used.
///
/// Takes the table that `polyascan scan --annotation GTF --context` writes and measured sites of
/// the same genome. Means and deviations of the published coefficients are those of the putative
/// sites of the table; coefficients of our own are fitted where 30 used and 30 unused sites are
/// there (logistic regression, ridge penalty 0.5). Whichever ranks better on --validation is used.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    putative: PutativeSites,
    /// Another such table, genome and measured sites, to choose between the models of each class.
    #[arg(long, value_names = ["TSV", "FASTA", "SITES"], num_args = 3)]
    validation: Vec<PathBuf>,
    /// Models to write.
    #[arg(short, long, value_name = "TOML")]
    output: PathBuf,
}

const LIMITS: &str = "Fitted to sites around human disease genes, measured by few methods in some tissues: a putative \
    site without a measured one within 24 nt counts as unused, and some of them are used in a tissue that nobody \
    measured. Genes are cut at the ends of the pieces. Belongs to the site and strength models named in training. Not \
    made for medical use.";

/// Runs the command.
///
/// # Errors
/// Input that cannot be read, an output that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let validation = args.validation.iter().map(PathBuf::as_path);
    let inputs = args.putative.files().into_iter().chain(validation);
    inputs.clone().try_for_each(|input| keep_input(input, &args.output))?;
    let (sites, _) = args.putative.read()?;
    let judges = match args.validation.as_slice() {
        [table, fasta, sites] => {
            let [table, fasta, sites] = [table, fasta, sites].map(PathBuf::clone);
            Some(PutativeSites { table, fasta, sites }.read()?)
        }
        _ => None,
    };
    let mut model = ContextModel::built_in()?;
    model = refit(&model, &sites, judges.as_ref().map(|(judges, _)| judges.as_slice()));
    model.limits = LIMITS.to_owned();
    model.training.clear();
    for (name, path) in
        ["table", "fasta", "sites", "validation table", "validation fasta", "validation sites"]
            .into_iter()
            .zip(inputs)
    {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let digest = Source::open(path)?.sha256()?;
        model.training.insert(name.to_owned(), format!("{file} sha256={digest}"));
    }
    model.training.insert("program".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    for line in header(&args.putative.table)? {
        if let Some((name, value)) = line.split_once(": ").filter(|(name, _)| *name == "model") {
            model.training.insert(format!("scan {name}"), value.to_owned());
        }
    }
    let head = "# Usage models by class of gene structure. Written by `polyascan train context`; do not edit.\n\n";
    write(&args.output, (head.to_owned() + &model.text()?).as_bytes())?;
    let (judged, measured) = match &judges {
        Some((judges, measured)) => (judges.as_slice(), measured),
        None => return Ok(()),
    };
    let table = measure(&model, judged, measured).table();
    table.lines().for_each(|line| tracing::info!(kind = "row", "{line}"));
    Ok(())
}

/// What a table says of the scan that it comes from.
fn header(table: &Path) -> Result<Vec<String>> {
    use std::io::BufRead as _;
    let source = Source::open(table)?;
    let lines = source
        .reader()
        .lines()
        .map_while(|line| line.ok().and_then(|line| line.strip_prefix("## ").map(str::to_owned)));
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return Err(Error::input(table, "line 1", "not a table of `polyascan scan --context`"));
    }
    Ok(lines)
}
