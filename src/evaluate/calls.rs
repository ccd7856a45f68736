//! Called sites against a list of true ones, both as BED: what was found, missed and added.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::metrics::median;
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::contigs::without_style;
use crate::genome::strand::Strand;
use crate::genome::text_lines::TextLines;

/// A line of a BED file: a site is its start, a longer feature its stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BedPlace {
    pub contig: String,
    pub start: u64,
    pub end: u64,
    pub name: String,
    pub strand: Strand,
}

/// A true site and the call nearest to it.
#[derive(Clone, Debug, Serialize)]
pub struct TruthRow {
    pub contig: String,
    /// 1-based.
    pub position: u64,
    pub strand: String,
    pub name: String,
    /// nt to the nearest call of the strand; `None` if the contig has no call on it.
    pub distance: Option<u64>,
    pub found: bool,
}

/// What a set of calls finds.
#[derive(Clone, Debug, Serialize)]
pub struct CallReport {
    pub within: u64,
    pub truth: usize,
    pub found: usize,
    pub median_distance: Option<f64>,
    pub calls: usize,
    /// Calls near a true site, near a decoy, and near neither.
    pub calls_at_truth: usize,
    pub calls_at_decoys: usize,
    pub calls_elsewhere: usize,
    pub decoys: usize,
    /// Names of the decoys with a call within reach of a cut.
    pub decoys_called: Vec<String>,
    pub rows: Vec<TruthRow>,
}

/// How far downstream of a decoy hexamer's first base a call counts as the decoy's: a cut lies
/// 10-35 nt after a true one.
const DECOY_REACH: u64 = 50;

/// Reads a BED file of 6 or more columns, plain or compressed.
///
/// # Errors
/// A line with fewer columns or with wrong ones.
pub fn read_bed6(path: &Path) -> Result<Vec<BedPlace>> {
    let mut lines = TextLines::new(&Source::open(path)?);
    let mut places = Vec::new();
    while let Some(line) = lines.next_text()? {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let place = parse(&fields).ok_or_else(|| {
            let problem =
                "expected chrom, start, end, name, score and strand (+ or -), tab-separated";
            lines.wrong(problem)
        })?;
        places.push(place);
    }
    Ok(places)
}

fn parse(fields: &[&str]) -> Option<BedPlace> {
    let [contig, start, end, name, _, strand, ..] = fields else { return None };
    Some(BedPlace {
        contig: (*contig).to_owned(),
        start: start.parse().ok()?,
        end: end.parse().ok()?,
        name: (*name).to_owned(),
        strand: strand.parse().ok()?,
    })
}

/// Makes sure that calls and truth speak of the same genome.
///
/// # Errors
/// If the truth is empty, or there are calls and none lies on a contig of the truth.
pub fn check(calls: &[BedPlace], truth: &[BedPlace], truth_path: &Path) -> Result<()> {
    if truth.is_empty() {
        return Err(Error::of_file(truth_path, "no sites in this BED file"));
    }
    let contigs: BTreeSet<&str> = truth.iter().map(|site| without_style(&site.contig)).collect();
    match calls.first() {
        Some(call) if !calls.iter().any(|call| contigs.contains(without_style(&call.contig))) => {
            let problem = format!(
                "no call lies on a contig of this file (calls: {}, here: {}); is it another genome?",
                call.contig, truth[0].contig
            );
            Err(Error::of_file(truth_path, problem))
        }
        _ => Ok(()),
    }
}

/// Compares calls with true sites and decoy hexamers; a site is found by a call within `within` nt.
pub fn compare(
    calls: &[BedPlace],
    truth: &[BedPlace],
    decoys: &[BedPlace],
    within: u64,
) -> CallReport {
    let called = Sorted::new(calls);
    let true_sites = Sorted::new(truth);
    let rows: Vec<TruthRow> = truth
        .iter()
        .map(|site| {
            let distance = called.nearest(site);
            TruthRow {
                contig: site.contig.clone(),
                position: site.start + 1,
                strand: site.strand.to_string(),
                name: site.name.clone(),
                distance,
                found: distance.is_some_and(|nt| nt <= within),
            }
        })
        .collect();
    let at_truth = |call: &&BedPlace| true_sites.nearest(call).is_some_and(|nt| nt <= within);
    let at_decoy = |call: &BedPlace| decoys.iter().any(|decoy| belongs(call, decoy));
    let (right, other): (Vec<_>, Vec<_>) = calls.iter().partition(at_truth);
    let decoys_called = decoys.iter().filter(|decoy| other.iter().any(|call| belongs(call, decoy)));
    let calls_at_decoys = other.iter().filter(|call| at_decoy(call)).count();
    let found: Vec<f64> =
        rows.iter().filter(|r| r.found).filter_map(|r| r.distance).map(|nt| nt as f64).collect();
    CallReport {
        within,
        truth: truth.len(),
        found: found.len(),
        median_distance: median(&found),
        calls: calls.len(),
        calls_at_truth: right.len(),
        calls_at_decoys,
        calls_elsewhere: other.len() - calls_at_decoys,
        decoys: decoys.len(),
        decoys_called: decoys_called.map(|decoy| decoy.name.clone()).collect(),
        rows,
    }
}

/// Whether a call lies where a decoy's cut would be.
fn belongs(call: &BedPlace, decoy: &BedPlace) -> bool {
    let downstream = match decoy.strand {
        Strand::Plus => call.start.checked_sub(decoy.start),
        Strand::Minus => decoy.end.checked_sub(call.end),
    };
    without_style(&call.contig) == without_style(&decoy.contig)
        && call.strand == decoy.strand
        && downstream.is_some_and(|nt| nt <= DECOY_REACH)
}

/// Starts by contig and strand, ascending.
struct Sorted(BTreeMap<(String, Strand), Vec<u64>>);

impl Sorted {
    fn new(places: &[BedPlace]) -> Self {
        let mut map: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        for place in places {
            map.entry((without_style(&place.contig).to_owned(), place.strand))
                .or_default()
                .push(place.start);
        }
        map.values_mut().for_each(|starts| starts.sort_unstable());
        Self(map)
    }

    fn nearest(&self, place: &BedPlace) -> Option<u64> {
        let starts = self.0.get(&(without_style(&place.contig).to_owned(), place.strand))?;
        let after = starts.partition_point(|&start| start < place.start);
        let before = after.checked_sub(1).and_then(|i| starts.get(i));
        starts.get(after).into_iter().chain(before).map(|&s| s.abs_diff(place.start)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: u64, strand: Strand, name: &str) -> BedPlace {
        BedPlace { contig: "c".into(), start, end: start + 1, name: name.into(), strand }
    }

    #[test]
    fn calls_are_counted_once_at_sites_decoys_or_elsewhere() {
        let truth = [at(100, Strand::Plus, "a"), at(500, Strand::Minus, "b")];
        let decoys = [BedPlace { end: 1006, ..at(1000, Strand::Plus, "d") }];
        let calls = [
            at(103, Strand::Plus, "1"),
            at(500, Strand::Plus, "2"),
            at(1020, Strand::Plus, "3"),
            at(2000, Strand::Minus, "4"),
        ];
        let report = compare(&calls, &truth, &decoys, 10);
        assert_eq!((report.found, report.median_distance), (1, Some(3.0)));
        assert_eq!(report.rows[1].distance, Some(1500));
        let counts = (report.calls_at_truth, report.calls_at_decoys, report.calls_elsewhere);
        assert_eq!(counts, (1, 1, 2));
        assert_eq!(report.decoys_called, ["d"]);
    }
}
