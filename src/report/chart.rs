//! Charts and tables as data: what the page shows, without how.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::counts::Histogram;

/// A chart.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Chart {
    /// Counts by name, divided into series.
    Bars { title: String, help: String, series: Vec<String>, rows: Vec<Bar> },
    /// Counts between edges.
    Histogram { title: String, help: String, axis: String, log: bool, histogram: Bins },
    /// By name: how many values, and where most of them lie.
    Ranges { title: String, help: String, axis: String, rows: Vec<Span> },
    /// The same along an axis.
    Band { title: String, help: String, axis: String, value: String, rows: Vec<Span> },
}

/// Counts of one name, one for each series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    pub label: String,
    pub counts: Vec<u64>,
}

/// A histogram, its edges rounded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bins {
    edges: Vec<f64>,
    counts: Vec<u64>,
}

impl From<&Histogram> for Bins {
    fn from(histogram: &Histogram) -> Self {
        let edges = histogram.edges.iter().map(|edge| significant(*edge)).collect();
        Self { edges, counts: histogram.counts.clone() }
    }
}

/// Values of one name, or between `at` and the next: 10 %, half and 90 % of them lie below.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
    pub label: String,
    pub at: f64,
    pub n: u64,
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Span {
    /// Summarises values; `None` if there are none.
    pub fn of(label: String, at: f64, values: &Histogram) -> Option<Self> {
        let quantile = |share: f64| values.quantile(share).map(|value| rounded(value, 3));
        let (low, median, high) = (quantile(0.1)?, quantile(0.5)?, quantile(0.9)?);
        Some(Self { label, at, n: values.total(), low, median, high })
    }
}

/// How a column is shown and searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Text,
    /// Of few different values, to choose from.
    Category,
    Number,
    /// A place on the genome, which can be looked up in a locus that is drawn.
    Place,
}

/// A column and its cells.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    /// Digits after the point.
    digits: usize,
    cells: Value,
}

/// A table.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// Its name in links.
    id: String,
    title: String,
    /// How many rows there are in all, and which of them these are.
    total: u64,
    shown: usize,
    best: String,
    columns: Vec<Column>,
}

impl Table {
    /// Starts a table of `shown` of `total` rows, the best by `best`.
    pub fn new(id: &str, title: &str, total: u64, shown: usize, best: &str) -> Self {
        let (id, title, best) = (id.to_owned(), title.to_owned(), best.to_owned());
        Self { id, title, total, shown, best, columns: Vec::new() }
    }

    /// Returns what is to be said of it if it does not have all rows.
    pub fn cut(&self) -> Option<String> {
        let (shown, total, title) = (self.shown, self.total, self.title.to_lowercase());
        let cut = (shown as u64) < total;
        cut.then(|| format!("the best {shown} of {total} {title} are in their table (--rows)"))
    }

    /// Adds a column of text.
    pub fn text(&mut self, name: &'static str, help: &'static str, cells: Vec<Option<String>>) {
        self.add(name, help, Kind::Text, 0, json!(cells));
    }

    /// Adds a column of places, `contig:position:strand` or the like.
    pub fn place(&mut self, name: &'static str, help: &'static str, cells: Vec<Option<String>>) {
        self.add(name, help, Kind::Place, 0, json!(cells));
    }

    /// Adds a column of numbers, rounded; one that has none is left out.
    pub fn number(
        &mut self,
        name: &'static str,
        help: &'static str,
        digits: usize,
        cells: Vec<Option<f64>>,
    ) {
        if cells.iter().all(Option::is_none) {
            return;
        }
        let cells: Vec<Value> =
            cells.into_iter().map(|cell| cell.map_or(Value::Null, |n| short(n, digits))).collect();
        self.add(name, help, Kind::Number, digits, json!(cells));
    }

    /// Adds a column of few different values, kept by their numbers; one that has none is left out.
    pub fn category(&mut self, name: &'static str, help: &'static str, cells: &[Option<String>]) {
        if cells.iter().all(Option::is_none) {
            return;
        }
        let mut levels: Vec<&str> = cells.iter().flatten().map(String::as_str).collect();
        levels.sort_unstable();
        levels.dedup();
        let numbers: HashMap<&str, usize> =
            levels.iter().enumerate().map(|(at, level)| (*level, at)).collect();
        let codes = cells.iter().map(|cell| cell.as_ref().map(|level| numbers[level.as_str()]));
        let codes: Vec<Option<usize>> = codes.collect();
        self.add(name, help, Kind::Category, 0, json!({ "levels": levels, "codes": codes }));
    }

    fn add(
        &mut self,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        digits: usize,
        cells: Value,
    ) {
        self.columns.push(Column { name, help, kind, digits, cells });
    }
}

/// Returns a number as JSON with this many digits after the point, whole ones without a point.
fn short(value: f64, digits: usize) -> Value {
    let value = rounded(value, digits);
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

/// Rounds to so many digits after the point; never to -0.
pub fn rounded(value: f64, digits: usize) -> f64 {
    let scale = 10_f64.powi(digits as i32);
    (value * scale).round() / scale + 0.0
}

/// Rounds to six significant digits.
fn significant(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_hold_short_numbers_and_numbered_categories() {
        let mut table = Table::new("t", "T", 9, 3, "posterior");
        table.number("p", "", 3, vec![Some(0.123_456), None, Some(2.0)]);
        table.number("absent", "", 3, vec![None, None, None]);
        let text = |text: &str| Some(text.to_owned());
        table.category("class", "", &[text("b"), None, text("a")]);
        let json = serde_json::to_value(&table).unwrap();
        assert_eq!(json["columns"][0]["cells"], json!([0.123, null, 2]));
        assert_eq!(json["columns"][1]["cells"]["levels"], json!(["a", "b"]));
        assert_eq!(json["columns"][1]["cells"]["codes"], json!([1, null, 0]));
        assert_eq!(json["columns"].as_array().unwrap().len(), 2);
        assert_eq!(rounded(-0.000_1, 2).to_string(), "0");
    }
}
