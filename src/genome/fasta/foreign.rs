//! What a file is that is not FASTA.

use crate::genome::compression::OLD_MAC;

/// Beginnings of files that are given by mistake: what it is, and what to do if more than giving
/// another file.
const KNOWN: [(&[u8], &str); 16] = [
    (b"##fileformat=VCF", "it looks like VCF"),
    (b"##gff-version", "it looks like GFF"),
    (b"#!genome", "it looks like GTF"),
    (b"##description: evidence-based", "it looks like GTF"),
    (b"track", "it looks like BED"),
    (b"@HD\t", "it looks like SAM"),
    (b"@SQ\t", "it looks like SAM"),
    (b"@", "it looks like FASTQ"),
    (b"BAM\x01", "it is BAM"),
    (b"BCF\x02", "it is BCF"),
    (b"CRAM", "it is CRAM"),
    (b"LOCUS ", "it looks like GenBank; convert it to FASTA"),
    (b"ID   ", "it looks like EMBL; convert it to FASTA"),
    (
        b"version https://git-lfs",
        "it is a Git LFS pointer; get the file itself with `git lfs pull`",
    ),
    (b"<", "it looks like a web page; was the download refused?"),
    (b";", "old-style `;` comments are not read; remove them"),
];

/// Says what was found instead of a header; `start` is the beginning of the first line that is not
/// blank.
pub(super) fn describe(start: &[u8]) -> String {
    const BASES: &[u8] = b"ACGTUNacgtun";
    let line = start.split(|&b| b == b'\n' || b == b'\r').next().unwrap_or_default();
    if let Some((_, what)) = KNOWN.iter().find(|(magic, _)| start.starts_with(magic)) {
        return (*what).to_owned();
    }
    if line.iter().all(|letter| BASES.contains(letter)) {
        return "it looks like bare sequence; put a line `>NAME` above it".to_owned();
    }
    let shown = &line[..line.len().min(40)];
    format!("it begins with \"{}\"", shown.escape_ascii())
}

/// Returns advice on a letter that no nucleotide is written with.
pub(super) fn advise(letter: u8) -> &'static str {
    match letter {
        b'>' => "a header must begin on a line of its own",
        b'\r' => OLD_MAC,
        b' ' | b'\t' | b'0'..=b'9' => {
            "sequence lines hold nothing but letters; remove blanks and numbers"
        }
        b'E' | b'F' | b'I' | b'L' | b'P' | b'Q' | b'e' | b'f' | b'i' | b'l' | b'p' | b'q' => {
            "is this a protein sequence?"
        }
        0 => "the file is damaged (NUL bytes); copy or download it again",
        _ => "allowed are A, C, G, T, U and the IUPAC codes such as N; correct the sequence",
    }
}
