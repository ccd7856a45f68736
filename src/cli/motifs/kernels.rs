//! `polyascan motifs kernels`

use std::path::Path;

use super::common::{compressed, picture};
use super::run::{Run, go_on};
use super::sequences::{SequenceOptions, skipped};
use crate::cli::options::{ThreadOptions, check_stdin};
use crate::engine::device::Workers;
use crate::error::{Error, Result};
use crate::interpret::kernels::Study;
use crate::interpret::kernels::clusters::clusters;
use crate::interpret::kernels::figures::{Cell, room};
use crate::interpret::kernels::motif::{Motif, meme};
use crate::interpret::kernels::page::html;
use crate::interpret::kernels::tables::{REMARKS, Results};
use crate::interpret::soft;
use crate::models::registry;

/// What the kernels of a model's first layer look for, in sequences by class.
///
/// As pysster does (Budach & Marsico 2018): the stretches that activate each kernel most, aligned
/// above the kernel's limit, as logos of sequence and structure and as MEME motifs; where they lie;
/// activation, enrichment and importance by class; kernels by sequences, clustered. Takes every
/// architecture. Writes PREFIX.kernels.*: kernels.tsv, motifs.tsv, aligned.tsv.gz,
/// positions.tsv.gz, activations.tsv, clusters.tsv.gz, sequence.meme, structure.meme, pictures
/// (SVG, PNG), index.html, summary.json. Columns and definitions: docs/INTERPRETATION.md.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a model inside the program or of a converted one, or a weight file.
    model: String,
    #[command(flatten)]
    sequences: SequenceOptions,
    /// Sequences in the heat map at most: those at even steps through all.
    #[arg(long, value_name = "N", default_value_t = 500)]
    clustered: usize,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Where to write.
    #[arg(short, long, value_name = "PREFIX")]
    output: String,
}

/// What follows `PREFIX.kernels.`, but for the summary.
const ENDINGS: [&str; 17] = [
    "kernels.tsv",
    "motifs.tsv",
    "aligned.tsv.gz",
    "positions.tsv.gz",
    "activations.tsv",
    "clusters.tsv.gz",
    "sequence.meme",
    "structure.meme",
    "logos.svg",
    "logos.png",
    "positions.svg",
    "positions.png",
    "activations.svg",
    "activations.png",
    "clusters.svg",
    "clusters.png",
    "index.html",
];

/// More sequences are no picture, and their distances take too much memory.
const MOST_CLUSTERED: usize = 5_000;

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    if !(2..=MOST_CLUSTERED).contains(&args.clustered) {
        let problem = format!("it must lie between 2 and {MOST_CLUSTERED}");
        return Err(Error::Usage(format!("--clustered {}: {problem}", args.clustered)));
    }
    let classes = args.sequences.classes()?;
    let model = registry::load(&args.model, &Workers::CPU)?;
    let network = soft::load(&args.model)?;
    let file = Some(Path::new(&args.model)).filter(|path| path.is_file());
    let inputs: Vec<&Path> = args.sequences.inputs().chain(file).collect();
    check_stdin(&inputs)?;
    let threads = args.threads.apply()?;
    let mut run = Run::begin(&args.output, "kernels", &ENDINGS, &inputs, model.as_ref())?;
    let (sequences, files) = args.sequences.read(model.as_ref(), &classes)?;
    skipped(&files).into_iter().for_each(|note| run.note(note));
    (run.summary.files, run.summary.threads) = (files, threads);
    run.set("clustered", args.clustered);
    let study = Study::new(network.as_ref(), &sequences, &classes)?;
    let peaks = study.peaks(|_| go_on())?;
    let found = study.found(&peaks)?;
    let profiles = study.profiles(&peaks, &found, |_| go_on())?;
    let clusters = clusters(&study, &peaks, room(study.kernels.len(), args.clustered));
    let ranked = study.ranked(&found);
    let results = Results {
        study: &study,
        peaks: &peaks,
        found: &found,
        profiles: &profiles,
        clusters: &clusters,
        ranked: &ranked,
    };
    let silent = found.iter().filter(|found| found.motifs.is_empty()).count();
    run.figure("kernels", study.kernels.len());
    run.figure("kernels_never_active", silent);
    run.figure("sequences", sequences.len());
    let files = write(&run, &results)?;
    let done = format!("{} kernels, {} sequences", study.kernels.len(), sequences.len());
    run.finish(files, &done)
}

fn write(run: &Run, results: &Results<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let table = |text: &str| run.table(&REMARKS, text);
    let plain = |name: &str, text: &str| (name.to_owned(), table(text));
    let packed =
        |name: &str, text: &str| Ok::<_, Error>((name.to_owned(), compressed(&table(text))?));
    let mut files = vec![
        plain("kernels.tsv", &results.kernels()),
        plain("motifs.tsv", &results.motifs()),
        packed("aligned.tsv.gz", &results.aligned())?,
        packed("positions.tsv.gz", &results.positions())?,
        plain("activations.tsv", &results.activations()),
        packed("clusters.tsv.gz", &results.clusters())?,
    ];
    for track in &results.study.network.letters().tracks {
        let of = |&kernel: &usize| {
            let motif = results.found[kernel].motifs.iter().find(|motif| motif.track == *track);
            Some((format!("kernel_{}", results.name(kernel)), motif?))
        };
        let motifs: Vec<(String, &Motif)> = results.ranked.iter().filter_map(of).collect();
        files.push((format!("{}.meme", track.name), meme(track, &motifs).into_bytes()));
    }
    files.extend(picture("logos", &results.sheet(Cell::Logo))?);
    files.extend(picture("positions", &results.sheet(Cell::Positions))?);
    files.extend(picture("activations", &results.sheet(Cell::Activations))?);
    files.extend(picture("clusters", &results.heat_map())?);
    files.push(("index.html".to_owned(), html(results, &run.made()).into_bytes()));
    Ok(files)
}
