//! What becomes of a site: sites of two haplotypes matched, and the rule that says what matters.

use super::Rule;
use super::change::{Change, offset};
use crate::genome::strand::Strand;
use crate::models::strength::log_odds;
use crate::scan::consolidate::Candidate;

/// What a change does to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    Created,
    Lost,
    Strengthened,
    Weakened,
    Shifted,
    Unchanged,
}

impl Effect {
    /// All effects.
    pub const ALL: [Self; 6] = [
        Self::Created,
        Self::Lost,
        Self::Strengthened,
        Self::Weakened,
        Self::Shifted,
        Self::Unchanged,
    ];

    /// Returns the name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Lost => "lost",
            Self::Strengthened => "strengthened",
            Self::Weakened => "weakened",
            Self::Shifted => "shifted",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A site, and what a change does to it. Pairs are of reference and alternate.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteEffect {
    pub strand: Strand,
    /// Position (0-based, on the reference) of the reference's site; where it has none, that of the
    /// alternate's, carried over.
    pub position: u64,
    /// Nucleotides from the change to the site in transcript direction: the next one after the change
    /// is 1, the one before it -1, one that is replaced or put in 0.
    pub offset: i64,
    /// Movement in transcript direction, in nt of the reference; only where both have the site.
    pub shift: Option<i64>,
    /// The same of the mean of the consolidated cleavage (Stroup & Ji 2023, Eq. 3).
    pub mean_shift: Option<f64>,
    /// Whether each haplotype has the site.
    pub called: [bool; 2],
    /// Whether a known site lies here: it is one however unlikely it looks.
    pub known: bool,
    /// Classification of the window centred on the site; where a haplotype has none, on the place of
    /// the other's.
    pub probability: [f32; 2],
    /// Strength of the same windows, log2 odds of usage, if there is a strength model.
    pub strength: Option<[f64; 2]>,
    /// Signals that the change makes or breaks, as text; `.` if none.
    pub motif: String,
    pub effect: Effect,
}

impl SiteEffect {
    /// Returns the change in strength, log2.
    pub fn delta_strength(&self) -> Option<f64> {
        self.strength.map(|[reference, alternate]| alternate - reference)
    }

    /// Returns the share of usage of each haplotype's site: 2^s / (1 + 2^s).
    pub fn usage(&self) -> Option<[f64; 2]> {
        self.strength.map(|strengths| strengths.map(|log2| 1.0 / (1.0 + (-log2).exp2())))
    }

    /// Returns the change in the log2 odds of the classification.
    pub fn delta_log2_odds(&self) -> f64 {
        let [reference, alternate] = self.probability.map(|p| log_odds(p.into()));
        (alternate - reference) / std::f64::consts::LN_2
    }

    /// Returns the change that counts, log2: of the strength, or without a strength model of the
    /// odds of the classification.
    pub fn delta(&self) -> f64 {
        self.delta_strength().unwrap_or_else(|| self.delta_log2_odds())
    }
}

impl Rule {
    /// Returns the effect that the figures of a site amount to.
    pub fn effect(&self, site: &SiteEffect) -> Effect {
        let [reference, alternate] = site.probability;
        let likely = site.known || reference.max(alternate) >= self.probability as f32;
        let strong = site.strength.is_none_or(|[a, b]| a.max(b) >= self.strength);
        let delta = site.delta();
        if !(likely && strong) {
            return Effect::Unchanged;
        }
        if delta.abs() < self.delta {
            let moved = site.shift.is_some_and(|shift| shift.unsigned_abs() >= self.shift);
            return if moved { Effect::Shifted } else { Effect::Unchanged };
        }
        match (site.called, delta > 0.0) {
            ([false, true], true) => Effect::Created,
            ([true, false], false) => Effect::Lost,
            (_, true) => Effect::Strengthened,
            (_, false) => Effect::Weakened,
        }
    }
}

/// A site of the reference, of the alternate (each by its own positions), or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    pub reference: Option<u64>,
    pub alternate: Option<u64>,
}

impl Pair {
    /// Matches the sites of two haplotypes whose positions on the reference lie at most `within` nt
    /// apart, the nearest first, each site once; in order of position.
    pub fn matched(
        reference: &[Candidate],
        alternate: &[Candidate],
        change: &Change,
        within: u64,
    ) -> Vec<Self> {
        let mut near = Vec::new();
        for (i, a) in reference.iter().enumerate() {
            for (j, b) in alternate.iter().enumerate() {
                let apart = a.position.abs_diff(change.to_reference(b.position));
                if apart <= within {
                    near.push((apart, i, j));
                }
            }
        }
        near.sort_unstable();
        let (mut left, mut right) = (vec![None; reference.len()], vec![false; alternate.len()]);
        for (_, i, j) in near {
            if left[i].is_none() && !right[j] {
                left[i] = Some(j);
                right[j] = true;
            }
        }
        let of_reference = reference.iter().zip(left).map(|(site, partner)| Self {
            reference: Some(site.position),
            alternate: partner.map(|j: usize| alternate[j].position),
        });
        let alone = alternate.iter().zip(&right).filter(|(_, matched)| !**matched);
        let of_alternate =
            alone.map(|(site, _)| Self { reference: None, alternate: Some(site.position) });
        let mut pairs: Vec<Self> = of_reference.chain(of_alternate).collect();
        pairs.sort_by_key(|pair| pair.position(change));
        pairs
    }

    /// Returns the position on the reference.
    pub fn position(&self, change: &Change) -> u64 {
        let carried = self.alternate.map(|position| change.to_reference(position));
        self.reference.or(carried).unwrap_or_default()
    }

    /// Returns the place of the site on each haplotype by its own positions: its own, or the other's
    /// carried over.
    pub fn places(&self, change: &Change) -> [u64; 2] {
        let reference = self.position(change);
        [reference, self.alternate.unwrap_or_else(|| change.to_alternate(reference))]
    }

    /// Returns the movement of the site in transcript direction, if both haplotypes have it.
    pub fn shift(&self, change: &Change, strand: Strand) -> Option<i64> {
        let along = change.to_reference(self.alternate?) as i64 - self.reference? as i64;
        Some(if strand == Strand::Plus { along } else { -along })
    }

    /// Returns the movement, in transcript direction, of the mean of the site's cleavage, if both
    /// haplotypes have it; the candidates are those that were matched.
    pub fn mean_shift(
        &self,
        reference: &[Candidate],
        alternate: &[Candidate],
        change: &Change,
        strand: Strand,
    ) -> Option<f64> {
        // Distance of the mean from the site itself.
        let beyond = |sites: &[Candidate], position: Option<u64>| {
            let site = sites.iter().find(|site| Some(site.position) == position)?;
            let along = site.mean - site.position as f64;
            Some(if strand == Strand::Plus { along } else { -along })
        };
        let shift = self.shift(change, strand)? as f64;
        Some(shift + beyond(alternate, self.alternate)? - beyond(reference, self.reference)?)
    }

    /// Returns the site's offset from the change: see [`SiteEffect::offset`].
    pub fn offset(&self, change: &Change, strand: Strand) -> i64 {
        match (self.reference, self.alternate) {
            (None, Some(position)) => offset(&change.put_in(), position, strand),
            (position, _) => offset(&change.replaced(), position.unwrap_or_default(), strand),
        }
    }
}

#[cfg(test)]
mod tests;
