//! `polyascan evaluate calls`

use std::path::PathBuf;

use super::json;
use crate::error::Result;
use crate::evaluate::calls::{CallReport, check, compare, read_bed6};
use crate::evaluate::metrics::shown;

/// Called sites (BED) against true ones (BED): found, missed, added.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Sites as `polyascan scan` writes them.
    calls: PathBuf,
    /// True sites (BED with strand).
    #[arg(long)]
    truth: PathBuf,
    /// Hexamers that are no signals (BED with strand).
    #[arg(long)]
    decoys: Option<PathBuf>,
    /// nt between a true site and a call that finds it.
    #[arg(long, default_value_t = 10)]
    within: u64,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// Returns the report.
///
/// # Errors
/// Input that cannot be read.
pub fn run(args: &Args) -> Result<String> {
    let decoys = args.decoys.as_deref().map_or_else(|| Ok(Vec::new()), read_bed6)?;
    let (calls, truth) = (read_bed6(&args.calls)?, read_bed6(&args.truth)?);
    check(&calls, &truth, &args.truth)?;
    let report = compare(&calls, &truth, &decoys, args.within);
    if args.json { json(&report) } else { Ok(table(&report)) }
}

fn table(report: &CallReport) -> String {
    let mut lines =
        vec!["#contig\tposition_1based\tstrand\tname\tnearest_call_nt\tfound".to_owned()];
    lines.extend(report.rows.iter().map(|row| {
        let distance = row.distance.map_or("NA".into(), |nt| nt.to_string());
        let found = if row.found { "yes" } else { "no" };
        format!(
            "{}\t{}\t{}\t{}\t{distance}\t{found}",
            row.contig, row.position, row.strand, row.name
        )
    }));
    let share = 100.0 * report.found as f64 / report.truth.max(1) as f64;
    let median = shown(report.median_distance, 1);
    lines.push(format!(
        "# found {} of {} sites within {} nt ({share:.1}%), median distance {median} nt",
        report.found, report.truth, report.within
    ));
    lines.push(format!(
        "# {} calls: {} at sites, {} at decoys, {} elsewhere",
        report.calls, report.calls_at_truth, report.calls_at_decoys, report.calls_elsewhere
    ));
    let names = match report.decoys_called.as_slice() {
        [] => String::new(),
        names => format!(": {}", names.join(", ")),
    };
    lines.push(format!(
        "# {} of {} decoys called{names}",
        report.decoys_called.len(),
        report.decoys
    ));
    lines.join("\n") + "\n"
}
