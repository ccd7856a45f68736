//! A first-order chain of sites against one of decoys.

use super::SpliceSite;

/// What is added to each count.
const PSEUDO: f64 = 1.0;

/// Counts of first bases, of pairs of neighbours, and of the two consensus bases.
#[derive(Clone, Debug)]
pub struct Counts {
    site: SpliceSite,
    first: [f64; 4],
    /// By position: how often a base follows another.
    pairs: Vec<[[f64; 4]; 4]>,
    /// By the number of the two bases.
    consensus: [f64; 16],
}

impl Counts {
    /// Starts with nothing.
    pub fn new(site: SpliceSite) -> Self {
        let (first, consensus) = ([0.0; 4], [0.0; 16]);
        Self { site, first, pairs: vec![[[0.0; 4]; 4]; site.length()], consensus }
    }

    /// Counts a stretch of known bases.
    pub fn add(&mut self, codes: &[u8]) {
        self.first[usize::from(codes[0])] += 1.0;
        for (at, pair) in codes.windows(2).enumerate() {
            self.pairs[at + 1][usize::from(pair[0])][usize::from(pair[1])] += 1.0;
        }
        self.consensus[dinucleotide(&codes[self.site.consensus()..])] += 1.0;
    }

    /// Counts two bases of the background that sites are found in.
    pub fn add_background(&mut self, codes: &[u8]) {
        self.consensus[dinucleotide(codes)] += 1.0;
    }

    /// Adds the counts of another part.
    pub fn merge(&mut self, other: &Self) {
        let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut self.first, &other.first);
        add(&mut self.consensus, &other.consensus);
        for (to, from) in self.pairs.iter_mut().zip(&other.pairs) {
            to.iter_mut().zip(from).for_each(|(to, from)| add(to, from));
        }
    }
}

fn dinucleotide(codes: &[u8]) -> usize {
    usize::from(codes[0]) * 4 + usize::from(codes[1])
}

/// Log2 odds of a site: those of its two consensus bases against any two of an intron, and of what
/// stands around them against what stands around the same two bases elsewhere.
#[derive(Clone, Debug)]
pub struct Chain {
    site: SpliceSite,
    first: [f64; 4],
    pairs: Vec<[[f64; 4]; 4]>,
    consensus: [f64; 16],
}

impl Chain {
    /// Compares sites with decoys; `consensus` of the decoys is that of the background.
    pub fn new(sites: &Counts, decoys: &Counts) -> Self {
        let odds = |a: &[f64], b: &[f64], at: usize| {
            let share = |counts: &[f64]| {
                (counts[at] + PSEUDO) / (counts.iter().sum::<f64>() + PSEUDO * counts.len() as f64)
            };
            (share(a) / share(b)).log2()
        };
        let four = |a: &[f64; 4], b: &[f64; 4]| std::array::from_fn(|at| odds(a, b, at));
        let rows = sites.pairs.iter().zip(&decoys.pairs);
        let pairs = rows.map(|(a, b)| std::array::from_fn(|before| four(&a[before], &b[before])));
        let both = (&sites.consensus, &decoys.consensus);
        Self {
            site: sites.site,
            first: four(&sites.first, &decoys.first),
            pairs: pairs.collect(),
            consensus: std::array::from_fn(|at| odds(both.0, both.1, at)),
        }
    }

    /// Returns the log2 odds of a stretch of known bases.
    pub fn score(&self, codes: &[u8]) -> f32 {
        let consensus = self.site.consensus();
        let mut sum = self.first[usize::from(codes[0])];
        for at in 1..codes.len() {
            // The consensus bases have their own odds.
            if at != consensus && at != consensus + 1 {
                sum += self.pairs[at][usize::from(codes[at - 1])][usize::from(codes[at])];
            }
        }
        (sum + self.consensus[dinucleotide(&codes[consensus..])]) as f32
    }
}
