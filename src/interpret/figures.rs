//! Pictures of importance: what is drawn, from the sums of its tables.

use std::collections::HashMap;

use super::importance::{Importance, InWindow, is_background, smoothed};
use super::replace::FIRST;
use super::signals::Signals;
use crate::context::families::{Family, Hexamer};
use crate::output::grid::{Grid, GridRow};
use crate::output::lines::{Lines, LinesCurve, LinesPanel, LinesPoint};

/// Hexamers of a family in a heat map.
const ROWS: usize = 9;
const AXIS: &str = "nt from the site to the hexamer's first base, in transcript direction";
/// Of hexamers of no family.
const OTHER: &str = "other";

/// A hexamer in the window of 40 nt where it counts most.
struct Ranked {
    hexamer: Hexamer,
    stands_out: bool,
    sum: f64,
}

/// Returns the place of a hexamer's first family; behind the last one of those of none.
fn group_of(hexamer: Hexamer) -> usize {
    Family::ALL.iter().position(|family| family.holds(hexamer)).unwrap_or(Family::ALL.len())
}

/// Returns the hexamers that contribute, family by family, those that stand out first, then by
/// their sums.
fn ranked(cells: &[InWindow], quantity: usize) -> Vec<Ranked> {
    let mut best: HashMap<Hexamer, (bool, f64)> = HashMap::new();
    for cell in cells.iter().filter(|cell| !is_background(cell.window)) {
        let figures = cell.figures[quantity];
        let found = (figures.stands_out, figures.sites.sum);
        let known = best.entry(cell.hexamer).or_insert(found);
        if *known < found {
            *known = found;
        }
    }
    let all = best.into_iter().filter(|(_, (_, sum))| *sum > 0.0);
    let mut all: Vec<Ranked> =
        all.map(|(hexamer, (stands_out, sum))| Ranked { hexamer, stands_out, sum }).collect();
    all.sort_by(|a, b| {
        let groups = group_of(a.hexamer).cmp(&group_of(b.hexamer));
        let order = groups.then(b.stands_out.cmp(&a.stands_out)).then(b.sum.total_cmp(&a.sum));
        order.then(a.hexamer.cmp(&b.hexamer))
    });
    all
}

/// Heat map of the hexamers of each family that contribute most to a quantity (index): those that
/// stand out, and if these are few the next ones.
pub fn hexamers(all: &Importance, cells: &[InWindow], quantity: usize) -> Grid {
    let ranked = ranked(cells, quantity);
    let standing_out = ranked.iter().filter(|hexamer| hexamer.stands_out).count();
    let of_families = ranked.chunk_by(|a, b| group_of(a.hexamer) == group_of(b.hexamer));
    let shown = of_families.flat_map(|family| family.iter().take(ROWS));
    let sites = all.sites.max(1) as f64;
    let rows = shown.map(|&Ranked { hexamer, stands_out, .. }| {
        let family = Family::ALL.get(group_of(hexamer)).map_or(OTHER, |family| family.name());
        let profile = all.profile(quantity, |other| other == hexamer);
        let mark = if stands_out { "" } else { " (n.s.)" };
        GridRow {
            group: family.to_owned(),
            name: format!("{hexamer}{mark}"),
            values: profile.iter().map(|place| place.sum / sites).collect(),
        }
    });
    let name = all.quantities[quantity].name();
    Grid {
        title: format!("What hexamers contribute to {name}"),
        subtitle: format!(
            "{} sites; {standing_out} hexamers stand out in a window of 40 nt; of each family the {ROWS} with most",
            all.sites
        ),
        quantity: "log2 odds per site".to_owned(),
        axis: AXIS.to_owned(),
        first: FIRST,
        rows: rows.collect(),
    }
}

/// Profile of each family, a panel for each quantity.
pub fn families(all: &Importance) -> Lines {
    let sites = all.sites.max(1) as f64;
    let curve = |quantity: usize, family: Family| {
        let profile = all.of_family(quantity, family);
        let means = smoothed(&profile);
        let points = profile.iter().zip(means);
        let point = |(place, mean): (&super::importance::Place, super::importance::Smoothed)| {
            LinesPoint { x: place.at as f64, y: mean.sum / sites, half: 0.0 }
        };
        LinesCurve {
            name: family.name().to_owned(),
            points: points.map(point).collect(),
            joined: true,
        }
    };
    let panel = |quantity: usize| LinesPanel {
        axis: format!("{}, log2 odds per site", all.quantities[quantity].name()),
        curves: Family::ALL.into_iter().map(|family| curve(quantity, family)).collect(),
    };
    Lines {
        title: "What families of elements contribute".to_owned(),
        subtitle: format!("{} sites; mean of 5 nt", all.sites),
        axis: AXIS.to_owned(),
        panels: (0..all.quantities.len()).map(panel).collect(),
        names: Vec::new(),
    }
}

/// Change of each quantity with each signal in place of AATAAA, strongest first by the last
/// quantity.
pub fn signals(signals: &Signals) -> Lines {
    let mut order: Vec<usize> = (0..signals.changes.len()).collect();
    let of = |number: usize| signals.changes[number].1.last().and_then(|moments| moments.mean());
    order.sort_by(|&a, &b| of(b).partial_cmp(&of(a)).unwrap_or(std::cmp::Ordering::Equal));
    let curve = |quantity: usize| {
        let points = order.iter().enumerate().map(|(x, &number)| {
            let moments = signals.changes[number].1[quantity];
            LinesPoint {
                x: x as f64,
                y: moments.mean().unwrap_or(f64::NAN),
                half: moments.half_interval().unwrap_or(0.0),
            }
        });
        LinesCurve {
            name: signals.quantities[quantity].name().to_owned(),
            points: points.collect(),
            joined: false,
        }
    };
    let curves = (0..signals.quantities.len()).map(curve).collect();
    let name = |(x, &number): (usize, &usize)| (x as f64, signals.changes[number].0.to_string());
    Lines {
        title: "AATAAA changed to each other signal".to_owned(),
        subtitle: format!("{} sites with AATAAA; bars: 95 % interval of the mean", signals.sites),
        axis: "signal in its place".to_owned(),
        panels: vec![LinesPanel { axis: "change, log2 odds".to_owned(), curves }],
        names: order.iter().enumerate().map(name).collect(),
    }
}
