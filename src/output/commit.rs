//! The files of a run get their names together.
//!
//! No file system renames several files at once. So a marker says what is to become what, and old
//! files are kept beside: where a rename fails, those done before are undone; where the program is
//! killed between two, the next run into the prefix finds the marker and does the rest.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::temporaries::{self, Temporary};

/// A finished file, and the name that it is to have.
pub(super) type Finished = (Temporary, NamedTempFile, PathBuf);

/// What went wrong, and with which file.
type Failure = (PathBuf, io::Error);

/// What stands in a marker. Paths are absolute.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Marker {
    /// Where each file lies, and the name that it gets.
    moves: Vec<(OsString, OsString)>,
    /// Files of an earlier run that go, or are replaced, and where they are kept meanwhile.
    old: Vec<(OsString, OsString)>,
    /// Of those, which go.
    stale: Vec<OsString>,
    /// Names that no file had before.
    new: Vec<OsString>,
}

/// Returns the name of the marker of a run whose last file is `target`.
fn marker_of(target: &Path) -> PathBuf {
    let name = temporaries::hidden(target.file_name().unwrap_or_default());
    let mut name = name;
    name.push(".polyascan.commit");
    target.with_file_name(name)
}

/// Gives all files their names, and removes those of an earlier run that do not belong to them: all
/// or, where a rename fails, none. [`temporaries::abandon_all`] cannot come between.
///
/// # Errors
/// The first failure, with the name.
pub(super) fn commit(files: Vec<Finished>, stale: Vec<PathBuf>) -> Result<(), Failure> {
    let stale: Vec<PathBuf> = stale.into_iter().filter(|path| path.exists()).collect();
    // Dropped behind the lock, which their drop needs.
    let mut kept = Vec::with_capacity(files.len());
    let held = temporaries::hold();
    let committed = if files.len() + stale.len() < 2 {
        files.into_iter().try_for_each(|(temporary, file, target)| {
            kept.push(temporary);
            file.persist(&target).map(drop).map_err(|e| (target, e.error))
        })
    } else {
        together(files, &stale, &mut kept)
    };
    drop(held);
    committed
}

fn together(
    files: Vec<Finished>,
    stale: &[PathBuf],
    kept: &mut Vec<Temporary>,
) -> Result<(), Failure> {
    let last = files.last().map(|(_, _, target)| target.clone());
    let Some(last) = last.or_else(|| stale.first().cloned()) else { return Ok(()) };
    let path = marker_of(&last);
    let marker = Marker::of(&files, stale);
    if let Err(e) = marker.write(&path) {
        // What is dropped here would wait for the lock that is held.
        kept.extend(files.into_iter().map(|(temporary, ..)| temporary));
        let _ = fs::remove_file(&path);
        return Err((path, e));
    }
    let mut files = files.into_iter();
    let renamed = marker.set_aside(stale).and_then(|()| {
        for (temporary, file, target) in files.by_ref() {
            kept.push(temporary);
            file.persist(&target).map_err(|e| (target, e.error))?;
        }
        Ok(())
    });
    kept.extend(files.map(|(temporary, ..)| temporary));
    match renamed {
        Ok(()) => marker.forget_old(),
        Err(_) => marker.undo(),
    }
    let _ = fs::remove_file(&path);
    renamed
}

impl Marker {
    fn of(files: &[Finished], stale: &[PathBuf]) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut marker = Self::default();
        for (_, file, target) in files {
            marker.moves.push((absolute(file.path()).into(), absolute(target).into()));
        }
        let targets = files.iter().map(|(.., target)| target.as_path());
        for (number, path) in targets.chain(stale.iter().map(PathBuf::as_path)).enumerate() {
            let mut name = temporaries::hidden(path.file_name().unwrap_or_default());
            name.push(format!(".{}-{number}.old", std::process::id()));
            let path = absolute(path);
            marker.old.push((path.clone().into(), path.with_file_name(name).into()));
        }
        let targets = marker.moves.iter().map(|(_, to)| to);
        marker.new = targets.filter(|to| fs::symlink_metadata(to).is_err()).cloned().collect();
        marker.stale = stale.iter().map(|path| absolute(path).into()).collect();
        marker
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::from)?;
        let mut file = File::create(path)?;
        file.write_all(&text)?;
        super::sync::sync(&file, path)
    }

    /// Keeps what is going to be replaced under a second name, and gives what goes another one.
    fn set_aside(&self, stale: &[PathBuf]) -> Result<(), Failure> {
        let replaced = self.old.len() - stale.len();
        for (path, aside) in &self.old[..replaced] {
            // Where there are no hard links, what was replaced cannot be brought back.
            let _ = fs::hard_link(path, aside);
        }
        for (path, aside) in &self.old[replaced..] {
            fs::rename(path, aside).map_err(|e| (path.into(), e))?;
        }
        Ok(())
    }

    /// Brings everything back as it was.
    fn undo(&self) {
        for name in &self.new {
            let _ = fs::remove_file(name);
        }
        for (path, aside) in &self.old {
            let _ = fs::rename(aside, path);
            // Two names of one file: renaming does nothing then.
            let _ = fs::remove_file(aside);
        }
    }

    fn forget_old(&self) {
        for (_, aside) in &self.old {
            let _ = fs::remove_file(aside);
        }
    }

    /// Does what a killed run has not come to.
    fn redo(&self) -> Result<(), Failure> {
        for (from, to) in &self.moves {
            match fs::rename(from, to) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err((to.into(), e)),
                _ => {}
            }
        }
        let is_written = |path: &&OsString| self.moves.iter().any(|(_, to)| to == *path);
        for path in self.stale.iter().filter(|path| !is_written(path)) {
            let _ = fs::remove_file(path);
        }
        self.forget_old();
        Ok(())
    }

    /// Returns whether it moves nothing but temporary files to the names that they are for.
    fn is_sound(&self) -> bool {
        let beside = |a: &OsString, b: &OsString| Path::new(a).parent() == Path::new(b).parent();
        let is_of = |from: &OsString, to: &OsString| {
            let name = Path::new(to).file_name();
            beside(from, to) && name.is_some_and(|name| temporaries::is_of(Path::new(from), name))
        };
        let is_aside = |(path, aside): &(OsString, OsString)| {
            beside(path, aside) && aside.as_encoded_bytes().ends_with(b".old")
        };
        self.moves.iter().all(|(from, to)| is_of(from, to))
            && self.old.iter().all(is_aside)
            && self.stale.iter().all(|path| self.old.iter().any(|(old, _)| old == path))
    }
}

