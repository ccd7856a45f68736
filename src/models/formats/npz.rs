//! Reads NumPy archives (.npz) and arrays (.npy), and writes archives: numbers only.
//!
//! An array of Python objects is a pickle, which could run code when it is read: it is refused, by
//! name, without a look inside.

mod writer;

use std::io::{Cursor, Read};
use std::path::Path;

use zip::ZipArchive;

use super::foreign;
use crate::error::{Error, Problem, Result};
use crate::models::weight_file::{RawTensor, Tensors};
pub use writer::encode;

/// The most bytes of arrays: a small damaged archive can claim to unpack to anything.
const MOST_BYTES: u64 = 1 << 28;

/// The most values, which take 4 bytes each whatever the file has.
const MOST_VALUES: usize = 1 << 26;

const NPY_MAGIC: &[u8] = b"\x93NUMPY";
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// What a NumPy file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NpzFile {
    /// Arrays by name; the one of a .npy file is named as the file.
    pub arrays: Tensors,
}

/// Returns whether the bytes begin as those of a NumPy file do: an array, or an archive, whose
/// first entry is one.
pub fn is_numpy(bytes: &[u8]) -> bool {
    let first_name = || bytes.get(30..)?.get(..usize::from(*bytes.get(26)?));
    bytes.starts_with(NPY_MAGIC)
        || bytes.starts_with(ZIP_MAGIC) && first_name().is_some_and(|name| name.ends_with(b".npy"))
}

/// Reads a NumPy file that is in memory; `path` is for messages.
///
/// # Errors
/// If the file is a Git LFS pointer or in another format (named in the message), ends early, is
/// damaged, or an array holds anything but numbers.
pub fn parse(path: &Path, bytes: Vec<u8>) -> Result<NpzFile> {
    let arrays = if bytes.starts_with(NPY_MAGIC) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let array = array(&bytes).map_err(|problem| Error::of_file(path, problem))?;
        Tensors::from([(name, array)])
    } else if is_numpy(&bytes) {
        archive(path, bytes)?
    } else {
        let found = foreign::describe(&bytes).unwrap_or("in no format that is known".into());
        return Err(Error::of_file(path, format!("not a NumPy file but {found}")));
    };
    Ok(NpzFile { arrays })
}

/// Reads all arrays of an archive.
fn archive(path: &Path, bytes: Vec<u8>) -> Result<Tensors> {
    let damaged = |place: &str, problem: String| {
        let problem = format!(
            "cannot be read as a NumPy archive: {problem}; the file is damaged or incomplete: \
             download it again"
        );
        Error::input(path, place, problem)
    };
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged("", e.to_string()))?;
    let mut left = MOST_BYTES;
    let mut arrays = Tensors::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(|e| damaged("", e.to_string()))?;
        let name = entry.name().map_err(|e| damaged("", e.to_string()))?.into_owned();
        let Some(name) = name.strip_suffix(".npy") else { continue };
        let place = format!("array {name}");
        let mut content = Vec::new();
        let read = entry.by_ref().take(left + 1).read_to_end(&mut content);
        read.map_err(|e| damaged(&place, e.to_string()))?;
        left = left.checked_sub(content.len() as u64).ok_or_else(|| {
            let problem =
                "the arrays unpack to more than 256 MiB: not weights that this program knows";
            Error::input(path, place.as_str(), problem)
        })?;
        let array = array(&content).map_err(|problem| Error::input(path, place, problem))?;
        arrays.insert(name.to_owned(), array);
    }
    Ok(arrays)
}

