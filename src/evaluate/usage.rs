//! Usage that was measured: reads or expression of the sites of a gene, and pairs of such sites.

use std::collections::BTreeMap;
use std::path::Path;

use super::measured::{Line, Place, Row, read_rows};
use crate::context::class::Feature;
use crate::context::features::GeneContext;
use crate::error::{Error, Problem, Result};
use crate::genome::annotation::Annotation;
use crate::genome::memory::Genome;
use crate::genome::sequence::UNKNOWN;
use crate::genome::strand::Strand;
use crate::reads::sites::usage;

/// Sites that are nearer to each other than this, in nt, may be one site measured twice.
pub const APART: usize = 50;
/// How far past its annotated end a gene is still the gene of a site, in nt.
pub const EXTENSION: u64 = 5_000;

/// A measured site with what was counted there.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedSite {
    pub place: Place,
    /// Reads, transcripts per million, or whatever is proportional to usage.
    pub count: f64,
    pub gene: String,
    /// Whether it lies in or past a terminal exon; `None` where nothing says so.
    pub terminal: Option<bool>,
}

/// Where the gene of a site stands.
#[derive(Clone, Copy, Debug)]
pub enum GeneOf<'a> {
    /// In this column of the table.
    Column(&'a str),
    /// In an annotation (GTF): the genes that the site lies in, or at most 5 kb past their ends.
    Annotation(&'a Path),
}

/// Reads sites with counts; of several genes in a column (with commas) the first. Their class is that
/// of the annotation, or stands in a column `feature`. Sites without a gene (empty, `NA`, `.`) are left out, and those on
/// contigs that were emptied ([`Genome::leave_out`]).
///
/// # Errors
/// Those of [`super::measured::read_sites`]; no header; a count that is not a number or negative.
pub fn read_counts(
    path: &Path,
    genome: &Genome,
    counts: &str,
    gene: GeneOf<'_>,
) -> Result<Vec<CountedSite>> {
    let context = match gene {
        GeneOf::Column(_) => None,
        GeneOf::Annotation(path) => {
            let annotation = Annotation::read(path, &genome.contigs)?;
            Some(GeneContext::new(&annotation, &genome.contigs, EXTENSION))
        }
    };
    let mut sites = read_rows(path, |line| {
        let Line::Table(row) = line else {
            return Err(format!("no header: counts stand in a column {counts} of a table").into());
        };
        let place = row.site(genome)?.place();
        let (gene, feature) = match (&context, gene) {
            (Some(context), _) => {
                let position = place.position as u64;
                match context.classify(place.contig, place.strand, position) {
                    // The gene named lies on the other strand.
                    (_, Feature::Antisense) => (String::new(), Some(Feature::Antisense)),
                    (gene, feature) => (gene, Some(feature)),
                }
            }
            (None, GeneOf::Column(column)) => {
                let first = row.need(column)?.split(',').next().unwrap_or_default();
                (first.trim().to_owned(), row.get("feature").and_then(Feature::of_name))
            }
            (None, GeneOf::Annotation(_)) => (String::new(), None),
        };
        let terminal = feature.map(Feature::is_terminal);
        Ok(CountedSite { place, count: count(&row, counts)?, gene, terminal })
    })?;
    let named = |gene: &str| !["", "NA", "."].contains(&gene);
    sites.retain(|site| named(&site.gene) && !genome.codes[site.place.contig].is_empty());
    if sites.is_empty() {
        return Err(Error::of_file(path, "no sites with a gene in this file"));
    }
    Ok(sites)
}

fn count(row: &Row<'_>, column: &str) -> std::result::Result<f64, Problem> {
    let text = row.need(column)?;
    let value: f64 =
        text.trim().parse().map_err(|_| format!("{column} {text:?} is not a number"))?;
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(format!("{column} {text:?}: a count is 0 or more").into())
    }
}

/// Returns the sites whose `length` nt, `before` of them upstream of the site, lie on the contig
/// and hold no unknown base.
pub fn complete(
    sites: Vec<CountedSite>,
    genome: &Genome,
    before: usize,
    length: usize,
) -> Vec<CountedSite> {
    let whole = |site: &CountedSite| {
        let Place { contig, strand, position } = site.place;
        let codes = genome.around(contig, strand, position, before, length);
        codes.is_some_and(|codes| !codes.contains(&UNKNOWN))
    };
    sites.into_iter().filter(whole).collect()
}

/// Returns the indices of the sites of each gene, in the order of contig, strand and name: the same
/// name on two contigs or strands is two genes.
pub fn genes(sites: &[CountedSite]) -> Vec<Vec<usize>> {
    let mut genes: BTreeMap<(usize, bool, &str), Vec<usize>> = BTreeMap::new();
    for (index, CountedSite { place, gene, .. }) in sites.iter().enumerate() {
        genes.entry((place.contig, place.strand == Strand::Minus, gene)).or_default().push(index);
    }
    genes.into_values().collect()
}

/// Returns the log2 odds of the usage of each site among those of its gene's terminal exon (Stroup &
/// Ji 2023, eq. 4; see [`usage`]), as `polyascan sites` writes them; `None` of sites elsewhere and
/// where the two sites used most have fewer than `least` counts together. Where nothing says where
/// sites lie, all count.
pub fn log_odds(sites: &[CountedSite], least: f64) -> Vec<Option<f64>> {
    let mut odds = vec![None; sites.len()];
    for gene in genes(sites) {
        let terminal = gene.into_iter().filter(|&site| sites[site].terminal != Some(false));
        let terminal: Vec<usize> = terminal.collect();
        let mut counts: Vec<f64> = terminal.iter().map(|&site| sites[site].count).collect();
        counts.sort_by(|a, b| b.total_cmp(a));
        let [most, second] = [0, 1].map(|rank| counts.get(rank).copied().unwrap_or(0.0));
        if most + second >= least {
            for site in terminal {
                odds[site] = Some(usage(sites[site].count, most, second).1);
            }
        }
    }
    odds
}

/// Two sites of a gene, and how much more the first was used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    pub more: usize,
    pub less: usize,
    /// log2 of the ratio of the counts, 0 or more.
    pub difference: f64,
}

/// Returns the pairs of one gene's sites that lie [`APART`] or more. Counts below `floor` are taken
/// for the floor; pairs of two such counts say nothing and are left out.
pub fn pairs(sites: &[CountedSite], gene: &[usize], floor: f64) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (n, &a) in gene.iter().enumerate() {
        for &b in &gene[n + 1..] {
            let (more, less) = if sites[b].count > sites[a].count { (b, a) } else { (a, b) };
            let apart = sites[a].place.position.abs_diff(sites[b].place.position);
            if apart < APART || sites[more].count <= floor {
                continue;
            }
            let difference = (sites[more].count / sites[less].count.max(floor)).log2();
            pairs.push(Pair { more, less, difference });
        }
    }
    pairs
}

#[cfg(test)]
mod tests;
