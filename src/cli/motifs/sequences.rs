//! Files of sequences, each of one class, for a model.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::evaluate::classes::{NO_NUCLEOTIDE, place};
use crate::genome::compression::Source;
use crate::genome::sequences::Sequences;
use crate::interpret::kernels::Labelled;
use crate::models::{Input, Length, Model};
use crate::output::summary::{ClassFile, FileSummary};
use crate::structure::{Annotated, Form, Matched, annotated};

/// Which sequences.
#[derive(Debug, clap::Args)]
pub struct SequenceOptions {
    /// Files of sequences, each a class called by its number: FASTA, a table with a column
    /// `sequence`, or one sequence per line; for models that read structure with a line of
    /// structure (loop labels or dot-bracket) after each sequence.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    sequences: Vec<PathBuf>,
    /// Files of their structures, as many, where these are not among the sequences.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    structures: Vec<PathBuf>,
    /// Names of the classes, as many [default: class_0, class_1, ...].
    #[arg(long, num_args = 1.., value_name = "NAME")]
    classes: Vec<String>,
    /// Index (0-based) in each sequence of the base that the model's window is anchored on, e.g.
    /// the first base of the hexamer for DeeReCT-PolyA [default: each sequence is one window].
    #[arg(long, value_name = "N")]
    anchor_at: Option<usize>,
}

impl SequenceOptions {
    /// Returns all files.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        self.sequences.iter().chain(&self.structures).map(PathBuf::as_path)
    }

    /// Returns the names of the classes.
    ///
    /// # Errors
    /// If they are not as many as the files, not different or no names.
    pub fn classes(&self) -> Result<Vec<String>> {
        let usage = |problem: String| Err(Error::Usage(problem));
        let files = self.sequences.len();
        if self.classes.is_empty() {
            return Ok((0..files).map(|number| format!("class_{number}")).collect());
        }
        if self.classes.len() != files {
            return usage(format!("--classes: {} names for {files} files", self.classes.len()));
        }
        for (number, name) in self.classes.iter().enumerate() {
            if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return usage(format!("--classes {name:?}: a name has no blanks"));
            }
            if self.classes[..number].contains(name) {
                return usage(format!("--classes {name}: two classes have this name"));
            }
        }
        Ok(self.classes.clone())
    }

    /// Reads the sequences that have a window for the model, and the account of each file.
    ///
    /// # Errors
    /// Files that cannot be read, options that do not fit the model or each other.
    pub fn read(
        &self,
        model: &dyn Model,
        classes: &[String],
    ) -> Result<(Vec<Labelled>, Vec<ClassFile>)> {
        let form = self.check(model)?;
        let (mut sequences, mut files) = (Vec::new(), Vec::new());
        for (class, path) in self.sequences.iter().enumerate() {
            let source = Source::open(path)?;
            let structures =
                self.structures.get(class).map(|path| Source::open(path)).transpose()?;
            let mut taken = Taken {
                input: model.input(),
                anchor: self.anchor_at,
                class,
                sequences: &mut sequences,
                file: ClassFile {
                    class: classes[class].clone(),
                    file: FileSummary::of(&source)?,
                    structures: structures.as_ref().map(FileSummary::of).transpose()?,
                    ..ClassFile::default()
                },
            };
            match (form, structures) {
                (None, _) => taken.alone(source)?,
                (Some(form), None) => taken.annotated(&source, form)?,
                (Some(form), Some(structures)) => taken.matched(source, &structures, form)?,
            }
            let file = taken.file;
            if file.used == 0 {
                let problem = format!(
                    "none of {} sequences can be used ({}); {} reads {} nt: --anchor-at says where in longer sequences \
                     its anchor lies",
                    file.read,
                    reasons(&file),
                    model.card().name,
                    model.input().length
                );
                return Err(Error::of_file(path, problem));
            }
            files.push(file);
        }
        Ok((sequences, files))
    }

    /// Returns the form of the structures that the model reads.
    fn check(&self, model: &dyn Model) -> Result<Option<Form>> {
        let (input, name) = (model.input(), &model.card().name);
        let usage = |problem: String| Err(Error::Usage(problem));
        match (self.anchor_at, input.length) {
            (Some(at), Length::Exactly(_)) if at < input.anchor => {
                return usage(format!(
                    "--anchor-at {at}: {name} reads {} nt before its anchor",
                    input.anchor
                ));
            }
            (Some(at), Length::Between(..)) => {
                return usage(format!(
                    "--anchor-at {at}: {name} reads whole sequences and has no anchor"
                ));
            }
            _ => {}
        }
        let form = model.structure_letters().map(Form::of);
        let (files, structures) = (self.sequences.len(), self.structures.len());
        if structures > 0 && form.is_none() {
            return usage(format!("--structures: {name} reads the sequence alone"));
        }
        if structures > 0 && structures != files {
            return usage(format!("--structures: {structures} files for {files} of sequences"));
        }
        Ok(form)
    }
}

