//! Recognises PolyaID and PolyaStrength among Keras layers and gives their tensors our names.
//!
//! Keras numbers layers that are built twice (`bidirectional_1`), nests weights in groups
//! (`bidirectional/forward_bin_lstm/lstm_cell/kernel:0`) and people prefix names, so a weight is
//! placed by the parts of its layer's and its own name, wherever they stand. The tensors' shapes
//! and meaning are those of [`crate::models::polyaid::weights`]; Keras lays them out the same way.

mod description;

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Problem, Result};
use crate::models::architecture::Recognised;
use crate::models::formats::keras_h5::{KerasFile, KerasLayer, KerasWeight};
use crate::models::polyaid::weights::Kind;
use crate::models::weight_file::{RawTensor, Tensors};

/// Where a weight belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Conv(Kind),
    Forward,
    Backward,
    /// Dense layer of the head with this Keras prefix: 1, 2, ...
    Dense(&'static str, usize),
    Predictions(&'static str),
}

/// Keras' name of the head that both models have, and of PolyaID's second one.
const BIN: &str = "bin";
const PROB: &str = "prob";

/// Recognises PolyaID or PolyaStrength, whichever is asked for, by its convolution.
///
/// # Errors
/// If the other layers are not those of the model, or the model's description contradicts it.
pub fn recognise(wanted: Kind, path: &Path, file: &KerasFile) -> Result<Option<Recognised>> {
    let wrong = |problem: Problem| Error::of_file(path, problem);
    let (placed, unplaced) = place(path, &file.layers)?;
    let conv = |(part, _): &(Part, &str)| match part {
        Part::Conv(kind) => Some(*kind),
        _ => None,
    };
    let found = placed.keys().find_map(conv);
    let Some(kind) = found.filter(|kind| *kind == wanted) else { return Ok(None) };
    if let Some(name) = unplaced.first() {
        let model = kind.name();
        return Err(wrong(format!(
            "looks like {model} but has the weight {name}, which {model} has not: another version?"
        ).into()));
    }
    if let Some(config) = &file.config {
        let shape = |part| placed.get(&(part, "kernel")).map(|kernel| kernel.shape.clone());
        description::check(config, shape).map_err(wrong)?;
    }
    let tensors = rename(kind, placed).map_err(wrong)?;
    Ok(Some(Recognised { tensors, config: None }))
}

type Placed = BTreeMap<(Part, &'static str), RawTensor>;

/// Sorts the weights by where they belong; also returns the names of those that belong nowhere.
fn place(path: &Path, layers: &[KerasLayer]) -> Result<(Placed, Vec<String>)> {
    let (mut placed, mut unplaced) = (Placed::new(), Vec::new());
    for layer in layers {
        for KerasWeight { name, tensor } in &layer.weights {
            let full = format!("{}/{name}", layer.name);
            match part_of(&full) {
                Some(place) => {
                    if placed.insert(place, tensor.clone()).is_some() {
                        let problem = "two weights of the file have the same place in the model: \
                                       save one model to a file";
                        return Err(Error::input(path, format!("weight {full}"), problem));
                    }
                }
                None => unplaced.push(full),
            }
        }
    }
    Ok((placed, unplaced))
}

/// Returns where the weight with this path belongs, and its kind.
fn part_of(path: &str) -> Option<(Part, &'static str)> {
    let mut components: Vec<&str> = path.split('/').collect();
    let last = components.pop()?;
    let last = last.split_once(':').map_or(last, |(name, _)| name);
    let kind = ["recurrent_kernel", "kernel", "bias"].into_iter().find(|kind| *kind == last)?;
    // The last part that says something counts: a wrapper may carry the name of what it wraps.
    components.iter().rev().find_map(|component| part(component)).map(|part| (part, kind))
}

fn part(component: &str) -> Option<Part> {
    if component.contains("lstm") {
        return match component {
            c if c.contains("forward") => Some(Part::Forward),
            c if c.contains("backward") => Some(Part::Backward),
            _ => None,
        };
    }
    for kind in Kind::ALL {
        if after(component, keras_conv(kind)).is_some_and(is_copy_number) {
            return Some(Part::Conv(kind));
        }
    }
    for head in [BIN, PROB] {
        if after(component, &format!("{head}_predictions")).is_some_and(is_copy_number) {
            return Some(Part::Predictions(head));
        }
        if let Some(rest) = after(component, &format!("{head}_dense")) {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = rest.split_at(digits);
            return number
                .parse()
                .ok()
                .filter(|_| is_copy_number(rest))
                .map(|n| Part::Dense(head, n));
        }
    }
    None
}

/// Keras' name of the convolution, which tells the models apart.
fn keras_conv(kind: Kind) -> &'static str {
    match kind {
        Kind::PolyaId => "bin_conv",
        Kind::PolyaStrength => "seq_conv",
    }
}

/// Returns what follows `base` in a layer name that may have a prefix ending in `_`.
fn after<'a>(component: &'a str, base: &str) -> Option<&'a str> {
    let at = component.rfind(base)?;
    let prefix = &component[..at];
    (prefix.is_empty() || prefix.ends_with('_')).then(|| &component[at + base.len()..])
}

