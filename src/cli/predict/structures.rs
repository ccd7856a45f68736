//! RNA structures for the models that read them: from a file, from the input itself, or folded.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::table::Table;
use super::{Args, sequences};
use crate::cli::fold::FoldOption;
use crate::cli::options::StrandChoice;
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::sequence::Coder;
use crate::models::{Model, Window};
use crate::structure::{Annotated, Folder, Form, Matched, Record, Records, annotated};

/// Where structures come from; without either, the input itself must have them.
#[derive(Debug, ClapArgs)]
pub struct StructureOptions {
    /// RNA structures of the sequences, for models that read them: output of RNAfold or RNAshapes,
    /// or loop labels as pysster annotates them; plain or gzip. Matched by name, or by order where
    /// there are no names. Without it and --fold, the input itself must have the structure of each
    /// sequence on the line after it.
    #[arg(long, value_name = "FILE", conflicts_with = "fold")]
    structures: Option<PathBuf>,
    #[command(flatten)]
    fold: FoldOption,
}

/// Sequences folded in one go.
const FOLDED: usize = 1024;

/// What gives the structures.
pub enum Structures {
    File(Box<Matched>),
    Fold(Folder, Form),
    Input(Form),
}

impl StructureOptions {
    /// Opens what gives the structures; `None` for models that do not read them.
    ///
    /// # Errors
    /// If the model and the options do not fit together, or the structures' source is not there.
    pub fn open(&self, args: &Args, model: &dyn Model) -> Result<Option<Structures>> {
        let name = &model.card().name;
        let usage = |problem: String| Err(Error::Usage(problem));
        let Some(letters) = model.structure_letters() else {
            if self.structures.is_some() {
                return usage(format!("--structures: {name} reads the sequence alone"));
            }
            return self.fold.open(model).map(|_| None);
        };
        if matches!(args.strand, Some(StrandChoice::Minus | StrandChoice::Both)) {
            return usage(format!(
                "--strand: {name} reads RNA structure, which belongs to the sequence as it is \
                 given; leave --strand out, or give the reverse complement with its own structure"
            ));
        }
        let form = Form::of(letters);
        if let Some(path) = &self.structures {
            if [path, &args.input].iter().all(|path| path.as_os_str() == "-") {
                return usage("sequences and --structures cannot both be standard input".into());
            }
            let source = Source::open(path)?;
            return Ok(Some(Structures::File(Box::new(Matched::new(
                &source,
                form,
                Coder::of(model.letters()),
            )))));
        }
        Ok(Some(match self.fold.open(model)? {
            Some(folder) => Structures::Fold(folder, form),
            None => Structures::Input(form),
        }))
    }
}

impl Structures {
    /// Checks that an input which must have the structures itself begins with one.
    ///
    /// # Errors
    /// If it does not, with what to do.
    pub fn check(&self, source: &Source) -> Result<()> {
        let Self::Input(form) = self else { return Ok(()) };
        let (place, problem) = match Records::open(source, *form).next().transpose() {
            Ok(Some(Record { sequence: Some(_), .. })) => return Ok(()),
            Ok(Some(record)) => (format!("line {}", record.line), "no sequence".to_owned()),
            Ok(None) => (String::new(), "the file is empty".to_owned()),
            Err(Error::Input { place, problem, .. }) => (place, problem),
            Err(other) => return Err(other),
        };
        let problem = format!(
            "{problem}; the model reads RNA structure: give it in a file (--structures), let \
             a program compute it (--fold), or write it on the line after each sequence"
        );
        Err(Error::input(source.path(), place, problem))
    }
}

/// Prints the windows of all sequences with their structures.
///
/// # Errors
/// If a sequence has no structure or one that does not fit, or the model fails.
pub fn predict(structures: Structures, source: &Source, out: &mut Table<'_>) -> Result<()> {
    match structures {
        Structures::Input(form) => annotated(source, form, out.coder()).try_for_each(|sequence| {
            let Annotated { name, codes, structure, .. } = sequence?;
            out.sequence(&name, with(&codes, &structure))
        }),
        Structures::File(mut matched) => {
            sequences(source, &out.coder(), |name, is_named, codes| {
                let structure = matched.structure(&name, is_named, &codes)?;
                out.sequence(&name, with(&codes, &structure))
            })?;
            if let Some(note) = matched.finish()? {
                tracing::info!(kind = "note", "{note}");
            }
            Ok(())
        }
        Structures::Fold(folder, form) => {
            let mut waiting = Vec::new();
            sequences(source, &out.coder(), |name, _, codes| {
                waiting.push((name, codes));
                if waiting.len() == FOLDED {
                    fold(&folder, form, &mut waiting, out)
                } else {
                    Ok(())
                }
            })?;
            fold(&folder, form, &mut waiting, out)
        }
    }
}

fn with<'a>(codes: &'a [u8], structure: &'a [u8]) -> Window<'a> {
    Window { codes, structure: Some(structure), features: &[] }
}

/// Folds and prints the sequences that wait.
fn fold(
    folder: &Folder,
    form: Form,
    waiting: &mut Vec<(String, Vec<u8>)>,
    out: &mut Table<'_>,
) -> Result<()> {
    let codes: Vec<&[u8]> = waiting.iter().map(|(_, codes)| codes.as_slice()).collect();
    let structures = folder.fold(&codes, form)?;
    for ((name, codes), structure) in waiting.drain(..).zip(structures) {
        out.sequence(&name, with(&codes, &structure))?;
    }
    Ok(())
}
