//! The configuration of `polyascan train signal` and `train binding`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::models::card::Task;
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
    /// Whether examples of smaller classes count more, by the size of the largest class over theirs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub balance: bool,
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
    /// Files of sequences whose headers say their classes, by the numbers of the model's outputs:
    /// `>0,2` as pysster has it, or a word `class:0,2`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labelled: Vec<ExampleFile>,
    /// Such files that choose the epoch, instead of a share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub validation_labelled: Vec<ExampleFile>,
    /// An archive of DeeReCT-PolyA's: what trains and what validates, positives and negatives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<PathBuf>,
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

/// A file of examples: FASTA, a table with a column `sequence`, or one sequence per line; or a
/// folder of such files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum ExampleFile {
    /// Of a model that reads RNA structure, the file has it on the line after each sequence.
    Alone(PathBuf),
    With(ExampleFiles),
}

/// A file of examples with what belongs to it in other files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleFiles {
    pub sequences: PathBuf,
    /// See [`crate::structure::files`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structures: Option<PathBuf>,
    /// A line for each sequence; see [`crate::models::features`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<PathBuf>,
}

impl ClassTraining {
    /// Returns the classes that have files of their own, in the order of the model's outputs.
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

    /// Returns whether files say which examples validate.
    pub fn has_validation_files(&self) -> bool {
        !self.data.validation_labelled.is_empty()
            || self.classes().iter().any(|class| !class.validation.is_empty())
    }

    /// Returns all files of examples.
    pub fn files(&self) -> impl Iterator<Item = ExampleFile> {
        let Data { labelled, validation_labelled, .. } = &self.data;
        let of_classes =
            self.classes().into_iter().flat_map(|class| [class.files, class.validation].concat());
        of_classes.chain(labelled.clone()).chain(validation_labelled.clone())
    }

    /// Returns the share of the examples that validates.
    pub fn validation_share(&self) -> f64 {
        self.data.validation.unwrap_or(VALIDATION)
    }

    fn check_data(&self) -> Result<(), Problem> {
        let Data { positives, negatives, validation_positives, validation_negatives, .. } =
            &self.data;
        let of_two = [positives, negatives, validation_positives, validation_negatives];
        let is_of_two = of_two.iter().any(|files| !files.is_empty());
        let Data { labelled, validation_labelled, archive, validation, .. } = &self.data;
        let is_labelled = !labelled.is_empty() || !validation_labelled.is_empty();
        let sources = [!self.class.is_empty(), is_of_two, is_labelled, archive.is_some()];
        if sources.iter().filter(|given| **given).count() > 1 {
            let problem = "give positives and negatives, [[class]] lists, labelled files or an \
                           archive, not both of two";
            return Err(problem.into());
        }
        if let Some(share) = validation
            && !(*share > 0.0 && *share < 1.0)
        {
            return Err(format!("validation = {share}: must be above 0 and below 1").into());
        }
        if validation.is_some() && (archive.is_some() || self.has_validation_files()) {
            let given = if archive.is_some() { "an archive" } else { "validation files" };
            return Err(format!("give {given} or a share (validation = ...), not both").into());
        }
        if archive.is_some() && self.data.anchor.is_some() {
            return Err("anchor: the windows of an archive are whole".into());
        }
        if archive.is_some() || is_labelled {
            let lacks = is_labelled && labelled.is_empty();
            return if lacks { Err("no files of labelled sequences".into()) } else { Ok(()) };
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
        Ok(())
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
        self.check_data().map_err(|problem| ("[data]", problem))
    }
}
