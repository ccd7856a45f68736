//! A simulated genome is the same for the same seed, and is what its files say.

use std::fs;

use crate::support::*;

const FILES: [&str; 6] =
    ["decoys.bed", "genes.gtf", "genome.fa", "latent.bed", "truth.bed", "variants.vcf"];

fn files(folder: &str) -> Vec<Vec<u8>> {
    assert_eq!(names(folder), FILES);
    FILES.iter().map(|name| fs::read(format!("{folder}/{name}")).unwrap()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let folder = Folder::new();
    let [a, b, c] = [("a", 1), ("b", 1), ("c", 2)].map(|(name, seed)| {
        simulate(&folder.at(name), 100_000, 20, 2, seed);
        files(&folder.at(name))
    });
    assert!(a == b);
    assert!(a.iter().zip(&c).all(|(a, c)| a != c));
}

#[test]
fn the_truth_has_as_many_sites_as_asked_for_with_their_signals_in_the_genome() {
    let folder = Folder::new();
    let genome = read_fasta(&simulate(&folder.at("sim"), 100_000, 20, 3, 1));
    assert_eq!(genome.iter().map(|record| record.1.len()).sum::<usize>(), 100_000);
    let truth = fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    let rows: Vec<&str> = truth.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rows.len(), 20);
    for row in rows {
        let columns: Vec<&str> = row.split('\t').collect();
        let number = |i: usize| columns[i].parse::<usize>().unwrap();
        let letters = &genome.iter().find(|record| record.0 == columns[0]).unwrap().1;
        let (start, offset) = (number(1), number(7));
        let hexamer = match columns[5] {
            "+" => letters[start - offset..][..6].to_owned(),
            _ => reverse_complement(&letters[start + offset - 5..][..6]),
        };
        assert_eq!(hexamer, columns[6], "{row}");
    }
}

#[test]
fn the_variants_name_the_reference_base_of_the_genome() {
    let folder = Folder::new();
    let genome = read_fasta(&simulate(&folder.at("sim"), 100_000, 20, 1, 1));
    let vcf = fs::read_to_string(folder.at("sim/variants.vcf")).unwrap();
    let rows: Vec<&str> = vcf.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(!rows.is_empty());
    for row in rows {
        let columns: Vec<&str> = row.split('\t').collect();
        let position: usize = columns[1].parse().unwrap();
        assert_eq!(&genome[0].1[position - 1..position], columns[3], "{row}");
        assert_ne!(columns[3], columns[4]);
    }
}

#[test]
fn bed_files_have_the_names_of_their_columns_and_no_other_line_that_is_no_row() {
    let folder = Folder::new();
    simulate(&folder.at("sim"), 100_000, 20, 1, 1);
    for name in ["truth", "decoys", "latent"] {
        let text = fs::read_to_string(folder.at(&format!("sim/{name}.bed"))).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        assert!(header.starts_with("#chrom\tstart\tend\tname\t"), "{header}");
        let columns = header.split('\t').count();
        assert!(!rows.is_empty() && rows.lines().all(|row| row.split('\t').count() == columns));
        assert!(!rows.contains('#'));
    }
}
