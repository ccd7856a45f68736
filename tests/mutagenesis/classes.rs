//! `mutagenesis --annotation`: gene and class of each site are those of `scan`.

use super::{Row, number, rows, table};
use crate::support::*;

#[test]
fn sites_have_the_genes_and_classes_of_scan() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 60_000, 8, 2, 5);
    let (genes, scan, prefix) = (folder.at("sim/genes.gtf"), folder.at("scan"), folder.at("x"));
    run(["scan", &genome, "--annotation", &genes, "--whole-genome", "-o", &scan]);
    // Two contigs of 30 kb, away from whose ends everything is scored.
    let inside = |site: &Site| (500..29_500).contains(&site.start);
    let called: Vec<Site> = sites_of(&scan).into_iter().filter(inside).step_by(5).collect();
    let bed = folder.file("some.bed", lines(&called).join("\n"));
    run(["mutagenesis", "-f", &genome, "--sites", &bed, "--annotation", &genes, "-o", &prefix]);
    let rows = rows(&table(&prefix));
    let mut classes: Vec<&str> = Vec::new();
    for site in &called {
        let place = (site.chrom.as_str(), site.end.to_string(), site.strand.to_string());
        // A neighbour's row is of the neighbour, so no other site may be near.
        let at = |row: &&Row| {
            (row["chrom"].as_str(), row["site"].clone(), row["strand"].clone()) == place
        };
        let here: Vec<&Row> = rows.iter().filter(at).collect();
        let unmoved: Vec<&&Row> = here.iter().filter(|row| row["shift"] == "0").collect();
        assert!(!here.is_empty(), "{}", site.line);
        for row in unmoved {
            assert_eq!((&row["gene"], &row["class"]), (&site.gene, &site.feature), "{row:?}");
            assert!((0.0..=1.0).contains(&number(row, "expressed_ref")), "{row:?}");
            assert!((0.0..=1.0).contains(&number(row, "expressed_alt")), "{row:?}");
        }
        classes.push(&site.feature);
    }
    classes.sort_unstable();
    classes.dedup();
    assert!(classes.len() >= 2, "one class says little: {classes:?}");
    assert_eq!(summary(&prefix)["annotation"]["sha256"].as_str().map(str::len), Some(64));
}
