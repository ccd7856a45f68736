//! The tensors of a DeepRKE network, by name.
//!
//! | tensor | shape |
//! | --- | --- |
//! | `sequence.embedding` | 4^k x dimension |
//! | `structure.embedding` | 6^k x dimension |
//! | `{sequence,structure,joined}.N.weight`, `.bias` | width x inputs x filters, filters |
//! | `lstm.{forward,backward}.input` | filters x 4 units (gates i, f, c, o, one after another) |
//! | `lstm.{forward,backward}.recurrent` | units x 4 units |
//! | `lstm.{forward,backward}.bias` | 4 units (with 0 units none of the three is there) |
//! | `dense.N.weight`, `.bias` | inputs x outputs, outputs |
//!
//! N counts a module's layers from 0. The joined module reads sequence features before structure
//! features, the first dense layer forward units before backward units. All values are f32,
//! row-major.

use super::config::{Config, Convolution};
use crate::engine::cpu::lstm::GATES;
use crate::error::Problem;
use crate::models::weight_file::{Reader, Tensors};

/// Returns the name and shape of every tensor of a network, with the number of values that one of
/// the layer's sums adds up.
pub fn tensors(config: &Config) -> Vec<(String, Vec<usize>, usize)> {
    let mut list = Vec::new();
    for (name, track, words) in config.tracks() {
        list.push((format!("{name}.embedding"), vec![words, track.dimension], 1));
        module(&mut list, name, &track.module, track.dimension);
    }
    module(&mut list, "joined", &config.joined, config.join().iter().sum());
    let (inputs, units) = (config.features(), config.units);
    let directions: &[&str] = if units == 0 { &[] } else { &["forward", "backward"] };
    for direction in directions {
        let mut add = |part: &str, shape: Vec<usize>, sum| {
            list.push((format!("lstm.{direction}.{part}"), shape, sum));
        };
        add("input", vec![inputs, GATES * units], inputs);
        add("recurrent", vec![units, GATES * units], units);
        add("bias", vec![GATES * units], units);
    }
    let mut inputs = config.flat();
    for (n, &outputs) in config.dense.iter().chain([&1]).enumerate() {
        list.push((format!("dense.{n}.weight"), vec![inputs, outputs], inputs));
        list.push((format!("dense.{n}.bias"), vec![outputs], inputs));
        inputs = outputs;
    }
    list
}

fn module(
    list: &mut Vec<(String, Vec<usize>, usize)>,
    name: &str,
    layers: &[Convolution],
    mut inputs: usize,
) {
    for (n, &Convolution { filters, width }) in layers.iter().enumerate() {
        list.push((format!("{name}.{n}.weight"), vec![width, inputs, filters], width * inputs));
        list.push((format!("{name}.{n}.bias"), vec![filters], width * inputs));
        inputs = filters;
    }
}

/// Checks that the tensors are those of the network.
///
/// # Errors
/// Says which tensor is missing, left over, of another shape or not finite.
pub fn check(config: &Config, found: &Tensors) -> Result<(), Problem> {
    config.check()?;
    let mut reader = Reader::new(found);
    for (name, shape, _) in tensors(config) {
        reader.take(&name, &shape)?;
    }
    reader.finish("deeprke")
}
