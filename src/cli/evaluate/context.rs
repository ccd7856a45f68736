//! `polyascan evaluate context`

use std::path::PathBuf;

use super::json;
use crate::cli::putative::PutativeSites;
use crate::context::model::ContextModel;
use crate::error::Result;
use crate::evaluate::context::measure;
use crate::output::atomic::{keep_input, write};
use crate::output::plot::precision_recall;

/// Used against unused putative sites, by class of gene structure.
///
/// Takes the table that `polyascan scan --annotation GTF --context` writes, best with a low
/// threshold, so that there are unused sites to be told from used ones. A putative site is used if
/// a measured one lies within 24 nt on its strand; some of the others are used in a tissue that
/// nobody measured. For each class: AUROC and AUPRC of the published and of the refitted model, of
/// strength and of classification alone; for pairs of sites at the end of a gene, of which is used
/// more. Then all calls of the scan by precision at equal recall of the measured sites, with and
/// without context; and all coefficients with their standard errors.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    putative: PutativeSites,
    /// Usage models written by `train context`, in place of those inside the program.
    #[arg(long, value_name = "TOML")]
    context_model: Option<PathBuf>,
    /// Draw precision against recall of the calls, with and without context.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// Returns the report.
///
/// # Errors
/// Input that cannot be read.
pub fn run(args: &Args) -> Result<String> {
    if let Some(plot) = &args.plot {
        let inputs = args.putative.files().into_iter().chain(args.context_model.as_deref());
        inputs.clone().try_for_each(|input| keep_input(input, plot))?;
    }
    let (putative, measured) = args.putative.read()?;
    let model = ContextModel::load(args.context_model.as_deref())?;
    let report = measure(&model, &putative, &measured);
    if let Some(path) = &args.plot {
        let curves: Vec<(String, Vec<(f64, f64)>)> =
            report.curves.iter().map(|curve| (curve.name.clone(), curve.points.clone())).collect();
        let title = "Calls of a whole scan, held against measured sites";
        write(path, precision_recall(title, &curves)?.as_bytes())?;
    }
    if args.json { json(&report) } else { Ok(report.table()) }
}
