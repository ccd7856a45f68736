//! Genomes.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Refuse, RefuseOrTake, Row, Setting, Take, letters, utf16};
use crate::support::*;

/// Seeds of damaged files that go through the program; all single bits of a file are flipped in the
/// library's own tests.
const FLIPS: u64 = 25;

/// One contig of 300 nt: 600 windows.
fn good() -> String {
    fasta([("chr1", letters(300).as_str())])
}

fn untidy() -> Vec<Row> {
    let good = good();
    let ragged = |ends: &[&str]| -> Vec<u8> {
        let sequence = letters(300);
        let (mut text, mut at) = (">chr1 ragged\n".to_owned(), 0);
        for i in 0.. {
            let end = sequence.len().min(at + 1 + i * 7 % 40);
            text += &sequence[at..end];
            text += ends[i % ends.len()];
            at = end;
            if at == sequence.len() {
                break;
            }
        }
        text.into()
    };
    let with = |more: &str| format!(">chr1\n{}{more}\n", letters(300)).into_bytes();
    let of_length = |n: usize| fasta([("chr1", letters(n).as_str())]).into_bytes();
    let many: String =
        (0..10_000).map(|i| format!(">c{i}\n{}\n", &letters(300)[..i % 300])).collect();
    vec![
        ("lines of every length", ragged(&["\n"]), Take(600, &[])),
        ("blank lines", ragged(&["\n\n", "\n", "\n\n\n"]), Take(600, &[])),
        ("lines that end in CR and LF", ragged(&["\r\n", "\r\n\r\n"]), Take(600, &[])),
        ("both ends of lines", ragged(&["\r\n", "\n"]), Take(600, &[])),
        ("no newline at the end", good.trim_end().into(), Take(600, &[])),
        ("lower case", good.to_lowercase().into(), Take(600, &[])),
        ("a contig of 1 nt", of_length(1), Take(2, &[])),
        ("a contig of 239 nt", of_length(239), Take(478, &[])),
        ("a contig of 240 nt", of_length(240), Take(480, &[])),
        (
            "10,000 contigs of 0 to 299 nt",
            many.into(),
            Take(2_970_000, &["34 contigs without sequence (c0)"]),
        ),
        ("every IUPAC letter", with("NRYSWKMBDHVXnryswkmbdhvx"), Take(648, &[])),
        ("stars, gaps and dots", with("*-.-*"), Take(610, &[])),
        ("RNA", with("UuACGU"), Take(612, &[])),
        ("a line of 4 million N", with(&"N".repeat(4_000_000)), Take(8_000_600, &[])),
        (
            "headers without sequence",
            b">a\n>b\n\n>c".into(),
            Take(0, &["3 contigs without sequence (a)"]),
        ),
        (
            "a last header without sequence",
            [good.as_bytes(), b">b"].concat(),
            Take(600, &["1 contig without sequence (b)"]),
        ),
        ("signs in a name", good.replace("chr1", "HLA-A*01:01|x=\"y\";%").into(), Take(600, &[])),
        (
            "a name with letters of another script",
            good.replace("chr1", "хром1").into(),
            Take(600, &[]),
        ),
        (
            "BGZF after BGZF",
            [bgzip(good.as_bytes()), bgzip(b">b\nACGT\n")].concat(),
            Take(608, &[]),
        ),
        ("gzip after gzip", [gzip(good.as_bytes()), gzip(b">b\nACGT\n")].concat(), Take(608, &[])),
    ]
}

fn no_genomes() -> Vec<Row> {
    let good = good();
    let protein = b">p\nMKVLE\n".into();
    let gtf = "chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id \"G\";\n";
    vec![
        ("nothing", vec![], Refuse(&["empty"])),
        ("nothing but blank lines", b"\n\r\n\n".into(), Refuse(&["empty"])),
        ("nothing, compressed", bgzip(b""), Refuse(&["empty"])),
        ("a FASTQ", b"@read1\nACGT\n+\nIIII\n".into(), Refuse(&["not FASTA", "FASTQ"])),
        ("a FASTQ, compressed", gzip(b"@read1\nACGT\n"), Refuse(&["not FASTA", "FASTQ"])),
        ("a VCF", b"##fileformat=VCFv4.2\n#CHROM\tPOS\n".into(), Refuse(&["not FASTA", "VCF"])),
        ("a GTF", gtf.into(), Refuse(&["not FASTA", "chr1\\tx\\texon"])),
        (
            "a GTF with its remarks",
            ["#!genome-build x\n", gtf].concat().into(),
            Refuse(&["not FASTA", "GTF"]),
        ),
        ("a GFF3", b"##gff-version 3\n".into(), Refuse(&["not FASTA", "GFF"])),
        ("a BED", b"chr1\t0\t100\n".into(), Refuse(&["not FASTA", "chr1"])),
        (
            "bare sequence",
            b"ACGTACGT\nACGT\n".into(),
            Refuse(&["not FASTA", "bare sequence", ">NAME"]),
        ),
        ("binary junk", vec![0x89, 0x48, 0, 1, 2, 255, 254, 13, 10], Refuse(&["not FASTA"])),
        ("a web page", b"<!DOCTYPE html><html>".into(), Refuse(&["not FASTA", "web page"])),
        ("bzip2", b"BZh91AY&SY".into(), Refuse(&["bzip2", "bunzip2"])),
        (
            "a Git LFS pointer",
            b"version https://git-lfs.github.com/spec/v1\noid".into(),
            Refuse(&["Git LFS pointer", "git lfs pull"]),
        ),
        (
            "a byte-order mark",
            ["\u{feff}", &good].concat().into(),
            Refuse(&["byte-order mark", "sed"]),
        ),
        (
            "a byte-order mark, compressed",
            gzip(["\u{feff}", &good].concat().as_bytes()),
            Refuse(&["byte-order mark", "sed"]),
        ),
        ("UTF-16", utf16(&good), Refuse(&["UTF-16", "iconv"])),
        ("a protein", protein, Refuse(&["p:4", "'L'", "protein"])),
    ]
}

