//! DeeReCT-PolyA (Xia et al. 2018), batched: the convolution is a sum of table rows, normalisation
//! touches only what the max-pool keeps, the dense layers are products over all windows.

pub mod training;

use crate::engine::cpu::simd::dispatch;
use pulp::{Simd, WithSimd};

use crate::engine::cpu::activation::sigmoid;
use crate::engine::cpu::layers::{Activations, Dense};
use crate::engine::cpu::matmul::{LANES, load, multiply_add, padded, rectified, store};
use crate::genome::sequence::UNKNOWN;

/// Width and stride of the max-pool over convolution positions.
pub const POOL: usize = 10;
/// Filter groups that are normalised together; filter f belongs to group f mod 4.
pub const GROUPS: usize = 4;
/// Added to the variance.
const EPSILON: f32 = 1e-12;

/// Input symbols: A, C, G, T, unknown, padding.
const SYMBOLS: usize = 6;
const PADDING: u8 = UNKNOWN + 1;
/// Three neighbouring symbols are looked up at once.
const TRIPLE: usize = 3;
const TRIPLES: usize = SYMBOLS.pow(TRIPLE as u32);

/// Sixteen filters at one position.
type Lanes = [f32; LANES];

/// Sizes of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// nt that the network reads.
    pub length: usize,
    /// nt of a filter; the input is padded by one less on either side.
    pub width: usize,
    /// Number of filters, a multiple of [`GROUPS`].
    pub filters: usize,
    /// Units of the first dense layer.
    pub hidden: usize,
}

impl Sizes {
    /// Returns the number of convolution positions.
    pub fn positions(self) -> usize {
        self.length + self.width - 1
    }

    /// Returns the number of pooled positions; the rest is dropped.
    pub fn steps(self) -> usize {
        self.positions() / POOL
    }
}

/// The trained values of a network, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// width x 4 (A, C, G, T) x filters.
    pub conv: Vec<f32>,
    /// filters; added after normalisation.
    pub conv_bias: Vec<f32>,
    /// (steps * filters) x hidden, and its bias.
    pub hidden: (Vec<f32>, Vec<f32>),
    /// hidden x 2 (true, pseudo signal), and its bias.
    pub output: (Vec<f32>, Vec<f32>),
}

/// A network with its weights packed.
#[derive(Clone, Debug)]
pub struct DeerectKernel {
    sizes: Sizes,
    /// For each block of 16 filters: what a triple of symbols adds at taps 0-2, 3-5, ...
    tables: Vec<Vec<[Lanes; TRIPLES]>>,
    bias: Vec<Lanes>,
    hidden: Dense,
    output: Dense,
}

impl DeerectKernel {
    /// Packs `weights`.
    ///
    /// # Panics
    /// If their number does not follow from `sizes`.
    pub fn new(sizes: Sizes, weights: &Weights) -> Self {
        let blocks = padded(sizes.filters) / LANES;
        let tables = (0..blocks).map(|block| tables(sizes, &weights.conv, block * LANES)).collect();
        let bias = (0..blocks).map(|block| lanes(&weights.conv_bias, block * LANES)).collect();
        let (hidden, output) = (&weights.hidden, &weights.output);
        Self {
            sizes,
            tables,
            bias,
            hidden: Dense::new(&hidden.0, &hidden.1, true),
            output: Dense::new(&output.0, &output.1, false),
        }
    }

