//! Sequences with their classes.

mod labels;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::Device;

use super::config::{ClassTraining, ExampleFile, ExampleFiles};
use super::split::{Split, share};
use crate::error::{Error, Problem, Result};
use crate::evaluate::examples::{Files, Reader, Taken};
use crate::models::deerect::archive::{self, Archive, Windows};
use crate::models::part::Part;
use crate::models::{Classes, Length, Model, OwnedWindow};
use crate::train::artifacts;
use crate::train::recipe::Configuration;
use crate::train::weights::Weights;
pub use labels::labels;

/// A window with its classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    pub window: OwnedWindow,
    /// Indices of the classes, ascending: one, unless the model gives windows any number of them.
    pub classes: Vec<usize>,
}

/// All examples of a configuration: those that train before those that validate or test, where the
/// data say so.
#[derive(Clone, Debug)]
pub struct Examples {
    pub all: Vec<Example>,
    /// What the model's outputs are.
    pub kind: Classes,
    /// Names of the classes.
    pub names: Vec<String>,
    /// Which examples train and which validate, where the data say so.
    given: Option<Split>,
}

/// What examples are read for.
struct Asked {
    reader: Reader,
    kind: Classes,
    /// Number of the model's classes.
    classes: usize,
}

impl Examples {
    /// Reads all files.
    ///
    /// # Errors
    /// Files that cannot be read or have no sequence for the model, a model of another number of
    /// classes, an anchor without room before it.
    pub fn read(config: &ClassTraining) -> Result<Self> {
        let asked = Asked::of(config)?;
        let names = config.classes().into_iter().map(|class| class.name);
        let mut examples =
            Self { all: Vec::new(), kind: asked.kind, names: names.collect(), given: None };
        if let Some(archive) = &config.data.archive {
            examples.archive(&config.file(archive), &asked)?;
            return Ok(examples);
        }
        if !config.data.labelled.is_empty() {
            examples.names = (0..asked.classes).map(|n| format!("class_{n}")).collect();
        }
        examples.take(config, &asked, false)?;
        let trained = examples.all.len();
        examples.take(config, &asked, true)?;
        let validation: Vec<usize> = (trained..examples.all.len()).collect();
        examples.given = (!validation.is_empty()).then(|| Split {
            training: (0..trained).collect(),
            validation,
            test: Vec::new(),
        });
        Ok(examples)
    }

    /// Takes the files that validate, or the others.
    fn take(&mut self, config: &ClassTraining, asked: &Asked, validating: bool) -> Result<()> {
        let first = self.all.len();
        for (number, class) in config.classes().iter().enumerate() {
            let files = if validating { &class.validation } else { &class.files };
            for file in files {
                self.all.extend(asked.read(config, file, &mut |_: &str| Ok(vec![number]))?);
            }
        }
        let data = &config.data;
        for file in if validating { &data.validation_labelled } else { &data.labelled } {
            let mut of = |header: &str| labels(header, asked.kind, asked.classes);
            self.all.extend(asked.read(config, file, &mut of)?);
        }
        if asked.kind == Classes::Any {
            let own = self.all.split_off(first);
            self.all.extend(merged(own));
        }
        Ok(())
    }

    /// Takes the windows of an archive.
    fn archive(&mut self, path: &Path, asked: &Asked) -> Result<()> {
        let wrong = |problem: String| Error::of_file(path, problem);
        let input = asked.reader.input;
        let length = crate::models::deerect::LENGTH;
        let fits = input.length == Length::Exactly(length) && !input.structure;
        if !fits || asked.classes != 2 || input.features > 0 {
            let problem = format!(
                "an archive holds windows of {length} nt of two classes; the network reads {} nt \
                 and tells {} classes apart",
                input.length, asked.classes
            );
            return Err(wrong(problem));
        }
        let mut archive = Archive::read(path)?;
        let mut split = Split::default();
        for part in Part::ALL {
            let windows = match archive.take(part) {
                // What tests is not needed to train.
                Err(_) if part == Part::Test => continue,
                windows => windows?,
            };
            let Windows { codes, are_true: Some(are_true) } = windows else {
                return Err(wrong(format!("array {}_labels is missing", archive::prefix(part))));
            };
            let first = self.all.len();
            self.all.extend(codes.into_iter().zip(are_true).map(|(codes, is_true)| Example {
                window: OwnedWindow { codes, ..OwnedWindow::default() },
                classes: vec![usize::from(!is_true)],
            }));
            *split.part(part) = (first..self.all.len()).collect();
        }
        self.given = Some(split);
        Ok(())
    }

    /// Returns a number for each example, the same for those of the same classes, from 0.
    pub fn strata(&self) -> Vec<usize> {
        let mut numbers: BTreeMap<&[usize], usize> =
            self.all.iter().map(|example| (example.classes.as_slice(), 0)).collect();
        numbers.values_mut().enumerate().for_each(|(number, of)| *of = number);
        self.all.iter().map(|example| numbers[example.classes.as_slice()]).collect()
    }

    /// Returns how many of some examples are of a class.
    pub fn members(&self, of: &[usize], class: usize) -> usize {
        of.iter().filter(|&&index| self.all[index].classes.contains(&class)).count()
    }

    /// Returns how much an example of each class counts, so that all classes together count alike:
    /// the size of the largest over its own, among some examples.
    pub fn class_weights(&self, of: &[usize]) -> Vec<f32> {
        let sizes: Vec<usize> =
            (0..self.names.len()).map(|class| self.members(of, class).max(1)).collect();
        let largest = sizes.iter().copied().max().unwrap_or(1);
        sizes.into_iter().map(|size| largest as f32 / size as f32).collect()
    }

