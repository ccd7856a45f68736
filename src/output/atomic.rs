//! Files that appear under their final name only when complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::temporaries::{self, Temporary};
use super::{commit, sync};
use crate::error::{Error, Result};

/// Large enough that a line-buffered standard output is not flushed line by line.
const BUFFER: usize = 1 << 16;

/// An output that is written beside its final name and renamed by [`AtomicFile::commit`]; dropped
/// without it, nothing is left behind.
///
/// `-` is standard output. What exists and is no regular file (`/dev/null`, a named pipe) is
/// written in place, since a rename would replace it. A symbolic link stays: the file that it
/// names is replaced.
///
/// ```
/// use std::io::Write;
/// use polyascan::output::atomic::AtomicFile;
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("sites.bed");
/// let mut file = AtomicFile::create(&path)?;
/// file.write_all(b"chr1\t0\t1\n")?;
/// assert!(!path.exists());
/// file.commit()?;
/// assert!(path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    /// As the user wrote it, for messages.
    path: PathBuf,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Temporary { file: BufWriter<NamedTempFile>, temporary: Temporary, target: PathBuf },
    InPlace(BufWriter<File>),
    Stdout(BufWriter<Stdout>),
}

/// Makes sure that writing `output` would not replace `input`.
///
/// # Errors
/// If both are the same file.
pub fn keep_input(input: &Path, output: &Path) -> Result<()> {
    match (input.canonicalize(), output.canonicalize()) {
        (Ok(a), Ok(b)) if a == b && a.is_file() => {
            let problem = format!("{}: input and output are the same file", output.display());
            Err(Error::Usage(problem))
        }
        _ => Ok(()),
    }
}

/// Makes sure, before any work is done for it, that an output can be written.
///
/// # Errors
/// Those of [`AtomicFile::create`].
pub fn check_output(path: &Path) -> Result<()> {
    AtomicFile::create(path).map(drop)
}

/// Makes sure that no two outputs are the same file.
///
/// # Errors
/// If two are.
pub fn keep_apart(outputs: &[PathBuf]) -> Result<()> {
    let resolved: Vec<PathBuf> = outputs.iter().map(|path| resolve(path)).collect();
    for (i, one) in resolved.iter().enumerate() {
        if let Some(j) = resolved[..i].iter().position(|other| other == one) {
            let (a, b) = (outputs[j].display(), outputs[i].display());
            return Err(Error::Usage(format!(
                "{a} and {b}: two outputs would be one file; name another"
            )));
        }
    }
    Ok(())
}

/// Returns the name that a path has, links followed, whether the file exists or not.
fn resolve(path: &Path) -> PathBuf {
    let in_folder = || {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    path.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| path.to_owned())
}

/// Writes a whole file, or to standard output for `-`.
///
/// # Errors
/// Those of [`AtomicFile`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    publish(vec![whole(path, bytes)?])
}

/// Writes a whole file that only lacks its final name.
///
/// # Errors
/// Those of [`AtomicFile`].
pub fn whole(path: &Path, bytes: &[u8]) -> Result<Complete> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(|e| Error::io(path, "cannot write", e))?;
    file.complete()
}

impl AtomicFile {
    /// Starts an output for `path`.
    ///
    /// # Errors
    /// If the directory is missing or not writable or `path` is a directory: an output that cannot
    /// be written is refused before any work is done for it.
    pub fn create(path: &Path) -> Result<Self> {
        let sink = if path == Path::new("-") {
            Sink::Stdout(BufWriter::with_capacity(BUFFER, io::stdout()))
        } else {
            match fs::metadata(path) {
                Ok(there) if there.is_dir() => {
                    let problem = "is a directory; name a file in it as the output";
                    return Err(Error::Usage(format!("{}: {problem}", path.display())));
                }
                Ok(there) if !there.is_file() => Sink::InPlace(open_in_place(path)?),
                _ => create_beside(path)?,
            }
        };
        Ok(Self { path: path.to_owned(), sink })
    }

    /// Returns the name that the output was asked for under.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file once more, for libraries that want to own one; both handles share one
    /// position. `None` where there is no seekable file underneath.
    ///
    /// # Errors
    /// If the operating system gives no further handle.
    pub fn try_clone_file(&self) -> Result<Option<File>> {
        match &self.sink {
            Sink::Temporary { file, .. } => {
                let file = file.get_ref().as_file().try_clone();
                file.map(Some).map_err(|e| Error::io(&self.path, "cannot write", e))
            }
            Sink::InPlace(_) | Sink::Stdout(_) => Ok(None),
        }
    }

    /// Writes what is buffered: the output is complete, but for its name.
    ///
    /// # Errors
    /// If the last bytes cannot be written (disk full).
    pub fn complete(self) -> Result<Complete> {
        let path = self.path;
        let failed = |e| Error::io(&path, "cannot finish writing", e);
        let file = match self.sink {
            Sink::Temporary { file, temporary, target } => {
                let file = file.into_inner().map_err(|e| failed(e.into_error()))?;
                // Delayed write errors show here, not after the old file is gone.
                sync::sync(file.as_file(), &path).map_err(failed)?;
                Some((temporary, file, target))
            }
            Sink::InPlace(mut file) => file.flush().map_err(failed).map(|()| None)?,
            Sink::Stdout(mut stdout) => stdout.flush().map_err(failed).map(|()| None)?,
        };
        Ok(Complete { path, file, stale: Vec::new() })
    }

