//! Sites as BED with named extra columns, and as bigBed with the same.

mod big;

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::Path;

pub use self::big::{BigSites, auto_sql, colour};
use super::atomic::{AtomicFile, Complete};
use super::tabix::{IndexedTable, Layout};
use crate::context::class::Feature;
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;

/// One predicted polyA site, ready to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub contig: usize,
    /// 0-based position of the last nucleotide before the cut.
    pub position: u64,
    pub strand: Strand,
    /// Classification of the window centred on the site (0..1).
    pub probability: f32,
    /// Share of such calls that are measured sites; `None` of models without.
    pub posterior: Option<f32>,
    /// Consolidated cleavage at the site, background subtracted.
    pub cleavage: f32,
    /// The cluster, 0-based half-open.
    pub cluster: std::ops::Range<u64>,
    /// Entropy of the cluster's normalised profile, nats (Stroup & Ji 2023, Eq. 6).
    pub entropy: f32,
    /// Kept windows that cover the site.
    pub windows: u32,
    /// Strongest known hexamer upstream and the distance of its first base.
    pub signal: Option<(&'static str, usize)>,
    /// Gene names and class; `None` without annotation.
    pub gene: Option<(String, Feature)>,
    /// How likely it is used there, and what is known of it.
    pub context: InContext,
}

/// What the context of a site says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InContext {
    /// Log2 odds of usage, by a strength model.
    pub strength: Option<f32>,
    /// Share of the gene's transcripts that end there.
    pub usage: Option<f32>,
    /// Probability that the site is used at all.
    pub expressed: Option<f32>,
    /// Catalogues that know a site near, and how far downstream of that this one lies, nt.
    pub known: Option<(String, i64)>,
    /// A known site at which no site is called.
    pub uncalled: bool,
}

/// Writes a cell of a site; also given the contig's name.
type Cell = fn(&Site, &str, &mut String) -> fmt::Result;

/// The columns, in order: name and cell.
const COLUMNS: [(&str, Cell); 23] = [
    ("#chrom", |_, contig, line| line.write_str(contig)),
    ("start", |site, _, line| write!(line, "{}", site.position)),
    ("end", |site, _, line| write!(line, "{}", site.position + 1)),
    ("name", |s, contig, line| write!(line, "{contig}:{}:{}", s.position + 1, s.strand)),
    ("score", |site, _, line| write!(line, "{}", score(site))),
    ("strand", |site, _, line| write!(line, "{}", site.strand)),
    // Adding 0 turns -0.0, which would be written with its sign, into 0.0.
    ("probability", |site, _, line| write!(line, "{:.6}", site.probability + 0.0)),
    ("posterior", |site, _, line| number(line, site.posterior, 6)),
    ("cleavage", |site, _, line| write!(line, "{:.6}", site.cleavage + 0.0)),
    ("cluster_start", |site, _, line| write!(line, "{}", site.cluster.start)),
    ("cluster_end", |site, _, line| write!(line, "{}", site.cluster.end)),
    ("entropy", |site, _, line| write!(line, "{:.4}", site.entropy + 0.0)),
    ("windows", |site, _, line| write!(line, "{}", site.windows)),
    ("signal", |site, _, line| known(line, site.signal.map(|(hexamer, _)| hexamer))),
    ("signal_offset", |site, _, line| known(line, site.signal.map(|(_, offset)| offset))),
    ("gene", |site, _, line| known(line, site.gene.as_ref().map(|(names, _)| names))),
    ("feature", |site, _, line| known(line, site.gene.as_ref().map(|(_, f)| f.name()))),
    ("strength", |site, _, line| number(line, site.context.strength, 3)),
    ("usage", |site, _, line| number(line, site.context.usage, 4)),
    ("expressed", |site, _, line| number(line, site.context.expressed, 4)),
    ("known", |site, _, line| known(line, site.context.known.as_ref().map(|(names, _)| names))),
    ("known_distance", |site, _, line| {
        known(line, site.context.known.as_ref().map(|(_, distance)| distance))
    }),
    ("called", |site, _, line| line.write_str(if site.context.uncalled { "no" } else { "yes" })),
];

/// Returns the names of the columns, as the header line has them.
pub fn header() -> String {
    COLUMNS.map(|(name, _)| name).join("\t")
}

/// 1000 x posterior or, without one, probability, rounded like the columns, which may be read back
/// to check the score.
fn score(site: &Site) -> u16 {
    let likelihood = site.posterior.unwrap_or(site.probability);
    (f64::from(likelihood) * 1000.0).round().clamp(0.0, 1000.0) as u16
}

/// Writes what there may be none of.
fn known(line: &mut String, value: Option<impl fmt::Display>) -> fmt::Result {
    match value {
        Some(value) => write!(line, "{value}"),
        None => line.write_str("."),
    }
}

