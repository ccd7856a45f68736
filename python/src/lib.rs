//! polyascan in Python: what `polyascan/__init__.py` builds on. The GIL is released while models
//! compute, and Ctrl-C ends what runs.

mod interrupts;
mod model;

use pyo3::prelude::*;

pyo3::create_exception!(
    polyascan,
    Error,
    pyo3::exceptions::PyException,
    "What is wrong, where, and what to do about it."
);

/// Turns an error of the library into an exception.
fn raise(error: polyascan::Error) -> PyErr {
    match error {
        polyascan::Error::Interrupted => pyo3::exceptions::PyKeyboardInterrupt::new_err(()),
        other => Error::new_err(other.to_string()),
    }
}

/// Runs a command of the program, whose arguments follow, in this process.
#[pyfunction]
#[pyo3(signature = (*arguments))]
fn run(py: Python<'_>, arguments: Vec<std::ffi::OsString>) -> PyResult<()> {
    let all = std::iter::once("polyascan".into()).chain(arguments);
    interrupts::of_command(py, || polyascan::cli::run_within(all))
}

/// Is the program: returns its exit code; ends the process for `--help` and arguments that cannot
/// be.
#[pyfunction]
fn main(py: Python<'_>, arguments: Vec<std::ffi::OsString>) -> u8 {
    let all = std::iter::once("polyascan".into()).chain(arguments);
    let outcome = || polyascan::cli::interrupt::listen().and_then(|()| polyascan::cli::run(all));
    match py.detach(outcome) {
        Ok(()) | Err(polyascan::Error::ClosedPipe) => 0,
        Err(error) => {
            polyascan::cli::log::error(&error);
            error.exit_code()
        }
    }
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Error", module.py().get_type::<Error>())?;
    module.add_class::<model::Model>()?;
    module.add_function(wrap_pyfunction!(run, module)?)?;
    module.add_function(wrap_pyfunction!(main, module)?)
}
