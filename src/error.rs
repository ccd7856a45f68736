//! Errors: each says what is wrong, where, and what to do about it.

use std::path::{Path, PathBuf};

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can end a command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be opened, read or written.
    #[error("{}: {action}: {source}{}", path.display(), advice(action, source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done, e.g. "cannot open".
        action: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file's content is not what it should be. `place` is a line or a contig position, or empty.
    #[error("{}{}{place}: {problem}", path.display(), if place.is_empty() { "" } else { ", " })]
    Input {
        /// The file.
        path: PathBuf,
        /// Where in it: a line, a record, a row; empty where there is no place.
        place: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The command line or the configuration asks for something impossible.
    #[error("{0}")]
    Usage(String),
    /// A model file or a model's use is wrong.
    #[error("model {model}: {problem}")]
    Model {
        /// Its name or file.
        model: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A model gave NaN or infinity.
    #[error(
        "model {model}: window {window}: a score is not a number (NaN or infinite); check the weights \
         with `polyascan models verify`, or use another device"
    )]
    NotFinite {
        /// The model.
        model: String,
        /// `contig:position:strand`, or its number among those scored together.
        window: WindowPlace,
    },
    /// The tensor library failed.
    #[error("tensor computation: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The reader of standard output went away; not a failure.
    #[error("output pipe closed")]
    ClosedPipe,
    /// The user asked to stop (Ctrl-C).
    #[error("interrupted")]
    Interrupted,
    /// A pipeline thread ended early. The first cause is reported by the thread itself.
    #[error("internal: {0}; please report it")]
    Internal(String),
}

/// Which window of those that a model was given, from 0, or where it lies once somebody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowPlace {
    /// Its number, from 0.
    Number(usize),
    /// What it is called.
    Named(String),
}

impl std::fmt::Display for WindowPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number} of those scored together"),
            Self::Named(place) => f.write_str(place),
        }
    }
}

/// What is wrong with a value, of code that does not know where the value stands: who knows makes an
/// [`Error`] of it, with the place ([`Error::input`], [`Error::model`]).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Problem(String);

/// Reads as its text.
impl std::ops::Deref for Problem {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Problem {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<Problem> for String {
    fn from(problem: Problem) -> Self {
        problem.0
    }
}

impl Error {
    /// A model gave window `number` (from 0) of its windows a score that is NaN or infinite.
    pub fn not_finite(model: &str, number: usize) -> Self {
        Self::NotFinite { model: model.to_owned(), window: WindowPlace::Number(number) }
    }

    /// Says where the window lies whose score is NaN or infinite, if that is the error.
    pub fn at_window(mut self, place: impl FnOnce(usize) -> WindowPlace) -> Self {
        if let Self::NotFinite { window, .. } = &mut self
            && let WindowPlace::Number(number) = *window
        {
            *window = place(number);
        }
        self
    }

    /// An input/output failure on `path` while doing `action`.
    pub fn io(path: &Path, action: &'static str, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::ClosedPipe;
        }
        Self::Io { path: path.to_owned(), action, source }
    }

    /// Something wrong with `path` as a whole: no place in it has to be looked at.
    pub fn of_file(path: &Path, problem: impl Into<String>) -> Self {
        Self::Input { path: path.to_owned(), place: String::new(), problem: problem.into() }
    }

    /// Wrong content in `path`, at `place`: a line, a record, a row.
    pub fn input(path: &Path, place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Input { path: path.to_owned(), place: place.into(), problem: problem.into() }
    }

    /// The command line or the configuration asks for something impossible.
    pub fn usage(problem: impl Into<String>) -> Self {
        Self::Usage(problem.into())
    }

    /// Something wrong with the model called `model`.
    pub fn model(model: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Model { model: model.into(), problem: problem.into() }
    }

    /// The machine does not let the program start so many threads.
    pub fn threads(number: usize, reason: impl std::fmt::Display) -> Self {
        Self::Usage(format!(
            "cannot start {number} threads ({reason}): ask for fewer with --threads, or raise the limit (ulimit -u, \
             ulimit -v, the processes of a container)"
        ))
    }

    /// The process exit code: 0 closed pipe, 1 data, 2 usage, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            Self::Usage(_) => 2,
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}

/// Returns what to do about a failure of the operating system, by what was being done.
fn advice(action: &str, error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    const MANY_FILES: [i32; 2] = [23, 24];
    const DISK: i32 = 5;
    let creates = action.contains("create") || action.contains("rename");
    let reads = action.contains("open") || action.contains("read");
    match error.kind() {
        ErrorKind::NotFound if creates => "; does the directory exist?",
        ErrorKind::PermissionDenied if creates => "; is the directory writable?",
        ErrorKind::PermissionDenied if reads => "; you need the right to read it",
        ErrorKind::InvalidFilename => "; choose a shorter name",
        ErrorKind::StorageFull => "; make room on the disk",
        ErrorKind::QuotaExceeded => "; your quota is used up: make room",
        ErrorKind::ReadOnlyFilesystem => "; choose a folder that can be written",
        ErrorKind::NotADirectory => "; a part of its path is a file",
        ErrorKind::FileTooLarge => "; is there a limit of file sizes (ulimit -f)?",
        ErrorKind::StaleNetworkFileHandle => "; the network file system lost it: run again",
        _ => match error.raw_os_error() {
            Some(code) if MANY_FILES.contains(&code) => {
                "; raise the limit of open files (ulimit -n)"
            }
            Some(DISK) => "; the disk or the network failed: see the system's log",
            _ => "",
        },
    }
}

/// Returns the beginning of text that stands in a file, for messages: damaged files have lines of
/// any length.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short() {
        assert_eq!(excerpt("chr1"), "chr1");
        assert_eq!(excerpt(&"ä".repeat(1000)), "ä".repeat(100) + "...");
    }

    #[test]
    fn failures_of_the_system_say_what_to_do_by_place() {
        for (action, code, told) in [
            ("cannot create", 2, "does the directory exist?"),
            ("cannot create", 13, "is the directory writable?"),
            ("cannot create", 36, "choose a shorter name"),
            ("cannot create", 30, "choose a folder that can be written"),
            ("cannot rename to this", 13, "is the directory writable?"),
            ("cannot open", 13, "you need the right to read it"),
            ("cannot open", 24, "ulimit -n"),
            ("cannot write", 28, "make room on the disk"),
            ("cannot write", 122, "quota"),
            ("cannot write", 27, "ulimit -f"),
            ("cannot finish writing", 5, "the disk or the network failed"),
        ] {
            let error = std::io::Error::from_raw_os_error(code);
            let message = Error::io(Path::new("x"), action, error).to_string();
            assert!(
                message.starts_with(&format!("x: {action}: ")) && message.contains(told),
                "{message}"
            );
        }
        let open = Error::io(Path::new("x"), "cannot open", std::io::Error::from_raw_os_error(2));
        assert!(!open.to_string().contains("directory exist"), "{open}");
    }

    #[test]
    fn errors_that_no_command_shows_read_well() {
        let tensor = Error::from(candle_core::Error::Msg("out of memory".into()));
        for (error, code, said) in [
            (tensor, 1, "tensor computation: out of memory"),
            (Error::Internal("lost".into()), 1, "internal: lost; please report it"),
            (Error::ClosedPipe, 0, "output pipe closed"),
            (Error::Interrupted, 130, "interrupted"),
        ] {
            assert_eq!((error.exit_code(), error.to_string().as_str()), (code, said));
        }
    }
}
