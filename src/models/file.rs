//! Files of weights in memory: their beginning first, so that what is none is not read to its end.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::formats::{foreign, npz};
use crate::error::{Error, Result};

/// The most bytes of weights.
const MOST_BYTES: u64 = 2 << 30;
/// What is looked at first.
const BEGINNING: u64 = 1 << 20;

/// Reads a file of weights; of a file of another format only the beginning.
///
/// # Errors
/// If it cannot be read or is larger than 2 GiB.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |e| Error::io(path, "cannot read", e);
    let mut file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    (&mut file).take(BEGINNING).read_to_end(&mut bytes).map_err(failed)?;
    let known = foreign::is_safetensors(&bytes) || foreign::is_hdf5(&bytes);
    if !known && !npz::is_numpy(&bytes) {
        return Ok(bytes);
    }
    let rest = MOST_BYTES + 1 - bytes.len() as u64;
    // Room for all at once: growing step by step copies everything again and again.
    let size = file.metadata().map_err(failed)?.len();
    bytes.reserve_exact(size.min(rest) as usize);
    (&mut file).take(rest).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST_BYTES {
        let problem = "larger than 2 GiB: not the weights of a model that this program knows";
        return Err(Error::of_file(path, problem));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_endless_file_only_the_beginning_is_read() {
        assert_eq!(read(Path::new("/dev/zero")).unwrap().len() as u64, BEGINNING);
        assert!(read(Path::new("/dev/urandom")).unwrap().len() as u64 <= BEGINNING);
    }
}
