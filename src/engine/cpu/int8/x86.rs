//! The same on x86: AVX-512 VNNI, AVX-VNNI, AVX2.

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_add_epi32, _mm256_dpbusd_avx_epi32, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_storeu_si256, _mm512_dpbusd_epi32, _mm512_loadu_si512,
    _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_si512,
};
use std::sync::LazyLock;

use super::super::matmul::{LANES, Rows};
use super::super::simd::Path;
use super::{Epilogue, GROUP, PANEL, Panel};

/// Which instructions multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    Avx2,
    AvxVnni,
    Avx512Vnni,
}

/// Asking the CPU takes long in a virtual machine: once is enough.
static POSSIBLE: LazyLock<Vec<Instructions>> = LazyLock::new(|| {
    let mut all = Vec::new();
    if Path::Avx2.is_possible() {
        all.push(Instructions::Avx2);
        if is_x86_feature_detected!("avxvnni") {
            all.push(Instructions::AvxVnni);
        }
    }
    if Path::Avx512.is_possible() && is_x86_feature_detected!("avx512vnni") {
        all.push(Instructions::Avx512Vnni);
    }
    all
});

impl Instructions {
    /// Returns all that this CPU has, the fastest last.
    pub fn possible() -> impl Iterator<Item = Self> {
        POSSIBLE.iter().copied()
    }

    /// Returns the fastest of a path, if it has any.
    pub fn of(path: Path) -> Option<Self> {
        let within = |instructions: &Self| match instructions {
            Self::Avx2 | Self::AvxVnni => path >= Path::Avx2,
            Self::Avx512Vnni => path >= Path::Avx512,
        };
        Self::possible().filter(within).last()
    }

