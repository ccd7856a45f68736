//! What variants are scored with, beside inputs: a shard and a checkpoint carry it.

use serde::{Deserialize, Serialize};

use crate::models::posterior::Posterior;
use crate::output::summary::settings::Setting;
use crate::scan::calls::CallSettings;
use crate::scan::inference::KeepAbove;

/// What to do with a record whose REF is not the genome's; named as in bcftools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckRef {
    /// End with an error.
    E,
    /// Warn, and skip its alleles.
    W,
    /// Leave the record out.
    X,
    /// Set REF to the genome's, unless an ALT is that.
    S,
}

/// Published rules that say which sites count; none applies unless it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContextRule {
    /// A site in an intron counts if one haplotype's is used with a probability of 0.9 or more.
    IntronExpressed,
    /// A site past the last exon counts up to 1 kb from the annotated end.
    #[serde(rename = "extended-1kb")]
    Extended1kb,
}

/// When a change of a site matters. Strengths are log2 odds of usage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Classification that one haplotype must reach (0..1).
    pub probability: f64,
    /// Strength that one haplotype must reach; without a strength model it is not asked for.
    pub strength: f64,
    /// Least |difference| of strengths, or, without a strength model, of the log2 odds of the
    /// classification.
    pub delta: f64,
    /// Least movement of a site whose strength stays, in nt.
    pub shift: u64,
}

/// Which latent sites have entries: cleavage maxima that no haplotype has as a call, and that
/// nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LatentSites {
    /// Those whose strength changes by `delta` of the rule or more.
    Changed,
    /// All.
    All,
    /// None.
    None,
}

impl LatentSites {
    /// Returns the name on the command line and in summaries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::All => "all",
            Self::None => "none",
        }
    }
}

/// Thresholds that effects follow from, whichever command asks for them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Windows that take part in consolidation, as in a scan (0..1).
    pub min_probability: f64,
    /// Raw cleavage at the centre of kept windows (0-1).
    pub min_centre_cleavage: f64,
    /// Windows that latent sites are consolidated from (0..1).
    pub latent_min_probability: f64,
    /// The same of the windows of latent sites.
    pub latent_min_centre_cleavage: f64,
    /// Sites that are called on a haplotype: those of a sensitive scan.
    pub background: f64,
    /// Of called sites (0-1).
    pub min_posterior: f64,
    /// As in a scan, nt.
    pub merge_distance: u64,
    /// Sites of the two haplotypes that lie at most so far apart are the same site, in nt.
    pub match_distance: u64,
    /// When an effect matters.
    pub rule: Rule,
}

impl Thresholds {
    /// Returns the settings by name.
    pub fn list(&self) -> Vec<Setting> {
        // No `..`: who adds a setting says what it decides.
        let Self {
            min_probability,
            min_centre_cleavage,
            latent_min_probability,
            latent_min_centre_cleavage,
            background,
            min_posterior,
            merge_distance,
            match_distance,
            rule: Rule { probability, strength, delta, shift },
        } = *self;
        vec![
            Setting::deciding("min_probability", min_probability),
            Setting::deciding("min_centre_cleavage", min_centre_cleavage),
            Setting::deciding("latent_min_probability", latent_min_probability),
            Setting::deciding("latent_min_centre_cleavage", latent_min_centre_cleavage),
            Setting::deciding("background", background),
            Setting::deciding("min_posterior", min_posterior),
            Setting::deciding("merge_distance", merge_distance),
            Setting::deciding("match_distance", match_distance),
            Setting::deciding("probability", probability),
            Setting::deciding("strength", strength),
            Setting::deciding("delta", delta),
            Setting::deciding("shift", shift),
        ]
    }

    /// Returns the numbers that the engine works with; `posterior` is the model's of sites.
    pub fn engine(
        &self,
        posterior: Option<Posterior>,
        latent_sites: LatentSites,
        remembered: usize,
    ) -> EngineSettings {
        let Self { background, min_posterior, merge_distance, match_distance, rule, .. } = *self;
        EngineSettings {
            keep: KeepAbove {
                probability: self.min_probability as f32,
                centre_cleavage: self.min_centre_cleavage as f32,
            },
            // What makes a call is there for latent sites, too.
            latent: KeepAbove {
                probability: self.latent_min_probability.min(self.min_probability) as f32,
                centre_cleavage: self.latent_min_centre_cleavage.min(self.min_centre_cleavage)
                    as f32,
            },
            latent_sites,
            calls: CallSettings { background, posterior, min_posterior, merge_distance },
            match_distance,
            rule,
            remembered,
        }
    }
}

/// Numbers that the engine scores changes with.
#[derive(Clone, Copy, Debug)]
pub struct EngineSettings {
    /// Windows that take part in consolidation, as in a scan.
    pub keep: KeepAbove,
    /// Windows that latent sites are consolidated from; no higher than those of a scan.
    pub latent: KeepAbove,
    /// Which latent sites are reported.
    pub latent_sites: LatentSites,
    /// Which sites are called on a haplotype.
    pub calls: CallSettings,
    /// Sites of the two haplotypes that lie at most so far apart are the same site, in nt.
    pub match_distance: u64,
    /// When an effect matters.
    pub rule: Rule,
    /// Changes whose effects are remembered, at least 1; no effect on results.
    pub remembered: usize,
}

/// What decides what `variants` writes of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariantSettings {
    /// What effects follow from.
    pub thresholds: Thresholds,
    /// Which latent sites have entries.
    pub latent: LatentSites,
    /// The rules that say which sites count.
    pub rules: Vec<ContextRule>,
    /// The sample whose haplotypes are scored, too.
    pub haplotypes: Option<String>,
    /// Whether alleles that can alter no element are skipped.
    pub changed_motif_only: bool,
    /// Longest allele that is scored, in nt that are replaced or put in.
    pub max_length: usize,
    /// A gene reaches so far past its annotated end, nt.
    pub extension: u64,
    /// What is done about a REF that is not the genome's.
    pub check_ref: CheckRef,
}

impl VariantSettings {
    /// Returns the settings by name.
    pub fn list(&self) -> Vec<Setting> {
        let Self {
            thresholds,
            latent,
            rules,
            haplotypes,
            changed_motif_only,
            max_length,
            extension,
            check_ref,
        } = self;
        let mut list = thresholds.list();
        list.extend([
            Setting::deciding("latent", latent),
            // Nothing is printed of what is not asked for.
            Setting::deciding("rules", Some(rules).filter(|rules| !rules.is_empty())),
            Setting::deciding("haplotypes", haplotypes),
            Setting::deciding("changed_motif_only", Some(true).filter(|_| *changed_motif_only)),
            Setting::deciding("max_length", max_length),
            Setting::deciding("extension", extension),
            Setting::unprinted("check-ref", check_ref),
        ]);
        list
    }
}
