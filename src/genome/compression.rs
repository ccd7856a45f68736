//! Compression of input files: recognised by content, truncation noticed.
//!
//! A file is opened once and read at positions, so that several passes, even at the same time, see
//! the same file although its name may be given to another one meanwhile. What cannot be read twice
//! (standard input, a pipe) is copied into an unnamed temporary file first.

mod reader;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

pub use self::reader::Reader;
use self::reader::{Cursor, Damage};
use crate::error::{Error, Problem, Result};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not compressed.
    Plain,
    /// Any gzip file that is not BGZF; may have several members.
    Gzip,
    /// Blocked gzip as `bgzip` writes it.
    Bgzf,
}

/// The empty block that ends a BGZF file (SAM specification, section 4.1.2).
const BGZF_END: [u8; 28] = [
    0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 0x06, 0, 0x42, 0x43, 0x02, 0, 0x1b, 0, 0x03, 0, 0,
    0, 0, 0, 0, 0, 0, 0,
];

/// Files that are often given by mistake: first bytes, what it is, cure.
const FOREIGN: [(&[u8], &str, &str); 6] = [
    (b"BZh", "bzip2", "decompress it with bunzip2"),
    (b"\xfd7zXZ\0", "xz", "decompress it with unxz"),
    (b"\x28\xb5\x2f\xfd", "zstd", "decompress it with unzstd"),
    (b"PK\x03\x04", "a zip archive", "unpack it with unzip"),
    (b"\x43\x27\x41\x1a", "UCSC 2bit", "convert it with twoBitToFa"),
    (b"\x1a\x41\x27\x43", "UCSC 2bit", "convert it with twoBitToFa"),
];

/// The byte-order mark of UTF-8.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Text that is not read: its first bytes, what it is, cure.
const ENCODINGS: [(&[u8], &str, &str); 3] = [
    (
        UTF8_MARK,
        "text with a byte-order mark",
        "remove the mark with `sed '1s/^\\xEF\\xBB\\xBF//'`",
    ),
    (b"\xff\xfe", "UTF-16 text", "convert it with `iconv -f UTF-16 -t UTF-8`"),
    (b"\xfe\xff", "UTF-16 text", "convert it with `iconv -f UTF-16 -t UTF-8`"),
];

/// Advice on a line with a carriage return inside, which would be taken for one line of several.
pub(crate) const OLD_MAC: &str = "lines end in old Mac style; convert with `tr '\\r' '\\n'`";

/// Of what is read only once, so much is looked at before the rest is copied.
const BEGINNING: u64 = 1 << 20;

/// What is done about a byte-order mark of UTF-8 at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Is an error.
    Refused,
    /// It is part of the content, and whoever reads that passes over it.
    Passed,
}

/// Advice on an address given for a file.
const ADDRESS: &str = "this is an address on a network, and files alone are read: download it first (`curl -O` and the \
    address), or pipe it in (`curl ... | polyascan ... -`)";

/// Whether a path is an address, as in `https://example.org/genome.fa.gz`.
fn is_address(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// An input file, open for any number of passes.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    file: Arc<File>,
    compression: Compression,
}

