//! Tables and pictures of elements that work together.

use super::{Best, COUNT, FARTHEST, NEAR, Pairs};
use crate::context::families::{ELEMENTS, SIX};
use crate::interpret::replace::{FIRST, POSITIONS};
use crate::interpret::statistics::Moments;
use crate::interpret::tables::{Table, columns, number, number_or_none};
use crate::output::heat_map::scale::label;
use crate::output::lines::{Lines, LinesCurve, LinesPanel, LinesPoint};
use crate::output::picture::{Anchor, Colour, Picture};

/// What the columns mean, for headers.
pub const REMARKS: [&str; 2] = [
    "positions and distances: nt between first bases, in transcript direction; position: from the site; distance: from the element to the other, positive downstream",
    "importance: log2 odds of the sequence less the median with the hexamer replaced by random ones, mean over occurrences",
];

/// Points with fewer occurrences are not drawn.
const FEWEST: u64 = 5;

fn mean_and_interval(moments: &[Moments]) -> impl Iterator<Item = String> {
    moments.iter().flat_map(|one| [number_or_none(one.mean()), number_or_none(one.half_interval())])
}

fn or_dot(value: Option<String>) -> String {
    value.unwrap_or_else(|| ".".to_owned())
}

/// A row for each element at each position where it occurs.
pub fn to_the_cut(all: &Pairs) -> String {
    let of_each = ["importance", "half_interval_95"];
    let plain = ["element", "position", "occurrences"];
    let mut table = Table::new(&columns(&plain, &all.quantities, &of_each));
    for (element, places) in ELEMENTS.iter().zip(&all.to_the_cut) {
        for (at, moments) in places.iter().enumerate().filter(|(_, of)| of[0].count > 0) {
            let position = (FIRST + at as i64).to_string();
            let mut row = vec![element.name.to_owned(), position, moments[0].count.to_string()];
            row.extend(mean_and_interval(moments));
            table.row(&row);
        }
    }
    table.text()
}

/// A row for each element, other element and distance at which they occur.
pub fn to_another(all: &Pairs) -> String {
    let of_each = ["importance", "half_interval_95"];
    let plain = ["element", "other", "distance", "occurrences"];
    let mut table = Table::new(&columns(&plain, &all.quantities, &of_each));
    for (element, others) in ELEMENTS.iter().zip(&all.to_another) {
        for (other, distances) in ELEMENTS.iter().zip(others) {
            for (at, moments) in distances.iter().enumerate().filter(|(_, of)| of[0].count > 0) {
                let distance = (at as i64 - FARTHEST).to_string();
                let mut row = vec![element.name.to_owned(), other.name.to_owned(), distance];
                row.push(moments[0].count.to_string());
                row.extend(mean_and_interval(moments));
                table.row(&row);
            }
        }
    }
    table.text()
}

/// A row for each element and other element: the best distance, and without the other.
pub fn best(all: &Pairs) -> String {
    let of_each = [
        "best_distance",
        "importance_there_5nt",
        "occurrences_there_5nt",
        "importance_without_other",
        "occurrences_without_other",
    ];
    let mut table = Table::new(&columns(
        &["element", "other", "published_distance"],
        &all.quantities,
        &of_each,
    ));
    for (a, element) in ELEMENTS.iter().enumerate() {
        for (b, other) in ELEMENTS.iter().enumerate().filter(|(b, _)| *b != a) {
            let published = other.best - element.best;
            let mut row =
                vec![element.name.to_owned(), other.name.to_owned(), published.to_string()];
            for quantity in 0..all.quantities.len() {
                let best = all.best_distance(a, b, quantity);
                let without = all.without[a][b][quantity];
                row.extend([
                    or_dot(best.map(|best| best.at.to_string())),
                    or_dot(best.map(|best| number(best.mean))),
                    or_dot(best.map(|best| best.count.to_string())),
                    number_or_none(without.mean()),
                    without.count.to_string(),
                ]);
            }
            table.row(&row);
        }
    }
    table.text()
}

/// A row for each combination of elements.
pub fn combinations(all: &Pairs) -> String {
    let plain: Vec<&str> = ELEMENTS.iter().map(|element| element.name).collect();
    let plain = [&plain[..], &["sites", "expected", "log2_enrichment", "p_corrected"]].concat();
    let mut table = Table::new(&columns(&plain, &all.quantities, &["mean", "half_interval_95"]));
    for (combination, (expected, p)) in all.enrichment().into_iter().enumerate() {
        let has = |element: usize| (combination >> element & 1).to_string();
        let mut row: Vec<String> = (0..COUNT).map(has).collect();
        let count = all.combinations[combination][0].count;
        let ratio = (count > 0 && expected > 0.0).then(|| (count as f64 / expected).log2());
        row.extend([
            count.to_string(),
            number(expected),
            number_or_none(ratio),
            format!("{p:.3e}"),
        ]);
        row.extend(mean_and_interval(&all.combinations[combination]));
        table.row(&row);
    }
    table.text()
}

