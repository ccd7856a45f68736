//! Measured sites as tables: for training and evaluation, and for browsers.

use std::fmt::Write as _;

use super::groups::Comparison;
use super::sites::CountedSite;
use crate::context::features::GeneContext;
use crate::genome::contigs::Contigs;

/// What the columns of a row mean, for header lines.
pub const REMARKS: [&str; 4] = [
    "offset: the last nucleotide before the cut, 0-based; cluster: from the first to the last end, half-open",
    "share: of the reads of the gene's sites; usage: n / (n_max + n_second) of the sites of the terminal exon",
    "log_odds: log2 of (n + 1) / (n_max + n_second - n + 1); of several genes the first counts",
    "reads_NAME: of the sample NAME; reads: of all samples",
];

/// Names of genes, `.` where there are none.
pub type Names<'a> = Option<&'a GeneContext>;

/// Returns the table of sites, with its header: what `train`, `evaluate` and `--sites` read.
pub fn sites(
    sites: &[CountedSite],
    contigs: &Contigs,
    genes: Names<'_>,
    samples: &[String],
) -> String {
    let mut text = String::from(
        "contig\toffset\tstrand\treads\tcluster_start\tcluster_end\tsignal\tsignal_offset\tgene\tfeature\tshare\tusage\tlog_odds",
    );
    samples.iter().for_each(|sample| text.extend(["\treads_", sample]));
    text.push('\n');
    for site in sites {
        let CountedSite { contig, strand, position, cluster, signal, feature, .. } = site;
        let (signal, offset) =
            signal.map_or((".", ".".to_owned()), |(signal, offset)| (signal, offset.to_string()));
        let number = |value: Option<f64>| {
            value.map_or(".".to_owned(), |value| format!("{:.4}", value + 0.0))
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{}\t{position}\t{strand}\t{}\t{}\t{}\t{signal}\t{offset}\t{}\t{}\t{}\t{}\t{}",
            contigs[*contig].name,
            site.total(),
            cluster.start,
            cluster.end,
            names(genes, &site.genes),
            genes.map_or(".", |_| feature.name()),
            number(site.share),
            number(site.usage),
            number(site.log_odds),
        );
        site.reads.iter().for_each(|reads| text.extend(["\t".to_owned(), reads.to_string()]));
        text.push('\n');
    }
    text
}

/// Returns the sites as BED6 with the reads, class and genes behind; the score is 1000 x share
/// (without genes: reads).
pub fn bed(sites: &[CountedSite], contigs: &Contigs, genes: Names<'_>) -> String {
    let mut text = String::from("#chrom\tstart\tend\tname\tscore\tstrand\treads\tfeature\tgene\n");
    for site in sites {
        let CountedSite { contig, strand, position, feature, .. } = site;
        let (chrom, end) = (&contigs[*contig].name, position + 1);
        let score = site.share.map_or(site.total() as f64, |share| 1000.0 * share);
        let _ = writeln!(
            text,
            "{chrom}\t{position}\t{end}\t{chrom}:{end}:{strand}\t{:.0}\t{strand}\t{}\t{}\t{}",
            score.clamp(0.0, 1000.0),
            site.total(),
            genes.map_or(".", |_| feature.name()),
            names(genes, &site.genes),
        );
    }
    text
}

/// Returns the comparisons of groups.
pub fn groups(
    all: &[Comparison],
    sites: &[CountedSite],
    contigs: &Contigs,
    genes: Names<'_>,
) -> String {
    let mut text = String::from(
        "gene\tcontig\tstrand\tproximal\tdistal\tgroup\tproximal_reads\tdistal_reads\tothers_proximal_reads\t\
         others_distal_reads\tproximal_share\tothers_proximal_share\tlog_odds_ratio\tp\tq\n",
    );
    for comparison in all {
        let [proximal, distal] = comparison.sites.map(|at| &sites[at]);
        let [[a, b], [c, d]] = comparison.reads;
        let [share, others] = comparison.proximal();
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}\t{}\t{}\t{a}\t{b}\t{c}\t{d}\t{share:.4}\t{others:.4}\t{:.3}\t{:.3e}\t{:.3e}",
            names(genes, &[comparison.gene]),
            contigs[proximal.contig].name,
            proximal.strand,
            proximal.position,
            distal.position,
            comparison.group,
            comparison.log_odds_ratio() + 0.0,
            comparison.p,
            comparison.q,
        );
    }
    text
}

fn names(genes: Names<'_>, of: &[usize]) -> String {
    genes.map_or(".".to_owned(), |genes| genes.names(of))
}
