//! Layers of convolutional classifiers on batches of windows: convolution of one-hot letters,
//! convolution, max-pooling, dense.
//!
//! A window's values depend, to the bit, on that window alone, never on its batch.

use super::activation::relu;
use super::matmul::{Affine, Packed, Rows, pad, padded, product};
use super::simd::vectorized;

/// Values of n windows: windows x positions x channels, each row of channels padded to
/// [`padded`]`(channels)`.
#[derive(Clone, Debug, Default)]
pub struct Activations {
    pub values: Vec<f32>,
    pub windows: usize,
    pub positions: usize,
    pub channels: usize,
}

impl Activations {
    /// Returns zeros.
    pub fn new(windows: usize, positions: usize, channels: usize) -> Self {
        let values = vec![0.0; windows * positions * padded(channels)];
        Self { values, windows, positions, channels }
    }

    /// Returns the values from one row to the next.
    pub fn width(&self) -> usize {
        padded(self.channels)
    }

    /// Returns the channels of each row, window by window, without padding.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.width()).map(|row| &row[..self.channels])
    }
}

/// A convolution over one-hot letters, without padding at the ends, and ReLU: for each tap the
/// weights of one letter are looked up and added.
#[derive(Clone, Debug)]
pub struct LetterConv {
    taps: usize,
    letters: usize,
    channels: usize,
    /// taps x letters x padded channels.
    table: Vec<f32>,
    bias: Vec<f32>,
}

impl LetterConv {
    /// Takes a (taps, letters, channels) kernel, row-major, as Keras stores it.
    pub fn new(kernel: &[f32], taps: usize, letters: usize, bias: &[f32]) -> Self {
        let channels = bias.len();
        let mut table = vec![0.0; taps * letters * padded(channels)];
        for (to, from) in
            table.chunks_exact_mut(padded(channels)).zip(kernel.chunks_exact(channels))
        {
            to[..channels].copy_from_slice(from);
        }
        Self { taps, letters, channels, table, bias: pad(bias) }
    }

    /// Convolves `windows` windows of equally many letters, at least as many as taps, laid end to
    /// end. Letters are indices; one that is not below the number of letters adds nothing.
    pub fn run(&self, letters: &[u8], windows: usize) -> Activations {
        let length = letters.len() / windows.max(1);
        let positions = (length + 1).saturating_sub(self.taps);
        let mut out = Activations::new(windows, positions, self.channels);
        let width = out.width();
        if positions == 0 {
            return out;
        }
        vectorized(
            #[inline(always)]
            || {
                let rows =
                    letters.chunks_exact(length).flat_map(|window| window.windows(self.taps));
                for (row, seen) in out.values.chunks_exact_mut(width).zip(rows) {
                    row.copy_from_slice(&self.bias);
                    for (tap, &letter) in seen.iter().enumerate() {
                        if usize::from(letter) < self.letters {
                            let at = (tap * self.letters + usize::from(letter)) * width;
                            for (sum, weight) in row.iter_mut().zip(&self.table[at..at + width]) {
                                *sum += weight;
                            }
                        }
                    }
                    row.iter_mut().for_each(|value| *value = relu(*value));
                }
            },
        );
        out
    }
}

/// A convolution without padding at the ends, and ReLU.
#[derive(Clone, Debug)]
pub struct Conv {
    taps: usize,
    inputs: usize,
    channels: usize,
    weight: Packed,
    bias: Vec<f32>,
}

impl Conv {
    /// Takes a (taps, inputs, channels) kernel, row-major, as Keras stores it.
    pub fn new(kernel: &[f32], taps: usize, inputs: usize, bias: &[f32]) -> Self {
        let channels = bias.len();
        let weight = Packed::new(kernel, taps * inputs, channels);
        Self { taps, inputs, channels, weight, bias: pad(bias) }
    }

    /// Convolves every window.
    pub fn run(&self, input: &Activations) -> Activations {
        let positions = (input.positions + 1).saturating_sub(self.taps);
        let mut out = Activations::new(input.windows, positions, self.channels);
        if positions == 0 {
            return out;
        }
        let segments: Vec<usize> = (0..self.taps).map(|tap| tap * input.width()).collect();
        let windows = input.values.chunks_exact(input.positions * input.width());
        let size = positions * out.width();
        for (data, out) in windows.zip(out.values.chunks_exact_mut(size)) {
            let rows = Rows {
                data,
                rows: positions,
                row_stride: input.width(),
                segments: &segments,
                length: self.inputs,
                k_stride: 1,
            };
            product(rows, &self.weight, &mut Affine { out, bias: &self.bias, relu: true });
        }
        out
    }
}

