//! The first convolution: a table says what each base adds at each place of a filter.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};

use super::values;

/// Convolution of codes by table, bias, max-pool over `pool` positions, ReLU if `rectified`.
#[derive(Clone, Copy, Debug)]
pub struct Embed {
    pub pool: usize,
    pub rectified: bool,
}

/// Sizes of one application.
pub(super) struct Sizes {
    pub rows: usize,
    pub width: usize,
    pub channels: usize,
}

impl Embed {
    /// Applies the table (width x 4 x channels) and the bias (channels) to codes (n, u8; 4 and
    /// above is unknown and adds nothing): (n - width - pool + 2) x channels.
    ///
    /// # Errors
    /// If the shapes do not fit or the device fails.
    pub fn apply(&self, codes: &Tensor, table: &Tensor, bias: &Tensor) -> Result<Tensor> {
        codes.apply_op3_no_bwd(table, bias, self)
    }

    pub(super) fn sizes(&self, codes: &Layout, table: &Layout, bias: &Layout) -> Result<Sizes> {
        let (n, (width, bases, channels)) = (codes.shape().dims1()?, table.shape().dims3()?);
        let rows = (n + 2).saturating_sub(width + self.pool);
        if bases != 4 || bias.shape().dims1()? != channels || rows == 0 {
            candle_core::bail!("embed: {n} codes, table {table:?}, bias {bias:?}");
        }
        Ok(Sizes { rows, width, channels })
    }
}

impl CustomOp3 for Embed {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn cpu_fwd(
        &self,
        codes: &CpuStorage,
        codes_layout: &Layout,
        table: &CpuStorage,
        table_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Sizes { rows, width, channels } =
            self.sizes(codes_layout, table_layout, bias_layout)?;
        let codes = values::<u8>(codes, codes_layout)?;
        let (table, bias) =
            (values::<f32>(table, table_layout)?, values::<f32>(bias, bias_layout)?);
        let convolved = |at: usize, c: usize| {
            let known = codes[at..at + width].iter().enumerate().filter(|(_, code)| **code < 4);
            bias[c]
                + known
                    .map(|(j, &code)| table[(4 * j + usize::from(code)) * channels + c])
                    .sum::<f32>()
        };
        let mut out = Vec::with_capacity(rows * channels);
        for row in 0..rows {
            for c in 0..channels {
                let most =
                    (0..self.pool).map(|p| convolved(row + p, c)).fold(f32::NEG_INFINITY, f32::max);
                out.push(if self.rectified { most.max(0.0) } else { most });
            }
        }
        Ok((CpuStorage::F32(out), Shape::from((rows, channels))))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        codes: &candle_core::CudaStorage,
        codes_layout: &Layout,
        table: &candle_core::CudaStorage,
        table_layout: &Layout,
        bias: &candle_core::CudaStorage,
        bias_layout: &Layout,
    ) -> Result<(candle_core::CudaStorage, Shape)> {
        let sizes = self.sizes(codes_layout, table_layout, bias_layout)?;
        let operands = [(table, table_layout), (bias, bias_layout)];
        let out = super::launch::embed(self, &sizes, (codes, codes_layout), operands)?;
        Ok((out, Shape::from((sizes.rows, sizes.channels))))
    }
}
