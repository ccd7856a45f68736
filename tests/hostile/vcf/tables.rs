//! What must become of records and headers.

use super::{CONTIGS, NAMES, Refuse, Row, Take, header, other, reads, record, snv, utf16};
use crate::hostile::letters;
use crate::support::*;

pub fn alleles() -> Vec<Row> {
    let b = reads(1_500, 1);
    let o = other(1_500);
    let with = |reference: &str, alternates: &str| {
        (header() + &record(1_500, reference, alternates)).into_bytes()
    };
    let alt = |alternates: &str| with(&b, alternates);
    let whole = letters(3_000);
    let deleted = header() + &record(1, &whole, &whole[..1]);
    let past = header() + &record(1, &(whole + &"A".repeat(7_000)), "A");
    vec![
        ("copy numbers", alt("<CNV>,<CN0>,<DUP:TANDEM>"), Take(0, &[("symbolic", 3)])),
        ("whatever else there is", alt("<*>,<NON_REF>"), Take(0, &[("symbolic", 2)])),
        ("a mobile element", alt("<INS:ME:ALU>"), Take(0, &[("symbolic", 1)])),
        (
            "deletion and star beside letters",
            alt(&format!("<DEL>,*,{o}")),
            Take(1, &[("star", 1), ("symbolic", 1)]),
        ),
        (
            "breakends",
            alt("A[chr2:5[,A]chr2:5],[chr2:5[A,]chr2:5]A,A[<ctg1>:7["),
            Take(0, &[("symbolic", 5)]),
        ),
        ("breakends without mate", alt("A.,.A"), Take(0, &[("symbolic", 2)])),
        ("brackets left open", alt("<DEL,A[chr2:5,>"), Take(0, &[("symbolic", 3)])),
        ("lower case", with(&b.to_lowercase(), &o.to_lowercase()), Take(1, &[])),
        ("IUPAC letters in ALT", alt("R,y,N,U"), Take(0, &[("symbolic", 4)])),
        ("a letter of another script", alt("Ä"), Take(0, &[("symbolic", 1)])),
        ("blanks in ALT", alt("A T"), Take(0, &[("symbolic", 1)])),
        ("empty alleles", alt(&format!("{o},,")), Take(1, &[("symbolic", 2)])),
        ("a missing allele among others", alt(&format!("{o},.")), Take(1, &[("symbolic", 1)])),
        ("an allele twice", alt(&format!("{o},{o}")), Take(2, &[])),
        ("REF for ALT", alt(&b), Take(1, &[])),
        ("1,000 alleles", alt(&vec![o; 1_000].join(",")), Take(1_000, &[])),
        ("an ALT of 1 MiB", alt(&"A".repeat(1 << 20)), Take(0, &[("too_long", 1)])),
        ("IUPAC in REF", with("R", o), Take(0, &[("ref_mismatch", 1)])),
        ("N for REF", with("N", o), Take(0, &[("ref_mismatch", 1)])),
        ("a gap for REF", with("-", o), Take(0, &[("ref_mismatch", 1)])),
        ("a dot for REF", with(".", o), Take(0, &[("ref_mismatch", 1)])),
        ("two REF", with(&format!("{b},{b}"), o), Take(0, &[("ref_mismatch", 1)])),
        ("a whole contig deleted", deleted.into(), Take(0, &[("too_long", 1)])),
        ("a REF of 10 kb past the end", past.into(), Take(0, &[("ref_mismatch", 1)])),
    ]
}

