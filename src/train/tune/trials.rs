//! The table of a search's trials, which also is what an interrupted search goes on from.

use std::fmt::Write as _;

use toml::Value;

use crate::error::Problem;
use crate::train::fit::Fitted;
use crate::train::log::Figure;

/// A trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// As TOML, in the order of the keys.
    values: Vec<String>,
    /// The best epoch, its merit and figures; `None` where training failed.
    outcome: Option<Outcome>,
}

#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    kept_epoch: usize,
    merit: f64,
    figures: Vec<Figure>,
}

impl Trial {
    /// Returns a trial with what it set and what training gave.
    pub fn new(drawn: &[(&str, Value)], fitted: Option<&Fitted>) -> Self {
        Self {
            values: values(drawn),
            outcome: fitted.map(|fitted| Outcome {
                kept_epoch: fitted.kept_epoch,
                merit: fitted.best.merit,
                figures: fitted.best.figures.clone(),
            }),
        }
    }

    /// Returns the merit, where training did not fail.
    pub fn merit(&self) -> Option<f64> {
        self.outcome.as_ref().map(|outcome| outcome.merit)
    }

    /// Returns whether it set these values.
    pub fn is_of(&self, drawn: &[(&str, Value)]) -> bool {
        self.values == values(drawn)
    }
}

fn values(drawn: &[(&str, Value)]) -> Vec<String> {
    drawn.iter().map(|(_, value)| value.to_string()).collect()
}

/// All trials of a search, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Trials {
    /// What the search is: its results are only continued by the same.
    search: String,
    keys: Vec<String>,
    pub all: Vec<Trial>,
}

/// Columns after the trial's values.
const OUTCOME: [&str; 2] = ["kept_epoch", "merit"];
const NONE: &str = "NA";

impl Trials {
    /// No trial yet of a search, described in one line, over these keys.
    pub fn new<'a>(search: String, keys: impl Iterator<Item = &'a str>) -> Self {
        Self { search, keys: keys.map(str::to_owned).collect(), all: Vec::new() }
    }

    /// Returns the place of the best trial, of equal ones the first.
    pub fn best(&self) -> Option<usize> {
        let merits =
            self.all.iter().enumerate().filter_map(|(at, trial)| Some((at, trial.merit()?)));
        let better =
            |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
        merits.reduce(better).map(|(at, _)| at)
    }

    /// Returns the table.
    pub fn table(&self) -> String {
        let figures: Vec<&str> = self
            .all
            .iter()
            .find_map(|trial| trial.outcome.as_ref())
            .map(|outcome| outcome.figures.iter().map(|(name, _)| name.as_str()).collect())
            .unwrap_or_default();
        let keys = self.keys.iter().map(String::as_str);
        let header: Vec<&str> =
            ["trial"].into_iter().chain(keys).chain(OUTCOME).chain(figures.clone()).collect();
        let mut text = format!("# {}\n{}\n", self.search, header.join("\t"));
        for (at, trial) in self.all.iter().enumerate() {
            let outcome: Vec<String> = match &trial.outcome {
                None => vec![NONE.to_owned(); OUTCOME.len() + figures.len()],
                Some(outcome) => {
                    let own = [outcome.kept_epoch.to_string(), outcome.merit.to_string()];
                    let figures = outcome.figures.iter();
                    let shown = |value: &Option<f64>| value.map_or(NONE.into(), |v| v.to_string());
                    own.into_iter().chain(figures.map(|(_, value)| shown(value))).collect()
                }
            };
            // Writing to a String cannot fail.
            let values = trial.values.join("\t");
            let _ = writeln!(text, "{}\t{values}\t{}", at + 1, outcome.join("\t"));
        }
        text
    }

    /// Reads the trials of a table.
    ///
    /// # Errors
    /// If it is damaged or of another search.
    pub fn read(&mut self, text: &str) -> Result<(), Problem> {
        let mut lines = text.lines();
        if lines.next() != Some(format!("# {}", self.search).as_str()) {
            let problem = "the table is of another search (task, configuration or seed)";
            return Err(
                format!("{problem}; delete it, or leave --resume out, to begin anew").into()
            );
        }
        let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
        let first = 1 + self.keys.len();
        let figures = header.get(first + OUTCOME.len()..).ok_or("line 2: columns are missing")?;
        for (at, line) in lines.enumerate() {
            let damaged = || Problem::from(format!("line {}: not as it was written", at + 3));
            let cells: Vec<&str> = line.split('\t').collect();
            if cells.len() != header.len() || cells[0] != (at + 1).to_string() {
                return Err(damaged());
            }
            let values = cells[1..first].iter().map(|cell| (*cell).to_owned()).collect();
            let (own, told) = cells[first..].split_at(OUTCOME.len());
            let outcome = match own {
                [NONE, _] => None,
                _ => {
                    let number = |cell: &str| cell.parse::<f64>().map_err(|_| damaged());
                    let figure = |(name, cell): (&&str, &&str)| match *cell {
                        NONE => Ok(((*name).to_owned(), None)),
                        cell => Ok(((*name).to_owned(), Some(number(cell)?))),
                    };
                    Some(Outcome {
                        kept_epoch: own[0].parse().map_err(|_| damaged())?,
                        merit: number(own[1])?,
                        figures: figures
                            .iter()
                            .zip(told)
                            .map(figure)
                            .collect::<Result<_, Problem>>()?,
                    })
                }
            };
            self.all.push(Trial { values, outcome });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(value: &str, merit: Option<f64>) -> Trial {
        let figures = vec![("loss".to_owned(), Some(0.1 + 0.2)), ("auroc".to_owned(), None)];
        let outcome = merit.map(|merit| Outcome { kept_epoch: 2, merit, figures });
        Trial { values: vec![value.to_owned(), "\"x\"".to_owned()], outcome }
    }

    fn empty() -> Trials {
        Trials::new("tune x, seed 1".into(), ["a.b", "c"].into_iter())
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let mut trials = empty();
        for all in [
            vec![],
            vec![trial("1", None)],
            vec![trial("1", None), trial("0.5", Some(-1.0 / 3.0)), trial("2", Some(-0.5))],
        ] {
            trials.all = all;
            let mut read = empty();
            read.read(&trials.table()).unwrap();
            assert_eq!(read, trials);
        }
        assert_eq!(trials.best(), Some(1));
        let header = trials.table().lines().nth(1).unwrap().to_owned();
        assert_eq!(header, "trial\ta.b\tc\tkept_epoch\tmerit\tloss\tauroc");
    }

    #[test]
    fn of_equal_trials_the_first_is_the_best() {
        let mut trials = empty();
        assert_eq!(trials.best(), None);
        trials.all = [None, Some(-1.0), Some(-0.5), Some(-0.5)].map(|m| trial("1", m)).to_vec();
        assert_eq!(trials.best(), Some(2));
    }

    #[test]
    fn tables_of_another_search_and_damaged_ones_are_refused() {
        let mut trials = empty();
        trials.all = vec![trial("1", Some(-1.0)), trial("2", Some(-2.0))];
        let table = trials.table();
        for (from, to, told) in [
            ("seed 1", "seed 2", "another search"),
            ("\tloss", "", "line 3"),
            ("-2", "two", "line 4"),
            ("\n1\t", "\n3\t", "line 3"),
        ] {
            let said = empty().read(&table.replacen(from, to, 1)).unwrap_err();
            assert!(said.contains(told), "{from}: {said}");
        }
    }
}
