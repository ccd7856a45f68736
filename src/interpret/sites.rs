//! The sites that are interpreted, and the windows centred on them.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::evaluate::measured::{Place, read_places};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::fasta::FastaFile;
use crate::genome::sequence::{UNKNOWN, reverse_complement};
use crate::genome::strand::Strand;
use crate::genome::windows::Windows;
use crate::models::{CENTRE, WINDOW};

/// Sites in order of their windows, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sites {
    pub places: Vec<Place>,
    /// Rows that name a site once more.
    pub again: u64,
}

/// Why a site is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Its window reaches over an end of the contig.
    ContigEdge,
    /// More than half of its window is unknown.
    N,
}

/// A site's window (codes, in transcript direction; the site at index 120), or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteWindow {
    /// Place in [`Sites::places`].
    pub number: usize,
    pub window: std::result::Result<Vec<u8>, Skip>,
}

impl Sites {
    /// Reads sites from a table with a header or BED, as `evaluate scan` takes them.
    ///
    /// # Errors
    /// Those of [`read_places`]; a file without sites.
    pub fn read(source: &Source, contigs: &Contigs) -> Result<Self> {
        let places = read_places(source, contigs)?;
        if places.is_empty() {
            return Err(Error::of_file(source.path(), "no sites in this file"));
        }
        Ok(Self::of(places))
    }

    /// Puts places in order, each once.
    pub fn of(mut places: Vec<Place>) -> Self {
        let rows = places.len();
        places.sort_by_key(|place| (place.contig, range_of(place).start, place.strand.index()));
        places.dedup();
        let again = (rows - places.len()) as u64;
        Self { places, again }
    }
}

/// Returns where a site's window lies on its contig.
fn range_of(place: &Place) -> Range<i64> {
    let before = match place.strand {
        Strand::Plus => CENTRE,
        Strand::Minus => WINDOW - CENTRE - 1,
    };
    let start = place.position as i64 - before as i64;
    start..start + WINDOW as i64
}

/// One pass over a genome that gives the windows of sites.
pub struct SiteWindows<'a> {
    windows: Windows,
    contigs: &'a Contigs,
    places: &'a [Place],
    next: usize,
}

impl<'a> SiteWindows<'a> {
    /// Starts before the first site.
    ///
    /// # Errors
    /// If the genome cannot be read.
    pub fn new(fasta: &'a FastaFile, sites: &'a Sites) -> Result<Self> {
        let (windows, contigs) = (Windows::new(fasta.bases()?), &fasta.contigs);
        Ok(Self { windows, contigs, places: &sites.places, next: 0 })
    }

    /// Returns the next site's window.
    ///
    /// # Errors
    /// If the genome cannot be read.
    pub fn next_window(&mut self) -> Result<Option<SiteWindow>> {
        let number = self.next;
        let Some(place) = self.places.get(number) else { return Ok(None) };
        self.next += 1;
        let range = range_of(place);
        if range.start < 0 || range.end > self.contigs[place.contig].length as i64 {
            return Ok(Some(SiteWindow { number, window: Err(Skip::ContigEdge) }));
        }
        let mut window = self.windows.get(place.contig, &range)?;
        if place.strand == Strand::Minus {
            window = reverse_complement(&window);
        }
        let unknown = window.iter().filter(|&&code| code == UNKNOWN).count();
        let window = if unknown > WINDOW / 2 { Err(Skip::N) } else { Ok(window) };
        Ok(Some(SiteWindow { number, window }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::genome::memory::Genome;

    #[test]
    fn windows_are_those_of_the_genome_and_every_site_is_told() {
        let letters: String = (0..900usize).map(|i| b"ACGT"[(i * i + i / 7) % 4] as char).collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, ">a\n{letters}\n>b\n{}{letters}", "N".repeat(200)).unwrap();
        let fasta = FastaFile::open(file.path()).unwrap();
        let genome = Genome::read(file.path()).unwrap();
        let bed = "b\t400\t401\t.\t0\t+\na\t300\t301\t.\t0\t-\na\t300\t301\t.\t0\t+\na\t300\t301\t.\t0\t-\n\
                   a\t119\t120\t.\t0\t+\nb\t190\t191\t.\t0\t-\na\t119\t120\t.\t0\t-\n";
        let source = Source::from_stream(std::path::Path::new("x.bed"), bed.as_bytes()).unwrap();
        let sites = Sites::read(&source, &fasta.contigs).unwrap();
        assert_eq!((sites.places.len(), sites.again), (6, 1));
        let mut windows = SiteWindows::new(&fasta, &sites).unwrap();
        let mut skipped = Vec::new();
        while let Some(SiteWindow { number, window }) = windows.next_window().unwrap() {
            let place = sites.places[number];
            match window {
                Ok(window) => {
                    let expected = genome.window(place.contig, place.strand, place.position);
                    assert_eq!(Some(window), expected);
                }
                Err(skip) => skipped.push((place.position, place.strand, skip)),
            }
        }
        let expected = [(119, Strand::Plus, Skip::ContigEdge), (190, Strand::Minus, Skip::N)];
        assert_eq!(skipped, expected);
    }
}
