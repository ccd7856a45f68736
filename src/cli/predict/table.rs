//! The table of predictions.

use std::fmt::Write as _;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::Args;
use crate::cli::command_line;
use crate::cli::options::StrandChoice;
use crate::cli::written::Written;
use crate::context::signal::is_signal_at;
use crate::error::{Error, Result, WindowPlace};
use crate::evaluate::classes::labels::Labels;
use crate::genome::compression::Source;
use crate::genome::sequence::{Coder, reverse_complement};
use crate::genome::strand::Strand;
use crate::models::features::Rows;
use crate::models::{Input, Length, Model, Output, OwnedWindow, Predictions, Window};
use crate::output::atomic::AtomicFile;
use crate::output::parquet::{self, Kind};
use crate::scan::Anchor;
use crate::text::{count, printable};

/// Windows per task of the thread pool.
const BATCH: usize = 64;
/// Tasks per thread that wait for each other: one slow task does not leave the rest idle for long.
const TASKS: usize = 4;

/// A window to print.
struct Waiting {
    name: Arc<str>,
    start: usize,
    strand: Strand,
    window: OwnedWindow,
}

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
    waiting: Vec<Waiting>,
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
                    self.print(name, sequence, std::iter::once(0..nt))?;
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
        let count = (piece.codes.len() + 1).saturating_sub(length);
        let starts = (0..count).step_by(self.args.every);
        let done = starts.len() * self.args.every;
        self.print(name, piece, starts.map(|start| start..start + length))?;
        self.next_start += done;
        Ok(done)
    }

    /// Counts a sequence of which all windows have been printed.
    pub fn end_of_sequence(&mut self) {
        self.totals.sequences += 1;
        self.totals.short += u64::from(self.next_start == 0);
        self.next_start = 0;
    }

    /// Prints windows on every strand asked for.
    fn print(
        &mut self,
        name: &str,
        piece: Window<'_>,
        windows: impl Iterator<Item = Range<usize>>,
    ) -> Result<()> {
        // Of a file of sequences: it must not forge a row.
        let name: Arc<str> = printable(name).replace('\t', " ").into();
        for window in windows {
            for &strand in self.strands {
                let codes = oriented(&piece.codes[window.clone()], strand);
                if self.args.anchor == Anchor::Signal && !is_signal_at(&codes, self.input.anchor) {
                    self.totals.without_signal += 1;
                    continue;
                }
                // Models that read structure read the plus strand alone.
                let structure = piece.structure.map(|all| all[window.clone()].to_vec());
                let start = self.next_start + window.start;
                let window = OwnedWindow { codes, structure, features: piece.features.to_vec() };
                self.waiting.push(Waiting { name: name.clone(), start, strand, window });
            }
            if self.waiting.len() >= BATCH * TASKS * rayon::current_num_threads() {
                self.compute()?;
            }
        }
        Ok(())
    }

    /// Computes and prints the windows that wait.
    fn compute(&mut self) -> Result<()> {
        let texts: Vec<String> = self
            .waiting
            .par_chunks(BATCH)
            .map(|batch| {
                let windows = batch.iter().map(|waiting| waiting.window.window());
                let said = self.model.predict(&windows.collect::<Vec<_>>());
                let said = said.map_err(|error| {
                    error.at_window(|number| {
                        let Waiting { name, start, strand, .. } = &batch[number];
                        WindowPlace::Named(format!("{name}:{}:{strand}", start + 1))
                    })
                })?;
                Ok(rows(batch, self.model.outputs(), &said, self.labels))
            })
            .collect::<Result<_>>()?;
        for text in texts {
            write(&mut self.file, &self.args.output, &text)?;
        }
        self.totals.windows += self.waiting.len() as u64;
        self.waiting.clear();
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

fn oriented(codes: &[u8], strand: Strand) -> Vec<u8> {
    match strand {
        Strand::Plus => codes.to_vec(),
        Strand::Minus => reverse_complement(codes),
    }
}

fn rows(
    batch: &[Waiting],
    outputs: &[Output],
    said: &Predictions,
    labels: Option<Labels>,
) -> String {
    let mut text = String::new();
    for (i, Waiting { name, start, strand, .. }) in batch.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{name}\t{start}\t{strand}");
        for (output, values) in outputs.iter().zip(&said.values) {
            let of_window = &values[i * output.width..][..output.width];
            for (n, value) in of_window.iter().enumerate() {
                let _ = write!(text, "{}{value}", if n == 0 { '\t' } else { ',' });
            }
        }
        if let Some(labels) = labels {
            let of_window: Vec<f32> = said.values.iter().map(|values| values[i]).collect();
            text.push('\t');
            text.push_str(&labels.text(&labels.of(&of_window)));
        }
        text.push('\n');
    }
    text
}

fn write(file: &mut AtomicFile, path: &Path, text: &str) -> Result<()> {
    file.write_all(text.as_bytes()).map_err(|e| Error::io(path, "cannot write", e))
}
