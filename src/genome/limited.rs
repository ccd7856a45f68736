//! Whole files in memory, of bounded size: an endless device or a bomb is no file of its kind.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// Reads a file of at most `most` bytes; `what` is its kind, for messages.
///
/// # Errors
/// If it cannot be read or is larger.
pub fn read(path: &Path, most: u64, what: &str) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|e| Error::io(path, "cannot read", e))?;
    if file.metadata().is_ok_and(|there| there.is_file() && there.len() > most) {
        return Err(too_large(path, most, what));
    }
    let mut bytes = Vec::new();
    let mut limited = file.take(most.saturating_add(1));
    limited.read_to_end(&mut bytes).map_err(|e| Error::io(path, "cannot read", e))?;
    if bytes.len() as u64 > most { Err(too_large(path, most, what)) } else { Ok(bytes) }
}

/// Reads text of at most `most` bytes.
///
/// # Errors
/// As for [`read`]; what is not UTF-8.
pub fn read_text(path: &Path, most: u64, what: &str) -> Result<String> {
    String::from_utf8(read(path, most, what)?).map_err(|_| {
        let error = io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text");
        Error::io(path, "cannot read", error)
    })
}

fn too_large(path: &Path, most: u64, what: &str) -> Error {
    let size = match most >> 20 {
        mib if mib < 1024 => format!("{mib} MiB"),
        mib => format!("{} GiB", mib >> 10),
    };
    Error::of_file(path, format!("larger than {size}: this is not {what}; give another file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_refused_also_if_it_never_ends() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(read(file.path(), 1 << 20, "x").unwrap().len(), 1 << 20);
        for path in [file.path(), Path::new("/dev/zero")] {
            let message = read_text(path, (1 << 20) - 1, "a list").unwrap_err().to_string();
            assert!(message.contains("this is not a list"), "{message}");
        }
    }
}
