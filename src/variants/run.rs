//! The pipeline of a run: records are read in batches, annotated on several threads, written in order.

use std::collections::HashSet;
use std::ops::Range;

use super::annotate::{Annotated, Annotator, Batch};
use super::input::VariantReader;
use super::vcf::line::Line;
use crate::error::{Error, Result};
use crate::genome::in_turn::InTurn;
use crate::pipeline::{self, Stop};

/// Records of a batch at most: enough to share the reference's windows, few enough that all threads
/// have work and a stop is soon noticed.
const RECORDS: usize = 256;
/// Bytes of a batch at most, for files with many samples.
const BYTES: usize = 1 << 22;

/// Cuts records into batches.
pub struct BatchReader<'a> {
    variants: VariantReader,
    genome: InTurn<'a>,
    /// The first record of the next batch.
    pending: Option<Line>,
    order: Option<Order>,
    /// Numbers of the records that are wanted.
    span: Range<u64>,
    /// Whether contigs of another assembly are taken for contigs that are missing.
    forced: bool,
    /// Records read, and records handed out or passed over.
    read: u64,
    given: u64,
}

/// Where the records have come to, of a file that must be sorted.
#[derive(Default)]
struct Order {
    done: HashSet<Vec<u8>>,
    contig: Vec<u8>,
    position: i64,
}

impl<'a> BatchReader<'a> {
    /// Starts at the first record of `span`, numbers counted from 0; `sorted` demands that records are in
    /// order.
    pub fn new(
        variants: VariantReader,
        genome: InTurn<'a>,
        sorted: bool,
        span: Range<u64>,
    ) -> Self {
        let order = sorted.then(Order::default);
        let given = span.start;
        let (pending, forced) = (None, false);
        Self { variants, genome, pending, order, span, forced, read: 0, given }
    }

    /// Takes contigs whose accession is of another assembly for contigs that are missing, if `forced`; else they are an
    /// error.
    pub fn forced(self, forced: bool) -> Self {
        Self { forced, ..self }
    }

    /// Returns the next batch.
    ///
    /// # Errors
    /// If a file cannot be read, a line is no record, records are not in order and must be, or a contig is of another
    /// assembly than the genome.
    pub fn next_batch(&mut self) -> Result<Option<Batch>> {
        let Some(first) = self.take()? else { return Ok(None) };
        // Before the next records, of which a table may ask for another contig.
        let name = String::from_utf8_lossy(first.contig()).into_owned();
        let contig = match self.genome.contigs().resolve(&name) {
            Some(contig) => Some((contig, self.genome.get(contig)?)),
            None => None,
        };
        if contig.is_none() {
            self.check_assembly(&first, &name)?;
        }
        let mut bytes = first.size();
        let mut lines = vec![first];
        while lines.len() < RECORDS && bytes < BYTES {
            let Some(next) = self.take()? else { break };
            if next.contig() != lines[0].contig() {
                self.pending = Some(next);
                break;
            }
            bytes += next.size();
            lines.push(next);
        }
        let there = contig.as_ref().map(|(contig, _)| &self.genome.contigs()[*contig].name);
        let renamed = there.filter(|there| **there != name).cloned();
        let first = self.given;
        self.given += lines.len() as u64;
        Ok(Some(Batch { first, contig, renamed, lines, read: self.variants.progress().1 }))
    }

    /// Refuses an accession that the genome contradicts.
    fn check_assembly(&self, line: &Line, name: &str) -> Result<()> {
        match self.genome.contigs().contradiction(name).filter(|_| !self.forced) {
            None => Ok(()),
            Some(problem) => {
                let problem = format!("{problem} (--force goes on)");
                Err(Error::input(&self.variants.path(), line.place(), problem))
            }
        }
    }

    fn take(&mut self) -> Result<Option<Line>> {
        if let Some(pending) = self.pending.take() {
            return Ok(Some(pending));
        }
        while self.read < self.span.start && self.next_record()?.is_some() {}
        if self.read < self.span.end { self.next_record() } else { Ok(None) }
    }

    fn next_record(&mut self) -> Result<Option<Line>> {
        let next = self.variants.next_record(&mut self.genome)?;
        self.read += u64::from(next.is_some());
        if let (Some(order), Some(line)) = (&mut self.order, &next)
            && !order.goes_on(line)
        {
            let problem =
                "not in order, which --write-index needs; sort it first, e.g. with bcftools sort";
            return Err(Error::input(&self.variants.path(), line.place(), problem));
        }
        Ok(next)
    }
}

impl Order {
    /// Returns whether a record comes after those before it.
    fn goes_on(&mut self, line: &Line) -> bool {
        let same = self.contig == line.contig();
        let ahead = match same {
            true => line.start() >= self.position,
            false => self.done.insert(line.contig().to_vec()),
        };
        if !same {
            self.contig = line.contig().to_vec();
        }
        self.position = line.start();
        ahead
    }
}

/// Annotates all records and hands them to `consume`, in order.
///
/// # Errors
/// The first failure of the reader, the models or `consume`; an interrupt.
pub fn run(
    mut reader: BatchReader<'_>,
    annotator: &Annotator<'_>,
    threads: usize,
    stop: &Stop<'_>,
    consume: impl FnMut(Annotated) -> Result<()>,
) -> Result<()> {
    let read = || reader.next_batch();
    let profile = annotator.engine.profile();
    pipeline::run(
        threads,
        stop,
        profile,
        read,
        |batch| annotator.annotate(batch).map(Some),
        consume,
    )
}
