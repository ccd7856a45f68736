//! The layers in f32.

use pulp::Simd;

use super::{Arithmetic, Layer, Layers, Stream};
use crate::engine::cpu::activation::{relu, softmax};
use crate::engine::cpu::matmul::{
    Affine, Epilogue, Packed, Rows, pad, product, rectified, vectors, vectors_mut,
};
use crate::engine::cpu::simd::vectorized;
use crate::models::CleavageVector;

/// A layer, packed.
#[derive(Clone, Debug)]
struct Factors {
    inputs: usize,
    weight: Packed,
    /// By padded column.
    bias: Vec<f32>,
}

impl Factors {
    fn new(layer: &Layer) -> Self {
        let (inputs, outputs) = (layer.inputs(), layer.bias.len());
        let weight = Packed::fast(&layer.weight, inputs, outputs);
        Self { inputs, weight, bias: pad(&layer.bias) }
    }

    /// Applies the layer to rows.
    fn apply(&self, rows: Rows<'_>, relu: bool) -> Vec<f32> {
        let mut out = vec![0.0; rows.rows * self.weight.width()];
        product(rows, &self.weight, &mut Affine { out: &mut out, bias: &self.bias, relu });
        out
    }
}

/// The layers in f32.
#[derive(Clone, Debug)]
pub struct Exact {
    blocks: Vec<Factors>,
    hidden: Factors,
    first: Factors,
    cleavage: Option<Factors>,
}

impl Exact {
    /// Packs the layers.
    pub fn new(layers: &Layers) -> Self {
        Self {
            blocks: layers.blocks.iter().map(Factors::new).collect(),
            hidden: Factors::new(&layers.hidden),
            first: Factors::new(&layers.first),
            cleavage: layers.cleavage.as_ref().map(Factors::new),
        }
    }
}

/// Adds the residual and keeps the rectified value for the next block.
struct Residual<'a> {
    stream: Stream<'a, f32>,
    bias: &'a [f32],
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
        let channels = self.bias.len();
        let Stream { values: stream, rectified: next, dilation } = &mut self.stream;
        let to = row * channels + column;
        let bias = vectors::<S, V>(&self.bias[column..]);
        let shortcut = *vectors::<S, V>(&stream[(row + *dilation) * channels + column..]);
        let stream = vectors_mut::<S, V>(&mut stream[to..]);
        let next = vectors_mut::<S, V>(&mut next[to..]);
        for v in 0..V {
            let sum = simd.add_f32s(simd.add_f32s(values[v], bias[v]), shortcut[v]);
            stream[v] = sum;
            next[v] = rectified::<S>(simd, sum);
        }
    }
}

impl Arithmetic for Exact {
    type Value = f32;

    fn rectify(&self, stream: &[f32], rectified: &mut [f32]) {
        vectorized(
            #[inline(always)]
            || {
                for (rectified, &value) in rectified.iter_mut().zip(stream) {
                    *rectified = relu(value);
                }
            },
        );
    }

    fn block(&self, number: usize, rows: Rows<'_>, stream: Stream<'_, f32>) {
        let Factors { weight, bias, .. } = &self.blocks[number];
        product(rows, weight, &mut Residual { stream, bias });
    }

    fn heads(&self, count: usize, trunk: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let hidden = self.hidden.apply(Rows::matrix(trunk, count, self.hidden.inputs), true);
        let rows = Rows::matrix(&hidden, count, self.hidden_width());
        let logits = self.first.apply(rows, false);
        (logits.into_iter().step_by(self.first.weight.width()).collect(), hidden)
    }

    fn hidden_width(&self) -> usize {
        self.hidden.weight.width()
    }

    fn cleavage(&self, hidden: &[f32]) -> Option<Vec<CleavageVector>> {
        let head = self.cleavage.as_ref()?;
        let width = self.hidden_width();
        let logits = head.apply(Rows::matrix(hidden, hidden.len() / width, width), false);
        Some(logits.chunks_exact(head.weight.width()).map(softmax).collect())
    }
}
