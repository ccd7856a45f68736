//! Cross-validation as Xia et al. 2018 do it: of k stratified folds one tests, the one before it
//! chooses the epoch, the others train; each fold tests once.

use std::sync::Arc;

use candle_core::Device;

use super::ClassTask;
use super::config::ClassTraining;
use super::examples::Examples;
use super::scored::Scored;
use super::split::{Split, folds};
use crate::error::{Error, Result};
use crate::evaluate::metrics::shown;
use crate::models::deerect::archive;
use crate::models::part::Part;
use crate::train::artifacts;
use crate::train::fit::Fitted;

/// The examples and their folds.
pub struct CrossValidation<'a> {
    config: &'a ClassTraining,
    examples: Arc<Examples>,
    /// Fold of each example.
    fold: Vec<usize>,
    folds: usize,
}

impl<'a> CrossValidation<'a> {
    /// Reads the examples and deals them out.
    ///
    /// # Errors
    /// Those of [`Examples::read`]; validation files; a class with fewer examples than folds.
    pub fn new(config: &'a ClassTraining, count: usize) -> Result<Self> {
        let examples = Examples::read(config)?;
        let wrong = |problem: String| Err(Error::Usage(format!("--folds {count}: {problem}")));
        if count < 3 {
            return wrong("one fold tests, one validates, others train: 3 or more".into());
        }
        if config.has_validation_files() || config.data.validation.is_some() {
            return wrong("a fold validates: leave validation out of the configuration".into());
        }
        let all: Vec<usize> = (0..examples.all.len()).collect();
        for (number, class) in examples.names.iter().enumerate() {
            let members = examples.members(&all, number);
            if members < count {
                return wrong(format!("class {class} has {members} examples"));
            }
        }
        let fold = folds(&examples.strata(), count, config.model.seed);
        Ok(Self { config, examples: Arc::new(examples), fold, folds: count })
    }

    /// Returns the configuration of the model that fold `number` tests: under a name of its own, so
    /// that no checkpoint is taken for another fold's.
    pub fn config(&self, number: usize) -> ClassTraining {
        let mut config = self.config.clone();
        config.model.name += &format!(" (fold {} of {})", number + 1, self.folds);
        config
    }

    /// Returns its data.
    pub fn task<'b>(
        &self,
        number: usize,
        config: &'b ClassTraining,
        device: &'b Device,
    ) -> ClassTask<'b> {
        ClassTask::new(config, device, self.examples.clone(), self.split(number))
    }

    /// Returns which examples train, validate and test where fold `number` tests.
    pub fn split(&self, number: usize) -> Split {
        let validating = (number + self.folds - 1) % self.folds;
        Split {
            training: self.members(|fold| fold != number && fold != validating),
            validation: self.members(|fold| fold == validating),
            test: self.members(|fold| fold == number),
        }
    }

    /// Returns the bytes of an archive for DeeReCT-PolyA's own program, in which the last fold tests
    /// as in theirs, and how many windows each part has.
    ///
    /// # Errors
    /// If the windows are not those of that network.
    pub fn archive(&self) -> Result<(Vec<u8>, [usize; 3])> {
        let mut split = self.split(self.folds - 1);
        let window = |&index: &usize| {
            let example = &self.examples.all[index];
            (example.window.codes.as_slice(), example.classes == [0])
        };
        let parts = Part::ALL.map(|part| (part, split.part(part).iter().map(window).collect()));
        let counts = [0, 1, 2].map(|at| Vec::len(&parts[at].1));
        Ok((archive::encode(&parts)?, counts))
    }

    /// Scores the fold with the model that has not seen it.
    ///
    /// # Errors
    /// If the model fails.
    pub fn score(&self, number: usize, config: &ClassTraining, fitted: &Fitted) -> Result<Scored> {
        let model = artifacts::build(config, &fitted.weights)?;
        Scored::by(model.as_ref(), &self.examples, &self.split(number).test)
    }

    fn members(&self, is_in: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.fold.len()).filter(|&index| is_in(self.fold[index])).collect()
    }
}

/// What became of a fold.
pub struct Tested {
    /// Epochs trained, and the one kept.
    pub epochs: usize,
    pub kept_epoch: usize,
    pub scored: Scored,
}

/// Returns the figures as a table: a line per fold, `pooled` over all examples, each scored by the
/// model that has not seen it, and mean and standard deviation (n - 1) of the folds.
pub fn table(folds: &[Tested]) -> String {
    let mut text = "fold\tepochs\tkept_epoch\texamples\tloss\terror\tauroc\n".to_owned();
    let line = |name: &str, counts: [String; 3], figures: &[Option<f64>]| {
        let figures: Vec<String> = figures.iter().map(|figure| shown(*figure, 4)).collect();
        format!("{name}\t{}\t{}\n", counts.join("\t"), figures.join("\t"))
    };
    let mut pooled = Scored::default();
    let mut columns = vec![Vec::new(); 3];
    for (number, Tested { epochs, kept_epoch, scored }) in folds.iter().enumerate() {
        let figures: Vec<Option<f64>> = scored.figures().into_iter().map(|f| f.1).collect();
        let counts = [*epochs, *kept_epoch, scored.len()].map(|n| n.to_string());
        text += &line(&(number + 1).to_string(), counts, &figures);
        columns.iter_mut().zip(&figures).for_each(|(column, figure)| column.extend(*figure));
        pooled.extend(scored);
    }
    let none = || "NA".to_owned();
    let figures: Vec<Option<f64>> = pooled.figures().into_iter().map(|f| f.1).collect();
    text += &line("pooled", [none(), none(), pooled.len().to_string()], &figures);
    let spread: Vec<[f64; 2]> = columns.iter().map(|column| mean_and_deviation(column)).collect();
    for (at, name) in ["mean", "sd"].into_iter().enumerate() {
        let figures: Vec<Option<f64>> =
            spread.iter().map(|of| Some(of[at]).filter(|value| value.is_finite())).collect();
        text += &line(name, [none(), none(), none()], &figures);
    }
    text
}

fn mean_and_deviation(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    [mean, (square / (n - 1.0)).sqrt()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_of_known_values() {
        assert_eq!(mean_and_deviation(&[1.0, 2.0, 3.0]), [2.0, 1.0]);
    }
}
