//! Labelled windows as DeeReCT-PolyA's programs exchange them: a NumPy archive of what trains,
//! validates and tests.
//!
//! | array | shape | |
//! | --- | --- | --- |
//! | `train_dataset`, `valid_dataset`, `test_dataset` | windows x 206 x 1 x 4 | one-hot; columns A, G, T, C |
//! | `train_labels`, `valid_labels`, `test_labels` | windows | 0 true, 1 pseudo polyA signal |
//!
//! Their `data_prep.py` writes it, `train.py` and `test.py` read it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::LENGTH;
use super::import::COLUMNS;
use crate::error::{Error, Problem, Result};
use crate::genome::sequence::UNKNOWN;
use crate::models::file;
use crate::models::formats::npz;
use crate::models::part::Part;
use crate::models::weight_file::{RawTensor, Tensors};

/// Returns how the names of a part's arrays begin.
pub fn prefix(part: Part) -> &'static str {
    match part {
        Part::Training => "train",
        Part::Validation => "valid",
        Part::Test => "test",
    }
}

/// Windows, and of each whether it holds a true polyA signal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// Codes as in [`crate::genome::sequence`], 206 each.
    pub codes: Vec<Vec<u8>>,
    /// `None` where the archive has no labels.
    pub are_true: Option<Vec<bool>>,
}

/// An archive in memory.
pub struct Archive {
    path: PathBuf,
    arrays: Tensors,
}

impl Archive {
    /// Returns whether a file begins as an archive does. What cannot be read is none: whoever opens
    /// it as something else says why.
    pub fn is_one(path: &Path) -> bool {
        const BEGINNING: u64 = 4096;
        let mut bytes = Vec::new();
        let is_file = path.is_file();
        let mut read = || File::open(path)?.take(BEGINNING).read_to_end(&mut bytes);
        is_file && read().is_ok() && npz::is_numpy(&bytes) && bytes.starts_with(b"PK")
    }

    /// Reads an archive.
    ///
    /// # Errors
    /// If it cannot be read or is none.
    pub fn read(path: &Path) -> Result<Self> {
        let arrays = npz::parse(path, file::read(path)?)?.arrays;
        Ok(Self { path: path.to_owned(), arrays })
    }

    /// Takes the windows of a part.
    ///
    /// # Errors
    /// If they are missing or not as described above.
    pub fn take(&mut self, part: Part) -> Result<Windows> {
        let name = format!("{}_dataset", prefix(part));
        let wrong = |array: &str, problem: String| {
            Error::input(&self.path, format!("array {array}"), problem)
        };
        let Some(windows) = self.arrays.remove(&name) else {
            let there: Vec<&str> = self.arrays.keys().map(String::as_str).collect();
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            return Err(wrong(&name, format!("missing; there are {there}")));
        };
        let codes = decode(&windows).map_err(|problem| wrong(&name, problem.into()))?;
        let name = format!("{}_labels", prefix(part));
        let Some(labels) = self.arrays.remove(&name) else {
            return Ok(Windows { codes, are_true: None });
        };
        let is_true = |&label: &f32| match label {
            0.0 => Ok(true),
            1.0 => Ok(false),
            _ => Err(wrong(&name, format!("label {label}; expected 0 (true) or 1 (pseudo)"))),
        };
        let are_true = labels.values.iter().map(is_true).collect::<Result<Vec<_>>>()?;
        if are_true.len() != codes.len() {
            let problem = format!("{} labels of {} windows", are_true.len(), codes.len());
            return Err(wrong(&name, problem));
        }
        Ok(Windows { codes, are_true: Some(are_true) })
    }
}

/// Returns codes of one-hot windows. A column of equal values is an unknown base: of zeros in the
/// authors' files, of quarters in padding.
fn decode(array: &RawTensor) -> std::result::Result<Vec<Vec<u8>>, Problem> {
    let [count, LENGTH, 1, 4] = array.shape[..] else {
        return Err(format!("{:?}, expected [windows, {LENGTH}, 1, 4]", array.shape).into());
    };
    let mut codes = Vec::with_capacity(count);
    for (number, window) in array.values.chunks_exact(4 * LENGTH).enumerate() {
        let code = |(at, column): (usize, &[f32])| {
            match column.iter().position(|x| *x == 1.0) {
            Some(hot) if column.iter().filter(|x| **x == 0.0).count() == 3 => {
                Ok(COLUMNS.iter().position(|&theirs| theirs == hot).unwrap_or(0) as u8)
            }
            None if column.iter().all(|x| *x == column[0]) => Ok(UNKNOWN),
            _ => Err(format!(
                "window {number}, nucleotide {at}: {column:?} is neither one base nor an unknown one"
            ).into()),
        }
        };
        let window: std::result::Result<Vec<u8>, Problem> =
            window.chunks_exact(4).enumerate().map(code).collect();
        codes.push(window?);
    }
    Ok(codes)
}

