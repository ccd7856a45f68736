//! Random search (Bergstra & Bengio 2012) and grid search: what a trial may set, and what it does.

pub mod trials;

use std::collections::BTreeMap;

use crate::error::Problem;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use toml::{Table, Value};

/// Where a value is drawn from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Range {
    /// Its logarithm is uniform.
    Log([f64; 2]),
    Uniform([f64; 2]),
    /// Nearer to the upper end: the lower end and the square root of a uniform share of the range.
    Sqrt([f64; 2]),
    /// Both ends included.
    Integer([i64; 2]),
    Choice(Vec<Value>),
}

impl Range {
    fn check(&self) -> Result<(), Problem> {
        let is_empty = match self {
            Self::Log([low, _]) if *low <= 0.0 => return Err("log takes values above 0".into()),
            Self::Log([low, high]) | Self::Uniform([low, high]) | Self::Sqrt([low, high]) => {
                !(low < high && high.is_finite() && low.is_finite())
            }
            Self::Integer([low, high]) => low >= high,
            Self::Choice(values) => values.is_empty(),
        };
        if is_empty { Err("nothing to choose from: [lowest, highest]".into()) } else { Ok(()) }
    }

    /// Returns how many values it has, if these can be counted.
    fn count(&self) -> Option<usize> {
        match self {
            Self::Choice(values) => Some(values.len()),
            Self::Integer([low, high]) => usize::try_from(high - low).ok()?.checked_add(1),
            Self::Log(_) | Self::Uniform(_) | Self::Sqrt(_) => None,
        }
    }

    /// Returns value `at` of those that can be counted, else the lowest.
    fn value(&self, at: usize) -> Value {
        match self {
            Self::Choice(values) => values[at].clone(),
            Self::Integer([low, _]) => Value::Integer(low + at as i64),
            Self::Log([low, _]) | Self::Uniform([low, _]) | Self::Sqrt([low, _]) => {
                Value::Float(*low)
            }
        }
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> Value {
        let between = |low: f64, high: f64, at: f64| low + (high - low) * at;
        match self {
            Self::Log([low, high]) => {
                let value = between(low.ln(), high.ln(), rng.random()).exp();
                Value::Float(short(value).clamp(*low, *high))
            }
            Self::Uniform([low, high]) => {
                Value::Float(short(between(*low, *high, rng.random())).clamp(*low, *high))
            }
            Self::Sqrt([low, high]) => {
                let value = between(*low, *high, rng.random::<f64>().sqrt());
                Value::Float(short(value).clamp(*low, *high))
            }
            Self::Integer([low, high]) => Value::Integer(rng.random_range(*low..=*high)),
            Self::Choice(values) => values[rng.random_range(0..values.len())].clone(),
        }
    }
}

/// Rounds to four digits, so that people can read and write it.
fn short(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// The table `[tune]`: ranges by the dotted key of what they set, and how they are searched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Space {
    ranges: BTreeMap<String, Range>,
    /// Whether all combinations are tried, instead of random ones.
    is_grid: bool,
}

/// The most trials of a grid.
const MOST_TRIALS: usize = 100_000;

impl Space {
    /// Takes the table out of a configuration.
    ///
    /// # Errors
    /// If it is missing or an entry is no range.
    pub fn take(config: &mut Value) -> Result<Self, Problem> {
        let table = config.as_table_mut().and_then(|config| config.remove("tune"));
        let mut space = Self::default();
        if let Some(Value::Table(mut table)) = table {
            space.is_grid = match table.remove("search") {
                None => false,
                Some(Value::String(text)) if text == "random" => false,
                Some(Value::String(text)) if text == "grid" => true,
                Some(other) => {
                    return Err(format!("search = {other}; expected \"random\" or \"grid\"").into());
                }
            };
            space.add("", table)?;
        }
        if space.ranges.is_empty() {
            let example = "\"optimiser.learning_rate\" = { log = [1e-4, 1e-2] }";
            return Err(format!("nothing to tune; expected entries such as {example}").into());
        }
        space.combinations().map(|_| space)
    }

