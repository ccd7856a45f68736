//! Recognises pysster's Keras models: any number of convolutions with max-pools, flattened or read by
//! recurrent layers ([`recurrent`]), joined with features, into any number of dense layers.
//!
//! pysster lets Keras name the layers (`conv1d_3`, `max_pooling1d_3`, `dense_7`), so they are told
//! by kind and taken in the file's order. Whole saved models, which pysster writes, also say how
//! long the input is and how it is pooled ([`described`]), and which layers there must be
//! ([`present`]).

mod described;
mod present;
mod recurrent;

use std::path::Path;

use crate::engine::cpu::layers::pooled;
use crate::error::{Error, Problem, Result};
use crate::models::architecture::{ConvertOptions, Recognised};
use crate::models::features::Feature;
use crate::models::formats::keras_h5::{KerasFile, KerasLayer};
use crate::models::pysster::alphabet::Alphabet;
use crate::models::pysster::{Activation, Config, Pool, Recurrent};
use crate::models::weight_file::{RawTensor, Tensors};
use present::DescribedLayer;

/// pysster's default, assumed where the file does not tell.
const USUAL_POOL: Pool = Pool { size: 2, stride: 2 };

/// What the file's description of the model says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Description {
    length: Option<usize>,
    pools: Vec<Pool>,
    recurrent: Vec<Recurrent>,
    /// Numbers of the additional input.
    features: usize,
    /// Those with weights.
    layers: Vec<DescribedLayer>,
    output: Activation,
}

/// Recognises a pysster model by its layers.
///
/// # Errors
/// If it has parts that are not supported, its layers do not fit together, or the file leaves open
/// what `options` do not say.
pub fn recognise(
    path: &Path,
    file: &KerasFile,
    options: &ConvertOptions,
) -> Result<Option<Recognised>> {
    let weighted: Vec<&KerasLayer> =
        file.layers.iter().filter(|layer| !layer.weights.is_empty()).collect();
    let kinds: Vec<Option<Kind>> = weighted.iter().map(|layer| kind(&layer.name)).collect();
    let has = |wanted| kinds.contains(&Some(wanted));
    if kinds.contains(&None) || !has(Kind::Conv) || !has(Kind::Dense) {
        return Ok(None);
    }
    let made = convert(file, &weighted, &kinds, options);
    made.map(Some).map_err(|problem| Error::of_file(path, problem))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Conv,
    Dense,
    Recurrent,
}

/// Returns the last part of a name with slashes.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Tells a layer by the name that Keras gives it: kind, `_` and a number.
fn kind(name: &str) -> Option<Kind> {
    let base = last(name).trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    match base {
        "conv1d" => Some(Kind::Conv),
        "dense" => Some(Kind::Dense),
        "lstm" | "gru" | "bidirectional" => Some(Kind::Recurrent),
        _ => None,
    }
}

fn convert(
    file: &KerasFile,
    weighted: &[&KerasLayer],
    kinds: &[Option<Kind>],
    options: &ConvertOptions,
) -> std::result::Result<Recognised, Problem> {
    let mut tensors = Tensors::new();
    let (mut convs, mut dense) = (0, 0);
    let mut recurrent = Vec::new();
    for (layer, kind) in weighted.iter().zip(kinds) {
        let (name, number) = match kind {
            Some(Kind::Conv) if dense == 0 && recurrent.is_empty() => ("conv", &mut convs),
            Some(Kind::Recurrent) if dense == 0 => {
                recurrent.push(recurrent::take(layer, recurrent.len(), &mut tensors)?);
                continue;
            }
            Some(Kind::Dense) => ("dense", &mut dense),
            _ => {
                return Err(
                    format!("layer {} follows a later one: no pysster model", layer.name).into()
                );
            }
        };
        for (keras, ours) in [("kernel", "weight"), ("bias", "bias")] {
            tensors.insert(format!("{name}.{number}.{ours}"), weight(layer, keras)?.clone());
        }
        *number += 1;
    }
    let description = file.config.as_ref().map(described::read).transpose()?;
    if let Some(description) = &description {
        present::check(&description.layers, weighted)?;
        recurrent::check(&description.recurrent, &recurrent)?;
        recurrent.clone_from(&description.recurrent);
    }
    let config = config(&tensors, (convs, recurrent), description, options)?;
    let config = serde_json::to_value(config).map_err(|e| e.to_string())?;
    Ok(Recognised { tensors, config: Some(config) })
}

/// Returns a layer's kernel or bias.
fn weight<'a>(layer: &'a KerasLayer, kind: &str) -> std::result::Result<&'a RawTensor, Problem> {
    let found =
        layer.weights.iter().find(|weight| last(&weight.name).split(':').next() == Some(kind));
    match found {
        Some(weight) if layer.weights.len() == 2 => Ok(&weight.tensor),
        _ => {
            Err(format!("layer {} has not just a kernel and a bias: no pysster model", layer.name)
                .into())
        }
    }
}

