//! The table of predictions.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::Args;
use super::stretch::{Stretch, rows};
use crate::cli::command_line;
use crate::cli::options::StrandChoice;
use crate::cli::written::Written;
use crate::context::signal::is_signal_at;
use crate::error::{Error, Result};
use crate::evaluate::classes::labels::Labels;
use crate::genome::compression::Source;
use crate::genome::sequence::{Coder, reverse_complement};
use crate::genome::strand::Strand;
use crate::models::every::starts;
use crate::models::features::Rows;
use crate::models::{Input, Length, Model, Output, OwnedWindow, Window};
use crate::output::atomic::AtomicFile;
use crate::output::parquet::{self, Kind};
use crate::scan::Anchor;
use crate::text::{count, printable};

/// Windows per task of the thread pool, of a model that shares nothing between neighbours.
const BATCH: usize = 64;
/// What a task has more of a model that does, times what a stretch of neighbours costs.
const SHARED: usize = 2;
/// Tasks per thread that wait for each other: one slow task does not leave the rest idle for long.
const TASKS: usize = 4;

/// The output table and the model that fills it.
pub struct Table<'a> {
    args: &'a Args,
    model: &'a dyn Model,
    strands: &'static [Strand],
    /// Whether and how classes are told.
    labels: Option<Labels>,
    /// Those of the sequences to come.
    features: Option<Rows>,
    pub input: Input,
    file: AtomicFile,
    /// Windows, also of several sequences, that will be computed together.
    waiting: Vec<Stretch>,
    /// How many on a strand.
    waiting_windows: usize,
    /// Start, in the current sequence, of the next window to print.
    next_start: usize,
    totals: Totals,
}

#[derive(Default)]
struct Totals {
    windows: u64,
    /// Windows without a polyA signal in its place.
    without_signal: u64,
    sequences: u64,
    short: u64,
    long: u64,
}