/// Returns the number of positions after max-pooling; what does not fill a pool is dropped.
pub fn pooled(positions: usize, size: usize, stride: usize) -> usize {
    if positions < size { 0 } else { (positions - size) / stride + 1 }
}

/// Takes the maximum over `size` positions, every `stride` positions.
pub fn max_pool(input: &Activations, size: usize, stride: usize) -> Activations {
    let positions = pooled(input.positions, size, stride);
    let mut out = Activations::new(input.windows, positions, input.channels);
    let width = out.width();
    if positions == 0 {
        return out;
    }
    vectorized(
        #[inline(always)]
        || {
            let windows = input.values.chunks_exact(input.positions * width);
            for (from, to) in windows.zip(out.values.chunks_exact_mut(positions * width)) {
                for (position, row) in to.chunks_exact_mut(width).enumerate() {
                    let mut pool =
                        from[position * stride * width..][..size * width].chunks_exact(width);
                    pool.next().into_iter().for_each(|first| row.copy_from_slice(first));
                    for other in pool {
                        row.iter_mut()
                            .zip(other)
                            .for_each(|(most, &value)| *most = most.max(value));
                    }
                }
            }
        },
    );
    out
}

/// A dense layer on all values of a window, position by position.
#[derive(Clone, Debug)]
pub struct Dense {
    channels: usize,
    weight: Packed,
    bias: Vec<f32>,
    relu: bool,
}

impl Dense {
    /// Takes an (inputs, outputs) matrix, row-major; the inputs are positions x channels.
    pub fn new(weight: &[f32], bias: &[f32], relu: bool) -> Self {
        let channels = bias.len();
        let weight = Packed::new(weight, weight.len() / channels.max(1), channels);
        Self { channels, weight, bias: pad(bias), relu }
    }

    /// Returns one position per window.
    pub fn run(&self, input: &Activations) -> Activations {
        let mut out = Activations::new(input.windows, 1, self.channels);
        let segments: Vec<usize> = (0..input.positions).map(|p| p * input.width()).collect();
        let rows = Rows {
            data: &input.values,
            rows: input.windows,
            row_stride: input.positions * input.width(),
            segments: &segments,
            length: input.channels,
            k_stride: 1,
        };
        let affine = &mut Affine { out: &mut out.values, bias: &self.bias, relu: self.relu };
        product(rows, &self.weight, affine);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two windows of three positions and two channels.
    fn input() -> Activations {
        let mut input = Activations::new(2, 3, 2);
        let width = input.width();
        for (i, row) in input.values.chunks_exact_mut(width).enumerate() {
            row[..2].copy_from_slice(&[i as f32, -(i as f32)]);
        }
        input
    }

    fn values(activations: &Activations) -> Vec<f32> {
        activations.rows().flatten().copied().collect()
    }

    #[test]
    fn windows_do_not_mix_in_a_convolution() {
        // out = x[t][0] + 10 x[t + 1][0] + x[t][1] / 2 - 1
        let conv = Conv::new(&[1.0, 0.5, 10.0, 0.0], 2, 2, &[-1.0]);
        assert_eq!(values(&conv.run(&input())), [9.0, 19.5, 40.5, 51.0]);
    }

    #[test]
    fn letters_convolve_as_their_one_hot_columns() {
        let kernel = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
        let conv = LetterConv::new(&kernel, 2, 3, &[0.5]);
        // Letter 9 is none of the three.
        let out = conv.run(&[0, 1, 2, 2, 9, 0], 2);
        assert_eq!(values(&out), [17.5, 34.5, 4.5, 8.5]);
    }

    #[test]
    fn pools_may_overlap_and_drop_the_tail() {
        assert_eq!([pooled(5, 2, 2), pooled(5, 3, 1), pooled(5, 6, 2)], [2, 3, 0]);
        assert_eq!(values(&max_pool(&input(), 2, 1)), [1.0, 0.0, 2.0, -1.0, 4.0, -3.0, 5.0, -4.0]);
        assert_eq!(values(&max_pool(&input(), 2, 2)), [1.0, 0.0, 4.0, -3.0]);
    }

    #[test]
    fn a_dense_layer_reads_position_by_position() {
        let dense = Dense::new(&[1.0, 1.0, 10.0, 10.0, 100.0, 100.0], &[0.0], false);
        assert_eq!(values(&dense.run(&input())), [0.0, 0.0]);
        let dense = Dense::new(&[1.0, 0.0, 10.0, 0.0, 100.0, 0.0], &[0.25], true);
        assert_eq!(values(&dense.run(&input())), [210.25, 543.25]);
    }
}
