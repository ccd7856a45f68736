//! What becomes of a site: sites of two haplotypes matched, and the rule that says what matters.

use super::Rule;
use super::change::{Change, offset};
use super::windows::HaplotypeSite;
use crate::genome::strand::Strand;
use crate::models::strength::log_odds;

/// What a change does to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The alternate haplotype alone has the site.
    Created,
    /// The reference haplotype alone has it.
    Lost,
    /// Its strength rises by `delta` of the rule or more.
    Strengthened,
    /// Its strength falls by as much.
    Weakened,
    /// It moves by `shift` of the rule or more, and keeps its strength.
    Shifted,
    /// None of these.
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
    /// The strand of the site.
    pub strand: Strand,
    /// Position (0-based, on the reference) of the reference's site; that of the alternate's,
    /// carried over, where that alone is called or there.
    pub position: u64,
    /// Nucleotides from the change to the site in transcript direction: the next one after the
    /// change is 1, the one before it -1, one that is replaced or put in 0.
    pub offset: i64,
    /// Movement in transcript direction, in nt of the reference; only where both call the site.
    pub shift: Option<i64>,
    /// The same of the mean of the consolidated cleavage (Stroup & Ji 2023, Eq. 3).
    pub mean_shift: Option<f64>,
    /// Whether each haplotype's scan calls the site.
    pub called: [bool; 2],
    /// Whether a known site lies here: it is one however unlikely it looks.
    pub known: bool,
    /// Classification of the window centred on the haplotype's own site, called or latent; where it
    /// has none, on the place of the other's.
    pub probability: [f32; 2],
    /// Strength of the windows centred on the site's position on either haplotype, log2 odds of
    /// usage, if there is a strength model: one place, so that the change is the allele's and not
    /// the place's.
    pub strength: Option<[f64; 2]>,
    /// Signals that the change makes or breaks, as text; `.` if none.
    pub motif: String,
    /// By the rule.
    pub effect: Effect,
}

impl SiteEffect {
    /// Returns whether neither haplotype calls the site, and nobody knows it.
    pub fn is_latent(&self) -> bool {
        self.called == [false; 2] && !self.known
    }

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
    /// On the reference haplotype.
    pub reference: Option<u64>,
    /// On the alternate one.
    pub alternate: Option<u64>,
    /// Whether each haplotype's is a call, and not latent.
    pub called: [bool; 2],
}

impl Pair {
    /// Matches the sites of two haplotypes whose positions on the reference lie at most `within` nt
    /// apart, the nearest first, each site once; in order of position.
    pub fn matched(
        reference: &[HaplotypeSite],
        alternate: &[HaplotypeSite],
        change: &Change,
        within: u64,
    ) -> Vec<Self> {
        let mut near = Vec::new();
        for (i, a) in reference.iter().enumerate() {
            for (j, b) in alternate.iter().enumerate() {
                let apart = a.site.position.abs_diff(change.to_reference(b.site.position));
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
        let pair = |a: Option<&HaplotypeSite>, b: Option<&HaplotypeSite>| Self {
            reference: a.map(|a| a.site.position),
            alternate: b.map(|b| b.site.position),
            called: [a, b].map(|site| site.is_some_and(|site| site.called)),
        };
        let partner = |j: Option<usize>| j.map(|j| &alternate[j]);
        let of_reference = reference.iter().zip(left).map(|(a, j)| pair(Some(a), partner(j)));
        let alone = alternate.iter().zip(&right).filter(|(_, matched)| !**matched);
        let of_alternate = alone.map(|(b, _)| pair(None, Some(b)));
        let mut pairs: Vec<Self> = of_reference.chain(of_alternate).collect();
        pairs.sort_by_key(|pair| pair.position(change));
        pairs
    }

    /// Returns the site's place on either haplotype, by its own positions: that of the reference's
    /// site, or of the alternate's if that alone is called or there; carried over to the other
    /// haplotype.
    pub fn place(&self, change: &Change) -> [u64; 2] {
        let by_alternate = self.called == [false, true] || self.reference.is_none();
        match (self.reference, self.alternate) {
            (_, Some(place)) if by_alternate => [change.to_reference(place), place],
            (place, _) => {
                let place = place.unwrap_or_default();
                [place, change.to_alternate(place)]
            }
        }
    }

    /// Returns the position on the reference.
    pub fn position(&self, change: &Change) -> u64 {
        self.place(change)[0]
    }

    /// Returns the place of each haplotype's own site, by its own positions; where it has none, the
    /// other's carried over.
    pub fn own_places(&self, change: &Change) -> [u64; 2] {
        let [reference, alternate] = self.place(change);
        [self.reference.unwrap_or(reference), self.alternate.unwrap_or(alternate)]
    }

    /// Returns the movement of the site in transcript direction, if both haplotypes call it.
    pub fn shift(&self, change: &Change, strand: Strand) -> Option<i64> {
        let both = self.called == [true; 2];
        let (reference, alternate) = (self.reference?, self.alternate.filter(|_| both)?);
        let along = change.to_reference(alternate) as i64 - reference as i64;
        Some(if strand == Strand::Plus { along } else { -along })
    }

    /// Returns the movement, in transcript direction, of the mean of the site's cleavage, if both
    /// haplotypes call it; the sites are those that were matched.
    pub fn mean_shift(
        &self,
        reference: &[HaplotypeSite],
        alternate: &[HaplotypeSite],
        change: &Change,
        strand: Strand,
    ) -> Option<f64> {
        // Distance of the mean from the site itself.
        let beyond = |sites: &[HaplotypeSite], position: Option<u64>| {
            let site = &sites.iter().find(|site| Some(site.site.position) == position)?.site;
            let along = site.mean - site.position as f64;
            Some(if strand == Strand::Plus { along } else { -along })
        };
        let shift = self.shift(change, strand)? as f64;
        Some(shift + beyond(alternate, self.alternate)? - beyond(reference, self.reference)?)
    }

    /// Returns the site's offset from the change: see [`SiteEffect::offset`].
    pub fn offset(&self, change: &Change, strand: Strand) -> i64 {
        let [reference, alternate] = self.place(change);
        match self.reference {
            None => offset(&change.put_in(), alternate, strand),
            Some(_) => offset(&change.replaced(), reference, strand),
        }
    }
}

#[cfg(test)]
mod tests;
