//! Scores of splice sites beside the genome, so that they are learned once.
//!
//! The file is called `GENOME.DIGEST.splice.tsv`; the digest is that of the genome, the annotation,
//! the tables if some are given, and the version of the method. It can be removed at any time.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::SpliceSite;
use super::learn::{Quality, set};
use crate::context::features::GeneContext;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::models::weight_file::sha256;
use crate::output::atomic;

/// Of the method; another one gives other scores.
const VERSION: &str = "polyascan splice 1";
const COLUMNS: &str = "#contig\tposition\tstrand\tsite\tscore";

/// Returns where the scores of a genome and an annotation (digests) are kept; `tables` is the
/// digest of given tables.
pub fn place(fasta: &Path, genome: &str, annotation: &str, tables: Option<&str>) -> PathBuf {
    let identity = format!("{VERSION}\n{genome}\n{annotation}\n{}", tables.unwrap_or_default());
    let digest = sha256(identity.as_bytes());
    let mut name = fasta.as_os_str().to_owned();
    name.push(format!(".{}.splice.tsv", &digest[..16.min(digest.len())]));
    name.into()
}

/// Sets the scores from a file, if it is there and whole.
pub fn load(path: &Path, genes: &mut GeneContext, contigs: &Contigs) -> Option<Quality> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let quality = read_quality(lines.next()?)?;
    if lines.next()? != COLUMNS {
        return None;
    }
    let mut scores = HashMap::new();
    let mut ended = false;
    for line in lines {
        if line == "#end" {
            ended = true;
            break;
        }
        let cells: Vec<&str> = line.split('\t').collect();
        let [contig, position, strand, site, score] = cells[..] else { return None };
        let strand: Strand = strand.parse().ok()?;
        let position: i64 = position.parse().ok()?;
        let at = if strand == Strand::Plus { position - 1 } else { 1 - position };
        let site = SpliceSite::BOTH.into_iter().find(|kind| kind.name() == site)?;
        let place = (site, contigs.index_of(contig)?, strand, at);
        scores.insert(place, score.parse::<f32>().ok()?);
    }
    if !ended {
        return None;
    }
    set(genes, |site, &(contig, strand, at)| scores.get(&(site, contig, strand, at)).copied());
    Some(quality)
}

/// Writes the scores; whether they could be written does not matter to anybody but the next run.
pub fn store(path: &Path, genes: &GeneContext, contigs: &Contigs, quality: &Quality) -> bool {
    let mut text = format!("{}\n{COLUMNS}\n", quality_line(quality));
    let mut seen = std::collections::HashSet::new();
    for gene in genes.genes() {
        let fives = gene.fives.iter().map(|five| (SpliceSite::Five, five.at, five.score));
        let threes = gene.threes.iter().map(|three| (SpliceSite::Three, three.at, three.score));
        for (site, at, score) in fives.chain(threes) {
            let Some(score) = score else { continue };
            if seen.insert((site, gene.contig, gene.strand, at)) {
                let position = 1 + at.unsigned_abs();
                let (contig, strand) = (&contigs[gene.contig].name, gene.strand);
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{contig}\t{position}\t{strand}\t{}\t{score}", site.name());
            }
        }
    }
    text.push_str("#end\n");
    atomic::write(path, text.as_bytes()).is_ok()
}

fn quality_line(quality: &Quality) -> String {
    let shown = |value: Option<f64>| value.map_or("NA".to_owned(), |value| value.to_string());
    let [five, three] = [0, 1].map(|i| {
        let (auroc, correlation) = (shown(quality.auroc[i]), shown(quality.correlation[i]));
        format!("{} {auroc} {correlation}", quality.sites[i])
    });
    format!("#{VERSION}; sites, AUROC and correlation: {five} {three}")
}

fn read_quality(line: &str) -> Option<Quality> {
    let rest = line.strip_prefix('#')?.strip_prefix(VERSION)?;
    let cells: Vec<&str> = rest.rsplit(' ').take(6).collect();
    let [c3, a3, n3, c5, a5, n5] = cells[..] else { return None };
    let number = |text: &str| text.parse().ok();
    Some(Quality {
        sites: [n5.parse().ok()?, n3.parse().ok()?],
        auroc: [number(a5), number(a3)],
        correlation: [number(c5), number(c3)],
    })
}
