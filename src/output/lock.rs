//! One run at a time writes to a prefix.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::commit;
use super::temporaries::{self, Temporary};
use crate::error::{Error, Result};

/// How often the lock's file may be removed by its last holder just before it is locked.
const ATTEMPTS: usize = 100;

/// What a lock's file begins with.
const MARK: &str = "polyascan";

/// Returns the name of the file that locks a prefix.
pub fn path_of(prefix: &str) -> PathBuf {
    let prefix = Path::new(prefix);
    let mut name = temporaries::hidden(prefix.file_name().unwrap_or_default());
    name.push(".polyascan.lock");
    prefix.with_file_name(name)
}

/// Keeps other runs from writing to a prefix until it is dropped, by a lock of the operating system
/// on the file [`path_of`] it: one that was left behind by a killed run locks nothing.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// `None` on a file system without locks.
    locked: Option<File>,
    /// Remarks for whoever runs the command.
    pub notes: Vec<String>,
    _temporary: Temporary,
}

impl Lock {
    /// Locks a prefix.
    ///
    /// # Errors
    /// If another run holds the lock, the file cannot be made, or there is one that is no lock.
    pub fn take(prefix: &str) -> Result<Self> {
        let path = path_of(prefix);
        let failed = |e| Error::io(&path, "cannot create", e);
        let mut attempts = 0..ATTEMPTS;
        loop {
            check_is_ours(&path)?;
            let mut open = OpenOptions::new();
            let open = open.read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = match open {
                Err(e) if e.kind() == ErrorKind::PermissionDenied && path.exists() => {
                    // Of another user: a lock needs no right to write.
                    File::open(&path).map_err(|_| of_another_user(&path))?
                }
                open => open.map_err(failed)?,
            };
            match file.try_lock() {
                Ok(()) if !is_named(&file, &path) && attempts.next().is_some() => continue,
                Ok(()) => {
                    // Only for people: without it the lock is as good.
                    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", this_run()));
                    return Ok(Self::remembered(path, Some(file)));
                }
                Err(TryLockError::WouldBlock) => {
                    let holder = fs::read_to_string(&path).unwrap_or_default();
                    let problem = format!(
                        "another run ({}) writes to this prefix; wait for it, or choose another prefix",
                        holder.trim()
                    );
                    return Err(Error::of_file(&path, problem));
                }
                // Some network file systems have no locks: that must not keep anybody from work.
                Err(TryLockError::Error(e)) => {
                    let note = format!(
                        "{}: cannot lock ({e}); see to it that no other run writes to this prefix",
                        path.display()
                    );
                    let mut lock = Self::remembered(path, None);
                    lock.notes.push(note);
                    return Ok(lock);
                }
            }
        }
    }

    /// Locks a prefix and sweeps the outputs that the lock keeps.
    ///
    /// # Errors
    /// As [`Lock::take`] and [`Lock::sweep`].
    pub fn over(prefix: &str, outputs: &[PathBuf]) -> Result<Self> {
        let mut lock = Self::take(prefix)?;
        lock.sweep(outputs)?;
        Ok(lock)
    }

    fn remembered(path: PathBuf, locked: Option<File>) -> Self {
        let notes = Vec::new();
        Self { _temporary: Temporary::remember(&path), path, locked, notes }
    }

    /// Removes what killed runs have left unfinished of outputs called `PREFIX.NUMBER.` and
    /// anything.
    pub fn sweep_numbered(&self, prefix: &str) {
        if self.locked.is_some() {
            temporaries::remove_abandoned_numbered(Path::new(prefix));
        }
    }

    /// Completes what a run that was killed while its files got their names has not come to, and
    /// removes what killed runs have left unfinished, of outputs that the lock keeps.
    ///
    /// # Errors
    /// If a file cannot be renamed.
    pub fn sweep(&mut self, outputs: &[PathBuf]) -> Result<()> {
        if self.locked.is_none() {
            return Ok(());
        }
        for output in outputs {
            let failed = |(path, e): (PathBuf, _)| Error::io(&path, "cannot rename to this", e);
            if commit::complete_killed(output).map_err(failed)? {
                self.notes.push(format!(
                    "{}: an earlier run was killed while its files got their names; that is completed",
                    output.display()
                ));
            }
        }
        outputs.iter().for_each(|output| temporaries::remove_abandoned(output));
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before it is unlocked: whoever gets the lock then sees that this file has no name.
        let _ = fs::remove_file(&self.path);
    }
}

