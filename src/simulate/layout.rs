//! Where things go on a contig: units of equal length, each with at most one polyA site, so that
//! sites lie at least 1.5 kb apart; one or two units make a block with a strand of its own.

use std::ops::Range;

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::Share;
use crate::genome::strand::Strand;

/// Nucleotides at either end of a contig without anything planted.
const EDGE: usize = 300;
/// Length of the one run of N.
const UNKNOWN_RUN: usize = 500;
/// Shortest unit that holds a gene, its surroundings and a decoy.
const SHORTEST_UNIT: usize = 2000;
/// One site in so many lies in an intron, of a gene of two units.
const SITES_PER_INTRONIC: u64 = 5;

/// Nucleotides at a block's start without a gene.
const BEFORE_GENE: usize = 300;
/// From a site to the end of its block, at least: half the distance between sites.
const AFTER_SITE: usize = 750;
/// Lengths of a gene (or of its part before an intronic site), nt.
const GENE: (usize, usize) = (900, 60_000);
/// Lengths of the first and middle exons.
const EXON: (usize, usize) = (80, 250);
/// Lengths of the last exon: the surroundings of its site always lie within it.
const LAST_EXON: (usize, usize) = (400, 1500);
const SHORTEST_INTRON: usize = 200;
/// Usual length of an exon and the intron after it, and how many a gene has at most before its
/// last exon.
const EXON_AND_INTRON: usize = 1200;
const MOST_INTRONS: usize = 8;
/// From an intronic site to the nearest splice site upstream.
const SPLICE_TO_SITE: usize = 250;
/// From a decoy to the nearest site, gene or end of its block, at least.
const DECOY_TO_SITE: usize = 600;
const DECOY_TO_OTHER: usize = 100;

/// A stretch of a contig with a plan in transcript direction: local positions 0..length count
/// from its 5' end on its strand.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub start: usize,
    pub length: usize,
    pub strand: Strand,
    pub plan: Plan,
}

/// What a block holds, in local positions.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Exons of its gene, ascending; none without a gene.
    pub exons: Vec<Range<usize>>,
    /// Sites; the last one of a gene is that of its last exon, another one is intronic.
    pub sites: Vec<usize>,
    /// A latent site.
    pub latent: Option<usize>,
    /// First bases of decoy hexamers.
    pub decoys: Vec<usize>,
}

/// A contig's blocks, ascending, and its run of N.
pub(super) struct Layout {
    pub blocks: Vec<Block>,
    pub unknown: Range<usize>,
}

impl Block {
    /// Returns the position on the contig of a local position.
    pub(super) fn position(&self, local: usize) -> usize {
        match self.strand {
            Strand::Plus => self.start + local,
            Strand::Minus => self.start + self.length - 1 - local,
        }
    }

    /// Returns the stretch of the contig that a local stretch is.
    pub(super) fn range(&self, local: &Range<usize>) -> Range<usize> {
        match self.strand {
            Strand::Plus => self.start + local.start..self.start + local.end,
            Strand::Minus => {
                let end = self.start + self.length;
                end - local.end..end - local.start
            }
        }
    }
}

/// Returns the length of the shortest contig that holds `units` sites and latent sites.
pub(super) fn shortest(units: u64) -> u64 {
    units.saturating_mul(SHORTEST_UNIT as u64).saturating_add((2 * EDGE + UNKNOWN_RUN) as u64)
}

