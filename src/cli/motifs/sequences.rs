//! Files of sequences, each of one class, for a model.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::evaluate::examples::{Files, Reader, Taken};
use crate::interpret::kernels::Labelled;
use crate::models::{Model, OwnedWindow};
use crate::output::summary::{ClassFile, FileSummary};

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
        let reader = self.check(model)?;
        let (mut sequences, mut files) = (Vec::new(), Vec::new());
        for (class, path) in self.sequences.iter().enumerate() {
            let structures = self.structures.get(class).map(PathBuf::as_path);
            let opened = Files::open(path, structures, None)?;
            let [source] = &opened.sequences[..] else {
                return Err(Error::of_file(path, "a folder; name its files one by one"));
            };
            let mut file = ClassFile {
                class: classes[class].clone(),
                file: FileSummary::of(source)?,
                structures: opened.structures.as_ref().map(FileSummary::of).transpose()?,
                ..ClassFile::default()
            };
            reader.read(&opened, None, &mut |Taken { name, window, .. }| {
                file.read += 1;
                match window {
                    Ok(OwnedWindow { codes, structure, .. }) => {
                        file.used += 1;
                        // A name must not break a table's row.
                        let name = name.chars().filter(|c| !c.is_control()).collect();
                        sequences.push(Labelled { name, codes, structure, class });
                    }
                    Err(reason) => *file.skipped.entry(reason.to_owned()).or_default() += 1,
                }
                Ok(())
            })?;
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

    /// Returns what makes windows of sequences.
    fn check(&self, model: &dyn Model) -> Result<Reader> {
        let name = &model.card().name;
        let usage = |problem: String| Err(Error::Usage(problem));
        let (files, structures) = (self.sequences.len(), self.structures.len());
        if structures > 0 && model.structure_letters().is_none() {
            return usage(format!("--structures: {name} reads the sequence alone"));
        }
        if structures > 0 && structures != files {
            return usage(format!("--structures: {structures} files for {files} of sequences"));
        }
        Reader::of(model, self.anchor_at).map(Reader::without_features).or_else(|problem| {
            usage(format!("--anchor-at {}: {problem}", self.anchor_at.unwrap_or_default()))
        })
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
