//! Usage models fitted to putative sites: published coefficients brought to scale, and coefficients
//! of our own.

use super::{Putative, auroc_of, of_class, pairs};
use crate::context::logistic::{Fit, Logistic, Term, fit};
use crate::context::model::{ClassModel, ContextModel, PAIR, PAIR_FEATURES, Variant};

/// Used and unused ones of a class that a refit takes at least.
const LEAST: usize = 30;
/// Features that are 0 or 1 and stay so.
const FLAGS: [&str; 2] = ["last_intron", "is_past_end"];
/// What the sequence says, of any site.
const OF_SEQUENCE: [&str; 3] = ["strength", "log_odds", "near_rival"];
/// What the place in the gene says, by class, beyond what the published model has.
const OF_PLACE: [(&str, &[&str]); 5] = [
    ("intron_composite", &["log10_end_distance"]),
    ("intron_skipped", &["log10_end_distance", "is_past_end"]),
    ("terminal_exon", &["log10_end_distance", "log10_into_exon", "log10_next_antisense"]),
    ("extended_terminal_exon", &["log10_end_distance", "log10_into_exon", "log10_next_antisense"]),
    ("upstream_exon", &["log10_end_distance"]),
];

/// Features of the examples of a class, by row, and whether each is used.
struct Examples {
    rows: Vec<Vec<f64>>,
    labels: Vec<bool>,
}

/// Refits every class on putative sites: means and deviations of published models, their scale, and
/// our own coefficients. Of both, `chosen_on` decides which is used, by AUROC; where there are too
/// few sites, the published.
pub fn refit(
    model: &ContextModel,
    sites: &[Putative],
    chosen_on: Option<&[Putative]>,
) -> ContextModel {
    let mut model = model.clone();
    for (name, class) in &mut model.classes {
        let published = class.published.clone();
        if let Some(published) = published {
            let features: Vec<String> =
                published.terms.iter().map(|term| term.feature.clone()).collect();
            let examples = examples(name, sites, &features);
            class.published = Some(to_scale(published, &examples));
        }
        let features = features(name, class);
        let examples = examples(name, sites, &features);
        class.measured = examples.labels.iter().filter(|label| **label).count();
        class.putative = examples.labels.len();
        let fewest = class.measured.min(class.putative - class.measured);
        class.refit = if fewest < LEAST { None } else { own(&features, &examples) };
        let judges = chosen_on.unwrap_or(sites);
        let auroc = |variant| auroc_of(name, class, variant, judges).unwrap_or(0.0);
        let better = auroc(Variant::Refit) > auroc(Variant::Published);
        let alone = class.published.is_none();
        let own = class.refit.is_some() && (better || alone);
        class.used = if own { Variant::Refit } else { Variant::Published };
    }
    model
}

/// The features of our own model of a class.
fn features(name: &str, class: &ClassModel) -> Vec<String> {
    if name == PAIR {
        return PAIR_FEATURES.map(str::to_owned).to_vec();
    }
    let published = class.published.iter().flat_map(|model| &model.terms);
    let mut features: Vec<String> = published.map(|term| term.feature.clone()).collect();
    let place = OF_PLACE.iter().find(|(class, _)| *class == name);
    let more = OF_SEQUENCE.iter().chain(place.map(|(_, more)| *more).unwrap_or_default());
    for feature in more {
        if !features.iter().any(|known| known == feature) {
            features.push((*feature).to_owned());
        }
    }
    features
}

fn examples(class: &str, sites: &[Putative], features: &[String]) -> Examples {
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    if class == PAIR {
        for pair in pairs(sites) {
            rows.push(features.iter().map(|name| pair.feature(name)).collect());
            labels.push(pair.proximal_is_used_more);
        }
    } else {
        for site in of_class(class, sites) {
            let feature = |name: &String| site.values.feature(name).unwrap_or(f64::NAN);
            rows.push(features.iter().map(feature).collect());
            labels.push(site.used.is_some());
        }
    }
    Examples { rows, labels }
}

/// Returns mean and deviation of a feature, of what is known; 0 and 1 of a flag.
fn moments(name: &str, values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let known = values.filter(|value| value.is_finite());
    let n = known.clone().count() as f64;
    if FLAGS.contains(&name) || n == 0.0 {
        return (0.0, 1.0);
    }
    let mean = known.clone().sum::<f64>() / n;
    let variance = known.map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    let deviation = if variance > 1e-12 { variance.sqrt() } else { 1.0 };
    (mean, deviation)
}

/// Gives published coefficients the means and deviations of these sites, and what makes
/// probabilities of their scores.
fn to_scale(mut model: Logistic, examples: &Examples) -> Logistic {
    for (at, term) in model.terms.iter_mut().enumerate() {
        let values = examples.rows.iter().map(move |row| row[at]);
        (term.mean, term.deviation) = moments(&term.feature, values);
    }
    let names: Vec<String> = model.terms.iter().map(|term| term.feature.clone()).collect();
    let score = |row: &Vec<f64>| {
        let of = |name: &str| {
            let at = names.iter().position(|known| known == name);
            at.map_or(f64::NAN, |at| row[at])
        };
        vec![model.score(of)]
    };
    let scores: Vec<Vec<f64>> = examples.rows.iter().map(score).collect();
    if let Some(Fit { coefficients, .. }) = fit(&scores, &examples.labels) {
        (model.offset, model.slope) = (coefficients[0], coefficients[1]);
    }
    model
}

/// Fits coefficients of our own.
fn own(features: &[String], examples: &Examples) -> Option<Logistic> {
    let column = |at: usize| examples.rows.iter().map(move |row| row[at]);
    let scales: Vec<(f64, f64)> =
        features.iter().enumerate().map(|(at, name)| moments(name, column(at))).collect();
    let standardised = |row: &Vec<f64>| {
        let one = |(value, (mean, deviation)): (&f64, &(f64, f64))| {
            let value = (value - mean) / deviation;
            if value.is_finite() { value } else { 0.0 }
        };
        row.iter().zip(&scales).map(one).collect()
    };
    let rows: Vec<Vec<f64>> = examples.rows.iter().map(standardised).collect();
    let Fit { coefficients, standard_errors } = fit(&rows, &examples.labels)?;
    let terms = features.iter().enumerate().map(|(at, feature)| Term {
        feature: feature.clone(),
        mean: scales[at].0,
        deviation: scales[at].1,
        coefficient: coefficients[at + 1],
        standard_error: Some(standard_errors[at + 1]),
    });
    Some(Logistic {
        intercept: coefficients[0],
        standard_error: Some(standard_errors[0]),
        offset: 0.0,
        slope: 1.0,
        terms: terms.collect(),
    })
}
