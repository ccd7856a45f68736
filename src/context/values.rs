//! What is known of a site and of its place in a gene: the columns of `PREFIX.context.tsv` and the
//! features of the usage models.

use super::class::Feature;
use super::features::GeneContext;
use super::structure::along;
use crate::genome::strand::Strand;

/// A figure of a site in a gene. Lengths and distances are in nt along transcription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Log2 odds of the classification.
    LogOdds,
    /// Log2 odds of usage by the strength model.
    Strength,
    /// Log2 odds of the classification of the best other call within 100 nt, less those of this
    /// one.
    NearRival,
    /// The longest exon that ends at the nearest 5' splice site upstream.
    UpstreamExon,
    /// The longest exon that starts at the nearest 3' splice site downstream.
    DownstreamExon,
    /// Whether that exon is the last one (1) or not (0).
    LastIntron,
    /// From the nearest 5' splice site upstream.
    Distance5ss,
    Score5ss,
    /// From the nearest 5' splice site upstream to the nearest 3' splice site downstream.
    Intron,
    /// From the nearest 3' splice site upstream.
    Distance3ssUp,
    Score3ssUp,
    /// To the nearest 3' splice site downstream.
    Distance3ssDown,
    Score3ssDown,
    /// Past the nearest end of a transcript; negative before it.
    PastEnd,
    /// Into the last exon, from its start.
    IntoExon,
    /// Length of the intron before the last exon.
    LastIntronLength,
    /// To the next gene of the other strand, downstream; 0 inside one.
    NextAntisense,
}

impl Value {
    /// All figures, in the order of the table.
    pub const ALL: [Self; 17] = [
        Self::LogOdds,
        Self::Strength,
        Self::NearRival,
        Self::UpstreamExon,
        Self::DownstreamExon,
        Self::LastIntron,
        Self::Distance5ss,
        Self::Score5ss,
        Self::Intron,
        Self::Distance3ssUp,
        Self::Score3ssUp,
        Self::Distance3ssDown,
        Self::Score3ssDown,
        Self::PastEnd,
        Self::IntoExon,
        Self::LastIntronLength,
        Self::NextAntisense,
    ];

    /// Returns the name of its column.
    pub fn name(self) -> &'static str {
        match self {
            Self::LogOdds => "log_odds",
            Self::Strength => "strength",
            Self::NearRival => "near_rival",
            Self::UpstreamExon => "upstream_exon",
            Self::DownstreamExon => "downstream_exon",
            Self::LastIntron => "last_intron",
            Self::Distance5ss => "distance_5ss",
            Self::Score5ss => "score_5ss",
            Self::Intron => "intron",
            Self::Distance3ssUp => "distance_3ss_up",
            Self::Score3ssUp => "score_3ss_up",
            Self::Distance3ssDown => "distance_3ss_down",
            Self::Score3ssDown => "score_3ss_down",
            Self::PastEnd => "past_end",
            Self::IntoExon => "into_exon",
            Self::LastIntronLength => "last_intron_length",
            Self::NextAntisense => "next_antisense",
        }
    }

    /// Returns whether it is a score, rather than a number of nucleotides or a flag.
    pub fn is_score(self) -> bool {
        use Value::*;
        matches!(self, LogOdds | Strength | NearRival | Score5ss | Score3ssUp | Score3ssDown)
    }
}

/// The figures of a site in a gene; NaN stands for what is not there.
#[derive(Clone, Debug, PartialEq)]
pub struct Values([f64; Value::ALL.len()]);

impl Default for Values {
    fn default() -> Self {
        Self([f64::NAN; Value::ALL.len()])
    }
}

/// No gene is looked for farther than this, nt.
const FAR: f64 = 1e6;
/// How much worse the nearest other call counts where there is none, log2.
const NO_RIVAL: f64 = -8.0;

