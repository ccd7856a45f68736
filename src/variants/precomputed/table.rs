//! Effects looked up in the tables of a folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use noodles::bgzf;
use noodles::csi;
use noodles::csi::binning_index::BinningIndex as _;

use super::manifest::Manifest;
use super::pieces::{Locus, Piece};
use super::row::{Inserted, Read, Row};
use crate::error::{Error, Result, excerpt};
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::output::tabix::{CSI, FINE, with_extension};
use crate::variants::Rule;
use crate::variants::effect::SiteEffect;
use crate::variants::scorer::{Asked, Effects, Precomputed};

/// Indices that are held in memory: each has some thousand entries.
const INDICES: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// A folder of precomputed effects; shared by all threads.
pub struct Tables {
    pub folder: PathBuf,
    /// Vector instructions or GPU that they were computed with.
    pub device: String,
    contigs: Contigs,
    pieces: Vec<Piece>,
    /// Whether each piece has been computed.
    is_there: Vec<bool>,
    rule: Rule,
    indices: Mutex<LruCache<usize, Arc<csi::Index>>>,
    found: AtomicU64,
}

impl Tables {
    /// Opens a folder, for a run on a genome that computes with `here` and tells effects by `rule`.
    ///
    /// # Errors
    /// If it cannot be read, holds no effects, or those of something else.
    pub fn open(
        folder: &Path,
        contigs: &Contigs,
        here: &BTreeMap<String, String>,
        rule: Rule,
    ) -> Result<Self> {
        let manifest = Manifest::read(folder)?.ok_or_else(|| {
            let problem =
                "no precomputed effects in this folder; `polyascan precompute` makes them";
            Error::of_file(folder, problem)
        })?;
        manifest.check(folder, here)?;
        let is_there = manifest.files(folder).into_iter().map(|(_, is_there)| is_there).collect();
        let Manifest { pieces, device, .. } = manifest;
        let indices = Mutex::new(LruCache::new(INDICES));
        let (folder, contigs, found) = (folder.to_owned(), contigs.clone(), AtomicU64::new(0));
        Ok(Self { folder, device, contigs, pieces, is_there, rule, indices, found })
    }

    /// Returns how many tables there are, and how many are not there yet.
    pub fn pieces(&self) -> (usize, usize) {
        let missing = self.is_there.iter().filter(|is_there| !**is_there).count();
        (self.pieces.len(), missing)
    }

    /// Returns how many changes were found so far.
    pub fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    /// Returns the number of the piece that may hold a position, if it has been computed.
    fn piece_of(&self, locus: Locus) -> Option<usize> {
        let at = self.pieces.partition_point(|piece| piece.last < locus);
        let piece = self.pieces.get(at)?;
        (piece.first <= locus && self.is_there[at]).then_some(at)
    }

    fn open_piece(&self, number: usize) -> Result<OpenPiece> {
        let path = self.folder.join(&self.pieces[number].file);
        let index = self.index(number, &path)?;
        let file = File::open(&path).map_err(|e| Error::io(&path, "cannot read", e))?;
        let reader = bgzf::io::Reader::new(BufReader::new(file));
        Ok(OpenPiece { number, path, index, reader, line: Vec::new(), read: None })
    }

    fn index(&self, number: usize, path: &Path) -> Result<Arc<csi::Index>> {
        let lock = || self.indices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = lock().get(&number) {
            return Ok(index.clone());
        }
        let path = with_extension(path, CSI);
        let index = csi::fs::read(&path).map_err(|e| Error::io(&path, "cannot read", e))?;
        let index = Arc::new(index);
        lock().put(number, index.clone());
        Ok(index)
    }
}

impl Precomputed for Tables {
    fn effects(&self, name: usize, asked: &[&Asked]) -> Result<Vec<Option<Effects>>> {
        let mut open: Option<OpenPiece> = None;
        let mut all = Vec::with_capacity(asked.len());
        for asked in asked {
            let locus = Locus { contig: name, position: asked.change.start };
            let place = inserted(asked).and_then(|key| Some((key, self.piece_of(locus)?)));
            let Some((key, number)) = place else {
                all.push(None);
                continue;
            };
            if open.as_ref().is_none_or(|open| open.number != number) {
                open = Some(self.open_piece(number)?);
            }
            let Some(piece) = &mut open else { continue };
            let contig = &self.contigs[name].name;
            let read =
                piece.at(locus, contig, &self.rule)?.iter().find(|read| read.inserted == key);
            let effects = read.and_then(|read| of_strands(read, asked.strands));
            self.found.fetch_add(u64::from(effects.is_some()), Ordering::Relaxed);
            all.push(effects);
        }
        Ok(all)
    }
}

