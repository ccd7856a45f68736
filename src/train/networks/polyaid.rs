//! `polyaid` and `polyastrength` under training.
//!
//! On the CPU the convolution with its pool, and the recurrence of each direction of the LSTM, are
//! one differentiable operation each ([`Form::Fused`]); elsewhere they are candle's own operations.

pub mod config;

use candle_core::{Device, Tensor};

use super::layers::Affine;
use crate::engine::cpu::multiply::fused_multiply;
use crate::engine::cpu::pooled_conv::fused_pooled_conv;
use crate::engine::cpu::recurrence::fused_recurrence;
use crate::error::{Problem, Result};
use crate::models::architecture::Architecture;
use crate::models::polyaid::plain::recurrence;
use crate::models::polyaid::weights::{GATES, POOL};
use crate::models::polyaid::{POLYAID, POLYASTRENGTH};
use crate::models::{Input, Window};
use crate::train::network::{Network, Noise, Start, Starter, TrainingForm};
use config::{HeadLayers, Layers, PolyaidConfig, PolyastrengthConfig};

impl TrainingForm for PolyaidConfig {
    fn architecture(&self) -> &'static Architecture {
        &POLYAID
    }

    fn check(&self) -> std::result::Result<(), Problem> {
        self.layers().check()
    }

    fn head(&self) -> &'static [&'static str] {
        &["classification.", "cleavage."]
    }

    fn classification(&self) -> Option<String> {
        Some(format!("classification.{}", self.classification.len()))
    }

    fn build(&self, start: &mut Starter<'_>, device: &Device) -> Result<Box<dyn Network>> {
        BiLstmNet::start(&self.layers(), start, device)
    }
}

impl TrainingForm for PolyastrengthConfig {
    fn architecture(&self) -> &'static Architecture {
        &POLYASTRENGTH
    }

    fn check(&self) -> std::result::Result<(), Problem> {
        self.layers().check()
    }

    fn head(&self) -> &'static [&'static str] {
        &["strength."]
    }

    fn build(&self, start: &mut Starter<'_>, device: &Device) -> Result<Box<dyn Network>> {
        BiLstmNet::start(&self.layers(), start, device)
    }
}

/// How the network is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Operations of [`crate::engine::cpu`].
    Fused,
    /// candle's operations: any device.
    Plain,
}

/// Convolution, bidirectional LSTM, heads; tensors as in [`crate::models::polyaid::weights`].
pub struct BiLstmNet {
    form: Form,
    device: Device,
    steps: usize,
    conv: Affine,
    directions: [Direction; 2],
    heads: Vec<Head>,
}

struct Direction {
    input: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    backward: bool,
}

struct Head {
    layers: Vec<Affine>,
    /// As a share of the recipe's.
    dropout: f64,
}

impl BiLstmNet {
    /// Assembles the network in the best form for the device.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn start(
        layers: &Layers<'_>,
        start: &mut Starter<'_>,
        device: &Device,
    ) -> Result<Box<dyn Network>> {
        let form = match device {
            Device::Cpu => Form::Fused,
            _ => Form::Plain,
        };
        Ok(Box::new(Self::new(layers, form, start, device)?))
    }

    /// Assembles the network in either form.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn new(
        layers: &Layers<'_>,
        form: Form,
        start: &mut Starter<'_>,
        device: &Device,
    ) -> Result<Self> {
        let &Layers { filters, width, units, ref heads } = layers;
        let conv = Affine::start("conv", &[width, 4, filters], start)?;
        let forward = Direction::start("lstm.forward", filters, units, start)?;
        let backward = Direction::start("lstm.backward", filters, units, start)?;
        let steps = layers.steps();
        let heads = heads.iter().map(|head| Head::start(head, steps * 2 * units, start));
        Ok(Self {
            form,
            device: device.clone(),
            steps,
            conv,
            directions: [forward, backward],
            heads: heads.collect::<Result<_>>()?,
        })
    }

    /// Returns convolution, ReLU and max-pool: B x steps x filters.
    fn pooled(&self, windows: &[&[u8]]) -> Result<Tensor> {
        let Affine { weight, bias } = &self.conv;
        if self.form == Form::Fused {
            return Ok(fused_pooled_conv(windows, weight, bias, POOL as u8)?);
        }
        let (width, _, filters) = weight.dims3()?;
        let columns = unfolded(windows, width, self.steps * POOL, &self.device)?;
        let sums = columns.matmul(&weight.flatten_to(1)?)?.broadcast_add(bias)?.relu()?;
        let sums = sums.reshape((windows.len(), self.steps, POOL, filters))?;
        // Two at a time: where positions tie, this shares the gradient instead of repeating it.
        let mut most = sums.narrow(2, 0, 1)?;
        for place in 1..POOL {
            most = most.maximum(&sums.narrow(2, place, 1)?)?;
        }
        Ok(most.squeeze(2)?)
    }
}

