//! The convolution modules of one sequence after another.
//!
//! The first convolution of a track reads words, of which there are few: what each word adds at
//! each place of the filters is computed once, when the model is loaded, and the convolution is
//! sums of rows of that table. The others are products that read time-major activations in place,
//! between the zeros of their padding.

use super::config::{Config, Convolution, Track};
use crate::engine::cpu::activation::relu;
use crate::engine::cpu::matmul::{Affine, Packed, Rows, pad, padded, product};
use crate::engine::cpu::simd::vectorized;
use crate::models::weight_file::Tensors;

/// The modules of a network, packed.
pub struct Modules {
    pool: usize,
    /// Sequence and, where the network reads it, structure.
    tracks: Vec<TrackModule>,
    joined: Vec<Layer>,
}

struct TrackModule {
    first: WordLayer,
    rest: Vec<Layer>,
}

/// A convolution over words.
struct WordLayer {
    width: usize,
    padding: usize,
    /// words x width x filters.
    table: Vec<f32>,
    /// One per filter, padded.
    bias: Vec<f32>,
}

/// A convolution over activations.
struct Layer {
    width: usize,
    padding: usize,
    /// Values per position, padded.
    inputs: usize,
    weight: Packed,
    bias: Vec<f32>,
}

/// Buffers that sequences use one after another.
#[derive(Default)]
pub struct Scratch {
    convolved: Vec<f32>,
    activations: Vec<f32>,
    joined: Vec<f32>,
}

impl Modules {
    /// Packs the weights, which fit the configuration.
    pub fn new(config: &Config, tensors: &Tensors) -> Self {
        let track = |(name, track, words): (&str, &Track, usize)| {
            let first = WordLayer::new(name, track, words, tensors);
            let mut inputs = track.module[0].filters;
            let mut rest = Vec::new();
            for (n, &layer) in track.module.iter().enumerate().skip(1) {
                rest.push(Layer::new(&format!("{name}.{n}"), layer, &[inputs], tensors));
                inputs = layer.filters;
            }
            TrackModule { first, rest }
        };
        let mut inputs = config.join();
        let mut joined = Vec::new();
        for (n, &layer) in config.joined.iter().enumerate() {
            joined.push(Layer::new(&format!("joined.{n}"), layer, &inputs, tensors));
            inputs = vec![layer.filters];
        }
        let tracks = config.tracks().into_iter().map(track).collect();
        Self { pool: config.pool, tracks, joined }
    }

    /// Returns the features of each step of the LSTM, padded, of one sequence: `words` holds each
    /// track's words, equally many.
    pub fn run<'a>(&self, words: &[Vec<Option<usize>>], scratch: &'a mut Scratch) -> &'a [f32] {
        let Scratch { convolved, activations, joined } = scratch;
        let width: usize = self.tracks.iter().map(TrackModule::filters).sum();
        let padding = self.joined.first().map_or(0, |layer| layer.padding);
        let mut column = 0;
        for (track, words) in self.tracks.iter().zip(words) {
            track.first.run(words, convolved);
            let mut filters = track.first.bias.len();
            for layer in &track.rest {
                let before = layer.padding;
                pool(convolved, filters, self.pool, Plane::new(activations, filters, before));
                layer.run(activations, convolved);
                filters = layer.bias.len();
            }
            let to = Plane { values: joined, width, column, padding };
            pool(convolved, filters, self.pool, to);
            column += filters;
        }
        for (n, layer) in self.joined.iter().enumerate() {
            layer.run(joined, convolved);
            let next = self.joined.get(n + 1).map_or(0, |layer| layer.padding);
            let filters = layer.bias.len();
            pool(convolved, filters, self.pool, Plane::new(joined, filters, next));
        }
        joined
    }
}

impl TrackModule {
    fn filters(&self) -> usize {
        self.rest.last().map_or(self.first.bias.len(), |layer| layer.bias.len())
    }
}

impl WordLayer {
    fn new(name: &str, track: &Track, words: usize, tensors: &Tensors) -> Self {
        let layer = track.module[0];
        let Convolution { filters, width } = layer;
        let (dimension, wide) = (track.dimension, padded(filters));
        let embedding = &tensors[&format!("{name}.embedding")].values;
        let weight = &tensors[&format!("{name}.0.weight")].values;
        let mut table = vec![0.0; words * width * wide];
        let mut place = vec![0.0; words * wide];
        let no_bias = vec![0.0; wide];
        for (at, weight) in weight.chunks_exact(dimension * filters).enumerate() {
            let rows = Rows::matrix(embedding, words, dimension);
            let mut out = Affine { out: &mut place, bias: &no_bias, relu: false };
            product(rows, &Packed::new(weight, dimension, filters), &mut out);
            for (entry, row) in table.chunks_exact_mut(width * wide).zip(place.chunks_exact(wide)) {
                entry[at * wide..][..wide].copy_from_slice(row);
            }
        }
        let bias = pad(&tensors[&format!("{name}.0.bias")].values);
        Self { width, padding: layer.padding(), table, bias }
    }