    /// Returns the probability of a true polyA signal for each window of `length` codes.
    ///
    /// # Panics
    /// If a window has another length.
    pub fn predict<'a>(&self, windows: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<f32> {
        let mut pooled = Activations::new(windows.len(), self.sizes.steps(), self.sizes.filters);
        let size = pooled.positions * pooled.width();
        let mut buffers = Buffers::default();
        for (window, pooled) in windows.zip(pooled.values.chunks_exact_mut(size)) {
            assert_eq!(window.len(), self.sizes.length, "a window of another length");
            self.triples(window, &mut buffers);
            dispatch(Pool { kernel: self, pooled, buffers: &mut buffers });
        }
        let logits = self.output.run(&self.hidden.run(&pooled));
        logits.rows().map(|two| sigmoid(two[0] - two[1])).collect()
    }

    /// Writes the number of the triple that starts at each position of the padded window.
    fn triples(&self, window: &[u8], buffers: &mut Buffers) {
        let (edge, symbols) = (self.sizes.width - 1, &mut buffers.symbols);
        symbols.clear();
        symbols.resize(edge, PADDING);
        symbols.extend(window.iter().map(|&code| code.min(UNKNOWN)));
        // The last look-ups may reach beyond the padding, where their weights are zero.
        symbols.resize(symbols.len() + edge + 2 * TRIPLE, PADDING);
        let number = |triple: &[u8]| {
            triple.iter().fold(0u8, |number, &s| number.wrapping_mul(SYMBOLS as u8).wrapping_add(s))
        };
        buffers.triples.clear();
        buffers.triples.extend(symbols.windows(TRIPLE).map(number));
    }

    /// Adds a block's sums per filter to those of the groups.
    #[inline(always)]
    fn add_groups(&self, block: usize, sums: &Lanes, groups: &mut [f32; GROUPS]) {
        let filters = (self.sizes.filters - block * LANES).min(LANES);
        for (filter, sum) in sums[..filters].iter().enumerate() {
            groups[filter % GROUPS] += sum;
        }
    }

    /// Divides sums over a group by the number of its values.
    #[inline(always)]
    fn per_value(&self, sums: [f32; GROUPS]) -> [f32; GROUPS] {
        let values = (self.sizes.positions() * self.sizes.filters / GROUPS) as f32;
        sums.map(|sum| sum / values)
    }
}

/// Convolution, normalisation, ReLU and max-pool of one window. Normalisation and ReLU never change
/// an order, so that the pool may come first.
struct Pool<'a> {
    kernel: &'a DeerectKernel,
    pooled: &'a mut [f32],
    buffers: &'a mut Buffers,
}

impl WithSimd for Pool<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { kernel, pooled, buffers } = self;
        let (positions, blocks) = (kernel.sizes.positions(), kernel.tables.len());
        buffers.conv.resize(blocks * positions, [0.0; LANES]);
        let mut sums = [0.0; GROUPS];
        for (block, conv) in buffers.conv.chunks_exact_mut(positions).enumerate() {
            let sum = convolve(simd, &kernel.tables[block], &buffers.triples, conv);
            kernel.add_groups(block, &sum, &mut sums);
        }
        let mean = kernel.per_value(sums);
        let mut squares = [0.0; GROUPS];
        for (block, conv) in buffers.conv.chunks_exact(positions).enumerate() {
            let square = centred_squares(simd, conv, &spread(mean));
            kernel.add_groups(block, &square, &mut squares);
        }
        let scale = kernel.per_value(squares).map(|variance| 1.0 / (variance + EPSILON).sqrt());
        for (block, conv) in buffers.conv.chunks_exact(positions).enumerate() {
            let normalise =
                Normalise { mean: spread(mean), scale: spread(scale), bias: kernel.bias[block] };
            let rows = pooled.chunks_exact_mut(blocks * LANES);
            for (row, conv) in rows.zip(conv.chunks_exact(POOL)) {
                normalise.pool(simd, conv, &mut row[block * LANES..][..LANES]);
            }
        }
    }
}

/// What is computed for one window, reused for the next.
#[derive(Default)]
struct Buffers {
    symbols: Vec<u8>,
    triples: Vec<u8>,
    /// Convolution of each block of filters, position by position.
    conv: Vec<Lanes>,
}