/// Returns what a change puts in, if it is one that tables can have.
fn inserted(asked: &Asked) -> Option<Inserted> {
    match (asked.change.removed, asked.change.inserted.as_slice()) {
        (1, []) => Some(None),
        (1, [code]) => Some(Some(*code)),
        _ => None,
    }
}

/// Returns the effects on some strands; `None` if one of them was not scored.
fn of_strands(read: &Read, strands: [bool; 2]) -> Option<Effects> {
    let scored = Strand::BOTH.map(|s| !strands[s.index()] || read.strands[s.index()]);
    let asked = |site: &&SiteEffect| strands[site.strand.index()];
    (scored == [true; 2]).then(|| read.sites.iter().filter(asked).cloned().collect())
}

/// The file of a piece, read front to back with jumps.
struct OpenPiece {
    number: usize,
    path: PathBuf,
    index: Arc<csi::Index>,
    reader: bgzf::io::Reader<BufReader<File>>,
    /// The line that was read last, if it is of a position that has not been asked for.
    line: Vec<u8>,
    /// The position that was asked for last, and its changes.
    read: Option<(Locus, Vec<Read>)>,
}

impl OpenPiece {
    /// Returns the changes of a position. Positions are asked for in ascending order.
    fn at(&mut self, locus: Locus, contig: &str, rule: &Rule) -> Result<&[Read]> {
        if self.read.as_ref().is_none_or(|(there, _)| *there != locus) {
            let changes = self.changes(locus, contig, rule)?;
            self.read = Some((locus, changes));
        }
        Ok(self.read.as_ref().map_or(&[], |(_, changes)| changes))
    }

    fn changes(&mut self, locus: Locus, contig: &str, rule: &Rule) -> Result<Vec<Read>> {
        let mut changes = Vec::new();
        if !self.go_near(locus, contig)? {
            return Ok(changes);
        }
        loop {
            if self.line.is_empty() && !self.next_line()? {
                return Ok(changes);
            }
            let row = self.row()?;
            if row.contig != contig.as_bytes() || row.position > locus.position {
                return Ok(changes);
            }
            if row.position == locus.position {
                row.add_to(&mut changes, rule).ok_or_else(|| self.damaged())?;
            }
            self.line.clear();
        }
    }

    /// Goes to where the rows of a position may begin; returns whether there can be any.
    fn go_near(&mut self, locus: Locus, contig: &str) -> Result<bool> {
        if !self.line.is_empty() {
            let row = self.row()?;
            // What lies between was seen, or is soon read.
            if row.contig == contig.as_bytes() && locus.position < row.position + (1 << FINE) {
                return Ok(true);
            }
        }
        let Some(start) = self.start(locus) else { return Ok(false) };
        self.line.clear();
        let here = self.reader.virtual_position();
        let read_on = self.read.is_some() && start >= here;
        // Within a block it is faster to read on than to decompress it again.
        if read_on && start.compressed() == here.compressed() {
            while self.reader.virtual_position() < start && self.next_line()? {}
            self.line.clear();
        } else {
            self.reader.seek(start).map_err(|e| Error::io(&self.path, "cannot read", e))?;
        }
        Ok(true)
    }

    /// Returns where the rows of the smallest interval of the index that a position lies in begin.
    fn start(&self, locus: Locus) -> Option<bgzf::VirtualPosition> {
        let index = &self.index;
        let of_contig = index.reference_sequences().get(locus.contig)?;
        // Those of the last level stand behind all others.
        let others = ((1_u64 << (3 * index.depth())) - 1) / 7;
        let bin = others + (locus.position >> index.min_shift());
        let bin = of_contig.bins().get(&usize::try_from(bin).ok()?)?;
        bin.chunks().iter().map(|chunk| chunk.start()).min()
    }

    fn row(&self) -> Result<Row<'_>> {
        Row::new(&self.line).ok_or_else(|| self.damaged())
    }

    /// What to do about the line just read.
    fn damaged(&self) -> Error {
        let line = excerpt(&String::from_utf8_lossy(&self.line));
        let problem = format!(
            "no row of precomputed effects: {line}; remove the file and run `polyascan precompute` again"
        );
        Error::of_file(&self.path, problem)
    }

    fn next_line(&mut self) -> Result<bool> {
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line);
        read.map_err(|e| Error::io(&self.path, "cannot read", e))?;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        }
        Ok(!self.line.is_empty())
    }
}
