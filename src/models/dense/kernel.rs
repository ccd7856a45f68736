//! The fully convolutional scan model, every layer once per position.

mod copies;
mod exact;
mod few;
mod held;
mod int8;
mod pieces;
mod stem;

use std::ops::Range;

use crate::engine::cpu::activation::sigmoid;
use crate::engine::cpu::matmul::Rows;
use crate::models::{CleavageVector, Holder, Replacement, StrandScores};
pub use exact::Exact;
pub use few::Plans;
pub use int8::{Int8, LEAST};
use pieces::PIECE;
pub use stem::Stem;

/// A layer's weight (inputs x outputs, row-major) and bias, as the network has them.
#[derive(Clone, Debug)]
pub struct Layer {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Layer {
    /// Returns the number of inputs.
    pub fn inputs(&self) -> usize {
        self.weight.len() / self.bias.len().max(1)
    }
}

/// The layers behind the stem: residual blocks of width 3, `x[t + d] + bias + sum_k relu(x[t + kd])
/// w[k]` with weights (3C x C) tap-major; the hidden layer; classification logit, or strength, and
/// cleavage logits, if there are any.
#[derive(Clone, Debug)]
pub struct Layers {
    pub blocks: Vec<Layer>,
    pub hidden: Layer,
    pub first: Layer,
    pub cleavage: Option<Layer>,
}

/// The residual stream of a block, and what the next one reads of it.
pub struct Stream<'a, T> {
    /// Row t is rewritten from row t + dilation, which comes later, or from itself.
    pub values: &'a mut [f32],
    pub rectified: &'a mut [T],
    pub dilation: usize,
}

/// What the layers behind the stem are computed in.
pub trait Arithmetic: Send + Sync {
    /// A rectified activation.
    type Value: Copy + Default + Send + Sync;

    /// Rectifies what the stem made, row by row.
    fn rectify(&self, stream: &[f32], rectified: &mut [Self::Value]);

    /// Computes rows of a block.
    fn block(&self, number: usize, rows: Rows<'_, Self::Value>, stream: Stream<'_, Self::Value>);

    /// Returns the first output and the hidden layer of windows, of their rectified trunk outputs.
    fn heads(&self, count: usize, trunk: &[Self::Value]) -> (Vec<f32>, Vec<Self::Value>);

    /// Returns the width of a row of the hidden layer.
    fn hidden_width(&self) -> usize;

    /// Returns the cleavage vectors of consecutive windows, of their hidden layers; none of a
    /// network without.
    fn cleavage(&self, hidden: &[Self::Value]) -> Option<Vec<CleavageVector>>;
}

/// A network as models use it, whatever it is computed in.
pub trait Kernel: Holder + Send {
    /// Scores all windows of `sequence` (none if it is shorter than the receptive field).
    fn scan(&self, sequence: &[u8], cleavage_above: f32) -> StrandScores;

    /// Scores windows as [`Kernel::scan`] does, each by itself, with all cleavage vectors.
    ///
    /// # Panics
    /// If a window is not as long as the receptive field.
    fn scan_each(&self, windows: &[&[u8]]) -> StrandScores;

    /// Returns the first output of all windows of `sequence`, without an activation.
    fn first(&self, sequence: &[u8]) -> Vec<f32>;

    /// Returns the first output of windows, without an activation.
    ///
    /// # Panics
    /// As [`Kernel::scan_each`].
    fn first_each(&self, windows: &[&[u8]]) -> Vec<f32>;