impl Source {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// Missing or unreadable file, a directory, a compression or an encoding that is not read here,
    /// BGZF without its end.
    ///
    /// ```
    /// use std::io::Read;
    /// use polyascan::genome::compression::{Compression, Source};
    ///
    /// let file = tempfile::NamedTempFile::new().unwrap();
    /// std::fs::write(file.path(), ">chr1\nACGT\n").unwrap();
    /// let source = Source::open(file.path()).unwrap();
    /// let mut text = String::new();
    /// source.reader().read_to_string(&mut text).unwrap();
    /// assert_eq!(text, ">chr1\nACGT\n");
    /// assert_eq!(source.compression(), Compression::Plain);
    /// ```
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_as(path, |_| Ok(()))
    }

    /// Does what [`Source::open`] does; what can be read only once is copied after `look`, which
    /// gets the beginning of the decompressed content (1 MiB, less where there is less), finds
    /// nothing wrong with it: it may have no end.
    ///
    /// # Errors
    /// As for [`Source::open`]; what `look` says.
    pub fn open_as(
        path: &Path,
        look: impl Fn(&[u8]) -> std::result::Result<(), Problem>,
    ) -> Result<Self> {
        Self::open_marked(path, Mark::Refused, look)
    }

    /// Does what [`Source::open_as`] does; `mark` says whether there may be a byte-order mark.
    ///
    /// # Errors
    /// As for [`Source::open_as`].
    pub fn open_marked(
        path: &Path,
        mark: Mark,
        look: impl Fn(&[u8]) -> std::result::Result<(), Problem>,
    ) -> Result<Self> {
        if path == Path::new("-") {
            return Self::copied(Path::new("<stdin>"), io::stdin().lock(), mark, look);
        }
        let file = File::open(path).map_err(|e| {
            if is_address(path) {
                Error::of_file(path, ADDRESS)
            } else {
                Error::io(path, "cannot open", e)
            }
        })?;
        let kind = file.metadata().map_err(|e| Error::io(path, "cannot open", e))?.file_type();
        if kind.is_dir() {
            return Err(Error::of_file(path, "is a directory; give a file"));
        }
        if kind.is_file() {
            Self::from_file(path, file, mark)
        } else {
            Self::copied(path, file, mark, look)
        }
    }

    /// Copies what can be read only once into an unnamed temporary file; `path` is for messages.
    ///
    /// # Errors
    /// As for [`Source::open`], and a temporary folder that is full or cannot be written.
    pub fn from_stream(path: &Path, stream: impl Read) -> Result<Self> {
        Self::copied(path, stream, Mark::Refused, |_| Ok(()))
    }

    fn copied(
        path: &Path,
        mut stream: impl Read,
        mark: Mark,
        look: impl Fn(&[u8]) -> std::result::Result<(), Problem>,
    ) -> Result<Self> {
        const ACTION: &str =
            "cannot copy into a temporary file (is there room in the folder that TMPDIR names?)";
        let mut begin = Vec::new();
        let read = (&mut stream).take(BEGINNING).read_to_end(&mut begin);
        read.map_err(|e| Error::io(path, "cannot read", e))?;
        check_format(path, &begin)?;
        let text = decompressed(&begin);
        check_encoding(path, &text, mark)?;
        look(&text).map_err(|problem| Error::of_file(path, problem))?;
        let mut file = tempfile::tempfile().map_err(|e| Error::io(path, ACTION, e))?;
        file.write_all(&begin).map_err(|e| Error::io(path, ACTION, e))?;
        io::copy(&mut stream, &mut file).map_err(|e| Error::io(path, ACTION, e))?;
        Self::from_file(path, file, mark)
    }

    fn from_file(path: &Path, file: File, mark: Mark) -> Result<Self> {
        let io_error = |e| Error::io(path, "cannot read", e);
        let mut head = Vec::new();
        let file = Arc::new(file);
        Cursor::new(Arc::clone(&file)).take(18).read_to_end(&mut head).map_err(io_error)?;
        check_format(path, &head)?;
        let compression = recognise(&head);
        if compression == Compression::Bgzf && !ends_as_bgzf(&file).map_err(io_error)? {
            let problem = "truncated BGZF: the end-of-file block is missing; copy or download the file again, or \
                           decompress and recompress it with bgzip if it is known to be complete";
            return Err(Error::of_file(path, problem));
        }
        let source = Self { path: path.to_owned(), file, compression };
        source.check_encoding(mark).map(|()| source)
    }

    /// Refuses text in an encoding that no reader here expects: a mark or every second byte would
    /// pass for part of a name.
    ///
    /// # Errors
    /// If it is, or the file cannot be read.
    pub fn check_encoding(&self, mark: Mark) -> Result<()> {
        let mut start = Vec::new();
        self.reader().take(3).read_to_end(&mut start).map_err(|e| self.error(e))?;
        check_encoding(&self.path, &start, mark)
    }

    /// Returns the name for messages: the path, or `<stdin>`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how the file is compressed.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Starts a pass over the decompressed content.
    pub fn reader(&self) -> Reader {
        Reader::new(Cursor::new(Arc::clone(&self.file)), self.compression)
    }

    /// Starts a pass that also computes the sha256 of the file's bytes as they lie on disk;
    /// [`Reader::finish`] returns it.
    pub fn hashing_reader(&self) -> Reader {
        Reader::new(Cursor::hashing(Arc::clone(&self.file)), self.compression)
    }

    /// Returns the sha256 of the file's bytes, hexadecimal.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sha256(&self) -> Result<String> {
        self.hashing_reader().finish().map_err(|e| self.error(e))
    }

    /// Turns a failure of a [`Reader`] into the crate's error.
    pub fn error(&self, error: io::Error) -> Error {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Damage>()) {
            Some(Damage(problem)) => Error::of_file(&self.path, problem.clone()),
            None => Error::io(&self.path, "cannot read", error),
        }
    }
}

/// Refuses files that are often given by mistake.
fn check_format(path: &Path, begin: &[u8]) -> Result<()> {
    match FOREIGN.iter().find(|(magic, ..)| begin.starts_with(magic)) {
        Some((_, what, cure)) => {
            let problem = format!("this is {what}; plain, gzip and BGZF files are read: {cure}");
            Err(Error::of_file(path, problem))
        }
        None => Ok(()),
    }
}

/// Refuses text in an encoding that is not read.
fn check_encoding(path: &Path, start: &[u8], mark: Mark) -> Result<()> {
    match ENCODINGS.iter().find(|(begin, ..)| start.starts_with(begin)) {
        Some((begin, ..)) if *begin == UTF8_MARK && mark == Mark::Passed => Ok(()),
        Some((_, what, cure)) => {
            let problem = format!("this is {what}, which is not read: {cure}");
            Err(Error::of_file(path, problem))
        }
        None => Ok(()),
    }
}

/// Returns the beginning of the content, as far as the beginning of a file tells it.
fn decompressed(begin: &[u8]) -> Vec<u8> {
    if recognise(begin) == Compression::Plain {
        return begin.to_vec();
    }
    let mut content = Vec::new();
    // It ends in the middle of the data.
    let _ = MultiGzDecoder::new(begin).take(BEGINNING).read_to_end(&mut content);
    content
}

/// Tells the compression by the first 18 bytes. Gzip with an extra field laid out in another way
/// than `bgzip` does is read as gzip, which is right for BGZF too.
fn recognise(head: &[u8]) -> Compression {
    const GZIP: &[u8] = &[0x1f, 0x8b];
    const DEFLATE_EXTRA: &[u8] = &[0x08, 0x04];
    const EXTRA: &[u8] = &[6, 0, b'B', b'C', 2, 0];
    if !head.starts_with(GZIP) {
        Compression::Plain
    } else if head.len() >= 18 && &head[2..4] == DEFLATE_EXTRA && &head[10..16] == EXTRA {
        Compression::Bgzf
    } else {
        Compression::Gzip
    }
}

fn ends_as_bgzf(file: &File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    let mut end = [0; BGZF_END.len()];
    match length.checked_sub(end.len() as u64) {
        None => Ok(false),
        Some(start) => file.read_exact_at(&mut end, start).map(|()| end == BGZF_END),
    }
}

#[cfg(test)]
mod tests;
