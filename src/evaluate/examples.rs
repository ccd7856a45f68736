//! Files of short sequences as windows of a model: letters, and structure and features where the
//! model reads them.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Error, Problem, Result};
use crate::genome::compression::Source;
use crate::genome::sequence::Coder;
use crate::genome::sequences::{Sequence, Sequences};
use crate::models::features::{Feature, Rows};
use crate::models::{Input, Length, Model, OwnedWindow};
use crate::structure::{Annotated, Folder, Form, Matched, annotated};

/// Why a sequence has no window.
pub const NO_LETTER: &str = "letter that is no nucleotide";
/// The same of another alphabet.
const NO_LETTER_OF_ALPHABET: &str = "letter that is none of the alphabet";

/// Sequences that are folded in one go.
const FOLDED: usize = 1024;

/// How sequences become windows of a model.
pub struct Reader {
    pub input: Input,
    /// What the model reads of structures.
    form: Option<Form>,
    coder: Coder,
    features: Vec<Feature>,
    anchor: Option<usize>,
    /// What folds sequences, where files have no structure.
    folder: Option<Folder>,
}

/// Sequences, and what belongs to them.
#[derive(Clone, Debug)]
pub struct Files {
    /// A file, or the folder whose files these are.
    pub path: PathBuf,
    /// FASTA, a table with a column `sequence`, or one sequence per line. Of a model that reads
    /// structure, with the structure on the line after each sequence unless it comes from
    /// elsewhere.
    pub sequences: Vec<Source>,
    pub structures: Option<Source>,
    pub features: Option<Source>,
}

impl Files {
    /// Opens a file of sequences or all files of a folder, in the order of their names, and the
    /// files of their structures and features.
    ///
    /// # Errors
    /// If one cannot be read, or belongs to a folder.
    pub fn open(path: &Path, structures: Option<&Path>, features: Option<&Path>) -> Result<Self> {
        if let (Some(other), true) = (structures.or(features), path.is_dir()) {
            let problem = "belongs to a folder of sequences; name its files one by one";
            return Err(Error::of_file(other, problem));
        }
        Ok(Self {
            path: path.to_owned(),
            sequences: listed(path)?
                .iter()
                .map(|path| Source::open(path))
                .collect::<Result<_>>()?,
            structures: structures.map(Source::open).transpose()?,
            features: features.map(Source::open).transpose()?,
        })
    }
}

/// A sequence of a file.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The first word of its header; its line where it has none.
    pub name: String,
    /// The whole header; empty where there is none.
    pub header: String,
    /// Its value in the column that figures are broken down by.
    pub group: String,
    /// The model's window, or why there is none.
    pub window: Cut,
}

/// A window of a model, or why there is none.
pub type Cut = std::result::Result<OwnedWindow, &'static str>;

impl Taken {
    fn of(sequence: &Sequence, window: Cut) -> Self {
        let name = sequence.name.clone().unwrap_or_else(|| sequence.line.to_string());
        let (header, group) = (sequence.header.clone(), sequence.group.clone());
        Self { name, header, group, window }
    }
}

/// What is done with every sequence.
type Each<'a> = dyn FnMut(Taken) -> Result<()> + 'a;

impl Reader {
    /// Asks a model what it reads; `anchor` is the index in each sequence of the base that the
    /// model's window is anchored on, without which each sequence is a window.
    ///
    /// # Errors
    /// If the anchor cannot be placed; the text goes on after its value.
    pub fn of(model: &dyn Model, anchor: Option<usize>) -> std::result::Result<Self, Problem> {
        let (input, name) = (model.input(), &model.card().name);
        match (anchor, input.length) {
            (Some(at), Length::Exactly(_)) if at < input.anchor => {
                return Err(format!("{name} reads {} nt before its anchor", input.anchor).into());
            }
            (Some(_), Length::Between(..)) => {
                return Err(format!("{name} reads whole sequences and has no anchor").into());
            }
            _ => {}
        }
        Ok(Self {
            input,
            form: model.structure_letters().map(Form::of),
            coder: Coder::of(model.letters()),
            features: model.features().to_vec(),
            anchor,
            folder: None,
        })
    }

    /// Leaves features out: of windows whose letters alone are looked at.
    #[must_use]
    pub fn without_features(self) -> Self {
        Self { features: Vec::new(), ..self }
    }

    /// Lets a program compute the structures of files that come without.
    #[must_use]
    pub fn folding(self, folder: Option<Folder>) -> Self {
        Self { folder, ..self }
    }

    /// Hands over every sequence, in order; figures may be broken down by a column of tables.
    ///
    /// # Errors
    /// Files that cannot be read, do not belong together or to the model; those of `each`.
    pub fn read(&self, files: &Files, by: Option<&str>, each: &mut Each<'_>) -> Result<()> {
        if let (Some(structures), None) = (&files.structures, self.form) {
            let problem = "the model reads the sequence alone; name no structures";
            return Err(Error::of_file(structures.path(), problem));
        }
        let mut rows = rows(&self.features, &files.path, files.features.as_ref())?;
        let mut with_features = |mut taken: Taken| {
            if let Some(rows) = &mut rows {
                let numbers = rows.numbers(&self.features)?;
                if let Ok(window) = &mut taken.window {
                    window.features = numbers;
                }
            }
            each(taken)
        };
        for source in &files.sequences {
            self.file(source, files.structures.as_ref(), by, &mut with_features)?;
        }
        rows.map_or(Ok(()), Rows::finish)
    }