/// Says whose lock it is that cannot even be read.
fn of_another_user(path: &Path) -> Error {
    let owner = fs::metadata(path)
        .map_or_else(|_| "another user".into(), |there| format!("user {}", there.uid()));
    let problem = format!(
        "a lock of {owner}, which you may not read; if no run of theirs writes to this prefix, have it removed, or \
         choose another prefix"
    );
    Error::of_file(path, problem)
}

/// Makes sure that a file in the lock's place is a lock: it is going to be removed.
fn check_is_ours(path: &Path) -> Result<()> {
    let Ok(there) = fs::symlink_metadata(path) else { return Ok(()) };
    let begins_well = || {
        let mut text = Vec::new();
        let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut text));
        // What cannot be read is looked at when it is locked.
        read.is_err() || text.is_empty() || text.starts_with(MARK.as_bytes())
    };
    if there.is_file() && begins_well() {
        return Ok(());
    }
    let problem = "this is no lock of a run, but has its name; move it, or choose another prefix";
    Err(Error::of_file(path, problem))
}

/// Returns whether the file still has its name: its last holder removes it.
fn is_named(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), fs::metadata(path)) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

/// Says which process this is, and where.
fn this_run() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{MARK}, process {} on {}", std::process::id(), host.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_locked_once_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("x").to_str().unwrap().to_owned();
        // Left behind by a killed run.
        fs::write(path_of(&prefix), "polyascan, process 1").unwrap();
        let lock = Lock::take(&prefix).unwrap();
        let message = Lock::take(&prefix).unwrap_err().to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        assert!(path_of(&prefix).exists());
        let other = Lock::take(&format!("{prefix}.1-of-2")).unwrap();
        drop((lock, other));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        drop(Lock::take(&prefix).unwrap());
    }

    #[test]
    fn what_is_no_lock_is_neither_changed_nor_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (prefix, mine) = (folder.path().join("x"), folder.path().join("genome.fa"));
        let (prefix, lock) = (prefix.to_str().unwrap(), path_of(prefix.to_str().unwrap()));
        fs::write(&mine, ">a\nACGT\n").unwrap();
        let make: [fn(&Path, &Path); 3] = [
            |mine, lock| fs::copy(mine, lock).map(|_| ()).unwrap(),
            |mine, lock| std::os::unix::fs::symlink(mine, lock).unwrap(),
            |_, lock| fs::create_dir(lock).unwrap(),
        ];
        for make in make {
            make(&mine, &lock);
            let message = Lock::take(prefix).unwrap_err().to_string();
            assert!(message.contains("no lock of a run"), "{message}");
            assert_eq!(fs::read(&mine).unwrap(), b">a\nACGT\n");
            assert!(lock.exists());
            fs::remove_file(&lock).or_else(|_| fs::remove_dir(&lock)).unwrap();
        }
    }

    #[test]
    fn temporary_files_of_killed_runs_are_removed_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let kept = [".x.y.sites.bed.Ab1Cd2.tmp", ".x.sites.bed.tmp", ".x.sites.bed.Ab1Cd2"];
        for name in kept.iter().chain(&[".x.sites.bed.Ab1Cd2.tmp"]) {
            fs::write(at(name), "").unwrap();
        }
        let alive = fs::File::create(at(".x.sites.bed.Ef3Gh4.tmp")).unwrap();
        alive.try_lock().unwrap();
        Lock::take(&at("x")).unwrap().sweep(&[at("x.sites.bed").into()]).unwrap();
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let mut kept: Vec<&str> = [&kept[..], &[".x.sites.bed.Ef3Gh4.tmp"]].concat();
        kept.sort_unstable();
        assert_eq!(names, kept);
    }
}
