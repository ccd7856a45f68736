//! Sequences with their class.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::Device;

use super::config::{ClassTraining, ExampleFile};
use super::split::{Split, share};
use crate::error::{Error, Result};
use crate::evaluate::classes::{NO_NUCLEOTIDE, place};
use crate::genome::compression::Source;
use crate::genome::sequences::Sequences;
use crate::models::{Input, Length, Window};
use crate::structure::{Annotated, Form, Matched, annotated};
use crate::train::product;
use crate::train::recipe::Configuration;
use crate::train::weights::Weights;

/// A window with its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Codes as in [`crate::genome::sequence`].
    pub codes: Vec<u8>,
    /// Where the model reads it.
    pub structure: Option<Vec<u8>>,
    /// Index of the class.
    pub class: usize,
}

impl Example {
    /// Returns what the model reads.
    pub fn window(&self) -> Window<'_> {
        Window { codes: &self.codes, structure: self.structure.as_deref() }
    }
}

/// All examples of a configuration: those of each file, then those of the validation files.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    pub all: Vec<Example>,
    /// Number of classes.
    pub classes: usize,
    /// How many of them are of validation files.
    validating: usize,
}

impl Examples {
    /// Reads all files.
    ///
    /// # Errors
    /// Files that cannot be read or have no sequence for the model, a model of another number of
    /// classes, an anchor without room before it.
    pub fn read(config: &ClassTraining) -> Result<Self> {
        let classes = config.classes();
        let reader = Reader::new(config, classes.len())?;
        let mut examples = Self { classes: classes.len(), ..Self::default() };
        for (number, class) in classes.iter().enumerate() {
            for file in &class.files {
                examples.all.extend(reader.read(config, file, number)?);
            }
        }
        let trained = examples.all.len();
        for (number, class) in classes.iter().enumerate() {
            for file in &class.validation {
                examples.all.extend(reader.read(config, file, number)?);
            }
        }
        examples.validating = examples.all.len() - trained;
        Ok(examples)
    }

    /// Returns the class of each example.
    pub fn labels(&self) -> Vec<usize> {
        self.all.iter().map(|example| example.class).collect()
    }

    /// Returns whether validation files were named.
    pub fn has_validation_files(&self) -> bool {
        self.validating > 0
    }

    /// Returns which examples train and which validate.
    ///
    /// # Errors
    /// If a class has no example for one of these.
    pub fn split(&self, config: &ClassTraining) -> Result<Split> {
        let labels = self.labels();
        let split = match self.all.len() - self.validating {
            trained if self.has_validation_files() => Split {
                training: (0..trained).collect(),
                validation: (trained..self.all.len()).collect(),
            },
            _ => share(&labels, config.validation_share(), config.model.seed),
        };
        for (what, part) in [("training", &split.training), ("validation", &split.validation)] {
            for (number, class) in config.classes().iter().enumerate() {
                if !part.iter().any(|&index| labels[index] == number) {
                    let problem = format!("class {} leaves no example for {what}", class.name);
                    return Err(Error::model(&config.model.name, problem));
                }
            }
        }
        Ok(split)
    }
}

/// Cuts a model's windows out of sequences.
struct Reader {
    input: Input,
    /// What the model reads of structure files.
    form: Option<Form>,
    anchor: Option<usize>,
}

impl Reader {
    /// Asks the model what it reads.
    fn new(config: &ClassTraining, classes: usize) -> Result<Self> {
        let (identity, network, recipe) = config.common();
        let (_, weights) = Weights::start(network, recipe, identity.seed, None, &Device::Cpu)?;
        let model = product::build(config, &product::encode(config, weights.averaged()?)?)?;
        let wrong = |problem: String| Err(Error::model(&identity.name, problem));
        let told = match model.outputs().iter().map(|output| output.width).sum() {
            1 => 2,
            outputs => outputs,
        };
        if told != classes {
            return wrong(format!(
                "the network tells {told} classes apart, the data have {classes}"
            ));
        }
        let input = model.input();
        match (config.data.anchor, input.length) {
            (Some(at), Length::Exactly(_)) if at < input.anchor => {
                let before = input.anchor;
                return wrong(format!("anchor = {at}: it reads {before} nt before its anchor"));
            }
            (Some(at), Length::Between(..)) => {
                return wrong(format!("anchor = {at}: it reads whole sequences and has no anchor"));
            }
            _ => {}
        }
        let form = model.structure_letters().map(Form::of);
        Ok(Self { input, form, anchor: config.data.anchor })
    }