    /// Writes the convolution of `words`, each position's filters after a ReLU.
    fn run(&self, words: &[Option<usize>], out: &mut Vec<f32>) {
        let filters = self.bias.len();
        let positions = words.len() + 2 * self.padding + 1 - self.width;
        out.resize(positions * filters, 0.0);
        vectorized(
            #[inline(always)]
            || {
                for (position, sums) in out.chunks_exact_mut(filters).enumerate() {
                    sums.copy_from_slice(&self.bias);
                    let first = self.padding.saturating_sub(position);
                    let past = (words.len() + self.padding - position).min(self.width);
                    for place in first..past {
                        // A word with an unknown letter has an embedding of zeros, as padding has.
                        let Some(word) = words[position + place - self.padding] else { continue };
                        let entry = (word * self.width + place) * filters;
                        let added = &self.table[entry..entry + filters];
                        sums.iter_mut().zip(added).for_each(|(sum, value)| *sum += value);
                    }
                    sums.iter_mut().for_each(|sum| *sum = relu(*sum));
                }
            },
        );
    }
}

impl Layer {
    /// `inputs` are the features of what is joined at each position; one if nothing is.
    fn new(name: &str, layer: Convolution, inputs: &[usize], tensors: &Tensors) -> Self {
        let weight = &tensors[&format!("{name}.weight")].values;
        Self {
            width: layer.width,
            padding: layer.padding(),
            inputs: inputs.iter().map(|&features| padded(features)).sum(),
            weight: pack(weight, inputs, layer.filters),
            bias: pad(&tensors[&format!("{name}.bias")].values),
        }
    }

    /// Writes the convolution of activations that have their padding, each position's filters after
    /// a ReLU.
    fn run(&self, activations: &[f32], out: &mut Vec<f32>) {
        let positions = activations.len() / self.inputs + 1 - self.width;
        let rows = Rows {
            data: activations,
            rows: positions,
            row_stride: self.inputs,
            segments: &[0],
            length: self.width * self.inputs,
            k_stride: 1,
        };
        out.resize(positions * self.bias.len(), 0.0);
        product(rows, &self.weight, &mut Affine { out, bias: &self.bias, relu: true });
    }
}

/// Where pooled activations go: rows of `width` values, from `column` on, with `padding` rows of
/// zeros before and after.
struct Plane<'a> {
    values: &'a mut Vec<f32>,
    width: usize,
    column: usize,
    padding: usize,
}

impl<'a> Plane<'a> {
    fn new(values: &'a mut Vec<f32>, width: usize, padding: usize) -> Self {
        Self { values, width, column: 0, padding }
    }
}

/// Writes the maximum over each `size` rows of `filters` values; what is left over is dropped.
fn pool(values: &[f32], filters: usize, size: usize, to: Plane<'_>) {
    let Plane { values: out, width, column, padding } = to;
    let rows = values.len() / filters / size;
    if column == 0 {
        out.clear();
        out.resize((rows + 2 * padding) * width, 0.0);
    }
    let out = &mut out[padding * width..][..rows * width];
    vectorized(
        #[inline(always)]
        || {
            for (group, out) in values.chunks_exact(size * filters).zip(out.chunks_exact_mut(width))
            {
                let out = &mut out[column..column + filters];
                for row in group.chunks_exact(filters) {
                    // Nothing is below 0 after a ReLU, which is what `out` holds.
                    out.iter_mut().zip(row).for_each(|(most, value)| *most = most.max(*value));
                }
            }
        },
    );
}

/// Packs a matrix whose rows come in blocks that take whole vectors each: `blocks` are the rows of
/// the blocks, over and over.
pub fn pack(matrix: &[f32], blocks: &[usize], columns: usize) -> Packed {
    let mut wide = Vec::new();
    let mut blocks = blocks.iter().cycle();
    let mut rest = matrix;
    while !rest.is_empty() {
        let rows = blocks.next().map_or(0, |&rows| rows.max(1));
        let (block, after) = rest.split_at(rows * columns);
        wide.extend_from_slice(block);
        wide.resize(wide.len() + (padded(rows) - rows) * columns, 0.0);
        rest = after;
    }
    Packed::new(&wide, wide.len() / columns, columns)
}
