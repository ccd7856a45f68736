//! Which vector instructions the kernels use.
//!
//! The best path that the CPU has is taken unless another is forced, once, at the start: to get on
//! one machine the bytes of another, or to test a path. The results of one path are the same
//! to the bit on every CPU that has it; those of different paths differ by rounding.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::error::Problem;
use pulp::WithSimd;

/// A set of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// What every CPU has; slow, as no kernel is written for it.
    Portable,
    /// AVX2 with fused multiply-add.
    Avx2,
    /// AVX-512.
    Avx512,
    /// AVX-512 on a CPU that adds beside its multiplications (AMD from Zen 4 on): large products do
    /// half of their multiplications as additions.
    Avx512Pairs,
}

/// The path forced, plus one; 0 if none is.
static FORCED: AtomicU8 = AtomicU8::new(0);

/// Asking the CPU takes long in a virtual machine: once is enough.
static BEST: LazyLock<Path> = LazyLock::new(|| {
    let able = |path: &&Path| path.is_possible() && path.is_fast();
    Path::ALL.iter().rev().find(able).copied().unwrap_or(Path::Portable)
});

impl Path {
    /// All, the plainest first.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Avx2, Self::Avx512, Self::Avx512Pairs];

    /// Returns the fastest path of this CPU.
    pub fn best() -> Self {
        *BEST
    }

    /// Returns the path that the kernels take.
    pub fn current() -> Self {
        match FORCED.load(Ordering::Relaxed) {
            0 => Self::best(),
            n => Self::ALL[usize::from(n) - 1],
        }
    }

    /// Makes the kernels take this path. Weights are packed for a path: to be called before a
    /// model is loaded.
    ///
    /// # Errors
    /// If the CPU lacks the instructions.
    pub fn force(self) -> Result<(), Problem> {
        if !self.is_possible() {
            return Err(format!("this CPU has no {self}; its best is {}", Self::best()).into());
        }
        let n = Self::ALL.iter().position(|&path| path == self).unwrap_or(0);
        FORCED.store(n as u8 + 1, Ordering::Relaxed);
        Ok(())
    }

    /// Returns whether the CPU has the instructions.
    pub fn is_possible(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => pulp::x86::V3::try_new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 | Self::Avx512Pairs => pulp::x86::V4::try_new().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Returns whether the CPU gains by it.
    fn is_fast(self) -> bool {
        self != Self::Avx512Pairs || adds_beside_multiplying()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Pairs => "avx512-pairs",
        })
    }
}

/// Returns whether this is an AMD CPU: those with AVX-512 have adders of their own beside the
/// multiply-add units, where others add in the same units.
#[cfg(target_arch = "x86_64")]
fn adds_beside_multiplying() -> bool {
    let vendor = std::arch::x86_64::__cpuid(0);
    let name = [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes);
    name.as_flattened() == b"AuthenticAMD"
}

#[cfg(not(target_arch = "x86_64"))]
fn adds_beside_multiplying() -> bool {
    false
}

/// Runs a kernel on the current path.
#[cfg(target_arch = "x86_64")]
#[inline]
pub fn dispatch<Op: WithSimd>(kernel: Op) -> Op::Output {
    use pulp::Simd;
    use pulp::x86::{V3, V4};
    let path = Path::current();
    if path >= Path::Avx512
        && let Some(simd) = V4::try_new()
    {
        return Simd::vectorize(simd, kernel);
    }
    if path >= Path::Avx2
        && let Some(simd) = V3::try_new()
    {
        return Simd::vectorize(simd, kernel);
    }
    Simd::vectorize(pulp::Scalar::new(), kernel)
}

/// Runs a kernel on the current path.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub fn dispatch<Op: WithSimd>(kernel: Op) -> Op::Output {
    pulp::Arch::new().dispatch(kernel)
}
