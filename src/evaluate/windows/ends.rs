//! Where RNA is cut around measured sites: counted read ends, or a normal curve around each site.

use std::path::Path;

use crate::error::{Error, Result};
use crate::evaluate::measured::Place;
use crate::genome::contigs::Contigs;
use crate::genome::memory::Genome;
use crate::genome::strand::Strand;
use crate::models::{CLEAVAGE, CLEAVAGE_CENTRE, CleavageVector};
use crate::output::bigwig::read::BigWigReader;

/// Cleavage by place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ends {
    /// By contig and strand: position and what was counted there, ascending.
    strands: Vec<[Vec<(usize, f32)>; 2]>,
}

impl Ends {
    /// Reads counts of ends: a bigWig of the plus and one of the minus strand, as `polyascan sites`
    /// writes them. A minus before a value says nothing.
    ///
    /// # Errors
    /// If a file cannot be read or has no contig of the genome.
    pub fn read(files: [&Path; 2], contigs: &Contigs) -> Result<Self> {
        let mut ends = Self { strands: vec![Default::default(); contigs.len()] };
        for (path, strand) in files.into_iter().zip(Strand::BOTH) {
            let reader = BigWigReader::open(path)?;
            let mut known = false;
            for named in reader.contigs() {
                let Some(contig) = contigs.resolve(&named.name) else { continue };
                known = true;
                let of_strand = &mut ends.strands[contig][strand.index()];
                reader.values(named, 0..named.length, &mut |start, end, value| {
                    let places = (start..end).filter(|_| value != 0.0 && value.is_finite());
                    of_strand.extend(places.map(|at| (at as usize, value.abs())));
                })?;
                of_strand.sort_unstable_by_key(|(at, _)| *at);
            }
            if !known {
                let problem = "none of its contigs is in the FASTA file; is it of this genome?";
                return Err(Error::input(path, "", problem));
            }
        }
        Ok(ends)
    }

    /// Puts a normal curve around each site, of its weight.
    pub fn around_sites(genome: &Genome, sites: &[(Place, f64)], spread: f64) -> Self {
        let mut ends = Self { strands: vec![Default::default(); genome.codes.len()] };
        for (place, weight) in sites {
            let Place { contig, strand, position } = *place;
            let curve = bump(position, spread, genome.codes[contig].len());
            let curve = curve.map(|(at, share)| (at, (weight * f64::from(share)) as f32));
            ends.strands[contig][strand.index()].extend(curve);
        }
        for of_strand in ends.strands.iter_mut().flatten() {
            of_strand.sort_by_key(|(at, _)| *at);
        }
        ends
    }

    /// Returns what was counted in the central 50 nt of the window centred on a place, in
    /// transcript direction.
    pub fn around(&self, place: Place) -> CleavageVector {
        let Place { contig, strand, position } = place;
        let ends = &self.strands[contig][strand.index()];
        // Of the minus strand the vector begins at the highest position.
        let first = match strand {
            Strand::Plus => position.saturating_sub(CLEAVAGE_CENTRE),
            Strand::Minus => (position + CLEAVAGE_CENTRE + 1).saturating_sub(CLEAVAGE),
        };
        let mut vector = [0.0; CLEAVAGE];
        let from = ends.partition_point(|(at, _)| *at < first);
        for &(at, value) in ends[from..].iter().take_while(|(at, _)| *at < first + 2 * CLEAVAGE) {
            let index = match strand {
                Strand::Plus => (at + CLEAVAGE_CENTRE).checked_sub(position),
                Strand::Minus => (position + CLEAVAGE_CENTRE).checked_sub(at),
            };
            if let Some(sum) = index.and_then(|index| vector.get_mut(index)) {
                *sum += value;
            }
        }
        vector
    }
}

/// Cleavage around a measured site: a normal curve over whole nucleotides, mass 1.
pub fn bump(position: usize, spread: f64, length: usize) -> impl Iterator<Item = (usize, f32)> {
    let reach = (3.0 * spread).ceil() as isize;
    let weight = move |offset: isize| (-0.5 * (offset as f64 / spread.max(1e-6)).powi(2)).exp();
    let total: f64 = (-reach..=reach).map(weight).sum();
    (-reach..=reach).filter_map(move |offset| {
        let at = usize::try_from(position as isize + offset).ok().filter(|&at| at < length)?;
        Some((at, (weight(offset) / total) as f32))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{CENTRE, WINDOW};
    use proptest::prelude::*;

    fn genome(length: usize) -> Genome {
        let mut contigs = Contigs::default();
        contigs.push("c".into(), length as u64);
        Genome { contigs, codes: vec![vec![1; length]] }
    }

    proptest! {
        #[test]
        fn ends_lie_in_the_vector_where_their_base_lies_in_the_window(
            at in 130usize..470, position in 150usize..450, minus: bool
        ) {
            let strand = Strand::BOTH[usize::from(minus)];
            let mut genome = genome(600);
            genome.codes[0][at] = 2;
            // No wider than the site itself.
            let site = Place { contig: 0, strand, position: at };
            let ends = Ends::around_sites(&genome, &[(site, 3.0)], 1e-3);
            let vector = ends.around(Place { contig: 0, strand, position });
            let window = genome.window(0, strand, position).unwrap();
            prop_assert_eq!(window.len(), WINDOW);
            let central = &window[CENTRE - CLEAVAGE_CENTRE..][..CLEAVAGE];
            // The minus strand's bases are complements: 1 becomes 2, and 2 becomes 1.
            let base = if minus { 1 } else { 2 };
            let expected = central.iter().position(|&code| code == base);
            prop_assert_eq!(vector.iter().position(|&value| value > 0.0), expected);
            let other = Place { contig: 0, strand: Strand::BOTH[usize::from(!minus)], position };
            prop_assert!(ends.around(other).iter().all(|&value| value == 0.0));
        }
    }

    #[test]
    fn a_bump_has_mass_one_and_its_peak_at_the_site() {
        let bump: Vec<_> = bump(50, 2.0, 100).collect();
        let mass: f32 = bump.iter().map(|(_, mass)| mass).sum();
        assert!((mass - 1.0).abs() < 1e-5);
        assert_eq!(bump.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| *at), Some(50));
    }
}
