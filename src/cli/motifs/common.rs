//! What the commands on motifs share: sites, models, the account of a run, its files.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use crate::cli::claim;
use crate::cli::command_line;
use crate::cli::interrupt;
use crate::cli::options::{
    ModelOptions, StrengthOptions, ThreadOptions, check_prefix, check_stdin, device_of,
};
use crate::cli::written::Written;
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::interpret::models::Models;
use crate::interpret::replace::{MOST_REPLACEMENTS, Settings};
use crate::interpret::run;
use crate::interpret::sites::{SiteWindows, Sites, Skip};
use crate::models::Model;
use crate::output::atomic::{AtomicFile, whole};
use crate::output::lock::Lock;
use crate::output::picture::Picture;
use crate::output::provenance::{entries, header_line};
use crate::output::summary::{FastaSummary, FileSummary, InterpretSummary, ModelSummary};
use crate::pipeline::Stop;
use crate::scan::progress::Progress;

/// Pixels of a PNG for one of the SVG: sharp on fine screens and in print.
const PNG_SCALE: u32 = 2;

/// Which sites, models and files.
#[derive(Debug, clap::Args)]
pub struct CommonOptions {
    /// polyA sites: BED as `scan` writes it, or a table with the columns contig, offset (0-based) and strand.
    pub sites: PathBuf,
    /// Genome: plain, gzip or BGZF.
    #[arg(short, long, value_name = "FASTA")]
    pub fasta: PathBuf,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub strength: StrengthOptions,
    /// Where what is drawn at random begins.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub threads: ThreadOptions,
    /// Where to write.
    #[arg(short, long, value_name = "PREFIX")]
    pub output: String,
}

/// How hexamers are replaced.
#[derive(Debug, clap::Args)]
pub struct ReplacementOptions {
    /// Random hexamers in place of each.
    #[arg(long, value_name = "N", default_value_t = 100)]
    replacements: usize,
}

impl ReplacementOptions {
    /// Returns the settings of replacements that are drawn from `seed`.
    ///
    /// # Errors
    /// None, or too many of them.
    pub fn settings(&self, seed: u64) -> Result<Settings> {
        let replacements = self.replacements;
        match (1..=MOST_REPLACEMENTS).contains(&replacements) {
            true => Ok(Settings { replacements, seed }),
            false => Err(Error::Usage(format!(
                "--replacements {replacements}: it must lie between 1 and {MOST_REPLACEMENTS}"
            ))),
        }
    }
}

impl CommonOptions {
    fn inputs(&self) -> Vec<&Path> {
        let models = [self.model.file(), self.strength.file()];
        let given = [self.sites.as_path(), self.fasta.as_path()];
        given.into_iter().chain(models.into_iter().flatten()).collect()
    }
}

/// The models of a run.
pub struct LoadedModels {
    model: Box<dyn Model>,
    strength: Option<Box<dyn Model>>,
}

impl LoadedModels {
    /// Loads them.
    ///
    /// # Errors
    /// If there is no such model.
    pub fn load(options: &CommonOptions) -> Result<Self> {
        let model = options.model.load()?;
        Ok(Self { model, strength: options.strength.load(&options.model)? })
    }

    /// Returns the model that is named first.
    pub fn site_model(&self) -> &dyn Model {
        self.model.as_ref()
    }

    /// Returns them as they are asked.
    ///
    /// # Errors
    /// If they speak of something else.
    pub fn models(&self) -> Result<Models<'_>> {
        Models::new(self.model.as_ref(), self.strength.as_deref())
    }
}

/// A run: its files are claimed first and written last.
pub struct Session {
    /// `PREFIX.task`.
    prefix: String,
    endings: &'static [&'static str],
    begin: Instant,
    _lock: Lock,
    summary_file: AtomicFile,
    fasta: FastaFile,
    sites: Sites,
    pub summary: InterpretSummary,
}

/// The ending of the summary's name.
const SUMMARY: &str = "summary.json";