fn wrong_genomes() -> Vec<Row> {
    let long_name = format!(">{}\nACGT\n", "x".repeat(3 << 20));
    vec![
        ("a `>` alone", b">".into(), Refuse(&["line 1", "without a name", "directly after"])),
        (
            "a header without a name",
            b">chr1\nAC\n>\nAC\n".into(),
            Refuse(&["line 3", "without a name"]),
        ),
        (
            "a blank before the name",
            b">chr1\nAC\n> b\nAC\n".into(),
            Refuse(&["line 3", "without a name"]),
        ),
        (
            "a name twice",
            b">chr1 one\nAC\n>chr2\nAC\n>chr1 two\nGG\n".into(),
            Refuse(&["line 5", "\"chr1\"", "rename"]),
        ),
        ("a header of 3 MiB", long_name.into(), Refuse(&["line 1", "1 MiB"])),
        (
            "a name that is no UTF-8",
            b">chr\xff\nAC\n".into(),
            Refuse(&["line 1", "chr\\xff", "rename"]),
        ),
        (
            "a bell in a name",
            b">chr1\nAC\n>c\x07\nAC\n".into(),
            Refuse(&["line 3", "c\\x07", "rename"]),
        ),
        ("old Mac lines", b">a\rACGT\r".into(), Refuse(&["old Mac", "tr '\\r' '\\n'"])),
        ("old Mac lines after a header", b">a\nACGT\rACGT\r".into(), Refuse(&["a:5", "old Mac"])),
        ("a sign", b">chr1\nACGT\nAC!T\n".into(), Refuse(&["chr1:7", "'!'", "allowed are"])),
        ("digits", b">chr1\nACGT\nAC 10\n".into(), Refuse(&["chr1:7", "blanks and numbers"])),
        ("a digit alone", b">chr1\nACGT1\n".into(), Refuse(&["chr1:5", "blanks and numbers"])),
        ("NUL bytes", b">chr1\nAC\0T\n".into(), Refuse(&["chr1:3", "damaged"])),
        (
            "a header within a line",
            b">chr1\nAC>chr2\nAC\n".into(),
            Refuse(&["chr1:3", "line of its own"]),
        ),
        (
            "junk after a good start",
            [good().as_bytes(), &[0xff, 0, 0x1f, 0x8b]].concat(),
            Refuse(&["chr1:301"]),
        ),
    ]
}

fn damaged_compression() -> Vec<Row> {
    let good = good();
    let (gz, bgz) = (gzip(good.as_bytes()), bgzip(good.as_bytes()));
    let then = |bytes: &[u8], more: &[u8]| [bytes, more].concat();
    vec![
        (
            "garbage after gzip",
            then(&gz, b"some garbage that is no gzip"),
            Refuse(&["damaged gzip", "again"]),
        ),
        ("a few letters after gzip", then(&gz, b"ab"), Refuse(&["gzip", "again"])),
        ("zeros after gzip", then(&gz, &[0; 512]), Refuse(&["damaged gzip", "again"])),
        ("garbage after BGZF", then(&bgz, b"garbage"), Refuse(&["BGZF", "again"])),
        ("plain text after BGZF", then(&bgz, good.as_bytes()), Refuse(&["BGZF", "again"])),
        ("gzip within gzip", gzip(&gz), Refuse(&["not FASTA"])),
        ("a gzip magic alone", vec![0x1f, 0x8b], Refuse(&["truncated gzip", "again"])),
        (
            "another method than deflate",
            vec![0x1f, 0x8b, 9, 0, 0, 0, 0, 0, 0, 3],
            Refuse(&["damaged gzip", "again"]),
        ),
    ]
}

#[test]
fn untidy_genomes_are_scanned_and_accounted_for() {
    Setting::new().check_all(&["{}"], untidy());
}

#[test]
fn files_that_are_no_fasta_are_recognised() {
    Setting::new().check_all(&["{}"], no_genomes());
}

#[test]
fn wrong_genomes_are_refused_with_place_and_cure() {
    Setting::new().check_all(&["{}"], wrong_genomes());
}

#[test]
fn damaged_compression_is_refused() {
    Setting::new().check_all(&["{}"], damaged_compression());
}

#[test]
fn a_flipped_bit_in_a_compressed_genome_is_refused_or_changes_nothing() {
    let (s, mut rng) = (Setting::new(), ChaCha8Rng::seed_from_u64(1));
    for whole in [gzip(good().as_bytes()), bgzip(good().as_bytes())] {
        let mut refused = 0;
        for _ in 0..FLIPS {
            let (at, bit) = (rng.random_range(0..whole.len()), rng.random_range(0..8));
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            // Some bits say nothing of the content: the time, the kind of disk.
            let name = format!("bit {bit} of byte {at} of {}", whole.len());
            refused += u64::from(s.check(&name, &["{}"], &bytes, &RefuseOrTake(600)) == 1);
        }
        assert!(refused > FLIPS / 2, "{refused}");
    }
}
