use std::io::{BufReader, Write};
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::genome::sequence::encode;
use crate::shared::shared;

fn open(bytes: &[u8]) -> Result<FastaFile> {
    FastaFile::from_source(Source::from_stream(Path::new("test.fa"), bytes)?)
}

fn message(bytes: &[u8]) -> String {
    open(bytes).map(|_| ()).unwrap_err().to_string()
}

fn lengths(fasta: &FastaFile) -> Vec<(&str, u64)> {
    fasta.contigs.iter().map(|contig| (contig.name.as_str(), contig.length)).collect()
}

/// All contigs' codes, read in pieces of `n`.
fn read_all(fasta: &FastaFile, n: usize) -> Vec<Vec<u8>> {
    let mut bases = fasta.bases().unwrap();
    let mut all = Vec::new();
    while let Some(index) = bases.next_contig().unwrap() {
        assert_eq!(index, all.len());
        let mut codes = Vec::new();
        while bases.read(n, &mut codes).unwrap() == n {}
        all.push(codes);
    }
    all
}

#[test]
fn untidy_files_are_read() {
    let fasta =
        open(b"\n\r\n>a first one\r\nAC\r\n\r\nGTA\r\n>b\n>c\tx\n\nNNn\nac\n\n>d\nuU").unwrap();
    assert_eq!(lengths(&fasta), [("a", 5), ("b", 0), ("c", 5), ("d", 2)]);
    let expected = [b"ACGTA".as_slice(), b"", b"NNNAC", b"TT"].map(|s| encode(s).unwrap());
    assert_eq!(read_all(&fasta, 2), expected);
}

#[test]
fn a_header_at_the_very_end_is_an_empty_contig() {
    assert_eq!(lengths(&open(b">a\nAC\n>b").unwrap()), [("a", 2), ("b", 0)]);
}

#[test]
fn an_empty_file_is_an_error() {
    for bytes in [b"".as_slice(), b"\n\r\n\n"] {
        assert!(message(bytes).contains("test.fa: the file is empty"));
    }
}

#[test]
fn what_is_not_fasta_is_named() {
    for (start, found) in [
        ("@read1\nACGT\n+\nIIII\n", "FASTQ"),
        ("##fileformat=VCFv4.3\n", "VCF"),
        ("##gff-version 3\n", "GFF"),
        ("@SQ\tSN:chr1\n", "SAM"),
        ("LOCUS       X\n", "GenBank"),
        ("\nACGTNNacgt\n", "put a line `>NAME` above it"),
        ("<!DOCTYPE html>", "web page"),
        ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("chr1\t1\t2\n", "begins with \"chr1\\t1\\t2\""),
    ] {
        let text = message(start.as_bytes());
        assert!(text.contains("not FASTA") && text.contains(found), "{text}");
    }
}

#[test]
fn a_letter_that_is_no_nucleotide_is_located() {
    let text = message(b">a\nACGT\n>b\nACG\nT!A\n");
    assert!(text.contains("test.fa, b:5: '!' is not a nucleotide letter"), "{text}");
    assert!(
        message(b">a\nMKLV\n").contains("a:3: 'L' is not a nucleotide letter; is this a protein")
    );
    assert!(message(b">a\nAC>b\nGT\n").contains("a:3: '>'"));
    assert!(message(b">a\nAC GT\n").contains("a:3: ' '"));
}

#[test]
fn duplicate_names_are_an_error_with_the_line() {
    let text = message(b">a x\nAC\nGT\n>b\n>a y\nAC\n");
    assert!(text.contains("test.fa, line 5: a second contig is called \"a\""), "{text}");
}

#[test]
fn a_header_without_a_name_is_an_error_with_the_line() {
    for bytes in [b">a\nAC\n>\nGT\n".as_slice(), b">a\nAC\n> b\nGT\n"] {
        let text = message(bytes);
        assert!(text.contains("test.fa, line 3: header without a name"), "{text}");
    }
}

