//! Effects as text: INFO entries of a record and rows of a table.

use std::fmt::Write as _;

use super::answer::Finding;
use super::change::{Coverage, Reason, offset};
use super::effect::SiteEffect;
use super::phase::Combined;
use super::scorer::SignalEffect;
use crate::context::class::Feature;
use crate::context::structure::{GeneStructure, along};

/// INFO keys that this program writes: entries by site, by signal, by haplotype, then what is said
/// once per allele.
pub const KEYS: [&str; 11] = [
    "PolyA",
    "PolyA_signals",
    "PolyA_hap",
    "PolyA_max",
    "PolyA_effect",
    "PolyA_delta",
    "PolyA_gene",
    "PolyA_class",
    "PolyA_usage",
    "PolyA_partial",
    "PolyA_skip",
];

/// The keys of what is said once per allele.
pub const ANSWER: [&str; 8] = {
    let [_, _, _, answer @ ..] = KEYS;
    answer
};

/// PolyA_effect of an allele that is scored and has no site near.
const NO_SITE: &str = "no_site";

/// The parts of an INFO/PolyA entry.
pub const FIELDS: [&str; 22] = [
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
    "Consequence",
    "CLASS",
    "EXPRESSED_REF",
    "EXPRESSED_ALT",
    "ALLELE_NUM",
    "GENE_ID",
    "TRANSCRIPT",
    "BIOTYPE",
];

/// The parts of an INFO/PolyA_signals entry.
pub const SIGNAL_FIELDS: [&str; 11] = [
    "ALLELE",
    "STRAND",
    "POS",
    "SIGNAL_REF",
    "SIGNAL_ALT",
    "NARROW_REF",
    "NARROW_ALT",
    "DELTA_NARROW",
    "WIDE_REF",
    "WIDE_ALT",
    "DELTA_WIDE",
];

/// The parts of an INFO/PolyA_hap entry.
pub const HAPLOTYPE_FIELDS: [&str; 17] = [
    "ALLELE",
    "HAPLOTYPE",
    "VARIANTS",
    "GENE",
    "STRAND",
    "SITE",
    "OFFSET",
    "PROB_REF",
    "PROB_HAP",
    "STRENGTH_REF",
    "STRENGTH_HAP",
    "DELTA_STRENGTH",
    "DELTA_ALONE",
    "SHIFT",
    "MOTIF",
    "Consequence",
    "CLASS",
];

/// Returns the header lines that define the INFO entries; `reasons` are the reasons for skipping
/// and what they mean.
pub fn definitions(reasons: &str) -> [String; KEYS.len()] {
    let entries = format!(
        "Effects on polyA sites, one entry per allele x gene x site; an allele without a site near it on \
         either haplotype has none. SITE: 1-based, the last nucleotide before the cut, on the reference. \
         OFFSET: nt from the variant (trimmed and left-aligned) to the site in transcript direction, the next \
         one after it 1, before it -1, inside 0. PROB: classification. STRENGTH: log2 odds of usage. USAGE: \
         2^s/(1+2^s). SHIFT: movement of the site in transcript direction, nt. Consequence: other than \
         unchanged if significant (see docs/VARIANTS.md). CLASS: of the site in the gene. EXPRESSED: \
         probability that the site is used at all, given class and context. ALLELE_NUM: 1 is the first ALT. \
         TRANSCRIPT: of those in whose last exon, or past which, the site lies the one whose end is nearest. Format: {}",
        FIELDS.join("|")
    );
    let signals = format!(
        "With a model that reads frames laid around polyA signals (APARENT2): one entry per allele x signal whose \
         frame the allele touches. POS: 1-based, the signal's first base in transcript direction, on the reference. \
         NARROW, WIDE: natural log-odds of cleavage 7 to 56 nt after it and anywhere in the frame. Format: {}",
        SIGNAL_FIELDS.join("|")
    );
    let haplotypes = format!(
        "With --haplotypes: effects of the allele together with what the sample carries on the same haplotype up to 240 nt \
         away, one entry per haplotype x gene x site that the allele reaches; none without neighbours. VARIANTS: \
         POS_REF_ALT of all of them, joined by &. DELTA_ALONE: DELTA_STRENGTH of the allele by itself. Format: {}",
        HAPLOTYPE_FIELDS.join("|")
    );
    let skipped = format!("Why the allele was not scored: {reasons}");
    let described = [
        (".", "String", entries.as_str()),
        (".", "String", &signals),
        (".", "String", &haplotypes),
        (
            "A",
            "Float",
            "Largest |DELTA_STRENGTH| of the allele (without a strength model: of the log2 odds of PROB); \
             0 if no site is near on either haplotype",
        ),
        (
            "A",
            "String",
            "Most severe effect of the allele on any site: created, lost, strengthened, weakened, shifted, \
             unchanged; no_site if no site is near. Of several that are significant that of the largest change",
        ),
        (
            "A",
            "Float",
            "Change at the site of PolyA_effect: DELTA_STRENGTH, alternate minus reference",
        ),
        ("A", "String", "Gene of PolyA_effect"),
        ("A", "String", "Class of the site of PolyA_effect in its gene"),
        (
            "A",
            "Float",
            "Largest change of the share of transcripts that end at a site, of all known sites of the genes and \
             those near the variant",
        ),
        (
            "A",
            "String",
            "contig_edge if windows that would reach past the contig's end were left out",
        ),
        ("A", "String", &skipped),
    ];
    let mut lines = KEYS.map(String::from);
    for (line, (number, kind, text)) in lines.iter_mut().zip(described) {
        let id = &*line;
        *line = format!("##INFO=<ID={id},Number={number},Type={kind},Description=\"{text}\">");
    }
    lines
}

