//! Places without a polyA site, to rank against the sites.

use std::collections::HashMap;
use std::fmt;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::measured::{MeasuredSite, Place, has_canonical_hexamer};
use crate::genome::memory::Genome;
use crate::genome::sequence::UNKNOWN;
use crate::genome::strand::Strand;
use crate::models::WINDOW;

/// Negatives per site.
pub const PER_SITE: usize = 20;
/// Tries per wanted negative before giving up on a small or crowded genome.
const TRIES: usize = 2_000;

/// Which places sites are ranked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Negatives {
    /// [`random`].
    Random,
    /// [`with_hexamer`].
    Hexamer,
}

impl Negatives {
    /// Returns the name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Hexamer => "hexamer",
        }
    }
}

impl fmt::Display for Negatives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Random places at least 200 nt from any site of either strand.
pub fn random(genome: &Genome, sites: &[MeasuredSite], count: usize, seed: u64) -> Vec<Place> {
    let near = Neighbours::new(sites);
    draw(genome, count, seed, |place| {
        Strand::BOTH.iter().all(|&strand| !near.within(Place { strand, ..place }, 199))
    })
}

/// Random places with AATAAA or ATTAAA 10-35 nt upstream but no site of the strand within 100 nt.
pub fn with_hexamer(
    genome: &Genome,
    sites: &[MeasuredSite],
    count: usize,
    seed: u64,
) -> Vec<Place> {
    let near = Neighbours::new(sites);
    draw(genome, count, seed, |place| {
        !near.within(place, 100)
            && has_canonical_hexamer(genome, place.contig, place.strand, place.position, 10..=35)
    })
}

/// Draws places whose window is complete and free of N, uniformly over the genome and strands;
/// fewer than `count` where it is small or crowded.
pub(super) fn draw(
    genome: &Genome,
    count: usize,
    seed: u64,
    accept: impl Fn(Place) -> bool,
) -> Vec<Place> {
    let total: usize = genome.codes.iter().map(Vec::len).sum();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut places = Vec::with_capacity(count);
    for _ in 0..count.saturating_mul(TRIES) {
        if places.len() == count || total < WINDOW {
            break;
        }
        let mut position = rng.random_range(0..total);
        let strand = Strand::BOTH[usize::from(rng.random::<bool>())];
        let mut contig = 0;
        while position >= genome.codes[contig].len() {
            position -= genome.codes[contig].len();
            contig += 1;
        }
        let place = Place { contig, strand, position };
        let complete = genome
            .window(contig, strand, position)
            .is_some_and(|window| !window.contains(&UNKNOWN));
        if complete && accept(place) {
            places.push(place);
        }
    }
    places
}

/// Sorted site positions by contig and strand.
pub struct Neighbours(HashMap<(usize, Strand), Vec<usize>>);

impl Neighbours {
    /// Sorts the sites.
    pub fn new(sites: &[MeasuredSite]) -> Self {
        let mut map: HashMap<_, Vec<usize>> = HashMap::new();
        for site in sites {
            map.entry((site.contig, site.strand)).or_default().push(site.position);
        }
        map.values_mut().for_each(|positions| positions.sort_unstable());
        Self(map)
    }

    /// Returns whether a site of the strand is within `distance` nt.
    pub fn within(&self, place: Place, distance: usize) -> bool {
        self.0.get(&(place.contig, place.strand)).is_some_and(|positions| {
            let first = positions.partition_point(|&p| p + distance < place.position);
            positions.get(first).is_some_and(|&p| p <= place.position + distance)
        })
    }
}
