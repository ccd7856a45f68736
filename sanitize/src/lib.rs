//! The kernels that hold unsafe code, by themselves: all that Miri has to interpret (`make sanitize`). The modules are
//! links to those of `src/engine/cpu`.

pub mod matmul;
pub mod simd;
