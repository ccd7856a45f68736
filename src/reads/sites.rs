//! Clusters of all samples together as sites of genes, with the reads of each sample.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::ReadRules;
use super::cleavage::{Along, GenomicAs};
use super::clusters::clusters;
use super::ends::{Counts, Ends};
use crate::context::class::Feature;
use crate::context::features::GeneContext;
use crate::context::signal::{FARTHEST, strongest};
use crate::error::Result;
use crate::genome::in_turn::InTurn;
use crate::genome::sequence::{UNKNOWN, complement};
use crate::genome::strand::Strand;

/// A measured site.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedSite {
    pub contig: usize,
    pub strand: Strand,
    pub position: u64,
    /// From the first to the last end.
    pub cluster: Range<u64>,
    /// By sample.
    pub reads: Vec<u64>,
    /// The strongest signal and how far upstream its first base lies.
    pub signal: Option<(&'static str, usize)>,
    pub feature: Feature,
    /// Numbers of the genes; empty for antisense sites, which are of none.
    pub genes: Vec<usize>,
    /// Share of the reads of its gene's sites (of several genes: of the first).
    pub share: Option<f64>,
    /// Usage among sites of the terminal exon: see [`usage`].
    pub usage: Option<f64>,
    /// log2 odds of `usage`.
    pub log_odds: Option<f64>,
}

impl CountedSite {
    /// Returns the reads of all samples.
    pub fn total(&self) -> u64 {
        self.reads.iter().sum()
    }
}

/// What became of the clusters: all = sites + internally primed + too few reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterCounts {
    pub clusters: u64,
    pub internal_priming: u64,
    pub too_few_reads: u64,
    pub sites: u64,
}

/// How ends become sites.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Asked {
    pub rules: ReadRules,
    pub genomic_as: GenomicAs,
    /// Whether sites before genomic As stay.
    pub keep_primed: bool,
}

/// What ends of reads make.
#[derive(Debug, Default)]
pub struct Made {
    /// In order of contig, position and strand.
    pub sites: Vec<CountedSite>,
    pub clusters: ClusterCounts,
    /// Reads of all samples at the places where they say that RNA was cut, by contig and strand.
    pub cuts: Vec<[Counts; 2]>,
}

/// Makes sites of the ends of all samples.
///
/// # Errors
/// If the genome cannot be read.
pub fn sites(
    samples: &[Ends],
    mut genome: InTurn<'_>,
    genes: Option<&GeneContext>,
    asked: &Asked,
) -> Result<Made> {
    let mut counts = ClusterCounts::default();
    let mut all = Vec::new();
    let mut cuts = vec![<[Counts; 2]>::default(); genome.contigs().len()];
    for (contig, cuts) in cuts.iter_mut().enumerate() {
        let here = |ends: &Ends| ends.counts[contig].iter().any(|counts| !counts.is_empty());
        if !samples.iter().any(here) {
            continue;
        }
        let codes = genome.get(contig)?;
        for strand in Strand::BOTH {
            let along = Along { codes: &codes, strand };
            let cut: Vec<Counts> = samples
                .iter()
                .map(|ends| moved(&ends.counts[contig][strand.index()], along, asked.genomic_as))
                .collect();
            let of_all = sum(&cut);
            for cluster in clusters(&of_all, strand, asked.rules.cluster) {
                counts.clusters += 1;
                if !asked.keep_primed && is_primed(along, cluster.position, &asked.rules) {
                    counts.internal_priming += 1;
                    continue;
                }
                let reads = cut.iter().map(|ends| ends.range(cluster.range.clone()));
                let reads = reads.map(|ends| ends.map(|(_, reads)| reads).sum()).collect();
                let place = genes.map(|genes| genes.place(contig, strand, cluster.position));
                let feature = place.as_ref().map_or(Feature::Intergenic, |place| place.feature);
                let genes = place.map_or(Vec::new(), |place| place.genes);
                all.push(CountedSite {
                    contig,
                    strand,
                    position: cluster.position,
                    cluster: cluster.range,
                    reads,
                    signal: signal(along, cluster.position),
                    feature,
                    genes: if feature == Feature::Antisense { Vec::new() } else { genes },
                    share: None,
                    usage: None,
                    log_odds: None,
                });
            }
            cuts[strand.index()] = of_all;
        }
    }
    let before = all.len();
    let mut all = enough(all, samples.len(), &asked.rules);
    (counts.too_few_reads, counts.sites) = ((before - all.len()) as u64, all.len() as u64);
    all.sort_by_key(|site| (site.contig, site.position, site.strand));
    use_of_genes(&mut all);
    Ok(Made { sites: all, clusters: counts, cuts })
}

/// Moves ends to the cuts that they stand for.
fn moved(ends: &Counts, along: Along<'_>, rule: GenomicAs) -> Counts {
    let mut moved = Counts::new();
    for (&end, &reads) in ends {
        *moved.entry(along.cut(end, rule)).or_default() += reads;
    }
    moved
}

fn sum(samples: &[Counts]) -> Counts {
    let mut sum = Counts::new();
    for (&at, &reads) in samples.iter().flatten() {
        *sum.entry(at).or_default() += reads;
    }
    sum
}

/// Returns whether a primer of Ts may have found the genome's As instead of a tail.
fn is_primed(along: Along<'_>, site: u64, rules: &ReadRules) -> bool {
    let (all, in_a_row) = along.downstream_as(site, rules.priming_window);
    all >= rules.priming_as || in_a_row >= rules.priming_run
}