pub fn positions() -> Vec<Row> {
    let with = |position: &str, reference: &str, alternates: &str| {
        (header() + &snv() + &record(position, reference, alternates)).into_bytes()
    };
    let snv = |position: &str| with(position, "A", "C");
    let last = reads(3_000, 1);
    let no_position = Refuse(&["line 6", "POS", "is not a position (a whole number"]);
    let refused = ["-1", "+5", "1e3", "1,000", "0x10", " 5", "", "9223372036854775808", "chr1"];
    let refused = refused
        .into_iter()
        .map(|text| (text, snv(text), Refuse(&["line 6", "POS", "is not a position"])));
    let taken = vec![
        ("zero", snv("0"), Take(1, &[("contig_edge", 1)])),
        ("leading zeros", snv("0000"), Take(1, &[("contig_edge", 1)])),
        ("the last nucleotide", with("3000", &last, other(3_000)), Take(2, &[])),
        ("one past the end", snv("3001"), Take(1, &[("ref_mismatch", 1)])),
        (
            "REF over the end",
            with("3000", &format!("{last}A"), &last),
            Take(1, &[("ref_mismatch", 1)]),
        ),
        ("2^31", snv("2147483648"), Take(1, &[("ref_mismatch", 1)])),
        ("the last number", snv("9223372036854775807"), Take(1, &[("ref_mismatch", 1)])),
        ("20 digits", snv("99999999999999999999"), no_position),
    ];
    taken.into_iter().chain(refused).collect()
}

pub fn lines() -> Vec<Row> {
    let good = header() + &snv() + &snv();
    let line = |text: &str| (header() + &snv() + text + "\n" + &snv()).into_bytes();
    let snv = snv();
    let info = |value: &str| snv.trim_end().strip_suffix('.').unwrap().to_owned() + value;
    let mut latin1 = line(&info("X=@"));
    latin1.iter_mut().filter(|byte| **byte == b'@').for_each(|byte| *byte = 0xfc);
    let columns: Vec<&str> = snv.trim_end().split('\t').collect();
    vec![
        ("good lines", good.clone().into(), Take(2, &[])),
        ("lines that end in CR and LF", good.replace('\n', "\r\n").into(), Take(2, &[])),
        ("no newline at the end", good.trim_end().into(), Take(2, &[])),
        (
            "blank lines",
            ["\n\r\n", &good.replace('\n', "\n\n"), "\n"].concat().into(),
            Take(2, &[]),
        ),
        ("no records", header().into(), Take(0, &[])),
        ("a record thrice", line(snv.trim_end()), Take(3, &[])),
        ("1 MiB in INFO", line(&info(&format!("X={}", "A".repeat(1 << 20)))), Take(3, &[])),
        ("INFO in Latin 1", latin1, Take(3, &[])),
        (
            "a contig that the genome lacks",
            line(&snv.trim_end().replace("chr1", "chr9")),
            Take(2, &[("missing_contig", 1)]),
        ),
        ("a contig in another style", line(&snv.trim_end().replace("chr1", "1")), Take(3, &[])),
        (
            "a blank for a contig",
            line(&snv.trim_end().replace("chr1", " ")),
            Take(2, &[("missing_contig", 1)]),
        ),
        ("7 columns", line(&columns[..7].join("\t")), Refuse(&["line 6", "7 columns", "names 8"])),
        (
            "a line cut short",
            good[..good.len() - 9].into(),
            Refuse(&["line 6", "columns", "complete?"]),
        ),
        (
            "9 columns",
            line(&format!("{}\tGT", snv.trim_end())),
            Refuse(&["line 6", "9 columns", "names 8"]),
        ),
        (
            "blanks in place of tabs",
            line(&snv.trim_end().replace('\t', " ")),
            Refuse(&["line 6", "1 columns", "separated by tabs"]),
        ),
        (
            "no CHROM",
            line(&snv.trim_end().replace("chr1", "")),
            Refuse(&["line 6", "#CHROM is empty"]),
        ),
        ("no REF", line(&record(5, "", "A")), Refuse(&["line 6", "REF is empty"])),
        ("no ALT", line(&record(5, "A", "")), Refuse(&["line 6", "ALT is empty"])),
        (
            "a remark among records",
            line("# more"),
            Refuse(&["line 6", "header line after records"]),
        ),
        ("two files in one", good.repeat(2).into(), Refuse(&["line 7", "bcftools concat"])),
        (
            "old Mac lines",
            good.replace('\n', "\r").into(),
            Refuse(&["line 1", "old Mac", "tr '\\r' '\\n'"]),
        ),
        (
            "old Mac lines after the header",
            (header() + &snv.replace('\n', "\r").repeat(2)).into(),
            Refuse(&["line 5", "old Mac"]),
        ),
        ("a NUL byte", line(&info("X=\0")), Refuse(&["line 6", "control characters", "again"])),
        ("a bell", line(&info("X=\x07")), Refuse(&["line 6", "control characters"])),
        (
            "a column of binary junk",
            line("\x01\x02\t\x03"),
            Refuse(&["line 6", "control characters"]),
        ),
    ]
}

