//! Computation: devices and hand-written kernels.

#[doc(hidden)]
pub mod candle;
#[doc(hidden)]
pub mod cpu;
#[doc(hidden)]
pub mod cuda;
pub mod device;
