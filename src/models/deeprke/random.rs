//! Networks of any size with random weights: for tests, and to begin a training from.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::config::Config;
use super::weights;
use crate::error::Problem;
use crate::models::weight_file::{RawTensor, Tensors};

/// Returns tensors with uniform random weights whose size keeps activations of order one.
pub fn random(config: &Config, seed: u64) -> Tensors {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let tensors = weights::tensors(config).into_iter().map(|(name, shape, inputs)| {
        let variance = match name.as_str() {
            bias if bias.ends_with(".bias") => 0.1,
            // Half of the values before a ReLU do not pass.
            recurrent if recurrent.starts_with("lstm.") => 1.0 / inputs as f32,
            _ => 2.0 / inputs as f32,
        };
        let bound = (3.0 * variance).sqrt();
        let values = (0..shape.iter().product::<usize>())
            .map(|_| rng.random_range(-bound..=bound))
            .collect();
        (name, RawTensor { shape, values })
    });
    tensors.collect()
}

/// Replaces a network's embeddings by trained ones: the tensors `sequence` and, where the network
/// reads structure, `structure` of a file that `polyascan train embeddings` wrote.
///
/// # Errors
/// If one is missing or has other sizes than the network.
pub fn with_embeddings(tensors: &mut Tensors, embeddings: &Tensors) -> Result<(), Problem> {
    for track in ["sequence", "structure"] {
        let Some(own) = tensors.get_mut(&format!("{track}.embedding")) else { continue };
        let given = embeddings
            .get(track)
            .ok_or_else(|| format!("the embeddings have no tensor {track}"))?;
        if given.shape != own.shape {
            let (given, own) = (&given.shape, &own.shape);
            return Err(
                format!("the embeddings' tensor {track} is {given:?}, expected {own:?}").into()
            );
        }
        own.clone_from(given);
    }
    Ok(())
}
