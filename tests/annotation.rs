//! An annotation restricts the scan to genes and what lies past them, and names the gene of a site.

use std::collections::BTreeMap;
use std::fs;

use crate::support::*;

const LENGTH: usize = 100_000;

/// A gene of a simulated annotation; coordinates 0-based half-open.
struct Gene {
    name: String,
    strand: char,
    range: std::ops::Range<usize>,
    exons: Vec<std::ops::Range<usize>>,
}

fn genes(gtf: &str) -> Vec<Gene> {
    let mut genes: BTreeMap<String, Gene> = BTreeMap::new();
    for line in fs::read_to_string(gtf).unwrap().lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let range = columns[3].parse::<usize>().unwrap() - 1..columns[4].parse().unwrap();
        let name = columns[8].split("gene_name \"").nth(1).unwrap().split('"').next().unwrap();
        let gene = genes.entry(name.to_owned()).or_insert_with(|| Gene {
            name: name.to_owned(),
            strand: columns[6].parse().unwrap(),
            range: range.clone(),
            exons: Vec::new(),
        });
        if columns[2] == "exon" {
            gene.exons.push(range);
        }
    }
    genes.into_values().collect()
}

impl Gene {
    /// The gene and 5 kb past its 3' end.
    fn extended(&self) -> std::ops::Range<usize> {
        match self.strand {
            '+' => self.range.start..(self.range.end + 5_000).min(LENGTH),
            _ => self.range.start.saturating_sub(5_000)..self.range.end,
        }
    }

    /// The class of a position inside the gene.
    fn class(&self, position: usize) -> &'static str {
        let terminal = match self.strand {
            '+' => self.exons.iter().max_by_key(|exon| exon.end),
            _ => self.exons.iter().min_by_key(|exon| exon.start),
        };
        if terminal.is_some_and(|exon| exon.contains(&position)) {
            "terminal_exon"
        } else if self.exons.iter().any(|exon| exon.contains(&position)) {
            "upstream_exon"
        } else {
            // A gene has one transcript: no exon can be skipped.
            "intron_composite"
        }
    }
}

/// Simulated genome, annotation and model.
fn setting(folder: &Folder) -> (String, String, String) {
    let genome = simulate(&folder.at("sim"), LENGTH, 12, 1, 2);
    (genome, folder.at("sim/genes.gtf"), small_model(folder))
}

fn scan(args: &[&str]) -> Vec<Site> {
    sites(std::str::from_utf8(&run(["scan", "-o", "-"].iter().chain(args))).unwrap())
}

#[test]
fn only_genes_and_5_kb_past_them_are_scanned_on_their_strand() {
    let folder = Folder::new();
    let (genome, gtf, model) = setting(&folder);
    let genes = genes(&gtf);
    let whole = scan(&[&genome, "--model", &model]);
    let part = scan(&[&genome, "--model", &model, "--annotation", &gtf]);
    let scanned = |site: &&Site| {
        let covers =
            |gene: &Gene| gene.strand == site.strand && gene.extended().contains(&site.start);
        genes.iter().any(covers)
    };
    let expected: Vec<&Site> = whole.iter().filter(scanned).collect();
    assert!(!expected.is_empty() && expected.len() < whole.len());
    // But for the gene and what follows from it, the rows are the same.
    let place = |site: &Site| site.line.split('\t').take(15).collect::<Vec<_>>().join("\t");
    let places = |sites: &[&Site]| sites.iter().map(|site| place(site)).collect::<Vec<_>>();
    assert_eq!(places(&part.iter().collect::<Vec<_>>()), places(&expected));
}

#[test]
fn whole_genome_scans_everything_and_still_names_genes() {
    let folder = Folder::new();
    let (genome, gtf, model) = setting(&folder);
    // Every site a call: then there are some of every class.
    let all = [genome.as_str(), "--model", &model, "--merge-distance", "0"];
    let bare = scan(&all);
    let named = scan(&[&all[..], &["--annotation", &gtf, "--whole-genome"]].concat());
    assert!(bare.iter().all(|site| site.gene == "." && site.feature == "."));
    assert_eq!(named.len(), bare.len());
    let mut seen = BTreeMap::new();
    for (named, bare) in named.iter().zip(&bare) {
        let same = |site: &Site| site.line.split('\t').take(15).collect::<Vec<_>>().join("\t");
        assert_eq!(same(named), same(bare));
        *seen.entry(named.feature.as_str()).or_insert(0) += 1;
    }
    let expected = [
        "antisense",
        "extended_terminal_exon",
        "intergenic",
        "intron_composite",
        "terminal_exon",
        "upstream_exon",
    ];
    assert_eq!(seen.into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn a_site_has_the_gene_and_the_class_of_its_place() {
    let folder = Folder::new();
    let (genome, gtf, model) = setting(&folder);
    let genes = genes(&gtf);
    for site in scan(&[&genome, "--model", &model, "--annotation", &gtf, "--whole-genome"]) {
        let other = |gene: &&Gene| gene.strand != site.strand && gene.range.contains(&site.start);
        let opposite: Vec<&str> =
            genes.iter().filter(other).map(|gene| gene.name.as_str()).collect();
        let of_strand = || genes.iter().filter(|gene| gene.strand == site.strand);
        let around = of_strand().find(|gene| gene.range.contains(&site.start));
        let before = of_strand().filter(|gene| gene.extended().contains(&site.start));
        if let Some(gene) = around {
            assert_eq!(
                (site.gene, site.feature),
                (gene.name.clone(), gene.class(site.start).into())
            );
        } else if site.feature == "extended_terminal_exon" {
            assert!(
                before.map(|gene| &gene.name).any(|name| site.gene.split(',').any(|g| g == name))
            );
        } else {
            let expected = match opposite.as_slice() {
                [] => (".".to_owned(), "intergenic"),
                names => (names.join(","), "antisense"),
            };
            assert_eq!((site.gene, site.feature.as_str()), expected);
            assert_eq!(before.count(), 0, "{}", site.line);
        }
    }
}

#[test]
fn contigs_named_in_another_style_are_matched_and_it_is_said() {
    let folder = Folder::new();
    let (genome, gtf, model) = setting(&folder);
    let other =
        folder.file("other.gtf", fs::read_to_string(&gtf).unwrap().replace("chrSim1\t", "Sim1\t"));
    let expected = scan(&[&genome, "--model", &model, "--annotation", &gtf]);
    let found = scan(&[&genome, "--model", &model, "--annotation", &other]);
    assert_eq!(lines(&found), lines(&expected));
    let prefix = folder.at("x");
    let args = ["scan", &genome, "--model", &model, "--annotation", &other, "-o", &prefix];
    let assert = polyascan().args(args).assert().success();
    let note = summary(&prefix)["notes"][0].as_str().unwrap().to_owned();
    assert!(String::from_utf8_lossy(&assert.get_output().stderr).contains(&note));
}

#[test]
fn a_compressed_annotation_is_read() {
    let folder = Folder::new();
    let (genome, gtf, model) = setting(&folder);
    let expected = scan(&[&genome, "--model", &model, "--annotation", &gtf]);
    let text = fs::read(&gtf).unwrap();
    for (name, bytes) in [("a.gtf.gz", gzip(&text)), ("b.gtf.gz", bgzip(&text))] {
        let file = folder.file(name, bytes);
        let found = scan(&[&genome, "--model", &model, "--annotation", &file]);
        assert_eq!(lines(&found), lines(&expected));
    }
}