    /// Returns how many combinations a grid has; `None` of random search.
    ///
    /// # Errors
    /// If a range has no certain values, or there are too many combinations.
    pub fn combinations(&self) -> Result<Option<usize>, Problem> {
        if !self.is_grid {
            return Ok(None);
        }
        let mut count = 1usize;
        for (key, range) in &self.ranges {
            let own = range.count().ok_or_else(|| {
                format!("{key}: a grid goes through {{ choice = [values] }} and {{ integer = [lowest, highest] }}")
            })?;
            count = count.saturating_mul(own);
        }
        if count > MOST_TRIALS {
            return Err(
                format!("a grid of {count} combinations; at most {MOST_TRIALS} are tried").into()
            );
        }
        Ok(Some(count))
    }

    /// Adds entries below `prefix`: TOML reads a dotted key as a table in a table.
    fn add(&mut self, prefix: &str, table: Table) -> Result<(), Problem> {
        for (key, value) in table {
            let key = format!("{prefix}{key}");
            let kinds = ["log", "uniform", "sqrt", "integer", "choice"];
            match value {
                Value::Table(inner) if !inner.keys().any(|k| kinds.contains(&k.as_str())) => {
                    self.add(&format!("{key}."), inner)?;
                }
                value => {
                    let range = value.try_into::<Range>().map_err(|e| Problem::from(e.to_string()));
                    let range = range.and_then(|range| range.check().map(|()| range));
                    let range = range.map_err(|problem| {
                        let expected = "{ log | uniform | sqrt | integer = [lowest, highest] } or \
                                        { choice = [values] }";
                        format!("{key}: {}; expected {expected}", problem.trim())
                    })?;
                    self.ranges.insert(key, range);
                }
            }
        }
        Ok(())
    }

    /// Returns the keys in the order of [`Space::draw`].
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.ranges.keys().map(String::as_str)
    }

