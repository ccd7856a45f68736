//! The scan of a dense-scan model on a GPU: every layer once per position, in one kernel each.

use candle_core::{D, Device, Result as TensorResult, Tensor};
use candle_nn::ops::softmax;

use super::network::{DenseNetwork, Layer};
use crate::engine::cuda::{Affine, Embed, PackedLayer, Precision};
use crate::error::Result;
use crate::models::CLEAVAGE;
use crate::models::gpu::GpuNetwork;

/// A network with its weights packed on a GPU.
#[derive(Debug)]
pub struct GpuDense {
    device: Device,
    precision: Precision,
    /// Stem width x 4 x channels.
    table: Tensor,
    stem_bias: Tensor,
    blocks: Vec<(usize, PackedLayer)>,
    hidden: PackedLayer,
    /// Classification logit, 50 cleavage logits, padding.
    output: PackedLayer,
}

impl GpuDense {
    /// Packs a network for a device.
    ///
    /// # Errors
    /// If the device fails.
    pub fn new(network: &DenseNetwork, device: &Device, precision: Precision) -> Result<Self> {
        let config = &network.config;
        let shape = (config.stem_width, 4, config.channels);
        let packed =
            |layer: &Layer| PackedLayer::new(&layer.weight, &layer.bias, precision, device);
        let blocks = config.dilations.iter().zip(&network.blocks);
        let blocks = blocks.map(|(&dilation, layer)| Ok((dilation, packed(layer)?)));
        Ok(Self {
            table: network.stem.weight.reshape(shape)?.to_device(device)?,
            stem_bias: network.stem.bias.to_device(device)?,
            blocks: blocks.collect::<Result<_>>()?,
            hidden: packed(&network.hidden)?,
            output: packed(&network.output)?,
            device: device.clone(),
            precision,
        })
    }
}

impl GpuNetwork for GpuDense {
    const BLOCK: usize = 65_536;

    fn device(&self) -> &Device {
        &self.device
    }

    fn classify(&self, codes: &Tensor) -> TensorResult<(Tensor, Tensor)> {
        let stem = Embed { pool: 1, rectified: false };
        let layer = Affine {
            taps: 1,
            dilation: 0,
            shortcut: false,
            rectify_in: false,
            rectify_out: false,
            precision: self.precision,
        };
        let mut x = stem.apply(codes, &self.table, &self.stem_bias)?;
        for &(dilation, ref block) in &self.blocks {
            let residual = Affine { taps: 3, dilation, shortcut: true, rectify_in: true, ..layer };
            x = residual.apply(&x, block)?;
        }
        let hidden = Affine { rectify_in: true, rectify_out: true, ..layer };
        let outputs = layer.apply(&hidden.apply(&x, &self.hidden)?, &self.output)?;
        let logits = outputs.narrow(1, 0, 1)?.contiguous()?;
        Ok((outputs, logits))
    }

    fn cleavage(&self, rows: &Tensor) -> TensorResult<Tensor> {
        softmax(&rows.narrow(1, 1, CLEAVAGE)?, D::Minus1)
    }
}
