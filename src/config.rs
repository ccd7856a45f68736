//! Settings: config/default.toml, changed by the user's file, changed by the command line.

use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::genome::limited;
use crate::models::bilstm;
use crate::scan::chunks::LONGEST_CHUNK;
use crate::scan::inference::KeepAbove;
use crate::scan::{Anchor, ScanSettings};
use crate::variants::{Rule, VariantSettings};

/// Room for so many changes is reserved at once.
const MOST_REMEMBERED: usize = 1 << 24;

/// No strength is stronger, and no difference larger (log2 odds).
const MOST_LOG2: f64 = 100.0;

/// Bytes of a configuration at most.
pub(crate) const MOST_BYTES: u64 = 1 << 20;

const DEFAULT: &str = include_str!("../config/default.toml");

/// All settings; units and sources are in config/default.toml.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub scan: ScanConfig,
    pub annotation: AnnotationConfig,
    pub variants: VariantsConfig,
}

/// Thresholds of the scan.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ScanConfig {
    pub min_probability: f64,
    pub min_centre_cleavage: f64,
    pub background: f64,
    pub chunk_size: usize,
}

/// How genes are used.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct AnnotationConfig {
    pub extension: u64,
}

/// How variants are scored.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct VariantsConfig {
    pub max_length: usize,
    pub match_distance: u64,
    pub remembered: usize,
    pub calibrated: RuleConfig,
    pub published: RuleConfig,
}

/// Which sites a variant's effect is looked for at, and when it matters.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    pub call_probability: f64,
    pub probability: f64,
    pub strength: f64,
    pub used: f64,
    pub delta: f64,
    pub shift: u64,
}

impl VariantsConfig {
    /// Returns the rule for a site model of this architecture: PolyaID has the published one.
    pub fn rule(&self, architecture: &str) -> &RuleConfig {
        match architecture == bilstm::POLYAID.name {
            true => &self.published,
            false => &self.calibrated,
        }
    }

    /// Returns the numbers that variants are scored with by a site model of this architecture.
    pub fn settings(&self, scan: &ScanConfig, architecture: &str) -> VariantSettings {
        let rule = self.rule(architecture);
        VariantSettings {
            keep: KeepAbove {
                probability: rule.call_probability as f32,
                centre_cleavage: scan.min_centre_cleavage as f32,
            },
            background: scan.background,
            match_distance: self.match_distance,
            rule: Rule {
                probability: rule.probability,
                strength: rule.strength,
                used: rule.used,
                delta: rule.delta,
                shift: rule.shift,
            },
            remembered: self.remembered,
        }
    }
}

impl ScanConfig {
    /// Returns the numbers that the pipeline runs with.
    pub fn settings(&self, anchor: Anchor, threads: usize) -> ScanSettings {
        ScanSettings {
            anchor,
            min_probability: self.min_probability as f32,
            min_centre_cleavage: self.min_centre_cleavage as f32,
            background: self.background,
            threads,
            chunk: self.chunk_size,
        }
    }
}

