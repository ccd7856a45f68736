//! Recurrent layers: LSTM or GRU, alone or in both directions.
//!
//! Keras calls the weights of a layer `lstm_1/kernel:0`, `lstm_1/recurrent_kernel:0` and
//! `lstm_1/bias:0`, those of a bidirectional one `bidirectional_1/forward_lstm_1/kernel:0` and so
//! on. Kind and sizes are those of the weights; what the gates go through is described, or the hard
//! sigmoid of the Keras that pysster was written for.

use super::last;
use crate::engine::cpu::gated::{Cell, Gate};
use crate::error::Problem;
use crate::models::formats::keras_h5::KerasLayer;
use crate::models::pysster::Recurrent;
use crate::models::weight_file::{RawTensor, Tensors};

/// Keras' names of a direction's weights, and ours.
const PARTS: [(&str, &str); 3] =
    [("kernel", "input"), ("recurrent_kernel", "recurrent"), ("bias", "bias")];

/// Takes the weights of layer `number`.
///
/// # Errors
/// If they are not those of an LSTM or a GRU.
pub(super) fn take(
    layer: &KerasLayer,
    number: usize,
    tensors: &mut Tensors,
) -> Result<Recurrent, Problem> {
    let wrong = |problem: &str| Err(format!("layer {} {problem}", layer.name).into());
    let bidirectional = last(&layer.name).starts_with("bidirectional");
    let directions: &[&str] = if bidirectional { &["forward", "backward"] } else { &["forward"] };
    if layer.weights.len() != PARTS.len() * directions.len() {
        return wrong("has not just kernels and a bias for each direction: no LSTM or GRU");
    }
    let mut cells = Vec::new();
    for direction in directions {
        for (keras, ours) in PARTS {
            let side = bidirectional.then_some(*direction);
            let Some(tensor) = weight(layer, side, keras) else {
                return wrong(&format!("has no {direction} {keras}: no LSTM or GRU"));
            };
            tensors.insert(format!("rnn.{number}.{direction}.{ours}"), tensor.clone());
        }
        let recurrent = &tensors[&format!("rnn.{number}.{direction}.recurrent")].shape;
        let cell = [Cell::Lstm, Cell::Gru]
            .into_iter()
            .find(|cell| matches!(recurrent[..], [n, width] if n > 0 && width == n * cell.gates()));
        let Some(cell) = cell else {
            return wrong(&format!("has a recurrent kernel of shape {recurrent:?}: damaged"));
        };
        if tensors[&format!("rnn.{number}.{direction}.bias")].shape.len() == 2 {
            return wrong(
                "is a GRU whose reset gate acts after the product (reset_after = True, CuDNNGRU): \
                 pysster has none, and it is not supported",
            );
        }
        cells.push(cell);
    }
    match cells[..] {
        [cell] => Ok(Recurrent { cell, gate: Gate::default(), bidirectional }),
        [cell, other] if cell == other => {
            Ok(Recurrent { cell, gate: Gate::default(), bidirectional })
        }
        _ => wrong("is an LSTM in one direction and a GRU in the other"),
    }
}

fn weight<'a>(layer: &'a KerasLayer, side: Option<&str>, keras: &str) -> Option<&'a RawTensor> {
    let fits = |name: &str| {
        let mut parts = name.rsplit('/');
        let is_kind = parts.next().and_then(|part| part.split(':').next()) == Some(keras);
        let of_side = |part: &str| side.is_none_or(|side| part.starts_with(side));
        is_kind && parts.next().map_or(side.is_none(), of_side)
    };
    layer.weights.iter().find(|weight| fits(&weight.name)).map(|weight| &weight.tensor)
}

/// Compares the layers that are described with those whose weights are there.
///
/// # Errors
/// If a layer is another.
pub(super) fn check(described: &[Recurrent], found: &[Recurrent]) -> Result<(), Problem> {
    let kind = |layer: &Recurrent| (layer.cell, layer.bidirectional);
    if described.iter().map(kind).eq(found.iter().map(kind)) {
        return Ok(());
    }
    Err(format!(
        "its recurrent layers are described as {described:?}, its weights are of {found:?}: \
         description and weights are not of one model"
    )
    .into())
}
