//! One contig: background, and what is planted in it.

use std::ops::Range;

use rand::{Rng, RngExt};

use super::elements::{self, CANONICAL, DECOY_FLANK, Surroundings, UPSTREAM};
use super::layout::{Block, layout};
use super::variants::{self, Snv};
use super::{Share, background};
use crate::genome::sequence::{UNKNOWN, code, reverse_complement};
use crate::genome::strand::Strand;

/// Nucleotides on either side of a site that hold no strong signal but the planted one.
const CLEANED: usize = 200;
/// AATAAA and ATTAAA on either strand.
const STRONG_SIGNALS: [&[u8; 6]; 4] = [b"AATAAA", b"ATTAAA", b"TTTATT", b"TTTAAT"];

/// A contig with all that is known of it; lists ascend by position.
pub(super) struct SimulatedContig {
    pub name: String,
    pub codes: Vec<u8>,
    pub masks: Vec<Range<usize>>,
    pub sites: Vec<PlantedSite>,
    pub latent: Vec<PlantedSite>,
    pub decoys: Vec<Decoy>,
    pub genes: Vec<PlantedGene>,
    pub snvs: Vec<Snv>,
}

/// A planted polyA site, or one that lacks a base of its signal.
#[derive(Clone, Debug)]
pub(super) struct PlantedSite {
    /// 0-based, the last nucleotide before the cut.
    pub position: usize,
    pub strand: Strand,
    /// In transcript direction.
    pub signal: &'static str,
    /// Distance of the signal's first base to the site.
    pub offset: usize,
    /// In a broken signal: the index to change, and the letter that mends it.
    pub mend: Option<(usize, u8)>,
    /// By the planted genes.
    pub feature: &'static str,
}

/// A hexamer alone.
#[derive(Clone, Debug)]
pub(super) struct Decoy {
    pub range: Range<usize>,
    pub strand: Strand,
}

/// A gene of one transcript.
#[derive(Clone, Debug)]
pub(super) struct PlantedGene {
    pub strand: Strand,
    /// Ascending by coordinate.
    pub exons: Vec<Range<usize>>,
}

impl PlantedSite {
    /// Returns the position of a nucleotide so far from the site, counted in transcript direction.
    pub(super) fn position_at(&self, distance: isize) -> usize {
        match self.strand {
            Strand::Plus => self.position.saturating_add_signed(distance),
            Strand::Minus => self.position.saturating_add_signed(-distance),
        }
    }

    /// Returns the stretch of the signal.
    pub(super) fn signal_range(&self) -> Range<usize> {
        let first = self.position_at(-(self.offset as isize));
        match self.strand {
            Strand::Plus => first..first + self.signal.len(),
            Strand::Minus => first + 1 - self.signal.len()..first + 1,
        }
    }

    /// Returns whether a change at `position` would alter the signal or the cut.
    fn protects(&self, position: usize) -> bool {
        self.signal_range().contains(&position) || self.position.abs_diff(position) <= 1
    }
}

impl SimulatedContig {
    /// Simulates contig number `index` (from 0).
    pub(super) fn new(rng: &mut impl Rng, index: usize, share: &Share) -> Self {
        let layout = layout(rng, index, share);
        let length = share.length as usize;
        let mut contig = Self {
            name: format!("chrSim{}", index + 1),
            codes: background::sequence(rng, length),
            masks: background::masks(rng, length),
            sites: Vec::new(),
            latent: Vec::new(),
            decoys: Vec::new(),
            genes: Vec::new(),
            snvs: Vec::new(),
        };
        contig.codes[layout.unknown].fill(UNKNOWN);
        for block in &layout.blocks {
            contig.plant(rng, block);
        }
        contig.sites.sort_by_key(|site| site.position);
        contig.latent.sort_by_key(|site| site.position);
        contig.decoys.sort_by_key(|decoy| decoy.range.start);
        for site in contig.sites.iter().chain(&contig.latent) {
            remove_chance_signals(&mut contig.codes, site);
        }
        contig.snvs = variants::choose(rng, &contig);
        contig
    }