/// Returns whether `rest` is what Keras appends to a name used twice: nothing, or `_` and a number.
fn is_copy_number(rest: &str) -> bool {
    rest.is_empty()
        || rest
            .strip_prefix('_')
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Gives the placed weights our names; each part must be there with all its tensors.
fn rename(kind: Kind, mut placed: Placed) -> std::result::Result<Tensors, Problem> {
    let dense = [("kernel", "weight"), ("bias", "bias")];
    let lstm = [("kernel", "input"), ("recurrent_kernel", "recurrent"), ("bias", "bias")];
    let conv = keras_conv(kind).to_owned();
    let mut wanted: Vec<(Part, String, &[_], String)> = vec![
        (Part::Conv(kind), conv, &dense, "conv".into()),
        (Part::Forward, "bin_lstm (forward)".into(), &lstm, "lstm.forward".into()),
        (Part::Backward, "bin_lstm (backward)".into(), &lstm, "lstm.backward".into()),
    ];
    for &(prefix, ours) in heads(kind) {
        let layers = dense_layers(&placed, prefix);
        wanted.extend((1..=layers).map(|n| {
            let keras = format!("{prefix}_dense{n}");
            (Part::Dense(prefix, n), keras, &dense[..], format!("{ours}.{}", n - 1))
        }));
        let keras = format!("{prefix}_predictions");
        wanted.push((Part::Predictions(prefix), keras, &dense, format!("{ours}.{layers}")));
    }
    let mut tensors = Tensors::new();
    for (part, keras, kinds, ours) in wanted {
        for (kind, name) in kinds {
            let tensor = placed.remove(&(part, *kind)).ok_or_else(|| {
                format!("the {kind} of layer {keras} is missing: the file was saved in part")
            })?;
            tensors.insert(format!("{ours}.{name}"), tensor);
        }
    }
    match placed.keys().next() {
        Some((part, kind)) => {
            Err(format!("unexpected {kind} of {part:?}: another version?").into())
        }
        None => Ok(tensors),
    }
}

/// Keras' prefixes of an architecture's heads, and our names for them.
fn heads(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::PolyaId => &[(BIN, "classification"), (PROB, "cleavage")],
        Kind::PolyaStrength => &[(BIN, "strength")],
    }
}

/// Returns the highest number of a head's dense layers.
fn dense_layers(placed: &Placed, head: &str) -> usize {
    let numbers = placed.keys().filter_map(|(part, _)| match part {
        Part::Dense(prefix, n) if *prefix == head => Some(*n),
        _ => None,
    });
    // A gap in the numbers shows up as a missing layer, so count no further than there are layers.
    numbers.clone().max().unwrap_or(0).min(numbers.count() + 1)
}

#[cfg(test)]
mod tests;
