//! What a model says of examples, and how right it is.

use rayon::prelude::*;

use super::examples::{Example, Examples};
use crate::error::Result;
use crate::evaluate::metrics::auroc;
use crate::models::{Classes, Model, Window};
use crate::train::log::Figure;

/// Windows per task of the thread pool.
const BATCH: usize = 64;
/// Probabilities below it count as this much in the loss.
const LEAST: f32 = 1e-7;

/// Probability of each class for examples of known classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// Class by class, one value per example.
    probabilities: Vec<Vec<f32>>,
    /// Those that each example has.
    classes: Vec<Vec<usize>>,
    /// Whether an example may have any number of classes.
    any: bool,
}

impl Scored {
    /// Scores the examples with these indices.
    ///
    /// # Errors
    /// If the model fails.
    pub fn by(model: &dyn Model, examples: &Examples, indices: &[usize]) -> Result<Self> {
        let batches = indices.par_chunks(BATCH).map(|indices| {
            let batch: Vec<&Example> = indices.iter().map(|&index| &examples.all[index]).collect();
            let windows: Vec<Window<'_>> =
                batch.iter().map(|example| example.window.window()).collect();
            let mut probabilities = model.predict(&windows)?.values;
            if let (Classes::Two, [first]) = (examples.kind, &probabilities[..]) {
                let second = first.iter().map(|p| 1.0 - p).collect();
                probabilities.push(second);
            }
            let classes = batch.iter().map(|example| example.classes.clone()).collect();
            Ok(Self { probabilities, classes, any: examples.kind == Classes::Any })
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
        self.classes.extend_from_slice(&other.classes);
        self.any = other.any;
    }

    /// Returns the number of examples.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Returns the mean cross-entropy: over examples, and over classes where an example may have
    /// any number of them.
    pub fn loss(&self) -> f64 {
        let surprise = |p: f32| -f64::from(p.max(LEAST)).ln();
        let sum: f64 = if self.any {
            self.decisions().map(|(p, is)| surprise(if is { p } else { 1.0 - p })).sum()
        } else {
            let of = |(at, classes): (usize, &Vec<usize>)| {
                classes.iter().map(|&class| surprise(self.probabilities[class][at])).sum::<f64>()
            };
            self.classes.iter().enumerate().map(of).sum()
        };
        sum / self.counted()
    }

    /// Returns the share of the examples of which another class is the most probable; where an
    /// example may have any number of classes, that of examples and classes on the wrong side of
    /// 0.5.
    pub fn error(&self) -> f64 {
        let wrong = if self.any {
            self.decisions().filter(|(p, is)| (*p > 0.5) != *is).count()
        } else {
            let is_wrong = |(at, classes): &(usize, &Vec<usize>)| {
                let p = |class: usize| self.probabilities[class][*at];
                let rival = |class: usize| {
                    (0..self.probabilities.len())
                        .any(|other| other != class && p(other) >= p(class))
                };
                classes.iter().any(|&class| rival(class))
            };
            self.classes.iter().enumerate().filter(is_wrong).count()
        };
        wrong as f64 / self.counted()
    }

    /// Returns each probability and whether the example has the class.
    fn decisions(&self) -> impl Iterator<Item = (f32, bool)> {
        self.probabilities.iter().enumerate().flat_map(|(class, probabilities)| {
            let has = self.classes.iter().map(move |classes| classes.contains(&class));
            probabilities.iter().copied().zip(has)
        })
    }

    /// Returns what means are over.
    fn counted(&self) -> f64 {
        let each = if self.any { self.probabilities.len() } else { 1 };
        (self.len() * each) as f64
    }

    /// Returns the area under the ROC curve; of more than two classes the mean of each against the
    /// rest.
    pub fn auroc(&self) -> Option<f64> {
        let against_rest = |class: usize| {
            let of = |is: bool| {
                let scores = self.probabilities[class].iter().zip(&self.classes);
                let scores = scores.filter(|(_, classes)| classes.contains(&class) == is);
                scores.map(|(p, _)| *p).collect::<Vec<f32>>()
            };
            auroc(&of(true), &of(false))
        };
        // Of two classes, one against the other is all.
        let is_one = self.probabilities.len() == 2 && !self.any;
        let count = if is_one { 1 } else { self.probabilities.len() };
        let sum = (0..count).map(against_rest).sum::<Option<f64>>()?;
        (count > 0).then(|| sum / count as f64)
    }

    /// Returns loss, error and AUROC, under their names in logs.
    pub fn figures(&self) -> Vec<Figure> {
        let figures = [Some(self.loss()), Some(self.error()), self.auroc()];
        ["validation_loss", "error", "auroc"].map(String::from).into_iter().zip(figures).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(classes: &[usize]) -> Vec<Vec<usize>> {
        classes.iter().map(|&class| vec![class]).collect()
    }

    #[test]
    fn figures_of_any_number_of_classes_are_over_examples_and_classes() {
        let probabilities = vec![vec![0.9, 0.2, 0.4], vec![0.3, 0.6, 0.1]];
        let classes = vec![vec![0, 1], vec![1], vec![]];
        let scored = Scored { probabilities, classes, any: true };
        let terms = [0.9f64, 0.3, 0.8, 0.6, 0.6, 0.9];
        let expected = -terms.iter().map(|p| p.ln()).sum::<f64>() / 6.0;
        assert!((scored.loss() - expected).abs() < 1e-6, "{}", scored.loss());
        assert!((scored.error() - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!(scored.auroc(), Some(1.0));
    }

    #[test]
    fn figures_of_two_classes() {
        let first = vec![0.9f32, 0.4, 0.2, 0.6];
        let second = first.iter().map(|p| 1.0 - p).collect();
        let scored =
            Scored { probabilities: vec![first, second], classes: one(&[0, 0, 1, 1]), any: false };
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
        let scored = Scored { probabilities, classes: one(&[0, 1, 2]), any: false };
        assert!((scored.error() - 1.0 / 3.0).abs() < 1e-12);
        // Class 2 beats one of the other two, and ties with one.
        assert!((scored.auroc().unwrap() - (1.0 + 1.0 + 0.75) / 3.0).abs() < 1e-12);
        let none = Scored { probabilities: vec![vec![0.5]; 2], classes: one(&[0]), any: false };
        assert_eq!(none.auroc(), None);
        // Neither class is the more probable.
        assert_eq!(none.error(), 1.0);
    }
}