/// Writes a number there may be none of.
fn number(line: &mut String, value: Option<f32>, decimals: usize) -> fmt::Result {
    match value {
        Some(value) => write!(line, "{:.decimals$}", value + 0.0),
        None => line.write_str("."),
    }
}

/// Writes sites as BED6 and seventeen extra columns, plain or in BGZF with an index.
///
/// | column | meaning |
/// | --- | --- |
/// | chrom, start, end | the site: one nucleotide, the last before the cut; 0-based half-open |
/// | name | contig:position:strand, position 1-based |
/// | score | 1000 x posterior (of models without: x probability), rounded |
/// | strand | + or - |
/// | probability | classification of the window centred on the site: a site in its central 50 nt, at even odds |
/// | posterior | share of such calls that are measured sites |
/// | cleavage | consolidated cleavage at the site, background subtracted |
/// | cluster_start, cluster_end | the cluster that the site represents; 0-based half-open |
/// | entropy | of the cluster's normalised profile, nats |
/// | windows | kept windows that cover the site |
/// | signal, signal_offset | strongest hexamer upstream; distance of its first base to the site, nt |
/// | gene, feature | by the annotation |
/// | strength | log2 odds of usage, by the strength model |
/// | usage | share of the gene's transcripts that end there |
/// | expressed | probability that the site is used at all |
/// | known, known_distance | catalogues with a site near; how far downstream of it this one lies, nt |
/// | called | no: a known site at which no site is called |
///
/// `.` stands for what is absent.
pub struct SitesWriter {
    sink: Sink,
    contigs: Contigs,
    /// Reused for every row.
    line: String,
    last: Option<(usize, u64, Strand)>,
}

enum Sink {
    Plain(AtomicFile),
    Indexed(Box<IndexedTable>),
}

impl SitesWriter {
    /// Starts the output `path`: in BGZF with an index if its name ends in `.gz`, else plain; `-`
    /// is standard output. Its first line names the columns, and is the only one that is no row:
    /// pandas, polars and pyranges read no file with another one before it.
    ///
    /// # Errors
    /// If the output cannot be created.
    pub fn create(path: &Path, contigs: &Contigs) -> Result<Self> {
        let sink = if path.extension().is_some_and(|e| e == "gz") {
            Sink::Indexed(Box::new(IndexedTable::create(path, contigs, Layout::Bed)?))
        } else {
            Sink::Plain(AtomicFile::create(path)?)
        };
        let mut writer = Self { sink, contigs: contigs.clone(), line: String::new(), last: None };
        writer.write_header(&(header() + "\n"))?;
        Ok(writer)
    }

    /// Writes one site. Sites come in order of contig, position and strand.
    ///
    /// # Errors
    /// If the output cannot be written, or a site is out of order.
    pub fn write(&mut self, site: &Site) -> Result<()> {
        let place = (site.contig, site.position, site.strand);
        self.line.clear();
        let contig = &self.contigs[site.contig];
        // Writing to a String cannot fail.
        let _ = format_row(&mut self.line, &contig.name, site);
        if site.position >= contig.length || self.last.is_some_and(|last| place <= last) {
            let problem = format!("site out of order or outside its contig: {}", self.line.trim());
            return Err(Error::Internal(problem));
        }
        self.last = Some(place);
        match &mut self.sink {
            Sink::Plain(file) => write_plain(file, &self.line),
            Sink::Indexed(bed) => {
                bed.write_row(site.contig, site.position..site.position + 1, &self.line)
            }
        }
    }

    /// Completes the output.
    ///
    /// # Errors
    /// If the last bytes cannot be written.
    pub fn complete(self) -> Result<Vec<Complete>> {
        match self.sink {
            Sink::Plain(file) => Ok(vec![file.complete()?]),
            Sink::Indexed(bed) => bed.complete().map(Into::into),
        }
    }

    fn write_header(&mut self, line: &str) -> Result<()> {
        match &mut self.sink {
            Sink::Plain(file) => write_plain(file, line),
            Sink::Indexed(bed) => bed.write_header(line),
        }
    }
}

fn write_plain(file: &mut AtomicFile, line: &str) -> Result<()> {
    let written = file.write_all(line.as_bytes());
    written.map_err(|e| Error::io(file.path(), "cannot write", e))
}

fn format_row(line: &mut String, contig: &str, site: &Site) -> fmt::Result {
    format_cells(line, &COLUMNS, contig, site)?;
    line.push('\n');
    Ok(())
}

