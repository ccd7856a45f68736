//! Tables of importance, tab-separated, with a line of column names.

use std::fmt::Write as _;

use super::importance::{Best, Importance, InWindow, Place, distances, is_background, smoothed};
use super::models::Quantity;
use super::replace::{FIRST, POSITIONS};
use super::signals::Signals;
use crate::context::families::{Family, Hexamer};

/// What the columns of all tables mean, for their headers.
pub const REMARKS: [&str; 2] = [
    "position: nt from the site (the last nucleotide before the cut) to the first base of the hexamer, in transcript direction",
    "importance: log2 odds of the sequence less the median with the hexamer replaced by random ones; of classification, or of usage (strength)",
];

/// A table as it grows: cells, then the end of the row.
pub struct Table(String);

impl Table {
    /// Starts with the names of the columns.
    pub fn new(columns: &[String]) -> Self {
        Self(format!("#{}\n", columns.join("\t")))
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[String]) {
        self.0.push_str(&cells.join("\t"));
        self.0.push('\n');
    }

    /// Returns the text.
    pub fn text(self) -> String {
        self.0
    }
}

/// Returns names of columns: plain ones, then those of each quantity.
pub fn columns(plain: &[&str], quantities: &[Quantity], of_each: &[&str]) -> Vec<String> {
    let plain = plain.iter().map(|&name| name.to_owned());
    let of_each = quantities
        .iter()
        .flat_map(|quantity| of_each.iter().map(move |name| format!("{}_{name}", quantity.name())));
    plain.chain(of_each).collect()
}

/// Returns a number with four decimals, never a negative zero.
pub fn number(value: f64) -> String {
    let text = format!("{value:.4}");
    if text == "-0.0000" { "0.0000".to_owned() } else { text }
}

