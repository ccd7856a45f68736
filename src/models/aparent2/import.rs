//! Recognises APARENT2 among Keras layers and gives its tensors our names.
//!
//! Layers are found by the authors' names, e.g. `aparent_resblock_3_1_conv_0` for group 3, block 1.
//! ReLUs, sums and the softmax are Lambda layers of Python byte-code, which is never looked at.

mod description;

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Problem, Result};
use crate::models::aparent2::weights::{Config, LENGTH, LIBRARIES, LIBRARY, Weights};
use crate::models::architecture::{ConvertOptions, Recognised};
use crate::models::formats::keras_h5::KerasFile;
use crate::models::weight_file::{RawTensor, Tensors};

/// Returns the tensors of an APARENT2 file under our names; `None` where no layer is a residual
/// block of APARENT2.
///
/// # Errors
/// If a weight is missing, left over or of another shape, or the model's description says something
/// that this program does not compute.
pub fn recognise(
    path: &Path,
    file: &KerasFile,
    options: &ConvertOptions,
) -> Result<Option<Recognised>> {
    let blocks: Vec<_> = file.layers.iter().filter_map(|layer| block_number(&layer.name)).collect();
    let last_group = blocks.iter().map(|(group, _)| *group).max();
    let Some((groups, blocks)) = last_group.zip(blocks.iter().map(|(_, block)| *block).max())
    else {
        return Ok(None);
    };
    let library = options.library.unwrap_or(LIBRARY);
    let blocks = [groups, blocks].map(|last| last.saturating_add(1));
    let (tensors, config) =
        convert(file, blocks, library).map_err(|problem| Error::of_file(path, problem))?;
    let config = serde_json::to_value(config).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Some(Recognised { tensors, config: Some(config) }))
}

/// Returns the group and the block that a layer's name speaks of.
fn block_number(name: &str) -> Option<(usize, usize)> {
    let mut parts = name.strip_prefix("aparent_resblock_")?.split('_');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn convert(
    file: &KerasFile,
    [groups, blocks]: [usize; 2],
    library: usize,
) -> std::result::Result<(Tensors, Config), Problem> {
    let mut taken = Taken { weights: by_name(file), tensors: Tensors::new() };
    let channels = taken.channels()?;
    taken.layer("aparent_conv_0", "stem", &[1, 1, 4, channels])?;
    taken.layer("aparent_last_block_conv", "last", &[1, 1, channels, channels])?;
    taken.layer("aparent_final_conv", "final", &[1, 1, channels, 1])?;
    for group in 0..groups {
        let skip = format!("aparent_skip_conv_{group}");
        taken.layer(&skip, &format!("groups.{group}.skip"), &[1, 1, channels, channels])?;
        for block in 0..blocks {
            taken.block(group, block, channels)?;
        }
    }
    taken.library()?;
    if let Some(name) = taken.weights.keys().next() {
        return Err(format!(
            "looks like APARENT2 but has the weight {name}, which APARENT2 has not: another version?"
        ).into());
    }
    let dilations = match &file.config {
        Some(description) => description::check(description, groups, blocks)?,
        None => published(groups)?,
    };
    let config = Config { channels, blocks, dilations, library };
    Weights::new(&config, &taken.tensors)?;
    Ok((taken.tensors, config))
}

/// The dilations that the authors published, for files that hold only weights.
fn published(groups: usize) -> std::result::Result<Vec<usize>, Problem> {
    let dilations = Config::published().dilations;
    if dilations.len() == groups {
        return Ok(dilations);
    }
    Err(format!(
        "weights only, of {groups} groups of residual blocks; APARENT2 has {}, and the dilations of \
         others are not known: save the whole model (`model.save`)",
        dilations.len()
    ).into())
}

/// Weights by their layer and the last part of their own name, e.g. `aparent_conv_0/kernel`.
fn by_name(file: &KerasFile) -> BTreeMap<String, &RawTensor> {
    let weights = file.layers.iter().flat_map(|layer| {
        layer.weights.iter().map(|weight| {
            let leaf = weight.name.rsplit('/').next().unwrap_or_default();
            let leaf = leaf.split_once(':').map_or(leaf, |(leaf, _)| leaf);
            (format!("{}/{leaf}", layer.name), &weight.tensor)
        })
    });
    weights.collect()
}

/// The file's weights that are still to be placed, and those that are.
struct Taken<'a> {
    weights: BTreeMap<String, &'a RawTensor>,
    tensors: Tensors,
}

