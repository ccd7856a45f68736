//! `polyascan motifs heterogeneity`

use super::common::{CommonOptions, LoadedModels, picture};
use super::session::Session;
use crate::error::Result;
use crate::interpret::heterogeneity::{check, enrichments, fifths, fold_changes, look, tables};

/// How widely sites are cut, what goes with it, and what moving elements does.
///
/// Entropy and mean place of the model's 50-nt cleavage vector at each site (Stroup & Ji 2023, Eq.
/// 6 and 3); the fifth of sites of lowest entropy against that of highest: counts of AATAAA,
/// hexamers of four regions (chi-squared, odds ratio), distances of elements; and an experiment in
/// the model: AATAAA and the GT/CT-rich element are moved apart or together nt by nt. Writes
/// PREFIX.heterogeneity.*: sites.tsv, groups.tsv, hexamers.tsv, moved.tsv, pictures (SVG, PNG),
/// summary.json. Columns and definitions: docs/INTERPRETATION.md.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: CommonOptions,
}

/// What follows `PREFIX.heterogeneity.`, but for the summary.
const ENDINGS: [&str; 8] = [
    "sites.tsv",
    "groups.tsv",
    "hexamers.tsv",
    "moved.tsv",
    "moved.svg",
    "moved.png",
    "profiles.svg",
    "profiles.png",
];

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    let loaded = LoadedModels::load(&args.common)?;
    let model = loaded.site_model();
    check(model)?;
    let mut session = Session::begin(&args.common, "heterogeneity", &ENDINGS, &loaded)?;
    let mut sites = Vec::new();
    let mut numbers = Vec::new();
    session.each_site(
        |number, window| {
            let (site, windows) = look(model, window)?;
            Ok(((number, site), windows))
        },
        |(number, site)| {
            numbers.push(number);
            sites.push(site);
        },
    )?;
    let fifths = fifths(&sites);
    let found = enrichments(&sites, &fifths);
    let changes = fold_changes(&sites);
    let places: Vec<[String; 3]> =
        numbers.into_iter().map(|number| session.place(number)).collect();
    let file = |name: &str, text: &str| (name.to_owned(), session.table(&tables::REMARKS, text));
    let mut files = vec![
        file("sites.tsv", &tables::sites(&places, &sites, &fifths)),
        file("groups.tsv", &tables::groups(&sites, &fifths)),
        file("hexamers.tsv", &tables::hexamers(&found, &fifths)),
        file("moved.tsv", &tables::moved(&changes)),
    ];
    files.extend(picture("moved", &tables::moved_picture(&changes).draw())?);
    files.extend(picture("profiles", &tables::profile_picture(&sites, &fifths).draw())?);
    let without = sites.iter().filter(|site| site.entropy.is_none()).count();
    session
        .summary
        .figures
        .insert("sites_without_cleavage_above_background".into(), without.into());
    let significant = found.iter().filter(|one| one.p < 0.05).count();
    session.summary.figures.insert("enriched_hexamers".into(), significant.into());
    session.finish(files)
}