#[test]
fn old_mac_line_ends_are_explained() {
    assert!(message(b">a\rACGT\rACGT\r").contains("old Mac style"));
    assert!(message(b">a\rACGT\r").contains("line 1: lines end in old Mac style"));
    assert!(message(b">a\nACGT\rACGT\r").contains("old Mac style"));
    assert!(message(b"\r>a\r\nACGT\r\n").contains("old Mac style"));
}

#[test]
fn a_header_without_end_does_not_fill_the_memory() {
    let text = message(&[b">a ".as_slice(), &vec![b'A'; 3 << 20]].concat());
    assert!(text.contains("line 1: header of more than 1 MiB"), "{text}");
}

#[test]
fn truncated_compression_is_an_error() {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(&[b">a\n".as_slice(), &b"ACGTTGA\n".repeat(1000)].concat()).unwrap();
    let whole = writer.finish().unwrap();
    assert_eq!(lengths(&open(&whole).unwrap()), [("a", 7000)]);
    assert!(message(&whole[..whole.len() - 9]).contains("test.fa: truncated gzip"));
    assert!(message(&whole[..5]).contains("test.fa: truncated gzip"));
}

#[test]
fn a_file_that_changes_between_passes_is_an_error() {
    for changed in [
        ">a\nACGT\n>b\nACGT\n".as_bytes(),
        b">a\nACG\n>c\nACGT\n",
        b">a\nAC\n>b\nACGT\n",
        b">a\nACG\n",
        b">a\nACG\n>b\nACGT\n>d\n",
        b">a\nACG\n>b\nAC!T\n",
        b">a\nACG\n>b\nAC>T\n",
        b"",
        b"@",
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b">a\nACG\n>b\nACGT\n").unwrap();
        let fasta = FastaFile::open(file.path()).unwrap();
        std::fs::write(file.path(), changed).unwrap();
        let pass = || -> Result<()> {
            let mut bases = fasta.bases()?;
            while bases.next_contig()?.is_some() {
                while bases.read(2, &mut Vec::new())? > 0 {}
            }
            Ok(())
        };
        assert!(pass().is_err(), "{:?}", String::from_utf8_lossy(changed));
    }
}