    /// Returns the first output, without an activation, of copies of a window: of each replacement
    /// in turn each of its copies.
    ///
    /// # Panics
    /// If the window is not as long as the receptive field, or a replacement reaches past it.
    fn first_of_copies(&self, window: &[u8], replacements: &[Replacement<'_>]) -> Vec<f32>;
}

/// The network with its weights packed; activations are time-major rows of `channels` values, a
/// multiple of 16.
#[derive(Clone, Debug)]
pub struct DenseKernel<A> {
    pub stem: Stem,
    /// Of each block.
    pub dilations: Vec<usize>,
    pub layers: A,
    /// How a few windows are computed; `default()`.
    pub plans: Plans,
}

impl<A: Arithmetic> Kernel for DenseKernel<A> {
    fn scan(&self, sequence: &[u8], cleavage_above: f32) -> StrandScores {
        let mut scores = StrandScores::default();
        self.pieces(sequence, |logits, hidden| {
            self.add_scores(logits, hidden, cleavage_above, &mut scores);
        });
        scores
    }

    fn scan_each(&self, windows: &[&[u8]]) -> StrandScores {
        let mut scores = StrandScores::default();
        self.few(windows, 1, |logits, hidden| {
            self.add_scores(logits, hidden, f32::NEG_INFINITY, &mut scores);
        });
        scores
    }

    fn first(&self, sequence: &[u8]) -> Vec<f32> {
        let mut values = Vec::new();
        self.pieces(sequence, |logits, _| values.extend_from_slice(logits));
        values
    }

    fn first_each(&self, windows: &[&[u8]]) -> Vec<f32> {
        let mut values = Vec::with_capacity(windows.len());
        self.few(windows, 1, |logits, _| values.extend_from_slice(logits));
        values
    }

    fn first_of_copies(&self, window: &[u8], replacements: &[Replacement<'_>]) -> Vec<f32> {
        self.of_copies(window, replacements)
    }
}

impl<A: Arithmetic> DenseKernel<A> {
    /// Returns the number of positions that one output sees.
    pub fn receptive_field(&self) -> usize {
        self.stem.width() + self.dilations.iter().map(|dilation| 2 * dilation).sum::<usize>()
    }

    /// Adds what the network says of windows, of their rectified trunk outputs.
    fn said(
        &self,
        count: usize,
        trunk: &[A::Value],
        cleavage_above: f32,
        scores: &mut StrandScores,
    ) {
        let (logits, hidden) = self.layers.heads(count, trunk);
        self.add_scores(&logits, &hidden, cleavage_above, scores);
    }

    /// Adds the classifications of windows, and the cleavage vectors of those above a threshold.
    fn add_scores(
        &self,
        logits: &[f32],
        hidden: &[A::Value],
        cleavage_above: f32,
        scores: &mut StrandScores,
    ) {
        let start = scores.probability.len();
        scores.probability.extend(logits.iter().map(|&logit| sigmoid(logit)));
        let width = self.layers.hidden_width();
        let above = |s: &usize| scores.probability[start + s] > cleavage_above;
        let mut next = 0;
        while let Some(first) = (next..logits.len()).find(above) {
            next = (first..logits.len()).find(|s| !above(s)).unwrap_or(logits.len());
            let run = first..next;
            let hidden = &hidden[run.start * width..run.end * width];
            let Some(vectors) = self.layers.cleavage(hidden) else { return };
            scores.cleavage.extend(run.map(|s| start + s).zip(vectors));
        }
    }

    /// Hands over the windows of `sequence` piece by piece: first output and hidden layer of each.
    fn pieces(&self, sequence: &[u8], mut take: impl FnMut(&[f32], &[A::Value])) {
        let overlap = self.receptive_field() - 1;
        let windows = sequence.len().saturating_sub(overlap);
        if (1..=few::MOST).contains(&windows) {
            return self.few(&[sequence], windows, take);
        }
        let (mut buffers, mut kept) = (Buffers::default(), self.nothing_kept());
        let mut from = 0;
        for start in (0..windows).step_by(PIECE) {
            let count = PIECE.min(windows - start);
            let past = start + count + overlap;
            self.piece(&sequence[from..past], count, &mut kept, &mut buffers);
            from = past + 1 - self.stem.width();
            let (logits, hidden) = self.layers.heads(count, &buffers.rectified);
            take(&logits, &hidden);
        }
    }

    /// The stem: the stream of every position and its rectified values.
    fn embed(&self, sequence: &[u8], stream: &mut [f32], rectified: &mut [A::Value]) {
        let values = (sequence.len() + 1 - self.stem.width()) * self.stem.channels();
        self.stem.embed(sequence, &mut stream[..values]);
        self.layers.rectify(&stream[..values], &mut rectified[..values]);
    }

    /// Computes blocks at every position of `rows` rows.
    fn blocks_everywhere(
        &self,
        blocks: Range<usize>,
        mut rows: usize,
        buffers: &mut Buffers<A::Value>,
    ) {
        for number in blocks {
            let dilation = self.dilations[number];
            rows -= 2 * dilation;
            let (values, rectified) = (&mut *buffers.stream, &mut *buffers.next);
            let stream = Stream { values, rectified, dilation };
            self.block_everywhere(number, &buffers.rectified, rows, stream);
            std::mem::swap(&mut buffers.rectified, &mut buffers.next);
        }
    }

    /// Computes `rows` rows of a block, of the rectified rows before it.
    fn block_everywhere(
        &self,
        number: usize,
        before: &[A::Value],
        rows: usize,
        stream: Stream<'_, A::Value>,
    ) {
        let channels = self.stem.channels();
        let step = self.dilations[number] * channels;
        let operand = Rows {
            data: before,
            rows,
            row_stride: channels,
            segments: &[0, step, 2 * step],
            length: channels,
            k_stride: 1,
        };
        self.layers.block(number, operand, stream);
    }
}

/// Activations, reused between blocks and pieces.
#[derive(Default)]
struct Buffers<T> {
    stream: Vec<f32>,
    rectified: Vec<T>,
    next: Vec<T>,
}

impl<T: Copy + Default> Buffers<T> {
    fn resize(&mut self, n: usize) {
        self.stream.resize(n, 0.0);
        for buffer in [&mut self.rectified, &mut self.next] {
            buffer.resize(n, T::default());
        }
    }
}