/// Reads one array (NumPy enhancement proposal 1): magic, version, header length, header, values.
fn array(bytes: &[u8]) -> std::result::Result<RawTensor, Problem> {
    let damaged =
        || Problem::from("no NumPy array, or only the beginning of one: download the file again");
    let rest = bytes.strip_prefix(NPY_MAGIC).ok_or_else(damaged)?;
    let (length, rest) = match *rest {
        [1, _, a, b, ref rest @ ..] => (usize::from(u16::from_le_bytes([a, b])), rest),
        [2 | 3, _, a, b, c, d, ref rest @ ..] => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
        _ => return Err(damaged()),
    };
    let (header, values) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let header = Header::parse(&String::from_utf8_lossy(header))?;
    if values.len() / header.size > MOST_VALUES {
        return Err("more than 64 million values: not weights that this program knows".into());
    }
    let count = header.shape.iter().try_fold(1usize, |count, &n| count.checked_mul(n));
    if count.and_then(|count| count.checked_mul(header.size)) != Some(values.len()) {
        let (shape, found) = (&header.shape, values.len());
        return Err(
            format!("{found} bytes of values do not make {shape:?}: download it again").into()
        );
    }
    let mut numbers = Vec::with_capacity(values.len() / header.size);
    for value in values.chunks_exact(header.size) {
        numbers.push(header.number(value)?);
    }
    if header.fortran_order {
        numbers = row_major(&numbers, &header.shape);
    }
    Ok(RawTensor { shape: header.shape, values: numbers })
}

/// What stands before an array's values, e.g.
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (16, 2), }`.
struct Header {
    big_endian: bool,
    /// `f`, `i`, `u` or `b`.
    kind: char,
    /// Bytes of a value.
    size: usize,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &str) -> std::result::Result<Self, Problem> {
        let after = |key: &str| {
            let rest = text.split_once(&format!("'{key}':")).map(|(_, rest)| rest.trim_start());
            rest.ok_or_else(|| format!("the array's header has no {key}: download it again"))
        };
        let descr = after("descr")?;
        let descr = descr.strip_prefix('\'').and_then(|d| d.split_once('\'')).map(|(d, _)| d);
        let descr = descr.ok_or("a table of named columns, where plain numbers are expected")?;
        let (order, letters) = descr.split_at_checked(1).unwrap_or_default();
        if letters.starts_with('O') {
            return Err(
                "holds Python objects (a pickle), which could run code and are never read; \
                        save plain numeric arrays"
                    .into(),
            );
        }
        let kind = letters.chars().next().filter(|kind| "fiub".contains(*kind));
        let size = letters.get(1..).and_then(|digits| digits.parse().ok());
        let (Some(kind), Some(size @ (1 | 2 | 4 | 8))) = (kind, size) else {
            return Err(format!("holds values of type {descr}, where numbers are expected").into());
        };
        let shape = after("shape")?.strip_prefix('(').and_then(|s| s.split_once(')'));
        let sizes =
            shape.map(|(shape, _)| shape.split(',').map(str::trim).filter(|n| !n.is_empty()));
        let shape = sizes.and_then(|sizes| sizes.map(|n| n.parse().ok()).collect());
        let shape = shape.ok_or("the array's header has no shape: download it again")?;
        let fortran_order = after("fortran_order")?.starts_with("True");
        Ok(Self { big_endian: order == ">", kind, size, fortran_order, shape })
    }

    /// Returns one value as f32.
    fn number(&self, bytes: &[u8]) -> std::result::Result<f32, Problem> {
        let mut wide = [0; 8];
        wide[..self.size].copy_from_slice(bytes);
        if self.big_endian {
            wide[..self.size].reverse();
        }
        let (bits, spare) = (u64::from_le_bytes(wide), 64 - 8 * self.size);
        match (self.kind, self.size) {
            ('f', 8) => Ok(f64::from_bits(bits) as f32),
            ('f', 4) => Ok(f32::from_bits(bits as u32)),
            ('f', size) => {
                Err(format!("{}-bit numbers: save the array as float32", 8 * size).into())
            }
            ('i', _) => Ok(((bits << spare) as i64 >> spare) as f32),
            _ => Ok(bits as f32),
        }
    }
}

/// Reorders values whose first index varies fastest.
fn row_major(values: &[f32], shape: &[usize]) -> Vec<f32> {
    let place = |mut at: usize| {
        // The row-major index, digit by digit from the last dimension, as a Fortran-order one.
        let (mut place, mut stride) = (0, values.len());
        for &n in shape.iter().rev() {
            stride /= n;
            place += at % n * stride;
            at /= n;
        }
        place
    };
    (0..values.len()).map(|at| values[place(at)]).collect()
}

#[cfg(test)]
mod tests;