#[test]
fn reading_before_the_first_contig_and_after_the_last_yields_nothing() {
    let fasta = open(b">a\nACGT\n").unwrap();
    let mut bases = fasta.bases().unwrap();
    let mut codes = Vec::new();
    assert_eq!(bases.read(3, &mut codes).unwrap(), 0);
    assert_eq!(bases.next_contig().unwrap(), Some(0));
    for _ in 0..2 {
        assert_eq!(bases.next_contig().unwrap(), None);
        assert_eq!(bases.read(3, &mut codes).unwrap(), 0);
    }
    assert!(codes.is_empty());
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn the_public_human_piece_has_its_known_length() {
    let fasta = FastaFile::open(&shared("data/human/chr9_public_test.fa.gz")).unwrap();
    assert_eq!(lengths(&fasta), [("9", 1_000_000)]);
    let codes = read_all(&fasta, 65_536);
    assert_eq!(codes[0].len(), 1_000_000);
    assert!(codes[0][..10_000].iter().all(|&code| code == sequence::UNKNOWN));
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn the_yeast_genome_has_its_known_contigs() {
    let genome = "data/yeast/Saccharomyces_cerevisiae.R64-1-1.dna.toplevel.fa.gz";
    let fasta = FastaFile::open(&shared(genome)).unwrap();
    assert_eq!(fasta.contigs.len(), 17);
    assert_eq!(fasta.contigs[3], Contig { name: "IV".to_owned(), length: 1_531_933 });
    assert_eq!(fasta.contigs.iter().map(|contig| contig.length).sum::<u64>(), 12_157_105);
    let read: Vec<_> = read_all(&fasta, 10_007).iter().map(|codes| codes.len() as u64).collect();
    assert!(fasta.contigs.iter().map(|contig| contig.length).eq(read));
}

/// Contigs as lines of letters, each line with its ending.
fn arbitrary_text() -> impl Strategy<Value = Vec<Vec<(String, &'static str)>>> {
    let ending = prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n"), Just("\r\n\r\n")];
    prop::collection::vec(prop::collection::vec(("[ACGTNacgtn]{1,9}", ending), 0..5), 1..5)
}

/// Writes the contigs, named by their number, with the last line end cut off if asked to.
fn text_of(contigs: &[Vec<(String, &'static str)>], cut: bool) -> Vec<u8> {
    let mut text = String::new();
    for (i, lines) in contigs.iter().enumerate() {
        text += &format!(">{i} some words\n");
        lines.iter().for_each(|(letters, end)| text += &(letters.clone() + end));
    }
    if cut { text.trim_end().into() } else { text.into() }
}

fn codes_of(lines: &[(String, &'static str)]) -> Vec<u8> {
    let letters: String = lines.iter().map(|(letters, _)| letters.as_str()).collect();
    encode(letters.as_bytes()).unwrap()
}

proptest! {
    #[test]
    fn streaming_yields_what_was_written(
        contigs in arbitrary_text(), cut: bool, n in 1usize..30, skip in 0u64..12
    ) {
        let fasta = open(&text_of(&contigs, cut)).unwrap();
        let expected: Vec<_> = contigs.iter().map(|lines| codes_of(lines)).collect();
        let expected_lengths: Vec<_> = expected.iter().map(|codes| codes.len() as u64).collect();
        let measured: Vec<_> = fasta.contigs.iter().map(|contig| contig.length).collect();
        prop_assert_eq!(measured, expected_lengths);
        prop_assert_eq!(&read_all(&fasta, n), &expected);

        let mut bases = fasta.bases().unwrap();
        while let Some(i) = bases.next_contig().unwrap() {
            let skipped = bases.skip(skip).unwrap() as usize;
            prop_assert_eq!(skipped, expected[i].len().min(skip as usize));
            let mut codes = vec![9];
            let read = bases.read(n, &mut codes).unwrap();
            prop_assert_eq!(&codes[1..], &expected[i][skipped..][..read]);
            prop_assert!(read == n || skipped + read == expected[i].len());
        }
    }

    #[test]
    fn the_place_of_a_buffers_end_does_not_matter(
        contigs in arbitrary_text(), cut: bool, capacity in 1usize..20, bad in prop::option::of(0usize..40)
    ) {
        let source = Source::from_stream(Path::new("test.fa"), &b""[..]).unwrap();
        let mut text = text_of(&contigs, cut);
        // A `>` in the middle of a line of letters.
        let letters = |i: &usize| b"ACGTNacgtn".contains(&text[*i]) && b"ACGTNacgtn".contains(&text[i - 1]);
        let headers_end = text.iter().position(|&b| b == b'\n').unwrap_or(0) + 2;
        let place = bad.map(|k| headers_end + k).filter(|i| *i < text.len()).filter(letters);
        let in_header = |i: usize| text[..i].rsplit(|&b| b == b'\n').next().unwrap().starts_with(b">");
        let place = place.filter(|&i| !in_header(i));
        if let Some(i) = place {
            text[i] = b'>';
        }
        let walk = |capacity: usize| -> Result<Vec<(String, Vec<u8>)>> {
            let mut records = Records::new(BufReader::with_capacity(capacity, &text[..]), &source)?;
            let mut all: Vec<(String, Vec<u8>)> = Vec::new();
            while let Some(name) = records.next_header()? {
                let mut sequence = Vec::new();
                loop {
                    let letters = records.letters(&name, sequence.len() as u64)?;
                    if letters.is_empty() {
                        break;
                    }
                    if let Some(i) = letters.iter().position(|&b| b == b'>') {
                        let position = (sequence.len() + i + 1) as u64;
                        return Err(records.bad_letter(&name, position, b'>'));
                    }
                    sequence.extend_from_slice(letters);
                    let n = letters.len();
                    records.consume(n);
                }
                all.push((name, sequence));
            }
            Ok(all)
        };
        let (small, large) = (walk(capacity), walk(1 << 16));
        prop_assert_eq!(small.is_err(), place.is_some());
        match (small, large) {
            (Ok(small), Ok(large)) => prop_assert_eq!(small, large),
            (Err(small), Err(large)) => prop_assert_eq!(small.to_string(), large.to_string()),
            (small, large) => prop_assert!(false, "{:?} {:?}", small, large),
        }
    }
}