    fn plant(&mut self, rng: &mut impl Rng, block: &Block) {
        let plan = &block.plan;
        for pair in plan.exons.windows(2) {
            self.put(block, pair[0].end, elements::donor(rng));
            let acceptor = elements::acceptor(rng);
            self.put(block, pair[1].start - acceptor.len(), acceptor);
        }
        for (i, &local) in plan.sites.iter().enumerate() {
            let terminal = i + 1 == plan.sites.len();
            let feature = if terminal { "terminal_exon" } else { "intron" };
            let site = self.plant_site(block, local, elements::site(rng), feature);
            self.sites.push(site);
        }
        if let Some(local) = plan.latent {
            let site = self.plant_site(block, local, elements::latent(rng), "intergenic");
            self.latent.push(site);
        }
        for &local in &plan.decoys {
            self.plant_decoy(rng, block, local);
        }
        if !plan.exons.is_empty() {
            let mut exons: Vec<_> = plan.exons.iter().map(|exon| block.range(exon)).collect();
            exons.sort_by_key(|exon| exon.start);
            self.genes.push(PlantedGene { strand: block.strand, exons });
        }
    }

    fn plant_site(
        &mut self,
        block: &Block,
        local: usize,
        around: Surroundings,
        feature: &'static str,
    ) -> PlantedSite {
        self.put(block, local - UPSTREAM, around.codes);
        let Surroundings { signal, offset, mend, .. } = around;
        let position = block.position(local);
        PlantedSite { position, strand: block.strand, signal, offset, mend, feature }
    }

    fn plant_decoy(&mut self, rng: &mut impl Rng, block: &Block, local: usize) {
        let mut codes = elements::decoy(rng);
        let strand = Strand::BOTH[rng.random_range(0..2)];
        if strand != block.strand {
            codes = reverse_complement(&codes);
        }
        self.put(block, local - DECOY_FLANK, codes);
        let range = block.range(&(local..local + CANONICAL.len()));
        self.decoys.push(Decoy { range, strand });
    }

    /// Writes codes in transcript direction from a local position on.
    fn put(&mut self, block: &Block, local: usize, codes: Vec<u8>) {
        let range = block.range(&(local..local + codes.len()));
        let codes = match block.strand {
            Strand::Plus => codes,
            Strand::Minus => reverse_complement(&codes),
        };
        self.codes[range].copy_from_slice(&codes);
    }
}

/// Returns whether a strong signal starts at `position`, on either strand.
pub(super) fn strong_signal_at(codes: &[u8], position: usize) -> bool {
    let Some(window) = codes.get(position..position + 6) else { return false };
    let is_window = |signal: &[u8; 6]| window.iter().zip(signal).all(|(&c, &l)| code(l) == Some(c));
    STRONG_SIGNALS.into_iter().any(is_window)
}

/// Puts a C or G into every strong signal around a site but its own.
fn remove_chance_signals(codes: &mut [u8], site: &PlantedSite) {
    let own = site.signal_range().start;
    let around = site.position.saturating_sub(CLEANED)..site.position + CLEANED;
    for start in around {
        if start == own || !strong_signal_at(codes, start) {
            continue;
        }
        // In the middle, so that neighbouring bases cannot complete another.
        let change = [2, 3, 1, 4, 0, 5].into_iter().map(|i| start + i);
        if let Some(position) = change.into_iter().find(|&p| !site.protects(p)) {
            codes[position] = 1 + (position % 2) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::genome::sequence::encode;

    #[test]
    fn only_the_planted_signal_is_strong_around_a_site() {
        for seed in 0..20 {
            let share = Share { length: 60_000, sites: 12, latent: 3 };
            let contig = SimulatedContig::new(&mut ChaCha8Rng::seed_from_u64(seed), 0, &share);
            for site in contig.sites.iter().chain(&contig.latent) {
                let around = site.position - CLEANED..site.position + CLEANED;
                let strong: Vec<usize> =
                    around.filter(|&start| strong_signal_at(&contig.codes, start)).collect();
                let own = site.mend.is_none().then(|| site.signal_range().start);
                assert_eq!(strong, own.into_iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn introns_begin_with_gt_and_end_with_ag_on_their_strand() {
        let share = Share { length: 60_000, sites: 12, latent: 3 };
        let contig = SimulatedContig::new(&mut ChaCha8Rng::seed_from_u64(1), 0, &share);
        let (gt, ag) = (encode(b"GT").unwrap(), encode(b"AG").unwrap());
        for gene in &contig.genes {
            for pair in gene.exons.windows(2) {
                let intron = &contig.codes[pair[0].end..pair[1].start];
                let intron = match gene.strand {
                    Strand::Plus => intron.to_vec(),
                    Strand::Minus => reverse_complement(intron),
                };
                assert!(intron.starts_with(&gt) && intron.ends_with(&ag));
            }
        }
    }
}
