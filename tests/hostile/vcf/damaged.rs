//! Files cut short and with flipped bits: text, gzip, BGZF and BCF.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Setting, header, record, records_of, snv};
use crate::support::*;

/// Seeds of files with flipped bits, of each form; the library's own tests try thousands.
const FLIPS: u64 = 25;

/// Enough records for several blocks, most of which need no model.
fn long() -> String {
    let lines: String = (0..4_000_u64)
        .map(|i| {
            let id = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            format!("chrOther\t{i}\t{id:x}{:x}\tA\tC\t.\t.\t.\n", id.rotate_left(7))
        })
        .collect();
    header() + &snv() + &lines
}

/// Where the blocks of a BGZF file begin.
fn blocks(bgzf: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    while let Some(size) = bgzf.get(starts[starts.len() - 1] + 16..) {
        let Some(size) = size.first_chunk::<2>() else { break };
        starts.push(starts[starts.len() - 1] + usize::from(u16::from_le_bytes(*size)) + 1);
    }
    starts
}

/// A file of `text` in BCF.
fn bcf(s: &Setting, text: &str, kind: &str) -> Vec<u8> {
    let (file, to) = (s.folder.file("in.vcf", text), s.folder.at("in.bcf"));
    run(["variants", &file, "--fasta", &s.genome, "-q", "-O", kind, "-o", &to]);
    std::fs::read(to).unwrap()
}

/// Refuses a file cut at some places.
fn refuse_cut(s: &Setting, name: &str, bytes: &[u8], at: &[usize], told: &str) {
    for &at in at {
        let (code, said, _) = s.annotate(&format!("{name} cut at {at}"), &[], &bytes[..at]);
        assert!(code == 1 && said.contains(told) && said.contains("again"), "{said}");
    }
}

/// Flips bits from byte `from` on: whatever is taken has all its records come out and adds up.
/// Returns how many files were taken.
fn flip(s: &Setting, name: &str, good: &[u8], from: usize) -> usize {
    let mut taken = 0;
    for seed in 0..FLIPS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut bytes = good.to_vec();
        bytes[rng.random_range(from..good.len())] ^= 1 << rng.random_range(0..8);
        let (code, said, vcf) = s.annotate(&format!("{name}, seed {seed}"), &[], &bytes);
        if code == 0 {
            let records = s.totals(&said)["records"].as_u64().unwrap();
            assert_eq!(records, records_of(&vcf).len() as u64, "{said}");
            taken += 1;
        }
        s.clear();
    }
    taken
}

#[test]
fn a_cut_bgzf_file_is_refused_wherever_it_is_cut() {
    let s = Setting::new();
    let whole = bgzip(long().as_bytes());
    let blocks = blocks(&whole);
    assert!(blocks.len() > 3 && blocks[blocks.len() - 1] == whole.len(), "{blocks:?}");
    let (second, marker) = (blocks[1], blocks[blocks.len() - 2]);
    assert_eq!(whole.len() - marker, 28);
    // Inside the first header, behind it, inside a block; at the edge of two blocks, inside the
    // header and the data of the second; without the last block, and with a part of it.
    let inside = [3, 17, 18, 100, second - 1, second, second + 1, second + 12, second + 500];
    let end = [marker - 1, marker, marker + 1, marker + 18, whole.len() - 1];
    refuse_cut(&s, "BGZF", &whole, &[inside.as_slice(), &end].concat(), "truncated");
    assert_eq!(s.annotate("whole", &[], &whole).0, 0);
}

#[test]
fn a_cut_gzip_file_is_refused_wherever_it_is_cut() {
    let s = Setting::new();
    let (good, more) = (gzip(long().as_bytes()), gzip(snv().as_bytes()));
    let whole = [good.as_slice(), &more].concat();
    let n = good.len();
    refuse_cut(
        &s,
        "gzip",
        &whole,
        &[2, 9, 10, n / 2, n - 8, n - 1, n + 1, n + 12, whole.len() - 1],
        "truncated",
    );
    assert_eq!(s.annotate("whole", &[], &whole).0, 0);
}

#[test]
fn a_flipped_bit_is_noticed_or_changes_no_more_than_a_record() {
    let s = Setting::new();
    let text = header() + &snv().repeat(8);
    assert!(flip(&s, "text", text.as_bytes(), 0) > 0);
    // Checksums notice all but bits that say nothing, such as the time in a gzip header.
    for (name, good) in [("gzip", gzip(text.as_bytes())), ("BGZF", bgzip(text.as_bytes()))] {
        let taken = flip(&s, name, &good, 10);
        assert_eq!(taken, 0, "{name}");
    }
}

#[test]
fn a_damaged_bcf_file_is_refused_or_accounted_for() {
    let s = Setting::new();
    let text = header() + &snv() + &record(1_600, "A", "<DEL>") + &record(1_700, "A", "*");
    let (plain, packed) = (bcf(&s, &text, "u"), bcf(&s, &text, "b"));
    let records = plain.len() - 100;
    let edge = 9 + u32::from_le_bytes(*plain[5..].first_chunk().unwrap()) as usize;
    refuse_cut(
        &s,
        "BCF",
        &plain,
        &[5, 8, 9, 200, edge - 1, edge + 1, edge + 31, records, plain.len() - 1],
        "",
    );
    refuse_cut(
        &s,
        "packed BCF",
        &packed,
        &[40, 300, packed.len() - 29, packed.len() - 28, packed.len() - 1],
        "truncated",
    );
    let taken = flip(&s, "BCF", &plain, edge);
    assert!((1..FLIPS as usize).contains(&taken), "{taken}");
    assert_eq!(flip(&s, "packed BCF", &packed, 18), 0);
    let (code, said, vcf) = s.annotate("whole", &[], &packed);
    assert_eq!((code, records_of(&vcf).len()), (0, 3), "{said}");
}

#[test]
fn bcf_comes_out_to_the_byte_whatever_its_text_is_written_in() {
    let s = Setting::new();
    let defined = "##INFO=<ID=X,Number=1,Type=String,Description=\"x\">\n#CHROM";
    let text =
        header().replace("#CHROM", defined) + &snv().replace("\t.\n", "\tX=gr@n\n").repeat(200);
    let mut plain = bcf(&s, &text, "u");
    let places: Vec<usize> =
        (0..plain.len() - 4).filter(|&at| &plain[at..at + 4] == b"gr@n").collect();
    assert_eq!(places.len(), 200);
    // Latin 1, as in files of long ago.
    places[100..].iter().for_each(|at| plain[at + 2] = 0xfc);
    let (code, said, vcf) = s.annotate("Latin 1", &[], &plain);
    assert_eq!(code, 0, "{said}");
    let count = |value: &[u8]| vcf.windows(value.len()).filter(|window| *window == value).count();
    assert_eq!((count(b"X=gr@n"), count(b"X=gr\xfcn")), (100, 100));
    s.clear();
    // A line feed or a tab inside a value would make other records of one.
    for (byte, told) in
        [(b'\n', "a line feed"), (b'\t', "columns"), (b'\r', "old Mac"), (7, "control")]
    {
        places.iter().for_each(|at| plain[at + 2] = byte);
        let (code, said, _) = s.annotate("a sign", &[], &plain);
        assert!(code == 1 && said.contains(", record ") && said.contains(told), "{said}");
    }
}
