//! What a model says of examples, and how right it is.

use rayon::prelude::*;

use super::examples::{Example, Examples};
use crate::error::Result;
use crate::evaluate::metrics::auroc;
use crate::models::{Model, Window};
use crate::train::log::Figure;

/// Windows per task of the thread pool.
const BATCH: usize = 64;
/// Probabilities below it count as this much in the loss.
const LEAST: f32 = 1e-7;

/// Probability of each class for examples of known class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// Class by class, one value per example.
    probabilities: Vec<Vec<f32>>,
    classes: Vec<usize>,
}

impl Scored {
    /// Scores the examples with these indices.
    ///
    /// # Errors
    /// If the model fails.
    pub fn by(model: &dyn Model, examples: &Examples, indices: &[usize]) -> Result<Self> {
        let batches = indices.par_chunks(BATCH).map(|indices| {
            let batch: Vec<&Example> = indices.iter().map(|&index| &examples.all[index]).collect();
            let windows: Vec<Window<'_>> = batch.iter().map(|example| example.window()).collect();
            let mut probabilities = model.predict(&windows)?.values;
            if let [first] = &probabilities[..] {
                let second = first.iter().map(|p| 1.0 - p).collect();
                probabilities.push(second);
            }
            Ok(Self { probabilities, classes: batch.iter().map(|example| example.class).collect() })
        });
        let mut all = Self::default();
        batches.collect::<Result<Vec<_>>>()?.iter().for_each(|batch| all.extend(batch));
        Ok(all)
    }

    /// Adds the examples of `other`.
    pub fn extend(&mut self, other: &Self) {
        self.probabilities.resize(other.probabilities.len(), Vec::new());
        for (all, more) in self.probabilities.iter_mut().zip(&other.probabilities) {
            all.extend(more);
        }
        self.classes.extend(&other.classes);
    }

    /// Returns the number of examples.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Returns the mean cross-entropy.
    pub fn loss(&self) -> f64 {
        let of = |(at, &class): (usize, &usize)| {
            -f64::from(self.probabilities[class][at].max(LEAST)).ln()
        };
        self.classes.iter().enumerate().map(of).sum::<f64>() / self.len() as f64
    }

    /// Returns the share of the examples of which another class is the most probable.
    pub fn error(&self) -> f64 {
        let is_wrong = |(at, class): (usize, &usize)| {
            let p = |class: usize| self.probabilities[class][at];
            (0..self.probabilities.len()).any(|other| other != *class && p(other) >= p(*class))
        };
        self.classes.iter().enumerate().filter(|&example| is_wrong(example)).count() as f64
            / self.len() as f64
    }

    /// Returns the area under the ROC curve; of more than two classes the mean of each against the
    /// rest.
    pub fn auroc(&self) -> Option<f64> {
        let against_rest = |class: usize| {
            let of = |is: bool| {
                let scores = self.probabilities[class].iter().zip(&self.classes);
                let scores = scores.filter(|(_, other)| (**other == class) == is);
                scores.map(|(p, _)| *p).collect::<Vec<f32>>()
            };
            auroc(&of(true), &of(false))
        };
        // Of two classes, one against the other is all.
        let count = if self.probabilities.len() == 2 { 1 } else { self.probabilities.len() };
        let sum = (0..count).map(against_rest).sum::<Option<f64>>()?;
        (count > 0).then(|| sum / count as f64)
    }

    /// Returns loss, error and AUROC.
    pub fn figures(&self) -> Vec<Figure> {
        let figures = [Some(self.loss()), Some(self.error()), self.auroc()];
        ["loss", "error", "auroc"].map(String::from).into_iter().zip(figures).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_two_classes() {
        let first = vec![0.9f32, 0.4, 0.2, 0.6];
        let second = first.iter().map(|p| 1.0 - p).collect();
        let scored = Scored { probabilities: vec![first, second], classes: vec![0, 0, 1, 1] };
        let expected = -(0.9f64.ln() + 0.4f64.ln() + 0.8f64.ln() + 0.4f64.ln()) / 4.0;
        assert!((scored.loss() - expected).abs() < 1e-6, "{}", scored.loss());
        assert_eq!((scored.error(), scored.auroc()), (0.5, Some(0.75)));
        let mut twice = scored.clone();
        twice.extend(&scored);
        assert_eq!((twice.len(), twice.error(), twice.auroc()), (8, 0.5, Some(0.75)));
    }

    #[test]
    fn figures_of_three_classes() {
        let probabilities = vec![vec![0.6, 0.1, 0.5], vec![0.3, 0.7, 0.3], vec![0.1, 0.2, 0.2]];
        let scored = Scored { probabilities, classes: vec![0, 1, 2] };
        assert!((scored.error() - 1.0 / 3.0).abs() < 1e-12);
        // Class 2 beats one of the other two, and ties with one.
        assert!((scored.auroc().unwrap() - (1.0 + 1.0 + 0.75) / 3.0).abs() < 1e-12);
        let none = Scored { probabilities: vec![vec![0.5]; 2], classes: vec![0] };
        assert_eq!(none.auroc(), None);
        // Neither class is the more probable.
        assert_eq!(none.error(), 1.0);
    }
}
