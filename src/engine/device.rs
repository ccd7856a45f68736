//! Where a model is computed.

use std::fmt;
use std::str::FromStr;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::cuda::{self, Pool};
use crate::error::{Error, Problem, Result};

/// Copies of a network per GPU: one computes while the results of another are fetched.
#[cfg(feature = "cuda")]
const COPIES: usize = 2;

/// What factors of products are rounded to, as it is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Not at all.
    #[default]
    F32,
    /// See [`cuda::Precision::Tf32`].
    Tf32,
    /// See [`cuda::Precision::Bf16`].
    Bf16,
    /// See [`CpuPrecision::Int8`].
    Int8,
}

impl Precision {
    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => cuda::Precision::F32.name(),
            Self::Tf32 => cuda::Precision::Tf32.name(),
            Self::Bf16 => cuda::Precision::Bf16.name(),
            Self::Int8 => "int8",
        }
    }

    /// Returns what it is on a GPU, if there is such a thing.
    fn on_gpu(self) -> Option<cuda::Precision> {
        match self {
            Self::F32 => Some(cuda::Precision::F32),
            Self::Tf32 => Some(cuda::Precision::Tf32),
            Self::Bf16 => Some(cuda::Precision::Bf16),
            Self::Int8 => None,
        }
    }

    /// Returns what it is on the CPU, if there is such a thing.
    pub fn on_cpu(self) -> Option<CpuPrecision> {
        match self {
            Self::F32 => Some(CpuPrecision::F32),
            Self::Int8 => Some(CpuPrecision::Int8),
            Self::Tf32 | Self::Bf16 => None,
        }
    }
}

/// What factors of products are rounded to on the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CpuPrecision {
    /// Not at all.
    #[default]
    F32,
    /// Activations to 7 bits, weights to 8: [`super::cpu::int8`]. Not every model has this form.
    Int8,
}

/// The device asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU if this build and machine have one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPUs with these numbers.
    Cuda(Vec<usize>),
    /// All GPUs.
    AllCuda,
}

impl FromStr for DeviceChoice {
    type Err = Problem;

    fn from_str(text: &str) -> std::result::Result<Self, Problem> {
        let wrong = || format!("{text:?} is none of auto, cpu, cuda, cuda:0, cuda:0,1, cuda:all");
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(vec![0])),
            "cuda:all" => Ok(Self::AllCuda),
            other => {
                let list = other.strip_prefix("cuda:").ok_or_else(wrong)?;
                let numbers = list.split(',').map(|number| number.parse().map_err(|_| wrong()));
                let numbers = numbers.collect::<std::result::Result<Vec<usize>, _>>()?;
                match (1..numbers.len()).find(|&i| numbers[..i].contains(&numbers[i])) {
                    Some(twice) => Err(format!("GPU {} is named twice", numbers[twice]).into()),
                    None => Ok(Self::Cuda(numbers)),
                }
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
                write!(f, "cuda:{}", numbers.join(","))
            }
            Self::AllCuda => write!(f, "cuda:all"),
        }
    }
}

impl DeviceChoice {
    /// Opens one device, what training runs on; with a remark where it is not the one that was
    /// hoped for.
    ///
    /// # Errors
    /// If a GPU is asked for that this build or machine does not have, or several.
    pub fn open(&self) -> Result<(Device, Option<String>)> {
        let workers = self.workers(Precision::F32)?;
        match workers.devices.as_slice() {
            [] => Ok((Device::Cpu, workers.note)),
            [device, rest @ ..] if rest.iter().all(|d| d.location() == device.location()) => {
                Ok((device.clone(), None))
            }
            _ => Err(Error::Usage(format!("--device {self}: training runs on one GPU"))),
        }
    }

    /// Opens what scans run on; auto is the CPU where only that has the precision.
    ///
    /// # Errors
    /// If a GPU is asked for that this build or machine does not have, or a precision that the
    /// device does not have.
    pub fn workers(&self, precision: Precision) -> Result<Workers> {
        let usage = |problem| Error::Usage(format!("--device {self}: {problem}"));
        let mut note = None;
        let devices = match self {
            Self::Cpu => Vec::new(),
            Self::Cuda(numbers) => gpus(Some(numbers)).map_err(usage)?,
            Self::AllCuda => gpus(None).map_err(usage)?,
            Self::Auto if cfg!(feature = "cuda") && precision.on_gpu().is_some() => {
                match gpus(Some(&[0])) {
                    Ok(devices) => devices,
                    Err(problem) => {
                        note = Some(format!("device auto: CPU ({problem})"));
                        Vec::new()
                    }
                }
            }
            Self::Auto => Vec::new(),
        };
        let lacks = |place, has| {
            let name = precision.name();
            Error::Usage(format!("--precision {name}: {place} has none; it has {has}"))
        };
        if devices.is_empty() {
            let precision = precision.on_cpu().ok_or_else(|| lacks("the CPU", "f32 and int8"))?;
            return Ok(Workers { note, ..Workers::cpu(precision) });
        }
        let precision = precision.on_gpu().ok_or_else(|| lacks("a GPU", "f32, tf32 and bf16"))?;
        Ok(Workers::new(devices, precision))
    }
}

