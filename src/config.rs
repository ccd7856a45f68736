//! Settings: config/default.toml, changed by the user's file, changed by the command line.

use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Problem, Result};
use crate::genome::limited;
use crate::models::posterior::Posterior;
use crate::reads::ReadRules;
use crate::scan::calls::{CallSettings, MERGE_REACH};
use crate::scan::chunks::LONGEST_CHUNK;
use crate::scan::{Anchor, ScanSettings};
use crate::variants::settings::{Rule, Thresholds};

/// Room for so many changes is reserved at once.
const MOST_REMEMBERED: usize = 1 << 24;

/// No strength is stronger, and no difference larger (log2 odds).
const MOST_LOG2: f64 = 100.0;

/// Bytes of a configuration at most.
pub(crate) const MOST_BYTES: u64 = 1 << 20;

/// The defaults, as text.
pub const DEFAULT: &str = include_str!("../config/default.toml");

/// All settings; units and sources are in config/default.toml.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The table `[scan]`.
    pub scan: ScanConfig,
    /// The table `[annotation]`.
    pub annotation: AnnotationConfig,
    /// The table `[reads]`.
    pub reads: ReadRules,
    /// The table `[variants]`.
    pub variants: VariantsConfig,
}

/// Thresholds of the scan.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ScanConfig {
    /// Windows with a classification above this are kept (0-1).
    pub min_probability: f64,
    /// Windows with a raw cleavage at their centre above this are kept (0-1).
    pub min_centre_cleavage: f64,
    /// Subtracted from consolidated cleavage (0-1).
    pub background: f64,
    /// Calls with a posterior below this are left out (0-1).
    pub min_posterior: Stringencies,
    /// A call is left out if a better one lies within so many nt.
    pub merge_distance: u64,
    /// Positions of a chunk of work.
    pub chunk_size: usize,
}

/// The least posterior of a call, by name of the operating point.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Stringencies {
    /// More of the real sites, and more others.
    pub sensitive: f64,
    /// What a scan takes if nothing is said.
    pub default: f64,
    /// The surest.
    pub strict: f64,
}

/// How genes are used.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct AnnotationConfig {
    /// How far genes reach past their annotated 3' ends, nt.
    pub extension: u64,
}

/// How variants are scored.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct VariantsConfig {
    /// Longest allele that is scored, nt.
    pub max_length: usize,
    /// Sites of two haplotypes so near to each other are one, nt.
    pub match_distance: u64,
    /// Alleles whose scores are kept in memory.
    pub remembered: usize,
    /// What makes latent sites.
    pub latent: LatentConfig,
    /// When an effect matters.
    pub rule: Rule,
}

/// Thresholds of the windows that latent sites are made of.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LatentConfig {
    /// Classification (0-1).
    pub min_probability: f64,
    /// Raw cleavage at the centre (0-1).
    pub min_centre_cleavage: f64,
}

impl VariantsConfig {
    /// Returns the thresholds that effects follow from; called sites are those of a sensitive scan.
    pub fn thresholds(&self, scan: &ScanConfig) -> Thresholds {
        Thresholds {
            min_probability: scan.min_probability,
            min_centre_cleavage: scan.min_centre_cleavage,
            latent_min_probability: self.latent.min_probability,
            latent_min_centre_cleavage: self.latent.min_centre_cleavage,
            background: scan.background,
            min_posterior: scan.min_posterior.sensitive,
            merge_distance: scan.merge_distance,
            match_distance: self.match_distance,
            rule: self.rule,
        }
    }
}

impl ScanConfig {
    /// Returns which sites become calls; `posterior` is the model's.
    pub fn calls(&self, posterior: Option<Posterior>, min_posterior: f64) -> CallSettings {
        let Self { background, merge_distance, .. } = *self;
        CallSettings { background, posterior, min_posterior, merge_distance }
    }

    /// Returns what decides the sites of a scan; genes reach `extension` nt past their annotated
    /// ends.
    pub fn settings(&self, anchor: Anchor, calls: CallSettings, extension: u64) -> ScanSettings {
        let Self { min_probability, min_centre_cleavage, chunk_size, .. } = *self;
        ScanSettings { anchor, min_probability, min_centre_cleavage, calls, extension, chunk_size }
    }
}