/// Returns the arrays of a part.
fn arrays(part: Part, windows: &[(&[u8], bool)]) -> [(String, RawTensor); 2] {
    let mut values = vec![0.0; windows.len() * LENGTH * 4];
    let bases = windows.iter().flat_map(|(codes, _)| codes.iter());
    for (column, &code) in values.chunks_exact_mut(4).zip(bases) {
        if let Some(&at) = COLUMNS.get(usize::from(code)) {
            column[at] = 1.0;
        }
    }
    let shape = vec![windows.len(), LENGTH, 1, 4];
    let labels = windows.iter().map(|(_, is_true)| if *is_true { 0.0 } else { 1.0 }).collect();
    [
        (format!("{}_dataset", prefix(part)), RawTensor { shape, values }),
        (
            format!("{}_labels", prefix(part)),
            RawTensor { shape: vec![windows.len()], values: labels },
        ),
    ]
}

/// Windows of 206 codes, each with whether it holds a true signal.
pub type Labelled<'a> = Vec<(&'a [u8], bool)>;

/// Returns the bytes of an archive: of each part its windows of 206 codes, and whether they hold a
/// true signal.
///
/// # Errors
/// If a window has another length, or there are too many.
pub fn encode(parts: &[(Part, Labelled<'_>)]) -> Result<Vec<u8>> {
    let mut windows = parts.iter().flat_map(|(_, windows)| windows);
    if let Some((codes, _)) = windows.find(|(codes, _)| codes.len() != LENGTH) {
        let problem = format!("an archive has windows of {LENGTH} nt, not {}", codes.len());
        return Err(Error::model(super::ARCHITECTURE.name, problem));
    }
    let arrays = parts.iter().flat_map(|(part, windows)| arrays(*part, windows)).collect();
    npz::encode(&arrays).map_err(|e| Error::Internal(format!("archive: {e}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8], part: Part) -> Result<Windows> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        assert!(Archive::is_one(file.path()));
        Archive::read(file.path())?.take(part)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn windows_are_read_as_they_were_written(
            windows in prop::collection::vec(
                (prop::collection::vec(0u8..=4, LENGTH), any::<bool>()), 0..5
            )
        ) {
            let given: Vec<(&[u8], bool)> =
                windows.iter().map(|(codes, is_true)| (codes.as_slice(), *is_true)).collect();
            let bytes = encode(&[(Part::Training, vec![]), (Part::Test, given)]).unwrap();
            let (codes, are_true) = windows.iter().cloned().unzip();
            prop_assert_eq!(read(&bytes, Part::Test).unwrap(), Windows { codes, are_true: Some(are_true) });
            prop_assert_eq!(read(&bytes, Part::Training).unwrap().codes.len(), 0);
            prop_assert!(read(&bytes, Part::Validation).unwrap_err().to_string().contains("valid_dataset: missing"));
        }
    }

    #[test]
    fn columns_are_the_authors_and_labels_count_the_true_ones_as_0() {
        let codes: Vec<u8> = [0, 1, 2, 3, 4].into_iter().chain([0; LENGTH - 5]).collect();
        let bytes = encode(&[(Part::Validation, vec![(&codes, true), (&codes, false)])]).unwrap();
        let arrays = npz::parse(Path::new("x.npz"), bytes).unwrap().arrays;
        assert_eq!(arrays["valid_dataset"].shape, [2, LENGTH, 1, 4]);
        let hot = |at: usize| arrays["valid_dataset"].values[4 * at..4 * at + 4].to_vec();
        // A, G, T, C.
        assert_eq!(hot(0), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(hot(1), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(hot(2), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(hot(3), [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(hot(4), [0.0; 4]);
        assert_eq!(arrays["valid_labels"].values, [0.0, 1.0]);
    }

    #[test]
    fn arrays_that_are_none_of_theirs_are_refused_by_name() {
        let with = |name: &str, array: RawTensor| {
            let window = (name == "test_labels").then(|| {
                let values = vec![0.0; 4 * LENGTH];
                ("test_dataset".to_owned(), RawTensor { shape: vec![1, LENGTH, 1, 4], values })
            });
            let arrays = [(name.to_owned(), array)].into_iter().chain(window).collect();
            read(&npz::encode(&arrays).unwrap(), Part::Test).unwrap_err().to_string()
        };
        let array = |shape: &[usize], value: f32| RawTensor {
            shape: shape.to_vec(),
            values: vec![value; shape.iter().product()],
        };
        let said = with("test_dataset", array(&[1, 224, 1, 4], 0.25));
        assert!(
            said.contains("array test_dataset: [1, 224, 1, 4], expected [windows, 206"),
            "{said}"
        );
        let mut halves = array(&[1, LENGTH, 1, 4], 0.0);
        halves.values[8] = 0.5;
        let said = with("test_dataset", halves);
        assert!(said.contains("window 0, nucleotide 2"), "{said}");
        assert!(with("test_labels", array(&[1], 2.0)).contains("label 2"));
        assert!(with("test_labels", array(&[3], 1.0)).contains("3 labels of 1 windows"));
        assert!(with("conv_weights", array(&[1], 1.0)).contains("there are conv_weights"));
    }
}
