//! `polyascan evaluate classes`

mod print;
mod sources;

use std::path::PathBuf;

use crate::cli::options::{ModelOptions, ThreadOptions};
use crate::cli::written::Written;
use crate::error::{Error, Result};
use crate::evaluate::classes::judge::{Account, Judge, Said};
use crate::evaluate::classes::labels::Labels;
use crate::evaluate::classes::report::{class_curves, report};
use crate::evaluate::classes::table::predictions;
use crate::evaluate::classes::{Scores, choose_output, file_reports, scores};
use crate::evaluate::examples::Reader;
use crate::models::{Classes, Model};
use crate::output::atomic::{keep_apart, keep_input, whole};
use crate::output::plot;
use print::{OfClasses, OfTwo};
use sources::SourceOptions;

/// Any model against labelled sequences: error rate, AUROC and AUPRC, of each class where there are
/// several.
///
/// Sequences are positives and negatives, or classes in files of their own (--class), or say their
/// classes in their headers (--labelled). Files are FASTA, tab-separated tables with a header and a
/// column `sequence`, or text with one sequence per line, or folders of these; plain, gzip or BGZF.
/// Sequences are taken as they are, in transcript direction. Those without a window for the model
/// are skipped and counted by reason. Of models that read structure, files have it on the line
/// after each sequence, or --structures or --fold give it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    sources: SourceOptions,
    #[command(flatten)]
    model: ModelOptions,
    /// Output to score positives and negatives by [default: the first of one value; `polyascan
    /// models show` names them].
    #[arg(long, value_name = "COLUMN")]
    output: Option<String>,
    /// A score above it is a call.
    #[arg(long, default_value_t = 0.5)]
    threshold: f32,
    /// Index (0-based) in each sequence of the base that the model's window is anchored on, e.g.
    /// the first base of the hexamer for DeeReCT-PolyA [default: each sequence is one window].
    #[arg(long, value_name = "N")]
    anchor_at: Option<usize>,
    /// Column of the tables to break the figures of positives and negatives down by, e.g. hexamer.
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// Table to write: a row for each scored sequence with its classes, the outputs, and the
    /// classes that they tell.
    #[arg(long, value_name = "TSV", value_parser = crate::cli::options::name)]
    predictions: Option<PathBuf>,
    /// Draw the ROC and precision-recall curves of each class (SVG).
    #[arg(long, value_name = "FILE", value_parser = crate::cli::options::name)]
    plot: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// What was scored.
struct Scored {
    all: Vec<Said>,
    accounts: Vec<Account>,
    /// Names of the judge's outputs.
    outputs: Vec<String>,
    labels: Labels,
}

/// Returns the report.
///
/// # Errors
/// Input that cannot be read, a model without an output of one value, outputs that cannot be
/// written.
pub fn run(args: &Args) -> Result<String> {
    args.threads.apply()?;
    args.check()?;
    let model = args.model.load()?;
    let model = model.as_ref();
    // Positives and negatives need one output; classes each their own.
    let several = model.classes().filter(|kind| *kind != Classes::Two);
    let scored = match several.filter(|_| !args.sources.is_of_two()) {
        Some(kind) => args.score(model, kind, (0..model.outputs().len()).collect())?,
        None => {
            let output = choose_output(model, args.output.as_deref())?;
            args.score(model, Classes::Two, vec![output])?
        }
    };
    for account in &scored.accounts {
        let mut same = scored.accounts.iter().filter(|other| other.label == account.label);
        if !same.any(|other| other.scored > 0) {
            return Err(print::none_scored(account, model));
        }
    }
    args.write(model, &scored)?;
    if scored.labels.classes == Classes::Two {
        return args.of_two(model, scored);
    }
    let report = report(&scored.all, &scored.outputs, scored.labels);
    let card = model.card();
    let of = OfClasses {
        model: &card.name,
        sha256: &card.sha256,
        threshold: args.threshold,
        files: &scored.accounts,
        report,
    };
    if args.json { super::json(&of) } else { Ok(of.table()) }
}

impl Args {
    /// Checks what does not need a model.
    fn check(&self) -> Result<()> {
        if !self.threshold.is_finite() {
            let problem = format!("--threshold {}: it must be a number", self.threshold);
            return Err(Error::Usage(problem));
        }
        self.sources.check()?;
        let outputs: Vec<PathBuf> = self.predictions.iter().chain(&self.plot).cloned().collect();
        keep_apart(&outputs)?;
        for output in &outputs {
            self.sources.inputs().try_for_each(|input| keep_input(input, output))?;
        }
        Ok(())
    }

    fn score(&self, model: &dyn Model, classes: Classes, outputs: Vec<usize>) -> Result<Scored> {
        let names = outputs.iter().map(|&output| model.outputs()[output].name.clone());
        let names: Vec<String> = names.collect();
        let mut reader = Reader::of(model, self.anchor_at).map_err(|problem| {
            let at = self.anchor_at.unwrap_or_default();
            Error::Usage(format!("--anchor-at {at}: {problem}"))
        })?;
        reader = reader.folding(self.sources.fold.open(model)?);
        let judge = Judge { model, outputs, reader, by: self.by.as_deref() };
        let (all, accounts) = self.sources.score(&judge, classes, &names)?;
        let labels = Labels { classes, threshold: self.threshold };
        Ok(Scored { all, accounts, outputs: names, labels })
    }

    /// Writes the table of predictions and the curves, where they are asked for.
    fn write(&self, model: &dyn Model, scored: &Scored) -> Result<()> {
        let Scored { all, accounts, outputs, labels } = scored;
        let mut complete = Vec::new();
        if let Some(path) = &self.predictions {
            let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
            let text = predictions(all, accounts, &outputs, self.by.as_deref(), *labels);
            complete.push(whole(path, text.as_bytes())?);
        }
        if let Some(path) = &self.plot {
            let curves = class_curves(all, outputs);
            let svg = plot::class_curves(&model.card().name, &curves)?;
            complete.push(whole(path, svg.as_bytes())?);
        }
        Written::publish(complete)?.tell();
        Ok(())
    }

    /// Returns the report on positives and negatives.
    fn of_two(&self, model: &dyn Model, scored: Scored) -> Result<String> {
        let groups = scores(&scored.all);
        let mut all = Scores::default();
        groups.values().for_each(|scores| all.extend(scores));
        let figures = |(group, scores): (String, Scores)| (group, scores.figures(self.threshold));
        let card = model.card();
        let of = OfTwo {
            model: &card.name,
            sha256: &card.sha256,
            output: &scored.outputs[0],
            threshold: self.threshold,
            files: file_reports(&scored.all, scored.accounts, self.threshold),
            all: all.figures(self.threshold),
            by: self.by.is_some().then(|| groups.into_iter().map(figures).collect()),
        };
        if self.json { super::json(&of) } else { Ok(of.table()) }
    }
}
