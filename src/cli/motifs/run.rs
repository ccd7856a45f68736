//! A run of a command that reads no genome: its files are claimed first and written last.

use std::path::Path;
use std::sync::atomic::Ordering;

use serde_json::Value;

use crate::cli::claimed::{self, Claimed};
use crate::cli::command_line;
use crate::cli::interrupt;
use crate::error::{Error, Result};
use crate::models::Model;
use crate::output::provenance::entries;
use crate::output::summary::{ModelSummary, SequencesSummary};

/// A run.
pub struct Run {
    claimed: Claimed,
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
        let claimed = Claimed::claim(output, task, endings, inputs)?;
        let summary = SequencesSummary {
            program: "polyascan".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command_line: command_line::typed(),
            model: ModelSummary::of(model.card()),
            ..SequencesSummary::default()
        };
        Ok(Self { claimed, summary })
    }

    /// Says a remark, on standard error and in the summary.
    pub fn note(&mut self, note: String) {
        tracing::info!(kind = "note", "{note}");
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
        let mut lines = entries(&s.version, &command_line::result(), Some(&s.model), None, None);
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
        claimed::table(self.made(), remarks, text)
    }

    /// Gives all files their names together, the summary with them, and says what was done.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn finish(mut self, files: Vec<(String, Vec<u8>)>, done: &str) -> Result<()> {
        let mut complete = Vec::new();
        if let Some(note) = self.claimed.complete(&files, &mut complete)? {
            self.note(note);
        }
        let seconds = self.claimed.seconds();
        self.summary.wall_seconds = seconds;
        let written = self.claimed.publish(complete, |file| self.summary.complete(file))?;
        tracing::info!("{done}; {seconds:.1} s");
        written.tell();
        Ok(())
    }
}

/// Stops long work where the user has asked for it.
///
/// # Errors
/// An interrupt.
pub fn go_on() -> Result<()> {
    if interrupt::watch().load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
}
