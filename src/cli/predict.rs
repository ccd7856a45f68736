//! `polyascan predict`

use std::fmt::Write as _;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use rayon::prelude::*;

use super::options::{ModelOptions, StrandChoice, ThreadOptions, command_line};
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::genome::sequence::{encode, reverse_complement};
use crate::genome::strand::Strand;
use crate::models::card::Task;
use crate::models::{CleavageVector, Model, WINDOW, WindowScores};
use crate::output::atomic::{AtomicFile, keep_input};

/// Print a model's raw outputs for each window, for looking and for checking.
///
/// Columns: name, start (0-based, on the forward strand, of either strand's window), strand, and the
/// outputs. A window speaks of position start + 120 on the plus strand, start + 119 on the minus
/// strand; its 50 cleavage values are those of the positions -25 to +24 from there, in transcript
/// direction. A strength model reads one strand at a time: --strand + takes sequences as they are.
///
/// Each window is computed by itself, in the plain form that defines the model: slow, for checking.
/// Windows of more than half N are printed too, although a scan skips them.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// FASTA, or text with one sequence per line (named by line number); plain, gzip or BGZF; - is
    /// standard input.
    #[arg(value_name = "FASTA|TXT")]
    input: PathBuf,
    #[command(flatten)]
    model: ModelOptions,
    #[arg(long, value_enum, default_value = "both", allow_hyphen_values = true)]
    strand: StrandChoice,
    /// Nucleotides from one window's start to the next's.
    #[arg(long, default_value_t = 1)]
    every: usize,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Table to write; - is standard output.
    #[arg(short, long, default_value = "-")]
    output: PathBuf,
}

/// Bases read per turn: bounds memory.
const PIECE: usize = 16_384;
/// Windows per task of the thread pool.
const BATCH: usize = 64;

/// Runs the command.
///
/// # Errors
/// Input that cannot be read, a model that fails.
pub fn run(args: &Args) -> Result<()> {
    args.threads.apply()?;
    if args.every == 0 {
        return Err(Error::Usage("--every 0: windows must move on by at least 1 nt".into()));
    }
    keep_input(&args.input, &args.output)?;
    let model = args.model.load()?;
    let source = Source::open(&args.input)?;
    let fasta = match starts_like_fasta(&source)? {
        true => Some(FastaFile::from_source(source.clone())?),
        false => None,
    };
    let mut out = Table::create(args, model.as_ref())?;
    if let Some(file) = fasta {
        let mut bases = file.bases()?;
        while let Some(contig) = bases.next_contig()? {
            let name = &file.contigs[contig].name;
            let mut codes = Vec::new();
            while bases.read(PIECE, &mut codes)? > 0 {
                let offset = out.next_start;
                out.windows(name, &codes, offset)?;
                let done = out.next_start - offset;
                bases.skip(done.saturating_sub(codes.len()) as u64)?;
                codes.drain(..done.min(codes.len()));
            }
            out.end_of_sequence();
        }
    } else {
        lines(&source, &mut out)?;
    }
    out.finish()
}

fn starts_like_fasta(source: &Source) -> Result<bool> {
    let mut reader = source.reader();
    loop {
        let buffer = reader.fill_buf().map_err(|e| source.error(e))?;
        let (first, n) = (buffer.iter().find(|byte| !byte.is_ascii_whitespace()), buffer.len());
        match first {
            Some(&byte) => return Ok(byte == b'>'),
            None if n == 0 => return Ok(true),
            None => reader.consume(n),
        }
    }
}

fn lines(source: &Source, out: &mut Table<'_>) -> Result<()> {
    for (number, line) in source.reader().lines().enumerate() {
        let line = line.map_err(|e| source.error(e))?;
        let sequence = line.trim();
        if sequence.is_empty() {
            continue;
        }
        let name = (number + 1).to_string();
        let codes = encode(sequence.as_bytes()).map_err(|at| {
            let problem = format!(
                "letter {} of the sequence is no nucleotide; expected FASTA or one sequence per line",
                at + 1
            );
            Error::input(source.path(), format!("line {name}"), problem)
        })?;
        out.windows(&name, &codes, 0)?;
        out.end_of_sequence();
    }
    Ok(())
}

