//! A layer of the convolutional model with everything around it.

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};

use super::precision::Precision;
use super::tiles::{SIDE, pack, place};
use super::values;

/// Rows of a tile's right factor: that of both kinds of kernel.
const DEPTH: usize = 8;

/// What surrounds a product: `out[r] = bias + sum over taps of f(x[r + tap dilation]) w[tap]`, with
/// f the ReLU or nothing; `shortcut` adds `x[r + dilation]`, `rectify_out` puts a ReLU around all.
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    pub taps: usize,
    pub dilation: usize,
    pub shortcut: bool,
    pub rectify_in: bool,
    pub rectify_out: bool,
    pub precision: Precision,
}

/// Weight and bias as [`Affine`] reads them.
#[derive(Clone, Debug)]
pub struct PackedLayer {
    weight: Tensor,
    /// 16 equal rows: the kernel loads it as tiles.
    bias: Tensor,
}

impl PackedLayer {
    /// Packs a weight (k x n, k = taps x inputs) and bias (n) for a device. Outputs are padded to a
    /// multiple of 16 with zeros.
    ///
    /// # Errors
    /// If the sizes do not fit or the device fails.
    pub fn new(
        weight: &Tensor,
        bias: &Tensor,
        precision: Precision,
        device: &Device,
    ) -> Result<Self> {
        let (k, n) = weight.dims2()?;
        let weight = weight.flatten_all()?.to_vec1::<f32>()?;
        let weight = pack(&weight, k, n, DEPTH, precision.convolutional())?;
        let mut row = bias.to_vec1::<f32>()?;
        row.resize(n.next_multiple_of(SIDE), 0.0);
        let bias = Tensor::from_vec(row.repeat(SIDE), (SIDE, row.len()), device)?;
        Ok(Self { weight: weight.to_device(device)?, bias })
    }

    /// Returns the tiles of the weight.
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// Returns the bias: 16 equal rows.
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }
}

/// Sizes of one application.
pub(super) struct Sizes {
    pub rows: usize,
    pub inputs: usize,
    pub outputs: usize,
}

impl Affine {
    /// Applies a layer to rows x inputs, inputs a multiple of 16; needs 32 rows of output at least.
    ///
    /// # Errors
    /// If the shapes do not fit or the device fails.
    pub fn apply(&self, x: &Tensor, layer: &PackedLayer) -> Result<Tensor> {
        x.apply_op3_no_bwd(&layer.weight, &layer.bias, self)
    }

    pub(super) fn sizes(&self, x: &Layout, weight: &Layout, bias: &Layout) -> Result<Sizes> {
        let (length, inputs) = x.shape().dims2()?;
        let (sixteen, outputs) = bias.shape().dims2()?;
        let rows = length.saturating_sub((self.taps - 1) * self.dilation);
        let fits = weight.dims() == [self.taps * inputs / DEPTH, outputs / SIDE, DEPTH, SIDE];
        let shortcut = !self.shortcut || (inputs == outputs && self.taps > 1);
        if sixteen != SIDE || !inputs.is_multiple_of(SIDE) || !fits || !shortcut || rows < 2 * SIDE
        {
            candle_core::bail!("affine {self:?}: x {x:?}, weight {weight:?}, bias {bias:?}");
        }
        Ok(Sizes { rows, inputs, outputs })
    }
}

impl CustomOp3 for Affine {
    fn name(&self) -> &'static str {
        "affine"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Sizes { rows, inputs, outputs } = self.sizes(x_layout, weight_layout, bias_layout)?;
        let x = values::<f32>(x, x_layout)?;
        let (weight, bias) =
            (values::<f32>(weight, weight_layout)?, values::<f32>(bias, bias_layout)?);
        let rectified = |value: f32, wanted: bool| if wanted { value.max(0.0) } else { value };
        let mut out = Vec::with_capacity(rows * outputs);
        for row in 0..rows {
            let mut sums = bias[..outputs].to_vec();
            for k in 0..self.taps * inputs {
                let (tap, input) = (k / inputs, k % inputs);
                let value =
                    rectified(x[(row + tap * self.dilation) * inputs + input], self.rectify_in);
                for (n, sum) in sums.iter_mut().enumerate() {
                    *sum += value * weight[place(k, n, outputs, DEPTH)];
                }
            }
            if self.shortcut {
                let passed = &x[(row + self.dilation) * inputs..][..inputs];
                sums.iter_mut().zip(passed).for_each(|(sum, value)| *sum += value);
            }
            out.extend(sums.into_iter().map(|sum| rectified(sum, self.rectify_out)));
        }
        Ok((CpuStorage::F32(out), Shape::from((rows, outputs))))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &candle_core::CudaStorage,
        x_layout: &Layout,
        weight: &candle_core::CudaStorage,
        weight_layout: &Layout,
        bias: &candle_core::CudaStorage,
        bias_layout: &Layout,
    ) -> Result<(candle_core::CudaStorage, Shape)> {
        let sizes = self.sizes(x_layout, weight_layout, bias_layout)?;
        let operands = [(x, x_layout), (weight, weight_layout), (bias, bias_layout)];
        let out = super::launch::affine(self, &sizes, operands)?;
        Ok((out, Shape::from((sizes.rows, sizes.outputs))))
    }
}
