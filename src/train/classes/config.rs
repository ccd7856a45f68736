//! The configuration of `polyascan train signal` and `train binding`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::models::card::Task;
use crate::models::pysster::Activation;
use crate::train::networks::NetworkConfig;
use crate::train::recipe::{Configuration, Identity, Recipe};

/// Share of the examples that validate where no files are named for it.
const VALIDATION: f64 = 0.1;

/// Everything that decides a trained classifier: the file given to `--config`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClassTraining {
    pub model: Identity,
    pub network: NetworkConfig,
    pub optimiser: Recipe,
    #[serde(default)]
    pub data: Data,
    /// Classes in the order of the model's outputs, instead of positives and negatives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class: Vec<Class>,
}

/// Where sequences are, and which of them validate.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// Index (0-based) in each sequence of the base that the model's window is anchored on, e.g.
    /// the first base of the hexamer. Without it, each sequence is a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<usize>,
    /// Share of each class, drawn by the seed, that chooses the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// The first of two classes; its probability is the model's output.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub positives: Vec<ExampleFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub negatives: Vec<ExampleFile>,
    /// Files that choose the epoch, instead of a share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub validation_positives: Vec<ExampleFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub validation_negatives: Vec<ExampleFile>,
}

/// A class by its files.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    pub name: String,
    pub files: Vec<ExampleFile>,
    /// Files that choose the epoch, instead of a share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation: Vec<ExampleFile>,
}

/// A file of examples: FASTA, a table with a column `sequence`, or one sequence per line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum ExampleFile {
    /// Of a model that reads RNA structure, the file has it on the line after each sequence.
    Alone(PathBuf),
    /// With the structures in another file (see [`crate::structure::files`]).
    Structured { sequences: PathBuf, structures: PathBuf },
}

impl ClassTraining {
    /// Returns the classes in the order of the model's outputs.
    pub fn classes(&self) -> Vec<Class> {
        let Data { positives, negatives, validation_positives, validation_negatives, .. } =
            &self.data;
        if !self.class.is_empty() {
            return self.class.clone();
        }
        let class = |name: &str, files: &[ExampleFile], validation: &[ExampleFile]| Class {
            name: name.to_owned(),
            files: files.to_vec(),
            validation: validation.to_vec(),
        };
        vec![
            class("positives", positives, validation_positives),
            class("negatives", negatives, validation_negatives),
        ]
    }

    /// Returns the share of the examples that validates.
    pub fn validation_share(&self) -> f64 {
        self.data.validation.unwrap_or(VALIDATION)
    }

    fn check_data(&self) -> Result<(), Problem> {
        let Data { positives, negatives, validation_positives, validation_negatives, .. } =
            &self.data;
        let of_two = [positives, negatives, validation_positives, validation_negatives];
        if !self.class.is_empty() && of_two.iter().any(|files| !files.is_empty()) {
            return Err("give positives and negatives or [[class]] lists, not both".into());
        }
        let classes = self.classes();
        if classes.len() < 2 {
            return Err("one [[class]] alone leaves nothing to tell apart: give two or more".into());
        }
        if let Some(class) = classes.iter().find(|class| class.files.is_empty()) {
            return Err(format!("no files of {}", class.name).into());
        }
        let validating = classes.iter().filter(|class| !class.validation.is_empty()).count();
        if validating > 0 && validating < classes.len() {
            return Err("validation files must be given for every class or for none".into());
        }
        match self.data.validation {
            Some(_) if validating > 0 => {
                Err("give validation files or a share (validation = ...), not both".into())
            }
            Some(share) if !(share > 0.0 && share < 1.0) => {
                Err(format!("validation = {share}: must be above 0 and below 1").into())
            }
            _ => Ok(()),
        }
    }
}

impl Configuration for ClassTraining {
    fn common(&self) -> (&Identity, &NetworkConfig, &Recipe) {
        (&self.model, &self.network, &self.optimiser)
    }

    fn identity(&mut self) -> &mut Identity {
        &mut self.model
    }

    fn check(&self) -> Result<(), (&'static str, Problem)> {
        let architecture = self.network.form().architecture();
        if !matches!(architecture.task, Task::Signal | Task::Binding) {
            return Err(("[network]", format!("{} is no classifier", architecture.name).into()));
        }
        if let NetworkConfig::Pysster(pysster) = &self.network
            && pysster.output == Activation::Sigmoid
            && pysster.classes > 1
        {
            let problem = "output: an example has one class: use \"softmax\"";
            return Err(("[network]", problem.into()));
        }
        self.check_data().map_err(|problem| ("[data]", problem))
    }
}
