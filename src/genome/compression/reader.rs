//! A pass over the decompressed content of a file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use noodles::bgzf;
use sha2::{Digest, Sha256};

use super::Compression;

const CAPACITY: usize = 256 * 1024;

/// Reads a shared file from its start, keeping its own position; computes the sha256 of what it
/// read if asked to.
pub(super) struct Cursor {
    file: Arc<File>,
    offset: u64,
    hasher: Option<Sha256>,
}

impl Cursor {
    pub(super) fn new(file: Arc<File>) -> Self {
        Self { file, offset: 0, hasher: None }
    }

    pub(super) fn hashing(file: Arc<File>) -> Self {
        Self { file, offset: 0, hasher: Some(Sha256::new()) }
    }
}

impl Read for Cursor {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buf, self.offset)?;
        self.offset += n as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buf[..n]);
        }
        Ok(n)
    }
}

/// Compressed data that cannot be decoded: what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Damage(pub(super) String);

enum Decoder {
    Plain(BufReader<Cursor>),
    Gzip(Box<BufReader<MultiGzDecoder<BufReader<Cursor>>>>),
    Bgzf(Box<bgzf::io::Reader<BufReader<Cursor>>>),
}

/// A pass over the decompressed content of a [`Source`](super::Source).
pub struct Reader(Decoder);

impl Reader {
    pub(super) fn new(cursor: Cursor, compression: Compression) -> Self {
        let compressed = BufReader::with_capacity(CAPACITY, cursor);
        Self(match compression {
            Compression::Plain => Decoder::Plain(compressed),
            Compression::Gzip => Decoder::Gzip(Box::new(BufReader::with_capacity(
                CAPACITY,
                MultiGzDecoder::new(compressed),
            ))),
            Compression::Bgzf => Decoder::Bgzf(Box::new(bgzf::io::Reader::new(compressed))),
        })
    }

    /// Ends the pass; returns the sha256 of the file's bytes, hexadecimal, or an empty text if it
    /// was not asked for.
    ///
    /// # Errors
    /// The rest of the file cannot be read.
    pub fn finish(self) -> io::Result<String> {
        let compressed = match self.0 {
            Decoder::Plain(reader) => reader,
            Decoder::Gzip(reader) => reader.into_inner().into_inner(),
            Decoder::Bgzf(reader) => reader.into_inner(),
        };
        let mut cursor = compressed.into_inner();
        if cursor.hasher.is_some() {
            io::copy(&mut cursor, &mut io::sink())?;
        }
        Ok(cursor.hasher.map(|hasher| hexadecimal(&hasher.finalize())).unwrap_or_default())
    }
}

impl Read for Reader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Reader {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.0 {
            Decoder::Plain(reader) => reader.fill_buf(),
            Decoder::Gzip(reader) => reader.fill_buf().map_err(|e| damage(e, "gzip")),
            Decoder::Bgzf(reader) => reader.fill_buf().map_err(|e| damage(e, "BGZF")),
        }
    }

    #[inline]
    fn consume(&mut self, amount: usize) {
        match &mut self.0 {
            Decoder::Plain(reader) => reader.consume(amount),
            Decoder::Gzip(reader) => reader.consume(amount),
            Decoder::Bgzf(reader) => reader.consume(amount),
        }
    }
}

/// Says what a decoder's failure means; a failure of the disk stays as it is.
#[cold]
fn damage(error: io::Error, format: &str) -> io::Error {
    if error.raw_os_error().is_some() {
        return error;
    }
    let what = if error.kind() == io::ErrorKind::UnexpectedEof {
        format!("truncated {format}: the file ends in the middle of compressed data")
    } else {
        format!("damaged {format} data ({error})")
    };
    io::Error::other(Damage(format!("{what}; copy or download it again (`gzip -t` checks it)")))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