/// Fills `conv`, returns its sum.
#[inline(always)]
fn convolve<S: Simd>(
    simd: S,
    tables: &[[Lanes; TRIPLES]],
    triples: &[u8],
    conv: &mut [Lanes],
) -> Lanes {
    let mut sums = [0.0; LANES];
    for first in (0..LANES).step_by(S::F32_LANES) {
        let mut sum = simd.splat_f32s(0.0);
        for (t, out) in conv.iter_mut().enumerate() {
            let mut value = simd.splat_f32s(0.0);
            for (i, table) in tables.iter().enumerate() {
                let row = &table[usize::from(triples[t + i * TRIPLE])];
                value = simd.add_f32s(value, load::<S>(&row[first..]));
            }
            store::<S>(&mut out[first..], value);
            sum = simd.add_f32s(sum, value);
        }
        store::<S>(&mut sums[first..], sum);
    }
    sums
}

#[inline(always)]
fn centred_squares<S: Simd>(simd: S, conv: &[Lanes], mean: &Lanes) -> Lanes {
    let mut squares = [0.0; LANES];
    for first in (0..LANES).step_by(S::F32_LANES) {
        let mean = load::<S>(&mean[first..]);
        let mut sum = simd.splat_f32s(0.0);
        for value in conv {
            let centred = simd.sub_f32s(load::<S>(&value[first..]), mean);
            sum = multiply_add(simd, centred, centred, sum);
        }
        store::<S>(&mut squares[first..], sum);
    }
    squares
}

struct Normalise {
    mean: Lanes,
    scale: Lanes,
    bias: Lanes,
}

impl Normalise {
    /// Writes the highest of `conv`, normalised and rectified.
    #[inline(always)]
    fn pool<S: Simd>(&self, simd: S, conv: &[Lanes], out: &mut [f32]) {
        for first in (0..LANES).step_by(S::F32_LANES) {
            let mut highest = simd.splat_f32s(f32::NEG_INFINITY);
            for value in conv {
                highest = simd.max_f32s(highest, load::<S>(&value[first..]));
            }
            let centred = simd.sub_f32s(highest, load::<S>(&self.mean[first..]));
            let (scale, bias) = (load::<S>(&self.scale[first..]), load::<S>(&self.bias[first..]));
            let value = multiply_add(simd, centred, scale, bias);
            store::<S>(&mut out[first..], rectified::<S>(simd, value));
        }
    }
}

/// Returns the value of each filter's group.
#[inline(always)]
fn spread(groups: [f32; GROUPS]) -> Lanes {
    std::array::from_fn(|filter| groups[filter % GROUPS])
}

/// Returns 16 values from `first` on, 0 where there are none.
fn lanes(values: &[f32], first: usize) -> Lanes {
    std::array::from_fn(|i| values.get(first + i).copied().unwrap_or(0.0))
}

/// Returns what each triple of symbols adds to 16 filters from `first` on.
fn tables(sizes: Sizes, conv: &[f32], first: usize) -> Vec<[Lanes; TRIPLES]> {
    let Sizes { width, filters, .. } = sizes;
    let weight = |tap: usize, base: usize, filter: usize| {
        if filter < filters && tap < width {
            f64::from(conv[(tap * 4 + base) * filters + filter])
        } else {
            0.0
        }
    };
    let symbol = |tap: usize, symbol: usize, filter: usize| match symbol {
        base @ 0..4 => weight(tap, base, filter),
        padding if padding == usize::from(PADDING) => {
            (0..4).map(|base| 0.25 * weight(tap, base, filter)).sum()
        }
        _unknown => 0.0,
    };
    let row = |tap: usize, triple: usize| -> Lanes {
        let symbols = [triple / (SYMBOLS * SYMBOLS), triple / SYMBOLS % SYMBOLS, triple % SYMBOLS];
        std::array::from_fn(|i| {
            let taps = symbols.iter().enumerate();
            taps.map(|(j, &s)| symbol(tap + j, s, first + i)).sum::<f64>() as f32
        })
    };
    let tap = (0..width).step_by(TRIPLE);
    tap.map(|tap| std::array::from_fn(|triple| row(tap, triple))).collect()
}
