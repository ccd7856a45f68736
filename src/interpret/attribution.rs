//! How much each nucleotide of a window contributes to what a model says: input times gradient, and
//! integrated gradients (Sundararajan, Taly & Yan 2017, arXiv:1703.01365); stretches of high
//! attribution.

pub mod figures;
pub mod regions;
pub mod seqlets;
pub mod tables;
#[cfg(test)]
mod tests;

use candle_core::{DType, Device, Tensor, Var};
use std::f64::consts::LN_2;

use super::models::Quantity;
use super::soft::{Soft, encoded};
use crate::error::{Error, Result};
use crate::models::card::Task;
use crate::models::{Input, Length, Model, WINDOW, Window};

/// Steps of a path that are computed together.
const TOGETHER: usize = 32;

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// A quarter of each base.
    Even,
    /// No base at all.
    Zero,
}

/// A model of sites or of strength that can be differentiated.
pub struct Attributor<'a> {
    pub quantity: Quantity,
    network: &'a dyn Soft,
    /// Index in a site's window of the first base that the network reads, and how many it reads.
    frame: (usize, usize),
    baseline: Baseline,
    steps: usize,
}

/// What the nucleotides of a site's window contribute, in log2 odds.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// Index in the window of the first value.
    pub first: usize,
    /// Of each nucleotide the gradient of its own base.
    pub gradient: Vec<f32>,
    /// Integrated gradients.
    pub integrated: Vec<f32>,
    /// What the model says of the window and of the baseline.
    pub said: f64,
    pub baseline: f64,
}

impl Attribution {
    /// Returns the sum of the integrated gradients.
    pub fn sum(&self) -> f64 {
        self.integrated.iter().map(|&value| f64::from(value)).sum()
    }

    /// Returns what that sum is beside the difference that it should be.
    pub fn gap(&self) -> f64 {
        self.sum() - (self.said - self.baseline)
    }
}

/// Returns what a model says of a window of 240 nt, and where in it the network begins to read.
///
/// # Errors
/// If it speaks of something else.
pub fn speaks_of(model: &dyn Model) -> Result<(Quantity, usize)> {
    let card = model.card();
    let quantity = match card.task {
        _ if model.input().structure => None,
        Task::Sites if model.input() == Input::SCAN => Some((Quantity::Classification, 0)),
        Task::Strength if model.input() == Input::SCAN => Some((Quantity::Strength, 0)),
        Task::Isoform => {
            let first = model.signal_index().and_then(|at| at.checked_sub(model.input().anchor));
            first.map(|first| (Quantity::Classification, first))
        }
        _ => None,
    };
    quantity.ok_or_else(|| {
        let problem = format!(
            "it predicts {} from {} nt; this takes a model that speaks of sites in a genome or of their strength (see \
             `polyascan models list`); `motifs kernels` and `motifs optimise` take every model",
            card.task.name(),
            model.input().length
        );
        Error::model(&card.name, problem)
    })
}

impl<'a> Attributor<'a> {
    /// Takes a model's network.
    ///
    /// # Errors
    /// If the model does not speak of sites.
    pub fn new(
        model: &dyn Model,
        network: &'a dyn Soft,
        baseline: Baseline,
        steps: usize,
    ) -> Result<Self> {
        let (quantity, first) = speaks_of(model)?;
        let (_, length) = model.input().length.limits();
        debug_assert!(matches!(model.input().length, Length::Exactly(nt) if first + nt <= WINDOW));
        Ok(Self { quantity, network, frame: (first, length), baseline, steps: steps.max(1) })
    }

    /// Returns the attribution of a site's window, and the number of inputs that the network was
    /// asked for.
    ///
    /// # Errors
    /// If the tensor library fails or a value is not a number.
    pub fn attribute(&self, window: &[u8]) -> Result<(Attribution, u64)> {
        let (first, length) = self.frame;
        let window = Window::from(&window[first..first + length]);
        let x = encoded(self.network, &[window], DType::F32)?;
        let baseline = self.baseline_of(&x)?;
        let (said, at_end) = self.slope(&x)?;
        let gradient = own(&x, &at_end)?;
        let path = (&x - &baseline)?;
        let mut sum = x.zeros_like()?;
        for from in (0..self.steps).step_by(TOGETHER) {
            let shares: Vec<f32> = (from..(from + TOGETHER).min(self.steps))
                .map(|step| (step as f32 + 0.5) / self.steps as f32)
                .collect();
            let n = shares.len();
            let shares = Tensor::from_vec(shares, (n, 1, 1), &Device::Cpu)?;
            let between = path.broadcast_mul(&shares)?.broadcast_add(&baseline)?;
            let (_, slopes) = self.slope(&between)?;
            sum = (sum + slopes.sum_keepdim(0)?)?;
        }
        let integrated = own(&path, &(sum / self.steps as f64)?)?;
        let at_baseline: Vec<f32> = self.outputs(&baseline)?.to_vec1()?;
        let scale = self.scale() as f32;
        let scaled = |values: Vec<f32>| -> Vec<f32> { values.iter().map(|v| v * scale).collect() };
        let attribution = Attribution {
            first,
            gradient: scaled(gradient),
            integrated: scaled(integrated),
            said: said * self.scale(),
            baseline: f64::from(at_baseline[0]) * self.scale(),
        };
        let all = attribution.gradient.iter().chain(&attribution.integrated);
        if all.clone().all(|value| value.is_finite()) && attribution.said.is_finite() {
            Ok((attribution, self.steps as u64 + 2))
        } else {
            Err(Error::Internal("a gradient is not a number".into()))
        }
    }

    /// log2 odds per unit of the network's output.
    fn scale(&self) -> f64 {
        match self.quantity {
            Quantity::Classification => 1.0 / LN_2,
            Quantity::Strength => 1.0,
        }
    }

    /// An unknown base stays what it is.
    fn baseline_of(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match self.baseline {
            Baseline::Zero => x.zeros_like()?,
            Baseline::Even => {
                let share = 1.0 / self.network.letters().channels() as f64;
                (x.sum_keepdim(2)?.broadcast_as(x.shape())? * share)?
            }
        })
    }

    /// The first output of each sample.
    fn outputs(&self, x: &Tensor) -> Result<Tensor> {
        Ok(self.network.said(x)?.outputs.narrow(1, 0, 1)?.squeeze(1)?)
    }

    /// The first output of the first sample, and the slopes of each sample's by its own input.
    fn slope(&self, x: &Tensor) -> Result<(f64, Tensor)> {
        let x = Var::from_tensor(x)?;
        let said = self.outputs(x.as_tensor())?;
        let gradients = said.sum_all()?.backward()?;
        let gradient = match gradients.get(&x) {
            Some(gradient) => gradient.detach(),
            None => x.zeros_like()?,
        };
        Ok((f64::from(said.to_vec1::<f32>()?[0]), gradient))
    }
}

/// Sums the product of two inputs over the channels of each nucleotide.
fn own(x: &Tensor, slopes: &Tensor) -> Result<Vec<f32>> {
    Ok((x * slopes)?.sum(2)?.flatten_all()?.to_vec1()?)
}