    /// Multiplies rows, which were checked to lie inside their data, with a panel.
    pub fn run<E: Epilogue>(self, a: &Rows<'_, u8>, panel: &Panel<'_>, epilogue: &mut E) {
        // SAFETY: each is made only where the CPU has it.
        match self {
            Self::Avx2 => unsafe { avx2(a, panel, epilogue) },
            Self::AvxVnni => unsafe { avx_vnni(a, panel, epilogue) },
            Self::Avx512Vnni => unsafe { avx512_vnni(a, panel, epilogue) },
        }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<E: Epilogue>(a: &Rows<'_, u8>, panel: &Panel<'_>, epilogue: &mut E) {
    // 16 registers: 8 sums, weights, a broadcast, ones and what lies between.
    for first in (0..panel.width).step_by(LANES) {
        // SAFETY: the CPU has AVX2.
        unsafe { rows::<Avx2, 4, 2, 8, E>(a, panel, first, epilogue) };
    }
}

#[target_feature(enable = "avx2,fma,avxvnni")]
unsafe fn avx_vnni<E: Epilogue>(a: &Rows<'_, u8>, panel: &Panel<'_>, epilogue: &mut E) {
    for first in (0..panel.width).step_by(LANES) {
        // SAFETY: the CPU has AVX-VNNI.
        unsafe { rows::<AvxVnni, 6, 2, 12, E>(a, panel, first, epilogue) };
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn avx512_vnni<E: Epilogue>(a: &Rows<'_, u8>, panel: &Panel<'_>, epilogue: &mut E) {
    // 32 registers: 24 sums, weights, a broadcast.
    // SAFETY: the CPU has AVX-512 VNNI.
    unsafe {
        match panel.width / LANES {
            4 => rows::<Avx512Vnni, 6, 4, 24, E>(a, panel, 0, epilogue),
            3 => rows::<Avx512Vnni, 8, 3, 24, E>(a, panel, 0, epilogue),
            2 => rows::<Avx512Vnni, 12, 2, 24, E>(a, panel, 0, epilogue),
            _ => rows::<Avx512Vnni, 12, 1, 12, E>(a, panel, 0, epilogue),
        }
    }
}

/// A vector of sums, and how four products are added to each.
trait Vector {
    /// Integers.
    type Register: Copy;
    /// Sums in it.
    const LANES: usize;

    unsafe fn zero() -> Self::Register;
    unsafe fn load(from: *const i8) -> Self::Register;
    /// Four values in every place.
    unsafe fn broadcast(from: *const u8) -> Self::Register;
    unsafe fn add_products(
        sum: Self::Register,
        left: Self::Register,
        right: Self::Register,
    ) -> Self::Register;
    unsafe fn store(to: *mut i32, sums: Self::Register);
}

struct Avx2;
struct AvxVnni;
struct Avx512Vnni;

macro_rules! avx_vector {
    ($type:ty, $add_products:expr) => {
        impl Vector for $type {
            type Register = __m256i;
            const LANES: usize = 8;

            #[inline(always)]
            unsafe fn zero() -> __m256i {
                unsafe { _mm256_setzero_si256() }
            }

            #[inline(always)]
            unsafe fn load(from: *const i8) -> __m256i {
                unsafe { _mm256_loadu_si256(from.cast()) }
            }

            #[inline(always)]
            unsafe fn broadcast(from: *const u8) -> __m256i {
                unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
            }

            #[inline(always)]
            unsafe fn add_products(sum: __m256i, left: __m256i, right: __m256i) -> __m256i {
                unsafe { $add_products(sum, left, right) }
            }

            #[inline(always)]
            unsafe fn store(to: *mut i32, sums: __m256i) {
                unsafe { _mm256_storeu_si256(to.cast(), sums) }
            }
        }
    };
}

avx_vector!(Avx2, |sum, left, right| {
    let pairs = _mm256_maddubs_epi16(left, right);
    _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
});
avx_vector!(AvxVnni, _mm256_dpbusd_avx_epi32);

impl Vector for Avx512Vnni {
    type Register = __m512i;
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> __m512i {
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn load(from: *const i8) -> __m512i {
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn broadcast(from: *const u8) -> __m512i {
        unsafe { _mm512_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn add_products(sum: __m512i, left: __m512i, right: __m512i) -> __m512i {
        unsafe { _mm512_dpbusd_epi32(sum, left, right) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut i32, sums: __m512i) {
        unsafe { _mm512_storeu_si512(to.cast(), sums) }
    }
}

/// All rows against V vectors of columns, M rows at a time; N = M x V.
#[inline(always)]
unsafe fn rows<L: Vector, const M: usize, const V: usize, const N: usize, E: Epilogue>(
    a: &Rows<'_, u8>,
    panel: &Panel<'_>,
    first: usize,
    epilogue: &mut E,
) {
    let mut row = 0;
    // SAFETY: the caller's CPU has L's instructions.
    unsafe {
        while row + M <= a.rows {
            tile::<L, M, V, N, E>(a, row, panel, first, epilogue);
            row += M;
        }
        while row < a.rows {
            tile::<L, 1, V, V, E>(a, row, panel, first, epilogue);
            row += 1;
        }
    }
}

/// M rows from `row` against V vectors of columns from `first` of the panel.
#[inline(always)]
unsafe fn tile<L: Vector, const M: usize, const V: usize, const N: usize, E: Epilogue>(
    a: &Rows<'_, u8>,
    row: usize,
    panel: &Panel<'_>,
    first: usize,
    epilogue: &mut E,
) {
    let columns = V * L::LANES;
    let mut out = [0i32; 6 * PANEL];
    // SAFETY: the rows lie inside their data ([`Rows::fits`]), the panel has a group of four of each
    // of its columns for every four of k, `out` has room for M x V vectors of every caller.
    unsafe {
        let mut sums = [[L::zero(); V]; M];
        let mut right = panel.values.as_ptr().add(first * GROUP);
        for segment in a.segments {
            let mut left = a.data.as_ptr().add(segment + row * a.row_stride);
            for _ in 0..a.length / GROUP {
                let mut weights = [L::zero(); V];
                for (v, weights) in weights.iter_mut().enumerate() {
                    *weights = L::load(right.add(v * L::LANES * GROUP));
                }
                for (m, sums) in sums.iter_mut().enumerate() {
                    let value = L::broadcast(left.add(m * a.row_stride));
                    for (sum, weights) in sums.iter_mut().zip(weights) {
                        *sum = L::add_products(*sum, value, weights);
                    }
                }
                left = left.add(GROUP);
                right = right.add(panel.width * GROUP);
            }
        }
        for (m, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                L::store(out.as_mut_ptr().add(m * columns + v * L::LANES), *sum);
            }
        }
    }
    for (m, sums) in out.chunks_exact(columns).take(M).enumerate() {
        for (v, sums) in sums.as_chunks::<LANES>().0.iter().enumerate() {
            epilogue.store(row + m, panel.column + first + v * LANES, sums);
        }
    }
}
