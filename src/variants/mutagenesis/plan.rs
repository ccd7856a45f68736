//! What is asked for: positions by contig and strand, and sites.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::sites::NamedSite;
use crate::genome::contigs::Contigs;
use crate::genome::region::{Intervals, Region};
use crate::genome::strand::Strand;
use crate::scan::targets::{StrandedRegion, Targets};
use crate::variants::scorer::{Places, inside};

/// Nucleotides on either side of a site that are changed.
pub const AROUND: u64 = 120;
/// Positions that are scored together: enough that the windows of the reference cost little, few
/// enough that all threads have work and a stop is soon noticed. No effect on results.
const POSITIONS: u64 = 64;

/// A site of one strand of a contig; its position is 0-based.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SiteKey {
    pub contig: usize,
    pub position: u64,
    pub strand: Strand,
}

/// Positions to change, and the sites whose effects are wanted.
pub struct Plan {
    targets: Targets,
    /// Of each contig; both strands together.
    either: Vec<Intervals>,
    /// By contig and strand, ascending; `None` if the effects on whatever sites are there are
    /// wanted.
    sites: Option<HashMap<usize, [Vec<u64>; 2]>>,
    /// What is known of them.
    named: HashMap<SiteKey, NamedSite>,
}

impl Plan {
    /// Plans every position of some regions, on those of the strands given that they speak of, and
    /// the effects on all sites that either haplotype has.
    pub fn of_regions(contigs: &Contigs, regions: &[StrandedRegion], strands: &[Strand]) -> Self {
        Self::new(contigs, strands, regions, None)
    }

    /// Plans the positions within [`AROUND`] nt of sites, and the effects on them.
    pub fn of_sites(contigs: &Contigs, sites: &[NamedSite]) -> Self {
        let around = |site: &NamedSite| {
            let SiteKey { contig, position, strand } = site.key;
            let end = (position + AROUND + 1).min(contigs[contig].length);
            let range = position.saturating_sub(AROUND)..end;
            (Region { contig, range }, Some(strand))
        };
        let regions: Vec<StrandedRegion> = sites.iter().map(around).collect();
        let mut by_contig: HashMap<usize, [Vec<u64>; 2]> = HashMap::new();
        for site in sites.iter().map(|site| &site.key) {
            let of_contig = by_contig.entry(site.contig).or_default();
            of_contig[site.strand.index()].push(site.position);
        }
        for positions in by_contig.values_mut().flatten() {
            positions.sort_unstable();
            positions.dedup();
        }
        let named = sites.iter().map(|site| (site.key, site.clone())).collect();
        Self { named, ..Self::new(contigs, &Strand::BOTH, &regions, Some(by_contig)) }
    }

    fn new(
        contigs: &Contigs,
        strands: &[Strand],
        regions: &[StrandedRegion],
        sites: Option<HashMap<usize, [Vec<u64>; 2]>>,
    ) -> Self {
        let targets = Targets::new(contigs, strands, Some(regions), None);
        let either = (0..contigs.len()).map(|contig| {
            let strands = Strand::BOTH.map(|strand| targets.get(contig, strand).as_slice());
            Intervals::new(strands.into_iter().flatten().cloned().collect())
        });
        let either = either.collect();
        Self { targets, either, sites, named: HashMap::new() }
    }

    /// Returns the strands that the `length` nt from a position are all asked for on.
    pub fn strands(&self, contig: usize, position: u64, length: u64) -> [bool; 2] {
        Strand::BOTH.map(|strand| {
            let asked = self.targets.get(contig, strand).as_slice();
            let at = asked.partition_point(|range| range.end <= position);
            let holds =
                |range: &Range<u64>| range.start <= position && position + length <= range.end;
            asked.get(at).is_some_and(holds)
        })
    }

    /// Returns whether sites were named.
    pub fn names_sites(&self) -> bool {
        self.sites.is_some()
    }

    /// Returns what is known of a site that was named.
    pub fn named(&self, key: &SiteKey) -> Option<&NamedSite> {
        self.named.get(key)
    }

