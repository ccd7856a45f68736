//! Tables with a line of column names, as tests read them.

use std::collections::HashMap;
use std::io::Read as _;

use rust_htslib::bgzf;

/// A row by the names of its columns.
pub type Row = HashMap<String, String>;

/// Reads a table, plain or BGZF.
pub fn rows(path: &str) -> Vec<Row> {
    let mut text = String::new();
    bgzf::Reader::from_path(path).unwrap().read_to_string(&mut text).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with("##"));
    let names: Vec<&str> = lines.next().unwrap().trim_start_matches('#').split('\t').collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), names.len(), "{line}");
        let cells = cells.into_iter().map(str::to_owned);
        names.iter().map(|name| (*name).to_owned()).zip(cells).collect()
    };
    lines.map(row).collect()
}

/// Returns a cell as a number.
pub fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} {row:?}"))
}
