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
use crate::train::artifacts;
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
        let model = artifacts::build(config, &artifacts::encode(config, weights.averaged()?)?)?;
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
                return Err(Error::of_file(&structures, problem));
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
        if let Some(note) = matched.finish()? {
            tracing::info!(kind = "note", "{note}");
        }
        Ok(())
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
            return Err(Error::of_file(path, problem));
        }
        if skipped > 0 {
            let all = taken + skipped;
            let path = path.display();
            tracing::info!(
                kind = "note",
                "{path}: {skipped} of {all} sequences left out ({reasons})"
            );
        }
        Ok(self.examples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[model]\nname = \"x\"\ndescription = \"\"\nseed = 1\n\
        [network]\narchitecture = \"deerect\"\n\
        [optimiser]\nepochs = 1\nbatch = 1\nlearning_rate = 1\n";

    /// Reads examples of 4 nt around index 1 for a model that reads structure.
    fn read(anchor: Option<usize>, text: &str, structures: Option<&str>) -> Result<Vec<Example>> {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let sequences = write("sequences", text);
        let file = match structures {
            None => ExampleFile::Alone(sequences),
            Some(text) => {
                ExampleFile::Structured { sequences, structures: write("structures", text) }
            }
        };
        let input = Input { length: Length::Exactly(4), anchor: 1, structure: true };
        let reader = Reader { input, form: Some(Form::Labels), anchor };
        reader.read(&toml::from_str(CONFIG).unwrap(), &file, 1)
    }

    #[test]
    fn structures_come_with_the_sequences_or_from_a_file_and_are_cut_like_them() {
        let example = |codes: [u8; 4], labels: &[u8]| Example {
            codes: codes.to_vec(),
            structure: Some(labels.to_vec()),
            class: 1,
        };
        let whole = [example([0, 1, 2, 3], b"SHHS"), example([2, 2, 0, 0], b"FFFF")];
        let own = ">a\nACGU\n(..)\n>b\nGGAA\n....\n";
        assert_eq!(read(None, own, None).unwrap(), whole);
        let structures = ">b\nGGAA\n....\n>a\nACGU\n(..)\n";
        assert_eq!(read(None, ">a\nACGU\n>b\nGGAA\n", Some(structures)).unwrap(), whole);
        assert_eq!(read(None, "ACGU\nGGAA\n", Some("(..)\n....\n")).unwrap(), whole);
        let longer = ">a\nTTACGUT\n..(..).\n";
        assert_eq!(read(Some(3), longer, None).unwrap(), [example([0, 1, 2, 3], b"SHHS")]);
    }

    #[test]
    fn a_structure_that_is_missing_or_does_not_fit_is_an_error() {
        let said = |structures: &str| {
            read(None, ">a\nACGU\n>b\nGGAA\n", Some(structures)).unwrap_err().to_string()
        };
        assert!(said(">a\nACGU\n(..)\n").contains("no structure for sequence \"b\""));
        assert!(said(">a\nACG\n(.)\n").contains("3 letters"));
        assert!(read(None, ">a\nACGU\n>b\nGGAA\n", None).is_err());
    }

    #[test]
    fn sequences_without_a_window_are_left_out_and_none_at_all_is_an_error() {
        let text = ">a\nACGU\n(..)\n>b\nGGA\n...\n>c\nGGAAA\n.....\n";
        assert_eq!(read(None, text, None).unwrap().len(), 1);
        let said = read(None, &text[text.find(">b").unwrap()..], None).unwrap_err().to_string();
        assert!(said.contains("none of 2") && said.contains("1 too long, 1 too short"), "{said}");
    }
}
