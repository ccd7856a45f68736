//! Numbers and categories that go with a sequence, beside its letters: handcrafted features.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Problem, Result};
use crate::genome::compression::Source;
use crate::genome::text_lines::TextLines;

/// The most categories of a feature, as pysster has it.
const MOST_CATEGORIES: usize = 256;

/// What a column of a file of features holds, and how it becomes numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// As a header calls it.
    pub name: String,
    /// Its values, where these are no numbers: each has a number of its own, which is 1 for this
    /// value and 0 for any other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// What is taken off a number, and what the rest is divided by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<[f64; 2]>,
}

impl Feature {
    /// Returns how many numbers it makes.
    pub fn width(&self) -> usize {
        self.categories.len().max(1)
    }

    /// Checks that it can be computed.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn check(&self) -> std::result::Result<(), Problem> {
        let wrong = |problem: &str| Err(format!("feature {:?}: {problem}", self.name).into());
        let twice = |(at, value): (usize, &String)| self.categories[..at].contains(value);
        match self.standard {
            _ if self.name.is_empty() => wrong("a name is needed"),
            _ if self.categories.len() > MOST_CATEGORIES => wrong("more than 256 categories"),
            _ if self.categories.iter().enumerate().any(twice) => wrong("a category occurs twice"),
            Some(_) if !self.categories.is_empty() => wrong("categories have no mean"),
            Some([mean, by]) if !(mean.is_finite() && by.is_finite() && by > 0.0) => {
                wrong("the mean must be a number and the deviation above 0")
            }
            _ => Ok(()),
        }
    }

    /// Appends the numbers of a value as it stands in a file.
    fn encode(&self, text: &str, numbers: &mut Vec<f32>) -> std::result::Result<(), Problem> {
        if !self.categories.is_empty() {
            let Some(place) = self.categories.iter().position(|category| category == text) else {
                let known = self.categories.join(", ");
                return Err(format!("{}: {text:?} is none of {known}", self.name).into());
            };
            let first = numbers.len();
            numbers.resize(first + self.categories.len(), 0.0);
            numbers[first + place] = 1.0;
            return Ok(());
        }
        let value = number(text).ok_or_else(|| format!("{}: {text:?} is no number", self.name))?;
        let value = self.standard.map_or(value, |[mean, deviation]| (value - mean) / deviation);
        numbers.push(value as f32);
        Ok(())
    }
}

/// Returns a finite number.
pub fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Returns how many numbers features make.
pub fn width(features: &[Feature]) -> usize {
    features.iter().map(Feature::width).sum()
}

/// The lines of a file of features: tab-separated, a column for each feature; a first line of their
/// names is passed over.
pub struct Rows {
    source: Source,
    lines: TextLines,
    columns: usize,
    number: usize,
    /// The first line, where it is no header.
    pending: Option<String>,
}

impl Rows {
    /// Opens a file with columns of these names.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open<'a>(source: &Source, names: impl Iterator<Item = &'a str>) -> Result<Self> {
        let source = source.clone();
        let names: Vec<&str> = names.collect();
        let lines = TextLines::new(&source);
        let mut rows = Self { source, lines, columns: names.len(), number: 0, pending: None };
        let first = rows.line()?;
        rows.pending = first.filter(|line| line.split('\t').map(str::trim).ne(names));
        rows.number -= usize::from(rows.pending.is_some());
        Ok(rows)
    }

    fn line(&mut self) -> Result<Option<String>> {
        self.number += 1;
        match self.pending.take() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next_text(),
        }
    }

    /// Returns the cells of the next line.
    ///
    /// # Errors
    /// If it has another number of columns, or there is none.
    pub fn next_row(&mut self) -> Result<Option<Vec<String>>> {
        let Some(line) = self.line()? else { return Ok(None) };
        let cells: Vec<String> = line.split('\t').map(|cell| cell.trim().to_owned()).collect();
        if cells.len() != self.columns {
            let (found, wanted) = (cells.len(), self.columns);
            return Err(self.wrong(format!("{found} columns; the model has {wanted} features")));
        }
        Ok(Some(cells))
    }

    /// Returns the numbers of the next sequence.
    ///
    /// # Errors
    /// If there is no line for it, or a cell is wrong.
    pub fn numbers(&mut self, features: &[Feature]) -> Result<Vec<f32>> {
        let Some(cells) = self.next_row()? else {
            let problem = "the file ends before the sequences: a line for each is needed";
            return Err(self.wrong(problem.to_owned()));
        };
        let mut numbers = Vec::with_capacity(width(features));
        for (feature, cell) in features.iter().zip(&cells) {
            feature.encode(cell, &mut numbers).map_err(|problem| self.wrong(problem))?;
        }
        Ok(numbers)
    }

    /// Checks that no line is left.
    ///
    /// # Errors
    /// If one is.
    pub fn finish(mut self) -> Result<()> {
        while let Some(line) = self.line()? {
            if !line.trim().is_empty() {
                let problem = "more lines than sequences: they do not belong together";
                return Err(self.wrong(problem.to_owned()));
            }
        }
        Ok(())
    }

    /// Returns the error that names the last line.
    pub fn wrong(&self, problem: impl Into<String>) -> Error {
        Error::input(self.source.path(), format!("line {}", self.number), problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Vec<Feature> {
        let number =
            |name: &str, standard| Feature { name: name.into(), standard, ..Feature::default() };
        let categories = vec!["cds".to_owned(), "utr".to_owned()];
        vec![
            number("conservation", None),
            Feature { name: "region".into(), categories, standard: None },
            number("place", Some([10.0, 2.0])),
        ]
    }

    fn rows(text: &str) -> Result<Vec<Vec<f32>>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let features = features();
        let mut rows =
            Rows::open(&Source::open(file.path())?, features.iter().map(|f| f.name.as_str()))?;
        let read = (0..2).map(|_| rows.numbers(&features)).collect::<Result<_>>()?;
        rows.finish().map(|()| read)
    }

    #[test]
    fn numbers_categories_and_standardised_numbers_stand_side_by_side() {
        let lines = "0.5\tutr\t14\n-1\tcds\t10\n";
        let expected = [vec![0.5, 0.0, 1.0, 2.0], vec![-1.0, 1.0, 0.0, 0.0]];
        assert_eq!(rows(lines).unwrap(), expected);
        let headed = format!("conservation\tregion\tplace\n{lines}\n");
        assert_eq!(rows(&headed).unwrap(), expected);
        assert_eq!(width(&features()), 4);
    }

    #[test]
    fn what_does_not_fit_is_named_by_line_and_feature() {
        for (text, told) in [
            ("0.5\tutr\t14\n", "line 2: the file ends"),
            ("0.5\tutr\n1\tcds\t1\n", "line 1: 2 columns"),
            ("1\tutr\t1\nx\tcds\t1\n", "line 2: conservation: \"x\" is no number"),
            ("1\tutr\t1\n1\trna\t1\n", "line 2: region: \"rna\" is none of cds, utr"),
            ("1\tutr\tinf\n1\tcds\t1\n", "line 1: place: \"inf\""),
            ("1\tutr\t1\n1\tcds\t1\n1\tcds\t1\n", "line 3: more lines"),
        ] {
            let said = rows(text).unwrap_err().to_string();
            assert!(said.contains(told), "{text:?}: {said}");
        }
    }
}
