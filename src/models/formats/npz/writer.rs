//! Writes NumPy archives (.npz), as `numpy.savez_compressed` does.

use std::io::{Cursor, Write};

use zip::CompressionMethod;
use zip::result::ZipResult;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::NPY_MAGIC;
use crate::models::weight_file::Tensors;

/// An array's values begin at a multiple of it, as NumPy has it.
const ALIGNED: usize = 64;

/// Returns the bytes of an archive of arrays of f32, in the order of their names: the same for the
/// same arrays.
///
/// # Errors
/// If an array is larger than the zip format allows.
pub fn encode(arrays: &Tensors) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, array) in arrays {
        let bytes = array.values.len() as u64 * 4;
        let options = options.large_file(bytes > u64::from(u32::MAX) - (1 << 20));
        zip.start_file(format!("{name}.npy"), options)?;
        zip.write_all(&header(&array.shape))?;
        // A piece at a time: the values are not held twice.
        for values in array.values.chunks(1 << 16) {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            zip.write_all(&bytes)?;
        }
    }
    Ok(zip.finish()?.into_inner())
}

/// What stands before the values of an array (NumPy enhancement proposal 1, version 1.0).
fn header(shape: &[usize]) -> Vec<u8> {
    let shape: String = shape.iter().map(|n| format!("{n},")).collect();
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}");
    // Magic, version, length, text and the newline that ends it.
    let fixed = NPY_MAGIC.len() + 2 + 2 + 1;
    let padding = (fixed + text.len()).next_multiple_of(ALIGNED) - fixed - text.len();
    text.push_str(&" ".repeat(padding));
    text.push('\n');
    let length = (text.len() as u16).to_le_bytes();
    [NPY_MAGIC, &[1, 0], &length, text.as_bytes()].concat()
}