    /// Returns the sites that were named, of one contig.
    pub fn places(&self, contig: usize) -> Places<'_> {
        let sites = self.sites.as_ref().and_then(|sites| sites.get(&contig));
        sites.map_or([&[]; 2], |sites| [&sites[0], &sites[1]])
    }

    /// Returns the sites that were named and lie within [`AROUND`] nt of a position.
    pub fn near(&self, contig: usize, position: u64, strand: Strand) -> &[u64] {
        let around = position.saturating_sub(AROUND)..position + AROUND + 1;
        inside(self.places(contig)[strand.index()], around)
    }

    /// Returns the positions asked for in pieces: contig and range, in order; of those that `span`
    /// has, counted through all of them.
    pub fn stretches(
        &self,
        span: Range<u64>,
    ) -> impl Iterator<Item = (usize, Range<u64>)> + Send + '_ {
        let contigs = self.either.iter().enumerate();
        let ranges = contigs.flat_map(|(contig, asked)| {
            asked.as_slice().iter().map(move |range| (contig, range.clone()))
        });
        let mut before = 0;
        let within = move |(contig, range): (usize, Range<u64>)| {
            let length = range.end - range.start;
            let place = |at: u64| range.start + at.saturating_sub(before).min(length);
            let within = place(span.start)..place(span.end);
            before += length;
            (contig, within)
        };
        ranges.map(within).flat_map(|(contig, range)| {
            let starts = range.clone().step_by(POSITIONS as usize);
            starts.map(move |start| (contig, start..(start + POSITIONS).min(range.end)))
        })
    }

    /// Returns a digest (sha256, hexadecimal) of the positions asked for, to tell plans apart.
    pub fn digest(&self) -> String {
        self.targets.digest()
    }

    /// Returns the number of positions asked for.
    pub fn positions(&self) -> u64 {
        self.either.iter().map(Intervals::total).sum()
    }

    /// Returns the strands that anything is asked for on.
    pub fn used_strands(&self) -> Vec<Strand> {
        let used = |strand: &Strand| {
            (0..self.either.len()).any(|contig| !self.targets.get(contig, *strand).is_empty())
        };
        Strand::BOTH.into_iter().filter(used).collect()
    }
}

/// Returns the sites without those named before, in order, and how many were left out.
pub fn different(sites: Vec<NamedSite>) -> (Vec<NamedSite>, usize) {
    let named = sites.len();
    let mut seen = HashSet::new();
    let different: Vec<NamedSite> =
        sites.into_iter().filter(|site| seen.insert(site.key)).collect();
    let again = named - different.len();
    (different, again)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contigs() -> Contigs {
        let mut contigs = Contigs::default();
        contigs.push("a".into(), 1_000);
        contigs.push("b".into(), 500);
        contigs
    }

    fn site(contig: usize, position: u64, strand: Strand) -> NamedSite {
        let key = SiteKey { contig, position, strand };
        NamedSite { key, name: ".".to_owned(), usage: None }
    }

    #[test]
    fn sites_ask_for_what_lies_around_them_on_their_strand() {
        let sites =
            [site(1, 450, Strand::Plus), site(0, 300, Strand::Minus), site(0, 350, Strand::Minus)];
        let plan = Plan::of_sites(&contigs(), &sites);
        let stretches: Vec<_> = plan.stretches(0..u64::MAX).collect();
        assert_eq!(stretches[0], (0, 180..244));
        assert_eq!(stretches.last(), Some(&(1, 458..500)));
        assert_eq!(plan.positions(), (471 - 180) + (500 - 330));
        assert_eq!(plan.strands(0, 180, 1), [false, true]);
        assert_eq!(plan.strands(0, 179, 1), [false, false]);
        assert_eq!(plan.strands(1, 498, 2), [true, false]);
        assert_eq!(plan.strands(1, 499, 2), [false, false]);
        assert_eq!(plan.near(0, 180, Strand::Minus), [300]);
        assert_eq!(plan.near(0, 420, Strand::Minus), [300, 350]);
        assert_eq!(plan.near(0, 421, Strand::Minus), [350]);
        assert!(plan.near(0, 300, Strand::Plus).is_empty());
    }

    #[test]
    fn pieces_hold_every_position_once() {
        let regions = vec![
            (Region { contig: 0, range: 0..130 }, None),
            (Region { contig: 0, range: 100..200 }, Some(Strand::Minus)),
            (Region { contig: 0, range: 300..400 }, Some(Strand::Plus)),
            (Region { contig: 1, range: 7..8 }, None),
        ];
        let plan = Plan::of_regions(&contigs(), &regions, &[Strand::Minus]);
        let positions: Vec<(usize, u64)> =
            plan.stretches(0..201).flat_map(|(c, range)| range.map(move |p| (c, p))).collect();
        let expected: Vec<(usize, u64)> = (0..200).map(|p| (0, p)).chain([(1, 7)]).collect();
        assert_eq!(positions, expected);
        assert_eq!(plan.positions(), 201);
        let cuts = [0, 1, 63, 64, 65, 130, 199, 200, 201];
        let shares = cuts.windows(2).flat_map(|cut| plan.stretches(cut[0]..cut[1]));
        let shares: Vec<(usize, u64)> =
            shares.flat_map(|(c, range)| range.map(move |p| (c, p))).collect();
        assert_eq!(shares, expected);
        assert_eq!(plan.used_strands(), [Strand::Minus]);
        assert!(!plan.names_sites());
    }

    #[test]
    fn sites_named_twice_count_once() {
        let [a, b] = Strand::BOTH.map(|strand| site(0, 5, strand));
        let again = NamedSite { name: "again".to_owned(), usage: Some(0.5), ..b.clone() };
        assert_eq!(different(vec![b.clone(), a.clone(), again]), (vec![b, a], 1));
    }
}