/// Writes some of the cells, with tabs between them.
fn format_cells(
    line: &mut String,
    columns: &[(&str, Cell)],
    contig: &str,
    site: &Site,
) -> fmt::Result {
    for (at, (_, cell)) in columns.iter().enumerate() {
        if at > 0 {
            line.push('\t');
        }
        cell(site, contig, line)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;

    use proptest::prelude::*;
    use rust_htslib::bgzf;
    use rust_htslib::tbx::{self, Read as _};

    use super::*;
    use crate::output::atomic::publish;

    fn genome() -> Contigs {
        let mut contigs = Contigs::default();
        contigs.push("chr2".to_owned(), 5_000_000);
        contigs.push("chr10".to_owned(), 1_000_000);
        contigs.push("chr1".to_owned(), 2_000_000);
        contigs
    }

    fn site(contig: usize, position: u64, strand: Strand) -> Site {
        Site {
            contig,
            position,
            strand,
            probability: 0.98765,
            posterior: Some(0.125),
            cleavage: 0.25,
            cluster: position.saturating_sub(3)..position + 9,
            entropy: 1.23456,
            windows: 31,
            signal: Some(("AATAAA", 21)),
            gene: None,
            context: InContext::default(),
        }
    }

    fn write(path: &Path, sites: &[Site]) {
        let mut writer = SitesWriter::create(path, &genome()).unwrap();
        sites.iter().for_each(|site| writer.write(site).unwrap());
        publish(writer.complete().unwrap()).unwrap();
    }

    #[test]
    fn rows_have_the_documented_columns() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.bed");
        let mut plain = site(1, 99, Strand::Minus);
        plain.signal = None;
        plain.entropy = -0.0;
        plain.probability = 1.0004;
        plain.posterior = None;
        let mut first = site(0, 41, Strand::Plus);
        first.context = InContext {
            strength: Some(-1.25),
            usage: Some(0.5),
            expressed: Some(0.75),
            known: Some(("PolyA_DB".to_owned(), -3)),
            uncalled: true,
        };
        write(&path, &[first, plain]);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], header());
        let first = "chr2\t41\t42\tchr2:42:+\t125\t+\t0.987650\t0.125000\t0.250000\t38\t50\t1.2346\t31\t\
            AATAAA\t21\t.\t.\t-1.250\t0.5000\t0.7500\tPolyA_DB\t-3\tno";
        assert_eq!(lines[1], first);
        let second = "chr10\t99\t100\tchr10:100:-\t1000\t-\t1.000400\t.\t0.250000\t96\t108\t0.0000\t\
            31\t.\t.\t.\t.\t.\t.\t.\t.\t.\tyes";
        assert_eq!(lines[2], second);
        assert_eq!(COLUMNS.len(), first.split('\t').count());
    }

    #[test]
    fn no_site_still_gives_a_valid_file_and_index() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sites.bed.gz");
        write(&path, &[]);
        assert!(bgzf::is_bgzip(&path).unwrap());
        let mut text = String::new();
        bgzf::Reader::from_path(&path).unwrap().read_to_string(&mut text).unwrap();
        assert!(text.ends_with(&(header() + "\n")), "{text}");
        assert!(dir.path().join("x.sites.bed.gz.tbi").exists());
        let mut reader = tbx::Reader::from_path(&path).unwrap();
        let tid = reader.tid("chr10").unwrap();
        reader.fetch(tid, 0, 1_000_000).unwrap();
        assert_eq!(reader.records().count(), 0);
        assert_eq!(reader.seqnames(), ["chr2", "chr10", "chr1"]);
    }

    #[test]
    fn a_site_out_of_order_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = SitesWriter::create(&dir.path().join("x"), &genome()).unwrap();
        writer.write(&site(0, 7, Strand::Minus)).unwrap();
        assert!(writer.write(&site(0, 7, Strand::Plus)).is_err());
        assert!(writer.write(&site(0, 5_000_000, Strand::Plus)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn indexed_rows_equal_the_plain_rows(
            places in prop::collection::btree_set((0usize..3, 0u64..1_000_000, 0usize..2), 0..300)
        ) {
            let sites: Vec<Site> =
                places.iter().map(|&(c, p, s)| site(c, p, Strand::BOTH[s])).collect();
            let dir = tempfile::tempdir().unwrap();
            let (plain, indexed) = (dir.path().join("x.bed"), dir.path().join("x.bed.gz"));
            write(&plain, &sites);
            write(&indexed, &sites);
            let text = fs::read_to_string(&plain).unwrap();
            let rows: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            let mut reader = tbx::Reader::from_path(&indexed).unwrap();
            let mut found = Vec::new();
            for (index, contig) in genome().iter().enumerate() {
                let tid = reader.tid(&contig.name).unwrap();
                prop_assert_eq!(tid, index as u64);
                reader.fetch(tid, 0, contig.length).unwrap();
                for row in reader.records() {
                    found.push(String::from_utf8(row.unwrap()).unwrap());
                }
            }
            prop_assert_eq!(found, rows);
        }
    }
}
