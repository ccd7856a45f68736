//! Checks that the weights of a saved model are all there, as its description says.
//!
//! A model that lost its last layer still computes something, and a kernel of another size may
//! still fit after pooling: neither may pass unseen.

use serde_json::{Value, json};

use super::{last, weight};
use crate::error::Problem;
use crate::models::formats::keras_h5::KerasLayer;

/// A layer with weights, as the description has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DescribedLayer {
    name: String,
    /// Name, axis of the kernel and value of each size.
    sizes: Vec<(&'static str, usize, Value)>,
}

impl DescribedLayer {
    /// `channels` is null where the description leaves them open.
    pub(super) fn conv(name: &str, settings: &Value, channels: &Value) -> Self {
        let size = |key, axis| (key, axis, settings[key].clone());
        let channels = ("input channels", 1, channels.clone());
        Self {
            name: name.to_owned(),
            sizes: vec![size("kernel_size", 0), channels, size("filters", 2)],
        }
    }

    /// Its sizes are those of its weights.
    pub(super) fn recurrent(name: &str) -> Self {
        Self { name: name.to_owned(), sizes: Vec::new() }
    }

    pub(super) fn dense(name: &str, settings: &Value) -> Self {
        Self { name: name.to_owned(), sizes: vec![("units", 1, settings["units"].clone())] }
    }

    /// Compares the sizes that are described with those of the layer's kernel.
    fn check_sizes(&self, layer: &KerasLayer) -> Result<(), Problem> {
        if self.sizes.is_empty() {
            return Ok(());
        }
        let shape = &weight(layer, "kernel")?.shape;
        for (size, axis, described) in &self.sizes {
            let Some(found) = shape.get(*axis) else {
                return Err(format!(
                    "layer {} has a kernel of shape {shape:?}: damaged",
                    self.name
                )
                .into());
            };
            // Keras writes one number or a list of one.
            if ![Value::Null, json!(found), json!([found])].contains(described) {
                return Err(format!(
                    "layer {} is described with {size} {described}, but its weights have {found}: \
                     description and weights are not of one model",
                    self.name
                )
                .into());
            }
        }
        Ok(())
    }
}

/// Compares the layers that have weights with those that are described.
///
/// # Errors
/// If a described layer is missing, one is there that is not described, the order is another, or a
/// size differs.
pub(super) fn check(described: &[DescribedLayer], found: &[&KerasLayer]) -> Result<(), Problem> {
    let names: Vec<&str> = described.iter().map(|layer| last(&layer.name)).collect();
    let present: Vec<&str> = found.iter().map(|layer| last(&layer.name)).collect();
    if let Some(name) = names.iter().find(|name| !present.contains(name)) {
        return Err(
            format!("the weights of layer {name} are missing: the file was saved in part").into()
        );
    }
    if let Some(name) = present.iter().find(|name| !names.contains(name)) {
        return Err(format!(
            "layer {name} has weights, but the file does not describe it: damaged"
        )
        .into());
    }
    if names != present {
        let (present, names) = (present.join(", "), names.join(", "));
        return Err(format!("its weights are of {present}; described are {names}: damaged").into());
    }
    described.iter().zip(found).try_for_each(|(described, layer)| described.check_sizes(layer))
}