    /// Reads a file of one class; sequences that have no window are said and left out.
    fn read(
        &self,
        config: &ClassTraining,
        file: &ExampleFile,
        class: usize,
    ) -> Result<Vec<Example>> {
        let (path, structures) = match file {
            ExampleFile::Alone(path) => (config.file(path), None),
            ExampleFile::Structured { sequences, structures } => {
                (config.file(sequences), Some(config.file(structures)))
            }
        };
        let mut taken =
            Taken { reader: self, class, examples: Vec::new(), skipped: BTreeMap::new() };
        match (self.form, structures) {
            (None, Some(structures)) => {
                let problem = "the model reads the sequence alone; name no structures";
                return Err(Error::input(&structures, "", problem));
            }
            (None, None) => taken.sequences(&path)?,
            (Some(form), Some(structures)) => taken.structured(&path, &structures, form)?,
            (Some(form), None) => {
                for sequence in annotated(&Source::open(&path)?, form) {
                    let Annotated { codes, structure, .. } = sequence?;
                    taken.add(&codes, Some(&structure));
                }
            }
        }
        taken.finish(&path)
    }
}

/// The examples of a file.
struct Taken<'a> {
    reader: &'a Reader,
    class: usize,
    examples: Vec<Example>,
    /// By reason.
    skipped: BTreeMap<&'static str, usize>,
}

impl Taken<'_> {
    fn sequences(&mut self, path: &Path) -> Result<()> {
        let mut sequences = Sequences::open(path, None)?;
        while let Some(sequence) = sequences.next().transpose()? {
            match sequences.codes(&sequence) {
                Ok(codes) => self.add(&codes, None),
                Err(_) => self.skip(NO_NUCLEOTIDE),
            }
        }
        Ok(())
    }

    fn structured(&mut self, path: &Path, structures: &Path, form: Form) -> Result<()> {
        let mut sequences = Sequences::open(path, None)?;
        let mut matched = Matched::new(&Source::open(structures)?, form);
        while let Some(sequence) = sequences.next().transpose()? {
            let codes = sequences.codes(&sequence)?;
            let name = sequence.name.clone().unwrap_or_else(|| sequence.line.to_string());
            let structure = matched.structure(&name, sequence.name.is_some(), &codes)?;
            self.add(&codes, Some(&structure));
        }
        matched.finish()
    }

    fn add(&mut self, codes: &[u8], structure: Option<&[u8]>) {
        match place(self.reader.input, self.reader.anchor, codes.len()) {
            Ok(window) => self.examples.push(Example {
                codes: codes[window.clone()].to_vec(),
                structure: structure.map(|labels| labels[window].to_vec()),
                class: self.class,
            }),
            Err(reason) => self.skip(reason),
        }
    }

    fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    fn finish(self, path: &Path) -> Result<Vec<Example>> {
        let (taken, skipped) = (self.examples.len(), self.skipped.values().sum::<usize>());
        let reasons: Vec<String> =
            self.skipped.iter().map(|(why, n)| format!("{n} {why}")).collect();
        let reasons = reasons.join(", ");
        if taken == 0 {
            let problem = format!(
                "none of {skipped} sequences can be used ({reasons}); the model reads {} nt: \
                 `anchor` in [data] says where in longer sequences its anchor lies",
                self.reader.input.length
            );
            return Err(Error::input(path, "", problem));
        }
        if skipped > 0 {
            let all = taken + skipped;
            let path = path.display();
            eprintln!("polyascan: note: {path}: {skipped} of {all} sequences left out ({reasons})");
        }
        Ok(self.examples)
    }
}
