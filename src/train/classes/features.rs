//! What a configuration leaves open of its features, from the examples: means and deviations of
//! numbers, names of categories.

use std::collections::BTreeSet;

use super::config::{ClassTraining, ExampleFile, ExampleFiles};
use crate::error::{Error, Problem, Result};
use crate::genome::compression::Source;
use crate::models::features::{Rows, number};
use crate::train::networks::NetworkConfig;
use crate::train::networks::pysster::FeatureColumn;
use crate::train::recipe::Configuration;

/// Completes the features of a configuration's network, over all its files.
///
/// # Errors
/// Files that cannot be read, values that are no numbers, numbers that do not vary.
pub fn complete(config: &mut ClassTraining) -> Result<()> {
    let NetworkConfig::Pysster(network) = &config.network else { return Ok(()) };
    if !network.features.iter().any(FeatureColumn::is_open) {
        return Ok(());
    }
    let mut columns = network.features.clone();
    let mut seen: Vec<Seen> = columns.iter().map(|_| Seen::default()).collect();
    for file in config.files() {
        let ExampleFile::With(ExampleFiles { features: Some(path), .. }) = file else { continue };
        let source = Source::open(&config.file(&path))?;
        let mut rows = Rows::open(&source, columns.iter().map(|column| column.name.as_str()))?;
        while let Some(cells) = rows.next_row()? {
            for ((seen, column), cell) in seen.iter_mut().zip(&columns).zip(&cells) {
                seen.add(column, cell).map_err(|problem| rows.wrong(problem))?;
            }
        }
    }
    for (column, seen) in columns.iter_mut().zip(seen).filter(|(column, _)| column.is_open()) {
        seen.complete(column).map_err(|problem| Error::model(&config.model.name, problem))?;
    }
    if let NetworkConfig::Pysster(network) = &mut config.network {
        network.features = columns;
    }
    Ok(())
}

/// Values of a column.
#[derive(Default)]
struct Seen {
    names: BTreeSet<String>,
    count: f64,
    sum: f64,
    squares: f64,
}

impl Seen {
    fn add(&mut self, column: &FeatureColumn, cell: &str) -> std::result::Result<(), Problem> {
        if column.categorical {
            self.names.insert(cell.to_owned());
        } else {
            let no_number = || format!("{}: {cell:?} is no number", column.name);
            let value = number(cell).ok_or_else(no_number)?;
            self.count += 1.0;
            self.sum += value;
            self.squares += value * value;
        }
        Ok(())
    }

    /// Says what is open: the deviation over all examples (n), as pysster has it.
    fn complete(self, column: &mut FeatureColumn) -> std::result::Result<(), Problem> {
        let wrong = |problem: &str| Err(format!("feature {:?}: {problem}", column.name).into());
        if column.categorical {
            if self.names.is_empty() {
                return wrong("no file of features has a value of it");
            }
            column.categories = self.names.into_iter().collect();
        } else {
            let mean = self.sum / self.count;
            let deviation = (self.squares / self.count - mean * mean).max(0.0).sqrt();
            if deviation.is_nan() || deviation <= 0.0 {
                return wrong("its values do not vary: leave standardize out");
            }
            column.standard = Some([mean, deviation]);
        }
        column.feature().check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_deviations_and_names_are_those_of_all_examples() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in
            [("a.tsv", "x\tregion\n1\tutr\n3\tcds\n"), ("b.tsv", "5\tutr\n7\texon\n")]
        {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let text = format!(
            "[model]\nname = \"x\"\ndescription = \"\"\nseed = 1\ndata = {:?}\n\
             [network]\narchitecture = \"pysster\"\nlength = 40\nclasses = 2\n\
             features = [{{ name = \"x\", standardize = true }}, \
             {{ name = \"region\", categorical = true }}]\n\
             [optimiser]\nepochs = 1\nbatch = 1\nlearning_rate = 1\n[data]\n\
             positives = [{{ sequences = \"a\", features = \"a.tsv\" }}]\n\
             negatives = [{{ sequences = \"b\", features = \"b.tsv\" }}]\n",
            folder.path()
        );
        let mut config: ClassTraining = toml::from_str(&text).unwrap();
        complete(&mut config).unwrap();
        let NetworkConfig::Pysster(network) = &config.network else { panic!() };
        assert_eq!(network.features[0].standard, Some([4.0, 5f64.sqrt()]));
        assert_eq!(network.features[1].categories, ["cds", "exon", "utr"]);
        let done = config.network.clone();
        complete(&mut config).unwrap();
        assert_eq!(config.network, done);
        std::fs::write(folder.path().join("b.tsv"), "x\tutr\n").unwrap();
        let mut config: ClassTraining = toml::from_str(&text).unwrap();
        let said = complete(&mut config).unwrap_err().to_string();
        assert!(said.contains("b.tsv, line 1: x: \"x\" is no number"), "{said}");
    }
}
