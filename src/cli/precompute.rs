//! `polyascan precompute`

mod report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args as ClapArgs;

use super::catalogues::{catalogue, known_places};
use super::chosen::GeneOptions;
use super::genes::read_genes;
use super::options::{ModelOptions, StrengthOptions, ThreadOptions, check_stdin};
use super::{claim, interrupt};
use crate::cli::progress::Progress;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::fasta::FastaFile;
use crate::genome::in_turn::InTurn;
use crate::output::lock::Lock;
use crate::output::provenance::header_line;
use crate::output::tabix::{CSI, IndexedTable, Layout, with_extension};
use crate::pipeline::Stop;
use crate::shard::Shard;
use crate::variants::mutagenesis::totals::Totals;
use crate::variants::precomputed::pieces::{self, POSITIONS, Piece, Stretch};
use crate::variants::precomputed::row::{COLUMNS, REMARKS};
use crate::variants::precomputed::tabulate::{self, Tabulated, Tabulator};
use crate::variants::precomputed::{AROUND, MANIFEST, PrecomputeSettings};
use crate::variants::scorer::VariantScorer;
use crate::variants::settings::LatentSites;
pub use report::computed_with;
use report::{Report, Share};

/// Nucleotides around a site at most.
const MOST_AROUND: u64 = 10_000;

/// Compute the effects of every SNV and 1-nt deletion around known sites, for `variants
/// --precomputed`.
///
/// Writes DIR/00001.tsv.gz, ... (BGZF with CSI index, for tabix, too): a row per change and site,
/// and DIR/precomputed.json, which says what they were computed with. A run that is killed goes on
/// when it is started again; runs with --shard 1/N to N/N, on any machines, fill one folder
/// together. `variants --precomputed DIR` with the same genome, models, settings, --annotation and
/// --sites looks up what is there and computes the rest: same bytes. Columns and sizes:
/// docs/VARIANTS.md.
#[derive(Debug, ClapArgs)]
#[command(group(clap::ArgGroup::new("where").required(true).multiple(true).args(["annotation", "catalogues"])))]
pub struct Args {
    /// Genome: plain, gzip or BGZF.
    #[arg(short, long, value_name = "FASTA")]
    fasta: PathBuf,
    /// Genes (GTF or GFF3, plain or compressed): the ends of their transcripts are sites, and
    /// changes are scored on the strands of the genes that they lie in, or past whose ends they
    /// lie.
    #[arg(short, long, visible_alias = "gtf", value_name = "GTF|GFF3")]
    annotation: Option<PathBuf>,
    /// Known sites (BED of 6 or more columns), of a catalogue or of `scan`; may be repeated.
    #[arg(long = "sites", value_name = "[NAME=]BED")]
    catalogues: Vec<String>,
    /// Nucleotides on either side of a site that are changed.
    #[arg(long, value_name = "NT", default_value_t = AROUND)]
    around: u64,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    strength: StrengthOptions,
    /// Latent sites that have rows: cleavage maxima that are called on neither haplotype, and that
    /// nobody knows.
    #[arg(long, value_enum, default_value = "changed", value_name = "SITES")]
    latent: LatentSites,
    /// Settings that replace those of config/default.toml (TOML).
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    /// Positions of a table: what a killed run loses at most, and the least share of a shard.
    #[arg(long, value_name = "NT", default_value_t = POSITIONS, value_parser = clap::value_parser!(u64).range(1..))]
    per_table: u64,
    /// Compute only the I-th of N equal shares of the work.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Folder for the tables.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// A piece and its stretches.
type Planned = (Piece, Vec<Stretch>);

/// Runs the command.
///
/// # Errors
/// Wrong input, a folder of something else, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    let begin = Instant::now();
    args.check()?;
    let config = Config::load(args.config.as_deref())?;
    let threads = args.threads.apply()?;
    let model = args.model.load()?;
    let strength = args.strength.load(&args.model)?;
    let settings = args.settings(&config);
    // Each change is asked for once.
    let numbers = settings.thresholds.engine(model.posterior(), args.latent, 1);
    let engine = VariantScorer::new(model.as_ref(), strength.as_deref(), numbers)?
        .stopping(interrupt::patience(false));
    let fasta = FastaFile::open(&args.fasta)?;
    let contigs = &fasta.contigs;
    let annotation = args.annotation.as_deref();
    let none = GeneOptions::default();
    let genes = read_genes(annotation, settings.extension, contigs, &none)?;
    let known = known_places(&args.catalogues, genes.genes.as_ref(), contigs)?;
    let models = (model.as_ref(), strength.as_deref());
    let with = computed_with((&settings.thresholds, args.latent), models, &fasta, &known.places);
    let mut report = Report::new(settings, models, &fasta, threads);
    report.inputs(genes.gtf.as_ref(), &known.files)?;
    genes.notes.iter().chain(&known.remarks).for_each(|note| report.note(note.clone()));

