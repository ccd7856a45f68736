//! `variants`: what is known to break or make a site is said to, and what is known to do nothing is
//! not.

use std::collections::BTreeMap;
use std::fs;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::*;

#[test]
fn planted_variants_have_their_effects() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 1_000_000, 200, 1, 1);
    let (vcf, out) = (folder.at("sim/variants.vcf"), folder.at("out.vcf"));
    run(["variants", &vcf, "--fasta", &genome, "-o", &out]);
    // By class, the greatest effect of each variant on the site that it acts on, or on any.
    let mut effects: BTreeMap<(String, String), usize> = BTreeMap::new();
    for record in records(&fs::read_to_string(&out).unwrap()) {
        let greatest = record.greatest().map_or("no site".to_owned(), |entry| entry.effect.clone());
        *effects.entry((record.info["CLASS"].clone(), greatest)).or_default() += 1;
        for entry in &record.entries {
            let delta: f64 = entry.delta.parse().unwrap();
            if ["created", "strengthened"].contains(&entry.effect.as_str()) {
                assert!(delta >= 0.999, "{entry:?}");
            } else if ["lost", "weakened"].contains(&entry.effect.as_str()) {
                assert!(delta <= -0.999, "{entry:?}");
            }
        }
    }
    let count = |class: &str, effect: &[&str]| -> usize {
        let these = effects.iter().filter(|((c, e), _)| c == class && effect.contains(&e.as_str()));
        these.map(|(_, n)| n).sum()
    };
    println!("{effects:?}");
    assert!(count("breaking", &["lost", "weakened"]) >= 196, "{effects:?}");
    assert!(count("creating", &["created", "strengthened"]) >= 49, "{effects:?}");
    assert!(count("neutral", &["unchanged", "no site"]) >= 196, "{effects:?}");
    assert_eq!(effects.values().sum::<usize>(), 450);
}

/// The end of a gene and published variants of it.
struct Gene {
    name: &'static str,
    /// In transcript direction.
    sequence: &'static str,
    /// The polyA signal and a few bases around it.
    signal: &'static str,
    /// Distance of the changed base from the first of `signal`, and the new base.
    changes: &'static [(usize, u8)],
}

const GENES: [Gene; 2] = [
    // c.*110T>C and c.*113A>G cause beta thalassaemia.
    Gene {
        name: "HBB",
        sequence: "GCTCGCTTTCTTGCTGTCCAATTTCTATTAAAGGTTCCTTTGTTCCCTAAGTCCAACTACTAAACTGGGGGATATTATGAAGGGCCTTGAGC\
         ATCTGGATTCTGCCTAATAAAAAACATTTATTTTCATTGCAATGATGTATTTAAATTATTTCTGAATATTTTACTAAAAAGGGAATGTGGGA\
         GGTCAGTGCATTTAAAACATAAAGAAATGAAG",
        signal: "CTAATAAAAAAC",
        changes: &[(2 + 2, b'C'), (2 + 5, b'G')],
    },
    // rs78378222: AATAAA to AATACA, raises the risk of glioma.
    Gene {
        name: "TP53",
        sequence: "CATTCTGCAAGCACATCTGCATTTTCACCCCACCCTTCCCCTCCTTCTCCCTTTTTATATCCCATTTTTATATCGATCTCTTATTTTACAATA\
         AAACTTTGCTGCCACCTGTGTGTCTGAGGGGTG",
        signal: "CAATAAAACTTT",
        changes: &[(1 + 4, b'C')],
    },
];

#[test]
fn variants_that_break_a_signal_in_patients_weaken_or_lose_the_site() {
    let folder = Folder::new();
    for seed in 0..3 {
        let mut context = Context::new(seed);
        for Gene { name, sequence, signal, changes } in GENES {
            let signal = sequence.find(signal).unwrap();
            for (change, (distance, base)) in changes.iter().enumerate() {
                context.add(&format!("{name}_{change}"), sequence, signal + distance, *base);
            }
        }
        for record in context.run(&folder) {
            let entry = record.greatest().unwrap();
            let told = format!("{} {entry:?}", record.id);
            assert!(["lost", "weakened"].contains(&entry.effect.as_str()), "{told}");
            assert!(entry.delta.parse::<f64>().unwrap() < -2.0, "{told}");
            assert!(entry.motif.contains("AATAAA"), "{told}");
            assert_eq!(entry.strand, "+", "{told}");
        }
    }
}

/// The same from measured variants: HBA2 c.*92A>G and c.*94A>G, F2 c.*97G>A.
#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn measured_disease_variants_have_their_sign_and_class() {
    let table = shared("data/variants/mpra_clinvar_snvs_dev.tsv");
    let table = fs::read_to_string(table).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    let folder = Folder::new();
    for seed in 0..3 {
        let mut context = Context::new(seed);
        for (name, id) in
            [("HBA2", "(HBA2):c.*92A>G"), ("HBA2", "(HBA2):c.*94A>G"), ("F2", "(F2):c.*97G>A")]
        {
            let row = rows.iter().find(|row| row[1].ends_with(id));
            let Some(row) = row else {
                eprintln!("skipped: {name} {id} is not in the table");
                continue;
            };
            let position: usize = row[7].parse().unwrap();
            context.add(name, row[5], position, row[6].as_bytes()[position]);
        }
        for record in context.run(&folder) {
            let entry = record.greatest().unwrap();
            let delta: f64 = entry.delta.parse().unwrap();
            let told = format!("{} {entry:?}", record.id);
            match record.id.as_str() {
                "F2" => {
                    assert!(delta > 0.0, "{told}");
                    assert!(
                        ["strengthened", "unchanged"].contains(&entry.effect.as_str()),
                        "{told}"
                    );
                }
                _ => {
                    assert!(delta < -2.0, "{told}");
                    assert!(["lost", "weakened"].contains(&entry.effect.as_str()), "{told}");
                }
            }
        }
    }
}

/// Sequences between random ones, a contig each, and a variant of each.
struct Context {
    rng: ChaCha8Rng,
    fasta: String,
    vcf: String,
    added: usize,
}

impl Context {
    fn new(seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let vcf =
            "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".to_owned();
        Self { rng, fasta: String::new(), vcf, added: 0 }
    }

    fn flank(&mut self) -> String {
        (0..400).map(|_| char::from(b"ACGT"[self.rng.random_range(0..4)])).collect()
    }

    fn add(&mut self, id: &str, sequence: &str, position: usize, base: u8) {
        let contig = format!("c{}", self.added);
        self.added += 1;
        let whole = self.flank() + sequence + &self.flank();
        self.fasta += &fasta([(contig.as_str(), whole.as_str())]);
        let (reference, base) = (&sequence[position..=position], char::from(base));
        self.vcf += &format!("{contig}\t{}\t{id}\t{reference}\t{base}\t.\t.\t.\n", position + 401);
    }

    fn run(&self, folder: &Folder) -> Vec<Record> {
        let fasta = folder.file("context.fa", &self.fasta);
        let vcf = folder.file("context.vcf", &self.vcf);
        let text = run(["variants", &vcf, "--fasta", &fasta]);
        let records = records(&String::from_utf8(text).unwrap());
        assert_eq!(records.len(), self.added);
        records
    }
}
