//! `polyascan motifs optimise`

use std::path::Path;

use super::common::picture;
use super::run::{Run, go_on};
use crate::cli::options::ThreadOptions;
use crate::engine::device::Workers;
use crate::error::{Error, Result};
use crate::interpret::optimise::figures::{logos, shares, targets};
use crate::interpret::optimise::{Optimised, Settings, Target, optimise};
use crate::interpret::soft;
use crate::models::registry;

/// The input that a kernel, a unit or an output of a model says most to.
///
/// Visualisation by optimisation (Olah et al. 2017): shares of letters climb along the gradient
/// from a seeded start. For how a network works; what it finds in real sequences is told by
/// `kernels` and `importance`. Takes every architecture. Writes PREFIX.optimise.*: shares.tsv (a
/// row for each letter at each position), targets.tsv (value of each target before and after),
/// logos (SVG, PNG), summary.json. Columns and definitions: docs/INTERPRETATION.md.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a model inside the program or of a converted one, or a weight file.
    model: String,
    /// What is to be large: output:NAME (a logit or log odds), unit:N (of the last hidden layer) or
    /// kernel:N (of the first); may be repeated [default: the first output].
    #[arg(long, value_name = "TARGET")]
    target: Vec<Target>,
    /// Steps of the climb.
    #[arg(long, value_name = "N", default_value_t = 300)]
    steps: usize,
    /// What the score that matters most grows in a step.
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    rate: f64,
    /// Where what is drawn at random begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Where to write.
    #[arg(short, long, value_name = "PREFIX")]
    output: String,
}

/// What follows `PREFIX.optimise.`, but for the summary.
const ENDINGS: [&str; 4] = ["shares.tsv", "targets.tsv", "logos.svg", "logos.png"];

/// More are no picture.
const MOST_TARGETS: usize = 60;
const MOST_STEPS: usize = 100_000;

/// What the columns mean, for the headers of the tables.
const REMARKS: [&str; 2] = [
    "share: of a letter at a position of the input that was found; height: share times the information of the position",
    "values: logits or log odds (natural logarithm; log2 of a strength) before the output's activation, or a layer's values before the ReLU",
];

/// Runs the command.
///
/// # Errors
/// A model without such a part, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    let usage = |problem: String| Err(Error::Usage(problem));
    if !(1..=MOST_STEPS).contains(&args.steps) {
        return usage(format!("--steps {}: it must lie between 1 and {MOST_STEPS}", args.steps));
    }
    if !(args.rate.is_finite() && args.rate > 0.0) {
        return usage(format!("--rate {}: it must be above 0", args.rate));
    }
    if args.target.len() > MOST_TARGETS {
        return usage(format!("--target: {} of them; at most {MOST_TARGETS}", args.target.len()));
    }
    let model = registry::load(&args.model, &Workers::CPU)?;
    let network = soft::load(&args.model)?;
    let file = Some(Path::new(&args.model)).filter(|path| path.is_file());
    let threads = args.threads.apply()?;
    let inputs: Vec<&Path> = file.into_iter().collect();
    let mut run = Run::begin(&args.output, "optimise", &ENDINGS, &inputs, model.as_ref())?;
    run.summary.threads = threads;
    run.set("steps", args.steps);
    run.set("rate", args.rate);
    run.set("seed", args.seed);
    let first = || network.outputs().into_iter().take(1).map(Target::Output).collect();
    let wanted: Vec<Target> = if args.target.is_empty() { first() } else { args.target.clone() };
    let settings = Settings { steps: args.steps, rate: args.rate, seed: args.seed };
    let mut found: Vec<Optimised> = Vec::new();
    for target in &wanted {
        go_on()?;
        found.push(optimise(network.as_ref(), target, settings)?);
    }
    let letters = network.letters();
    let table = |name: &str, text: &str| (name.to_owned(), run.table(&REMARKS, text));
    let mut files = vec![
        table("shares.tsv", &shares(letters, &found)),
        table("targets.tsv", &targets(letters, &found)),
    ];
    files.extend(picture("logos", &logos(letters, &found, &model.card().name))?);
    run.finish(files, &format!("{} targets", found.len()))
}
