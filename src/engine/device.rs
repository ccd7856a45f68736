//! Where a model is computed.

use std::fmt;
use std::str::FromStr;

use candle_core::Device;

use crate::error::{Error, Result};

/// The device asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A GPU if this build and machine have one, else the CPU.
    #[default]
    Auto,
    Cpu,
    /// The GPU with this number.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            other => other
                .strip_prefix("cuda:")
                .and_then(|number| number.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("{other:?} is none of auto, cpu, cuda, cuda:N")),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    /// If a GPU is asked for that this build or machine does not have.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(number) => {
                cuda(number).map_err(|problem| Error::Usage(format!("--device {self}: {problem}")))
            }
            Self::Auto if cfg!(feature = "cuda") => Ok(cuda(0).unwrap_or_else(|problem| {
                eprintln!("device auto: CPU ({problem})");
                Device::Cpu
            })),
            Self::Auto => Ok(Device::Cpu),
        }
    }
}

#[cfg(feature = "cuda")]
fn cuda(number: usize) -> std::result::Result<Device, String> {
    // The CUDA bindings panic instead of failing where there is no driver.
    std::panic::catch_unwind(|| Device::new_cuda(number))
        .map_err(|_| "no NVIDIA driver".to_owned())?
        .map_err(|e| e.to_string())
}

#[cfg(not(feature = "cuda"))]
fn cuda(_number: usize) -> std::result::Result<Device, String> {
    Err("this build has no CUDA; build with `cargo build --release --features cuda`, or use cpu"
        .into())
}

/// Returns the name of an open device, as reports give it.
pub fn name(device: &Device) -> &'static str {
    match device {
        Device::Cpu => "cpu",
        Device::Cuda(_) => "cuda",
        Device::Metal(_) => "metal",
    }
}
