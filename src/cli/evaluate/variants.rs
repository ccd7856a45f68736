//! `polyascan evaluate variants`

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::json;
use crate::cli::options::{ModelOptions, ThreadOptions};
use crate::error::{Error, Result};
use crate::evaluate::metrics::shown;
use crate::evaluate::variants::{
    Agreement, CutOff, Effects, MeasuredVariant, MeasuredVariants, agreement, cut_offs, effects,
    read,
};
use crate::genome::sequence::decode;
use crate::output::atomic::{check_output, keep_input, write};
use crate::output::plot::{self, Scatter};

/// Predicted against measured effects of single-nucleotide variants around a polyA signal.
///
/// The effect is the strength of the variant sequence minus that of the reference, in natural
/// log-odds. A strength speaks of the cuts 7 to 56 nt after the signal's first base. APARENT2: its
/// own logodds_narrow and logodds_wide, its frame anchored on the signal. Strength models: the mean
/// over the windows centred 10 to 35 nt after the signal's first base. Site models: the
/// classification of the window whose central 50 nt they are, and the summed odds of each cut's
/// classification x cleavage mass within 1 nt. DeeReCT-PolyA: the log-odds that the signal is true.
/// What a model reads beyond the sequences is N.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Tab-separated table with the columns wt_seq (reference), master_seq (variant), snv_pos
    /// (index from 0 of the base that differs) and delta_logodds_true (measured, natural
    /// logarithm); plain, gzip or BGZF. Rows without a measured change are skipped and counted.
    table: PathBuf,
    /// Index (from 0) in every sequence of the polyA signal's first base.
    #[arg(long, value_name = "INDEX")]
    anchor: usize,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Write each variant's measured and predicted effects (tab-separated).
    #[arg(short, long, value_name = "FILE", value_parser = crate::cli::options::name)]
    output: Option<PathBuf>,
    /// Draw predicted against measured effects, by the first score.
    #[arg(long, value_name = "FILE.svg", value_parser = crate::cli::options::name)]
    plot: Option<PathBuf>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// All figures of one evaluation.
#[derive(Debug, Serialize)]
struct Evaluation {
    model: String,
    sha256: String,
    table: String,
    anchor: usize,
    read: usize,
    scored: usize,
    /// By reason.
    skipped: BTreeMap<&'static str, usize>,
    scores: Vec<Agreement>,
    cut_offs: Vec<CutOff>,
}

/// Returns the report.
///
/// # Errors
/// Input that cannot be read, a model without a strength, files that cannot be written.
pub fn run(args: &Args) -> Result<String> {
    args.threads.apply()?;
    for output in [&args.output, &args.plot].into_iter().flatten() {
        keep_input(&args.table, output)?;
        check_output(output)?;
    }
    let model = args.model.load()?;
    let MeasuredVariants { read, variants, skipped } = read(&args.table, args.anchor)?;
    if variants.is_empty() {
        return Err(Error::of_file(&args.table, "no measured variants in this file"));
    }
    let effects = effects(model.as_ref(), &variants, args.anchor)?;
    let figures = effects.iter().flat_map(|effects| agreement(effects, &variants, args.anchor));
    let evaluation = Evaluation {
        model: model.card().name.clone(),
        sha256: model.card().sha256.clone(),
        table: args.table.display().to_string(),
        anchor: args.anchor,
        read,
        scored: variants.len(),
        skipped,
        scores: figures.collect(),
        cut_offs: effects.iter().flat_map(|effects| cut_offs(effects, &variants)).collect(),
    };
    if let Some(path) = &args.output {
        write(path, rows(&effects, &variants, args.anchor).as_bytes())?;
    }
    if let (Some(path), Some(first)) = (&args.plot, effects.first()) {
        write(path, evaluation.scatter(first, &variants)?.as_bytes())?;
    }
    if args.json { json(&evaluation) } else { Ok(evaluation.text()) }
}

/// The table of variants, one line each.
fn rows(effects: &[Effects], variants: &[MeasuredVariant], signal: usize) -> String {
    let names = effects.iter().map(|effects| effects.score);
    let columns = ["#line", "position", "reference", "variant", "in_signal", "measured"];
    let mut text = columns.into_iter().chain(names).collect::<Vec<_>>().join("\t") + "\n";
    for (i, v) in variants.iter().enumerate() {
        let base = |codes: &[u8]| {
            String::from_utf8_lossy(&decode(&codes[v.position..=v.position])).into_owned()
        };
        let changes = effects.iter().map(|effects| format!("\t{:.5}", effects.changes[i]));
        text += &format!(
            "{}\t{}\t{}\t{}\t{}\t{}{}\n",
            v.line,
            v.position,
            base(&v.reference),
            base(&v.variant),
            v.in_signal(signal),
            v.measured,
            changes.collect::<String>()
        );
    }
    text
}

impl Evaluation {
    fn text(&self) -> String {
        let mut text = format!("# model {} {}\n", self.model, self.sha256);
        text += &format!(
            "# {}, signal at {}: {} read, {} scored",
            self.table, self.anchor, self.read, self.scored
        );
        for (reason, count) in &self.skipped {
            text += &format!(", {count} skipped ({reason})");
        }
        text += "\n#score\tvariants\tcount\tpearson_squared\tspearman\tmean_absolute_error\taverage_precision\tsign_agreement\n";
        for s in &self.scores {
            let figures = [
                s.pearson_squared,
                s.spearman,
                s.mean_absolute_error,
                s.average_precision,
                s.sign_agreement,
            ];
            let figures = figures.map(|figure| shown(figure, 4)).join("\t");
            text += &format!("{}\t{}\t{}\t{figures}\n", s.score, s.variants, s.count);
        }
        text += "#score\tcut_off_log2\tvariants\tprecision\trecall\n";
        for c in &self.cut_offs {
            let figures = [c.precision, c.recall].map(|figure| shown(figure, 4)).join("\t");
            text += &format!("{}\t{}\t{}\t{figures}\n", c.score, c.log2, c.told);
        }
        text
    }

    fn scatter(&self, effects: &Effects, variants: &[MeasuredVariant]) -> Result<String> {
        let groups =
            [("in the signal", true), ("outside the signal", false)].map(|(name, inside)| {
                let points = effects.changes.iter().zip(variants);
                let points = points.filter(|(_, v)| v.in_signal(self.anchor) == inside);
                (name.to_owned(), points.map(|(&said, v)| (said, v.measured)).collect())
            });
        let r2 = self.scores.iter().find(|s| s.score == effects.score && s.variants == "all");
        let r2 =
            r2.and_then(|s| s.pearson_squared).map_or(String::new(), |r2| format!(", r² {r2:.3}"));
        plot::scatter(&Scatter {
            title: format!("{} {}, {} variants{r2}", self.model, effects.score, self.scored),
            x: "predicted change in log-odds".into(),
            y: "measured change in log-odds".into(),
            groups: groups.into(),
        })
    }
}
