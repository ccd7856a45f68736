use super::*;
use proptest::prelude::*;

fn integers(n: usize, seed: u32) -> impl Iterator<Item = u32> {
    (0..n as u32).map(move |i| (i.wrapping_mul(2_654_435_761) ^ seed) >> 8)
}

/// Keeps all sums.
struct Keep {
    width: usize,
    sums: Vec<i32>,
}

impl Epilogue for Keep {
    fn store(&mut self, row: usize, column: usize, sums: &[i32; LANES]) {
        let at = row * self.width + column;
        self.sums[at..at + sums.len()].copy_from_slice(sums);
    }
}

proptest! {
    #[test]
    fn all_instructions_give_the_sum_over_k_for_any_size(
        rows in 1usize..40, groups in 1usize..20, n in 1usize..200, taps in 1usize..4, seed: u32,
    ) {
        let k = GROUP * groups;
        // The highest activations and weights among them.
        let data: Vec<u8> = integers((rows + 2 * taps) * k, seed).map(|x| (x % 160).min(127) as u8).collect();
        let right: Vec<f32> =
            integers(taps * k * n, seed ^ 77).map(|x| (x % 360) as f32 - 180.0).map(|x| x.clamp(-127.0, 127.0)).collect();
        let segments: Vec<usize> = (0..taps).map(|t| 2 * t * k).collect();
        let a = Rows { data: &data, rows, row_stride: k, segments: &segments, length: k, k_stride: 1 };
        let packed = Packed::new(&Integers::round(&right, n), taps * k);
        let width = packed.width();
        for instructions in Instructions::possible() {
            let mut keep = Keep { width, sums: vec![7; rows * width] };
            instructions.product(a, &packed, &mut keep);
            for (r, c) in (0..rows).flat_map(|r| (0..width).map(move |c| (r, c))) {
                let integer = |i: usize| (right[i * n + c] / packed.scales[c]).round() as i32;
                let products = (0..taps * k)
                    .map(|i| i32::from(data[segments[i / k] + r * k + i % k]) * integer(i));
                let expected: i32 = if c < n { products.sum() } else { 0 };
                prop_assert_eq!(keep.sums[r * width + c], expected, "{:?}", instructions);
            }
        }
    }

    #[test]
    fn a_weight_is_rounded_by_half_a_step_of_its_column(k in 1usize..9, n in 1usize..40, seed: u32) {
        let k = GROUP * k;
        let matrix: Vec<f32> = integers(k * n, seed).map(|x| x as f32 / 1e7 - 0.8).collect();
        let packed = Packed::new(&Integers::round(&matrix, n), k);
        // A unit row of each k in turn gives back the weights.
        for i in 0..k {
            let mut unit = vec![0u8; k];
            unit[i] = 1;
            let mut keep = Keep { width: packed.width(), sums: vec![0; packed.width()] };
            product(Rows::matrix(&unit, 1, k), &packed, &mut keep);
            for c in 0..n {
                let value = keep.sums[c] as f32 * packed.scales[c];
                prop_assert!((value - matrix[i * n + c]).abs() <= 0.501 * packed.scales[c]);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_path_takes_only_its_own_instructions() {
    use x86::Instructions::{self as X86, Avx2, Avx512Vnni, AvxVnni};
    assert_eq!(X86::of(Path::Portable), None);
    assert!(matches!(X86::of(Path::Avx2), None | Some(Avx2 | AvxVnni)));
    let of_avx512 = X86::of(Path::Avx512);
    assert_eq!(of_avx512, X86::of(Path::Avx512Pairs));
    let has_vnni = X86::possible().any(|one| one == Avx512Vnni);
    assert_eq!(of_avx512 == Some(Avx512Vnni), has_vnni);
}