/// Puts together what the file and the user say of the model's input and pools.
fn config(
    tensors: &Tensors,
    (convs, recurrent): (usize, Vec<Recurrent>),
    description: Option<Description>,
    options: &ConvertOptions,
) -> std::result::Result<Config, Problem> {
    let kernels = kernels(tensors, convs)?;
    let channels = kernels[0].1;
    let alphabet = match (&options.alphabet, Alphabet::usual(channels)) {
        (Some(given), _) => given.clone(),
        (None, Some(usual)) => usual.to_owned(),
        (None, None) => {
            return Err(format!(
                "the model reads {channels} letters; name them with --alphabet, those of the \
                 sequence before those of the structure, as the model was trained (e.g. \
                 ACGU,HIMSFT for 24)"
            )
            .into());
        }
    };
    let letters = Alphabet::new(&alphabet)?.channels();
    if letters != channels {
        return Err(
            format!("alphabet {alphabet}: {letters} letters, the model reads {channels}").into()
        );
    }
    let said = description.as_ref().and_then(|description| description.length);
    let length = match (said, options.input_length) {
        (Some(said), Some(given)) if said != given => {
            return Err(format!("--input-length {given}: the file says {said}").into());
        }
        (said, given) => said.or(given).ok_or(
            "the file does not say how many nucleotides the model reads; say it with \
             --input-length",
        )?,
    };
    let pools = match &description {
        Some(description) => description.pools.clone(),
        None => vec![USUAL_POOL; convs],
    };
    let count = description.as_ref().map_or(0, |description| description.features);
    if recurrent.is_empty() {
        check_length(&kernels, &pools, (length, count), tensors)?;
    }
    let output = output(tensors, description.map(|description| description.output))?;
    let feature = |n| Feature { name: format!("feature_{n}"), ..Feature::default() };
    let features = (0..count).map(feature).collect();
    Ok(Config { alphabet, length, pools, recurrent, features, output })
}

/// Returns the output's activation; the softmax of a single value would always be 1.
fn output(
    tensors: &Tensors,
    described: Option<Activation>,
) -> std::result::Result<Activation, Problem> {
    let layers = (0..).map_while(|n| tensors.get(&format!("dense.{n}.bias")));
    let single = layers.last().is_some_and(|bias| bias.shape == [1]);
    match described {
        Some(Activation::Softmax) if single => {
            Err("its output is the softmax of one value, which is always 1: it tells no classes \
                 apart; a single output has \"sigmoid\""
                .into())
        }
        Some(described) => Ok(described),
        None if single => Ok(Activation::Sigmoid),
        None => Ok(Activation::Softmax),
    }
}

/// Returns the shape of each convolution's kernel: taps, inputs, kernels.
fn kernels(
    tensors: &Tensors,
    convs: usize,
) -> std::result::Result<Vec<(usize, usize, usize)>, Problem> {
    let kernel = |n| match tensors[&format!("conv.{n}.weight")].shape[..] {
        [taps, inputs, kernels] if ![taps, inputs, kernels].contains(&0) => {
            Ok((taps, inputs, kernels))
        }
        ref shape => {
            Err(format!("convolution {n} has a kernel of shape {shape:?}: damaged").into())
        }
    };
    (0..convs).map(kernel).collect()
}

/// Checks that an input of this length flattens to what the first dense layer reads beside so many
/// features.
fn check_length(
    kernels: &[(usize, usize, usize)],
    pools: &[Pool],
    (length, features): (usize, usize),
    tensors: &Tensors,
) -> std::result::Result<(), Problem> {
    if pools.len() != kernels.len() || pools.iter().any(|pool| pool.size == 0 || pool.stride == 0) {
        let (pools, convs) = (pools.len(), kernels.len());
        return Err(format!("{pools} max-pools for {convs} convolutions: no pysster model").into());
    }
    let positions = |length: usize| {
        let block = |left: usize, (kernel, pool): (&(usize, usize, usize), &Pool)| {
            pooled((left + 1).saturating_sub(kernel.0), pool.size, pool.stride)
        };
        kernels.iter().zip(pools).fold(length, block)
    };
    let channels = kernels.last().map_or(0, |kernel| kernel.2);
    let inputs = tensors.get("dense.0.weight").and_then(|t| t.shape.first()).copied().unwrap_or(0);
    let flat = inputs.checked_sub(features);
    let fits = |length: usize| positions(length).checked_mul(channels) == flat;
    if fits(length) {
        return Ok(());
    }
    let fitting: Vec<usize> = (1..=MOST_TRIED).filter(|&nt| fits(nt)).collect();
    let would = match fitting[..] {
        [] => "no length would: are its pools not 2/2? Convert the whole saved model".to_owned(),
        [only] => format!("{only} nt would"),
        [first, .., last] => format!("{first} to {last} nt would"),
    };
    Err(format!(
        "an input of {length} nt does not fit: the first dense layer reads {} values, not {} \
         positions x {channels} kernels; {would}",
        flat.unwrap_or(0),
        positions(length)
    )
    .into())
}

/// Lengths that are tried for a model that the given length does not fit.
const MOST_TRIED: usize = 20_000;

#[cfg(test)]
mod tests;
