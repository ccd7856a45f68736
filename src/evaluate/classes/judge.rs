//! What a model says of sequences of known classes.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use crate::error::{Error, Problem, Result};
use crate::evaluate::examples::{Files, Reader, Taken};
use crate::models::deerect::archive::Windows;
use crate::models::{Model, OwnedWindow, Window};

/// Sequences per turn: bounds the windows that are held.
const TURN: usize = 8192;
/// Windows per task of the thread pool.
const BATCH: usize = 64;

/// A model, and how it is asked.
pub struct Judge<'a> {
    pub model: &'a dyn Model,
    /// Indices of the outputs, of one value each, that are kept.
    pub outputs: Vec<usize>,
    pub reader: Reader,
    /// Column of the tables to break figures down by.
    pub by: Option<&'a str>,
}

/// A sequence and what the model says of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Number of its file, in the order of scoring.
    pub file: usize,
    pub name: String,
    pub group: String,
    /// Indices of its classes, ascending; of positives 0, of negatives 1.
    pub classes: Vec<usize>,
    /// A value for each of the judge's outputs.
    pub values: Vec<f32>,
}

/// What became of a file's sequences: read = scored + skipped.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Account {
    pub file: String,
    /// `positive`, `negative`, the name of the class, or `labelled`.
    pub label: String,
    pub read: usize,
    pub scored: usize,
    /// By reason.
    pub skipped: BTreeMap<&'static str, usize>,
}

/// What says the classes of a sequence from its header.
pub type ClassesOf<'a> = dyn Fn(&str) -> std::result::Result<Vec<usize>, Problem> + 'a;

impl Judge<'_> {
    /// Scores the sequences of files, the `number`th, and adds them to `all`.
    ///
    /// # Errors
    /// If a file cannot be read, a header does not say its class, or the model fails.
    pub fn files(
        &self,
        (number, label): (usize, &str),
        files: &Files,
        classes: &ClassesOf<'_>,
        all: &mut Vec<Said>,
    ) -> Result<Account> {
        let mut account = Account {
            file: files.path.display().to_string(),
            label: label.to_owned(),
            ..Account::default()
        };
        let mut turn = Turn { judge: self, waiting: Vec::new(), windows: Vec::new(), all };
        self.reader.read(files, self.by, &mut |Taken { name, header, group, window }| {
            account.read += 1;
            let classes = classes(&header).map_err(|problem| {
                Error::input(&files.path, format!("sequence {name:?}"), problem)
            })?;
            match window {
                Ok(window) => {
                    account.scored += 1;
                    let said = Said { file: number, name, group, classes, values: Vec::new() };
                    turn.add(said, window)
                }
                Err(reason) => {
                    *account.skipped.entry(reason).or_default() += 1;
                    Ok(())
                }
            }
        })?;
        turn.finish()?;
        Ok(account)
    }

    /// Scores the windows of an archive, the `number`th file.
    ///
    /// # Errors
    /// If it has no labels, or the model does not read such windows.
    pub fn archive(
        &self,
        number: usize,
        file: &std::path::Path,
        windows: Windows,
        all: &mut Vec<Said>,
    ) -> Result<[Account; 2]> {
        let Windows { codes, are_true: Some(are_true) } = windows else {
            return Err(Error::of_file(file, "the archive has no labels of these windows"));
        };
        let account = |label: &str| Account {
            file: file.display().to_string(),
            label: label.to_owned(),
            ..Account::default()
        };
        let mut accounts = ["positive", "negative"].map(account);
        let mut turn = Turn { judge: self, waiting: Vec::new(), windows: Vec::new(), all };
        for (at, (codes, is_true)) in codes.into_iter().zip(are_true).enumerate() {
            let class = usize::from(!is_true);
            accounts[class].read += 1;
            accounts[class].scored += 1;
            let (name, classes) = ((at + 1).to_string(), vec![class]);
            let said = Said { file: number + class, name, classes, ..Said::default() };
            turn.add(said, OwnedWindow { codes, ..OwnedWindow::default() })?;
        }
        turn.finish()?;
        Ok(accounts)
    }

    fn predict(&self, windows: &[OwnedWindow]) -> Result<Vec<Vec<f32>>> {
        let batches = windows.par_chunks(BATCH).map(|batch| {
            let batch: Vec<Window<'_>> = batch.iter().map(OwnedWindow::window).collect();
            let said = self.model.predict(&batch)?.values;
            let of = |at: usize| self.outputs.iter().map(|&output| said[output][at]).collect();
            Ok((0..batch.len()).map(of).collect::<Vec<Vec<f32>>>())
        });
        Ok(batches.collect::<Result<Vec<_>>>()?.concat())
    }
}

/// Sequences that are scored together.
struct Turn<'a> {
    judge: &'a Judge<'a>,
    waiting: Vec<Said>,
    windows: Vec<OwnedWindow>,
    all: &'a mut Vec<Said>,
}

impl Turn<'_> {
    fn add(&mut self, said: Said, window: OwnedWindow) -> Result<()> {
        self.waiting.push(said);
        self.windows.push(window);
        if self.waiting.len() < TURN { Ok(()) } else { self.finish() }
    }

    fn finish(&mut self) -> Result<()> {
        let values = self.judge.predict(&self.windows)?;
        self.windows.clear();
        for (said, values) in self.waiting.drain(..).zip(values) {
            self.all.push(Said { values, ..said });
        }
        Ok(())
    }
}