    /// Returns which examples train and which validate.
    ///
    /// # Errors
    /// If a class has no example for one of these.
    pub fn split(&self, config: &ClassTraining) -> Result<Split> {
        let drawn = || share(&self.strata(), config.validation_share(), config.model.seed);
        let split = self.given.clone().unwrap_or_else(drawn);
        for (what, part) in [("training", &split.training), ("validation", &split.validation)] {
            for (number, class) in self.names.iter().enumerate() {
                if self.members(part, number) == 0 {
                    let problem = format!("class {class} leaves no example for {what}");
                    return Err(Error::model(&config.model.name, problem));
                }
            }
        }
        Ok(split)
    }
}

/// Puts the classes of equal windows together: a sequence may stand in the files of several.
fn merged(examples: Vec<Example>) -> Vec<Example> {
    // By sequence and structure, the places of examples that differ in features alone.
    type Read = (Vec<u8>, Option<Vec<u8>>);
    let mut places: HashMap<Read, Vec<usize>> = HashMap::new();
    let mut all: Vec<Example> = Vec::new();
    for example in examples {
        let OwnedWindow { codes, structure, .. } = &example.window;
        let same = places.entry((codes.clone(), structure.clone())).or_default();
        let is_equal = |at: &usize| all[*at].window.features == example.window.features;
        let equal = same.iter().copied().find(is_equal);
        match equal {
            Some(at) => {
                all[at].classes.extend(example.classes);
                all[at].classes.sort_unstable();
                all[at].classes.dedup();
            }
            None => {
                same.push(all.len());
                all.push(example);
            }
        }
    }
    all
}

impl Asked {
    /// Asks the model what it reads and tells.
    fn of(config: &ClassTraining) -> Result<Self> {
        let (identity, network, recipe) = config.common();
        let (_, weights) = Weights::start(network, recipe, identity.seed, None, &Device::Cpu)?;
        let model = artifacts::build(config, &artifacts::encode(config, weights.averaged()?)?)?;
        let wrong = |problem: String| Error::model(&identity.name, problem);
        let kind = model.classes().ok_or_else(|| wrong("it tells no classes".into()))?;
        let classes = match kind {
            Classes::Two => 2,
            Classes::One | Classes::Any => model.outputs().len(),
        };
        let named = config.classes().len();
        if config.data.labelled.is_empty() && named != classes {
            return Err(wrong(format!(
                "the network tells {classes} classes apart, the data have {named}"
            )));
        }
        Ok(Self { reader: reader(config, model.as_ref())?, kind, classes })
    }

    /// Reads a file whose sequences have the classes that `of` makes of their headers; those that
    /// have no window are said and left out.
    fn read(
        &self,
        config: &ClassTraining,
        file: &ExampleFile,
        of: &mut dyn FnMut(&str) -> std::result::Result<Vec<usize>, Problem>,
    ) -> Result<Vec<Example>> {
        let files = open(config, file)?;
        let path = &files.path;
        let mut examples = Vec::new();
        let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
        self.reader.read(&files, None, &mut |Taken { name, header, window, .. }| {
            let classes = of(&header)
                .map_err(|problem| Error::input(path, format!("sequence {name:?}"), problem))?;
            match window {
                Ok(window) => examples.push(Example { window, classes }),
                Err(reason) => *skipped.entry(reason).or_default() += 1,
            }
            Ok(())
        })?;
        self.account(path, examples.len(), &skipped)?;
        Ok(examples)
    }

    /// Says what was left out of a file.
    fn account(
        &self,
        path: &Path,
        taken: usize,
        skipped: &BTreeMap<&'static str, usize>,
    ) -> Result<()> {
        let left_out: usize = skipped.values().sum();
        let reasons: Vec<String> = skipped.iter().map(|(why, n)| format!("{n} {why}")).collect();
        let reasons = reasons.join(", ");
        if taken == 0 {
            let problem = format!(
                "none of {left_out} sequences can be used ({reasons}); the model reads {} nt: \
                 `anchor` in [data] says where in longer sequences its anchor lies",
                self.reader.input.length
            );
            return Err(Error::of_file(path, problem));
        }
        if left_out > 0 {
            let (all, path) = (taken + left_out, path.display());
            tracing::info!(
                kind = "note",
                "{path}: {left_out} of {all} sequences left out ({reasons})"
            );
        }
        Ok(())
    }
}

/// Opens a file of examples and what belongs to it.
fn open(config: &ClassTraining, file: &ExampleFile) -> Result<Files> {
    let (sequences, structures, features) = match file {
        ExampleFile::Alone(sequences) => (sequences, None, None),
        ExampleFile::With(ExampleFiles { sequences, structures, features }) => {
            (sequences, structures.as_ref(), features.as_ref())
        }
    };
    let place = |path: &PathBuf| config.file(path);
    let (structures, features) = (structures.map(place), features.map(place));
    Files::open(&config.file(sequences), structures.as_deref(), features.as_deref())
}

/// Returns what makes windows of sequences.
fn reader(config: &ClassTraining, model: &dyn Model) -> Result<Reader> {
    let anchor = config.data.anchor;
    Reader::of(model, anchor).map_err(|problem| {
        let at = anchor.unwrap_or_default();
        Error::model(&config.model.name, format!("anchor = {at}: {problem}"))
    })
}

#[cfg(test)]
mod tests;
