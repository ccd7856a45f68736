use std::collections::HashMap;
use std::fs;
use std::path::Path;

use noodles::gtf;
use proptest::prelude::*;
use rust_htslib::bcf::{self, Read};

use super::*;
use crate::genome::sequence::{decode, encode, reverse_complement};

const FILES: [&str; 6] =
    ["genome.fa", "genes.gtf", "truth.bed", "decoys.bed", "latent.bed", "variants.vcf"];

fn settings(length: u64, sites: u64, contigs: u64, seed: u64) -> SimulationSettings {
    SimulationSettings { length, sites, contigs, seed, reads: 0 }
}

/// Contigs by name, as written.
fn genome(directory: &Path) -> HashMap<String, Vec<u8>> {
    let text = fs::read_to_string(directory.join("genome.fa")).unwrap();
    let mut contigs = HashMap::new();
    for contig in text.split('>').skip(1) {
        let (name, lines) = contig.split_once('\n').unwrap();
        assert!(lines.lines().all(|line| line.len() <= 60));
        contigs.insert(name.to_owned(), lines.replace('\n', "").into_bytes());
    }
    contigs
}

fn rows(directory: &Path, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(directory.join(name)).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| row.split('\t').map(str::to_owned).collect()).collect()
}

/// Letters of `range` in transcript direction, upper case.
fn letters(contig: &[u8], range: std::ops::Range<usize>, strand: &str) -> String {
    let codes = encode(&contig[range]).unwrap();
    let codes = if strand == "+" { codes } else { reverse_complement(&codes) };
    String::from_utf8(decode(&codes)).unwrap()
}

/// Checks the rows of truth.bed or latent.bed against the sequence.
fn check_sites(genome: &HashMap<String, Vec<u8>>, rows: &[Vec<String>]) {
    for row in rows {
        let contig = &genome[&row[0]];
        let start: usize = row[1].parse().unwrap();
        assert_eq!(row[2], (start + 1).to_string());
        assert_eq!(letters(contig, start..start + 1, &row[5]), "A");
        let (signal, offset) = (&row[6], row[7].parse::<usize>().unwrap());
        let range = if row[5] == "+" {
            start - offset..start - offset + 6
        } else {
            start + offset - 5..start + offset + 1
        };
        assert_eq!(&letters(contig, range, &row[5]), signal);
        assert!((18..=24).contains(&offset));
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let directories: Vec<_> = [7, 7, 8]
        .map(|seed| {
            let directory = tempfile::tempdir().unwrap();
            simulate(&settings(60_000, 10, 2, seed), directory.path()).unwrap();
            directory
        })
        .into();
    for name in FILES {
        let bytes = |i: usize| fs::read(directories[i].path().join(name)).unwrap();
        assert_eq!(bytes(0), bytes(1));
        assert_ne!(bytes(0), bytes(2));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn the_lists_tell_the_truth(seed: u64, sites in 1u64..25, contigs in 1u64..4, extra in 0u64..90_000) {
        let length = (sites + 8) * 2600 + contigs * 8000 + extra;
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        let report = simulate(&settings(length, sites, contigs, seed), directory).unwrap();
        let genome = genome(directory);
        prop_assert_eq!(genome.values().map(|c| c.len() as u64).sum::<u64>(), length);

        let (truth, latent) = (rows(directory, "truth.bed"), rows(directory, "latent.bed"));
        check_sites(&genome, &truth);
        check_sites(&genome, &latent);
        prop_assert_eq!((truth.len() as u64, report.sites), (sites, sites));
        prop_assert_eq!(latent.len() as u64, sites.div_ceil(4));
        if sites > contigs {
            for strand in ["+", "-"] {
                prop_assert!(truth.iter().any(|row| row[5] == strand));
            }
        }

        let decoys = rows(directory, "decoys.bed");
        prop_assert_eq!(decoys.len() as u64, sites);
        for row in &decoys {
            let (start, end): (usize, usize) = (row[1].parse().unwrap(), row[2].parse().unwrap());
            prop_assert_eq!(letters(&genome[&row[0]], start..end, &row[5]), "AATAAA");
            let near = |site: &&Vec<String>| {
                site[0] == row[0] && site[1].parse::<usize>().unwrap().abs_diff(start) < 500
            };
            prop_assert!(!truth.iter().any(|site| near(&site)));
        }
    }
}

#[test]
fn variants_fit_the_sequence_and_their_class() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    simulate(&settings(120_000, 21, 3, 5), directory).unwrap();
    let genome = genome(directory);
    let mut sites: HashMap<String, Vec<String>> = HashMap::new();
    for row in rows(directory, "truth.bed").into_iter().chain(rows(directory, "latent.bed")) {
        sites.insert(row[3].clone(), row);
    }
    let mut reader = bcf::Reader::from_path(directory.join("variants.vcf")).unwrap();
    let header = reader.header().clone();
    let (mut last, mut classes) = ((0, -1), HashMap::new());
    for record in reader.records() {
        let record = record.unwrap();
        let place = (record.rid().unwrap(), record.pos());
        assert!(last < place, "sorted, no place twice");
        last = place;
        let name = String::from_utf8(header.rid2name(place.0).unwrap().to_vec()).unwrap();
        let mut contig = genome[&name].to_ascii_uppercase();
        let position = place.1 as usize;
        let (reference, alternate) = (record.alleles()[0], record.alleles()[1]);
        assert_eq!(reference, &contig[position..position + 1]);
        assert_ne!(reference, alternate);
        contig[position] = alternate[0];

        let text = |key: &[u8]| {
            let value = record.info(key).string().unwrap()?;
            Some(String::from_utf8(value[0].to_vec()).unwrap())
        };
        let (class, site) = (text(b"CLASS").unwrap(), text(b"SITE"));
        match class.as_str() {
            "neutral" => assert_eq!(site, None),
            class => {
                let row = &sites[&site.unwrap()];
                assert_eq!(row[0], name);
                let (start, offset): (usize, usize) =
                    (row[1].parse().unwrap(), row[7].parse().unwrap());
                let upstream =
                    if row[5] == "+" { start - 40..start } else { start + 1..start + 41 };
                let upstream = letters(&contig, upstream, &row[5]);
                let signal = upstream.find("AATAAA").or(upstream.find("ATTAAA"));
                let expected = (class == "creating").then(|| 40 - offset);
                assert_eq!(signal, expected);
            }
        }
        *classes.entry(class).or_insert(0) += 1;
    }
    assert_eq!(classes["breaking"], 21);
    assert_eq!(classes["creating"], 6);
    assert_eq!(classes["neutral"], 21);
}

#[test]
fn neutral_variants_keep_their_distance() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    simulate(&settings(100_000, 30, 1, 3), directory).unwrap();
    let mut planted = Vec::new();
    for name in ["truth.bed", "latent.bed", "decoys.bed"] {
        planted.extend(rows(directory, name).iter().map(|row| row[1].parse::<usize>().unwrap()));
    }
    for row in rows(directory, "variants.vcf") {
        if row[7] == "CLASS=neutral" {
            let position = row[1].parse::<usize>().unwrap() - 1;
            assert!(planted.iter().all(|place| place.abs_diff(position) >= 300));
        }
    }
}