impl Values {
    /// Returns the figures that a gene gives to a site of a class in it.
    pub fn in_gene(genes: &GeneContext, gene: usize, feature: Feature, position: u64) -> Self {
        let mut values = Self::default();
        let (number, gene) = (gene, genes.gene(gene));
        let x = along(gene.strand, position);
        debug_assert!(number < genes.genes().len());
        let score = |score: Option<f32>| score.map_or(f64::NAN, f64::from);
        if feature.is_intron() {
            if let Some(five) = gene.five_before(x) {
                values.set(Value::UpstreamExon, five.exon as f64);
                values.set(Value::Distance5ss, (x - five.at + 1) as f64);
                values.set(Value::Score5ss, score(five.score));
            }
            if let Some(three) = gene.three_after(x) {
                values.set(Value::DownstreamExon, three.exon as f64);
                values.set(Value::LastIntron, f64::from(u8::from(three.last)));
                values.set(Value::Distance3ssDown, (three.at - x) as f64);
                values.set(Value::Score3ssDown, score(three.score));
            }
            let intron = values.get(Value::Distance5ss) + values.get(Value::Distance3ssDown) - 1.0;
            values.set(Value::Intron, intron);
            if let Some(three) = gene.three_before(x) {
                values.set(Value::Distance3ssUp, (x - three.at + 1) as f64);
                values.set(Value::Score3ssUp, score(three.score));
            }
        }
        if feature.is_terminal() {
            values.set(Value::IntoExon, (x - gene.last_exon_start(x) + 1) as f64);
            let last_intron = gene.last_intron(x).map_or(f64::NAN, |length| length as f64);
            values.set(Value::LastIntronLength, last_intron);
        }
        values.set(Value::PastEnd, gene.past_end(x).map_or(f64::NAN, |past| past as f64));
        let next = genes.next_antisense(gene.contig, gene.strand, position);
        values.set(Value::NextAntisense, next.map_or(FAR, |next| FAR.min(next as f64)));
        values
    }

    /// Returns a figure.
    pub fn get(&self, value: Value) -> f64 {
        self.0[value as usize]
    }

    /// Sets a figure.
    pub fn set(&mut self, value: Value, figure: f64) {
        self.0[value as usize] = figure;
    }

    /// Returns a feature of the usage models by its name; `None` if there is none of this name.
    pub fn feature(&self, name: &str) -> Option<f64> {
        let log10 = |value: Value| (self.get(value).max(0.0) + 1.0).log10();
        let ratio = |whole: f64, part: Value| ((whole + 100.0) / (self.get(part) + 100.0)).log2();
        let figure = match name {
            "log10_upstream_exon" => log10(Value::UpstreamExon),
            "log10_downstream_exon" => log10(Value::DownstreamExon),
            "log10_distance_5ss" => log10(Value::Distance5ss),
            "log10_distance_3ss_up" => log10(Value::Distance3ssUp),
            "log10_distance_3ss_down" => log10(Value::Distance3ssDown),
            "log10_into_exon" => log10(Value::IntoExon),
            "log10_last_intron" => log10(Value::LastIntronLength),
            "log10_next_antisense" => log10(Value::NextAntisense),
            "log10_end_distance" => (self.get(Value::PastEnd).abs() + 1.0).log10(),
            "is_past_end" => match self.get(Value::PastEnd) {
                past if past.is_nan() => f64::NAN,
                past => f64::from(u8::from(past > 0.0)),
            },
            // Of the intron to the part of it that is transcribed before the site.
            "log2_intron_ratio" => ratio(self.get(Value::Intron), Value::Distance5ss),
            // Of the stretch between two 3' splice sites to the part that is transcribed before the
            // site.
            "log2_3ss_ratio" => {
                let both = self.get(Value::Distance3ssUp) + self.get(Value::Distance3ssDown);
                ratio(both, Value::Distance3ssUp)
            }
            "near_rival" => match self.get(Value::NearRival) {
                rival if rival.is_nan() => NO_RIVAL,
                rival => rival.clamp(NO_RIVAL, -NO_RIVAL),
            },
            name => {
                let value = Value::ALL.into_iter().find(|value| value.name() == name)?;
                self.get(value)
            }
        };
        // log10 of nothing known must not become a distance of 0.
        Some(if self.is_unknown(name) { f64::NAN } else { figure })
    }

    /// Whether what a feature is made of is not known.
    fn is_unknown(&self, name: &str) -> bool {
        let of = match name {
            "log10_upstream_exon" => Value::UpstreamExon,
            "log10_downstream_exon" => Value::DownstreamExon,
            "log10_distance_5ss" => Value::Distance5ss,
            "log10_distance_3ss_up" => Value::Distance3ssUp,
            "log10_distance_3ss_down" => Value::Distance3ssDown,
            "log10_into_exon" => Value::IntoExon,
            "log10_last_intron" => Value::LastIntronLength,
            "log10_next_antisense" => Value::NextAntisense,
            _ => return false,
        };
        self.get(of).is_nan()
    }
}

/// Log2 odds of a probability, finite.
pub fn log2_odds(probability: f64) -> f64 {
    crate::models::strength::log_odds(probability) / std::f64::consts::LN_2
}

/// How much of a site's neighbourhood its rivals are looked for in, nt.
const RIVALS_WITHIN: u64 = 100;

