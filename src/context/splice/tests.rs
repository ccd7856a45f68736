use std::io::Write as _;

use super::*;
use crate::context::features::GeneContext;
use crate::genome::annotation::{Annotation, Gene};
use crate::genome::fasta::FastaFile;
use crate::genome::sequence::encode;
use crate::shared::shared;

/// MaxEntScan's own examples, from its documentation and from maxentpy's.
const EXAMPLES: [(SpliceSite, &str, f32); 6] = [
    (SpliceSite::Five, "cagGTAAGT", 10.86),
    (SpliceSite::Five, "gagGTAAGT", 11.08),
    (SpliceSite::Five, "taaATAAGT", -0.12),
    (SpliceSite::Three, "ttccaaacgaacttttgtAGgga", 2.89),
    (SpliceSite::Three, "tgtctttttctgtgtggcAGtgg", 8.19),
    (SpliceSite::Three, "ttctctcttcagacttatAGcaa", -0.08),
];

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn tables_of_maxentscan_give_its_published_scores() {
    let folder = shared("data/splice");
    let tables = SpliceScorer::read(&folder).unwrap();
    for (site, letters, expected) in EXAMPLES {
        let codes = encode(letters.as_bytes()).unwrap();
        let score = tables.score(site, &codes).unwrap();
        assert!((score - expected).abs() < 0.006, "{letters}: {score}, not {expected}");
    }
    let unknown = encode(b"cagGTNAGT").unwrap();
    assert_eq!(tables.score(SpliceSite::Five, &unknown), None);
}

#[test]
fn tables_that_are_none_are_refused_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("score5_matrix.txt"), "AAAAAAA 0.5\nAAAAAAC x\n").unwrap();
    let error = SpliceScorer::read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("score5_matrix.txt, line 2: not a row"), "{error}");
}

/// A genome of genes with consensus sites, on both strands, in introns full of decoys.
fn setting() -> (tempfile::TempDir, FastaFile, GeneContext) {
    let mut seed = 7_u64;
    let mut base = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b"ACGT"[(seed >> 60) as usize % 4]
    };
    let mut letters: Vec<u8> = (0..60_000).map(|_| base()).collect();
    let mut genes = Vec::new();
    for number in 0..50_u64 {
        let start = 500 + number * 1_000;
        let strand = if number % 3 == 0 { Strand::Minus } else { Strand::Plus };
        let exons = vec![start..start + 100, start + 600..start + 700];
        // Along transcription the intron is 100..600 of the gene.
        let mut gene = letters[start as usize..start as usize + 700].to_vec();
        gene[97..106].copy_from_slice(b"CAGGTAAGT");
        gene[580..603].copy_from_slice(b"TTTTCTTTTCTTTTTTTCAGGTA");
        if strand == Strand::Minus {
            let codes = reverse(&gene);
            gene = codes;
        }
        letters[start as usize..start as usize + 700].copy_from_slice(&gene);
        genes.push(Gene {
            name: format!("G{number}"),
            id: String::new(),
            contig: 0,
            strand,
            range: start..start + 700,
            transcripts: vec![exons],
            open_ended: Vec::new(),
            biotype: None,
            transcript_ids: Vec::new(),
            coding_ends: Vec::new(),
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.fa");
    let mut file = std::fs::File::create(&path).unwrap();
    write!(file, ">c\n{}\n", String::from_utf8(letters).unwrap()).unwrap();
    let fasta = FastaFile::open(&path).unwrap();
    let annotation = Annotation { genes, notes: Vec::new() };
    let context = GeneContext::new(&annotation, &fasta.contigs, 0);
    (folder, fasta, context)
}

fn reverse(letters: &[u8]) -> Vec<u8> {
    use crate::genome::sequence::{decode, reverse_complement};
    decode(&reverse_complement(&encode(letters).unwrap()))
}

#[test]
fn scores_that_are_learned_tell_sites_from_decoys_on_both_strands() {
    let (_folder, fasta, mut genes) = setting();
    let quality = learn::score(&mut genes, &fasta, None).unwrap();
    assert_eq!(quality.sites, [50, 50]);
    assert!(quality.auroc.iter().all(|auroc| auroc.unwrap() > 0.99), "{quality:?}");
    for gene in genes.genes() {
        let scores = [gene.fives[0].score, gene.threes[0].score].map(Option::unwrap);
        assert!(scores.iter().all(|score| *score > 5.0), "{}: {scores:?}", gene.name);
    }
}

#[test]
fn scores_come_back_from_the_cache_and_a_cut_one_is_none() {
    let (folder, fasta, mut genes) = setting();
    let quality = learn::score(&mut genes, &fasta, None).unwrap();
    let path = cache::place(&folder.path().join("g.fa"), "a", "b", None);
    assert_ne!(path, cache::place(&folder.path().join("g.fa"), "a", "c", None));
    assert!(cache::store(&path, &genes, &fasta.contigs, &quality));
    let expected: Vec<_> = genes.genes().iter().map(|gene| gene.fives.clone()).collect();
    learn::set(&mut genes, |_, _| None);
    assert_eq!(cache::load(&path, &mut genes, &fasta.contigs), Some(quality));
    let found: Vec<_> = genes.genes().iter().map(|gene| gene.fives.clone()).collect();
    assert_eq!(found, expected);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 9]).unwrap();
    assert_eq!(cache::load(&path, &mut genes, &fasta.contigs), None);
}
