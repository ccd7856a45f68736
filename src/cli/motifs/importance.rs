//! `polyascan motifs importance`

use super::common::{CommonOptions, LoadedModels, ReplacementOptions, compressed, picture};
use super::session::Session;
use crate::error::Result;
use crate::interpret::figures;
use crate::interpret::importance::{Importance, InWindow};
use crate::interpret::replace::{POSITIONS, importance};
use crate::interpret::signals::{Signals, change};
use crate::interpret::tables;

/// What each hexamer contributes, by place: it is replaced by random ones.
///
/// Each hexamer from -120 to 114 nt of each site is replaced by random hexamers; its importance is
/// the log2 odds of the sequence less the median of theirs, of classification and of strength
/// (Stroup & Ji 2023). Writes PREFIX.importance.*: hexamers.tsv.gz (a row per hexamer and place),
/// windows.tsv (per hexamer and 40 nt, with the limit of what far places give by chance),
/// families.tsv, elements.tsv (best places beside the published ones), signals.tsv (AATAAA changed
/// to each other signal), heat maps of hexamers by place, profiles of families (SVG, PNG),
/// summary.json. Columns and definitions: docs/INTERPRETATION.md.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    replacements: ReplacementOptions,
}

/// What follows `PREFIX.importance.`, but for the summary.
const ENDINGS: [&str; 13] = [
    "hexamers.tsv.gz",
    "windows.tsv",
    "families.tsv",
    "elements.tsv",
    "signals.tsv",
    "classification.svg",
    "classification.png",
    "strength.svg",
    "strength.png",
    "families.svg",
    "families.png",
    "signals.svg",
    "signals.png",
];

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    let settings = args.replacements.settings(args.common.seed)?;
    let loaded = LoadedModels::load(&args.common)?;
    let models = loaded.models()?;
    let mut session = Session::begin(&args.common, "importance", &ENDINGS, &loaded)?;
    session.set("replacements", settings.replacements);
    let mut all = Importance::new(models.quantities());
    let mut signals = Signals::new(models.quantities());
    session.each_site(
        |number, window| {
            let site = importance(&models, window, number, settings, |_, _| true)?;
            let changed = change(&models, window, &site.window)?;
            Ok(((site, changed), (POSITIONS * settings.replacements) as u64))
        },
        |(site, changed)| {
            all.add(&site);
            signals.add(changed.as_ref());
        },
    )?;
    let files = files(&mut session, &all, &signals)?;
    session.finish(files)
}

fn files(
    session: &mut Session,
    all: &Importance,
    signals: &Signals,
) -> Result<Vec<(String, Vec<u8>)>> {
    let cells = all.windows();
    let limits = limits(all);
    let mut remarks: Vec<&str> = tables::REMARKS.to_vec();
    remarks.extend(limits.iter().map(String::as_str));
    let file = |name: &str, text: &str| (name.to_owned(), session.table(&remarks, text));
    let mut files = vec![
        ("hexamers.tsv.gz".to_owned(), compressed(&session.table(&remarks, &tables::places(all)))?),
        file("windows.tsv", &tables::windows(all, &cells)),
        file("families.tsv", &tables::families(all)),
        file("elements.tsv", &tables::elements(all)),
        file("signals.tsv", &tables::signals(signals)),
    ];
    for (number, quantity) in all.quantities.iter().enumerate() {
        let grid = figures::hexamers(all, &cells, number);
        files.extend(picture(quantity.name(), &grid.draw())?);
    }
    files.extend(picture("families", &figures::families(all).draw())?);
    if signals.sites > 0 {
        files.extend(picture("signals", &figures::signals(signals).draw())?);
    } else {
        session.note("no site with AATAAA: no picture of signals".to_owned());
    }
    for (number, quantity) in all.quantities.iter().enumerate() {
        let standing_out = |cell: &&InWindow| cell.figures[number].stands_out;
        let count = cells.iter().filter(standing_out).count();
        let name = format!("{}_hexamer_windows_that_stand_out", quantity.name());
        session.summary.figures.insert(name, count.into());
    }
    session.summary.figures.insert("sites_with_aataaa".into(), signals.sites.into());
    Ok(files)
}

/// The limits as header lines.
fn limits(all: &Importance) -> Vec<String> {
    let line = |(number, quantity): (usize, &crate::interpret::models::Quantity)| {
        format!(
            "limit of {} sums (99.99th percentile of far places): {} at a place, {} in a window of 40 nt",
            quantity.name(),
            tables::number(all.limit_of_places(number)),
            tables::number(all.limit_of_windows(number))
        )
    };
    all.quantities.iter().enumerate().map(line).collect()
}
