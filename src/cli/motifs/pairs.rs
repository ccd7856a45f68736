//! `polyascan motifs pairs`

use super::common::{CommonOptions, LoadedModels, ReplacementOptions, picture};
use super::session::Session;
use crate::error::Result;
use crate::interpret::pairs::{Pairs, look, tables};

/// How elements work together: importance by distance, best configuration, combinations.
///
/// The hexamers of six elements (TGTA, signal and T-rich upstream; GT/CT-, T- and G-rich
/// downstream) are replaced as in `importance`; what they contribute is told by their distance to
/// the cut and to each other element (Stroup & Ji 2023, Figure 2c-j), and what sites with each
/// combination of elements are worth (Figure S5). Writes PREFIX.pairs.*: cut.tsv, distances.tsv,
/// best.tsv, combinations.tsv, pictures (SVG, PNG), summary.json. Columns and definitions:
/// docs/INTERPRETATION.md.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    replacements: ReplacementOptions,
}

/// What follows `PREFIX.pairs.`, but for the summary.
const ENDINGS: [&str; 10] = [
    "cut.tsv",
    "distances.tsv",
    "best.tsv",
    "combinations.tsv",
    "distances.svg",
    "distances.png",
    "configuration.classification.svg",
    "configuration.classification.png",
    "configuration.strength.svg",
    "configuration.strength.png",
];

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    let settings = args.replacements.settings(args.common.seed)?;
    let loaded = LoadedModels::load(&args.common)?;
    let models = loaded.models()?;
    let mut session = Session::begin(&args.common, "pairs", &ENDINGS, &loaded)?;
    session.set("replacements", settings.replacements);
    let mut all = Pairs::new(models.quantities());
    session.each_site(
        |number, window| look(&models, window, number, settings),
        |site| all.add(&site),
    )?;
    let file = |name: &str, text: &str| (name.to_owned(), session.table(&tables::REMARKS, text));
    let mut files = vec![
        file("cut.tsv", &tables::to_the_cut(&all)),
        file("distances.tsv", &tables::to_another(&all)),
        file("best.tsv", &tables::best(&all)),
        file("combinations.tsv", &tables::combinations(&all)),
    ];
    files.extend(picture("distances", &tables::distances_picture(&all).draw())?);
    for (number, quantity) in all.quantities.iter().enumerate() {
        let name = format!("configuration.{}", quantity.name());
        files.extend(picture(&name, &tables::configuration(&all, number))?);
    }
    session.finish(files)
}