    let plan = pieces::plan(contigs, &known.places, args.around);
    let planned = pieces::cut(&plan, args.per_table);
    if planned.is_empty() {
        let problem = "there are no sites, so there is nothing to compute".to_owned();
        return Err(Error::Usage(problem));
    }
    let pieces = planned.iter().map(|(piece, _)| piece.clone());
    let manifest = report.manifest(with, pieces);
    let mine = args.shard.unwrap_or(Shard::WHOLE).of(planned.len() as u64);
    let mine = mine.start as usize..mine.end as usize;
    let lock = args.claim(&planned[mine.clone()])?;
    report.settle(&manifest, &args.output)?;
    let files = manifest.files(&args.output);
    let share: Vec<(usize, &Planned)> = mine
        .clone()
        .filter(|&number| !files[number].1)
        .map(|number| (number, &planned[number]))
        .collect();
    let there = (mine.len() - share.len()) as u64;
    let tabulator =
        Tabulator { engine: &engine, contigs, places: &known.places, genes: genes.genes.as_ref() };
    let mut tables = Tables {
        folder: &args.output,
        contigs,
        planned: &planned,
        header: report.provenance(),
        open: None,
        totals: Totals::named(),
        progress: Progress::of_positions(share.iter().map(|(_, (piece, _))| piece.positions).sum()),
    };
    let stop = Stop::new(interrupt::watch(), false);
    tabulate::run(&share, InTurn::new(&fasta)?, &tabulator, threads, &stop, |tabulated| {
        tables.take(&tabulated)
    })?;
    let totals = tables.finish()?;
    let missing = manifest.files(&args.output).iter().filter(|(_, is_there)| !is_there).count();
    let all = planned.len() as u64;
    let share = Share { pieces: all, computed: share.len() as u64, there, missing: missing as u64 };
    report.finish(&args.output, &args.base(), share, totals, begin.elapsed().as_secs_f64())?;
    drop(lock);
    Ok(())
}

impl Args {
    /// Refuses what cannot be.
    fn check(&self) -> Result<()> {
        if self.output == Path::new("-") {
            return Err(Error::Usage("-o takes a folder: there are several files".into()));
        }
        if self.around > MOST_AROUND {
            let around = self.around;
            return Err(Error::Usage(format!("--around {around}: at most {MOST_AROUND} nt")));
        }
        check_stdin(&self.inputs())
    }

    fn settings(&self, config: &Config) -> PrecomputeSettings {
        PrecomputeSettings {
            thresholds: config.variants.thresholds(&config.scan),
            latent: self.latent,
            extension: config.annotation.extension,
            around: self.around,
        }
    }

    fn inputs(&self) -> Vec<&Path> {
        let given = [Some(&self.fasta), self.annotation.as_ref(), self.config.as_ref()];
        let given = given.into_iter().flatten().map(PathBuf::as_path);
        let models = [self.model.file(), self.strength.file()];
        let catalogues = self.catalogues.iter().map(|text| Path::new(catalogue(text).1));
        given.chain(models.into_iter().flatten()).chain(catalogues).collect()
    }

    /// What names of files begin with that belong to this run alone.
    fn base(&self) -> String {
        match self.shard {
            None => "precompute".to_owned(),
            Some(shard) => format!("precompute.{}", shard.file_name()),
        }
    }

    /// Claims the names of all files of this run's share.
    fn claim(&self, mine: &[Planned]) -> Result<Lock> {
        let tables = mine.iter().map(|(piece, _)| self.output.join(&piece.file));
        let tables = tables.flat_map(|path| [with_extension(&path, CSI), path]);
        let prefix = self.output.join(self.base()).to_string_lossy().into_owned();
        let own = [PathBuf::from(format!("{prefix}.summary.json")), self.output.join(MANIFEST)];
        let files: Vec<PathBuf> = tables.chain(own).collect();
        claim::claim(&prefix, &files, &self.inputs())
    }
}

/// The tables of a run, of which one is open at a time.
struct Tables<'a> {
    folder: &'a Path,
    contigs: &'a Contigs,
    planned: &'a [Planned],
    header: Vec<String>,
    /// Number of the piece, and its table.
    open: Option<(usize, IndexedTable)>,
    totals: Totals,
    progress: Progress,
}

impl Tables<'_> {
    /// Writes what came of a unit.
    fn take(&mut self, tabulated: &Tabulated) -> Result<()> {
        if self.open.as_ref().is_some_and(|(number, _)| *number != tabulated.piece) {
            self.close()?;
        }
        let (_, table) = match &mut self.open {
            Some(open) => open,
            None => {
                let table = self.table(tabulated.piece)?;
                self.open.insert((tabulated.piece, table))
            }
        };
        for (position, rows) in &tabulated.rows {
            for row in rows {
                table.write_row(tabulated.contig, *position..position + 1, row)?;
            }
        }
        self.totals += &tabulated.totals;
        let Totals { positions, .. } = &tabulated.totals;
        self.progress.advance(positions.asked, tabulated.totals.scored());
        Ok(())
    }

    fn table(&self, number: usize) -> Result<IndexedTable> {
        let path = self.folder.join(&self.planned[number].0.file);
        let mut table = IndexedTable::create_fine(&path, self.contigs, Layout::Position)?;
        let remarks = REMARKS.iter().map(|&remark| remark.to_owned());
        for entry in self.header.iter().cloned().chain(remarks) {
            table.write_header(&header_line(&entry))?;
        }
        table.write_header(&format!("{}\n", COLUMNS.join("\t")))?;
        Ok(table)
    }

    /// Gives the open table its name: what is there is whole, and stays if the run is killed.
    fn close(&mut self) -> Result<()> {
        let Some((_, table)) = self.open.take() else { return Ok(()) };
        crate::output::atomic::publish(table.complete()?.into())
    }

    fn finish(mut self) -> Result<Totals> {
        self.close()?;
        Ok(self.totals)
    }
}
