//! A run of a command that reads no genome: its files are claimed first and written last.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::Value;

use crate::cli::claim;
use crate::cli::command_line;
use crate::cli::interrupt;
use crate::cli::options::check_prefix;
use crate::cli::written::Written;
use crate::error::{Error, Result};
use crate::models::Model;
use crate::output::atomic::{AtomicFile, whole};
use crate::output::lock::Lock;
use crate::output::provenance::header_line;
use crate::output::summary::{ModelSummary, SequencesSummary};

/// The ending of the summary's name.
const SUMMARY: &str = "summary.json";

/// A run.
pub struct Run {
    /// `PREFIX.task`.
    prefix: String,
    endings: &'static [&'static str],
    begin: Instant,
    _lock: Lock,
    summary_file: AtomicFile,
    pub summary: SequencesSummary,
}

impl Run {
    /// Claims `PREFIX.task.*`, of which `endings` are all but the summary.
    ///
    /// # Errors
    /// An output that cannot be written.
    pub fn begin(
        output: &str,
        task: &str,
        endings: &'static [&'static str],
        inputs: &[&Path],
        model: &dyn Model,
    ) -> Result<Self> {
        let begin = Instant::now();
        if output == "-" {
            let problem = "-o takes a prefix, as in out/sample: there are several files";
            return Err(Error::Usage(problem.into()));
        }
        check_prefix(output, &format!("{task}.{SUMMARY}"))?;
        let prefix = format!("{output}.{task}");
        let mut files = claim::files(&prefix, endings);
        files.extend(claim::files(&prefix, &[SUMMARY]));
        let lock = claim::claim(&prefix, &files, inputs)?;
        let summary_file = AtomicFile::create(format!("{prefix}.{SUMMARY}").as_ref())?;
        let summary = SequencesSummary {
            program: "polyascan".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command_line: command_line::typed(),
            model: ModelSummary::of(model.card()),
            ..SequencesSummary::default()
        };
        Ok(Self { prefix, endings, begin, _lock: lock, summary_file, summary })
    }

    /// Says a remark, on standard error and in the summary.
    pub fn note(&mut self, note: String) {
        crate::say!("polyascan: note: {note}");
        self.summary.notes.push(note);
    }

    /// Notes a setting.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.summary.settings.insert(name.to_owned(), value.into());
    }

    /// Notes what was found.
    pub fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.summary.figures.insert(name.to_owned(), value.into());
    }

    /// Returns what made the results: only what decides them.
    pub fn made(&self) -> Vec<String> {
        let s = &self.summary;
        let mut lines = vec![
            format!("polyascan {}", s.version),
            format!("command: {}", command_line::result()),
            format!("model: {} sha256={}", s.model.name, s.model.sha256),
        ];
        for file in &s.files {
            let skipped: u64 = file.skipped.values().sum();
            lines.push(format!(
                "class {}: {} sha256={}, {} of {} sequences ({skipped} skipped)",
                file.class, file.file.path, file.file.sha256, file.used, file.read
            ));
        }
        lines
    }

    /// Returns a table with the header lines of all tables.
    pub fn table(&self, remarks: &[&str], text: &str) -> Vec<u8> {
        let mut lines = self.made();
        lines.extend(remarks.iter().map(|&remark| remark.to_owned()));
        let header: String = lines.iter().map(|line| header_line(line)).collect();
        (header + text).into_bytes()
    }

    /// Gives all files their names together, the summary with them, and says what was done.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn finish(mut self, files: Vec<(String, Vec<u8>)>, done: &str) -> Result<()> {
        let mut complete = Vec::new();
        for (ending, bytes) in &files {
            complete.push(whole(format!("{}.{ending}", self.prefix).as_ref(), bytes)?);
        }
        let names = claim::files(&self.prefix, self.endings);
        if let Some(note) = claim::replace_stale(&mut complete, &names) {
            self.note(note);
        }
        let seconds = self.begin.elapsed().as_secs_f64();
        self.summary.wall_seconds = seconds;
        complete.push(self.summary.complete(self.summary_file)?);
        let written = Written::publish(complete)?;
        crate::say!("polyascan: {done}; {seconds:.1} s");
        written.tell();
        Ok(())
    }
}

/// Stops long work where the user has asked for it.
///
/// # Errors
/// An interrupt.
pub fn go_on() -> Result<()> {
    match interrupt::watch().load(Ordering::Relaxed) {
        true => Err(Error::Interrupted),
        false => Ok(()),
    }
}
