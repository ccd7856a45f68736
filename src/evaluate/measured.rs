//! Measured polyA sites and how good their evidence is.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;

use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::memory::Genome;
use crate::genome::sequence::encode;
use crate::genome::strand::Strand;

/// Evidence tiers, each of them a part of the one before except `StrongHex`, part of `Strong`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    All,
    /// 10 or more reads, or expression above 0, or a 3'UTR type.
    High,
    /// 10 or more reads, or expression above 0.
    Strong,
    /// Strong, with AATAAA or ATTAAA 10-40 nt upstream.
    StrongHex,
}

impl Tier {
    /// All tiers.
    pub const ALL: [Self; 4] = [Self::All, Self::High, Self::Strong, Self::StrongHex];

    /// Returns the tier's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::High => "high",
            Self::Strong => "strong",
            Self::StrongHex => "strong_hex",
        }
    }
}

/// A measured site.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredSite {
    pub contig: usize,
    /// 0-based: the last nucleotide before the cut.
    pub position: usize,
    pub strand: Strand,
    utr3: bool,
    strong: bool,
    hexamer: bool,
}

impl MeasuredSite {
    /// Returns whether the site belongs to a tier.
    pub fn is(&self, tier: Tier) -> bool {
        match tier {
            Tier::All => true,
            Tier::High => self.strong || self.utr3,
            Tier::Strong => self.strong,
            Tier::StrongHex => self.strong && self.hexamer,
        }
    }
}

/// Reads sites from a tab-separated table with the columns contig, offset (0-based), strand and, if
/// there, type, apadb_reads, polyasite_tpm; or from BED (no header line named `contig`). Plain or compressed; `chr1` finds `1`.
///
/// # Errors
/// A file or line that cannot be read, a contig that the genome lacks, a position outside it.
pub fn read_sites(path: &Path, genome: &Genome) -> Result<Vec<MeasuredSite>> {
    let source = Source::open(path)?;
    let mut columns: HashMap<String, usize> = HashMap::new();
    let mut sites = Vec::new();
    for (number, line) in source.reader().lines().enumerate() {
        let line = line.map_err(|e| source.error(e))?;
        let fields: Vec<&str> = line.split('\t').collect();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if fields[0] == "contig" {
            columns = fields.iter().enumerate().map(|(i, name)| ((*name).to_owned(), i)).collect();
            continue;
        }
        let site = if columns.is_empty() {
            from_bed(&fields, genome)
        } else {
            from_table(&fields, &columns, genome)
        };
        let place = format!("line {}", number + 1);
        sites.push(site.map_err(|problem| Error::input(path, place, problem))?);
    }
    Ok(sites)
}

fn from_table(
    fields: &[&str],
    columns: &HashMap<String, usize>,
    genome: &Genome,
) -> std::result::Result<MeasuredSite, String> {
    let get = |name: &str| columns.get(name).and_then(|&i| fields.get(i)).copied();
    let need = |name: &str| get(name).ok_or(format!("no column {name}"));
    let number = |name: &str| get(name).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    let offset = need("offset")?;
    let position = offset.parse().map_err(|_| format!("offset {offset:?} is no number"))?;
    let mut site = locate(genome, need("contig")?, position, need("strand")?)?;
    site.utr3 = get("type").is_some_and(|kind| kind.starts_with("3'UTR"));
    site.strong = number("apadb_reads") >= 10.0 || number("polyasite_tpm") > 0.0;
    Ok(site)
}

fn from_bed(fields: &[&str], genome: &Genome) -> std::result::Result<MeasuredSite, String> {
    let [contig, start, _, _, _, strand, ..] = fields else {
        return Err("neither a table with a `contig offset strand` header nor 6-column BED".into());
    };
    let position = start.parse().map_err(|_| format!("start {start:?} is no number"))?;
    locate(genome, contig, position, strand)
}

fn locate(
    genome: &Genome,
    name: &str,
    position: usize,
    strand: &str,
) -> std::result::Result<MeasuredSite, String> {
    let contig = contig_index(&genome.contigs, name)?;
    if position >= genome.codes[contig].len() {
        return Err(format!("position {position} is past the end of {name}"));
    }
    let strand: Strand = strand.parse()?;
    let hexamer = has_canonical_hexamer(genome, contig, strand, position, 10..=40);
    Ok(MeasuredSite { contig, position, strand, utr3: false, strong: false, hexamer })
}

fn contig_index(contigs: &Contigs, name: &str) -> std::result::Result<usize, String> {
    contigs.resolve(name).ok_or_else(|| format!("contig {name} is not in the FASTA file"))
}

/// Returns whether AATAAA or ATTAAA starts at one of the distances upstream of a position.
pub fn has_canonical_hexamer(
    genome: &Genome,
    contig: usize,
    strand: Strand,
    position: usize,
    distances: std::ops::RangeInclusive<usize>,
) -> bool {
    let canonical = [b"AATAAA", b"ATTAAA"].map(|hexamer| encode(hexamer).unwrap_or_default());
    let (&nearest, &farthest) = (distances.start(), distances.end());
    // First bases at farthest..=nearest, each with the 5 bases that follow it.
    let length = farthest - nearest + 6;
    genome
        .around(contig, strand, position, farthest, length)
        .is_some_and(|codes| codes.windows(6).any(|six| canonical.iter().any(|hex| hex == six)))
}
