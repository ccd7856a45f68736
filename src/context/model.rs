//! The usage models: how likely a putative site of a class is used, and which of two sites of a
//! gene is used more.
//!
//! `models/context.toml` is inside the program. It holds, for each class, the published regression
//! (Stroup & Ji 2023, Figures 4-6) with the means and deviations of the sites that it is used with,
//! the regression refitted here, and which of them is used.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::class::Feature;
use super::logistic::Logistic;
use super::values::Values;
use crate::error::{Error, Result};

const BUILT_IN: &str = include_str!("../../models/context.toml");

/// Class of sites whose place says nothing: intergenic, antisense, or without annotation.
pub const SEQUENCE: &str = "sequence";
/// Which of two sites at the end of a gene is used more.
pub const PAIR: &str = "terminal_pair";

/// The models of all classes.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ContextModel {
    pub name: String,
    pub description: String,
    pub licence: String,
    pub source: String,
    pub limits: String,
    /// What it was fitted with, by name.
    #[serde(default)]
    pub training: BTreeMap<String, String>,
    /// By name of the class, [`SEQUENCE`] and [`PAIR`].
    pub classes: BTreeMap<String, ClassModel>,
}

/// The models of a class.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClassModel {
    /// Which is used.
    pub used: Variant,
    /// Putative sites (or pairs) that it was fitted to, and used ones among them.
    #[serde(default)]
    pub putative: usize,
    #[serde(default)]
    pub measured: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Logistic>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refit: Option<Logistic>,
}

/// Whose coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    Published,
    Refit,
}

impl Variant {
    /// Returns the name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Refit => "refit",
        }
    }
}

impl ClassModel {
    /// Returns the regression of a variant.
    pub fn variant(&self, variant: Variant) -> Option<&Logistic> {
        match variant {
            Variant::Published => self.published.as_ref(),
            Variant::Refit => self.refit.as_ref(),
        }
    }

    /// Returns the regression that is used.
    pub fn used(&self) -> Option<&Logistic> {
        self.variant(self.used)
    }
}

impl ContextModel {
    /// Returns the models inside the program.
    ///
    /// # Errors
    /// Never, but for a mistake in the program.
    pub fn built_in() -> Result<Self> {
        toml::from_str(BUILT_IN).map_err(|e| Error::Internal(format!("models/context.toml: {e}")))
    }

    /// Reads models from a file that is named, or returns those inside the program.
    ///
    /// # Errors
    /// As [`ContextModel::read`].
    pub fn load(path: Option<&Path>) -> Result<Self> {
        path.map_or_else(Self::built_in, Self::read)
    }

    /// Reads models that `train context` wrote.
    ///
    /// # Errors
    /// If the file cannot be read or is of another form.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|e| Error::io(path, "cannot read", e))?;
        let table = crate::config::parse(path, &text)?;
        table.try_into().map_err(|e: toml::de::Error| {
            crate::config::wrong_entry(
                path,
                &e,
                "it should be as `polyascan train context` writes it",
            )
        })
    }

    /// Returns the models as text.
    ///
    /// # Errors
    /// Never, but for a mistake in the program.
    pub fn text(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::Internal(format!("context models: {e}")))
    }

    /// Returns the probability that a site is used at all, by the model of its class.
    pub fn expressed(&self, feature: Option<Feature>, values: &Values) -> Option<f64> {
        let name = class_name(feature);
        let model = self.classes.get(name).or_else(|| self.classes.get(SEQUENCE))?.used()?;
        Some(model.probability(|name| values.feature(name).unwrap_or(f64::NAN)))
    }
}

/// Returns the name of the model of a class.
pub fn class_name(feature: Option<Feature>) -> &'static str {
    match feature {
        None | Some(Feature::Antisense | Feature::Intergenic) => SEQUENCE,
        Some(feature) => feature.name(),
    }
}

/// The names of the features that say which of two sites of a gene, proximal and distal, is used
/// more.
pub const PAIR_FEATURES: [&str; 6] = [
    "strength_difference",
    "log_odds_difference",
    "log10_distance",
    "log10_last_intron",
    "log10_next_antisense",
    "log10_end_distance_difference",
];

/// Returns a feature of a pair of sites of a gene, `apart` nt from each other; differences are
/// distal less proximal.
pub fn pair_feature(name: &str, proximal: &Values, distal: &Values, apart: f64) -> f64 {
    let difference = |name: &str| {
        let of = |values: &Values| values.feature(name).unwrap_or(f64::NAN);
        of(distal) - of(proximal)
    };
    match name {
        "strength_difference" => difference("strength"),
        "log_odds_difference" => difference("log_odds"),
        "log10_distance" => apart.max(1.0).log10(),
        "log10_end_distance_difference" => difference("log10_end_distance"),
        "log10_last_intron" => proximal.feature(name).unwrap_or(f64::NAN),
        name => distal.feature(name).unwrap_or(f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_inside_the_program_have_every_class_and_known_features() {
        let model = ContextModel::built_in().unwrap();
        for feature in Feature::ALL {
            let class = &model.classes[class_name(Some(feature))];
            let used = class.used().unwrap();
            for term in &used.terms {
                let known = Values::default().feature(&term.feature);
                assert!(known.is_some(), "{}: {}", feature.name(), term.feature);
                assert!(term.deviation > 0.0);
            }
            let expressed = model.expressed(Some(feature), &Values::default()).unwrap();
            assert!(expressed > 0.0 && expressed < 1.0);
        }
        let pair = model.classes[PAIR].used().unwrap();
        assert!(pair.terms.iter().all(|term| PAIR_FEATURES.contains(&term.feature.as_str())));
        // Published coefficients, as in Stroup & Ji 2023.
        let composite = model.classes["intron_composite"].published.as_ref().unwrap();
        let coefficients: Vec<f64> = composite.terms.iter().map(|term| term.coefficient).collect();
        let published = [1.2588, 0.3017, 0.1364, -0.6451, -0.5249, -0.1138, 0.4136, 1.8861];
        assert_eq!(coefficients, published);
        assert_eq!(
            ContextModel::built_in().unwrap(),
            toml::from_str(&model.text().unwrap()).unwrap()
        );
    }
}
