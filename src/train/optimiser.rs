//! Optimisers whose whole state can be saved: AdamW, Nadam, SGD with momentum.
//!
//! candle's own keep their moments to themselves, so that a killed run could not go on as if
//! nothing had happened.

mod in_place;

use candle_core::{Tensor, Var};
use serde::{Deserialize, Serialize};

use crate::error::Result;
pub use in_place::blend;
use in_place::{Adaptive, blend_squares};

/// Rule of descent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Loshchilov & Hutter 2019.
    #[default]
    AdamW,
    /// Dozat 2016 with the momentum schedule of Keras 2 (`schedule_decay` 0.004); weight decay as in
    /// AdamW.
    Nadam,
    /// Momentum 0.9 or as given; weight decay is part of the gradient.
    Sgd,
}

const BETA: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;
/// Keras's.
const NADAM_EPSILON: f64 = 1e-7;
const SCHEDULE_DECAY: f64 = 0.004;

/// Returns the momentum of a step of Nadam: it rises from half of beta to all of it.
fn momentum(step: usize) -> f64 {
    BETA.0 * (1.0 - 0.5 * 0.96f64.powf(step as f64 * SCHEDULE_DECAY))
}

/// Returns the product of the momenta of all steps up to one.
fn momenta(step: usize) -> f64 {
    let mut product = 1.0;
    for step in 1..=step {
        product *= momentum(step);
        // 1 less this is 1.
        if product < f64::EPSILON / 4.0 {
            return 0.0;
        }
    }
    product
}

/// What a rule remembers of one tensor.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Moving mean of the gradient; SGD: velocity.
    pub first: Tensor,
    /// Moving mean of its square; SGD: zero.
    pub second: Tensor,
}

impl Moments {
    /// Nothing remembered yet.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn of(var: &Var) -> Result<Self> {
        Ok(Self { first: var.zeros_like()?, second: var.zeros_like()? })
    }
}

/// A rule and its settings.
#[derive(Clone, Copy, Debug)]
pub struct Descent {
    pub rule: Rule,
    pub momentum: f64,
    pub weight_decay: f64,
}

impl Descent {
    /// Moves a tensor down its gradient; `step` counts from 1.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn step(
        &self,
        var: &Var,
        gradient: &Tensor,
        moments: &mut Moments,
        rate: f64,
        step: usize,
    ) -> Result<()> {
        let gradient = gradient.detach();
        if self.rule == Rule::Sgd {
            let value = var.as_tensor().detach();
            let pull = (&gradient + (&value * self.weight_decay)?)?;
            moments.first = ((&moments.first * self.momentum)? + pull)?.detach();
            let moved = (&value - (&moments.first * rate)?)?;
            return Ok(var.set(&moved.detach())?);
        }
        let (b1, b2) = BETA;
        blend(&mut moments.first, b1, &gradient, 1.0 - b1)?;
        blend_squares(&mut moments.second, b2, &gradient, 1.0 - b2)?;
        let power = |beta: f64| 1.0 - beta.powf(step as f64);
        let (first, scale, epsilon) = match self.rule {
            // One step ahead of the mean.
            Rule::Nadam => {
                let (now, next) = (momentum(step), momentum(step + 1));
                let so_far = momenta(step);
                let mut ahead = moments.first.copy()?;
                let own = (1.0 - now) / (1.0 - so_far);
                blend(&mut ahead, next / (1.0 - so_far * next), &gradient, own)?;
                (ahead, 1.0, NADAM_EPSILON)
            }
            _ => (moments.first.clone(), 1.0 / power(b1), EPSILON),
        };
        let kept = 1.0 - rate * self.weight_decay;
        let scales = (scale, 1.0 / power(b2));
        Adaptive { kept, rate, scales, epsilon }.apply(var, &first, &moments.second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    /// The first step of Nadam at a rate of 0.1.
    const NADAM: f64 = 0.105_645_176;

    /// Computed with the formulas of Keras 2.3.1 in double precision.
    #[test]
    fn nadam_steps_as_in_keras() {
        let var = Var::new(&[1f32], &Device::Cpu).unwrap();
        let descent = Descent { rule: Rule::Nadam, momentum: 0.0, weight_decay: 0.0 };
        let mut moments = Moments::of(&var).unwrap();
        let gradients = [2f32, -1.0, 0.5, 3.0, -2.0];
        let expected = [0.894_354_8, 0.935_465_8, 0.908_260_1, 0.807_208_0, 0.861_804_9];
        for (step, (gradient, expected)) in gradients.iter().zip(expected).enumerate() {
            let gradient = Tensor::new(&[*gradient], &Device::Cpu).unwrap();
            descent.step(&var, &gradient, &mut moments, 0.1, step + 1).unwrap();
            let found = var.to_vec1::<f32>().unwrap()[0];
            assert!((f64::from(found) - expected).abs() < 1e-5, "{found} {expected}");
        }
        // What is left of the product of the momenta plays no part any more.
        assert!(momenta(5) > 0.0 && momenta(2_000) == 0.0);
    }

    #[test]
    fn every_rule_finds_the_bottom_of_a_bowl() {
        for (rule, rate) in [(Rule::AdamW, 0.05), (Rule::Nadam, 0.05), (Rule::Sgd, 0.02)] {
            let var = Var::new(&[3f32, -2.0], &Device::Cpu).unwrap();
            let descent = Descent { rule, momentum: 0.9, weight_decay: 0.0 };
            let mut moments = Moments::of(&var).unwrap();
            for step in 1..=600 {
                let gradient = (var.as_tensor() * 2.0).unwrap();
                descent.step(&var, &gradient, &mut moments, rate, step).unwrap();
            }
            let left: Vec<f32> = var.to_vec1().unwrap();
            assert!(left.iter().all(|x| x.abs() < 1e-2), "{rule:?} {left:?}");
        }
    }

    #[test]
    fn the_first_adaptive_step_has_the_length_of_the_rate() {
        // Of Nadam: see the test below.
        for (rule, expected) in [(Rule::AdamW, 0.1), (Rule::Nadam, NADAM)] {
            let var = Var::new(&[1f32], &Device::Cpu).unwrap();
            let descent = Descent { rule, momentum: 0.0, weight_decay: 0.0 };
            let gradient = Tensor::new(&[7f32], &Device::Cpu).unwrap();
            descent.step(&var, &gradient, &mut Moments::of(&var).unwrap(), 0.1, 1).unwrap();
            let moved = 1.0 - f64::from(var.to_vec1::<f32>().unwrap()[0]);
            assert!((moved - expected).abs() < 1e-4, "{rule:?} {moved}");
        }
    }

    #[test]
    fn weight_decay_pulls_to_zero_without_a_gradient() {
        for rule in [Rule::AdamW, Rule::Nadam, Rule::Sgd] {
            let var = Var::new(&[1f32], &Device::Cpu).unwrap();
            let descent = Descent { rule, momentum: 0.0, weight_decay: 0.1 };
            let none = Tensor::new(&[0f32], &Device::Cpu).unwrap();
            descent.step(&var, &none, &mut Moments::of(&var).unwrap(), 0.5, 1).unwrap();
            assert!((var.to_vec1::<f32>().unwrap()[0] - 0.95).abs() < 1e-6, "{rule:?}");
        }
    }
}
