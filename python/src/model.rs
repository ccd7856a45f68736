//! Models: windows and sequences in, NumPy arrays out.

use std::sync::Arc;

use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray2};
use polyascan::config::Config;
use polyascan::engine::device::Workers;
use polyascan::genome::sequence::{UNKNOWN, code};
use polyascan::genome::strand::Strand;
use polyascan::models::{self, Length, registry};
use polyascan::scan::sequence::{self, SequenceScores};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::{interrupts, raise};

/// A loaded model. Loading takes milliseconds to seconds; one may be used from several threads at a
/// time.
#[pyclass(frozen, module = "polyascan._native")]
pub struct Model {
    model: Arc<dyn models::Model>,
}

#[pymethods]
impl Model {
    #[new]
    #[pyo3(signature = (name = "default"))]
    fn new(py: Python<'_>, name: &str) -> PyResult<Self> {
        let model = py.detach(|| registry::load(name, &Workers::CPU)).map_err(raise)?;
        Ok(Self { model: model.into() })
    }

    #[getter]
    fn name(&self) -> &str {
        &self.model.card().name
    }

    #[getter]
    fn architecture(&self) -> &str {
        &self.model.card().architecture
    }

    #[getter]
    fn sha256(&self) -> &str {
        &self.model.card().sha256
    }

    #[getter]
    fn can_scan(&self) -> bool {
        self.model.can_scan()
    }

    #[getter]
    fn lengths(&self) -> (usize, usize) {
        self.model.input().length.limits()
    }

    #[getter]
    fn anchor(&self) -> usize {
        self.model.input().anchor
    }

    #[getter]
    fn outputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let outputs = PyDict::new(py);
        for output in self.model.outputs() {
            outputs.set_item(&output.name, output.width)?;
        }
        Ok(outputs)
    }

    fn predict<'py>(
        &self,
        py: Python<'py>,
        windows: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let codes = windows_of(windows, self.model.input().length)?;
        let predictions = interrupts::of_flag(py, |_| {
            let windows: Vec<models::Window<'_>> =
                codes.iter().map(|codes| codes.as_slice().into()).collect();
            self.model.predict(&windows)?.check_finite(&self.model.card().name, windows.len())
        })?;
        let all = PyDict::new(py);
        for (output, values) in self.model.outputs().iter().zip(predictions.values) {
            let shape = (codes.len(), output.width);
            all.set_item(&output.name, matrix(py, shape, values)?)?;
        }
        Ok(all)
    }

    #[pyo3(signature = (sequence, threads = 1))]
    fn scan<'py>(
        &self,
        py: Python<'py>,
        sequence: &Bound<'py, PyAny>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        let codes = codes_of(sequence)?;
        let config = Config::load(None).map_err(raise)?.scan;
        let model = &*self.model;
        let scores = interrupts::of_flag(py, |interrupt| {
            sequence::scan(model, &codes, &config, threads, interrupt)
        })?;
        scanned(py, codes.len(), scores)
    }

    fn __repr__(&self) -> String {
        let card = self.model.card();
        format!("Model({:?}, architecture={:?})", card.name, card.architecture)
    }
}

/// Returns what a scan says as arrays: of tracks (strand, position), of sites each column.
fn scanned(py: Python<'_>, length: usize, scores: SequenceScores) -> PyResult<Bound<'_, PyDict>> {
    let SequenceScores { probability, cleavage, sites } = scores;
    let all = PyDict::new(py);
    all.set_item("probability", matrix(py, (2, length), probability.concat())?)?;
    all.set_item("cleavage", matrix(py, (2, length), cleavage.concat())?)?;
    let columns = PyDict::new(py);
    let positions: Vec<u64> = sites.iter().map(|site| site.position).collect();
    columns.set_item("position", positions.into_pyarray(py))?;
    let strands = sites.iter().map(|site| u8::from(site.strand == Strand::Minus));
    columns.set_item("strand", PyArray1::from_iter(py, strands))?;
    let numbers = |name: &str, value: &dyn Fn(&polyascan::output::bed::Site) -> f32| {
        columns.set_item(name, PyArray1::from_iter(py, sites.iter().map(value)))
    };
    numbers("probability", &|site| site.probability)?;
    numbers("posterior", &|site| site.posterior.unwrap_or(f32::NAN))?;
    numbers("cleavage", &|site| site.cleavage)?;
    let cluster = |end: bool| -> Vec<u64> {
        let side = |range: &std::ops::Range<u64>| if end { range.end } else { range.start };
        sites.iter().map(|site| side(&site.cluster)).collect()
    };
    columns.set_item("cluster_start", cluster(false).into_pyarray(py))?;
    columns.set_item("cluster_end", cluster(true).into_pyarray(py))?;
    all.set_item("sites", columns)?;
    Ok(all)
}

/// Returns rows as an array, which takes the values over.
fn matrix(
    py: Python<'_>,
    shape: (usize, usize),
    values: Vec<f32>,
) -> PyResult<Bound<'_, PyArray2<f32>>> {
    let array = Array2::from_shape_vec(shape, values);
    Ok(array.map_err(|e| PyValueError::new_err(e.to_string()))?.into_pyarray(py))
}

/// Returns the windows' codes: of a sequence of texts, or of an array of letters or codes.
fn windows_of(windows: &Bound<'_, PyAny>, length: Length) -> PyResult<Vec<Vec<u8>>> {
    if let Ok(array) = windows.extract::<PyReadonlyArray2<'_, u8>>() {
        let rows = array.as_array();
        // Letters and codes have no value in common.
        let rows = rows.rows().into_iter().enumerate();
        return rows.map(|(at, row)| codes_in(row.iter().copied(), at)).collect();
    }
    if windows.is_instance_of::<PyString>() || windows.is_instance_of::<PyBytes>() {
        let problem = format!("windows is one text; give a list of texts of {length} nt");
        return Err(PyTypeError::new_err(problem));
    }
    let rows = windows.try_iter()?.enumerate();
    rows.map(|(at, window)| text_codes(&window?, at)).collect()
}

/// Returns the codes of a sequence: a text, bytes, or an array of letters or codes.
fn codes_of(sequence: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(array) = sequence.extract::<numpy::PyReadonlyArray1<'_, u8>>() {
        return codes_in(array.as_array().iter().copied(), 0);
    }
    text_codes(sequence, 0)
}

fn text_codes(text: &Bound<'_, PyAny>, at: usize) -> PyResult<Vec<u8>> {
    if let Ok(text) = text.cast::<PyString>() {
        return codes_in(text.to_str()?.bytes(), at);
    }
    match text.cast::<PyBytes>() {
        Ok(bytes) => codes_in(bytes.as_bytes().iter().copied(), at),
        Err(_) => Err(PyTypeError::new_err(
            "a sequence is a str, bytes, or an array of uint8: letters, or codes 0-3 for ACGT and 4 for N",
        )),
    }
}

fn codes_in(values: impl Iterator<Item = u8>, at: usize) -> PyResult<Vec<u8>> {
    let of = |(place, value): (usize, u8)| {
        let known = if value <= UNKNOWN { Some(value) } else { code(value) };
        known.ok_or_else(|| {
            let shown = std::ascii::escape_default(value).to_string();
            PyValueError::new_err(format!(
                "sequence {at}, place {place}: {shown:?} is neither a nucleotide's letter nor a code"
            ))
        })
    };
    values.enumerate().map(of).collect()
}