impl<'a> Table<'a> {
    /// Begins the output file with its header.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(args: &'a Args, model: &'a dyn Model, strand: StrandChoice) -> Result<Self> {
        let labels = args.labels(model)?;
        let features = open_features(args, model)?;
        let mut file = AtomicFile::create(&args.output)?;
        let card = model.card();
        let outputs = model.outputs().iter().map(|o| o.name.as_str());
        let columns: Vec<&str> = outputs.chain(labels.map(|_| "predicted")).collect();
        let header = format!(
            "# polyascan {} predict\n# command: {}\n# model: {} {} sha256={}\n#name\tstart\tstrand\t{}\n",
            env!("CARGO_PKG_VERSION"),
            command_line::result(),
            card.name,
            card.architecture,
            card.sha256,
            columns.join("\t")
        );
        write(&mut file, &args.output, &header)?;
        Ok(Self {
            args,
            model,
            strands: strand.strands(),
            labels,
            features,
            input: model.input(),
            file,
            waiting: Vec::new(),
            waiting_windows: 0,
            next_start: 0,
            totals: Totals::default(),
        })
    }

    /// Returns what makes codes of the letters of sequences.
    pub fn coder(&self) -> Coder {
        Coder::of(self.model.letters())
    }

    /// Prints the windows of a whole sequence.
    ///
    /// # Errors
    /// If the model fails, or the file cannot be written.
    pub fn sequence(&mut self, name: &str, sequence: Window<'_>) -> Result<()> {
        let features = match &mut self.features {
            Some(rows) => rows.numbers(self.model.features())?,
            None => Vec::new(),
        };
        let sequence = Window { features: &features, ..sequence };
        let nt = sequence.codes.len();
        match self.input.length {
            Length::Exactly(_) => {
                self.windows(name, sequence)?;
            }
            Length::Between(least, most) => {
                if nt > most {
                    self.totals.long += 1;
                } else if nt >= least {
                    self.print(name, sequence, &[0], nt)?;
                }
                self.next_start = usize::from(nt >= least);
            }
        }
        self.end_of_sequence();
        Ok(())
    }

    /// Prints the windows of `piece`, the next piece of a sequence, and returns how many
    /// nucleotides are done with (perhaps more than there are, if windows are far apart).
    ///
    /// # Errors
    /// If the model fails, or the file cannot be written.
    pub fn windows(&mut self, name: &str, piece: Window<'_>) -> Result<usize> {
        let (length, _) = self.input.length.limits();
        let starts = starts(piece.codes.len(), length, self.args.every).collect::<Vec<_>>();
        let done = starts.len() * self.args.every;
        self.print(name, piece, &starts, length)?;
        self.next_start += done;
        Ok(done)
    }

    /// Counts a sequence of which all windows have been printed.
    pub fn end_of_sequence(&mut self) {
        self.totals.sequences += 1;
        self.totals.short += u64::from(self.next_start == 0);
        self.next_start = 0;
    }

    /// Prints windows, `every` apart, on every strand asked for.
    fn print(&mut self, name: &str, piece: Window<'_>, starts: &[usize], nt: usize) -> Result<()> {
        // Of a file of sequences: it must not forge a row.
        let name: Arc<str> = printable(name).replace('\t', " ").into();
        let together = match self.args.anchor {
            Anchor::Signal => 1,
            Anchor::Window => self.task(),
        };
        for starts in starts.chunks(together) {
            let (Some(&first), Some(last)) = (starts.first(), starts.last()) else { continue };
            let part = first..last + nt;
            let codes = piece.codes[part.clone()].to_vec();
            let strands = match self.args.anchor {
                Anchor::Signal => self.with_signal(&codes),
                Anchor::Window => self.strands,
            };
            if strands.is_empty() {
                continue;
            }
            let structure = piece.structure.map(|all| all[part].to_vec());
            let piece = OwnedWindow { codes, structure, features: piece.features.to_vec() };
            let (name, start) = (name.clone(), self.next_start + first);
            let stretch = Stretch { name, start, windows: starts.len(), strands, piece };
            self.totals.windows += stretch.count() as u64;
            self.waiting_windows += stretch.windows;
            self.waiting.push(stretch);
            if self.waiting_windows >= self.task() * TASKS * rayon::current_num_threads() {
                self.compute()?;
            }
        }
        Ok(())
    }

    /// Returns the strands, of those asked for, on which a window has a polyA signal in its place;
    /// counts the others.
    fn with_signal(&mut self, codes: &[u8]) -> &'static [Strand] {
        let has_signal = |strand: &Strand| match strand {
            Strand::Plus => is_signal_at(codes, self.input.anchor),
            Strand::Minus => is_signal_at(&reverse_complement(codes), self.input.anchor),
        };
        let found: Vec<Strand> = self.strands.iter().copied().filter(has_signal).collect();
        self.totals.without_signal += (self.strands.len() - found.len()) as u64;
        match found[..] {
            [] => &[],
            [strand] => strand.alone(),
            _ => self.strands,
        }
    }

    /// Returns the number of windows of a task: more for a model that shares work between them.
    fn task(&self) -> usize {
        BATCH + SHARED * self.model.windows_per_stretch()
    }

    /// Computes and prints the windows that wait.
    fn compute(&mut self) -> Result<()> {
        let (task, mut windows) = (self.task(), 0);
        let tasks = self.waiting.chunk_by(|stretch, _| {
            windows += stretch.windows;
            let is_full = windows >= task;
            if is_full {
                windows = 0;
            }
            !is_full
        });
        let Self { args, model, labels, .. } = *self;
        let texts: Vec<String> = tasks
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|stretches| rows(stretches, args.every, model, labels))
            .collect::<Result<_>>()?;
        for text in texts {
            write(&mut self.file, &args.output, &text)?;
        }
        self.waiting.clear();
        self.waiting_windows = 0;
        Ok(())
    }

    /// Completes the file and reports what was printed and what was not.
    ///
    /// # Errors
    /// If the file cannot be completed.
    pub fn finish(mut self) -> Result<()> {
        self.compute()?;
        self.features.take().map_or(Ok(()), Rows::finish)?;
        let Totals { windows, without_signal, sequences, short, long } = self.totals;
        let (least, most) = self.input.length.limits();
        let mut report = format!(
            "{} of {}; {} shorter than {least} nt skipped",
            count(windows, "window"),
            count(sequences, "sequence"),
            count(short, "sequence")
        );
        if matches!(self.input.length, Length::Between(..)) {
            let _ = write!(report, "; {} longer than {most} nt skipped", count(long, "sequence"));
        }
        if self.args.anchor == Anchor::Signal {
            let _ = write!(
                report,
                "; {} without a polyA signal skipped",
                count(without_signal, "window")
            );
        }
        let mut complete = vec![self.file.complete()?];
        if self.args.tables.parquet() {
            let outputs = self.model.outputs();
            complete.push(parquet::beside(&complete[0], |name| kind(name, outputs))?);
        }
        let written = Written::publish(complete)?;
        tracing::info!("{report}");
        written.tell();
        Ok(())
    }
}

/// Returns what the cells of a column are.
fn kind(column: &str, outputs: &[Output]) -> Kind {
    match column {
        "name" | "strand" => Kind::Text,
        "start" => Kind::Integer,
        output => match outputs.iter().find(|known| known.name == output) {
            Some(several) if several.width > 1 => Kind::Numbers,
            _ => Kind::Number,
        },
    }
}

/// Opens the features of the sequences, where the model reads some.
fn open_features(args: &Args, model: &dyn Model) -> Result<Option<Rows>> {
    let names = || model.features().iter().map(|feature| feature.name.as_str());
    let name = &model.card().name;
    match (&args.features, model.features().is_empty()) {
        (None, true) => Ok(None),
        (Some(path), false) => Rows::open(&Source::open(path)?, names()).map(Some),
        (Some(_), true) => Err(Error::Usage(format!("--features: {name} reads none"))),
        (None, false) => {
            let names: Vec<&str> = names().collect();
            let names = names.join(", ");
            Err(Error::Usage(format!("{name} reads features ({names}): give them with --features")))
        }
    }
}

fn write(file: &mut AtomicFile, path: &Path, text: &str) -> Result<()> {
    file.write_all(text.as_bytes()).map_err(|e| Error::io(path, "cannot write", e))
}
