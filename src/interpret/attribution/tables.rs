//! Tables of attribution, tab-separated, with a line of column names.

use std::fmt::Write as _;

use super::Attribution;
use super::seqlets::{Seqlet, family};
use crate::genome::sequence::decode;
use crate::genome::strand::Strand;
use crate::interpret::models::Quantity;
use crate::interpret::tables::{Table, columns, number};
use crate::models::CENTRE;

/// What the columns mean, for the headers of tables.
pub const REMARKS: [&str; 2] = [
    "integrated: integrated gradients from the baseline to the window; gradient: the base's own gradient; both in log2 odds of classification, or of usage (strength)",
    "distance, from, to: nt from the site (the last nucleotide before the cut), in transcript direction; position: 1-based on the contig",
];

/// A site's window and what was found of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteAttribution {
    pub contig: String,
    /// Of the site, 0-based.
    pub position: u64,
    pub strand: Strand,
    /// The window's codes, in transcript direction.
    pub codes: Vec<u8>,
    /// One for each quantity.
    pub of: Vec<Attribution>,
    /// Of the integrated gradients of each quantity.
    pub seqlets: Vec<Vec<Seqlet>>,
}

impl SiteAttribution {
    /// Returns how the site is called.
    pub fn name(&self) -> String {
        format!("{}:{}:{}", self.contig, self.position + 1, self.strand)
    }

    /// Returns the position (0-based) of a nucleotide of the window.
    pub fn position_of(&self, index: usize) -> u64 {
        match self.strand {
            Strand::Plus => self.position + index as u64 - CENTRE as u64,
            Strand::Minus => self.position + CENTRE as u64 - index as u64,
        }
    }
}

/// Returns an index's distance from the site.
pub fn distance(index: usize) -> i64 {
    index as i64 - CENTRE as i64
}

/// A row for each site: what is said of it and of the baseline, and how well the integrated
/// gradients sum up to the difference.
pub fn sites(quantities: &[Quantity], sites: &[SiteAttribution]) -> String {
    let of_each = ["log2_odds", "baseline_log2_odds", "integrated_sum", "gap"];
    let mut table = Table::new(&columns(&["contig", "position", "strand"], quantities, &of_each));
    for site in sites {
        let mut row =
            vec![site.contig.clone(), (site.position + 1).to_string(), site.strand.to_string()];
        for of in &site.of {
            row.extend([of.said, of.baseline, of.sum(), of.gap()].map(number));
        }
        table.row(&row);
    }
    table.text()
}

/// A row for each nucleotide of each site's window.
pub fn bases(quantities: &[Quantity], sites: &[SiteAttribution]) -> String {
    let plain = ["contig", "position", "strand", "site", "distance", "base"];
    let columns = columns(&plain, quantities, &["integrated", "gradient"]);
    let mut text = format!("#{}\n", columns.join("\t"));
    for site in sites {
        let letters = decode(&site.codes);
        for (index, &letter) in letters.iter().enumerate() {
            let (contig, position, strand) =
                (&site.contig, site.position_of(index) + 1, site.strand);
            let (at, distance, base) = (site.position + 1, distance(index), char::from(letter));
            // Hundreds of thousands of rows.
            let _ = write!(text, "{contig}\t{position}\t{strand}\t{at}\t{distance}\t{base}");
            for of in &site.of {
                let value = |values: &[f32]| {
                    let value = index.checked_sub(of.first).and_then(|at| values.get(at));
                    value.map_or_else(
                        || ".".to_owned(),
                        |&value| format!("{:.5}", f64::from(value) + 0.0),
                    )
                };
                let _ = write!(text, "\t{}\t{}", value(&of.integrated), value(&of.gradient));
            }
            text.push('\n');
        }
    }
    text
}

/// A row for each seqlet.
pub fn seqlets(quantities: &[Quantity], sites: &[SiteAttribution]) -> String {
    let names = [
        "contig",
        "start",
        "end",
        "strand",
        "site",
        "quantity",
        "from",
        "to",
        "integrated_sum",
        "p",
        "sequence",
        "family",
        "hexamer",
        "hexamer_distance",
    ];
    let mut table = Table::new(&names.map(str::to_owned));
    for site in sites {
        for ((quantity, of), seqlets) in quantities.iter().zip(&site.of).zip(&site.seqlets) {
            let read = &site.codes[of.first..of.first + of.integrated.len()];
            for seqlet in seqlets {
                let (from, to) =
                    (of.first + seqlet.from, of.first + seqlet.from + seqlet.length - 1);
                let ends = [site.position_of(from), site.position_of(to)];
                let found = family(seqlet, read, &of.integrated);
                let dot = || ".".to_owned();
                table.row(&[
                    site.contig.clone(),
                    (ends[0].min(ends[1]) + 1).to_string(),
                    (ends[0].max(ends[1]) + 1).to_string(),
                    site.strand.to_string(),
                    (site.position + 1).to_string(),
                    quantity.name().to_owned(),
                    distance(from).to_string(),
                    distance(to).to_string(),
                    number(seqlet.sum),
                    format!("{:.3e}", seqlet.p),
                    String::from_utf8_lossy(&decode(&site.codes[from..=to])).into_owned(),
                    found.map_or_else(dot, |(family, ..)| family.name().to_owned()),
                    found.map_or_else(dot, |(_, hexamer, _)| hexamer.to_string()),
                    found.map_or_else(dot, |(.., at)| distance(of.first + at).to_string()),
                ]);
            }
        }
    }
    table.text()
}

/// A value of one position.
pub type Valued = (u64, f32);

/// Returns the values of a strand of a contig by position, for a track: where windows overlap that
/// of the nearest site, of equally near ones of the first.
pub fn track(
    sites: &[SiteAttribution],
    contig: &str,
    strand: Strand,
    values: impl Fn(&SiteAttribution) -> (usize, &[f32]),
) -> Vec<Valued> {
    let mut all: Vec<(u64, u64, f32)> = Vec::new();
    for site in sites.iter().filter(|site| site.strand == strand && site.contig == contig) {
        let (first, values) = values(site);
        all.extend(values.iter().enumerate().map(|(at, &value)| {
            let position = site.position_of(first + at);
            (position, position.abs_diff(site.position), value)
        }));
    }
    // Sites come in order, and the sort keeps it.
    all.sort_by_key(|&(position, away, _)| (position, away));
    all.dedup_by_key(|(position, ..)| *position);
    all.into_iter().map(|(position, _, value)| (position, value)).collect()
}
