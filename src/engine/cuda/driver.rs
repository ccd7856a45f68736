//! Is there a GPU to work on?

use crate::error::Problem;
use candle_core::Device;
use candle_core::cuda_backend::cudarc::driver::{result, sys::CUresult};

/// Returns the number of GPUs.
///
/// # Errors
/// Says what is missing. Nothing panics: the bindings are asked for plain error codes.
pub fn count() -> Result<usize, Problem> {
    result::init().map_err(|error| reason(error.0))?;
    let count = result::device::get_count().map_err(|error| reason(error.0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Opens a GPU with a stream of its own.
///
/// # Errors
/// Says what is missing.
pub fn open(number: usize) -> Result<Device, Problem> {
    let count = count()?;
    if number >= count {
        return Err(format!("there is no GPU {number}: {count} found, numbered from 0").into());
    }
    Device::new_cuda_with_stream(number).map_err(|error| {
        let error = error.to_string();
        let line = error.lines().next().unwrap_or_default();
        match ["CUBLAS", "CURAND"].into_iter().find(|library| error.contains(library)) {
            Some(library) => format!(
                "GPU {number} cannot be used: {line}; is CUDA's lib{} where LD_LIBRARY_PATH says?",
                library.to_lowercase()
            ),
            None => format!("GPU {number} cannot be used: {line}"),
        }
    })
}

fn reason(code: CUresult) -> String {
    match code {
        CUresult::CUDA_ERROR_STUB_LIBRARY => "no NVIDIA driver (libcuda.so.1)".into(),
        CUresult::CUDA_ERROR_NO_DEVICE => "no GPU".into(),
        code => format!("the NVIDIA driver says {code:?}"),
    }
}
