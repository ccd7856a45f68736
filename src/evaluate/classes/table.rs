//! The table of what a model says of each sequence.

use std::fmt::Write as _;

use super::judge::{Account, Said};
use super::labels::Labels;
use crate::text::printable;

/// Returns a row for each sequence: file, name, its value in the column asked for (if one was), its
/// classes, the outputs and the classes that they tell.
pub fn predictions(
    all: &[Said],
    accounts: &[Account],
    outputs: &[&str],
    by: Option<&str>,
    labels: Labels,
) -> String {
    let own = ["file", "name"].into_iter().chain(by).chain(["classes"]);
    let header: Vec<&str> = own.chain(outputs.iter().copied()).chain(["predicted"]).collect();
    let mut text = format!("#{}\n", header.join("\t"));
    let cell = |text: &str| printable(text).replace('\t', " ");
    for said in all {
        let file = accounts.get(said.file).map_or("", |account| account.file.as_str());
        // Writing to a String cannot fail.
        let _ = write!(text, "{}\t{}", cell(file), cell(&said.name));
        if by.is_some() {
            let _ = write!(text, "\t{}", cell(&said.group));
        }
        let _ = write!(text, "\t{}", labels.text(&said.classes));
        said.values.iter().for_each(|value| {
            let _ = write!(text, "\t{value}");
        });
        let _ = writeln!(text, "\t{}", labels.text(&labels.of(&said.values)));
    }
    text
}