impl Config {
    /// Returns the defaults, with the entries of `file` in their place.
    ///
    /// # Errors
    /// If the file cannot be read, is not TOML, has an entry that does not exist or a value out of
    /// range.
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
        config.check().map_err(|problem| Error::of_file(path, problem))?;
        Ok(config)
    }

    /// Returns every setting as [`Self::load`] gives it, as text.
    ///
    /// # Errors
    /// Those of [`Self::load`].
    pub fn effective(file: Option<&Path>) -> Result<String> {
        Self::load(file)?;
        let internal = |e: String| Error::Internal(format!("config/default.toml: {e}"));
        let mut table: toml::Table =
            DEFAULT.parse().map_err(|e: toml::de::Error| internal(e.to_string()))?;
        if let Some(path) = file {
            let text = limited::read_text(path, MOST_BYTES, "a configuration")?;
            overlay(&mut table, parse(path, &text)?);
        }
        toml::to_string(&table).map_err(|e| internal(e.to_string()))
    }

    /// Says which value is out of its range.
    ///
    /// # Errors
    /// The name, the value and the range.
    pub fn check(&self) -> std::result::Result<(), Problem> {
        let Stringencies { sensitive, default, strict } = self.scan.min_posterior;
        let shares = [
            ("min-probability", self.scan.min_probability),
            ("min-centre-cleavage", self.scan.min_centre_cleavage),
            ("background", self.scan.background),
            ("min-posterior.sensitive", sensitive),
            ("min-posterior.default", default),
            ("min-posterior.strict", strict),
            ("variants.rule.probability", self.variants.rule.probability),
            ("variants.latent.min_probability", self.variants.latent.min_probability),
            ("variants.latent.min_centre_cleavage", self.variants.latent.min_centre_cleavage),
        ];
        for (name, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(format!("{name} is {value}; it must lie between 0 and 1").into());
            }
        }
        let distance = self.scan.merge_distance;
        if distance > MERGE_REACH {
            return Err(
                format!("merge-distance is {distance}; it must be at most {MERGE_REACH}").into()
            );
        }
        self.reads.check()?;
        let rule = &self.variants.rule;
        for (entry, value, range) in [
            ("strength", rule.strength, -MOST_LOG2..=MOST_LOG2),
            ("delta", rule.delta, 0.0..=MOST_LOG2),
        ] {
            if !range.contains(&value) {
                let (least, most) = (range.start(), range.end());
                return Err(format!(
                    "variants.rule.{entry} is {value}; it must lie between {least} and {most}"
                )
                .into());
            }
        }
        let size = self.scan.chunk_size;
        if !(1..=LONGEST_CHUNK).contains(&size) {
            return Err(
                format!("chunk-size is {size}; it must lie between 1 and {LONGEST_CHUNK}").into()
            );
        }
        let remembered = self.variants.remembered;
        if !(1..=MOST_REMEMBERED).contains(&remembered) {
            let name = "variants.remembered";
            return Err(format!(
                "{name} is {remembered}; it must lie between 1 and {MOST_REMEMBERED}"
            )
            .into());
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
    // The error's second line names the entry's place: "in `scan`".
    let text = error.to_string();
    let (problem, place) = text.trim_end().split_once("\nin `").unwrap_or((text.trim_end(), ""));
    let (problem, place) = (problem.replace('\n', " "), place.trim_end_matches('`'));
    Error::input(path, place, format!("{problem}; {advice}"))
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
        for entry in ["strength", "delta"] {
            for value in ["nan", "inf", "-inf", "1e308", "100.5", "-101.0"] {
                let message = with(&format!("[variants.rule]\n{entry} = {value}\n"));
                let message = message.map_err(|e| e.to_string());
                let told = format!("variants.rule.{entry} is ");
                assert!(message.is_err_and(|m| m.contains(&told)), "{entry} = {value}");
            }
        }
        assert!(with("[variants.rule]\ndelta = -1.0\n").is_err());
        assert!(with("[variants.rule]\ndelta = 0\nstrength = -100\n").is_ok());
    }
}
