//! The table of predictions.

use std::fmt::Write as _;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::Args;
use crate::cli::options::command_line;
use crate::context::signal::is_signal_at;
use crate::error::{Error, Result};
use crate::genome::sequence::reverse_complement;
use crate::genome::strand::Strand;
use crate::models::{Input, Length, Model, Output, Predictions, Window};
use crate::output::atomic::AtomicFile;
use crate::scan::Anchor;

/// Windows per task of the thread pool.
const BATCH: usize = 64;

/// A window to print: what it covers of the sequence in hand, and its strand.
type Place = (Range<usize>, Strand);

/// The output table and the model that fills it.
pub struct Table<'a> {
    args: &'a Args,
    model: &'a dyn Model,
    strands: &'static [Strand],
    pub input: Input,
    file: AtomicFile,
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
    pub fn create(args: &'a Args, model: &'a dyn Model) -> Result<Self> {
        let mut file = AtomicFile::create(&args.output)?;
        let card = model.card();
        let columns: Vec<&str> = model.outputs().iter().map(|o| o.name.as_str()).collect();
        let header = format!(
            "# polyascan {} predict\n# command: {}\n# model: {} {} sha256={}\n#name\tstart\tstrand\t{}\n",
            env!("CARGO_PKG_VERSION"),
            command_line(),
            card.name,
            card.architecture,
            card.sha256,
            columns.join("\t")
        );
        write(&mut file, &args.output, &header)?;
        Ok(Self {
            args,
            model,
            strands: args.strand(model).strands(),
            input: model.input(),
            file,
            next_start: 0,
            totals: Totals::default(),
        })
    }

    /// Prints the windows of a whole sequence.
    ///
    /// # Errors
    /// If the model fails, or the file cannot be written.
    pub fn sequence(&mut self, name: &str, sequence: Window<'_>) -> Result<()> {
        let nt = sequence.codes.len();
        match self.input.length {
            Length::Exactly(_) => {
                self.windows(name, sequence)?;
            }
            Length::UpTo(length) if nt <= length => {
                self.print(name, sequence, std::iter::once(0..nt))?;
                self.next_start = 1;
            }
            Length::UpTo(_) => {
                self.totals.long += 1;
                self.next_start = 1;
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
        let (Length::Exactly(length) | Length::UpTo(length)) = self.input.length;
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
        let all: Vec<Place> = windows
            .flat_map(|window| self.strands.iter().map(move |&strand| (window.clone(), strand)))
            .collect();
        let places: Vec<&Place> =
            all.iter().filter(|place| self.is_wanted(piece.codes, place)).collect();
        let texts: Vec<String> = places
            .par_chunks(BATCH)
            .map(|places| {
                let codes: Vec<Vec<u8>> =
                    places.iter().map(|place| oriented(piece.codes, place)).collect();
                // Models that read structure read the plus strand alone.
                let structure = |place: &Place| piece.structure.map(|all| &all[place.0.clone()]);
                let windows = codes.iter().zip(places.iter());
                let windows: Vec<Window> = windows
                    .map(|(codes, place)| Window { codes, structure: structure(place) })
                    .collect();
                let said = self.model.predict(&windows)?;
                Ok(rows(name, self.next_start, places, self.model.outputs(), &said))
            })
            .collect::<Result<_>>()?;
        for text in texts {
            write(&mut self.file, &self.args.output, &text)?;
        }
        self.totals.windows += places.len() as u64;
        self.totals.without_signal += (all.len() - places.len()) as u64;
        Ok(())
    }

    fn is_wanted(&self, codes: &[u8], place: &Place) -> bool {
        self.args.anchor == Anchor::Window
            || is_signal_at(&oriented(codes, place), self.input.anchor)
    }

    /// Completes the file and reports what was printed and what was not.
    ///
    /// # Errors
    /// If the file cannot be completed.
    pub fn finish(self) -> Result<()> {
        let Totals { windows, without_signal, sequences, short, long } = self.totals;
        let (Length::Exactly(nt) | Length::UpTo(nt)) = self.input.length;
        let mut report = format!("{windows} windows of {sequences} sequences");
        match self.input.length {
            Length::Exactly(_) => {
                let _ = write!(report, "; {short} sequences shorter than {nt} nt skipped");
            }
            Length::UpTo(_) => {
                let _ = write!(report, "; {long} sequences longer than {nt} nt skipped");
            }
        }
        if self.args.anchor == Anchor::Signal {
            let _ = write!(report, "; {without_signal} windows without a polyA signal skipped");
        }
        eprintln!("{report}");
        self.file.commit()
    }
}

fn oriented(codes: &[u8], (window, strand): &Place) -> Vec<u8> {
    let codes = &codes[window.clone()];
    match strand {
        Strand::Plus => codes.to_vec(),
        Strand::Minus => reverse_complement(codes),
    }
}

fn rows(
    name: &str,
    offset: usize,
    places: &[&Place],
    outputs: &[Output],
    said: &Predictions,
) -> String {
    let mut text = String::new();
    for (i, (window, strand)) in places.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{name}\t{}\t{strand}", offset + window.start);
        for (output, values) in outputs.iter().zip(&said.values) {
            let of_window = &values[i * output.width..][..output.width];
            for (n, value) in of_window.iter().enumerate() {
                let _ = write!(text, "{}{value}", if n == 0 { '\t' } else { ',' });
            }
        }
        text.push('\n');
    }
    text
}

fn write(file: &mut AtomicFile, path: &Path, text: &str) -> Result<()> {
    file.write_all(text.as_bytes()).map_err(|e| Error::io(path, "cannot write", e))
}
