//! Measured polyA sites and how good their evidence is.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::error::{Problem, Result};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::memory::Genome;
use crate::genome::sequence::encode;
use crate::genome::strand::Strand;
use crate::genome::text_lines::TextLines;

/// Evidence tiers, each a part of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
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

/// A place on a strand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub contig: usize,
    pub strand: Strand,
    pub position: usize,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A measured site.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredSite {
    pub contig: usize,
    /// 0-based: the last nucleotide before the cut.
    pub position: usize,
    pub strand: Strand,
    /// Reads of the site, where they were counted.
    pub reads: Option<f64>,
    utr3: bool,
    strong: bool,
    hexamer: bool,
}

impl MeasuredSite {
    /// Returns where it is.
    pub fn place(&self) -> Place {
        Place { contig: self.contig, strand: self.strand, position: self.position }
    }

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

/// Reads sites from a tab-separated table with a header, or from BED. Plain or compressed; `chr1`
/// finds `1`. Columns of a table: `contig` (or `chrom`); `offset` (0-based),
/// `representative_offset` (the same, of PolyASite's clusters), or `peak_1based`, or for clusters
/// `start end` (0-based, half-open; the site is their last base); `strand`; if there, `type`,
/// `apadb_reads` (or `reads`) and `polyasite_tpm`.
///
/// # Errors
/// A file or line that cannot be read, a contig that the genome lacks, a position outside it.
pub fn read_sites(path: &Path, genome: &Genome) -> Result<Vec<MeasuredSite>> {
    read_rows(path, |row| match row {
        Line::Table(row) => from_table(&row, genome),
        Line::Bed(fields) => from_bed(fields, genome),
    })
}

/// Reads where sites are, from what [`read_sites`] reads.
///
/// # Errors
/// As for [`read_sites`].
pub fn read_places(source: &Source, contigs: &Contigs) -> Result<Vec<Place>> {
    read_rows_of(source, |row| match row {
        Line::Table(row) => row.place(contigs),
        Line::Bed(fields) => place_from_bed(fields, contigs),
    })
}

/// A line of a table of sites.
pub(super) enum Line<'a> {
    /// After a header.
    Table(Row<'a>),
    /// Without one: fields of BED.
    Bed(&'a [&'a str]),
}

/// A row of a table of sites with a header.
pub(super) struct Row<'a> {
    fields: &'a [&'a str],
    columns: &'a HashMap<String, usize>,
}

impl Row<'_> {
    /// Returns the text in a column, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.columns.get(name).and_then(|&i| self.fields.get(i)).copied()
    }

    /// Returns the text in a column that must be there.
    pub(super) fn need(&self, name: &str) -> std::result::Result<&str, Problem> {
        self.get(name).ok_or_else(|| format!("no column {name}").into())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(|text| text.parse().ok())
    }

    fn whole(&self, name: &str) -> std::result::Result<usize, Problem> {
        let text = self.need(name)?;
        text.parse().map_err(|_| format!("{name} {text:?} is not a number").into())
    }

    /// Returns the site that the row names, without its evidence.
    pub(super) fn site(&self, genome: &Genome) -> std::result::Result<MeasuredSite, Problem> {
        Ok(at(genome, self.place(&genome.contigs)?))
    }

    fn place(&self, contigs: &Contigs) -> std::result::Result<Place, Problem> {
        let strand = self.need("strand")?;
        let position = match () {
            () if self.get("offset").is_some() => self.whole("offset")?,
            () if self.get("representative_offset").is_some() => {
                self.whole("representative_offset")?
            }
            () if self.get("peak_1based").is_some() => {
                self.whole("peak_1based")?.checked_sub(1).ok_or("peak_1based is 0")?
            }
            () if self.get("start").is_none() => {
                return Err("no column offset, peak_1based, or start and end".into());
            }
            () if strand == "-" => self.whole("start")?,
            () => self.whole("end")?.checked_sub(1).ok_or("end is 0")?,
        };
        let contig = self.get("contig").map_or_else(|| self.need("chrom"), Ok)?;
        locate(contigs, contig, position, strand)
    }
}

/// Reads every line of a table of sites that is no header and no comment.
///
/// # Errors
/// A file that cannot be read; a line that `read` finds wrong, with its number.
pub(super) fn read_rows<T>(
    path: &Path,
    read: impl Fn(Line<'_>) -> std::result::Result<T, Problem>,
) -> Result<Vec<T>> {
    read_rows_of(&Source::open(path)?, read)
}

/// As [`read_rows`], from a file that is open.
fn read_rows_of<T>(
    source: &Source,
    read: impl Fn(Line<'_>) -> std::result::Result<T, Problem>,
) -> Result<Vec<T>> {
    let mut lines = TextLines::new(source);
    let mut columns: HashMap<String, usize> = HashMap::new();
    let mut rows = Vec::new();
    while let Some(line) = lines.next_text()? {
        let fields: Vec<&str> = line.split('\t').collect();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if ["contig", "chrom"].contains(&fields[0]) {
            columns = fields.iter().enumerate().map(|(i, name)| ((*name).to_owned(), i)).collect();
            continue;
        }
        let row = read(if columns.is_empty() {
            Line::Bed(&fields)
        } else {
            Line::Table(Row { fields: &fields, columns: &columns })
        });
        rows.push(row.map_err(|problem| lines.wrong(problem))?);
    }
    Ok(rows)
}

fn from_table(row: &Row<'_>, genome: &Genome) -> std::result::Result<MeasuredSite, Problem> {
    let mut site = row.site(genome)?;
    site.reads = row.number("apadb_reads").or(row.number("reads"));
    site.utr3 = row.get("type").is_some_and(|kind| kind.starts_with("3'UTR"));
    site.strong = site.reads >= Some(10.0) || row.number("polyasite_tpm") > Some(0.0);
    Ok(site)
}

fn from_bed(fields: &[&str], genome: &Genome) -> std::result::Result<MeasuredSite, Problem> {
    Ok(at(genome, place_from_bed(fields, &genome.contigs)?))
}

fn place_from_bed(fields: &[&str], contigs: &Contigs) -> std::result::Result<Place, Problem> {
    let [contig, start, _, _, _, strand, ..] = fields else {
        return Err("neither a table with a `contig offset strand` header nor 6-column BED".into());
    };
    let position = start.parse().map_err(|_| format!("start {start:?} is not a number"))?;
    locate(contigs, contig, position, strand)
}

/// Returns a site without its evidence.
fn at(genome: &Genome, place: Place) -> MeasuredSite {
    let Place { contig, strand, position } = place;
    let hexamer = has_canonical_hexamer(genome, contig, strand, position, 10..=40);
    let (reads, utr3, strong) = (None, false, false);
    MeasuredSite { contig, position, strand, reads, utr3, strong, hexamer }
}

fn locate(
    contigs: &Contigs,
    name: &str,
    position: usize,
    strand: &str,
) -> std::result::Result<Place, Problem> {
    let contig = contig_index(contigs, name)?;
    if position as u64 >= contigs.iter().nth(contig).map_or(0, |contig| contig.length) {
        return Err(format!("position {position} is past the end of {name}").into());
    }
    Ok(Place { contig, strand: strand.parse()?, position })
}

fn contig_index(contigs: &Contigs, name: &str) -> std::result::Result<usize, Problem> {
    contigs.resolve(name).ok_or_else(|| format!("contig {name} is not in the FASTA file").into())
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
