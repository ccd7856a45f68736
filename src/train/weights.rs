//! Weights under training: their start, steps down the gradient, their moving average.

use std::collections::{BTreeMap, HashMap};

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::network::{Network, Start};
use super::networks::NetworkConfig;
use super::optimiser::{Descent, Moments, blend};
use super::recipe::{Recipe, Schedule, Trained};
use crate::error::{Error, Result};
use crate::models::weight_file::{RawTensor, Tensors};

/// A trained tensor.
pub(super) struct Weight {
    pub name: String,
    pub var: Var,
    /// Moving average of the values: what is kept.
    pub average: Tensor,
    pub moments: Moments,
    /// Not moved down a gradient: as it began, or what the network itself keeps of its batches.
    frozen: bool,
    /// Weight decay.
    decay: f64,
    /// Most that the length of a column (over the first dimension) may be.
    max_norm: Option<f64>,
}

/// All weights of a network, and how far training is.
pub struct Weights {
    pub(super) all: Vec<Weight>,
    pub(super) step: usize,
    /// How often the rate was halved at a plateau.
    pub(super) halvings: u32,
}

impl Weights {
    /// Starts a network from a seed, or from the weights of a trained one; returns it with its
    /// weights.
    ///
    /// # Errors
    /// If the trained weights are not of this network, or the tensor library fails.
    pub fn start(
        config: &NetworkConfig,
        recipe: &Recipe,
        seed: u64,
        pretrained: Option<&Tensors>,
        device: &Device,
    ) -> Result<(Box<dyn Network>, Self)> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut all = Vec::new();
        let mut start = |name: &str, shape: &[usize], first: Start| {
            let values = match pretrained {
                Some(tensors) => taken(tensors, name, shape)?,
                None => first.draw(shape.iter().product(), &mut rng),
            };
            let var = Var::from_tensor(&Tensor::from_vec(values, shape, device)?)?;
            let head = config.form().head().iter().any(|head| name.starts_with(head));
            let frozen = config.form().keeps(name) || (recipe.train == Trained::Head && !head);
            let decay = config.form().weight_decay(name).unwrap_or(recipe.weight_decay);
            let max_norm = config.form().max_norm(name);
            all.push(Weight {
                name: name.to_owned(),
                average: var.as_tensor().copy()?,
                moments: Moments::of(&var)?,
                var: var.clone(),
                frozen,
                decay,
                max_norm,
            });
            Ok(var.as_tensor().clone())
        };
        let network = config.form().build(&mut start, device)?;
        Ok((network, Self { all, step: 0, halvings: 0 }))
    }

    /// Returns the learning rate of the next of `steps` steps.
    pub fn rate(&self, recipe: &Recipe, steps: usize) -> f64 {
        learning_rate(recipe, (self.step, self.halvings), steps)
    }

    /// Makes one step down a loss; `steps` is the length of the whole run.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn descend(&mut self, loss: &Tensor, recipe: &Recipe, steps: usize) -> Result<()> {
        let gradients = loss.backward()?;
        let scale = self.clip(&gradients, recipe.gradient_norm)?;
        let rate = self.rate(recipe, steps);
        let (rule, momentum) = (recipe.rule, recipe.momentum);
        self.step += 1;
        // A young average follows the weights more closely.
        let young = (1.0 + self.step as f64) / (10.0 + self.step as f64);
        let decay = recipe.average.min(young);
        for weight in self.all.iter_mut().filter(|weight| !weight.frozen) {
            let Some(gradient) = gradients.get(&weight.var) else { continue };
            let gradient = if scale < 1.0 { (gradient * scale)? } else { gradient.clone() };
            let descent = Descent { rule, momentum, weight_decay: weight.decay };
            descent.step(&weight.var, &gradient, &mut weight.moments, rate, self.step)?;
            if let Some(most) = weight.max_norm {
                shorten(&weight.var, most)?;
            }
            blend(&mut weight.average, decay, weight.var.as_tensor(), 1.0 - decay)?;
        }
        Ok(())
    }

    /// Returns what gradients are multiplied by, so that together they are no longer than
    /// `highest`.
    fn clip(&self, gradients: &GradStore, highest: f64) -> Result<f64> {
        let mut square = 0.0;
        for weight in self.all.iter().filter(|weight| !weight.frozen) {
            if let Some(gradient) = gradients.get(&weight.var) {
                square += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
            }
        }
        let norm = square.sqrt();
        Ok(if norm > highest { highest / norm } else { 1.0 })
    }

    /// Returns the moving average of all weights by name; of frozen ones the value.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn averaged(&self) -> Result<Tensors> {
        let kept = |weight: &Weight| {
            let value = if weight.frozen { weight.var.as_tensor() } else { &weight.average };
            (weight.name.clone(), value.clone())
        };
        let tensors: HashMap<String, Tensor> = self.all.iter().map(kept).collect();
        crate::models::weight_file::raw(&tensors)
    }
}

