//! The same genome gives the same bytes, however the work is cut and the file is written.

use std::fs;

use crate::support::*;

const FILES: [&str; 5] = [
    "sites.bed",
    "plus.cleavage.bw",
    "plus.probability.bw",
    "minus.cleavage.bw",
    "minus.probability.bw",
];

/// Scans with tracks; returns the content of all result files.
fn results(folder: &Folder, name: &str, args: &[&str]) -> Vec<Vec<u8>> {
    let prefix = folder.at(&format!("{name}/x"));
    run(["scan", "--tracks", "-o", &prefix].iter().chain(args));
    FILES.iter().map(|file| fs::read(format!("{prefix}.{file}")).unwrap()).collect()
}

/// Names of the files that differ.
fn differing(a: &[Vec<u8>], b: &[Vec<u8>]) -> Vec<&'static str> {
    FILES.iter().zip(a.iter().zip(b)).filter(|(_, (a, b))| a != b).map(|(name, _)| *name).collect()
}

/// Three contigs; the second has a run of N and IUPAC letters, the third is shorter than a window.
fn genome(folder: &Folder) -> String {
    let records = read_fasta(&simulate(&folder.at("sim"), 60_000, 10, 2, 5));
    let second = &records[1].1;
    let second = second.replacen("ACA", "RYN", 40).replacen("TGCA", "nnnn", 20);
    let all = [("c2", records[0].1.as_str()), ("c10", &second), ("c1", &second[..200])];
    folder.file("genome.fa", fasta(all))
}

pub fn is_unmoved_by(args: &[&str], cuts: &[&[&str]]) {
    let folder = Folder::new();
    let genome = genome(&folder);
    let args: Vec<&str> = [&[genome.as_str()], args].concat();
    let expected = results(&folder, "expected", &[&args, &["-t", "1"][..]].concat());
    assert!(!sites(std::str::from_utf8(&expected[0]).unwrap()).is_empty());
    for (i, cut) in cuts.iter().enumerate() {
        let found = results(&folder, &i.to_string(), &[&args, *cut].concat());
        assert!(
            differing(&found, &expected).is_empty(),
            "{cut:?}: {:?}",
            differing(&found, &expected)
        );
    }
}

#[test]
fn threads_and_chunk_size_do_not_change_a_byte_with_the_default_model() {
    is_unmoved_by(
        &WEAK,
        &[
            &["-t", "2"],
            &["--threads", "7", "--chunk-size", "65536"],
            &["-t", "2", "--chunk-size", "1000"],
            &["--chunk-size=1000003", "-q"],
        ],
    );
}

#[test]
fn threads_and_chunk_size_do_not_change_a_byte_with_another_model() {
    let folder = Folder::new();
    let model = small_model(&folder);
    is_unmoved_by(
        &["--model", &model],
        &[&["-t", "3", "--chunk-size", "240"], &["-t", "2", "--chunk-size", "97"]],
    );
}

#[test]
fn a_run_repeated_gives_the_same_bytes_and_summary_but_for_the_times() {
    let folder = Folder::new();
    let (model, genome, prefix) = (small_model(&folder), genome(&folder), folder.at("again/x"));
    let mut seen = Vec::new();
    for _ in 0..2 {
        let files = results(&folder, "again", &[&genome, "--model", &model]);
        let mut summary = summary(&prefix);
        for time in ["wall_seconds", "windows_per_second"] {
            summary.as_object_mut().unwrap().remove(time).unwrap();
        }
        seen.push((files, summary));
    }
    assert!(seen[0] == seen[1]);
}

#[test]
fn compression_and_letter_case_change_only_the_lines_that_name_the_file() {
    let folder = Folder::new();
    let (model, genome) = (small_model(&folder), genome(&folder));
    let text = fs::read_to_string(&genome).unwrap();
    let upper = text.replace(['n'], "N");
    let masked: String =
        upper
            .split_inclusive('\n')
            .enumerate()
            .map(|(i, line)| {
                if line.starts_with('>') || i % 3 > 0 {
                    line.to_owned()
                } else {
                    line.to_lowercase()
                }
            })
            .collect();
    // Most lines end as on Windows, some are blank, and the last one does not end at all.
    let windows = upper.replace('\n', "\r\n");
    let rna = upper.replace('T', "U");
    let inputs = [
        ("plain.fa", upper.clone().into_bytes()),
        ("gzip.fa.gz", gzip(upper.as_bytes())),
        (
            "members.fa.gz",
            [gzip(&upper.as_bytes()[..9999]), gzip(&upper.as_bytes()[9999..])].concat(),
        ),
        ("bgzf.fa.gz", bgzip(upper.as_bytes())),
        ("no_suffix", bgzip(upper.as_bytes())),
        ("masked.fa", masked.into_bytes()),
        ("lower.fa", text.to_lowercase().into_bytes()),
        ("windows.fa", windows.trim_end().as_bytes().to_vec()),
        ("rna.fa", rna.into_bytes()),
    ];
    let mut expected: Option<Vec<Vec<u8>>> = None;
    for (name, bytes) in inputs {
        let file = folder.file(name, bytes);
        let found = results(&folder, &format!("{name}.out"), &[&file, "--model", &model]);
        let expected = expected.get_or_insert_with(|| found.clone());
        assert!(found == *expected, "{name}");
    }
}
