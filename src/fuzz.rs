//! Whatever bytes a file holds, no parser panics, and what one accepts has the properties that the
//! rest of the program relies on.
//!
//! Targets begin with good files and damage them ([`damage`]), or take any bytes. `PROPTEST_CASES`
//! says how many cases each runs; `make fuzz` runs many.

mod chunks;
pub(crate) mod damage;
mod settings;
mod tables;
mod text;
mod variants;
mod weights;

use std::io::Write;

use crate::genome::contigs::Contigs;

/// Writes a file that is removed when the value is dropped.
pub(crate) fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// The contigs that good annotations and regions lie on.
fn contigs() -> Contigs {
    let mut contigs = Contigs::default();
    for (name, length) in [("chr1", 5_000), ("2", 800), ("HLA-A*01:01", 300), ("empty", 0)] {
        contigs.push(name.to_owned(), length);
    }
    contigs
}
