//! Sites dealt out into parts: those that train, those that choose the epoch, those that test.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::models::part::Part;

/// How sites are dealt out: the table `[parts]` of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parts {
    pub by: By,
    /// Share of the sites that chooses the epoch, and share that tests; the others train.
    pub validation: f64,
    pub test: f64,
}

/// What is dealt out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Single sites, as published: a site that tests may lie beside one that trains.
    #[default]
    Site,
    /// Whole contigs: nothing near what tests was trained on.
    Contig,
}

impl Default for Parts {
    /// As published: 80, 10 and 10 %.
    fn default() -> Self {
        Self { by: By::Site, validation: 0.1, test: 0.1 }
    }
}

/// The stream of the seed's generator that deals: those of training are numbered from 0.
const STREAM: u64 = u64::MAX - 1;

impl Parts {
    /// Checks the shares.
    ///
    /// # Errors
    /// If they leave nothing to one who needs it.
    pub fn check(&self) -> Result<(), Problem> {
        let Self { validation, test, .. } = *self;
        let within = [validation, test].iter().all(|share| (0.0..1.0).contains(share));
        if !within || validation <= 0.0 || validation + test >= 1.0 {
            let problem = "shares, validation above 0, below 1 together";
            return Err(format!("validation = {validation}, test = {test}: {problem}").into());
        }
        Ok(())
    }

    /// Deals out sites by their contigs' numbers; the same for the same seed.
    pub fn deal(&self, contigs: &[usize], seed: u64) -> Dealt {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(STREAM);
        match self.by {
            By::Site => {
                let mut order: Vec<usize> = (0..contigs.len()).collect();
                order.shuffle(&mut rng);
                let of = |share: f64| (share * contigs.len() as f64).round() as usize;
                let (test, validation) = (of(self.test), of(self.validation));
                let mut parts = vec![Part::Training; contigs.len()];
                for (place, site) in order.into_iter().take(test + validation).enumerate() {
                    parts[site] = if place < test { Part::Test } else { Part::Validation };
                }
                Dealt { parts, contigs: None }
            }
            By::Contig => {
                let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
                contigs.iter().for_each(|contig| *sizes.entry(*contig).or_default() += 1);
                let of_contig = self.deal_contigs(sizes, contigs.len(), &mut rng);
                let parts = contigs.iter().map(|contig| of_contig[contig]).collect();
                Dealt { parts, contigs: Some(of_contig) }
            }
        }
    }

    /// Gives each contig, in random order, to the part that lacks most.
    fn deal_contigs(
        &self,
        sizes: BTreeMap<usize, usize>,
        sites: usize,
        rng: &mut ChaCha8Rng,
    ) -> BTreeMap<usize, Part> {
        let training = 1.0 - self.validation - self.test;
        let shares = [training, self.validation, self.test];
        let mut lacking = shares.map(|share| share * sites as f64);
        let mut order: Vec<(usize, usize)> = sizes.into_iter().collect();
        order.shuffle(rng);
        let mut dealt = BTreeMap::new();
        for (contig, size) in order {
            let most = (0..3).max_by(|&a, &b| lacking[a].total_cmp(&lacking[b])).unwrap_or(0);
            lacking[most] -= size as f64;
            dealt.insert(contig, Part::ALL[most]);
        }
        dealt
    }
}

/// Who got what.
#[derive(Clone, Debug, PartialEq)]
pub struct Dealt {
    /// Of each site.
    pub parts: Vec<Part>,
    /// Of each contig that has sites, where contigs were dealt out.
    contigs: Option<BTreeMap<usize, Part>>,
}

impl Dealt {
    /// Returns whether places of a contig may be used for a part: where sites were dealt out,
    /// everywhere; contigs without sites train.
    pub fn allows(&self, contig: usize, part: Part) -> bool {
        self.contigs
            .as_ref()
            .is_none_or(|dealt| dealt.get(&contig).copied().unwrap_or(Part::Training) == part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_site_has_one_part_of_its_share(contigs in prop::collection::vec(0usize..40, 20..400), seed: u64) {
            for by in [By::Site, By::Contig] {
                let parts = Parts { by, validation: 0.1, test: 0.2 };
                let dealt = parts.deal(&contigs, seed);
                prop_assert_eq!(&dealt, &parts.deal(&contigs, seed));
                prop_assert_eq!(dealt.parts.len(), contigs.len());
                let share = |part: Part| {
                    dealt.parts.iter().filter(|p| **p == part).count() as f64 / contigs.len() as f64
                };
                for (part, wanted) in [(Part::Validation, 0.1), (Part::Test, 0.2)] {
                    match by {
                        By::Site => prop_assert!((share(part) - wanted).abs() < 0.03),
                        // No part gets more than its share and one contig.
                        By::Contig => {
                            let largest = (0..40).map(|c| contigs.iter().filter(|x| **x == c).count()).max();
                            let largest = largest.unwrap_or(0) as f64 / contigs.len() as f64;
                            prop_assert!(share(part) <= wanted + largest + 1e-9);
                        }
                    }
                }
                for (contig, part) in contigs.iter().zip(&dealt.parts) {
                    prop_assert!(dealt.allows(*contig, *part));
                    let others = Part::ALL.iter().filter(|other| *other != part);
                    prop_assert!(others.clone().all(|other| dealt.allows(*contig, *other)) == (by == By::Site));
                }
            }
        }
    }

    #[test]
    fn shares_that_leave_nothing_are_told() {
        let parts = |validation, test| Parts { validation, test, ..Parts::default() }.check();
        assert_eq!(parts(0.1, 0.1), Ok(()));
        assert_eq!(parts(0.1, 0.0), Ok(()));
        for wrong in [parts(0.0, 0.1), parts(0.5, 0.5), parts(-0.1, 0.1), parts(0.1, f64::NAN)] {
            assert!(wrong.is_err());
        }
    }
}
