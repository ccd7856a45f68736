//! The layers of a model from its tensors.

use super::alphabet::Alphabet;
use super::{ARCHITECTURE, Config, LONGEST, Pysster, Recurrent};
use crate::engine::cpu::gated::{Direction, Gated};
use crate::engine::cpu::layers::{Conv, Dense, LetterConv, pooled};
use crate::error::Problem;
use crate::models::Output;
use crate::models::card::ModelCard;
use crate::models::features::width;
use crate::models::weight_file::{Reader, Tensors};

/// The convolutions, and what they leave.
struct Convolutions {
    first: LetterConv,
    rest: Vec<Conv>,
    positions: usize,
    channels: usize,
}

/// Builds a model.
///
/// # Errors
/// If a tensor is missing, left over or of a shape that does not fit.
pub fn build(config: &Config, tensors: &Tensors, card: &ModelCard) -> Result<Pysster, Problem> {
    let alphabet = Alphabet::new(&config.alphabet)?;
    if config.length > LONGEST {
        return Err(
            format!("it reads {} nt; at most {LONGEST} are supported", config.length).into()
        );
    }
    config.features.iter().try_for_each(|feature| feature.check())?;
    let mut reader = Reader::new(tensors);
    let convolutions = convolutions(config, &alphabet, &mut reader)?;
    let Convolutions { positions, channels, .. } = convolutions;
    let (mut recurrent, mut inputs) = (Vec::new(), channels);
    for (n, layer) in config.recurrent.iter().enumerate() {
        let gated = gated(&mut reader, n, *layer, inputs, n + 1 < config.recurrent.len())?;
        inputs = gated.outputs();
        recurrent.push(gated);
    }
    if recurrent.is_empty() {
        inputs *= positions;
    }
    inputs += width(&config.features);
    let layers = (0..).take_while(|n| reader.has(&format!("dense.{n}.weight"))).count();
    let mut dense = Vec::new();
    for n in 0..layers {
        let outputs = reader.shape(&format!("dense.{n}.bias"), 1)?[0];
        let weight = reader.take(&format!("dense.{n}.weight"), &[inputs, outputs])?;
        let bias = reader.take(&format!("dense.{n}.bias"), &[outputs])?;
        dense.push(Dense::new(&weight, &bias, n + 1 < layers));
        inputs = outputs;
    }
    if dense.is_empty() {
        return Err("it has no dense layer".into());
    }
    reader.finish(ARCHITECTURE.name)?;
    Ok(Pysster {
        card: card.clone(),
        outputs: (0..inputs).map(|class| Output::new(format!("class_{class}"), 1)).collect(),
        alphabet,
        length: config.length,
        first: convolutions.first,
        convs: convolutions.rest,
        pools: config.pools.clone(),
        recurrent,
        features: config.features.clone(),
        dense,
        output: config.output,
    })
}

fn convolutions(
    config: &Config,
    alphabet: &Alphabet,
    reader: &mut Reader<'_>,
) -> Result<Convolutions, Problem> {
    let (mut first, mut rest) = (None, Vec::new());
    let (mut positions, mut channels) = (config.length, alphabet.channels());
    for (n, pool) in config.pools.iter().enumerate() {
        let (weight, bias, taps) = conv(reader, n, channels)?;
        match n {
            0 => first = Some(LetterConv::new(&weight, taps, channels, &bias)),
            _ => rest.push(Conv::new(&weight, taps, channels, &bias)),
        }
        if pool.size == 0 || pool.stride == 0 {
            return Err(
                format!("pool {n} has size {} and stride {}", pool.size, pool.stride).into()
            );
        }
        positions = pooled((positions + 1).saturating_sub(taps), pool.size, pool.stride);
        channels = bias.len();
        if positions == 0 {
            return Err(format!("{} nt are too short for convolution {n}", config.length).into());
        }
    }
    let first = first.ok_or("it has no convolution")?;
    Ok(Convolutions { first, rest, positions, channels })
}

/// Takes the kernel and bias of convolution `n`, and returns its number of taps too.
fn conv(
    reader: &mut Reader<'_>,
    n: usize,
    channels: usize,
) -> Result<(Vec<f32>, Vec<f32>, usize), Problem> {
    let name = format!("conv.{n}.weight");
    let shape = reader.shape(&name, 3)?;
    let (taps, kernels) = (shape[0], shape[2]);
    let weight = reader.take(&name, &[taps, channels, kernels])?;
    let bias = reader.take(&format!("conv.{n}.bias"), &[kernels])?;
    Ok((weight, bias, taps))
}

/// Takes recurrent layer `n`.
fn gated(
    reader: &mut Reader<'_>,
    n: usize,
    layer: Recurrent,
    inputs: usize,
    sequences: bool,
) -> Result<Gated, Problem> {
    let mut directions = Vec::new();
    for direction in layer.directions() {
        let part = |part: &str| format!("rnn.{n}.{direction}.{part}");
        let units = reader.shape(&part("recurrent"), 2)?[0];
        let width = layer.cell.gates() * units;
        let input = reader.take(&part("input"), &[inputs, width])?;
        let recurrent = reader.take(&part("recurrent"), &[units, width])?;
        let bias = reader.take(&part("bias"), &[width])?;
        directions.push(Direction::new(layer.cell, layer.gate, &input, &recurrent, &bias));
    }
    Ok(Gated::new(directions, sequences))
}
