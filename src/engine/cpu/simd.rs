//! Which vector instructions the kernels use.
//!
//! The best path that the CPU has is taken unless another is forced, once, at the start: to get on
//! one machine the bytes of another, or to test a path. The results of one path are the same
//! to the bit on every CPU that has it; those of different paths differ by rounding.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::error::Problem;
use pulp::{Simd, WithSimd};

/// Vectors of the portable path: four plain floats, which compilers make an instruction of on every
/// CPU that has vectors (SSE2, NEON).
pub type Portable = pulp::Scalar128b;

/// A set of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// What every CPU of its kind has: plain code, without fused multiply-add.
    Portable,
    /// NEON, on 64-bit ARM.
    Neon,
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
    pub const ALL: [Self; 5] =
        [Self::Portable, Self::Neon, Self::Avx2, Self::Avx512, Self::Avx512Pairs];

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
            #[cfg(target_arch = "aarch64")]
            Self::Neon => pulp::aarch64::Neon::try_new().is_some(),
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
            Self::Neon => "neon",
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
#[inline]
pub fn dispatch<Op: WithSimd>(kernel: Op) -> Op::Output {
    let path = Path::current();
    #[cfg(target_arch = "x86_64")]
    {
        if matches!(path, Path::Avx512 | Path::Avx512Pairs)
            && let Some(simd) = pulp::x86::V4::try_new()
        {
            return Simd::vectorize(simd, kernel);
        }
        if path == Path::Avx2
            && let Some(simd) = pulp::x86::V3::try_new()
        {
            return Simd::vectorize(simd, kernel);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if path == Path::Neon
        && let Some(simd) = pulp::aarch64::Neon::try_new()
    {
        return Simd::vectorize(simd, kernel);
    }
    debug_assert_eq!(path, Path::Portable);
    Simd::vectorize(pulp::Scalar128b, kernel)
}

/// Runs plain loops on the current path, compiled once for each: to be called as
/// `vectorized(#[inline(always)] || ..)`. Without the attribute the closure is a function of its
/// own, compiled for what every CPU has.
#[inline]
pub fn vectorized<R>(loops: impl FnMut() -> R) -> R {
    dispatch(Loops(loops))
}

struct Loops<F>(F);

impl<R, F: FnMut() -> R> WithSimd for Loops<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> R {
        (self.0)()
    }
}