#[test]
fn the_annotation_parses_and_genes_end_at_their_sites() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    simulate(&settings(150_000, 30, 2, 9), directory).unwrap();
    let text = fs::read(directory.join("genes.gtf")).unwrap();
    let mut reader = gtf::io::Reader::new(text.as_slice());
    let (mut gene, mut ends, mut exons) = (None, Vec::new(), 0);
    for record in reader.record_bufs() {
        let record = record.unwrap();
        let (start, end) = (record.start().get(), record.end().get());
        match record.ty().to_string().as_str() {
            "gene" => {
                gene = Some((start, end));
                ends.push((record.reference_sequence_name().to_string(), start, end));
            }
            "transcript" => assert_eq!(gene, Some((start, end))),
            "exon" => {
                let (first, last) = gene.unwrap();
                assert!(first <= start && start <= end && end <= last);
                exons += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(exons > ends.len());
    let truth = rows(directory, "truth.bed");
    let terminal = truth.iter().filter(|row| row[8] == "terminal_exon");
    assert_eq!(terminal.clone().count(), ends.len());
    assert!(truth.iter().any(|row| row[8] == "intron"));
    for row in terminal {
        let site: usize = row[2].parse().unwrap();
        let at_end = |(name, start, end): &(String, usize, usize)| {
            name == &row[0] && site == if row[5] == "+" { *end } else { *start }
        };
        assert!(ends.iter().any(at_end), "{row:?}");
    }
}

#[test]
fn has_unknown_and_soft_masked_stretches() {
    let directory = tempfile::tempdir().unwrap();
    simulate(&settings(100_000, 10, 2, 4), directory.path()).unwrap();
    for contig in genome(directory.path()).values() {
        assert_eq!(contig.iter().filter(|&&letter| letter == b'N').count(), 500);
        let lower = contig.iter().filter(|letter| letter.is_ascii_lowercase()).count();
        assert!((contig.len() / 20..contig.len()).contains(&lower));
    }
}

#[test]
fn too_little_room_is_refused_with_the_length_that_is_needed() {
    let directory = tempfile::tempdir().unwrap();
    let error = simulate(&settings(50_000, 40, 1, 1), directory.path()).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("--length 101100"), "{error}");
    simulate(&settings(101_100, 40, 1, 1), directory.path()).unwrap();
    for settings in [settings(0, 1, 1, 1), settings(9, 0, 1, 1), settings(9, 1, 0, 1)] {
        assert_eq!(simulate(&settings, directory.path()).unwrap_err().exit_code(), 2);
    }
    let error = simulate(&settings(1 << 40, 1, 1, 1), directory.path()).unwrap_err();
    assert!(error.to_string().contains("--contigs 513"), "{error}");
}
