//! The temporary files of unfinished outputs, so that a program that ends at once leaves none.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
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

/// Bytes of a name that hidden names repeat: with what is added they are no longer than any file
/// system takes.
const REPEATED: usize = 100;

/// Returns what the names of hidden files beside the file `name` begin with: a dot and the name, of
/// a long one its beginning and a checksum.
pub(super) fn hidden(name: &OsStr) -> OsString {
    let bytes = name.as_bytes();
    let mut hidden = b".".to_vec();
    if bytes.len() <= REPEATED {
        hidden.extend(bytes);
    } else {
        let text = name.to_string_lossy();
        let end = text.char_indices().map(|(at, _)| at).take_while(|&at| at <= REPEATED).last();
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        hidden.extend(&text.as_bytes()[..end.unwrap_or(0)]);
        hidden.extend(format!("~{:08x}", sum.sum()).bytes());
    }
    OsString::from_vec(hidden)
}

/// Returns what the name of the temporary file of an output begins and ends with.
pub(super) fn around_random(name: &OsStr) -> (OsString, &'static str) {
    let mut start = hidden(name);
    start.push(".");
    (start, ".tmp")
}

/// Returns whether a path is that of a temporary file of the output `name`.
pub(super) fn is_of(path: &Path, name: &OsStr) -> bool {
    let (start, end) = around_random(name);
    let random = path.file_name().and_then(|name| name.as_bytes().strip_prefix(start.as_bytes()));
    let random = random.and_then(|rest| rest.strip_suffix(end.as_bytes()));
    random.is_some_and(|random| random.len() == RANDOM_LETTERS)
}

/// Keeps [`abandon_all`] away while files get their names.
pub(super) fn hold() -> impl Sized {
    unfinished()
}

/// Removes the temporary files of the output `target` that killed programs have left. Their writers
/// hold a lock on them, which ends with the program.
pub(super) fn remove_abandoned(target: &Path) {
    let Some(name) = target.file_name() else { return };
    remove_free(target, |path| is_of(path, name));
}

/// Does the same for all outputs called `PREFIX.NUMBER.` and anything.
pub(super) fn remove_abandoned_numbered(prefix: &Path) {
    let mut start = hidden(prefix.file_name().unwrap_or_default());
    start.push(".");
    remove_free(prefix, |path| {
        let name = path.file_name().unwrap_or_default().as_bytes();
        let rest = name.strip_prefix(start.as_bytes()).and_then(|rest| rest.strip_suffix(b".tmp"));
        let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest.is_some_and(|rest| digits(rest) > 0 && rest.get(digits(rest)) == Some(&b'.'))
    });
}

/// Removes the files beside a path that are meant and that no program holds a lock on.
fn remove_free(beside: &Path, is_meant: impl Fn(&Path) -> bool) {
    let folder = beside.parent().filter(|folder| *folder != Path::new(""));
    let Ok(entries) = std::fs::read_dir(folder.unwrap_or(Path::new("."))) else { return };
    for entry in entries.flatten() {
        if is_meant(&entry.path()) && is_free(&entry.path()) {
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
}

impl Drop for Temporary {
    /// The file has its final name by now, or is removed by its owner.
    fn drop(&mut self) {
        unfinished().remove(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_names_are_as_long_as_any_file_system_takes() {
        let long = "s".repeat(255);
        let other = format!("{}t", "s".repeat(254));
        for name in [&long, &other, &"\u{e4}".repeat(127)] {
            let hidden = hidden(OsStr::new(name));
            assert!(hidden.len() + ".polyascan.commit".len() <= 143, "{}", hidden.len());
        }
        assert_ne!(hidden(OsStr::new(&long)), hidden(OsStr::new(&other)));
        assert_eq!(hidden(OsStr::new("x.bed")), ".x.bed");
        let latin = OsString::from_vec(vec![b'x', 0xe4]);
        assert_ne!(hidden(&latin), hidden(OsStr::from_bytes(b"x\xf6")));
        assert!(is_of(Path::new("a/.x.bed.abcdef.tmp"), OsStr::new("x.bed")));
        assert!(!is_of(Path::new("a/.x.bed.gz.abcdef.tmp"), OsStr::new("x.bed")));
    }
}
