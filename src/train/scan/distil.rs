//! Teachers: trained models whose mean prediction is learned beside the labels.

use super::config::Distil;
use super::segment::WindowLabel;
use crate::engine::device::Workers;
use crate::error::Result;
use crate::models::registry::load_file;
use crate::models::{CLEAVAGE, Model, StrandScores};

/// Models that are asked together.
#[derive(Default)]
pub struct Teachers(Vec<Box<dyn Model>>);

impl Teachers {
    /// Loads them; none without a distillation.
    ///
    /// # Errors
    /// If a weight file cannot be loaded or its model cannot be scanned.
    pub fn load(distil: Option<&Distil>) -> Result<Self> {
        let files = distil.map_or(&[][..], |distil| &distil.models);
        let models = files.iter().map(|path| {
            let model = load_file(path, &Workers::CPU)?;
            if model.can_scan() { Ok(model) } else { Err(model.not_scannable()) }
        });
        Ok(Self(models.collect::<Result<_>>()?))
    }

    /// Returns what they say together of every window of a segment: their mean log-odds, since one
    /// teacher may be surer of everything than another; vectors are weighted by classification.
    ///
    /// # Errors
    /// If a model fails.
    pub fn say(&self, codes: &[u8]) -> Result<Vec<WindowLabel>> {
        let scores = self.0.iter().map(|model| model.scan(codes, -1.0));
        let scores = scores.collect::<Result<Vec<StrandScores>>>()?;
        let count = scores.first().map_or(0, |first| first.probability.len());
        let share = 1.0 / self.0.len() as f32;
        let mean = |start: usize| {
            let (mut log_odds, mut total, mut vector) = (0.0, 0.0, [0.0; CLEAVAGE]);
            for one in &scores {
                let probability = one.probability[start].clamp(1e-6, 1.0 - 1e-6);
                log_odds += share * (probability / (1.0 - probability)).ln();
                total += probability;
                let said = &one.cleavage[start].1;
                vector.iter_mut().zip(said).for_each(|(sum, v)| *sum += probability * v);
            }
            vector.iter_mut().for_each(|v| *v /= total);
            let target = 1.0 / (1.0 + (-log_odds).exp());
            WindowLabel { start, target, mass: target, vector }
        };
        Ok((0..count).map(mean).collect())
    }
}

/// Returns labels and what the teachers say (of every window), mixed; `weight` is the teachers'.
pub fn blend(labels: &[WindowLabel], said: &[WindowLabel], weight: f32) -> Vec<WindowLabel> {
    let mut mixed: Vec<WindowLabel> = said.to_vec();
    for window in &mut mixed {
        window.target *= weight;
        window.mass *= weight;
    }
    for label in labels {
        let window = &mut mixed[label.start];
        let own = (1.0 - weight) * label.mass;
        let sum = window.mass + own;
        if sum > 0.0 {
            let pairs = window.vector.iter_mut().zip(&label.vector);
            pairs.for_each(|(v, l)| *v = (window.mass * *v + own * l) / sum);
        }
        window.mass = sum;
        window.target += (1.0 - weight) * label.target;
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(start: usize, mass: f32, at: usize) -> WindowLabel {
        let vector = std::array::from_fn(|i| f32::from(u8::from(i == at)));
        WindowLabel { start, target: mass, mass, vector }
    }

    #[test]
    fn labels_and_teachers_are_mixed_by_weight_and_mass() {
        let said = [label(0, 0.2, 3), label(1, 0.5, 4)];
        let mixed = blend(&[label(1, 1.0, 9)], &said, 0.4);
        assert!((mixed[0].target - 0.08).abs() < 1e-6);
        assert!((mixed[0].vector[3] - 1.0).abs() < 1e-6);
        assert!((mixed[1].target - 0.8).abs() < 1e-6);
        assert!(
            (mixed[1].vector[9] - 0.75).abs() < 1e-6 && (mixed[1].vector[4] - 0.25).abs() < 1e-6
        );
    }

    #[test]
    fn without_weight_the_labels_alone_count() {
        let mixed = blend(&[label(1, 0.7, 9)], &[label(0, 0.2, 3), label(1, 0.5, 4)], 0.0);
        assert_eq!(mixed[1], label(1, 0.7, 9));
        assert_eq!((mixed[0].target, mixed[0].mass), (0.0, 0.0));
    }
}
