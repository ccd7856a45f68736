//! The scan on a GPU, whatever the network.

use candle_core::{Device, Result as TensorResult, Tensor};
use candle_nn::ops::sigmoid;

use super::{CLEAVAGE, CleavageVector, StrandScores, WINDOW};
use crate::engine::cuda::WINDOWS;
use crate::error::Result;
use crate::genome::sequence::UNKNOWN;

/// A network that shares what overlapping windows have in common.
pub trait GpuNetwork {
    /// Windows that are computed together, a multiple of [`WINDOWS`]; bounds the memory.
    const BLOCK: usize;

    /// Returns the device that it is on.
    fn device(&self) -> &Device;

    /// Returns what is known of n windows in n + 239 codes (u8), one row each, and the logits of
    /// their classification (n x 1). n is a multiple of [`WINDOWS`].
    fn classify(&self, codes: &Tensor) -> TensorResult<(Tensor, Tensor)>;

    /// Returns the cleavage vectors (m x 50, softmax) of m rows of what [`Self::classify`] knows.
    fn cleavage(&self, rows: &Tensor) -> TensorResult<Tensor>;
}

/// Scores all windows of `sequence`; cleavage where classification > `cleavage_above`.
///
/// # Errors
/// If the device fails.
pub fn scan<N: GpuNetwork>(
    network: &N,
    sequence: &[u8],
    cleavage_above: f32,
) -> Result<StrandScores> {
    let windows = (sequence.len() + 1).saturating_sub(WINDOW);
    let mut scores = StrandScores::default();
    for start in (0..windows).step_by(N::BLOCK) {
        let count = N::BLOCK.min(windows - start);
        let mut codes = sequence[start..start + count + WINDOW - 1].to_vec();
        // What the last block lacks is filled up with windows that nobody looks at.
        codes.resize(count.next_multiple_of(WINDOWS) + WINDOW - 1, UNKNOWN);
        let length = codes.len();
        let codes = Tensor::from_vec(codes, length, network.device())?;
        let (known, logits) = network.classify(&codes)?;
        let mut class = sigmoid(&logits)?.flatten_all()?.to_vec1::<f32>()?;
        class.truncate(count);
        let above = class.iter().enumerate().filter(|(_, p)| **p > cleavage_above);
        let above: Vec<u32> = above.map(|(s, _)| s as u32).collect();
        scores.probability.extend(class);
        if above.is_empty() {
            continue;
        }
        let rows = known.index_select(&Tensor::new(above.as_slice(), network.device())?, 0)?;
        let vectors = network.cleavage(&rows)?.flatten_all()?.to_vec1::<f32>()?;
        for (s, row) in above.into_iter().zip(vectors.chunks_exact(CLEAVAGE)) {
            let mut vector: CleavageVector = [0.0; CLEAVAGE];
            vector.copy_from_slice(row);
            scores.cleavage.push((start + s as usize, vector));
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Knows of a window its first, middle and last code.
    struct Ends;

    impl GpuNetwork for Ends {
        const BLOCK: usize = 2 * WINDOWS;

        fn device(&self) -> &Device {
            &Device::Cpu
        }

        fn classify(&self, codes: &Tensor) -> TensorResult<(Tensor, Tensor)> {
            let windows = codes.dim(0)? + 1 - WINDOW;
            assert!(windows.is_multiple_of(WINDOWS) && windows <= Self::BLOCK);
            let codes = codes.to_dtype(DType::F32)?;
            let at = |offset| codes.narrow(0, offset, windows)?.reshape((windows, 1));
            let logits = ((at(0)? + (at(CENTRE)? * 0.25)?)? - at(WINDOW - 1)?)?;
            Ok((logits.clone(), logits))
        }

        fn cleavage(&self, rows: &Tensor) -> TensorResult<Tensor> {
            rows.broadcast_as((rows.dim(0)?, CLEAVAGE))
        }
    }

    const CENTRE: usize = super::super::CENTRE;

    #[test]
    fn every_window_gets_its_own_scores_wherever_blocks_end() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let codes: Vec<u8> = (0..700).map(|_| rng.random_range(0..=UNKNOWN)).collect();
        for windows in [0, 1, 63, 64, 65, 127, 128, 129, 256, 300, 461] {
            let codes = &codes[..windows + WINDOW - 1];
            let logit = |s: usize| {
                let at = |offset: usize| f32::from(codes[s + offset]);
                at(0) + at(CENTRE) * 0.25 - at(WINDOW - 1)
            };
            let scores = scan(&Ends, codes, 0.6).unwrap();
            assert_eq!(scores.probability.len(), windows);
            for (s, &p) in scores.probability.iter().enumerate() {
                assert!((p - 1.0 / (1.0 + (-logit(s)).exp())).abs() < 1e-6);
            }
            let above = (0..windows).filter(|&s| scores.probability[s] > 0.6);
            assert_eq!(
                above.collect::<Vec<_>>(),
                scores.cleavage.iter().map(|c| c.0).collect::<Vec<_>>()
            );
            for (s, vector) in &scores.cleavage {
                assert_eq!(vector, &[logit(*s); CLEAVAGE]);
            }
        }
    }
}
