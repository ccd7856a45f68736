//! Effects as text: INFO entries of a record and rows of a table.

use std::fmt::Write as _;

use super::context::SiteInGene;
use super::effect::SiteEffect;
use crate::context::features::Feature;

/// INFO keys that this program writes.
pub const KEYS: [&str; 3] = ["PolyA", "PolyA_max", "PolyA_skip"];

/// The parts of an INFO/PolyA entry.
pub const FIELDS: [&str; 18] = [
    "ALLELE",
    "GENE",
    "STRAND",
    "SITE",
    "OFFSET",
    "PROB_REF",
    "PROB_ALT",
    "STRENGTH_REF",
    "STRENGTH_ALT",
    "DELTA_STRENGTH",
    "USAGE_REF",
    "USAGE_ALT",
    "SHIFT",
    "MOTIF",
    "EFFECT",
    "CLASS",
    "EXPRESSED_REF",
    "EXPRESSED_ALT",
];

/// Returns the header lines that define the INFO entries; `reasons` are the reasons for skipping and what
/// they mean.
pub fn definitions(reasons: &str) -> [String; 3] {
    let define = |id: &str, number: &str, kind: &str, text: &str| {
        format!("##INFO=<ID={id},Number={number},Type={kind},Description=\"{text}\">")
    };
    let format = FIELDS.join("|");
    [
        define(
            KEYS[0],
            ".",
            "String",
            &format!(
                "Effects on polyA sites, one entry per allele x gene x site; an allele without a site near it on \
             either haplotype has none. SITE: 1-based, the last nucleotide before the cut, on the reference. \
             OFFSET: nt from the variant (trimmed and left-aligned) to the site in transcript direction, the next \
             one after it 1, before it -1, inside 0. PROB: classification. STRENGTH: log2 odds of usage. USAGE: \
             2^s/(1+2^s). SHIFT: movement of the site in transcript direction, nt. EFFECT: other than \
             unchanged if significant (see docs/VARIANTS.md). CLASS: of the site in the gene. EXPRESSED: \
             probability that the site is used at all, given class and context. Format: {format}"
            ),
        ),
        define(
            KEYS[1],
            "A",
            "Float",
            "Largest |DELTA_STRENGTH| of the allele (without a strength model: of the log2 odds of PROB); \
             0 if no site is near on either haplotype",
        ),
        define(KEYS[2], "A", "String", &format!("Why the allele was not scored: {reasons}")),
    ]
}

/// Returns the parts of an entry in the order of [`FIELDS`].
pub fn parts(
    allele: &str,
    gene: Option<&str>,
    site: &SiteEffect,
    context: &SiteInGene,
) -> [String; 18] {
    let number = |value: Option<f64>, decimals: usize| match value {
        Some(value) => rounded(value, decimals),
        None => ".".to_owned(),
    };
    let strength = |i: usize| number(site.strength.map(|pair| pair[i]), 3);
    let usage = |i: usize| number(site.usage().map(|pair| pair[i]), 4);
    let shift = site.shift.map_or(".".to_owned(), |shift| shift.to_string());
    [
        allele.to_owned(),
        gene.map_or(".".to_owned(), escaped),
        site.strand.to_string(),
        (site.position + 1).to_string(),
        site.offset.to_string(),
        rounded(site.probability[0].into(), 4),
        rounded(site.probability[1].into(), 4),
        strength(0),
        strength(1),
        number(site.delta_strength(), 3),
        usage(0),
        usage(1),
        shift,
        site.motif.clone(),
        context.effect(site).name().to_owned(),
        context.feature.map_or(".", Feature::name).to_owned(),
        number(context.expressed.map(|pair| pair[0]), 4),
        number(context.expressed.map(|pair| pair[1]), 4),
    ]
}

/// Returns the largest |change| of an allele's sites as text.
pub fn largest<'a>(sites: impl IntoIterator<Item = &'a SiteEffect>) -> String {
    rounded(sites.into_iter().map(|site| site.delta().abs()).fold(0.0, f64::max), 3)
}

/// Returns a number as text, without `-0`.
pub fn rounded(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.trim_start_matches('-').bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        true => "0".to_owned(),
        false => text,
    }
}

/// Writes what has a meaning in INFO, and what does not print, as VCF 4.3 says (`%2C`).
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            ' ' | ',' | ';' | '=' | '|' | '%' | '&' | ':' => {
                // Writing to a String cannot fail.
                let _ = write!(text, "%{:02X}", letter as u32);
            }
            letter if letter.is_control() => text.push('_'),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::strand::Strand;
    use crate::variants::effect::Effect;

    #[test]
    fn entries_have_their_parts_in_order() {
        let site = SiteEffect {
            strand: Strand::Minus,
            position: 99,
            offset: -20,
            shift: None,
            mean_shift: None,
            called: [true, false],
            known: false,
            probability: [0.5, 0.000_01],
            strength: Some([1.0, -0.000_1]),
            motif: "disrupted:AATAAA".into(),
            effect: Effect::Lost,
        };
        let feature = Some(Feature::IntronSkipped);
        let context = SiteInGene { feature, expressed: Some([0.25, 0.000_01]), counts: true };
        let text = parts("T", Some("A,B"), &site, &context).join("|");
        assert_eq!(
            text,
            "T|A%2CB|-|100|-20|0.5000|0|1.000|0|-1.000|0.6667|0.5000|.|disrupted:AATAAA|lost|intron_skipped|0.2500|0"
        );
        let without = SiteEffect { strength: None, shift: Some(-3), ..site };
        let context = SiteInGene { feature: None, expressed: None, counts: false };
        let text = parts("T", None, &without, &context).join("|");
        assert_eq!(text, "T|.|-|100|-20|0.5000|0|.|.|.|.|.|-3|disrupted:AATAAA|unchanged|.|.|.");
        assert_eq!(largest(&[]), "0");
        assert_eq!(largest([&without]), rounded(-without.delta(), 3));
    }

    #[test]
    fn definitions_name_every_field() {
        let [entries, ..] = definitions("star: x");
        assert!(entries.contains("Format: ALLELE|GENE|STRAND|SITE|"));
        assert!(entries.ends_with("|EFFECT|CLASS|EXPRESSED_REF|EXPRESSED_ALT\">"), "{entries}");
        // Nothing in a description may end it.
        assert!(definitions("x").iter().all(|line| line.matches('"').count() == 2));
    }
}
