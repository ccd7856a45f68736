//! The files of a run: claimed first, named last, all together.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::claim;
use crate::cli::options::check_prefix_of_several;
use crate::cli::written::Written;
use crate::error::Result;
use crate::output::atomic::{AtomicFile, Complete, whole};
use crate::output::lock::Lock;
use crate::output::provenance::header_line;

/// The ending of the summary's name.
const SUMMARY: &str = "summary.json";

/// Files that no other run writes meanwhile.
pub struct Claimed {
    /// `PREFIX.task`.
    prefix: String,
    endings: &'static [&'static str],
    begin: Instant,
    lock: Lock,
    summary: AtomicFile,
}

impl Claimed {
    /// Claims `PREFIX.task.*`, of which `endings` are all but the summary.
    ///
    /// # Errors
    /// An output that cannot be written.
    pub fn claim(
        output: &str,
        task: &str,
        endings: &'static [&'static str],
        inputs: &[&Path],
    ) -> Result<Self> {
        let begin = Instant::now();
        check_prefix_of_several(output, &format!("{task}.{SUMMARY}"))?;
        let prefix = format!("{output}.{task}");
        let mut files = claim::files(&prefix, endings);
        files.extend(claim::files(&prefix, &[SUMMARY]));
        let lock = claim::claim(&prefix, &files, inputs)?;
        let summary = AtomicFile::create(format!("{prefix}.{SUMMARY}").as_ref())?;
        Ok(Self { prefix, endings, begin, lock, summary })
    }

    /// Returns the path of a file with an ending.
    pub fn path(&self, ending: &str) -> PathBuf {
        PathBuf::from(format!("{}.{ending}", self.prefix))
    }

    /// Returns how long the run has taken so far.
    pub fn seconds(&self) -> f64 {
        self.begin.elapsed().as_secs_f64()
    }

    /// Adds files by their endings to those that are complete; returns what is to be said of files
    /// that an earlier run has left, and that go when these come.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn complete(
        &self,
        files: &[(String, Vec<u8>)],
        complete: &mut Vec<Complete>,
    ) -> Result<Option<String>> {
        for (ending, bytes) in files {
            complete.push(whole(&self.path(ending), bytes)?);
        }
        Ok(claim::replace_stale(complete, &claim::files(&self.prefix, self.endings)))
    }

    /// Gives files their names together, with the summary that `write` writes.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn publish(
        self,
        mut complete: Vec<Complete>,
        write: impl FnOnce(AtomicFile) -> Result<Complete>,
    ) -> Result<Written> {
        complete.push(write(self.summary)?);
        let written = Written::publish(complete)?;
        drop(self.lock);
        Ok(written)
    }
}

/// Returns a table below header lines: what made it, and what its columns mean.
pub fn table(mut made: Vec<String>, remarks: &[&str], text: &str) -> Vec<u8> {
    made.extend(remarks.iter().map(|&remark| remark.to_owned()));
    let header: String = made.iter().map(|line| header_line(line)).collect();
    (header + text).into_bytes()
}
