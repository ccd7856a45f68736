//! Reports on classes, as tables and JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::Error;
use crate::evaluate::classes::judge::Account;
use crate::evaluate::classes::report::{ClassFigures, Report};
use crate::evaluate::classes::{Figures, FileReport};
use crate::evaluate::metrics::shown;
use crate::models::Model;

/// All figures of positives and negatives.
#[derive(Debug, Serialize)]
pub struct OfTwo<'a> {
    pub model: &'a str,
    pub sha256: &'a str,
    pub output: &'a str,
    pub threshold: f32,
    pub files: Vec<FileReport>,
    pub all: Figures,
    /// By the column asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<BTreeMap<String, Figures>>,
}

/// All figures of several classes.
#[derive(Debug, Serialize)]
pub struct OfClasses<'a> {
    pub model: &'a str,
    pub sha256: &'a str,
    pub threshold: f32,
    pub files: &'a [Account],
    #[serde(flatten)]
    pub report: Report,
}

/// Returns the error that no sequence of a file was scored, with the reasons.
pub fn none_scored(account: &Account, model: &dyn Model) -> Error {
    let reasons: Vec<String> =
        account.skipped.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    let problem = format!(
        "none of {} sequences was scored ({}); {} reads {} nt: --anchor-at says where in longer \
         sequences its anchor lies",
        account.read,
        if reasons.is_empty() { "the file holds none".to_owned() } else { reasons.join(", ") },
        model.card().name,
        model.input().length
    );
    Error::of_file(account.file.as_ref(), problem)
}

/// A file's row, up to the figures.
fn account(file: &Account) -> String {
    let Account { file, label, read, scored, skipped } = file;
    let count: usize = skipped.values().sum();
    let reasons: Vec<String> = skipped.iter().map(|(reason, n)| format!("{reason}: {n}")).collect();
    let reasons = if count > 0 { format!(" ({})", reasons.join(", ")) } else { String::new() };
    format!("{file}\t{label}\t{read}\t{scored}\t{count}{reasons}")
}

impl OfTwo<'_> {
    /// Returns the tables.
    pub fn table(&self) -> String {
        let mut lines = vec![
            format!("# model {} {}", self.model, self.sha256),
            format!("# output {}, threshold {}", self.output, self.threshold),
            "#file\tlabel\tread\tscored\tskipped\tcalled\terror_rate".into(),
        ];
        lines.extend(self.files.iter().map(|file| {
            let (rate, called) = (shown(file.error_rate, 4), file.called);
            format!("{}\t{called}\t{rate}", account(&file.account))
        }));
        lines.push(
            "#group\tpositives\tnegatives\terror_rate\tauroc\tauprc\tsensitivity\tspecificity"
                .into(),
        );
        lines.push(row("all", &self.all));
        lines.extend(self.by.iter().flatten().map(|(group, figures)| row(group, figures)));
        lines.join("\n") + "\n"
    }
}

fn row(group: &str, f: &Figures) -> String {
    let figures = [f.error_rate, f.auroc, f.auprc, f.sensitivity, f.specificity];
    let figures = figures.map(|figure| shown(figure, 4));
    format!("{group}\t{}\t{}\t{}", f.positives, f.negatives, figures.join("\t"))
}

impl OfClasses<'_> {
    /// Returns the tables.
    pub fn table(&self) -> String {
        let Report { classes, mean, error_rate } = &self.report;
        let mut lines = vec![
            format!("# model {} {}", self.model, self.sha256),
            format!("# threshold {}, error rate {}", self.threshold, shown(*error_rate, 4)),
            "#file\tlabel\tread\tscored\tskipped".into(),
        ];
        lines.extend(self.files.iter().map(account));
        lines.push("#class\tsequences\tprecision\trecall\tf1\tauroc\tauprc".into());
        lines.extend(classes.iter().chain([mean]).map(class_row));
        lines.join("\n") + "\n"
    }
}

fn class_row(of: &ClassFigures) -> String {
    let ClassFigures { class, sequences, precision, recall, f1, auroc, auprc } = of;
    let figures = [precision, recall, f1, auroc, auprc].map(|figure| shown(*figure, 4));
    format!("{class}\t{sequences}\t{}", figures.join("\t"))
}