/// The output table and the model that fills it.
struct Table<'a> {
    args: &'a Args,
    model: &'a dyn Model,
    file: AtomicFile,
    /// Start, in the current sequence, of the next window to print.
    next_start: usize,
    windows: u64,
    sequences: u64,
    short: u64,
}

impl<'a> Table<'a> {
    fn create(args: &'a Args, model: &'a dyn Model) -> Result<Self> {
        let mut file = AtomicFile::create(&args.output)?;
        let card = model.card();
        let columns = match card.task {
            Task::Sites => "probability\tcleavage",
            Task::Strength => "strength",
        };
        let header = format!(
            "# polyascan {} predict\n# command: {}\n# model: {} {} sha256={}\n#name\tstart\tstrand\t{columns}\n",
            env!("CARGO_PKG_VERSION"),
            command_line(),
            card.name,
            card.architecture,
            card.sha256
        );
        write(&mut file, &args.output, &header)?;
        Ok(Self { args, model, file, next_start: 0, windows: 0, sequences: 0, short: 0 })
    }

    /// Prints the windows of `codes`, which begins at `offset` of its sequence.
    fn windows(&mut self, name: &str, codes: &[u8], offset: usize) -> Result<()> {
        let count = (codes.len() + 1).saturating_sub(WINDOW);
        let starts: Vec<usize> = (0..count).step_by(self.args.every).collect();
        let strands = self.args.strand.strands();
        let texts: Vec<String> = starts
            .par_chunks(BATCH)
            .map(|starts| {
                let places: Vec<(usize, Strand)> = starts
                    .iter()
                    .flat_map(|&s| strands.iter().map(move |&strand| (s, strand)))
                    .collect();
                let windows: Vec<Vec<u8>> = places
                    .iter()
                    .map(|&(s, strand)| oriented(&codes[s..s + WINDOW], strand))
                    .collect();
                let windows: Vec<&[u8]> = windows.iter().map(Vec::as_slice).collect();
                Ok(rows(name, offset, &places, &self.model.predict(&windows)?))
            })
            .collect::<Result<_>>()?;
        for text in texts {
            write(&mut self.file, &self.args.output, &text)?;
        }
        self.windows += (starts.len() * strands.len()) as u64;
        self.next_start = offset + starts.len() * self.args.every;
        Ok(())
    }

    fn end_of_sequence(&mut self) {
        self.sequences += 1;
        self.short += u64::from(self.next_start == 0);
        self.next_start = 0;
    }

    fn finish(self) -> Result<()> {
        eprintln!(
            "{} windows of {} sequences; {} sequences shorter than {WINDOW} nt skipped",
            self.windows, self.sequences, self.short
        );
        self.file.commit()
    }
}

fn oriented(codes: &[u8], strand: Strand) -> Vec<u8> {
    match strand {
        Strand::Plus => codes.to_vec(),
        Strand::Minus => reverse_complement(codes),
    }
}

fn rows(name: &str, offset: usize, places: &[(usize, Strand)], scores: &WindowScores) -> String {
    let mut text = String::new();
    for (i, (start, strand)) in places.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{name}\t{}\t{strand}\t", offset + start);
        let _ = match scores {
            WindowScores::Sites { probability, cleavage } => {
                writeln!(text, "{}\t{}", probability[i], join(&cleavage[i]))
            }
            WindowScores::Strength(strength) => writeln!(text, "{}", strength[i]),
        };
    }
    text
}

fn join(vector: &CleavageVector) -> String {
    vector.iter().map(f32::to_string).collect::<Vec<_>>().join(",")
}

fn write(file: &mut AtomicFile, path: &Path, text: &str) -> Result<()> {
    file.write_all(text.as_bytes()).map_err(|e| Error::io(path, "cannot write", e))
}
