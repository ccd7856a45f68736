//! Files that people really have, and machines as they really are: each test is a kind of fault
//! that was found.

mod assembly;
mod limits;
mod machine;
mod outputs;

use crate::support::*;

/// Letters in which no place is like another.
pub fn letters(n: usize, seed: u64) -> String {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| char::from(b"ACGT"[rng.random_range(0..4)])).collect()
}

/// A genome of one contig, its letters, and an empty folder for outputs.
struct Small {
    folder: Folder,
    sequence: String,
    genome: String,
    model: String,
    out: String,
}

impl Small {
    fn new(length: usize) -> Self {
        let folder = Folder::new();
        let sequence = letters(length, 5);
        let genome = folder.file("genome.fa", fasta([("chr1", sequence.as_str())]));
        let (model, out) = (small_model(&folder), folder.folder("out"));
        Self { folder, sequence, genome, model, out }
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.out)
    }

    /// Runs; returns the exit code and what was said.
    fn try_run(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = polyascan().args(args).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// A VCF of SNVs at these positions (1-based) of a contig; REF is what lies `shift` further on.
    fn snvs(&self, contig: &str, positions: &[usize], shift: usize) -> String {
        let row = |&position: &usize| {
            let reference = &self.sequence[position - 1 + shift..position + shift];
            let other = if reference == "A" { "C" } else { "A" };
            format!("{contig}\t{position}\t.\t{reference}\t{other}\t.\t.\t.\n")
        };
        let rows: String = positions.iter().map(row).collect();
        format!("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n{rows}")
    }
}
