//! The temporary files of unfinished outputs, so that a program that ends at once leaves none.

use std::collections::BTreeSet;
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
        Ok((file, Self { path }))
    }

    /// Gives the file its final name.
    pub fn persist(self, file: NamedTempFile, target: &Path) -> io::Result<()> {
        let unfinished = unfinished();
        let persisted = file.persist(target).map(drop).map_err(|e| e.error);
        // Before `self` is dropped, which needs it.
        drop(unfinished);
        persisted
    }
}

impl Drop for Temporary {
    /// The file has its final name by now, or was removed.
    fn drop(&mut self) {
        unfinished().remove(&self.path);
    }
}
