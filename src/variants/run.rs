//! The pipeline of a run: records are read in batches, annotated on several threads, written in
//! order.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;

use super::annotate::{Annotated, Annotator, Batch};
use super::input::VariantReader;
use super::phase::REACH;
use super::phase::genotype::{Carried, Genotype, Genotypes};
use super::vcf::line::Line;
use crate::error::{Error, Result};
use crate::genome::in_turn::InTurn;
use crate::pipeline::{self, Stop};

/// Records of a batch at most: enough to share the reference's windows, few enough that all threads
/// have work and a stop is soon noticed.
const RECORDS: usize = 256;
/// Bytes of a batch at most, for files with many samples.
const BYTES: usize = 1 << 22;

/// Records within reach of one place at most, where haplotypes are asked for: a file that has more
/// is not one of a few samples.
const CROWD: usize = 100_000;

/// Cuts records into batches.
pub struct BatchReader<'a> {
    variants: VariantReader,
    genome: InTurn<'a>,
    /// Records that were read, and are of the next batches.
    pending: VecDeque<Line>,
    order: Option<Order>,
    /// The column of the sample whose haplotypes are asked for.
    sample: Option<usize>,
    /// What that sample carries in records before the next batch, as far as it can matter.
    behind: VecDeque<Carried>,
    /// Numbers of the records that are wanted.
    span: Range<u64>,
    /// Whether contigs of another assembly are taken for contigs that are missing.
    forced: bool,
    /// Records handed out or passed over.
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
    /// Starts at the first record of `span`, numbers counted from 0; `sorted` demands that records
    /// are in order.
    pub fn new(
        variants: VariantReader,
        genome: InTurn<'a>,
        sorted: bool,
        span: Range<u64>,
    ) -> Self {
        let order = sorted.then(Order::default);
        let (pending, behind, forced, sample, given) = Default::default();
        Self { variants, genome, pending, order, sample, behind, span, forced, given }
    }

    /// Also says what a sample (its column) carries around each record, which needs records in
    /// order.
    pub fn with_haplotypes(self, sample: Option<usize>) -> Self {
        let order = self.order.or_else(|| sample.map(|_| Order::default()));
        Self { sample, order, ..self }
    }

    /// Takes contigs whose accession is of another assembly for contigs that are missing, if
    /// `forced`; else they are an error.
    pub fn forced(self, forced: bool) -> Self {
        Self { forced, ..self }
    }

    /// Returns the next batch.
    ///
    /// # Errors
    /// If a file cannot be read, a line is no record, records are not in order and must be, or a
    /// contig is of another assembly than the genome.
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
                self.put_back(next);
                break;
            }
            bytes += next.size();
            lines.push(next);
        }
        let there = contig.as_ref().map(|(contig, _)| &self.genome.contigs()[*contig].name);
        let renamed = there.filter(|there| **there != name).cloned();
        let first = self.given - lines.len() as u64;
        let genotypes = self.genotypes(&lines)?;
        Ok(Some(Batch { first, contig, renamed, lines, genotypes }))
    }

    /// Returns what the sample carries in records of a batch and around it; nothing if there is
    /// none.
    fn genotypes(&mut self, lines: &[Line]) -> Result<Option<Genotypes>> {
        let Some(column) = self.sample else { return Ok(None) };
        let carried: Vec<Carried> = self.behind.iter().cloned().collect();
        let behind = carried.len();
        let mut genotypes = Genotypes { carried, ..Genotypes::default() };
        for line in lines {
            let genotype = Genotype::of(line, column);
            genotypes.unphased += u64::from(genotype == Genotype::Unphased);
            let place = genotypes.push(genotype);
            genotypes.of_line.push(place);
        }
        let own = behind..genotypes.carried.len();
        let end = lines.iter().map(end_of).max().unwrap_or(0);
        let (contig, mut ahead) = (lines[0].contig().to_vec(), 0);
        loop {
            if ahead == self.pending.len() {
                match self.next_record()? {
                    Some(line) => self.pending.push_back(line),
                    None => break,
                }
            }
            let line = &self.pending[ahead];
            if line.contig() != contig || line.start() > end + REACH as i64 {
                break;
            }
            if ahead == CROWD {
                let problem = format!(
                    "more than {CROWD} records within {REACH} nt; --haplotypes is for files of a person or a few"
                );
                return Err(Error::input(&self.variants.path(), line.place(), problem));
            }
            ahead += 1;
            genotypes.push(Genotype::of(line, column));
        }
        self.note_behind(&contig, &genotypes.carried[own]);
        Ok(Some(genotypes))
    }

    /// Remembers what the sample carries as far as it can matter to the records that follow.
    fn note_behind(&mut self, contig: &[u8], carried: &[Carried]) {
        self.behind.extend(carried.iter().cloned());
        let next = self.pending.front();
        match next.filter(|next| next.contig() == contig) {
            Some(next) => {
                let far = next.start() - REACH as i64;
                self.behind.retain(|carried| carried.end() >= far);
            }
            None => self.behind.clear(),
        }
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

    /// Returns the next record of the span.
    fn take(&mut self) -> Result<Option<Line>> {
        while self.given < self.span.start {
            let Some(passed) = self.next()? else { return Ok(None) };
            self.pass_over(&passed)?;
        }
        if self.given < self.span.end { self.next() } else { Ok(None) }
    }

    /// Remembers a record before the span where it can matter to those in it.
    fn pass_over(&mut self, passed: &Line) -> Result<()> {
        let Some(column) = self.sample else { return Ok(()) };
        if self.pending.is_empty()
            && let Some(next) = self.next_record()?
        {
            self.pending.push_back(next);
        }
        let mut genotypes = Genotypes::default();
        genotypes.push(Genotype::of(passed, column));
        self.note_behind(passed.contig(), &genotypes.carried);
        Ok(())
    }

    /// Returns the next record, which counts as handed out.
    fn next(&mut self) -> Result<Option<Line>> {
        let next = match self.pending.pop_front() {
            Some(next) => Some(next),
            None => self.next_record()?,
        };
        self.given += u64::from(next.is_some());
        Ok(next)
    }

    fn put_back(&mut self, line: Line) {
        self.pending.push_front(line);
        self.given -= 1;
    }

    fn next_record(&mut self) -> Result<Option<Line>> {
        let next = self.variants.next_record(&mut self.genome)?;
        if let (Some(order), Some(line)) = (&mut self.order, &next)
            && !order.goes_on(line)
        {
            let problem = "not in order, which --write-index and --haplotypes need; sort it first, e.g. with bcftools sort";
            return Err(Error::input(&self.variants.path(), line.place(), problem));
        }
        Ok(next)
    }
}

/// Returns the first position after REF.
fn end_of(line: &Line) -> i64 {
    line.start() + line.reference().len() as i64
}

impl Order {
    /// Returns whether a record comes after those before it.
    fn goes_on(&mut self, line: &Line) -> bool {
        let same = self.contig == line.contig();
        let ahead = if same {
            line.start() >= self.position
        } else {
            self.done.insert(line.contig().to_vec())
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