impl Config {
    /// Returns the defaults, with the entries of `file` in their place.
    ///
    /// # Errors
    /// If the file cannot be read, is not TOML, has an entry that does not exist or a value out of range.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let internal = |e: toml::de::Error| Error::Internal(format!("config/default.toml: {e}"));
        let mut table: toml::Table = DEFAULT.parse().map_err(internal)?;
        let path = match file {
            Some(path) => {
                let text = limited::read_text(path, MOST_BYTES, "a configuration")?;
                overlay(&mut table, parse(path, &text)?);
                path
            }
            None => Path::new("config/default.toml"),
        };
        let config: Self = table.try_into().map_err(|e: toml::de::Error| {
            let known = "the entries are those of config/default.toml";
            wrong_entry(path, &e, known)
        })?;
        config.check().map_err(|problem| Error::input(path, "", problem))?;
        Ok(config)
    }

    /// Says which value is out of its range.
    ///
    /// # Errors
    /// The name, the value and the range.
    pub fn check(&self) -> std::result::Result<(), String> {
        let VariantsConfig { calibrated, published, .. } = &self.variants;
        let shares = [
            ("min-probability", self.scan.min_probability),
            ("min-centre-cleavage", self.scan.min_centre_cleavage),
            ("background", self.scan.background),
            ("variants.calibrated.call_probability", calibrated.call_probability),
            ("variants.calibrated.probability", calibrated.probability),
            ("variants.published.call_probability", published.call_probability),
            ("variants.published.probability", published.probability),
        ];
        for (name, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(format!("{name} is {value}; it must lie between 0 and 1"));
            }
        }
        for (name, rule) in [("calibrated", calibrated), ("published", published)] {
            let log2 = [
                ("strength", rule.strength, -MOST_LOG2..=MOST_LOG2),
                ("used", rule.used, -MOST_LOG2..=MOST_LOG2),
                ("delta", rule.delta, 0.0..=MOST_LOG2),
            ];
            for (entry, value, range) in log2 {
                if !range.contains(&value) {
                    let (least, most) = (range.start(), range.end());
                    return Err(format!(
                        "variants.{name}.{entry} is {value}; it must lie between {least} and {most}"
                    ));
                }
            }
        }
        let size = self.scan.chunk_size;
        if !(1..=LONGEST_CHUNK).contains(&size) {
            return Err(format!("chunk-size is {size}; it must lie between 1 and {LONGEST_CHUNK}"));
        }
        let remembered = self.variants.remembered;
        if !(1..=MOST_REMEMBERED).contains(&remembered) {
            let name = "variants.remembered";
            return Err(format!(
                "{name} is {remembered}; it must lie between 1 and {MOST_REMEMBERED}"
            ));
        }
        Ok(())
    }
}

/// Parses the text of a TOML file.
///
/// # Errors
/// If it is none, with the line.
pub(crate) fn parse(path: &Path, text: &str) -> Result<toml::Table> {
    text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.as_bytes().get(..span.start));
        let line = 1 + before.unwrap_or_default().iter().filter(|&&byte| byte == b'\n').count();
        Error::input(path, format!("line {line}"), format!("not TOML: {}", error.message()))
    })
}

/// Complains of an entry that does not exist or is of another type; `advice` says which there are.
pub(crate) fn wrong_entry(path: &Path, error: &toml::de::Error, advice: &str) -> Error {
    // The error's second line names the entry's place.
    let problem = error.to_string().trim_end().replace('\n', " ");
    Error::input(path, "", format!("{problem}; {advice}"))
}

/// Replaces entries, table by table.
fn overlay(base: &mut toml::Table, changes: toml::Table) {
    for (key, value) in changes {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(changes)) => {
                overlay(inner, changes)
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<Config> {
        let file =
            tempfile::NamedTempFile::new().map_err(|e| Error::io(Path::new("temp"), "new", e))?;
        std::fs::write(file.path(), text).map_err(|e| Error::io(file.path(), "write", e))?;
        Config::load(Some(file.path()))
    }

    #[test]
    fn a_user_file_changes_only_what_it_names() -> Result<()> {
        let config = with("[scan]\nmin_probability = 0.9\n")?;
        assert_eq!(config.scan.min_probability, 0.9);
        assert_eq!(config.annotation, Config::load(None)?.annotation);
        Ok(())
    }

    #[test]
    fn a_misspelt_entry_or_an_impossible_value_is_refused() {
        let message = with("[scan]\nmin_probabilty = 0.9\n").map_err(|e| e.to_string());
        assert!(message.is_err_and(|m| m.contains("min_probabilty")));
        let message = with("[scan]\nbackground = 2\n").map_err(|e| e.to_string());
        assert!(message.is_err());
        assert!(with("[scan]\nbackground = 1.5\n").is_err());
        for entry in ["strength", "used", "delta"] {
            for value in ["nan", "inf", "-inf", "1e308", "100.5", "-101.0"] {
                for rule in ["calibrated", "published"] {
                    let message = with(&format!("[variants.{rule}]\n{entry} = {value}\n"));
                    let message = message.map_err(|e| e.to_string());
                    let told = format!("variants.{rule}.{entry} is ");
                    assert!(message.is_err_and(|m| m.contains(&told)), "{entry} = {value}");
                }
            }
        }
        assert!(with("[variants.calibrated]\ndelta = -1.0\n").is_err());
        assert!(with("[variants.calibrated]\ndelta = 0\nstrength = -100\nused = 3.5\n").is_ok());
    }
}
