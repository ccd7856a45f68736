use super::*;
use crate::evaluate::measured::Place;
use crate::genome::strand::Strand;

/// Sites 100 nt apart with their counts, of a gene.
fn gene(name: &str, counts: &[f64]) -> Vec<CountedSite> {
    let site = |(i, &count)| CountedSite {
        place: Place { contig: 0, strand: Strand::Minus, position: 500 + 100 * i },
        count,
        gene: name.into(),
        terminal: None,
    };
    counts.iter().enumerate().map(site).collect()
}

#[test]
fn the_share_of_right_orders_is_counted_over_pairs_that_differ_enough() {
    let mut sites = gene("A", &[100.0, 10.0, 0.0]);
    sites.extend(gene("B", &[90.0, 10.0]));
    // A: 100 against 10 right, 100 against 0 right, 10 against 0 (taken for 1) wrong; B: a tie.
    let found = agreement("s", &[3.0, 1.0, 2.0, 5.0, 5.0], &sites, 8.0, 1.0);
    assert_eq!((found.pairs, found.genes), (4, 2));
    assert_eq!(found.auroc, Some(2.5 / 4.0));
    assert!((found.auroc_by_gene.unwrap() - (2.0 / 3.0 + 0.5) / 2.0).abs() < 1e-12);
    // Only A has three sites: ranks 2 1 0 against 2 0 1.
    assert_eq!(found.genes_ranked, 1);
    assert!((found.spearman.unwrap() - 0.5).abs() < 1e-12);
    // Differences 2, 1, -1 and 0 against their opposites.
    let areas = [found.auroc_of_differences, found.auprc_of_differences];
    assert_eq!(areas[0], Some((4.0 + 3.5 + 1.5 + 2.5) / 16.0));
    assert!((areas[1].unwrap() - (1.0 + 2.0 / 3.0 + 3.0 / 5.0 + 4.0 / 7.0) / 4.0).abs() < 1e-9);
    // log2 odds of usage: A has 100 + 10, B 90 + 10.
    let odds = |n: f64, both: f64| ((n + 1.0) / (both - n + 1.0)).log2();
    let usage = [
        (3.0, odds(100.0, 110.0)),
        (1.0, odds(10.0, 110.0)),
        (2.0, odds(0.0, 110.0)),
        (5.0, odds(90.0, 100.0)),
        (5.0, odds(10.0, 100.0)),
    ];
    assert_eq!(found.sites_with_usage, 5);
    assert_eq!((found.usage_pearson, found.usage_spearman), (pearson(&usage), spearman(&usage)));
    // More than tenfold: 10 against 0 is exactly tenfold.
    let found = agreement("s", &[3.0, 1.0, 2.0, 5.0, 5.0], &sites, 10.0, 1.0);
    assert_eq!((found.pairs, found.genes, found.auroc), (1, 1, Some(1.0)));
}

#[test]
fn nothing_is_said_of_nothing() {
    let sites = gene("A", &[4.0, 5.0]);
    let found = agreement("s", &[1.0, 2.0], &sites, 8.0, 1.0);
    assert_eq!(
        (found.pairs, found.auroc, found.auroc_by_gene, found.spearman),
        (0, None, None, None)
    );
}