impl Session {
    /// Claims `PREFIX.task.*`, of which `endings` are all but the summary, and reads the sites.
    ///
    /// # Errors
    /// An output that cannot be written; input that cannot be read.
    pub fn begin(
        options: &CommonOptions,
        task: &str,
        endings: &'static [&'static str],
        loaded: &LoadedModels,
    ) -> Result<Self> {
        let begin = Instant::now();
        let inputs = options.inputs();
        if options.output == "-" {
            let problem = "-o takes a prefix, as in out/sample: there are several files";
            return Err(Error::Usage(problem.into()));
        }
        check_prefix(&options.output, &format!("{task}.{SUMMARY}"))?;
        check_stdin(&inputs)?;
        let threads = options.threads.apply()?;
        let prefix = format!("{}.{task}", options.output);
        let mut files = claim::files(&prefix, endings);
        files.extend(claim::files(&prefix, &[SUMMARY]));
        let lock = claim::claim(&prefix, &files, &inputs)?;
        let summary_file = AtomicFile::create(format!("{prefix}.{SUMMARY}").as_ref())?;
        let fasta = FastaFile::open(&options.fasta)?;
        let source = Source::open(&options.sites)?;
        let sites = Sites::read(&source, &fasta.contigs)?;
        let mut summary = InterpretSummary {
            program: "polyascan".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command_line: command_line::typed(),
            model: ModelSummary::of(loaded.model.card()),
            strength_model: loaded.strength.as_ref().map(|model| ModelSummary::of(model.card())),
            fasta: FastaSummary::of(&fasta),
            sites_file: FileSummary::of(&source)?,
            threads,
            device: device_of(loaded.model.as_ref()),
            ..InterpretSummary::default()
        };
        summary.sites.asked = sites.places.len() as u64;
        summary.sites.again = sites.again;
        summary.settings.insert("seed".into(), options.seed.into());
        let mut session =
            Self { prefix, endings, begin, _lock: lock, summary_file, fasta, sites, summary };
        if session.sites.again > 0 {
            let path = options.sites.display();
            session.note(format!("{path}: {} rows name a site once more", session.sites.again));
        }
        Ok(session)
    }

    /// Says a remark, on standard error and in the summary.
    pub fn note(&mut self, note: String) {
        crate::say!("polyascan: note: {note}");
        self.summary.notes.push(note);
    }

    /// Returns a site's contig, position (1-based) and strand.
    pub fn place(&self, number: usize) -> [String; 3] {
        let place = self.sites.places[number];
        let name = self.fasta.contigs[place.contig].name.clone();
        [name, (place.position + 1).to_string(), place.strand.to_string()]
    }

    /// Notes a setting.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.summary.settings.insert(name.to_owned(), value.into());
    }

    /// Hands every site's window to `work`, which says how many windows it asked the models for, and what that gives
    /// to `take`, in order.
    ///
    /// # Errors
    /// Those of both; an interrupt.
    pub fn each_site<T: Send>(
        &mut self,
        work: impl Fn(usize, &[u8]) -> Result<(T, u64)> + Sync,
        mut take: impl FnMut(T),
    ) -> Result<()> {
        let windows = SiteWindows::new(&self.fasta, &self.sites)?;
        let stop = Stop::new(interrupt::watch(), false);
        let mut progress = Progress::of_sites(self.sites.places.len() as u64);
        let summary = &mut self.summary;
        run::run(windows, summary.threads, &stop, work, |_, done| {
            match done {
                Ok((done, windows)) => {
                    summary.sites.scored += 1;
                    summary.windows += windows;
                    progress.advance(1, windows);
                    take(done);
                }
                Err(skip) => {
                    let reason = match skip {
                        Skip::ContigEdge => "contig_edge",
                        Skip::N => "n",
                    };
                    *summary.sites.skipped.entry(reason.to_owned()).or_default() += 1;
                    progress.advance(1, 0);
                }
            }
            Ok(())
        })
    }

    /// Returns a table with the header lines of all tables: only what decides the results.
    pub fn table(&self, remarks: &[&str], text: &str) -> Vec<u8> {
        let s = &self.summary;
        let (command, strength) = (command_line::result(), s.strength_model.as_ref());
        let mut lines = entries(&s.version, &command, &s.model, strength, &s.fasta);
        lines.push(format!("sites: {} sha256={}", s.sites_file.path, s.sites_file.sha256));
        let account = &s.sites;
        let (scored, skipped) = (account.scored, account.all_skipped());
        lines.push(format!("sites scored: {scored} of {} ({skipped} skipped)", account.asked));
        lines.extend(remarks.iter().map(|&remark| remark.to_owned()));
        let header: String = lines.iter().map(|line| header_line(line)).collect();
        (header + text).into_bytes()
    }

    /// Gives all files their names together, the summary with them, and says what was done.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn finish(mut self, files: Vec<(String, Vec<u8>)>) -> Result<()> {
        let mut complete = Vec::new();
        for (ending, bytes) in &files {
            complete.push(whole(format!("{}.{ending}", self.prefix).as_ref(), bytes)?);
        }
        let names = claim::files(&self.prefix, self.endings);
        if let Some(note) = claim::replace_stale(&mut complete, &names) {
            self.note(note);
        }
        let seconds = self.begin.elapsed().as_secs_f64();
        let summary = &mut self.summary;
        summary.wall_seconds = seconds;
        summary.windows_per_second = summary.windows as f64 / seconds.max(1e-3);
        complete.push(summary.complete(self.summary_file)?);
        let written = Written::publish(complete)?;
        let sites = &self.summary.sites;
        let reasons = sites.skipped.iter().map(|(reason, n)| format!(", {n} skipped ({reason})"));
        crate::say!(
            "polyascan: {} sites: {} scored{}; {seconds:.1} s, {:.0} windows/s",
            sites.asked,
            sites.scored,
            reasons.collect::<String>(),
            self.summary.windows_per_second
        );
        written.tell();
        Ok(())
    }
}

/// Returns a picture as SVG and PNG under a name.
///
/// # Errors
/// If it cannot be drawn.
pub fn picture(name: &str, picture: &Picture) -> Result<[(String, Vec<u8>); 2]> {
    let (svg, png) = (picture.svg().into_bytes(), picture.png(PNG_SCALE)?);
    Ok([(format!("{name}.svg"), svg), (format!("{name}.png"), png)])
}