/// What is said of an allele as a whole: the values of the keys after the first, in their order.
pub struct Answer([String; ANSWER.len()]);

impl Answer {
    /// An allele that is not scored.
    pub fn skipped(reason: Reason) -> Self {
        let mut values: [String; ANSWER.len()] = Default::default();
        values.fill(".".to_owned());
        values[ANSWER.len() - 1] = reason.name().to_owned();
        Self(values)
    }

    /// An allele that is scored: its most severe finding, largest |change|, largest change of a
    /// share, and which windows were there.
    pub fn of(
        most_severe: Option<&Finding<'_>>,
        largest: f64,
        usage: Option<f64>,
        coverage: Coverage,
    ) -> Self {
        let missing = || ".".to_owned();
        let gene = most_severe.and_then(|finding| finding.gene);
        let class = most_severe.and_then(|finding| finding.in_gene.feature);
        Self([
            rounded(largest, 3),
            most_severe.map_or(NO_SITE, |finding| finding.effect().name()).to_owned(),
            most_severe.map_or_else(missing, |finding| rounded(finding.site.delta(), 3)),
            gene.map_or_else(missing, |(_, gene)| escaped(&gene.name)),
            class.map_or(".", Feature::name).to_owned(),
            usage.map_or_else(missing, |change| rounded(change, 4)),
            match coverage {
                Coverage::All => missing(),
                Coverage::UpToEdge => Reason::ContigEdge.name().to_owned(),
            },
            missing(),
        ])
    }

    /// Returns the values, as the columns of the table have them.
    pub fn values(&self) -> &[String] {
        &self.0
    }
}

/// Returns the name of a key's column in the table.
pub fn column(key: &str) -> &str {
    match key {
        // Columns of the same names are those of the entry.
        "PolyA_effect" => "allele_effect",
        "PolyA_delta" => "allele_delta",
        "PolyA_gene" => "allele_gene",
        "PolyA_class" => "allele_class",
        "PolyA_usage" => "allele_usage",
        key => key.strip_prefix("PolyA_").unwrap_or(key),
    }
}

/// Returns what is put into INFO: entries by site, by signal and by haplotype, and answers by
/// allele; a key that would say nothing is left out.
pub fn info(entries: [&[String]; 3], answers: &[Answer]) -> String {
    let of_key = |i: usize| answers.iter().map(move |answer| answer.0[i].as_str());
    let per_allele = (0..ANSWER.len()).filter(|&i| of_key(i).any(|value| value != "."));
    let per_allele =
        per_allele.map(|i| format!("{}={}", ANSWER[i], of_key(i).collect::<Vec<_>>().join(",")));
    let entries = KEYS.into_iter().zip(entries).filter(|(_, entries)| !entries.is_empty());
    let entries = entries.map(|(key, entries)| format!("{key}={}", entries.join(",")));
    entries.chain(per_allele).collect::<Vec<_>>().join(";")
}