    /// Returns the values of a trial, in the order of the keys: the same for the same seed and
    /// number, however many trials there are. On a grid the last key changes fastest.
    pub fn draw(&self, seed: u64, trial: usize) -> Vec<(&str, Value)> {
        if self.is_grid {
            return self.combination(trial);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(trial as u64);
        self.ranges.iter().map(|(key, range)| (key.as_str(), range.draw(&mut rng))).collect()
    }

    fn combination(&self, mut trial: usize) -> Vec<(&str, Value)> {
        let mut values = Vec::new();
        for (key, range) in self.ranges.iter().rev() {
            let count = range.count().unwrap_or(1);
            values.push((key.as_str(), range.value(trial % count)));
            trial /= count;
        }
        values.reverse();
        values
    }
}

/// Sets the value of a dotted key; a number is the place in a list of tables.
///
/// # Errors
/// If the key leads through something that is no table.
pub fn set(config: &mut Value, key: &str, to: Value) -> Result<(), Problem> {
    let (first, rest) = key.split_once('.').unwrap_or((key, ""));
    let place = match config {
        Value::Table(table) if rest.is_empty() => {
            table.insert(first.to_owned(), to);
            return Ok(());
        }
        Value::Table(table) => {
            Some(table.entry(first).or_insert_with(|| Value::Table(Table::new())))
        }
        Value::Array(list) => first.parse::<usize>().ok().and_then(|at| list.get_mut(at)),
        _ => None,
    };
    match place {
        Some(place) if rest.is_empty() => *place = to,
        Some(place) => return set(place, rest, to),
        None => return Err(format!("there is no {first:?} to set").into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn space(text: &str) -> Result<Space, Problem> {
        Space::take(&mut toml::from_str(text).unwrap())
    }

    const TEXT: &str = "[tune]\n\
        optimiser.learning_rate = { log = [1e-4, 1e-1] }\n\
        \"optimiser.dropout\" = { uniform = [0, 0.5] }\n\
        network.hidden = { integer = [3, 5] }\n\
        network.kind = { choice = [\"a\", 2] }\n";

    proptest! {
        #[test]
        fn draws_stay_in_their_ranges_and_depend_on_seed_and_trial_alone(seed: u64, trial in 0usize..99) {
            let space = space(TEXT).unwrap();
            let drawn = space.draw(seed, trial);
            let keys: Vec<&str> = drawn.iter().map(|(key, _)| *key).collect();
            prop_assert_eq!(&keys, &space.keys().collect::<Vec<_>>());
            prop_assert_eq!(keys, ["network.hidden", "network.kind", "optimiser.dropout", "optimiser.learning_rate"]);
            prop_assert!((3..=5).contains(&drawn[0].1.as_integer().unwrap()));
            prop_assert!([Value::from("a"), Value::from(2)].contains(&drawn[1].1));
            prop_assert!((0.0..=0.5).contains(&drawn[2].1.as_float().unwrap()));
            prop_assert!((1e-4..=1e-1).contains(&drawn[3].1.as_float().unwrap()));
            prop_assert_eq!(space.draw(seed, trial), drawn);
        }
    }

    #[test]
    fn draws_reach_over_their_whole_range() {
        let space = space(TEXT).unwrap();
        let all: Vec<_> = (0..300).map(|trial| space.draw(7, trial)).collect();
        for hidden in 3..=5 {
            assert!(all.iter().any(|drawn| drawn[0].1.as_integer() == Some(hidden)));
        }
        let rate = |drawn: &Vec<(&str, Value)>| drawn[3].1.as_float().unwrap();
        // A third of the logarithms each.
        for (low, high) in [(1e-4, 1e-3), (1e-3, 1e-2), (1e-2, 1e-1)] {
            let n = all.iter().filter(|drawn| (low..high).contains(&rate(drawn))).count();
            assert!((60..140).contains(&n), "{n} between {low} and {high}");
        }
    }

    #[test]
    fn a_square_root_draws_more_of_the_upper_end() {
        let space = space("[tune]\na = { sqrt = [0.95, 0.99] }\n").unwrap();
        let drawn = (0..400).map(|trial| space.draw(3, trial)[0].1.as_float().unwrap());
        let drawn: Vec<f64> = drawn.collect();
        assert!(drawn.iter().all(|value| (0.95..=0.99).contains(value)));
        // Three quarters lie in the upper half.
        let above = drawn.iter().filter(|value| **value > 0.97).count();
        assert!((265..335).contains(&above), "{above}");
    }

    #[test]
    fn a_grid_goes_through_every_combination_once() {
        let text = "[tune]\nsearch = \"grid\"\na.b = { choice = [\"x\", \"y\"] }\n\
                    c = { integer = [3, 5] }\n";
        let space = space(text).unwrap();
        assert_eq!(space.combinations(), Ok(Some(6)));
        let shown = |trial: usize| {
            let drawn = space.draw(trial as u64, trial);
            let values: Vec<String> = drawn.iter().map(|(k, v)| format!("{k}={v}")).collect();
            values.join(" ")
        };
        let all: Vec<String> = (0..6).map(shown).collect();
        assert_eq!(all[0], "a.b=\"x\" c=3");
        assert_eq!(all[1], "a.b=\"x\" c=4");
        assert_eq!(all[3], "a.b=\"y\" c=3");
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), 6);
        let random = text.replace("grid", "random");
        assert_eq!(self::space(&random).unwrap().combinations(), Ok(None));
        for (from, to, told) in [
            ("{ integer = [3, 5] }", "{ log = [3, 5] }", "c: a grid goes through"),
            ("[3, 5]", "[0, 200000]", "400002 combinations"),
            ("grid", "all", "\"random\" or \"grid\""),
        ] {
            let said = self::space(&text.replace(from, to)).unwrap_err();
            assert!(said.contains(told), "{said}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (text, told) in [
            ("a = 1", "nothing to tune"),
            ("[tune]", "nothing to tune"),
            ("[tune]\na = 1", "a: "),
            ("[tune]\na.b = { log = [0, 1] }", "a.b: log takes values above 0"),
            ("[tune]\na.b = { uniform = [1, 1] }", "a.b: nothing to choose from"),
            ("[tune]\na = { integer = [1.5, 2] }", "a: "),
            ("[tune]\na = { choice = [] }", "a: nothing"),
            ("[tune]\na = { log = [1, 2], uniform = [1, 2] }", "a: "),
        ] {
            let said = space(text).unwrap_err();
            assert!(said.starts_with(told), "{text}: {said}");
        }
    }

    #[test]
    fn values_are_set_by_dotted_keys() {
        let mut config: Value = toml::from_str("x = 1\n[a]\nb = 2\n[[c]]\nd = 3\n").unwrap();
        for (key, value) in [("x", 4), ("a.b", 5), ("a.new", 6), ("c.0.d", 7), ("e.f", 8)] {
            set(&mut config, key, Value::from(value)).unwrap();
        }
        let expected = "x = 4\na = { b = 5, new = 6 }\nc = [{ d = 7 }]\ne = { f = 8 }\n";
        assert_eq!(config, toml::from_str(expected).unwrap());
        for key in ["x.y", "c.1.d", "c.one"] {
            assert!(set(&mut config, key, Value::from(1)).unwrap_err().contains("to set"), "{key}");
        }
    }
}
