//! Shares of the transcripts of a gene that end at each of its sites.

use super::class::Feature;

/// A site of a gene: class, log2 odds of usage where transcripts come by, probability that it is
/// used at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneSite {
    pub feature: Feature,
    pub strength: f64,
    pub expressed: f64,
}

/// Returns the share of transcripts that ends at each site, in the order of transcription: first
/// come, first served.
///
/// Of the transcripts that come by a site 2^s / (1 + 2^s) end there, s being its strength; where
/// splicing takes part (introns, upstream exons), that times the probability that the site is used
/// at all. What is left after the last site is read past.
///
/// ```
/// use polyascan::context::{class::Feature, usage::{GeneSite, shares}};
/// let site = |feature, expressed| GeneSite { feature, strength: 0.0, expressed };
/// let sites = [site(Feature::IntronComposite, 0.5), site(Feature::TerminalExon, 0.9), site(Feature::TerminalExon, 0.9)];
/// assert_eq!(shares(&sites), [0.25, 0.375, 0.1875]);
/// ```
pub fn shares(sites: &[GeneSite]) -> Vec<f64> {
    let mut left = 1.0;
    let share = |site: &GeneSite| {
        let ends = 1.0 / (1.0 + (-site.strength).exp2());
        let used = if site.feature.is_terminal() { 1.0 } else { site.expressed };
        let share = left * ends * used;
        left -= share;
        share
    };
    sites.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_are_no_more_than_the_whole_and_fall_with_what_comes_before(
            sites in prop::collection::vec((0usize..5, -9.0f64..9.0, 0.0f64..1.0), 1..12)
        ) {
            let site = |(class, strength, expressed)| GeneSite {
                feature: Feature::ALL[class], strength, expressed
            };
            let sites: Vec<GeneSite> = sites.into_iter().map(site).collect();
            let all = shares(&sites);
            prop_assert!(all.iter().all(|share| (0.0..=1.0).contains(share)));
            prop_assert!(all.iter().sum::<f64>() <= 1.0 + 1e-9);
            // Without the first site every other gets at least as much.
            let fewer = shares(&sites[1..]);
            prop_assert!(all[1..].iter().zip(&fewer).all(|(with, without)| with <= without));
        }
    }
}