pub fn headers() -> Vec<Row> {
    let after = |text: &str| format!("{text}{}", snv()).into_bytes();
    let names = |more: &str| [CONTIGS, NAMES.trim_end(), more, "\n"].concat();
    let sampled =
        |more: &str| format!("{}{}\tGT\t0/1\n", names(more), snv().trim_end()).into_bytes();
    vec![
        ("no ##contig", after(&["##fileformat=VCFv4.5\n", NAMES].concat()), Take(1, &[])),
        (
            "##contig thrice",
            after(&[CONTIGS, &CONTIGS[21..], &CONTIGS[21..], NAMES].concat()),
            Take(1, &[]),
        ),
        (
            "##contig without end",
            after(&[CONTIGS, "##contig=<ID=chr1\n##contig=\n", NAMES].concat()),
            Take(1, &[]),
        ),
        ("a sample", sampled("\tFORMAT\ta"), Take(1, &[])),
        ("nothing", vec![], Refuse(&["not VCF", "#CHROM"])),
        ("blank lines alone", b"\n\r\n\n".into(), Refuse(&["not VCF", "#CHROM"])),
        (
            "no header",
            after(""),
            Refuse(&["line 1", "##fileformat=VCFv4.2", "begins with \"chr1\\t1500"]),
        ),
        ("no #CHROM", CONTIGS.into(), Refuse(&["#CHROM", "complete?"])),
        (
            "no #CHROM before records",
            after(CONTIGS),
            Refuse(&["line 4", "#CHROM POS ID REF ALT QUAL FILTER INFO"]),
        ),
        ("no ##fileformat", after(NAMES), Refuse(&["line 1", "##fileformat=VCFv4.2"])),
        (
            "version 3.3",
            after(&header().replace("v4.2", "v3.3")),
            Refuse(&["line 1", "another version 4", "VCFv3.3"]),
        ),
        (
            "blanks in place of tabs",
            after(&header().replace('\t', " ")),
            Refuse(&["line 4", "separated by tabs"]),
        ),
        (
            "a column of another name",
            after(&header().replace("POS", "POSITION")),
            Refuse(&["line 4", "#CHROM POS ID"]),
        ),
        ("samples without FORMAT", sampled("\ta\tb"), Refuse(&["line 4", "FORMAT before samples"])),
        (
            "a sample twice",
            sampled("\tFORMAT\ta\ta"),
            Refuse(&["line 4", "two samples", "\"a\"", "rename"]),
        ),
        (
            "a sample without a name",
            sampled("\tFORMAT\t"),
            Refuse(&["line 4", "a sample has no name"]),
        ),
        (
            "a byte-order mark",
            after(&["\u{feff}", &header()].concat()),
            Refuse(&["byte-order mark", "sed"]),
        ),
        ("UTF-16", utf16(&(header() + &snv())), Refuse(&["UTF-16", "iconv"])),
        (
            "a GTF",
            b"chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id \"G\";\n".into(),
            Refuse(&["line 1", "not VCF", "exon"]),
        ),
        ("a web page", b"<!DOCTYPE html>\n".into(), Refuse(&["line 1", "not VCF", "<!DOCTYPE"])),
        ("a zip archive", b"PK\x03\x04".into(), Refuse(&["zip", "unzip"])),
        (
            "binary junk",
            vec![0x89, 0x48, 0, 1, 2, 255, 254, 13, 10],
            Refuse(&["line 1", "control characters"]),
        ),
        ("BCF of version 1", b"BCF\x04\0\0\0\0".into(), Refuse(&["line 1"])),
        (
            "300 MiB without an end, compressed",
            gzip(&vec![b'x'; 300 << 20]),
            Refuse(&["line 1", "256 MiB in one line"]),
        ),
    ]
}