/// Returns the parts of an entry in the order of [`FIELDS`]; the allele as it is written, and which
/// ALT it is, from 1.
pub fn parts(
    (allele, number_of_allele): (&str, usize),
    finding: &Finding<'_>,
) -> [String; FIELDS.len()] {
    let Finding { gene, site, in_gene } = finding;
    let x = along(site.strand, site.position);
    let of_gene = |text: fn(&GeneStructure, i64) -> Option<&str>| {
        gene.and_then(|(_, gene)| text(gene, x)).map_or(".".to_owned(), escaped)
    };
    let number = |value: Option<f64>, decimals: usize| match value {
        Some(value) => rounded(value, decimals),
        None => ".".to_owned(),
    };
    let strength = |i: usize| number(site.strength.map(|pair| pair[i]), 3);
    let usage = |i: usize| number(site.usage().map(|pair| pair[i]), 4);
    let shift = site.shift.map_or(".".to_owned(), |shift| shift.to_string());
    [
        allele.to_owned(),
        gene.map_or(".".to_owned(), |(_, gene)| escaped(&gene.name)),
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
        finding.effect().name().to_owned(),
        in_gene.feature.map_or(".", Feature::name).to_owned(),
        number(in_gene.expressed.map(|pair| pair[0]), 4),
        number(in_gene.expressed.map(|pair| pair[1]), 4),
        number_of_allele.to_string(),
        of_gene(|gene, _| Some(gene.id.as_str()).filter(|id| !id.is_empty())),
        of_gene(GeneStructure::transcript_at),
        of_gene(|gene, _| gene.biotype.as_deref()),
    ]
}

/// Returns an entry of a signal, its parts joined in the order of [`SIGNAL_FIELDS`].
pub fn signal_entry(allele: &str, effect: &SignalEffect) -> String {
    let SignalEffect { strand, position, signals, narrow, wide } = effect;
    let signal = |i: usize| signals[i].unwrap_or(".").to_owned();
    let [n, w] = [narrow, wide].map(|pair| [pair[0], pair[1], pair[1] - pair[0]]);
    let numbers = [n, w].concat().into_iter().map(|value| rounded(value, 4));
    let first =
        [allele.to_owned(), strand.to_string(), (position + 1).to_string(), signal(0), signal(1)];
    first.into_iter().chain(numbers).collect::<Vec<_>>().join("|")
}

/// Returns an entry of an allele with its neighbours on a haplotype, its parts joined in the order
/// of [`HAPLOTYPE_FIELDS`]; `alone` is what the allele does to the site by itself.
pub fn haplotype_entry(
    combined: &Combined,
    finding: &Finding<'_>,
    alone: Option<&SiteEffect>,
) -> String {
    let letters = String::from_utf8_lossy(&combined.letters).into_owned();
    let parts = parts((&letters, 0), finding);
    let part = |name: &str| {
        let place = FIELDS.iter().position(|field| *field == name);
        place.map_or(".".to_owned(), |place| parts[place].clone())
    };
    let site = finding.site;
    let offset = offset(&combined.own.replaced(), site.position, site.strand);
    let alone = alone.and_then(SiteEffect::delta_strength);
    let haplotypes: Vec<String> = combined.haplotypes.iter().map(ToString::to_string).collect();
    let text = |field: &str| match field {
        "HAPLOTYPE" => haplotypes.join("&"),
        "VARIANTS" => combined.variants.clone(),
        "OFFSET" => offset.to_string(),
        "PROB_HAP" => part("PROB_ALT"),
        "STRENGTH_HAP" => part("STRENGTH_ALT"),
        "DELTA_ALONE" => alone.map_or(".".to_owned(), |delta| rounded(delta, 3)),
        field => part(field),
    };
    HAPLOTYPE_FIELDS.map(text).join("|")
}

/// Returns a number as text, without `-0`.
pub fn rounded(value: f64, decimals: usize) -> String {
    let exact = || {
        let text = format!("{value:.decimals$}");
        if text.trim_start_matches('-').bytes().all(|byte| matches!(byte, b'0' | b'.')) {
            "0".to_owned()
        } else {
            text
        }
    };
    let Some(power) = POWERS.get(decimals) else { return exact() };
    let scaled = value.abs() * *power as f64;
    let beyond = scaled - scaled.floor();
    // Formatting a float exactly takes most of the time of a run that looks effects up. A product
    // is off by a little; near halves it decides nothing.
    if scaled >= 1e12 || scaled.is_nan() || (beyond - 0.5).abs() < 1e-3 {
        return exact();
    }
    let digits = scaled.floor() as u64 + u64::from(beyond > 0.5);
    let sign = if value < 0.0 { "-" } else { "" };
    match (digits, decimals) {
        (0, _) => "0".to_owned(),
        (_, 0) => format!("{sign}{digits}"),
        _ => format!("{sign}{}.{:0decimals$}", digits / power, digits % power),
    }
}

/// Powers of ten that numbers are scaled with to be rounded.
const POWERS: [u64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

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
mod tests;