/// Does what a run that was killed while its files got their names has not come to, if `target` was
/// its last file; returns whether there was such a run. The prefix must be locked.
///
/// # Errors
/// The first failure, with the name.
pub(super) fn complete_killed(target: &Path) -> Result<bool, Failure> {
    let path = marker_of(target);
    let Ok(there) = fs::symlink_metadata(&path) else { return Ok(false) };
    // Somebody else's could move files that are none of theirs.
    let ours = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == there.uid());
    if !there.is_file() || !ours {
        return Ok(false);
    }
    let text = fs::read(&path).map_err(|e| (path.clone(), e))?;
    // One that was not written whole has moved nothing.
    let marker = serde_json::from_slice::<Marker>(&text).ok().filter(Marker::is_sound);
    if let Some(marker) = &marker {
        marker.redo()?;
    }
    let _ = fs::remove_file(&path);
    Ok(marker.is_some())
}

#[cfg(test)]
mod tests {
    use super::super::atomic::{AtomicFile, Complete, publish};
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn complete(path: &Path, text: &str) -> Complete {
        let mut file = AtomicFile::create(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.complete().unwrap()
    }

    #[test]
    fn a_rename_that_fails_leaves_all_files_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "old a").unwrap();
        fs::write(at("stale"), "old stale").unwrap();
        let outputs = ["a", "b", "c"].map(|name| complete(&at(name), "new"));
        // In the way of the last one: a folder with something in it.
        fs::create_dir_all(at("c/d")).unwrap();
        let [a, b, c] = outputs;
        let error = publish(vec![a.replacing(vec![at("stale")]), b, c]).unwrap_err().to_string();
        assert!(error.contains("/c: cannot rename to this"), "{error}");
        assert_eq!(names(folder.path()), ["a", "c", "stale"]);
        assert_eq!(fs::read(at("a")).unwrap(), b"old a");
        assert_eq!(fs::read(at("stale")).unwrap(), b"old stale");
    }

    #[test]
    fn a_marker_that_cannot_be_written_leaves_all_files_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "old a").unwrap();
        let outputs = ["a", "b"].map(|name| complete(&at(name), "new"));
        fs::create_dir(at(".b.polyascan.commit")).unwrap();
        assert!(publish(outputs.into()).is_err());
        assert_eq!(names(folder.path()), [".b.polyascan.commit", "a"]);
        assert_eq!(fs::read(at("a")).unwrap(), b"old a");
    }

    #[test]
    fn files_appear_together_and_what_does_not_belong_to_them_goes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "old a").unwrap();
        fs::write(at("stale"), "old stale").unwrap();
        let [a, b] = ["a", "b"].map(|name| complete(&at(name), "new"));
        publish(vec![a.replacing(vec![at("stale"), at("none")]), b]).unwrap();
        assert_eq!(names(folder.path()), ["a", "b"]);
        assert_eq!(fs::read(at("a")).unwrap(), b"new");
    }

    #[test]
    fn what_a_killed_run_has_not_come_to_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("stale"), "old").unwrap();
        fs::write(at(".b.abcdef.tmp"), "new").unwrap();
        fs::write(at("a"), "new").unwrap();
        fs::write(at(".a.1-0.old"), "old").unwrap();
        let path = |name: &str| OsString::from(at(name));
        let marker = Marker {
            moves: vec![(path(".a.abcdef.tmp"), path("a")), (path(".b.abcdef.tmp"), path("b"))],
            old: vec![(path("a"), path(".a.1-0.old")), (path("stale"), path(".stale.1-2.old"))],
            stale: vec![path("stale")],
            new: vec![path("b")],
        };
        marker.write(&marker_of(&at("b"))).unwrap();
        assert!(complete_killed(&at("b")).unwrap());
        assert_eq!(names(folder.path()), ["a", "b"]);
        assert!(!complete_killed(&at("b")).unwrap());
        // One that would move anything else is not obeyed.
        fs::write(at("mine"), "mine").unwrap();
        let marker = Marker { moves: vec![(path("mine"), path("b"))], ..Marker::default() };
        marker.write(&marker_of(&at("b"))).unwrap();
        assert!(!complete_killed(&at("b")).unwrap());
        assert_eq!(names(folder.path()), ["a", "b", "mine"]);
    }
}
