//! Tables and pictures of heterogeneity.

use super::{Enrichment, Experiment, Fifths, Heterogeneity, REGIONS, figures, shifts};
use crate::interpret::statistics::Moments;
use crate::interpret::tables::{Table, families_of, number, number_or_none};
use crate::models::{CLEAVAGE, CLEAVAGE_CENTRE};
use crate::output::lines::{Lines, LinesCurve, LinesPanel, LinesPoint};

/// What the columns mean, for headers.
pub const REMARKS: [&str; 2] = [
    "entropy: of the model's 50-nt cleavage vector less background, normalised, in nats; mean place: nt from the site, positive downstream",
    "positions: nt from the site to an element's first base, in transcript direction; low and high: the fifths of lowest and highest entropy",
];

fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|&name| name.to_owned()).collect()
}

/// A row for each site; `places` are its first cells.
pub fn sites(places: &[[String; 3]], sites: &[Heterogeneity], fifths: &Fifths) -> String {
    let mut table = Table::new(&names(&[
        "chrom",
        "position",
        "strand",
        "entropy",
        "mean_place",
        "fifth",
        "aataaa_in_40_nt_upstream",
        "signal_position",
        "gt_ct_rich_position",
    ]));
    let whole = |value: Option<i64>| value.map_or_else(|| ".".to_owned(), |at| at.to_string());
    for (at, (place, site)) in places.iter().zip(sites).enumerate() {
        let fifth = match at {
            _ if fifths.low.contains(&at) => "low",
            _ if fifths.high.contains(&at) => "high",
            _ => ".",
        };
        let mut row = place.to_vec();
        row.extend([
            number_or_none(site.entropy),
            number_or_none(site.mean),
            fifth.to_owned(),
            site.canonical.to_string(),
            whole(site.signal),
            whole(site.downstream),
        ]);
        table.row(&row);
    }
    table.text()
}

/// A row for each tested hexamer of each region.
pub fn hexamers(found: &[Enrichment], fifths: &Fifths) -> String {
    let mut table = Table::new(&names(&[
        "region",
        "hexamer",
        "family",
        "low_sites_with_it",
        "low_sites",
        "high_sites_with_it",
        "high_sites",
        "odds_ratio",
        "chi_squared",
        "p_corrected",
    ]));
    for one in found {
        table.row(&[
            REGIONS[one.region].0.to_owned(),
            one.hexamer.to_string(),
            families_of(one.hexamer),
            one.low.to_string(),
            fifths.low.len().to_string(),
            one.high.to_string(),
            fifths.high.len().to_string(),
            number(one.odds_ratio),
            number(one.chi_squared),
            format!("{:.3e}", one.p),
        ]);
    }
    table.text()
}

/// A row for each figure of a site, its mean in both fifths.
pub fn groups(sites: &[Heterogeneity], fifths: &Fifths) -> String {
    let of_each = ["sites", "mean", "half_interval_95"];
    let columns = ["low", "high"]
        .iter()
        .flat_map(|group| of_each.iter().map(move |name| format!("{group}_{name}")));
    let columns: Vec<String> = ["figure".to_owned()].into_iter().chain(columns).collect();
    let mut table = Table::new(&columns);
    let (low, high) = (figures(sites, &fifths.low), figures(sites, &fifths.high));
    for ((name, low), (_, high)) in low.into_iter().zip(high) {
        let mut row = vec![name.to_owned()];
        for moments in [low, high] {
            row.extend([
                moments.count.to_string(),
                number_or_none(moments.mean()),
                number_or_none(moments.half_interval()),
            ]);
        }
        table.row(&row);
    }
    table.text()
}

/// A row for each experiment and shift: the fold change of entropy, geometric mean over sites.
pub fn moved(changes: &[Vec<Moments>]) -> String {
    let mut table = Table::new(&names(&[
        "moved",
        "shift_apart_nt",
        "sites",
        "log2_fold_change",
        "half_interval_95",
        "fold_change",
    ]));
    for (experiment, moments) in Experiment::ALL.into_iter().zip(changes) {
        for (shift, moments) in shifts().zip(moments) {
            table.row(&[
                experiment.name().to_owned(),
                shift.to_string(),
                moments.count.to_string(),
                number_or_none(moments.mean()),
                number_or_none(moments.half_interval()),
                number_or_none(moments.mean().map(f64::exp2)),
            ]);
        }
    }
    table.text()
}

/// Fold change of entropy by shift, with its interval.
pub fn moved_picture(changes: &[Vec<Moments>]) -> Lines {
    let sites = changes.iter().flatten().map(|moments| moments.count).max().unwrap_or(0);
    let curve = |(experiment, moments): (Experiment, &Vec<Moments>)| {
        let points = shifts().zip(moments).map(|(shift, moments)| LinesPoint {
            x: shift as f64,
            y: moments.mean().unwrap_or(f64::NAN),
            half: moments.half_interval().unwrap_or(0.0),
        });
        let name = experiment.name().to_owned();
        LinesCurve { name, points: points.collect(), joined: true }
    };
    let curves = Experiment::ALL.into_iter().zip(changes).map(curve).collect();
    Lines {
        title: "Entropy as elements move apart".to_owned(),
        subtitle: format!(
            "up to {sites} sites with AATAAA and a GT/CT-rich element; bars: 95 % interval of the mean"
        ),
        axis: "nt moved apart (negative: together)".to_owned(),
        panels: vec![LinesPanel { axis: "log2 fold change of entropy".to_owned(), curves }],
        names: Vec::new(),
    }
}

/// Mean cleavage of both fifths.
pub fn profile_picture(sites: &[Heterogeneity], fifths: &Fifths) -> Lines {
    let curve = |name: &str, numbers: &[usize]| {
        let mean = |at: usize| {
            let sum: f64 = numbers.iter().map(|&number| sites[number].profile[at]).sum();
            sum / numbers.len().max(1) as f64
        };
        let point = |at: usize| LinesPoint {
            x: at as f64 - CLEAVAGE_CENTRE as f64,
            y: mean(at),
            half: 0.0,
        };
        let name = format!("{name} ({})", numbers.len());
        LinesCurve { name, points: (0..CLEAVAGE).map(point).collect(), joined: true }
    };
    let curves = vec![curve("low entropy", &fifths.low), curve("high entropy", &fifths.high)];
    Lines {
        title: "Where sites of low and of high entropy are cut".to_owned(),
        subtitle: "fifths of the sites; mean of the normalised cleavage vectors".to_owned(),
        axis: "nt from the site, in transcript direction".to_owned(),
        panels: vec![LinesPanel { axis: "share of cleavage".to_owned(), curves }],
        names: Vec::new(),
    }
}
