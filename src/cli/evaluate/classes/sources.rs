//! Where labelled sequences are.

use std::path::{Path, PathBuf};

use crate::cli::fold::FoldOption;
use crate::error::{Error, Result};
use crate::evaluate::classes::judge::{Account, ClassesOf, Judge, Said};
use crate::evaluate::examples::Files;
use crate::models::Classes;
use crate::models::deerect::archive::Archive;
use crate::models::part::Part;
use crate::train::classes::examples::labels;

/// Labelled sequences.
#[derive(Debug, clap::Args)]
pub struct SourceOptions {
    /// Files of positive sequences.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    positive: Vec<PathBuf>,
    /// Files of negative sequences.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    negative: Vec<PathBuf>,
    /// Files of the classes, one each, in the order of the model's outputs.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    class: Vec<PathBuf>,
    /// FASTA files whose headers say the classes of each sequence by the numbers of the model's
    /// outputs: `>0,2`, or a word `class:0,2`; `class:` is none.
    #[arg(long, num_args = 1.., value_name = "FASTA")]
    labelled: Vec<PathBuf>,
    /// DeeReCT-PolyA's archive of true and pseudo polyA signals.
    #[arg(long, value_name = "NPZ")]
    archive: Option<PathBuf>,
    /// Which windows of the archive.
    #[arg(long, value_enum, default_value = "test", requires = "archive")]
    part: Part,
    /// Files of structures, as many as files of sequences and in their order (positives before
    /// negatives), where these are not among the sequences.
    #[arg(long, num_args = 1.., value_name = "FILE", conflicts_with = "fold")]
    structures: Vec<PathBuf>,
    #[command(flatten)]
    pub fold: FoldOption,
    /// Files of features, as many as files of sequences and in their order: a tab-separated line
    /// for each sequence.
    #[arg(long, num_args = 1.., value_name = "TSV")]
    features: Vec<PathBuf>,
}

/// A file and what its sequences are.
struct Labelled<'a> {
    path: &'a Path,
    label: String,
    /// Its class; `None` where headers say it.
    class: Option<usize>,
}

impl SourceOptions {
    /// Returns whether there are positives and negatives.
    pub fn is_of_two(&self) -> bool {
        self.archive.is_some() || !self.positive.is_empty()
    }

    /// Returns all files.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        let Self { positive, negative, class, labelled, archive, structures, features, .. } = self;
        let lists = [positive, negative, class, labelled, structures, features];
        lists.into_iter().flatten().chain(archive).map(PathBuf::as_path)
    }

    /// Checks that sequences are given in one way.
    ///
    /// # Errors
    /// If in none or several, or other files are not as many.
    pub fn check(&self) -> Result<()> {
        let usage = |problem: String| Err(Error::Usage(problem));
        let (positive, negative) = (!self.positive.is_empty(), !self.negative.is_empty());
        if positive != negative {
            let (given, lacking) =
                if positive { ("positive", "negative") } else { ("negative", "positive") };
            return usage(format!("--{given} without --{lacking}: both are needed"));
        }
        let ways =
            [positive, !self.class.is_empty(), !self.labelled.is_empty(), self.archive.is_some()];
        if ways.iter().filter(|given| **given).count() != 1 {
            return usage(
                "give the sequences in one way: --positive and --negative, --class, --labelled or \
                 --archive"
                    .into(),
            );
        }
        let files = self.listed(&[]).len();
        for (option, given) in [("structures", &self.structures), ("features", &self.features)] {
            if !given.is_empty() && given.len() != files {
                let given = given.len();
                return usage(format!("--{option}: {given} files for {files} of sequences"));
            }
        }
        Ok(())
    }

    /// Returns the files of sequences; `names` are those of the classes.
    fn listed(&self, names: &[String]) -> Vec<Labelled<'_>> {
        let mut all = Vec::new();
        let mut add = |path, label: &str, class| {
            all.push(Labelled { path, label: label.to_owned(), class });
        };
        self.positive.iter().for_each(|path| add(path, "positive", Some(0)));
        self.negative.iter().for_each(|path| add(path, "negative", Some(1)));
        for (class, path) in self.class.iter().enumerate() {
            let numbered = format!("class_{class}");
            add(path, names.get(class).unwrap_or(&numbered), Some(class));
        }
        self.labelled.iter().for_each(|path| add(path, "labelled", None));
        all
    }

    /// Scores all sequences; returns them with an account of each file.
    ///
    /// # Errors
    /// Files that cannot be read, other classes than the model's, a model that fails.
    pub fn score(
        &self,
        judge: &Judge<'_>,
        kind: Classes,
        names: &[String],
    ) -> Result<(Vec<Said>, Vec<Account>)> {
        let (mut all, mut accounts) = (Vec::new(), Vec::new());
        if let Some(path) = &self.archive {
            let windows = Archive::read(path)?.take(self.part)?;
            accounts.extend(judge.archive(0, path, windows, &mut all)?);
        }
        let classes = if kind == Classes::Two { 2 } else { names.len() };
        if !self.class.is_empty() && self.class.len() != classes {
            let (given, name) = (self.class.len(), &judge.model.card().name);
            let problem = format!("--class: {given} files; {name} tells {classes} classes apart");
            return Err(Error::Usage(problem));
        }
        for (number, Labelled { path, label, class }) in self.listed(names).iter().enumerate() {
            let of = |list: &[PathBuf]| list.get(number).cloned();
            let (structures, features) = (of(&self.structures), of(&self.features));
            let files = Files::open(path, structures.as_deref(), features.as_deref())?;
            let said: &ClassesOf<'_> = match *class {
                Some(class) => &move |_: &str| Ok(vec![class]),
                None => &|header: &str| labels(header, kind, classes),
            };
            accounts.push(judge.files((number, label), &files, said, &mut all)?);
        }
        Ok((all, accounts))
    }
}