/// Scales down what is longer than `most` over the first dimension, as Keras' max_norm does.
fn shorten(var: &Var, most: f64) -> Result<()> {
    const EPSILON: f64 = 1e-7;
    let value = var.as_tensor().detach();
    let norms = value.sqr()?.sum_keepdim(0)?.sqrt()?;
    let scale = (norms.minimum(most)? / (norms + EPSILON)?)?;
    Ok(var.set(&value.broadcast_mul(&scale)?)?)
}

/// Takes a tensor of a trained network.
fn taken(tensors: &Tensors, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    match tensors.get(name) {
        Some(RawTensor { shape: found, values }) if found == shape => Ok(values.clone()),
        other => {
            let problem = match other {
                Some(found) => format!("tensor {name} is {:?}, not {shape:?}", found.shape),
                None => format!("tensor {name} is missing"),
            };
            let advice = "give [network] the architecture and sizes of the pretrained model";
            Err(Error::Usage(format!("--pretrained: {problem}; {advice}")))
        }
    }
}

/// Linear warm-up, then the schedule.
fn learning_rate(recipe: &Recipe, (step, halvings): (usize, u32), steps: usize) -> f64 {
    let (highest, warm) = (recipe.learning_rate, recipe.warmup_steps);
    if step < warm {
        return highest * (step + 1) as f64 / warm as f64;
    }
    match recipe.schedule {
        Schedule::Constant => highest,
        Schedule::Plateau => highest / f64::from(halvings).exp2(),
        Schedule::Exponential => {
            highest * recipe.decay.powf((step - warm) as f64 / recipe.decay_steps as f64)
        }
        Schedule::Cosine => {
            let done = (step - warm) as f64 / (steps.saturating_sub(warm)).max(1) as f64;
            0.5 * highest * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos())
        }
    }
}

/// Names of the parts of a weight in a checkpoint.
const PARTS: [&str; 4] = ["value", "average", "first", "second"];

impl Weights {
    /// Returns all that the next step depends on.
    pub(super) fn state(&self) -> HashMap<String, Tensor> {
        let parts = self.all.iter().flat_map(|weight| {
            let Weight { name, var, average, moments, .. } = weight;
            let tensors = [var.as_tensor(), average, &moments.first, &moments.second];
            PARTS.iter().zip(tensors).map(move |(part, t)| (format!("{part}.{name}"), t.clone()))
        });
        parts.collect()
    }

    /// Goes back to a state.
    ///
    /// # Errors
    /// If it is not of this network.
    pub(super) fn restore(&mut self, state: &Tensors, step: usize) -> Result<()> {
        for weight in &mut self.all {
            let mut parts = BTreeMap::new();
            for part in PARTS {
                let shape = weight.var.dims();
                let values = taken(state, &format!("{part}.{}", weight.name), shape)?;
                parts.insert(part, Tensor::from_vec(values, shape, weight.var.device())?);
            }
            weight.var.set(&parts["value"])?;
            weight.average = parts["average"].clone();
            weight.moments =
                Moments { first: parts["first"].clone(), second: parts["second"].clone() };
        }
        self.step = step;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_shortened_over_the_first_dimension_and_short_ones_stay() {
        let values = [[[3f32, 0.3]], [[4.0, 0.4]]];
        let var = Var::new(&values, &Device::Cpu).unwrap();
        shorten(&var, 2.5).unwrap();
        let found: Vec<f32> = var.flatten_all().unwrap().to_vec1().unwrap();
        for (found, expected) in found.iter().zip([1.5, 0.3, 2.0, 0.4]) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
