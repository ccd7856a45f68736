//! Weights under training: seeded start, AdamW with warm-up and cosine, and their moving average.

use std::collections::HashMap;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::config::ScanTraining;
use crate::error::Result;
use crate::models::CLEAVAGE;
use crate::models::dense::network::DenseNetwork;

/// The trained values, their average, and the optimiser.
pub struct Weights {
    names: Vec<String>,
    vars: Vec<Var>,
    averages: Vec<Tensor>,
    optimiser: AdamW,
    step: usize,
}

impl Weights {
    /// Starts a network from the configuration's seed; returns it with its weights.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn start(config: &ScanTraining, device: &Device) -> Result<(DenseNetwork, Self)> {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let (mut names, mut vars) = (Vec::new(), Vec::new());
        let network = DenseNetwork::new(&config.network, |name, shape| {
            let deviation = deviation(name, shape, config);
            let count = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|_| deviation * normal(&mut rng)).collect();
            let var = Var::from_tensor(&Tensor::from_vec(values, shape, device)?)?;
            names.push(name.to_owned());
            vars.push(var.clone());
            Ok(var.as_tensor().clone())
        })?;
        let averages = vars.iter().map(|var| var.as_tensor().copy());
        let averages = averages.collect::<candle_core::Result<_>>()?;
        let settings = ParamsAdamW {
            lr: config.optimiser.learning_rate,
            weight_decay: config.optimiser.weight_decay,
            ..Default::default()
        };
        let optimiser = AdamW::new(vars.clone(), settings)?;
        Ok((network, Self { names, vars, averages, optimiser, step: 0 }))
    }

    /// Makes one step down a loss; `steps` is the length of the whole run.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn descend(&mut self, loss: &Tensor, config: &ScanTraining, steps: usize) -> Result<()> {
        let mut gradients = loss.backward()?;
        self.clip(&mut gradients, config.optimiser.gradient_norm)?;
        self.optimiser.set_learning_rate(learning_rate(config, self.step, steps));
        self.optimiser.step(&gradients)?;
        self.step += 1;
        // A young average follows the weights more closely.
        let young = (1.0 + self.step as f64) / (10.0 + self.step as f64);
        let decay = config.optimiser.average.min(young);
        for (average, var) in self.averages.iter_mut().zip(&self.vars) {
            *average =
                ((&*average * decay)? + (var.as_tensor().detach() * (1.0 - decay))?)?.detach();
        }
        Ok(())
    }

    fn clip(&self, gradients: &mut GradStore, highest: f64) -> Result<()> {
        let mut square = 0.0;
        for var in &self.vars {
            if let Some(gradient) = gradients.get(var) {
                square += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
            }
        }
        let norm = square.sqrt();
        if norm > highest {
            for var in &self.vars {
                if let Some(gradient) = gradients.remove(var) {
                    gradients.insert(var, (gradient * (highest / norm))?);
                }
            }
        }
        Ok(())
    }

    /// Returns the moving average of all weights by name.
    pub fn averaged(&self) -> HashMap<String, Tensor> {
        self.names.iter().cloned().zip(self.averages.iter().cloned()).collect()
    }
}

/// Linear warm-up, then a cosine to zero.
fn learning_rate(config: &ScanTraining, step: usize, steps: usize) -> f64 {
    let (highest, warm) = (config.optimiser.learning_rate, config.optimiser.warmup_steps);
    if step < warm {
        return highest * (step + 1) as f64 / warm as f64;
    }
    let done = (step - warm) as f64 / (steps.saturating_sub(warm)).max(1) as f64;
    0.5 * highest * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos())
}

/// Standard deviation of a tensor's start. Branches of residual blocks start small, so that the
/// stream keeps its size through the blocks without normalisation.
fn deviation(name: &str, shape: &[usize], config: &ScanTraining) -> f32 {
    if name.ends_with("bias") {
        return 0.0;
    }
    let inputs = match name {
        // One of four inputs per tap is 1.
        "stem.weight" => shape[0] / 4,
        _ => shape[0],
    } as f32;
    let he = (2.0 / inputs).sqrt();
    match name {
        "stem.weight" => (1.0 / inputs).sqrt(),
        "output.weight" => 0.5 * (1.0 / inputs).sqrt() * (1.0 / CLEAVAGE as f32).sqrt(),
        _ if name.starts_with("blocks") => he / (config.network.dilations.len() as f32).sqrt(),
        _ => he,
    }
}

/// A standard normal value (Box-Muller); candle's own CPU generator takes no seed.
pub fn normal(rng: &mut ChaCha8Rng) -> f32 {
    let (u, v): (f32, f32) = (rng.random::<f32>().max(1e-12), rng.random());
    (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos()
}
