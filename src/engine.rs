//! Computation: devices and hand-written kernels.

pub mod cpu;
pub mod cuda;
pub mod device;
