//! The temporary files of unfinished outputs, so that a program that ends at once leaves none.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::{Builder, NamedTempFile};

static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary files of all unfinished outputs and calls `exit`, which must end the
/// program: meanwhile no output can be started or finished by another thread.
pub fn abandon_all(exit: impl FnOnce()) {
    let unfinished = unfinished();
    for path in unfinished.iter() {
        // What is gone already needs no removal, and there is nobody left to tell of anything else.
        let _ = std::fs::remove_file(path);
    }
    exit();
}

/// Random letters in the name of a temporary file.
pub(super) const RANDOM_LETTERS: usize = 6;

/// Returns what the name of the temporary file of an output begins and ends with.
pub(super) fn around_random(name: &OsStr) -> (String, &'static str) {
    (format!(".{}.", name.to_string_lossy()), ".tmp")
}

/// Removes the temporary files of the output `target` that killed programs have left. Their writers hold
/// a lock on them, which ends with the program.
pub(super) fn remove_abandoned(target: &Path) {
    let Some(name) = target.file_name() else { return };
    let (start, end) = around_random(name);
    let folder = target.parent().filter(|folder| *folder != Path::new(""));
    let Ok(entries) = std::fs::read_dir(folder.unwrap_or(Path::new("."))) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let random = name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(end));
        if random.is_some_and(|random| random.len() == RANDOM_LETTERS) && is_free(&entry.path()) {
            // What cannot be removed only takes room.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Returns whether no program holds a lock on a file.
fn is_free(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// A temporary file that [`abandon_all`] knows of.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
}

impl Temporary {
    /// Creates a file and remembers it.
    pub fn create(builder: &Builder<'_, '_>, folder: &Path) -> io::Result<(NamedTempFile, Self)> {
        let mut unfinished = unfinished();
        let file = builder.tempfile_in(folder)?;
        let path = file.path().to_owned();
        unfinished.insert(path.clone());
        // Where there are no locks, nobody can tell that it is abandoned, and it stays.
        let _ = file.as_file().try_lock();
        Ok((file, Self { path }))
    }

    /// Remembers a file that exists.
    pub fn remember(path: &Path) -> Self {
        unfinished().insert(path.to_owned());
        Self { path: path.to_owned() }
    }

    /// Gives files their final names, in order, between which [`abandon_all`] cannot come.
    ///
    /// # Errors
    /// If one cannot be renamed, with its final name.
    pub fn persist_all(
        files: Vec<(Self, NamedTempFile, PathBuf)>,
    ) -> Result<(), (PathBuf, io::Error)> {
        // Dropped behind the lock, which their drop needs.
        let mut done = Vec::with_capacity(files.len());
        let unfinished = unfinished();
        let mut renamed = Ok(());
        for (temporary, file, target) in files {
            done.push(temporary);
            if renamed.is_ok() {
                renamed = file.persist(&target).map(drop).map_err(|e| (target, e.error));
            }
        }
        drop(unfinished);
        renamed
    }
}

impl Drop for Temporary {
    /// The file has its final name by now, or is removed by its owner.
    fn drop(&mut self) {
        unfinished().remove(&self.path);
    }
}
