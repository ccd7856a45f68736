//! APARENT2's residual network, one frame at a time.
//!
//! Its convolutions are padded with zeros at both ends of a frame, so overlapping frames share
//! nothing. A frame's activations (time-major rows, zero rows before and after) and all weights
//! stay in the second-level cache; computing frames by themselves also makes a result independent
//! of the frames beside it.

use crate::engine::cpu::simd::vectorized;
use pulp::Simd;

use crate::engine::cpu::activation::relu;
use crate::engine::cpu::matmul::{
    Affine, Epilogue, LANES, Packed, Rows, multiply_add, product, rectified, vectors, vectors_mut,
};
use crate::genome::sequence::UNKNOWN;

/// A residual block: `x + second(relu(first(relu(x * scale + shift))))`, with convolutions of width
/// 3. C is the number of channels, padded to a multiple of 16 with zeros.
#[derive(Clone, Debug)]
pub struct Block {
    pub dilation: usize,
    /// What a channel of the block's input adds to the logit (C), where a skip connection starts.
    pub tap: Option<Vec<f32>>,
    /// The first batch norm (C each).
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
    /// (3C x C), tap-major, with the second batch norm folded in.
    pub first: Packed,
    pub first_bias: Vec<f32>,
    /// (3C x C), tap-major.
    pub second: Packed,
    pub second_bias: Vec<f32>,
}

/// The network with its weights folded and packed.
#[derive(Clone, Debug)]
pub struct FrameKernel {
    /// Rows of A, C, G, T and an unknown base (5 x C), bias included.
    pub stem: Vec<f32>,
    pub blocks: Vec<Block>,
    /// What a channel of the last block's output adds to the logit (C).
    pub last_tap: Vec<f32>,
    /// The constant part of each position's logit; its length is the frame's.
    pub logit_bias: Vec<f32>,
}

/// Adds the residual and prepares the next block's input.
struct Residual<'a> {
    stream: &'a mut [f32],
    activated: &'a mut [f32],
    bias: &'a [f32],
    /// The next block's first batch norm.
    scale: &'a [f32],
    shift: &'a [f32],
}

impl Epilogue for Residual<'_> {
    #[inline(always)]
    fn store<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        values: [S::f32s; V],
    ) {
        let at = row * self.bias.len() + column;
        let stream = vectors_mut::<S, V>(&mut self.stream[at..]);
        let activated = vectors_mut::<S, V>(&mut self.activated[at..]);
        let [bias, scale, shift] =
            [self.bias, self.scale, self.shift].map(|values| vectors::<S, V>(&values[column..]));
        for v in 0..V {
            let sum = simd.add_f32s(simd.add_f32s(values[v], bias[v]), stream[v]);
            stream[v] = sum;
            let normed = multiply_add(simd, sum, scale[v], shift[v]);
            activated[v] = rectified::<S>(simd, normed);
        }
    }
}

/// Activations of a frame, reused between frames of one kernel.
#[derive(Clone, Debug)]
pub struct Buffers {
    /// The residual stream: frame length x C.
    stream: Vec<f32>,
    /// Inputs of a block's two convolutions: zero rows, the frame's rows, zero rows.
    activated: Vec<f32>,
    hidden: Vec<f32>,
}

impl FrameKernel {
    /// Returns buffers for [`FrameKernel::logits`].
    pub fn buffers(&self) -> Buffers {
        let rows = self.logit_bias.len();
        let stream = vec![0.0; rows * self.channels()];
        let padded = vec![0.0; (rows + 2 * self.padding()) * self.channels()];
        Buffers { stream, activated: padded.clone(), hidden: padded }
    }

    fn channels(&self) -> usize {
        self.last_tap.len()
    }

    /// Zero rows at either end: the greatest dilation.
    fn padding(&self) -> usize {
        self.blocks.iter().map(|block| block.dilation).max().unwrap_or(0)
    }

    /// Writes the logit of each position of a frame, given as codes, to `logits`.
    ///
    /// # Panics
    /// If `frame`, `logits` and the kernel differ in length, or `buffers` are another kernel's.
    pub fn logits(&self, frame: &[u8], buffers: &mut Buffers, logits: &mut [f32]) {
        assert_eq!(frame.len(), self.logit_bias.len(), "a frame has one length");
        logits.copy_from_slice(&self.logit_bias);
        self.embed(frame, buffers);
        for (i, block) in self.blocks.iter().enumerate() {
            if let Some(tap) = &block.tap {
                add_products(&buffers.stream, tap, logits);
            }
            // What the last block leaves for its successor is not read.
            let next = self.blocks.get(i + 1).unwrap_or(block);
            self.block(block, next, buffers);
        }
        add_products(&buffers.stream, &self.last_tap, logits);
    }

    /// The stem and the first block's input.
    fn embed(&self, frame: &[u8], buffers: &mut Buffers) {
        let channels = self.channels();
        let rows = buffers.stream.chunks_exact_mut(channels);
        for (row, &base) in rows.zip(frame) {
            let at = usize::from(base.min(UNKNOWN)) * channels;
            row.copy_from_slice(&self.stem[at..at + channels]);
        }
        let Some(Block { scale, shift, .. }) = self.blocks.first() else { return };
        let activated = &mut buffers.activated[self.padding() * channels..];
        vectorized(
            #[inline(always)]
            || {
                let rows =
                    activated.chunks_exact_mut(channels).zip(buffers.stream.chunks(channels));
                for (out, row) in rows {
                    for (((out, value), scale), shift) in
                        out.iter_mut().zip(row).zip(scale).zip(shift)
                    {
                        *out = relu(value * scale + shift);
                    }
                }
            },
        );
    }

    fn block(&self, block: &Block, next: &Block, buffers: &mut Buffers) {
        let start = self.padding() * self.channels();
        let step = block.dilation * self.channels();
        let segments = [0, step, 2 * step];
        let input = self.operand(&buffers.activated[start - step..], &segments);
        let out = &mut buffers.hidden[start..];
        product(input, &block.first, &mut Affine { out, bias: &block.first_bias, relu: true });
        let input = self.operand(&buffers.hidden[start - step..], &segments);
        let mut residual = Residual {
            stream: &mut buffers.stream,
            activated: &mut buffers.activated[start..],
            bias: &block.second_bias,
            scale: &next.scale,
            shift: &next.shift,
        };
        product(input, &block.second, &mut residual);
    }

    /// The operand of a convolution whose three taps read rows `segments` values apart.
    fn operand<'a>(&self, data: &'a [f32], segments: &'a [usize]) -> Rows<'a> {
        let channels = self.channels();
        let rows = self.logit_bias.len();
        Rows { data, rows, row_stride: channels, segments, length: channels, k_stride: 1 }
    }
}

/// Adds the scalar product of each row with `weights` to `out`.
fn add_products(rows: &[f32], weights: &[f32], out: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || {
            for (out, row) in out.iter_mut().zip(rows.chunks_exact(weights.len())) {
                let mut sums = [0.0; LANES];
                let vectors = row.as_chunks::<LANES>().0.iter().zip(weights.as_chunks::<LANES>().0);
                for (values, weights) in vectors {
                    for lane in 0..LANES {
                        sums[lane] += values[lane] * weights[lane];
                    }
                }
                *out += sums.iter().sum::<f32>();
            }
        },
    );
}
