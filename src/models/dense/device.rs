//! The scan of a dense-scan model in candle, for devices without a kernel of our own.

use candle_core::{D, Tensor};
use candle_nn::ops;

use super::network::{DenseNetwork, Residuals};
use crate::error::Result;
use crate::models::encoding::one_hot;
use crate::models::{CLEAVAGE, CleavageVector, StrandScores, WINDOW};

/// Windows computed in one go: few launches, some 100 MB of activations.
const BLOCK: usize = 32_768;

/// Scores all windows of `sequence` on the network's device.
pub fn scan(network: &DenseNetwork, sequence: &[u8], cleavage_above: f32) -> Result<StrandScores> {
    let windows = (sequence.len() + 1).saturating_sub(WINDOW);
    let device = network.stem.weight.device();
    let mut scores = StrandScores::default();
    for start in (0..windows).step_by(BLOCK) {
        let count = BLOCK.min(windows - start);
        let columns = one_hot(&[&sequence[start..start + count + WINDOW - 1]], device)?;
        let outputs = network.forward(&columns, Residuals::Plain)?.squeeze(0)?;
        let class = ops::sigmoid(&outputs.narrow(1, 0, 1)?)?.flatten_all()?.to_vec1::<f32>()?;
        let kept = class.iter().enumerate().filter(|(_, p)| **p > cleavage_above);
        let kept: Vec<u32> = kept.map(|(s, _)| s as u32).collect();
        scores.probability.extend(class);
        if kept.is_empty() {
            continue;
        }
        let rows = outputs.index_select(&Tensor::new(kept.as_slice(), device)?, 0)?;
        let vectors = ops::softmax(&rows.narrow(1, 1, CLEAVAGE)?, D::Minus1)?.to_vec2::<f32>()?;
        for (s, vector) in kept.into_iter().zip(vectors) {
            let mut values: CleavageVector = [0.0; CLEAVAGE];
            values.copy_from_slice(&vector);
            scores.cleavage.push((start + s as usize, values));
        }
    }
    Ok(scores)
}