/// Returns a number, or `.` of none.
pub fn number_or_none(value: Option<f64>) -> String {
    value.map_or_else(|| ".".to_owned(), number)
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

/// Returns the names of a hexamer's families, `.` of none.
pub fn families_of(hexamer: Hexamer) -> String {
    let names: Vec<&str> = hexamer.families().map(Family::name).collect();
    if names.is_empty() { ".".to_owned() } else { names.join(",") }
}

/// A row for each hexamer at each place where it occurs.
pub fn places(all: &Importance) -> String {
    let of_each = ["importance_sum", "importance_per_site", "above_limit"];
    let plain = ["hexamer", "family", "position", "occurrences"];
    let mut text = format!("#{}\n", columns(&plain, &all.quantities, &of_each).join("\t"));
    let quantities = 0..all.quantities.len();
    let limits: Vec<f64> = quantities.clone().map(|q| all.limit_of_places(q)).collect();
    let sites = all.sites.max(1) as f64;
    for hexamer in Hexamer::all() {
        let family = families_of(hexamer);
        for at in (0..POSITIONS).filter(|&at| all.occurrences(at, hexamer) > 0) {
            let (position, n) = (FIRST + at as i64, all.occurrences(at, hexamer));
            // Hundreds of thousands of rows.
            let _ = write!(text, "{hexamer}\t{family}\t{position}\t{n}");
            for quantity in quantities.clone() {
                let sum = all.sum(quantity, at, hexamer);
                let above = yes_or_no(sum > limits[quantity]);
                let _ = write!(text, "\t{}\t{:.6}\t{above}", number(sum), sum / sites);
            }
            text.push('\n');
        }
    }
    text
}

/// A row for each hexamer in each window of 40 nt where it occurs.
pub fn windows(all: &Importance, cells: &[InWindow]) -> String {
    let of_each = [
        "importance_sum",
        "importance_per_site",
        "importance_per_occurrence",
        "p_corrected",
        "stands_out",
    ];
    let plain = ["hexamer", "family", "from", "to", "background", "occurrences", "sites_with_it"];
    let mut table = Table::new(&columns(&plain, &all.quantities, &of_each));
    let sites = all.sites.max(1) as f64;
    for cell in cells {
        let range = distances(cell.window);
        let mut row = vec![
            cell.hexamer.to_string(),
            families_of(cell.hexamer),
            range.start.to_string(),
            (range.end - 1).to_string(),
            yes_or_no(is_background(cell.window)),
            cell.occurrences.to_string(),
            cell.figures.first().map_or(0, |figures| figures.sites.count).to_string(),
        ];
        for figures in &cell.figures {
            let sum = figures.sites.sum;
            row.extend([
                number(sum),
                format!("{:.6}", sum / sites),
                number(sum / f64::from(cell.occurrences)),
                figures.p.map_or_else(|| ".".to_owned(), |p| format!("{p:.3e}")),
                yes_or_no(figures.stands_out),
            ]);
        }
        table.row(&row);
    }
    table.text()
}

/// A row for each family at each place.
pub fn families(all: &Importance) -> String {
    let of_each = ["importance_sum", "importance_per_site", "importance_per_site_5nt"];
    let plain = ["family", "position", "occurrences"];
    let mut table = Table::new(&columns(&plain, &all.quantities, &of_each));
    let sites = all.sites.max(1) as f64;
    for family in Family::ALL {
        let profiles: Vec<Vec<Place>> =
            (0..all.quantities.len()).map(|quantity| all.of_family(quantity, family)).collect();
        let smooth: Vec<_> = profiles.iter().map(|profile| smoothed(profile)).collect();
        for at in 0..POSITIONS {
            let occurrences = profiles.first().map_or(0, |profile| profile[at].occurrences);
            let mut row = vec![
                family.name().to_owned(),
                (FIRST + at as i64).to_string(),
                occurrences.to_string(),
            ];
            for (profile, smooth) in profiles.iter().zip(&smooth) {
                let (sum, mean) = (profile[at].sum, smooth[at].sum);
                row.extend([
                    number(sum),
                    format!("{:.6}", sum / sites),
                    format!("{:.6}", mean / sites),
                ]);
            }
            table.row(&row);
        }
    }
    table.text()
}

/// A row for each element: where it contributes most, beside the published place.
pub fn elements(all: &Importance) -> String {
    let of_each = [
        "best_per_site",
        "importance_per_site_5nt",
        "best_per_occurrence",
        "importance_per_occurrence_5nt",
    ];
    let mut table = Table::new(&columns(&["element", "published_best"], &all.quantities, &of_each));
    let best: Vec<_> =
        (0..all.quantities.len()).map(|quantity| all.best_places(quantity)).collect();
    let place =
        |best: Option<Best>| best.map_or_else(|| ".".to_owned(), |best| best.at.to_string());
    let value = |best: Option<Best>| {
        best.map_or_else(|| ".".to_owned(), |best| format!("{:.6}", best.value))
    };
    for number in 0..best.first().map_or(0, Vec::len) {
        let element = best[0][number].0;
        let mut row = vec![element.name.to_owned(), element.best.to_string()];
        for of_quantity in &best {
            let (_, per_site, per_occurrence) = of_quantity[number];
            row.extend([
                place(per_site),
                value(per_site),
                place(per_occurrence),
                value(per_occurrence),
            ]);
        }
        table.row(&row);
    }
    table.text()
}

/// A row for each signal: the change when it stands in place of AATAAA.
pub fn signals(signals: &Signals) -> String {
    let of_each = ["change", "change_half_interval_95"];
    let mut table = Table::new(&columns(&["signal", "sites"], &signals.quantities, &of_each));
    for (signal, moments) in &signals.changes {
        let mut row = vec![signal.to_string(), signals.sites.to_string()];
        for moments in moments {
            row.push(number_or_none(moments.mean()));
            row.push(number_or_none(moments.half_interval()));
        }
        table.row(&row);
    }
    table.text()
}
