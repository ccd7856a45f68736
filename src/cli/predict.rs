//! `polyascan predict`

mod stretch;
mod structures;
mod table;

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::options::{ModelOptions, StrandChoice, ThreadOptions};
use super::tables::TableOptions;
use crate::error::{Error, Result};
use crate::evaluate::classes::labels::Labels;
use crate::genome::compression::Source;
use crate::genome::fasta::{FastaFile, begins};
use crate::genome::sequence::Coder;
use crate::genome::sequences::Sequences;
use crate::models::card::Task;
use crate::models::deerect::archive::Archive;
use crate::models::part::Part;
use crate::models::{Length, Model, Window};
use crate::output::atomic::{keep_apart, keep_input};
use crate::output::parquet;
use crate::scan::Anchor;
use structures::StructureOptions;
use table::Table;

/// Print a model's raw outputs for each window, under their own names.
///
/// Columns: name, start (0-based, on the forward strand, of either strand's window), strand, and
/// the model's outputs (`polyascan models show NAME` names them; several values are joined by
/// commas). Windows have the length that the model reads. Those of site models speak of position
/// start + 120 on the plus strand, start + 119 on the minus strand; their 50 cleavage values are
/// those of the positions -25 to +24 from there, in transcript direction. In the windows of
/// APARENT2 the polyA signal begins at index 70, in those of DeeReCT-PolyA at index 100.
///
/// A window's values are those of the window alone, whatever lies around it; windows of more than
/// half N are printed too, although a scan skips them. Sequences that are too short or too long for
/// the model are skipped and counted.
///
/// Models that read RNA structure (pysster) need --structures, --fold, or an input with the
/// structure of each sequence on the line after it; they read the sequences as given, never the
/// other strand.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// FASTA, text with one sequence per line, or a table with a column `sequence` (both named by
    /// line number); plain, gzip or BGZF; - is standard input. Or DeeReCT-PolyA's archive (.npz;
    /// windows are named by their number from 1).
    #[arg(value_name = "FASTA|TXT|NPZ")]
    input: PathBuf,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    structure: StructureOptions,
    /// Which strand of the sequences [default: both; + for models of RNA binding and archives].
    #[arg(long, value_enum, allow_hyphen_values = true)]
    strand: Option<StrandChoice>,
    /// Nucleotides from one window's start to the next's.
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Print every window, or (APARENT2, DeeReCT-PolyA) those with a known polyA signal in the
    /// signal's place.
    #[arg(long, value_enum, default_value = "window")]
    anchor: Anchor,
    /// Features of the sequences, for models that read some: a tab-separated line for each sequence,
    /// in order.
    #[arg(long, value_name = "TSV")]
    features: Option<PathBuf>,
    /// Add a column `predicted` with the class that a classifier tells: 1 if the probability of its
    /// only output is above --threshold, else 0; of several classes the number of the most probable
    /// one; of those of which a sequence may have several the numbers of all above --threshold,
    /// joined by commas, or `.`.
    #[arg(long)]
    labels: bool,
    /// A probability above it counts as a label.
    #[arg(long, default_value_t = 0.5, requires = "labels")]
    threshold: f32,
    /// Which windows of an archive [default: test].
    #[arg(long, value_enum)]
    part: Option<Part>,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Table to write; - is standard output.
    #[arg(short, long, default_value = "-", value_parser = crate::cli::options::name)]
    output: PathBuf,
    #[command(flatten)]
    tables: TableOptions,
}

/// Bases read per turn: bounds memory.
const PIECE: usize = 16_384;

/// Runs the command.
///
/// # Errors
/// Input that cannot be read, a model that fails.
pub fn run(args: &Args) -> Result<()> {
    args.threads.apply()?;
    if args.every == 0 {
        return Err(Error::Usage("--every 0: windows must move on by at least 1 nt".into()));
    }
    args.tables.check()?;
    if args.tables.parquet() {
        if args.output == Path::new("-") {
            return Err(Error::Usage("--format parquet needs the name of a file: -o FILE".into()));
        }
        let name = parquet::name_of(&args.output);
        keep_input(&args.input, &name)?;
        keep_apart(&[args.output.clone(), name])?;
    }
    keep_input(&args.input, &args.output)?;
    let model = args.model.load()?;
    if args.anchor == Anchor::Signal && !model.card().task.is_anchored_on_signal() {
        let name = &model.card().name;
        let problem = format!(
            "--anchor signal: {name} is not anchored on polyA signals; use --anchor window"
        );
        return Err(Error::Usage(problem));
    }
    let structures = args.structure.open(args, model.as_ref())?;
    args.check_letters(model.as_ref())?;
    if Archive::is_one(&args.input) {
        return args.archive(model.as_ref());
    }
    if let Some(part) = args.part {
        let problem = format!("--part {}: only an archive (.npz) has parts", part.name());
        return Err(Error::Usage(problem));
    }
    let source = Source::open(&args.input)?;
    let strand = args.strand(model.as_ref());
    if let Some(structures) = structures {
        structures.check(&source)?;
        let mut out = Table::create(args, model.as_ref(), strand)?;
        structures::predict(structures, &source, &mut out)?;
        return out.finish();
    }
    // A genome's sequences need not fit into memory; features go with whole sequences.
    let whole = model.letters().is_some() || !model.features().is_empty();
    let fasta = match begins(&source)? && !whole {
        true => Some(FastaFile::from_source(source.clone())?),
        false => None,
    };
    let mut out = Table::create(args, model.as_ref(), strand)?;
    match fasta {
        Some(file) => records(&file, &mut out)?,
        None => lines(source, &out.coder(), |name, _, codes| {
            out.sequence(&name, Window::from(codes.as_slice()))
        })?,
    }
    out.finish()
}

