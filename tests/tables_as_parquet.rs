//! `--format parquet` writes each table as Parquet, too, with the values of the text.

#[cfg(feature = "parquet")]
mod built;

#[cfg(not(feature = "parquet"))]
use crate::support::*;

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_it_says_how_to_build_with_it() {
    let folder = Folder::new();
    let genome = folder.file("genome.fa", format!(">chr1\n{}\n", "ACGT".repeat(100)));
    let vcf = folder.file("in.vcf", "##fileformat=VCFv4.3\n");
    let [out, tsv] = ["out", "out.tsv"].map(|name| folder.at(name));
    let told = ["--format parquet: this build", "--features parquet"];
    let commands: [&[&str]; 3] = [
        &["scan", &genome, "-o", &out],
        &["variants", &vcf, "-f", &genome, "-o", &out, "--tsv", &tsv],
        &["predict", &genome, "-o", &tsv],
    ];
    for command in commands {
        refuse([command, &["--format", "parquet"]].concat(), 2, &told);
    }
    run(["scan", &genome, "-o", &out, "--format", "text", "-q"]);
}