    fn file(
        &self,
        source: &Source,
        structures: Option<&Source>,
        by: Option<&str>,
        each: &mut Each<'_>,
    ) -> Result<()> {
        match (self.form, structures, &self.folder) {
            (None, _, _) => self.alone(source, by, each),
            (Some(form), Some(structures), _) => self.matched(source, (structures, form), by, each),
            (Some(form), None, None) => self.annotated(source, form, by, each),
            (Some(form), None, Some(program)) => self.folded(source, (program, form), by, each),
        }
    }

    fn alone(&self, source: &Source, by: Option<&str>, each: &mut Each<'_>) -> Result<()> {
        for sequence in Sequences::new(source.clone(), by)? {
            let sequence = sequence?;
            let window = match self.coder.encode(sequence.letters.as_bytes()) {
                Ok(codes) => self.cut(&codes, None),
                Err(_) => Err(self.no_letter()),
            };
            each(Taken::of(&sequence, window))?;
        }
        Ok(())
    }

    fn annotated(
        &self,
        source: &Source,
        form: Form,
        by: Option<&str>,
        each: &mut Each<'_>,
    ) -> Result<()> {
        if let Some(by) = by {
            let problem = format!("no column {by}: only tables have columns to break down by");
            return Err(Error::of_file(source.path(), problem));
        }
        for sequence in annotated(source, form, self.coder.clone()) {
            let Annotated { name, header, codes, structure } = sequence?;
            let window = self.cut(&codes, Some(&structure));
            each(Taken { name, header, group: String::new(), window })?;
        }
        Ok(())
    }

    fn matched(
        &self,
        source: &Source,
        (structures, form): (&Source, Form),
        by: Option<&str>,
        each: &mut Each<'_>,
    ) -> Result<()> {
        let mut sequences = Sequences::new(source.clone(), by)?;
        let mut matched = Matched::new(structures, form, self.coder.clone());
        while let Some(sequence) = sequences.next().transpose()? {
            let codes = sequences.codes_of(&sequence, &self.coder)?;
            let name = sequence.name.clone().unwrap_or_else(|| sequence.line.to_string());
            let structure = matched.structure(&name, sequence.name.is_some(), &codes)?;
            each(Taken::of(&sequence, self.cut(&codes, Some(&structure))))?;
        }
        if let Some(note) = matched.finish()? {
            tracing::info!(kind = "note", "{note}");
        }
        Ok(())
    }

    fn folded(
        &self,
        source: &Source,
        (folder, form): (&Folder, Form),
        by: Option<&str>,
        each: &mut Each<'_>,
    ) -> Result<()> {
        let mut sequences = Sequences::new(source.clone(), by)?;
        loop {
            let turn: Vec<Sequence> = sequences.by_ref().take(FOLDED).collect::<Result<_>>()?;
            if turn.is_empty() {
                return Ok(());
            }
            let codes = turn.iter().map(|sequence| sequences.codes_of(sequence, &self.coder));
            let codes = codes.collect::<Result<Vec<_>>>()?;
            let folded: Vec<&[u8]> = codes.iter().map(Vec::as_slice).collect();
            let structures = folder.fold(&folded, form)?;
            for ((sequence, codes), structure) in turn.iter().zip(&codes).zip(&structures) {
                each(Taken::of(sequence, self.cut(codes, Some(structure))))?;
            }
        }
    }

    /// Cuts the model's window out of a sequence, or says why there is none.
    fn cut(&self, codes: &[u8], structure: Option<&[u8]>) -> Cut {
        let place = place(self.input, self.anchor, codes.len())?;
        Ok(OwnedWindow {
            codes: codes[place.clone()].to_vec(),
            structure: structure.map(|labels| labels[place].to_vec()),
            features: Vec::new(),
        })
    }

    fn no_letter(&self) -> &'static str {
        match self.coder {
            Coder::Nucleotides => NO_LETTER,
            Coder::Letters(_) => NO_LETTER_OF_ALPHABET,
        }
    }
}

/// Opens the features that a model reads of the sequences of `path`.
fn rows(features: &[Feature], path: &Path, source: Option<&Source>) -> Result<Option<Rows>> {
    let names = || features.iter().map(|feature| feature.name.as_str());
    match (source, features.is_empty()) {
        (None, true) => Ok(None),
        (Some(source), false) => Rows::open(source, names()).map(Some),
        (Some(source), true) => {
            Err(Error::of_file(source.path(), "the model reads no features; name none"))
        }
        (None, false) => {
            let names: Vec<&str> = names().collect();
            let problem = format!(
                "the model reads features ({}): name a file with a line of them for each sequence",
                names.join(", ")
            );
            Err(Error::of_file(path, problem))
        }
    }
}

/// Returns the files of a folder by name, but for hidden ones; a file is itself.
fn listed(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |e| Error::io(path, "cannot read", e);
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Error::of_file(path, "a folder without files of sequences"));
    }
    Ok(files)
}

/// Returns where the model's window lies in a sequence of `nt` nucleotides whose base `anchor_at`
/// is the model's anchor, or which is a window, or says why there is none.
pub fn place(
    input: Input,
    anchor_at: Option<usize>,
    nt: usize,
) -> std::result::Result<Range<usize>, &'static str> {
    let first = anchor_at.map_or(0, |at| at - input.anchor.min(at));
    let (least, most) = input.length.limits();
    match nt {
        _ if nt < first + least => Err("too short"),
        _ if anchor_at.is_some() => Ok(first..first + least),
        _ if nt > most => Err("too long"),
        _ => Ok(0..nt),
    }
}

#[cfg(test)]
mod tests;
