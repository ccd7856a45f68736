//! A run on sites of a genome: its files are claimed first and written last.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::common::{CommonOptions, LoadedModels};
use crate::cli::claimed::{self, Claimed};
use crate::cli::command_line;
use crate::cli::interrupt;
use crate::cli::options::{ThreadOptions, check_stdin, device_of};
use crate::cli::progress::Progress;
use crate::error::Result;
use crate::evaluate::measured::Place;
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::fasta::FastaFile;
use crate::interpret::run;
use crate::interpret::sites::{SiteWindows, Sites, Skip};
use crate::output::atomic::Complete;
use crate::output::provenance::{entries, file_entry};
use crate::output::summary::{FastaSummary, FileSummary, InterpretSummary, ModelSummary};
use crate::pipeline::Stop;

/// What a run on sites was asked for.
pub struct Asked<'a> {
    /// All files that are read.
    pub inputs: Vec<&'a Path>,
    pub fasta: &'a Path,
    /// Prefix.
    pub output: &'a str,
    pub threads: &'a ThreadOptions,
}

/// A run: its files are claimed first and written last.
pub struct Session {
    claimed: Claimed,
    fasta: FastaFile,
    sites: Sites,
    pub summary: InterpretSummary,
}

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
        let asked = Asked {
            inputs: options.inputs(),
            fasta: &options.fasta,
            output: &options.output,
            threads: &options.threads,
        };
        let read = |fasta: &FastaFile| {
            let source = Source::open(&options.sites)?;
            Ok((Sites::read(&source, &fasta.contigs)?, Some(FileSummary::of(&source)?)))
        };
        let mut session = Self::of(&asked, task, endings, loaded, read)?;
        session.set("seed", options.seed);
        Ok(session)
    }

    /// As [`Session::begin`], of sites that `read` gives, with the file that they came from if
    /// there is one.
    ///
    /// # Errors
    /// The same, and those of `read`.
    pub fn of(
        asked: &Asked<'_>,
        task: &str,
        endings: &'static [&'static str],
        loaded: &LoadedModels,
        read: impl FnOnce(&FastaFile) -> Result<(Sites, Option<FileSummary>)>,
    ) -> Result<Self> {
        let Asked { inputs, fasta, output, threads } = asked;
        check_stdin(inputs)?;
        let threads = threads.apply()?;
        let claimed = Claimed::claim(output, task, endings, inputs)?;
        let fasta = FastaFile::open(fasta)?;
        let (sites, sites_file) = read(&fasta)?;
        let mut summary = InterpretSummary {
            program: "polyascan".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command_line: command_line::typed(),
            model: ModelSummary::of(loaded.site_model().card()),
            strength_model: loaded.strength_model().map(|model| ModelSummary::of(model.card())),
            fasta: FastaSummary::of(&fasta),
            sites_file,
            threads,
            device: device_of(loaded.site_model()),
            ..InterpretSummary::default()
        };
        summary.sites.asked = sites.places.len() as u64;
        summary.sites.again = sites.again;
        let mut session = Self { claimed, fasta, sites, summary };
        if session.sites.again > 0 {
            let file = session.summary.sites_file.as_ref();
            let path = file.map_or("regions", |file| &file.path);
            session.note(format!("{path}: {} rows name a site once more", session.sites.again));
        }
        Ok(session)
    }

    /// Says a remark, on standard error and in the summary.
    pub fn note(&mut self, note: String) {
        tracing::info!(kind = "note", "{note}");
        self.summary.notes.push(note);
    }

    /// Returns the path of a file with an ending.
    pub fn path(&self, ending: &str) -> PathBuf {
        self.claimed.path(ending)
    }

    /// Returns the contigs of the genome.
    pub fn contigs(&self) -> &Contigs {
        &self.fasta.contigs
    }

    /// Returns a site's place.
    pub fn site(&self, number: usize) -> Place {
        self.sites.places[number]
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

    /// Hands every site's window to `work`, which says how many windows it asked the models for,
    /// and what that gives to `take`, in order.
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
        let mut lines = entries(&s.version, &command, Some(&s.model), strength, Some(&s.fasta));
        lines.extend(s.sites_file.iter().map(|file| file_entry("sites", file)));
        let account = &s.sites;
        let (scored, skipped) = (account.scored, account.all_skipped());
        lines.push(format!("sites scored: {scored} of {} ({skipped} skipped)", account.asked));
        claimed::table(lines, remarks, text)
    }

    /// Gives all files their names together, the summary with them, and says what was done.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn finish(self, files: Vec<(String, Vec<u8>)>) -> Result<()> {
        self.finish_with(files, Vec::new())
    }

    /// As [`Session::finish`], with files that are complete already.
    ///
    /// # Errors
    /// The same.
    pub fn finish_with(
        mut self,
        files: Vec<(String, Vec<u8>)>,
        mut complete: Vec<Complete>,
    ) -> Result<()> {
        if let Some(note) = self.claimed.complete(&files, &mut complete)? {
            self.note(note);
        }
        let seconds = self.claimed.seconds();
        let summary = &mut self.summary;
        summary.wall_seconds = seconds;
        summary.windows_per_second = summary.windows as f64 / seconds.max(1e-3);
        let written = self.claimed.publish(complete, |file| summary.complete(file))?;
        let sites = &self.summary.sites;
        let reasons = sites.skipped.iter().map(|(reason, n)| format!(", {n} skipped ({reason})"));
        tracing::info!(
            "{} sites: {} scored{}; {seconds:.1} s, {:.0} windows/s",
            sites.asked,
            sites.scored,
            reasons.collect::<String>(),
            self.summary.windows_per_second
        );
        written.tell();
        Ok(())
    }
}