/// Lays out contig number `index`.
pub(super) fn layout(rng: &mut impl Rng, index: usize, share: &Share) -> Layout {
    let units = ((share.sites + share.latent) as usize).max(1);
    let unit = (share.length as usize).saturating_sub(2 * EDGE + UNKNOWN_RUN) / units;
    let plans = plans(rng, unit, share);
    let unknown_at = rng.random_range(0..=plans.len());
    // The first two genes lie on different strands, and on others in the next contig.
    let (mut genes, mut start) = (index, EDGE);
    let (mut blocks, mut unknown) = (Vec::new(), 0..0);
    for (i, (units, plan)) in plans.into_iter().enumerate() {
        if i == unknown_at {
            unknown = start..start + UNKNOWN_RUN;
            start += UNKNOWN_RUN;
        }
        let mut strand = Strand::BOTH[rng.random_range(0..2)];
        if !plan.exons.is_empty() {
            if genes < index + 2 {
                strand = Strand::BOTH[genes % 2];
            }
            genes += 1;
        }
        let length = units * unit;
        blocks.push(Block { start, length, strand, plan });
        start += length;
    }
    if unknown.is_empty() {
        // A contig without any site may be shorter than the run.
        let end = (start + UNKNOWN_RUN).min(share.length as usize);
        unknown = start.min(end)..end;
    }
    Layout { blocks, unknown }
}

/// Returns the plans of all blocks and their numbers of units, in random order.
fn plans(rng: &mut impl Rng, unit: usize, share: &Share) -> Vec<(usize, Plan)> {
    let with_intronic = share.sites / SITES_PER_INTRONIC;
    let mut plans = Vec::new();
    for _ in 0..with_intronic {
        plans.push((2, gene_with_intronic_site(rng, unit)));
    }
    for _ in 0..share.sites - 2 * with_intronic {
        plans.push((1, gene(rng, unit)));
    }
    for _ in 0..share.latent {
        let site = rng.random_range(BEFORE_GENE + GENE.0..unit - AFTER_SITE);
        plans.push((1, Plan { latent: Some(site), ..Plan::default() }));
    }
    plans.shuffle(rng);
    plans
}

/// A gene with a site at its end, and a decoy before or after it.
fn gene(rng: &mut impl Rng, unit: usize) -> Plan {
    let site = rng.random_range(BEFORE_GENE + GENE.0..unit - AFTER_SITE);
    let start = site - rng.random_range(GENE.0..=GENE.1.min(site - BEFORE_GENE));
    let before = DECOY_TO_OTHER..start - DECOY_TO_OTHER;
    let after = site + DECOY_TO_SITE..unit - DECOY_TO_OTHER;
    let zone = if rng.random_bool(0.5) { before } else { after };
    let decoys = vec![rng.random_range(zone)];
    Plan { exons: exons(rng, start..site + 1), sites: vec![site], latent: None, decoys }
}

/// A gene over two units with a site in the intron between them; one decoy before the gene, one
/// in the intron.
fn gene_with_intronic_site(rng: &mut impl Rng, unit: usize) -> Plan {
    // Near the middle, so that the intron is of usual length however long the unit.
    let earliest = (BEFORE_GENE + GENE.0).max(unit.saturating_sub(GENE.1 / 3));
    let intronic = rng.random_range(earliest..unit - AFTER_SITE);
    let latest = (2 * unit - AFTER_SITE).min(unit + GENE.1 / 2);
    let terminal = rng.random_range(unit + BEFORE_GENE + GENE.0..latest);
    let start = intronic - rng.random_range(GENE.0..=GENE.1.min(intronic - BEFORE_GENE));
    // After the decoy zone behind the intronic site.
    let space = DECOY_TO_SITE + SPLICE_TO_SITE;
    let after_intron = rng.random_range(GENE.0..=(terminal - intronic - space).min(GENE.1 / 3));
    let after_intron = terminal + 1 - after_intron;
    let mut all = exons_before_introns(rng, start..intronic - SPLICE_TO_SITE);
    all.extend(exons(rng, after_intron..terminal + 1));
    let in_intron = intronic + DECOY_TO_SITE..after_intron - DECOY_TO_OTHER;
    let before = DECOY_TO_OTHER..start - DECOY_TO_OTHER;
    let decoys = vec![rng.random_range(before), rng.random_range(in_intron)];
    Plan { exons: all, sites: vec![intronic, terminal], latent: None, decoys }
}

