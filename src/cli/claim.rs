//! The names that a run writes under are its own.

use std::path::{Path, PathBuf};

use super::options::make_folder;
use crate::error::Result;
use crate::output::atomic::{keep_apart, keep_input};
use crate::output::lock::{self, Lock};

/// Returns the files called `PREFIX.ending`.
pub fn files(prefix: &str, endings: &[&str]) -> Vec<PathBuf> {
    endings.iter().map(|ending| PathBuf::from(format!("{prefix}.{ending}"))).collect()
}

/// Makes the folder that a prefix names, keeps other runs from the prefix, and removes what killed ones
/// have left unfinished of `files`, all that may be written.
///
/// # Errors
/// If one of `files` would replace one of `inputs` or is another of them, the folder cannot be written,
/// or another run is writing to the prefix.
pub fn claim(prefix: &str, files: &[PathBuf], inputs: &[&Path]) -> Result<Lock> {
    let lock = lock::path_of(prefix);
    for input in inputs {
        files.iter().chain([&lock]).try_for_each(|file| keep_input(input, file))?;
    }
    make_folder(prefix)?;
    keep_apart(&[files, &[lock]].concat())?;
    let lock = Lock::take(prefix)?;
    lock.sweep(files)?;
    Ok(lock)
}
