//! `polyascan evaluate classes`

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::json;
use crate::cli::options::{ModelOptions, ThreadOptions};
use crate::error::{Error, Result};
use crate::evaluate::classes::{Figures, FileReport, Question, Scores, choose_output};
use crate::evaluate::metrics::shown;
use crate::models::Model;

/// Any model against labelled sequences: error rate, AUROC and AUPRC.
///
/// Files are FASTA, tab-separated tables with a header and a column `sequence`, or text with one
/// sequence per line; plain, gzip or BGZF. Sequences are taken as they are, in transcript
/// direction. Those without a window for the model are skipped and counted by reason.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files of positive sequences.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    positive: Vec<PathBuf>,
    /// Files of negative sequences.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    negative: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelOptions,
    /// Output to score by [default: the first of one value; `polyascan models show` names them].
    #[arg(long, value_name = "COLUMN")]
    output: Option<String>,
    /// A score above it is a call.
    #[arg(long, default_value_t = 0.5)]
    threshold: f32,
    /// Index (0-based) in each sequence of the base that the model's window is anchored on, e.g.
    /// the first base of the hexamer for DeeReCT-PolyA [default: each sequence is one window].
    #[arg(long, value_name = "N")]
    anchor_at: Option<usize>,
    /// Column of the tables to break the figures down by, e.g. hexamer.
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// All figures of one evaluation.
#[derive(Debug, Serialize)]
struct Evaluation {
    model: String,
    sha256: String,
    output: String,
    threshold: f32,
    files: Vec<FileReport>,
    all: Figures,
    /// By the column asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<BTreeMap<String, Figures>>,
}

/// Returns the report.
///
/// # Errors
/// Input that cannot be read, or a model without an output of one value.
pub fn run(args: &Args) -> Result<String> {
    args.threads.apply()?;
    let model = args.model.load()?;
    let question = Question {
        model: model.as_ref(),
        output: choose_output(model.as_ref(), args.output.as_deref())?,
        threshold: args.threshold,
        anchor_at: args.anchor_at,
        by: args.by.as_deref(),
    };
    question.check()?;
    if !args.threshold.is_finite() {
        return Err(Error::Usage(format!("--threshold {}: it must be a number", args.threshold)));
    }
    let mut groups = BTreeMap::new();
    let mut files = Vec::new();
    for (paths, positive) in [(&args.positive, true), (&args.negative, false)] {
        for path in paths {
            files.push(question.score(path, positive, &mut groups)?);
        }
    }
    for label in ["positive", "negative"] {
        scored_some(files.iter().filter(|file| file.label == label), model.as_ref())?;
    }
    let mut all = Scores::default();
    groups.values().for_each(|scores| all.extend(scores));
    let figures = |(group, scores): (String, Scores)| (group, scores.figures(args.threshold));
    let evaluation = Evaluation {
        model: model.card().name.clone(),
        sha256: model.card().sha256.clone(),
        output: model.outputs()[question.output].name.clone(),
        threshold: args.threshold,
        files,
        all: all.figures(args.threshold),
        by: args.by.is_some().then(|| groups.into_iter().map(figures).collect()),
    };
    if args.json { json(&evaluation) } else { Ok(evaluation.table()) }
}

/// Checks that figures can be had: at least one sequence of the class was scored.
fn scored_some<'a>(
    mut files: impl Iterator<Item = &'a FileReport> + Clone,
    model: &dyn Model,
) -> Result<()> {
    if files.clone().any(|file| file.scored > 0) {
        return Ok(());
    }
    let Some(file) = files.next() else { return Ok(()) };
    let reasons: Vec<String> =
        file.skipped.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    let problem = format!(
        "none of {} sequences was scored ({}); {} reads {} nt: --anchor-at says where in longer \
         sequences its anchor lies",
        file.read,
        if reasons.is_empty() { "the file holds none".to_owned() } else { reasons.join(", ") },
        model.card().name,
        model.input().length
    );
    Err(Error::of_file(file.file.as_ref(), problem))
}

impl Evaluation {
    fn table(&self) -> String {
        let mut lines = vec![
            format!("# model {} {}", self.model, self.sha256),
            format!("# output {}, threshold {}", self.output, self.threshold),
            "#file\tlabel\tread\tscored\tskipped\tcalled\terror_rate".into(),
        ];
        lines.extend(self.files.iter().map(|f| {
            let skipped: usize = f.skipped.values().sum();
            let reasons = f.skipped.iter().map(|(reason, n)| format!("{reason}: {n}"));
            let reasons: Vec<String> = reasons.collect();
            let reasons =
                if skipped > 0 { format!(" ({})", reasons.join(", ")) } else { "".into() };
            let (rate, called) = (shown(f.error_rate, 4), f.called);
            format!(
                "{}\t{}\t{}\t{}\t{skipped}{reasons}\t{called}\t{rate}",
                f.file, f.label, f.read, f.scored
            )
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