/// The sequences that are taken of a file.
struct Taken<'a> {
    input: Input,
    anchor: Option<usize>,
    class: usize,
    sequences: &'a mut Vec<Labelled>,
    file: ClassFile,
}

impl Taken<'_> {
    fn alone(&mut self, source: Source) -> Result<()> {
        let mut sequences = Sequences::new(source, None)?;
        while let Some(sequence) = sequences.next().transpose()? {
            let name = sequence.name.clone().unwrap_or_else(|| sequence.line.to_string());
            match sequences.codes(&sequence) {
                Ok(codes) => self.add(name, &codes, None),
                Err(_) => self.skip(NO_NUCLEOTIDE),
            }
        }
        Ok(())
    }

    fn annotated(&mut self, source: &Source, form: Form) -> Result<()> {
        for sequence in annotated(source, form) {
            let Annotated { name, codes, structure } = sequence?;
            self.add(name, &codes, Some(&structure));
        }
        Ok(())
    }

    fn matched(&mut self, source: Source, structures: &Source, form: Form) -> Result<()> {
        let mut sequences = Sequences::new(source, None)?;
        let mut matched = Matched::new(structures, form);
        while let Some(sequence) = sequences.next().transpose()? {
            let codes = sequences.codes(&sequence)?;
            let name = sequence.name.clone().unwrap_or_else(|| sequence.line.to_string());
            let structure = matched.structure(&name, sequence.name.is_some(), &codes)?;
            self.add(name, &codes, Some(&structure));
        }
        if let Some(note) = matched.finish()? {
            tracing::info!(kind = "note", "{note}");
        }
        Ok(())
    }

    fn add(&mut self, name: String, codes: &[u8], structure: Option<&[u8]>) {
        match place(self.input, self.anchor, codes.len()) {
            Ok(window) => {
                self.file.read += 1;
                self.file.used += 1;
                // A name must not break a table's row.
                let name = name.chars().filter(|c| !c.is_control()).collect();
                self.sequences.push(Labelled {
                    name,
                    codes: codes[window.clone()].to_vec(),
                    structure: structure.map(|labels| labels[window].to_vec()),
                    class: self.class,
                });
            }
            Err(reason) => self.skip(reason),
        }
    }

    fn skip(&mut self, reason: &str) {
        self.file.read += 1;
        *self.file.skipped.entry(reason.to_owned()).or_default() += 1;
    }
}

/// Says how many sequences of each file were left out.
pub fn skipped(files: &[ClassFile]) -> Vec<String> {
    let note = |file: &ClassFile| {
        let (path, left_out, read) = (&file.file.path, file.read - file.used, file.read);
        format!("{path}: {left_out} of {read} sequences are left out ({})", reasons(file))
    };
    files.iter().filter(|file| !file.skipped.is_empty()).map(note).collect()
}

fn reasons(file: &ClassFile) -> String {
    let reasons: Vec<String> =
        file.skipped.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    reasons.join(", ")
}
