//! Recognises DeeReCT-PolyA's NumPy archives (Xia et al. 2018), whatever their sizes.

use std::path::Path;

use crate::error::{Error, Problem, Result};
use crate::models::architecture::{ConvertOptions, Recognised};
use crate::models::formats::npz::NpzFile;
use crate::models::weight_file::{RawTensor, Tensors};

/// The authors' names of the arrays, and ours.
const NAMES: [(&str, &str); 6] = [
    ("conv_weights", "conv.weight"),
    ("conv_biases", "conv.bias"),
    ("layer1_weights", "hidden.weight"),
    ("layer1_biases", "hidden.bias"),
    ("layer2_weights", "output.weight"),
    ("layer2_biases", "output.bias"),
];

/// The authors' columns of A, C, G and T: they count A, G, T, C.
pub(super) const COLUMNS: [usize; 4] = [0, 3, 1, 2];

/// Takes the archive if it holds any array of DeeReCT-PolyA's.
///
/// # Errors
/// If an array is missing, or the convolution has another shape than width x 1 x 4 x filters. That
/// the others fit to it is checked where the model is built.
pub fn recognise(path: &Path, file: &NpzFile, _: &ConvertOptions) -> Result<Option<Recognised>> {
    if !NAMES.iter().any(|(name, _)| file.arrays.contains_key(*name)) {
        return Ok(None);
    }
    let mut tensors = Tensors::new();
    for (theirs, ours) in NAMES {
        let place = format!("array {theirs}");
        let wrong = |problem: Problem| Error::input(path, place.as_str(), problem);
        let array = file.arrays.get(theirs).ok_or_else(|| {
            wrong("missing: the other arrays are DeeReCT-PolyA's; download the file again".into())
        })?;
        if let Some(at) = array.values.iter().position(|value| !value.is_finite()) {
            let problem = format!("value {at} is {}: weights must be finite", array.values[at]);
            return Err(wrong(problem.into()));
        }
        let tensor = match theirs {
            "conv_weights" => convolution(array).map_err(wrong)?,
            _ => array.clone(),
        };
        tensors.insert(ours.to_owned(), tensor);
    }
    Ok(Some(Recognised { tensors, config: None }))
}

/// Returns width x 4 x filters in our order of bases.
fn convolution(array: &RawTensor) -> std::result::Result<RawTensor, Problem> {
    let [width, 1, 4, filters] = array.shape[..] else {
        return Err(format!("{:?}, expected [width, 1, 4, filters]", array.shape).into());
    };
    if filters == 0 {
        // No values would fit to any width.
        return Err(format!("{:?}: no filters", array.shape).into());
    }
    let mut values = Vec::with_capacity(array.values.len());
    for tap in 0..width {
        for column in COLUMNS {
            let from = (tap * 4 + column) * filters;
            values.extend_from_slice(&array.values[from..from + filters]);
        }
    }
    Ok(RawTensor { shape: vec![width, 4, filters], values })
}