/// What each element contributes by its distance from the signal, a panel for each quantity.
pub fn distances_picture(all: &Pairs) -> Lines {
    let signal = ELEMENTS.iter().position(|element| element.name == "signal").unwrap_or(0);
    let curve = |element: usize, quantity: usize| {
        let distances = &all.to_another[element][signal];
        let points = (0..distances.len()).map(|at| {
            let near = &distances[at.saturating_sub(2)..(at + 3).min(distances.len())];
            let (count, sum) = near.iter().fold((0, 0.0), |(count, sum), of| {
                (count + of[quantity].count, sum + of[quantity].sum)
            });
            let y = if count >= FEWEST { sum / count as f64 } else { f64::NAN };
            // The other way round: of the element from the signal.
            LinesPoint { x: (FARTHEST - at as i64) as f64, y, half: 0.0 }
        });
        let name = ELEMENTS[element].name.to_owned();
        LinesCurve { name, points: points.collect(), joined: true }
    };
    let others = || (0..COUNT).filter(|&element| element != signal);
    let panel = |quantity: usize| LinesPanel {
        axis: format!("{}, log2 odds", all.quantities[quantity].name()),
        curves: others().map(|element| curve(element, quantity)).collect(),
    };
    Lines {
        title: "What elements contribute by their distance from the signal".to_owned(),
        subtitle: format!(
            "{} sites; mean over occurrences within 5 nt, {FEWEST} or more",
            all.sites
        ),
        axis: "nt from the signal's first base to the element's".to_owned(),
        panels: (0..all.quantities.len()).map(panel).collect(),
        names: Vec::new(),
    }
}

/// Pixels of a nucleotide, of the margin and of a row of the configuration.
const NT: f32 = 4.0;
const LEFT: f32 = 170.0;
const ROW: f32 = 44.0;
const TOP: f32 = 84.0;
const DARK: Colour = Colour(51, 51, 51);
const BOX: Colour = Colour(0, 114, 178);
const PALE: Colour = Colour(228, 228, 228);
const ORANGE: Colour = Colour(213, 94, 0);

/// The optimal configuration: where each element contributes most, beside its published place.
pub fn configuration(all: &Pairs, quantity: usize) -> Picture {
    let width = (LEFT + NT * POSITIONS as f32 + 60.0) as u32;
    let height = TOP + ROW * COUNT as f32 + 60.0;
    let name = all.quantities[quantity].name();
    let title = format!("Where elements work best: {name}");
    let mut picture = Picture { width, height: height as u32, title, items: Vec::new() };
    let heading = picture.title.clone();
    picture.text((LEFT, 32.0), Anchor::Start, 24.0, heading);
    let subtitle = format!(
        "{} sites; blue: best place, mean log2 odds per occurrence over 5 nt; orange: as published",
        all.sites
    );
    picture.text((LEFT, 56.0), Anchor::Start, 15.0, subtitle);
    let x = |at: i64| LEFT + NT * (at - FIRST) as f32;
    let bottom = TOP + ROW * COUNT as f32;
    picture.fill(PALE, [[x(0) - 1.0, TOP, NT, bottom - TOP]]);
    for (number, element) in ELEMENTS.iter().enumerate() {
        let y = TOP + ROW * number as f32;
        picture.text((LEFT - 12.0, y + 27.0), Anchor::End, 15.0, element.name);
        picture.fill(PALE, [[LEFT, y + 34.0, NT * POSITIONS as f32, 1.0]]);
        picture.fill(ORANGE, [[x(element.best), y + 30.0, NT * SIX as f32, 4.0]]);
        if let Some(Best { at, mean, .. }) = all.best_place(number, quantity) {
            picture.fill(BOX, [[x(at), y + 14.0, NT * SIX as f32, 14.0]]);
            let sign = if at > 0 { "+" } else { "" };
            let text = format!("{sign}{}: {}", label(at as f64), label(mean));
            picture.text((x(at) + NT * 7.0, y + 26.0), Anchor::Start, 13.0, text);
        }
    }
    for at in (FIRST..FIRST + POSITIONS as i64).filter(|at| at % 20 == 0) {
        picture.fill(DARK, [[x(at), bottom, 1.0, 6.0]]);
        let sign = if at > 0 { "+" } else { "" };
        let text = format!("{sign}{}", label(at as f64));
        picture.text((x(at), bottom + 22.0), Anchor::Middle, 14.0, text);
    }
    let axis =
        format!("nt from the site; a site has an element within {NEAR} nt of the published place");
    picture.text((LEFT + NT * POSITIONS as f32 / 2.0, bottom + 46.0), Anchor::Middle, 15.0, axis);
    picture
}