/// What computes a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// The threads of this process; what factors of products are rounded to.
    Cpu(CpuPrecision),
    /// A GPU or several; the same.
    Cuda(cuda::Precision),
}

impl DeviceKind {
    /// The CPU, in f32.
    pub const CPU: Self = Self::Cpu(CpuPrecision::F32);
}

impl fmt::Display for DeviceKind {
    /// As reports and summaries name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu(CpuPrecision::F32) => "cpu",
            Self::Cpu(CpuPrecision::Int8) => "cpu int8",
            Self::Cuda(cuda::Precision::F32) => "cuda",
            Self::Cuda(cuda::Precision::Tf32) => "cuda tf32",
            Self::Cuda(cuda::Precision::Bf16) => "cuda bf16",
        })
    }
}

/// What scans run on: the CPU, or streams of GPUs that each get a copy of the network.
#[derive(Clone, Debug)]
pub struct Workers {
    /// None for the CPU.
    devices: Vec<Device>,
    /// On GPUs.
    precision: cuda::Precision,
    on_cpu: CpuPrecision,
    /// Why it is the CPU, where a GPU was to be taken if there is one.
    pub note: Option<String>,
}

impl Workers {
    /// The CPU, in f32.
    pub const CPU: Self = Self::cpu(CpuPrecision::F32);

    /// Takes the CPU.
    pub const fn cpu(on_cpu: CpuPrecision) -> Self {
        Self { devices: Vec::new(), precision: cuda::Precision::F32, on_cpu, note: None }
    }

    /// Takes devices; with [`Device::Cpu`] among them, what is meant for GPUs runs there.
    pub fn new(devices: Vec<Device>, precision: cuda::Precision) -> Self {
        // Products of f32 matrices by the library: a setting of the whole program.
        #[cfg(feature = "cuda")]
        candle_core::cuda::set_gemm_reduced_precision_f32(precision != cuda::Precision::F32);
        Self { devices, precision, ..Self::CPU }
    }

    /// Returns what they are.
    pub fn kind(&self) -> DeviceKind {
        match self.devices.as_slice() {
            [] => DeviceKind::Cpu(self.on_cpu),
            _ => DeviceKind::Cuda(self.precision),
        }
    }

    /// Builds a network for each GPU stream; none for the CPU.
    ///
    /// # Errors
    /// Those of `build`.
    pub fn pool<T>(
        &self,
        build: impl Fn(&Device, cuda::Precision) -> Result<T>,
    ) -> Result<Option<Pool<T>>> {
        let copies = self.devices.iter().map(|device| build(device, self.precision));
        let copies = copies.collect::<Result<Vec<T>>>()?;
        Ok(if copies.is_empty() { None } else { Some(Pool::new(copies)) })
    }
}

/// Opens GPUs, all if none are named: copy by copy, so that the first copies are on different ones.
#[cfg(feature = "cuda")]
fn gpus(numbers: Option<&[usize]>) -> std::result::Result<Vec<Device>, Problem> {
    use super::cuda::driver;
    let numbers = match numbers {
        Some(numbers) => numbers.to_vec(),
        None => (0..driver::count()?).collect(),
    };
    if numbers.is_empty() {
        return Err("no GPU".into());
    }
    (0..COPIES).flat_map(|_| &numbers).map(|&number| driver::open(number)).collect()
}

#[cfg(not(feature = "cuda"))]
fn gpus(_numbers: Option<&[usize]>) -> std::result::Result<Vec<Device>, Problem> {
    Err("this build has no CUDA; build with `make cuda`, or use cpu".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_gpus_are_understood_and_nonsense_is_not() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("cuda", DeviceChoice::Cuda(vec![0])),
            ("cuda:3", DeviceChoice::Cuda(vec![3])),
            ("cuda:0,2,1", DeviceChoice::Cuda(vec![0, 2, 1])),
            ("cuda:all", DeviceChoice::AllCuda),
        ] {
            assert_eq!(text.parse(), Ok(choice.clone()));
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        for wrong in ["gpu", "cuda:", "cuda:x", "cuda:0,", "cuda:-1", "cuda:1,0,1"] {
            assert!(wrong.parse::<DeviceChoice>().is_err(), "{wrong}");
        }
    }
}
