//! Endless and huge input, names that are no text, settings that cannot be.

use std::time::{Duration, Instant};

use super::*;

/// Runs something that must fail within a minute; returns what was said.
fn refused(args: &[&str], input: Vec<u8>) -> String {
    let begin = Instant::now();
    let output = polyascan().args(args).write_stdin(input).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(1 | 2)), "{args:?}: {said}");
    assert!(begin.elapsed() < Duration::from_secs(60), "{args:?}: {:?}", begin.elapsed());
    assert!(!said.contains("panicked") && !said.contains("internal"), "{said}");
    said
}

#[test]
fn endless_input_is_refused_by_its_beginning() {
    let s = Small::new(3_000);
    let out = s.at("x");
    for device in ["/dev/zero", "/dev/urandom"] {
        let said = refused(&["scan", &s.genome, "--model", device, "-o", &out], vec![]);
        assert!(said.contains(device), "{said}");
        let said = refused(&["scan", &s.genome, "--config", device, "-o", &out], vec![]);
        assert!(said.contains(device), "{said}");
        refused(&["scan", device, "-o", &out], vec![]);
        refused(&["variants", device, "--fasta", &s.genome, "-o", &s.at("v.vcf")], vec![]);
        refused(&["convert", device, &s.at("m.safetensors")], vec![]);
    }
    let said =
        refused(&["scan", "-", "-o", &out], [b">chr1".to_vec(), vec![b'x'; 2 << 20]].concat());
    assert!(said.contains("header of more than 1 MiB"), "{said}");
    let said = refused(&["scan", "-", "-o", &out], b"yes\n".repeat(1 << 20));
    assert!(said.contains("not FASTA"), "{said}");
    let said = refused(&["variants", "-", "--fasta", &s.genome], b"yes\n".repeat(1 << 20));
    assert!(said.contains("not VCF"), "{said}");
    assert!(names(&s.out).is_empty(), "{:?}", names(&s.out));
}

#[test]
fn a_line_without_end_is_refused_whatever_is_read() {
    let s = Small::new(3_000);
    let bomb = gzip(&vec![b'A'; 17 << 20]);
    let bomb = s.folder.file("bomb.gz", bomb);
    let out = s.at("x");
    for args in [
        &["scan", &s.genome, "--annotation", &bomb, "-o", &out][..],
        &["scan", &s.genome, "--regions", &bomb, "-o", &out],
        &["predict", &bomb, "-o", &s.at("t.tsv")],
        &["train", "embeddings", &bomb, "-o", &s.at("e.safetensors")],
        &["evaluate", "calls", &bomb, "--truth", &bomb],
        &["evaluate", "scan", "--fasta", &s.genome, "--sites", &bomb],
        &["evaluate", "variants", "--anchor", "70", &bomb],
    ] {
        let said = refused(args, vec![]);
        assert!(said.contains("line 1") && said.contains("more than 16 MiB"), "{args:?}: {said}");
    }
    let config = s.folder.file("big.toml", vec![b'#'; (1 << 20) + 1]);
    let said = refused(&["scan", &s.genome, "--config", &config, "-o", &out], vec![]);
    assert!(said.contains("larger than 1 MiB: this is not a configuration"), "{said}");
}

#[test]
fn a_small_archive_of_many_values_is_refused() {
    let s = Small::new(500);
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (70000000,), }\n";
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.as_bytes());
    npy.resize(npy.len() + 70_000_000, 0);
    let file = s.folder.file("big.npy", npy);
    let said = refused(&["convert", &file, &s.at("m.safetensors")], vec![]);
    assert!(said.contains("more than 64 million values"), "{said}");
}

#[test]
fn effects_cannot_be_decided_by_numbers_that_are_none() {
    let s = Small::new(3_000);
    let vcf = s.folder.file("v.vcf", s.snvs("chr1", &[500], 0));
    for (entry, value) in [
        ("strength", "nan"),
        ("strength", "-inf"),
        ("strength", "1e308"),
        ("strength", "inf"),
        ("delta", "nan"),
        ("delta", "-1.0"),
        ("delta", "inf"),
    ] {
        let config = s.folder.file("c.toml", format!("[variants.rule]\n{entry} = {value}\n"));
        let said = refused(&["variants", &vcf, "--fasta", &s.genome, "--config", &config], vec![]);
        assert!(said.contains(&format!("variants.rule.{entry} is ")), "{said}");
    }
}

#[test]
fn no_name_forges_a_line_or_moves_the_cursor() {
    let s = Small::new(500);
    let models = s.folder.folder("models");
    std::fs::copy(&s.model, format!("{models}/a\nforged\t\x1b[2J.safetensors")).unwrap();
    let listed = polyascan().arg("models").env("POLYASCAN_MODELS", &models).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.lines().filter(|line| line.starts_with("forged")).count(), 0, "{listed}");
    assert!(listed.contains("a\\nforged\\t\\u{1b}[2J") && !listed.contains('\x1b'), "{listed}");
    let said = refused(&["scan", "no\x1b[31m\npolyascan: 5 sites", "-o", &s.at("x")], vec![]);
    assert!(said.contains("no\\u{1b}[31m\\npolyascan") && said.lines().count() == 1, "{said}");
    // A character of the C1 set in a VCF is refused as those below blank are.
    let text = s.snvs("chr1", &[200], 0).replace("\t200\t.\t", "\t200\tr\u{9b}1m\t");
    let vcf = s.folder.file("v.vcf", text);
    let said = refused(&["variants", &vcf, "--fasta", &s.genome], vec![]);
    assert!(said.contains("line 3: the line holds control characters"), "{said}");
}

#[test]
fn a_summary_names_a_thousand_contigs_and_sums_the_others_up() {
    let s = Small::new(300);
    let names: Vec<String> = (0..1_500).map(|i| format!("scaffold_{i}")).collect();
    let contigs = names.iter().map(|name| (name.as_str(), s.sequence.as_str()));
    let genome = s.folder.file("many.fa", fasta(contigs));
    let everything = ["--min-probability", "0", "--min-centre-cleavage", "0"];
    let scan = ["scan", &genome, "--model", &s.model, "-o", &s.at("x")];
    run([&scan[..], &everything].concat());
    let summary = summary(&s.at("x"));
    assert_eq!(summary["fasta"]["contigs"], 1_500);
    let by_contig = summary["sites"]["by_contig"].as_object().unwrap();
    assert_eq!(by_contig.len(), 1_001);
    let of = |name: &str| by_contig[name].as_u64().unwrap();
    // All contigs are alike.
    assert!(of("scaffold_999") > 0 && of("(other contigs)") == 500 * of("scaffold_0"));
    let bytes = std::fs::metadata(s.at("x.summary.json")).unwrap().len();
    assert!(bytes < 64 << 10, "{bytes} bytes");
}
