//! Groups of samples compared: is the proximal site of a gene used more in one than in the others.

use statrs::distribution::{Discrete as _, Hypergeometric};

use super::sites::{CountedSite, by_gene};
use crate::genome::strand::Strand;

/// A gene's first and last site of the terminal exon in one group against all other samples that
/// have a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub gene: usize,
    /// Places of the two in the list of sites: proximal (nearer to the stop codon), distal.
    pub sites: [usize; 2],
    pub group: String,
    /// Reads of the proximal and the distal site, in the group and in the others.
    pub reads: [[u64; 2]; 2],
    /// Two-sided Fisher's exact test.
    pub p: f64,
    /// Of all tests of the run (Benjamini & Hochberg 1995).
    pub q: f64,
}

impl Comparison {
    /// Returns the share of the proximal site, in the group and in the others.
    pub fn proximal(&self) -> [f64; 2] {
        self.reads.map(|[proximal, distal]| proximal as f64 / (proximal + distal).max(1) as f64)
    }

    /// Returns the log2 odds ratio, with half a read added to each count.
    pub fn log_odds_ratio(&self) -> f64 {
        let odds = |[a, b]: [u64; 2]| (a as f64 + 0.5) / (b as f64 + 0.5);
        (odds(self.reads[0]) / odds(self.reads[1])).log2()
    }
}

/// Compares each group with the others (of two groups the first with the second); `groups` has the
/// group of each sample. Genes with one site of the terminal exon, or without reads on either side,
/// are not compared.
pub fn compare(sites: &[CountedSite], groups: &[Option<String>]) -> Vec<Comparison> {
    let mut names: Vec<&String> = groups.iter().flatten().collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < 2 {
        return Vec::new();
    }
    if names.len() == 2 {
        names.truncate(1);
    }
    let mut all = Vec::new();
    for (gene, of_gene) in by_gene(sites) {
        let mut terminal = of_gene.into_iter().filter(|&at| sites[at].feature.is_terminal());
        let (Some(first), Some(last)) = (terminal.next(), terminal.next_back()) else { continue };
        let pair = match sites[first].strand {
            Strand::Plus => [first, last],
            Strand::Minus => [last, first],
        };
        for &name in &names {
            let of = |inside: bool| {
                pair.map(|at| {
                    let reads = sites[at].reads.iter().zip(groups);
                    let wanted = reads.filter(|(_, group)| {
                        group.as_ref().is_some_and(|group| (group == name) == inside)
                    });
                    wanted.map(|(reads, _)| reads).sum::<u64>()
                })
            };
            let reads = [of(true), of(false)];
            if reads.iter().all(|side| side.iter().sum::<u64>() > 0) {
                let (p, group) = (fisher(reads), name.clone());
                all.push(Comparison { gene, sites: pair, group, reads, p, q: 1.0 });
            }
        }
    }
    adjust(&mut all);
    all
}

/// Returns the two-sided p of Fisher's exact test: the probability of all tables with these margins
/// that are no likelier.
pub fn fisher([[a, b], [c, d]]: [[u64; 2]; 2]) -> f64 {
    let (all, first, column) = (a + b + c + d, a + b, a + c);
    let Ok(table) = Hypergeometric::new(all, column, first) else { return 1.0 };
    let observed = table.ln_pmf(a);
    // Equal but for rounding counts as equal.
    let limit = observed + 1e-7;
    let least = first.saturating_sub(all - column);
    let p: f64 = (least..=first.min(column))
        .map(|at| table.ln_pmf(at))
        .filter(|ln| *ln <= limit)
        .map(f64::exp)
        .sum();
    p.min(1.0)
}

fn adjust(all: &mut [Comparison]) {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| all[b].p.total_cmp(&all[a].p));
    let mut least = 1f64;
    for (rank, at) in order.into_iter().enumerate() {
        let below = all.len() - rank;
        least = least.min(all[at].p * all.len() as f64 / below as f64);
        all[at].q = least;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_is_that_of_fishers_exact_test() {
        // R: fisher.test(matrix(c(3, 1, 1, 3), 2))$p.value and the like.
        for (table, p) in [
            ([[3, 1], [1, 3]], 0.485_714_285_7),
            ([[8, 2], [1, 5]], 0.034_965_034_97),
            ([[10, 0], [0, 10]], 1.082_508_823e-5),
            ([[5, 5], [5, 5]], 1.0),
        ] {
            assert!((fisher(table) - p).abs() < 1e-9 * p.max(1e-3), "{table:?}: {}", fisher(table));
        }
    }

    #[test]
    fn p_is_adjusted_as_benjamini_and_hochberg_do() {
        let of = |p: f64| Comparison {
            gene: 0,
            sites: [0, 1],
            group: String::new(),
            reads: [[1; 2]; 2],
            p,
            q: 1.0,
        };
        let mut all: Vec<Comparison> = [0.01, 0.04, 0.03, 0.005].map(of).into();
        adjust(&mut all);
        let q: Vec<f64> = all.iter().map(|test| (test.q * 1e6).round() / 1e6).collect();
        assert_eq!(q, [0.02, 0.04, 0.04, 0.02]);
    }
}