fn signal(along: Along<'_>, site: u64) -> Option<(&'static str, usize)> {
    let at = |nt: usize| along.further(site, -(nt as i64)).map(|at| along.codes[at as usize]);
    let here = |code: u8| if along.strand == Strand::Plus { code } else { complement(code) };
    let upstream = (1..=FARTHEST).rev().map(|nt| at(nt).map_or(UNKNOWN, here));
    strongest(&upstream.collect::<Vec<u8>>())
}

/// Keeps sites that have enough reads, by number and by share of their gene's, in one sample at
/// least.
fn enough(sites: Vec<CountedSite>, samples: usize, rules: &ReadRules) -> Vec<CountedSite> {
    let mut of_gene: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for site in &sites {
        for &gene in &site.genes {
            let sums = of_gene.entry(gene).or_insert_with(|| vec![0; samples]);
            sums.iter_mut().zip(&site.reads).for_each(|(sum, reads)| *sum += reads);
        }
    }
    let has = |site: &CountedSite, sample: usize| {
        let reads = site.reads[sample];
        let is_share = |gene: &usize| {
            reads as f64 > rules.min_share * of_gene.get(gene).map_or(0, |sums| sums[sample]) as f64
        };
        reads >= rules.min_reads && (site.genes.is_empty() || site.genes.iter().any(is_share))
    };
    let mut sites = sites;
    sites.retain(|site| (0..samples).any(|sample| has(site, sample)));
    sites
}

/// Says how much each site of a gene is used.
fn use_of_genes(sites: &mut [CountedSite]) {
    for (_, of_gene) in by_gene(sites) {
        let total: u64 = of_gene.iter().map(|&at| sites[at].total()).sum();
        for &at in &of_gene {
            sites[at].share = Some(sites[at].total() as f64 / total.max(1) as f64);
        }
        let terminal: Vec<usize> =
            of_gene.into_iter().filter(|&at| sites[at].feature.is_terminal()).collect();
        let mut reads: Vec<u64> = terminal.iter().map(|&at| sites[at].total()).collect();
        reads.sort_unstable_by(|a, b| b.cmp(a));
        let [most, second] = [0, 1].map(|rank| reads.get(rank).copied().unwrap_or(0));
        for at in terminal {
            let (usage, log_odds) = usage(sites[at].total() as f64, most as f64, second as f64);
            (sites[at].usage, sites[at].log_odds) = (Some(usage), Some(log_odds));
        }
    }
}

/// Returns the sites of each gene (of several genes of a site the first), in order.
pub(super) fn by_gene(sites: &[CountedSite]) -> BTreeMap<usize, Vec<usize>> {
    let mut genes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, site) in sites.iter().enumerate() {
        if let Some(gene) = site.genes.first() {
            genes.entry(*gene).or_default().push(at);
        }
    }
    genes
}

/// Returns the usage of a site among those of its gene's terminal exon, and its log2 odds: n /
/// (n_max + n_second), of the two sites with the most reads (Stroup & Ji 2023, eq. 4); for the odds
/// one read is added on either side, so that a site alone has some.
pub fn usage(reads: f64, most: f64, second: f64) -> (f64, f64) {
    let both = most + second;
    let share = if both > 0.0 { reads / both } else { 0.0 };
    (share, ((reads + 1.0) / (both - reads + 1.0)).log2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_of_the_two_sites_used_most() {
        assert_eq!(usage(30.0, 30.0, 10.0), (0.75, (31f64 / 11.0).log2()));
        assert_eq!(usage(4.0, 30.0, 10.0).0, 0.1);
        let (alone, odds) = usage(50.0, 50.0, 0.0);
        assert!(alone == 1.0 && (odds - 51f64.log2()).abs() < 1e-12);
        assert!((usage(10.0, 30.0, 10.0).1 + usage(30.0, 30.0, 10.0).1).abs() < 1e-12);
    }

    fn site(position: u64, reads: &[u64], genes: &[usize]) -> CountedSite {
        CountedSite {
            contig: 0,
            strand: Strand::Plus,
            position,
            cluster: position..position + 1,
            reads: reads.to_vec(),
            signal: None,
            feature: Feature::TerminalExon,
            genes: genes.to_vec(),
            share: None,
            usage: None,
            log_odds: None,
        }
    }

    #[test]
    fn a_site_has_enough_reads_in_one_sample_both_ways() {
        let rules = ReadRules {
            cluster: 24,
            min_reads: 10,
            min_share: 0.02,
            priming_window: 10,
            priming_as: 7,
            priming_run: 6,
            min_tail: 2,
            min_mapping_quality: 10,
        };
        let sites = vec![
            site(1, &[1_000, 0], &[0]),
            // 10 reads, but 1 % of the gene; in the other sample not 10.
            site(2, &[10, 9], &[0]),
            site(3, &[9, 12], &[0]),
            // Of no gene.
            site(4, &[0, 10], &[]),
            site(5, &[9, 9], &[]),
        ];
        let mut kept = enough(sites, 2, &rules);
        assert_eq!(kept.iter().map(|site| site.position).collect::<Vec<_>>(), [1, 3, 4]);
        use_of_genes(&mut kept);
        assert_eq!(kept[0].share, Some(1_000.0 / 1_021.0));
        assert_eq!(kept[1].usage, Some(21.0 / 1_021.0));
        assert_eq!((kept[2].share, kept[2].usage), (None, None));
    }
}