impl Args {
    /// Prints the windows of an archive.
    fn archive(&self, model: &dyn Model) -> Result<()> {
        let windows = Archive::read(&self.input)?.take(self.part.unwrap_or_default())?;
        let mut out = Table::create(self, model, self.strand.unwrap_or(StrandChoice::Plus))?;
        for (number, codes) in windows.codes.iter().enumerate() {
            out.sequence(&(number + 1).to_string(), Window::from(codes.as_slice()))?;
        }
        out.finish()
    }

    /// Returns how the classes of a model are told, if they are asked for.
    fn labels(&self, model: &dyn Model) -> Result<Option<Labels>> {
        if !self.labels {
            return Ok(None);
        }
        let threshold = self.threshold;
        if !threshold.is_finite() {
            return Err(Error::Usage(format!("--threshold {threshold}: it must be a number")));
        }
        let name = &model.card().name;
        let no_classifier = || Error::Usage(format!("--labels: {name} tells no classes"));
        let classes = model.classes().ok_or_else(no_classifier)?;
        Ok(Some(Labels { classes, threshold }))
    }

    /// Checks that letters which are no nucleotides are read as given.
    fn check_letters(&self, model: &dyn Model) -> Result<()> {
        if model.letters().is_some()
            && matches!(self.strand, Some(StrandChoice::Minus | StrandChoice::Both))
        {
            let name = &model.card().name;
            let problem = format!("--strand: {name} reads letters that have no complement");
            return Err(Error::Usage(problem));
        }
        Ok(())
    }

    fn strand(&self, model: &dyn Model) -> StrandChoice {
        self.strand.unwrap_or(match model.card().task {
            Task::Binding => StrandChoice::Plus,
            _ => StrandChoice::Both,
        })
    }
}

fn records(file: &FastaFile, out: &mut Table<'_>) -> Result<()> {
    let mut bases = file.bases()?;
    while let Some(contig) = bases.next_contig()? {
        let name = &file.contigs[contig].name;
        let mut codes = Vec::new();
        if let Length::Between(_, most) = out.input.length {
            while codes.len() <= most && bases.read(PIECE, &mut codes)? > 0 {}
            out.sequence(name, Window::from(codes.as_slice()))?;
            continue;
        }
        while bases.read(PIECE, &mut codes)? > 0 {
            let done = out.windows(name, Window::from(codes.as_slice()))?;
            bases.skip(done.saturating_sub(codes.len()) as u64)?;
            codes.drain(..done.min(codes.len()));
        }
        out.end_of_sequence();
    }
    Ok(())
}

/// Hands over every sequence of a FASTA or text file, whole: its name, whether the file gives that
/// name, codes.
fn sequences(
    source: &Source,
    coder: &Coder,
    mut each: impl FnMut(String, bool, Vec<u8>) -> Result<()>,
) -> Result<()> {
    if !begins(source)? || *coder != Coder::Nucleotides {
        return lines(source.clone(), coder, each);
    }
    let file = FastaFile::from_source(source.clone())?;
    let mut bases = file.bases()?;
    while let Some(contig) = bases.next_contig()? {
        let mut codes = Vec::new();
        while bases.read(PIECE, &mut codes)? > 0 {}
        each(file.contigs[contig].name.clone(), true, codes)?;
    }
    Ok(())
}

/// Hands over every sequence of a file of short ones: its name, or its line number where it has
/// none, whether it has one, and its codes.
fn lines(
    source: Source,
    coder: &Coder,
    mut each: impl FnMut(String, bool, Vec<u8>) -> Result<()>,
) -> Result<()> {
    let mut sequences = Sequences::new(source, None)?;
    while let Some(sequence) = sequences.next().transpose()? {
        let name = sequence.name.clone().unwrap_or_else(|| sequence.line.to_string());
        each(name, sequence.name.is_some(), sequences.codes_of(&sequence, coder)?)?;
    }
    Ok(())
}