/// Divides `range` into exons and introns; it ends with a long last exon.
fn exons(rng: &mut impl Rng, range: Range<usize>) -> Vec<Range<usize>> {
    let rest = EXON.1 + SHORTEST_INTRON;
    let last = rng.random_range(LAST_EXON.0..=LAST_EXON.1.min(range.len() - rest));
    let last = range.end - last..range.end;
    let mut exons = exons_before_introns(rng, range.start..last.start);
    exons.push(last);
    exons
}

/// Returns exons of which each is followed by an intron; `range` ends with an intron.
fn exons_before_introns(rng: &mut impl Rng, range: Range<usize>) -> Vec<Range<usize>> {
    let introns = (range.len() / EXON_AND_INTRON).clamp(1, MOST_INTRONS);
    let each = range.len() / introns;
    let longest = EXON.1.min(each - SHORTEST_INTRON);
    let exon = |i| {
        let start = range.start + i * each;
        start..start + rng.random_range(EXON.0..=longest)
    };
    (0..introns).map(exon).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    proptest! {
        #[test]
        fn everything_has_its_room_from_the_shortest_contig_on(
            seed: u64, sites in 1u64..30, latent in 0u64..6, extra in 0u64..3_000_000, index in 0usize..3,
        ) {
            let length = shortest(sites + latent) + extra;
            let share = Share { length, sites, latent };
            let layout = layout(&mut ChaCha8Rng::seed_from_u64(seed), index, &share);
            let blocks = &layout.blocks;
            let mut places = Vec::new();
            let mut end = EDGE;
            for block in blocks {
                prop_assert!(block.start == end || block.start == end + UNKNOWN_RUN);
                end = block.start + block.length;
                let plan = &block.plan;
                places.extend(plan.sites.iter().chain(&plan.latent).map(|&s| block.position(s)));
                for pair in plan.exons.windows(2) {
                    prop_assert!(pair[0].end + SHORTEST_INTRON <= pair[1].start);
                }
                if let Some(last) = plan.exons.last() {
                    prop_assert_eq!(Some(last.end - 1), plan.sites.last().copied());
                    prop_assert!(last.len() >= LAST_EXON.0);
                    prop_assert!(plan.exons[0].start >= BEFORE_GENE);
                }
                prop_assert_eq!(plan.decoys.len(), plan.sites.len());
                for &decoy in &plan.decoys {
                    prop_assert!(plan.sites.iter().all(|&site| site.abs_diff(decoy) >= 500));
                    let splice = plan.exons.iter().flat_map(|exon| [exon.start, exon.end]);
                    prop_assert!(splice.into_iter().all(|place| place.abs_diff(decoy) >= 100));
                    prop_assert!((100..block.length - 99).contains(&decoy));
                }
            }
            prop_assert!(end as u64 <= length - EDGE as u64);
            prop_assert_eq!(layout.unknown.len(), UNKNOWN_RUN);
            let inside = |block: &Block| layout.unknown.end <= block.start
                || block.start + block.length <= layout.unknown.start;
            prop_assert!(blocks.iter().all(inside));
            places.sort_unstable();
            prop_assert_eq!(places.len() as u64, sites + latent);
            prop_assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 1500));
            let genes = blocks.iter().filter(|block| !block.plan.exons.is_empty());
            let strands: Vec<Strand> = genes.map(|block| block.strand).collect();
            prop_assert!(strands.len() < 2 || strands[0] != strands[1]);
        }
    }

    #[test]
    fn local_positions_turn_around_on_the_minus_strand() {
        let mut block =
            Block { start: 100, length: 50, strand: Strand::Plus, plan: Plan::default() };
        assert_eq!((block.position(3), block.range(&(3..5))), (103, 103..105));
        block.strand = Strand::Minus;
        assert_eq!((block.position(3), block.range(&(3..5))), (146, 145..147));
    }
}