impl Network for BiLstmNet {
    /// Returns B x 1 x outputs: the window is read whole.
    fn forward(&self, windows: &[Window<'_>], noise: &mut Noise) -> Result<Tensor> {
        Input::SCAN.check("the network under training", windows)?;
        let windows: Vec<&[u8]> = windows.iter().map(|window| window.codes).collect();
        let pooled = noise.drop_values(&self.pooled(&windows)?)?;
        let [forward, backward] = &self.directions;
        let outputs = [forward.run(&pooled, self.form)?, backward.run(&pooled, self.form)?];
        let flat = noise.drop_values(&Tensor::cat(&outputs, 2)?.flatten_from(1)?)?;
        let logits = self.heads.iter().map(|head| head.run(&flat, noise));
        let logits = logits.collect::<Result<Vec<_>>>()?;
        Ok(Tensor::cat(&logits, 1)?.unsqueeze(1)?)
    }
}

/// Returns the one-hot columns that the filter reads at each of the first `positions` positions:
/// (n positions) x 4 width.
fn unfolded(windows: &[&[u8]], width: usize, positions: usize, device: &Device) -> Result<Tensor> {
    let rows = windows.iter().flat_map(|window| window.windows(width).take(positions));
    let mut values = vec![0f32; windows.len() * positions * 4 * width];
    for (row, seen) in values.chunks_exact_mut(4 * width).zip(rows) {
        for (column, &code) in row.chunks_exact_mut(4).zip(seen) {
            if let Some(value) = column.get_mut(usize::from(code)) {
                *value = 1.0;
            }
        }
    }
    Ok(Tensor::from_vec(values, (windows.len() * positions, 4 * width), device)?)
}

impl Direction {
    fn start(name: &str, filters: usize, units: usize, start: &mut Starter<'_>) -> Result<Self> {
        let gates = GATES * units;
        // What a cell knows is kept to begin with (Jozefowicz et al. 2015): gates i, f, c, o.
        let gate = |n: usize| if n == 1 { 1.0 } else { 0.0 };
        let bias = (0..gates).map(|at| gate(at / units)).collect();
        let glorot = Start::glorot(filters, gates);
        Ok(Self {
            input: start(&format!("{name}.input"), &[filters, gates], glorot)?,
            recurrent: start(
                &format!("{name}.recurrent"),
                &[units, gates],
                Start::Orthogonal(gates),
            )?,
            bias: start(&format!("{name}.bias"), &[gates], Start::Values(bias))?,
            backward: name.ends_with("backward"),
        })
    }

    /// Goes through B x steps x filters; returns B x steps x units.
    fn run(&self, sequence: &Tensor, form: Form) -> Result<Tensor> {
        let Self { input, recurrent, bias, backward } = self;
        let (n, steps, _) = sequence.dims3()?;
        let rows = sequence.flatten_to(1)?;
        if form == Form::Fused {
            let projected = fused_multiply(&rows, input)?.reshape((n, steps, ()))?;
            return Ok(fused_recurrence(&projected, recurrent, bias, *backward)?);
        }
        let projected = rows.matmul(input)?.broadcast_add(bias)?.reshape((n, steps, ()))?;
        match backward {
            false => recurrence(&projected, recurrent, 0..steps),
            true => recurrence(&projected, recurrent, (0..steps).rev()),
        }
    }
}

impl Head {
    fn start(head: &HeadLayers<'_>, inputs: usize, start: &mut Starter<'_>) -> Result<Self> {
        let (mut layers, mut inputs) = (Vec::new(), inputs);
        for (n, &outputs) in head.hidden.iter().chain([&head.outputs]).enumerate() {
            let name = format!("{}.{n}", head.name);
            let is_last = n == head.hidden.len();
            layers.push(match head.from_zero && is_last {
                true => Affine::from_zero(&name, &[inputs, outputs], start)?,
                false => Affine::start(&name, &[inputs, outputs], start)?,
            });
            inputs = outputs;
        }
        Ok(Self { layers, dropout: head.dropout })
    }

    /// Returns logits, B x outputs. As in PolyaID, all hidden layers but the last drop values.
    fn run(&self, flat: &Tensor, noise: &mut Noise) -> Result<Tensor> {
        let mut x = flat.clone();
        for (n, layer) in self.layers.iter().enumerate() {
            x = layer.dense(&x)?;
            let after = self.layers.len() - 1 - n;
            if after > 0 {
                x = x.relu()?;
            }
            if after > 1 {
                let share = self.dropout * noise.dropout;
                x = noise.drop_share(&x, share)?;
            }
        }
        Ok(x)
    }
}

#[cfg(test)]
mod tests;
