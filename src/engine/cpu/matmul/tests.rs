use super::*;
use proptest::prelude::*;

fn values(n: usize, seed: u32) -> Vec<f32> {
    (0..n as u32)
        .map(|i| ((i.wrapping_mul(2_654_435_761) ^ seed) >> 8) as f32 / 16_777_216.0 - 0.5)
        .collect()
}

/// Returns the packings that this CPU has products for.
fn packings(matrix: &[f32], k: usize, n: usize) -> Vec<Packed> {
    let mut packings = vec![Packed::new(matrix, k, n)];
    #[cfg(target_arch = "x86_64")]
    if Path::Avx512Pairs.is_possible() && padded(n).is_multiple_of(pairs::PANEL) {
        packings.push(Packed::in_pairs(matrix, k, n));
    }
    packings
}

proptest! {
    #[test]
    fn equals_the_sum_over_k_for_any_size(
        rows in 1usize..40, k in 1usize..30, n in 1usize..130, taps in 1usize..4, seed: u32,
    ) {
        let data = values((rows + 2 * taps) * k, seed);
        let right = values(taps * k * n, seed ^ 77);
        let segments: Vec<usize> = (0..taps).map(|t| 2 * t * k).collect();
        let a = Rows { data: &data, rows, row_stride: k, segments: &segments, length: k, k_stride: 1 };
        for packed in packings(&right, taps * k, n) {
            if taps == 2 && packed.is_in_pairs() {
                continue;
            }
            let width = packed.width();
            let mut out = vec![0.0; rows * width];
            let bias = vec![0.0; width];
            product(a, &packed, &mut Affine { out: &mut out, bias: &bias, relu: false });
            for (r, c) in (0..rows).flat_map(|r| (0..n).map(move |c| (r, c))) {
                let expected: f64 = (0..taps * k)
                    .map(|i| (data[segments[i / k] + r * k + i % k], right[i * n + c]))
                    .map(|(x, y)| f64::from(x) * f64::from(y))
                    .sum();
                prop_assert!((f64::from(out[r * width + c]) - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_row_has_the_same_bits_wherever_it_stands(
        rows in 2usize..40, k in 1usize..30, n in 1usize..100, row in 0usize..40, seed: u32,
    ) {
        let row = row % rows;
        let data = values(rows * k, seed);
        for packed in packings(&values(k * n, seed ^ 5), k, n) {
            let w = packed.width();
            let bias = values(w, 3);
            let run = |a: Rows<'_>| {
                let mut out = vec![0.0; a.rows * w];
                product(a, &packed, &mut Affine { out: &mut out, bias: &bias, relu: true });
                out
            };
            let all = run(Rows::matrix(&data, rows, k));
            let one = run(Rows::matrix(&data[row * k..][..k], 1, k));
            prop_assert_eq!(&all[row * w..][..w], &one[..]);
        }
    }
}

/// Each kind of CPU has its own tiles; a sum is the same chain over k in all, fused on every path but
/// the portable one.
#[test]
fn a_sum_is_the_chain_of_its_products_on_every_path() {
    let k = 9;
    for (rows, n) in [(1, 48), (3, 96), (25, 16), (25, 32), (25, 80), (2 * TOGETHER + 1, 64)] {
        let (data, right) = (values(rows * k, 1), values(k * n, 2));
        let (packed, bias) = (Packed::new(&right, k, n), vec![0.0; n]);
        let chain = |step: &dyn Fn(f32, f32, f32) -> f32| -> Vec<f32> {
            let elements = (0..rows).flat_map(|r| (0..n).map(move |c| (r, c)));
            let sum =
                |(r, c)| (0..k).fold(0.0, |sum, i| step(data[r * k + i], right[i * n + c], sum));
            elements.map(sum).collect()
        };
        let run = |call: &dyn Fn(Product<'_, Affine<'_>>)| {
            let mut out = vec![0.0; rows * n];
            let mut epilogue = Affine { out: &mut out, bias: &bias, relu: false };
            let a = Rows::matrix(&data, rows, k);
            call(Product { a, b: &packed, epilogue: &mut epilogue });
            out
        };
        let portable = run(&|product| product.with_simd(pulp::Scalar128b));
        assert_eq!(portable, chain(&|x, y, sum| x * y + sum));
        let fused = chain(&f32::mul_add);
        if Path::current() != Path::Portable {
            assert_eq!(run(&|product| dispatch(product)), fused);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = pulp::x86::V3::try_new() {
            assert_eq!(run(&|product| Simd::vectorize(avx2, product)), fused);
        }
    }
}

#[test]
fn relu_hands_on_what_is_not_a_number() {
    struct Relu<'a>(&'a mut [f32]);
    impl WithSimd for Relu<'_> {
        type Output = ();
        fn with_simd<S: Simd>(self, simd: S) {
            for at in (0..self.0.len()).step_by(S::F32_LANES) {
                let value = rectified::<S>(simd, load::<S>(&self.0[at..]));
                store::<S>(&mut self.0[at..], value);
            }
        }
    }
    let mut values = [-1.5; LANES];
    (values[3], values[5], values[6]) = (f32::NAN, 2.5, 0.0);
    let expected = values.map(|value| if value < 0.0 { 0.0 } else { value });
    let (mut best, mut portable) = (values, values);
    dispatch(Relu(&mut best));
    Relu(&mut portable).with_simd(pulp::Scalar128b);
    for found in [best, portable] {
        assert_eq!(found.map(f32::to_bits), expected.map(f32::to_bits));
    }
}

#[test]
fn packed_values_begin_at_a_cache_line() {
    let values = Aligned::zeros(20);
    assert_eq!(values.as_ptr().align_offset(64), 0);
    assert_eq!(values[..], [0.0; 20]);
}

#[test]
fn sizes_that_wrap_around_are_refused() {
    let one = [1.0];
    let huge = [
        Rows { data: &one, rows: 3, row_stride: 1 << 63, segments: &[0], length: 1, k_stride: 1 },
        Rows { data: &one, rows: 1, row_stride: 1, segments: &[0], length: 3, k_stride: 1 << 63 },
        Rows {
            data: &one,
            rows: 2,
            row_stride: 1,
            segments: &[usize::MAX],
            length: 1,
            k_stride: 1,
        },
    ];
    assert!(huge.iter().all(|rows| !rows.fits()));
    assert!(Rows::matrix(&one, 1, 1).fits());
    assert!(std::panic::catch_unwind(|| Packed::new(&[], 1 << 63, 2)).is_err());
}
