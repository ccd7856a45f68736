//! Lists of regions.

use super::{Refuse, Row, Setting, Take, utf16};
use crate::support::*;

/// 300 windows on both strands, 100 on one.
const GOOD: &str = "chr1\t1000\t1300\nchr2\t500\t600\tname\t0\t-\n";

fn untidy() -> Vec<Row> {
    let overlapping = format!("{GOOD}chr1\t1200\t1400\n");
    vec![
        ("good lines", GOOD.into(), Take(700, &[])),
        ("lines that end in CR and LF", GOOD.replace('\n', "\r\n").into(), Take(700, &[])),
        ("no newline at the end", GOOD.trim_end().into(), Take(700, &[])),
        (
            "blank lines, remarks and tracks",
            format!("browser x\ntrack name=y\n#z\n\n{GOOD}\n").into(),
            Take(700, &[]),
        ),
        ("blanks in place of tabs", GOOD.replace('\t', "  ").into(), Take(700, &[])),
        ("regions that overlap count once", overlapping.into(), Take(900, &[])),
        ("a region twice", [GOOD, GOOD].concat().into(), Take(700, &[])),
        ("contigs in another style", GOOD.replace("chr", "").into(), Take(700, &[])),
        ("12 columns", b"chr1\t0\t100\tn\t0\t+\t0\t100\t0\t1\t100\t0\n".into(), Take(100, &[])),
        ("gzip", gzip(GOOD.as_bytes()), Take(700, &[])),
        ("1 nt", b"chr1\t2999\t3000\n".into(), Take(2, &[])),
    ]
}

fn wrong() -> Vec<Row> {
    let and = |line: &str| format!("{GOOD}{line}\n").into_bytes();
    vec![
        ("nothing", vec![], Refuse(&["no regions", "BED"])),
        ("remarks alone", b"# nothing\n".into(), Refuse(&["no regions", "BED"])),
        (
            "a contig that is not in the FASTA",
            and("chr9\t0\t5"),
            Refuse(&["line 3", "chr9", "chr1, chr2"]),
        ),
        ("a header line", and("chrom\tstart\tend"), Refuse(&["line 3", "chrom"])),
        ("2 columns", and("chr1\t5"), Refuse(&["line 3", "fewer than 3 columns"])),
        (
            "a column that is empty",
            and("chr1\t\t100"),
            Refuse(&["line 3", "\"\" is not a position"]),
        ),
        ("past the contig's end", and("chr1\t0\t3001"), Refuse(&["line 3", "3001", "3000 nt"])),
        ("an empty region", and("chr1\t5\t5"), Refuse(&["line 3", "empty"])),
        ("an end before the start", and("chr1\t9\t5"), Refuse(&["line 3", "empty"])),
        (
            "a start that is not a number",
            and("chr1\tzero\t5"),
            Refuse(&["line 3", "\"zero\" is not a position"]),
        ),
        ("a negative start", and("chr1\t-1\t5"), Refuse(&["line 3", "\"-1\" is not a position"])),
        (
            "a start in floating point",
            and("chr1\t1e2\t500"),
            Refuse(&["line 3", "\"1e2\" is not a position"]),
        ),
        (
            "a number of 20 digits",
            and("chr1\t0\t18446744073709551616"),
            Refuse(&["line 3", "is not a position"]),
        ),
        ("a strand that is none", and("chr1\t0\t5\tn\t0\tplus"), Refuse(&["line 3", "plus"])),
        ("old Mac lines", GOOD.replace('\n', "\r").into(), Refuse(&["line 1", "old Mac"])),
        ("a byte-order mark", format!("\u{feff}{GOOD}").into(), Refuse(&["byte-order mark"])),
        ("UTF-16", utf16(GOOD), Refuse(&["UTF-16", "iconv"])),
        (
            "a GTF",
            and("chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id \"G\";"),
            Refuse(&["line 3", "\"x\" is not a position"]),
        ),
        ("a line of 8 MiB", vec![b'x'; 8 << 20], Refuse(&["line 1", "fewer than 3 columns"])),
        (
            "a name of 8 MiB",
            [&[b'x'; 8 << 20], &b"\t0\t5\n"[..]].concat(),
            Refuse(&["line 1", "xxx..."]),
        ),
        ("binary junk", vec![0x89, 0x48, 0, 1, 2, 255, 254, 13, 10], Refuse(&["line 1"])),
        ("cut gzip", gzip(GOOD.as_bytes())[..30].into(), Refuse(&["truncated gzip", "again"])),
    ]
}

#[test]
fn untidy_regions_are_scanned_and_accounted_for() {
    let s = Setting::new();
    s.check_all(&[&s.genome, "--regions", "{}"], untidy());
}

#[test]
fn wrong_regions_are_refused_with_line_and_cure() {
    let s = Setting::new();
    s.check_all(&[&s.genome, "--regions", "{}"], wrong());
}

/// Sites are read as regions are, and then have to be sites.
#[test]
fn wrong_sites_are_refused_with_line_and_cure() {
    let s = Setting::new();
    let prefix = format!("{}/x", s.out);
    for (name, bytes, must) in wrong() {
        let Refuse(told) = must else { panic!("{name}") };
        let told = if told[0] == "no regions" { &["no sites"] } else { told };
        let file = s.folder.file("hostile", bytes);
        let args = ["mutagenesis", "--fasta", &s.genome, "--sites", &file, "-o", &prefix];
        let said = refuse(args, 1, &[&[file.as_str()], told].concat());
        assert!(names(&s.out).is_empty(), "{name}: {said}");
    }
}
