//! The names that a run writes under are its own.

use std::path::{Path, PathBuf};

use super::options::make_folder;
use crate::error::Result;
use crate::output::atomic::keep_input;
use crate::output::lock::Lock;

/// Makes the folder that a prefix names, keeps other runs from the prefix, and removes what killed ones
/// have left unfinished of `files`, all that may be written.
///
/// # Errors
/// If one of `files` would replace one of `inputs`, the folder cannot be written, or another run is
/// writing to the prefix.
pub fn claim<'a>(
    prefix: &str,
    files: &[PathBuf],
    inputs: impl Iterator<Item = &'a Path>,
) -> Result<Lock> {
    for input in inputs {
        files.iter().try_for_each(|file| keep_input(input, file))?;
    }
    make_folder(prefix)?;
    let lock = Lock::take(prefix)?;
    lock.sweep(files);
    Ok(lock)
}
