//! The names that a run writes under are its own.

use std::path::{Path, PathBuf};

use super::options::make_folder;
use crate::error::Result;
use crate::output::atomic::{Complete, keep_apart, keep_input};
use crate::output::lock::{self, Lock};
use crate::text::count;

/// Names in a message at most.
const SHOWN: usize = 6;

/// Returns the files called `PREFIX.ending`.
pub fn files(prefix: &str, endings: &[&str]) -> Vec<PathBuf> {
    endings.iter().map(|ending| PathBuf::from(format!("{prefix}.{ending}"))).collect()
}

/// Returns what a prefix calls its sample: the last part of its path.
pub fn sample(prefix: &str) -> &str {
    prefix.rsplit('/').next().unwrap_or(prefix)
}

/// Marks those of `names` that an earlier run has left and this one does not write: they speak of
/// other results, and go when the new files come. Returns what is to be said of them.
pub fn replace_stale(complete: &mut Vec<Complete>, names: &[PathBuf]) -> Option<String> {
    let is_written = |name: &&PathBuf| complete.iter().any(|file| file.path() == name.as_path());
    let stale: Vec<PathBuf> =
        names.iter().filter(|name| name.is_file() && !is_written(name)).cloned().collect();
    if stale.is_empty() {
        return None;
    }
    let shown: Vec<String> =
        stale.iter().take(SHOWN).map(|name| name.display().to_string()).collect();
    let more = if stale.len() > SHOWN { ", ..." } else { "" };
    let note = format!(
        "removed {} of an earlier run, which do not belong to the new ones: {}{more}",
        count(stale.len() as u64, "file"),
        shown.join(", ")
    );
    let first = complete.pop()?;
    complete.push(first.replacing(stale));
    Some(note)
}

/// Makes the folder that a prefix names, keeps other runs from the prefix, and removes what killed
/// ones have left unfinished of `files`, all that may be written.
///
/// # Errors
/// If one of `files` would replace one of `inputs` or is another of them, the folder cannot be
/// written, or another run is writing to the prefix.
pub fn claim(prefix: &str, files: &[PathBuf], inputs: &[&Path]) -> Result<Lock> {
    let lock = lock::path_of(prefix);
    for input in inputs {
        files.iter().chain([&lock]).try_for_each(|file| keep_input(input, file))?;
    }
    make_folder(prefix)?;
    keep_apart(&[files, &[lock]].concat())?;
    lock_over(prefix, files)
}

/// Locks a prefix, sweeps the outputs that the lock keeps, and says what there is to say of it.
///
/// # Errors
/// As [`Lock::over`].
pub fn lock_over(prefix: &str, outputs: &[PathBuf]) -> Result<Lock> {
    let lock = Lock::over(prefix, outputs)?;
    lock.notes.iter().for_each(|note| tracing::info!(kind = "note", "{note}"));
    Ok(lock)
}