impl Taken<'_> {
    /// Returns the number of channels: the outputs of the first layer.
    fn channels(&self) -> std::result::Result<usize, Problem> {
        let stem = self.weights.get("aparent_conv_0/kernel");
        let stem = stem.ok_or_else(|| missing("aparent_conv_0", "kernel"))?;
        Ok(stem.shape.last().copied().unwrap_or_default())
    }

    /// Takes kernel and bias of a convolution; axes of length 1 before its inputs are dropped.
    fn layer(
        &mut self,
        keras: &str,
        ours: &str,
        shape: &[usize],
    ) -> std::result::Result<(), Problem> {
        let kept: Vec<usize> = match shape {
            [1, 1, rest @ ..] | [1, rest @ ..] => rest.to_vec(),
            all => all.to_vec(),
        };
        self.weight(keras, "kernel", shape, &format!("{ours}.weight"), &kept)?;
        let outputs = &shape[shape.len() - 1..];
        self.weight(keras, "bias", outputs, &format!("{ours}.bias"), outputs)
    }

    fn block(&mut self, group: usize, block: usize, c: usize) -> std::result::Result<(), Problem> {
        let keras = format!("aparent_resblock_{group}_{block}");
        let ours = format!("groups.{group}.blocks.{block}");
        for n in 0..2 {
            let norm = format!("{keras}_batch_norm_{n}");
            let parts = [
                ("gamma", "gamma"),
                ("beta", "beta"),
                ("moving_mean", "mean"),
                ("moving_variance", "variance"),
            ];
            for (leaf, part) in parts {
                self.weight(&norm, leaf, &[c], &format!("{ours}.norm{n}.{part}"), &[c])?;
            }
            self.layer(&format!("{keras}_conv_{n}"), &format!("{ours}.conv{n}"), &[1, 3, c, c])?;
        }
        Ok(())
    }

    /// Takes the locally connected layer that adds what a library of the training data adds.
    fn library(&mut self) -> std::result::Result<(), Problem> {
        let (keras, rows) = ("aparent_lib_conv", LENGTH + 1);
        let kernel = [rows, LIBRARIES, 1];
        self.weight(keras, "kernel", &kernel, "library.weight", &[rows, LIBRARIES])?;
        self.weight(keras, "bias", &[1, rows, 1], "library.bias", &[rows])
    }

    /// Takes a weight of the shape `expected` and keeps it under our name and shape.
    fn weight(
        &mut self,
        layer: &str,
        leaf: &str,
        expected: &[usize],
        name: &str,
        shape: &[usize],
    ) -> std::result::Result<(), Problem> {
        let tensor = self.weights.remove(&format!("{layer}/{leaf}"));
        let tensor = tensor.ok_or_else(|| missing(layer, leaf))?;
        if tensor.shape != expected {
            return Err(format!(
                "the {leaf} of layer {layer} is {:?}, expected {expected:?}: another version of \
                 APARENT2?",
                tensor.shape
            )
            .into());
        }
        let tensor = RawTensor { shape: shape.to_vec(), values: tensor.values.clone() };
        self.tensors.insert(name.to_owned(), tensor);
        Ok(())
    }
}

fn missing(layer: &str, leaf: &str) -> String {
    format!("the {leaf} of layer {layer} is missing: the file was saved in part")
}

#[cfg(test)]
mod tests;