/// A call: strand, position, log2 odds of its classification.
pub type Call = (Strand, u64, f64);

/// Returns, for each call of a contig (ascending by position), the log2 odds of its best rival less
/// its own.
pub fn near_rivals(calls: &[Call]) -> Vec<f64> {
    let rival = |at: usize| {
        let (strand, position, own) = calls[at];
        let near = |other: &&Call| other.1.abs_diff(position) <= RIVALS_WITHIN;
        let before = calls[..at].iter().rev().take_while(near);
        let after = calls[at + 1..].iter().take_while(near);
        let others = before.chain(after).filter(|other| other.0 == strand);
        others.map(|other| other.2).max_by(f64::total_cmp).map_or(f64::NAN, |best| best - own)
    };
    (0..calls.len()).map(rival).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::annotation::{Annotation, Gene};
    use crate::genome::contigs::Contigs;

    fn genes() -> GeneContext {
        let mut contigs = Contigs::default();
        contigs.push("c".to_owned(), 100_000);
        let gene = |name: &str, strand, exons: Vec<std::ops::Range<u64>>| Gene {
            name: name.to_owned(),
            id: String::new(),
            contig: 0,
            strand,
            range: exons[0].start..exons[exons.len() - 1].end,
            transcripts: vec![exons],
            open_ended: Vec::new(),
            biotype: None,
            transcript_ids: Vec::new(),
            coding_ends: Vec::new(),
        };
        let genes = vec![
            gene("A", Strand::Plus, vec![1_000..1_100, 3_000..3_200, 5_000..6_000]),
            gene("B", Strand::Minus, std::iter::once(8_000..9_000).collect()),
        ];
        GeneContext::new(&Annotation { genes, notes: Vec::new() }, &contigs, 1_000)
    }

    #[test]
    fn a_composite_intron_has_the_figures_worked_out_by_hand() {
        // The first intron is 1100..3000; the site is its 501st nucleotide.
        let values = Values::in_gene(&genes(), 0, Feature::IntronComposite, 1_600);
        for (value, expected) in [
            (Value::UpstreamExon, 100.0),
            (Value::DownstreamExon, 200.0),
            (Value::LastIntron, 0.0),
            (Value::Distance5ss, 501.0),
            (Value::Distance3ssDown, 1_400.0),
            (Value::Intron, 1_900.0),
            (Value::PastEnd, -4_399.0),
            (Value::NextAntisense, 6_400.0),
        ] {
            assert_eq!(values.get(value), expected, "{}", value.name());
        }
        let feature = |name: &str| values.feature(name).unwrap();
        assert!((feature("log2_intron_ratio") - (2_000.0_f64 / 601.0).log2()).abs() < 1e-12);
        assert!((feature("log10_distance_5ss") - 502.0_f64.log10()).abs() < 1e-12);
        assert!(feature("log10_into_exon").is_nan() && values.feature("nonsense").is_none());
        let last = Values::in_gene(&genes(), 0, Feature::IntronComposite, 4_000);
        assert_eq!(last.get(Value::LastIntron), 1.0);
    }

    #[test]
    fn a_site_in_or_past_the_last_exon_has_the_figures_worked_out_by_hand() {
        let values = Values::in_gene(&genes(), 0, Feature::ExtendedTerminalExon, 6_049);
        for (value, expected) in [
            (Value::PastEnd, 50.0),
            (Value::IntoExon, 1_050.0),
            (Value::LastIntronLength, 1_800.0),
            (Value::NextAntisense, 1_951.0),
        ] {
            assert_eq!(values.get(value), expected, "{}", value.name());
        }
        let minus = Values::in_gene(&genes(), 1, Feature::TerminalExon, 8_010);
        assert_eq!((minus.get(Value::PastEnd), minus.get(Value::IntoExon)), (-10.0, 990.0));
        assert_eq!(minus.get(Value::NextAntisense), 2_011.0);
    }

    #[test]
    fn rivals_are_the_best_calls_near_on_the_same_strand() {
        let calls = [
            (Strand::Plus, 100, 1.0),
            (Strand::Minus, 110, 9.0),
            (Strand::Plus, 150, 3.0),
            (Strand::Plus, 230, 2.0),
            (Strand::Plus, 400, 0.0),
        ];
        let rivals = near_rivals(&calls);
        assert_eq!(rivals[0], 2.0);
        assert!(rivals[1].is_nan() && rivals[4].is_nan());
        assert_eq!(rivals[2..4], [-1.0, 1.0]);
    }
}