    /// Completes the output and gives it its final name.
    ///
    /// # Errors
    /// If the last bytes cannot be written or the file cannot be renamed; then the final name is as
    /// it was before.
    pub fn commit(self) -> Result<()> {
        publish(vec![self.complete()?])
    }
}

/// An output all of whose bytes are on the disk, and that only lacks its final name: see
/// [`publish`].
#[derive(Debug)]
#[must_use]
pub struct Complete {
    path: PathBuf,
    /// `None` of what is no file.
    file: Option<(Temporary, NamedTempFile, PathBuf)>,
    stale: Vec<PathBuf>,
}

impl Complete {
    /// Returns where it lies now, for whoever must read it before it has its name.
    pub fn place(&self) -> &Path {
        self.file.as_ref().map_or(&self.path, |(_, file, _)| file.path())
    }

    /// Returns whether it is a file of its own, not standard output, a device or a pipe.
    pub fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// Names files that belong to the output that this one replaces: they are removed with it.
    pub fn replacing(mut self, stale: Vec<PathBuf>) -> Self {
        self.stale.extend(stale);
        self
    }

    /// Returns the name that it gets.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Gives the outputs of a run their final names: whatever can fail otherwise has been done, and
/// they show all or none.
///
/// # Errors
/// If a file cannot be renamed, or one that belongs to its forerunner cannot be removed.
pub fn publish(outputs: Vec<Complete>) -> Result<()> {
    let mut files = Vec::with_capacity(outputs.len());
    let mut all_stale: Vec<PathBuf> = Vec::new();
    for Complete { file, stale, .. } in outputs {
        all_stale.extend(stale);
        files.extend(file);
    }
    // An index is named as stale by its data, in case that the new one is of another kind.
    all_stale.retain(|old| !files.iter().any(|(.., target)| resolve(target) == resolve(old)));
    all_stale.sort_unstable();
    all_stale.dedup();
    let renamed = commit::commit(files, all_stale);
    renamed.map_err(|(path, e)| Error::io(&path, "cannot rename to this", e))
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Temporary { file, .. } => file.write(bytes),
            Sink::InPlace(file) => file.write(bytes),
            Sink::Stdout(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Temporary { file, .. } => file.flush(),
            Sink::InPlace(file) => file.flush(),
            Sink::Stdout(stdout) => stdout.flush(),
        }
    }
}

fn open_in_place(path: &Path) -> Result<BufWriter<File>> {
    let file = OpenOptions::new().write(true).open(path);
    let file = file.map_err(|e| Error::io(path, "cannot open for writing", e))?;
    Ok(BufWriter::with_capacity(BUFFER, file))
}

fn create_beside(path: &Path) -> Result<Sink> {
    let failed = |e| Error::io(path, "cannot create", e);
    // Fails only where there is no such file yet, or a link to nowhere, which is then replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let Some(name) = target.file_name() else {
        return Err(Error::Usage(format!("{}: not a file name", path.display())));
    };
    let directory = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let (start, end) = temporaries::around_random(name);
    let mut builder = Builder::new();
    builder.prefix(&start).suffix(end).rand_bytes(temporaries::RANDOM_LETTERS);
    // The default of temporary files, 0600, would stay with the finished file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let (file, temporary) = Temporary::create(&builder, directory).map_err(failed)?;
    Ok(Sink::Temporary { file: BufWriter::with_capacity(BUFFER, file), temporary, target })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn appears_only_on_commit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.bed");
        fs::write(&path, "old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        file.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["out.bed"]);
    }

    #[test]
    fn leaves_nothing_when_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = AtomicFile::create(&dir.path().join("out.bed")).unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(names(dir.path()).len(), 1);
        drop(file);
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn refuses_a_missing_directory_and_a_directory_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("none").join("out.bed");
        let message = AtomicFile::create(&missing).unwrap_err().to_string();
        assert!(message.contains("out.bed") && message.contains("directory"), "{message}");
        let error = AtomicFile::create(dir.path()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(AtomicFile::create(Path::new("/")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn has_ordinary_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let ordinary = dir.path().join("ordinary");
        fs::write(&ordinary, "").unwrap();
        let path = dir.path().join("out.bed");
        AtomicFile::create(&path).unwrap().commit().unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&ordinary));
    }

    #[cfg(unix)]
    #[test]
    fn keeps_links_and_devices() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let mut output = AtomicFile::create(&link).unwrap();
        output.write_all(b"new").unwrap();
        output.commit().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        let mut null = AtomicFile::create(Path::new("/dev/null")).unwrap();
        null.write_all(b"gone").unwrap();
        null.commit().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
