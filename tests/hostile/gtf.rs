//! Annotations.

use super::{Refuse, Row, Setting, Take, utf16};
use crate::support::*;

/// A gene of 1,000 nt with an exon; with what lies past its end, 2,000 windows.
const GOOD: &str = "chr1\tx\tgene\t1001\t2000\t.\t+\t.\tgene_id \"G\"; gene_name \"N\";\n\
                    chr1\tx\texon\t1001\t2000\t.\t+\t.\tgene_id \"G\"; transcript_id \"T\";\n";

/// The good rows and one more.
fn and(row: &str) -> Vec<u8> {
    format!("{GOOD}{row}\n").into()
}

/// The good rows and one more with these columns.
fn columns(kind: &str, start: &str, end: &str, attributes: &str) -> Vec<u8> {
    and(&format!("chr1\tx\t{kind}\t{start}\t{end}\t.\t+\t.\t{attributes}"))
}

fn untidy() -> Vec<Row> {
    let exon = |id: &str| format!("gene_id \"{id}\"; transcript_id \"T{id}\";");
    let on = |contig: &str| and(&format!("{contig}\tx\texon\t1\t9\t.\t+\t.\t{}", exon("H")));
    let bare = GOOD.lines().next().unwrap();
    let cut = GOOD.trim_end().trim_end_matches(';');
    vec![
        ("good rows", GOOD.into(), Take(2_000, &[])),
        ("lines that end in CR and LF", GOOD.replace('\n', "\r\n").into(), Take(2_000, &[])),
        ("no newline and no `;` at the end", cut.into(), Take(2_000, &[])),
        (
            "blank lines and remarks",
            format!("#!genome x\n\n{GOOD}\n# end\n").into(),
            Take(2_000, &[]),
        ),
        ("gzip", gzip(GOOD.as_bytes()), Take(2_000, &[])),
        ("BGZF", bgzip(GOOD.as_bytes()), Take(2_000, &[])),
        (
            "another kind of row is not read",
            columns("CDS", "x", "-1", "nonsense"),
            Take(2_000, &[]),
        ),
        ("values without quotes", GOOD.replace('"', "").into(), Take(2_000, &[])),
        (
            "blanks around values",
            GOOD.replace(" \"", "  \"").replace(';', " ; ").into(),
            Take(2_000, &[]),
        ),
        (
            "a contig that is not in the FASTA",
            on("scaffold_7"),
            Take(
                2_000,
                &[
                    "1 contigs of the annotation are not",
                    "1 gene, transcript and exon rows",
                    "scaffold_7",
                ],
            ),
        ),
        (
            "a contig in another style",
            GOOD.replace("chr1", "1").into(),
            Take(2_000, &["1 contig names", "1 is chr1"]),
        ),
        (
            "a gene without exons",
            format!("{bare}\n").into(),
            Take(2_000, &["1 genes have no `exon` rows", "(G)"]),
        ),
        ("exons without a gene row", GOOD.lines().nth(1).unwrap().into(), Take(2_000, &[])),
        (
            "an exon without a transcript",
            columns("exon", "1", "9", "gene_id \"G\";"),
            Take(3_000, &["1 gene ids stand at several places"]),
        ),
        (
            "a gene id with two gene rows",
            format!("{GOOD}{}\n", bare.replace("1001", "101")).into(),
            Take(2_900, &[]),
        ),
        (
            "a gene id with gene rows at two places",
            format!(
                "{GOOD}{}\n",
                bare.replace("1001", "101").replace("2000", "200").replace('+', "-")
            )
            .into(),
            Take(
                2_200,
                &[
                    "1 gene ids stand at several places",
                    "(G: chr1:1001-2000:+ and chr1:101-200:-)",
                    "1 genes have no `exon` rows",
                ],
            ),
        ),
        (
            "a gene id on two contigs",
            format!(
                "{GOOD}{}",
                GOOD.replace("chr1", "chr2").replace("1001", "501").replace("2000", "600")
            )
            .into(),
            Take(2_500, &["1 gene ids stand at several places", "chr2:501-600:+"]),
        ),
        (
            "a row twice",
            format!("{GOOD}{}\n", GOOD.lines().nth(1).unwrap()).into(),
            Take(2_000, &[]),
        ),
        (
            "a gene without a strand",
            and(&format!("chr2\tx\texon\t1\t9\t.\t.\t.\t{}", exon("H"))),
            Take(2_000, &["1 genes without a strand"]),
        ),
        (
            "a GFF3 row",
            columns("exon", "1", "9", "ID=exon1;Parent=T"),
            Take(2_000, &["1 row is left out (line 3)", "GFF3", "gffread -T"]),
        ),
        (
            "10 columns",
            columns("exon", "1", "9", "gene_id \"H\";\tmore"),
            Take(2_000, &["1 row is left out (line 3)", "more than 9 columns"]),
        ),
        (
            "a tab in a name",
            columns("exon", "1", "9", "gene_id \"H\"; gene_name \"a\tb\";"),
            Take(2_000, &["1 row is left out (line 3)", "more than 9 columns"]),
        ),
        (
            "an end before the start",
            columns("exon", "9", "2", "gene_id \"H\";"),
            Take(2_000, &["1 row is left out (line 3)", "the end 2 is before the start 9"]),
        ),
        (
            "a strand that is none",
            and("chr1\tx\texon\t1\t9\t.\tplus\t.\tgene_id \"H\";"),
            Take(2_000, &["1 row is left out (line 3)", "plus"]),
        ),
        (
            "a quote that does not end",
            columns("exon", "1", "9", "gene_id \"H; transcript_id T"),
            Take(2_000, &["1 row is left out (line 3)", "column 9"]),
        ),
        (
            "no gene_id",
            columns("exon", "1", "9", "note \"T\";"),
            Take(2_000, &["1 row is left out (line 3)", "gene_id is missing"]),
        ),
        (
            "an empty gene_id",
            columns("exon", "1", "9", "gene_id \"\";"),
            Take(2_000, &["1 row is left out (line 3)", "gene_id is missing"]),
        ),
        (
            "no attributes",
            columns("exon", "1", "9", ""),
            Take(2_000, &["1 row is left out (line 3)", "gene_id is missing"]),
        ),
        (
            "two semicolons",
            columns("exon", "1001", "1009", "gene_id \"G\";; transcript_id \"T\";"),
            Take(2_000, &[]),
        ),
        (
            "a transcript of a gene that is on another row",
            columns("exon", "1001", "1009", "transcript_id \"T\";"),
            Take(2_000, &[]),
        ),
        (
            "a gene with a question mark for its strand",
            and("chr2\tx\texon\t1\t9\t.\t?\t.\tgene_id \"H\";"),
            Take(2_000, &["1 genes without a strand"]),
        ),
        (
            "a contig whose name has 8 MiB",
            format!(
                "{}{GOOD}",
                GOOD.lines().next().unwrap().replace("chr1", &"x".repeat(8 << 20)) + "\n"
            )
            .into(),
            Take(2_000, &["1 contigs of the annotation are not", "xxx..."]),
        ),
        (
            "a gene past the contig's end",
            columns("exon", "2999", "3001", &exon("H")),
            Take(2_000, &["1 genes reach past the end", "H ends at 3001, chr1 has 3000 nt"]),
        ),
        (
            "a gene that ends beyond any genome",
            columns("exon", "1", "18446744073709551615", &exon("H")),
            Take(2_000, &["1 genes reach past the end", "18446744073709551615"]),
        ),
    ]
}

fn wrong() -> Vec<Row> {
    let gene = "gene_id \"H\";";
    let exon = |start, end| columns("exon", start, end, gene);
    let with = |attributes| columns("exon", "1", "9", attributes);
    let other = GOOD.replace("chr1", "scaffold_7");
    vec![
        ("nothing", vec![], Refuse(&["no gene, transcript or exon rows"])),
        ("remarks alone", b"# nothing\n".into(), Refuse(&["no gene, transcript or exon rows"])),
        (
            "rows of other kinds alone",
            GOOD.replace("exon", "Exon").replace("gene\t", "Gene\t").into(),
            Refuse(&["no gene, transcript or exon rows"]),
        ),
        (
            "another genome",
            other.into(),
            Refuse(&[
                "none of its contigs is in the FASTA file",
                "scaffold_7 here, chr1, chr2 there",
                "same assembly",
            ]),
        ),
        (
            "no row of use",
            GOOD.replace("gene_id", "gene").replace("transcript_id", "transcript").into(),
            Refuse(&["line 1", "gene_id is missing"]),
        ),
        (
            "GFF3 without its first line",
            b"chr1\tx\texon\t1\t9\t.\t+\t.\tID=exon1;Parent=T\n".into(),
            Take(3_000, &[]),
        ),
        ("a line of 17 MiB", vec![b'x'; 17 << 20], Refuse(&["line 1", "more than 16 MiB"])),
        (
            "a control character of the C1 set",
            with("gene_id \"H\u{9b}1m\";"),
            Refuse(&["line 3", "control"]),
        ),
        ("a FASTA", b">chr1\nACGT\n".into(), Refuse(&["line 1", "not GTF"])),
        (
            "GFF3 without rows",
            b"##gff-version 3\n".into(),
            Refuse(&["no gene, transcript or exon"]),
        ),
        (
            "blanks in place of tabs",
            GOOD.replace('\t', " ").into(),
            Refuse(&["line 1", "fewer than 9 columns"]),
        ),
        (
            "2 columns",
            and("chr1\texon"),
            Refuse(&["line 3", "fewer than 9 columns", "chr1\\texon"]),
        ),
        ("a start of 0", exon("0", "9"), Refuse(&["line 3", "column 4 is \"0\"", "from 1"])),
        ("a negative start", exon("-5", "9"), Refuse(&["line 3", "column 4 is \"-5\""])),
        (
            "an end that is not a number",
            exon("1", "nine"),
            Refuse(&["line 3", "column 5 is \"nine\""]),
        ),
        ("an end with a fraction", exon("1", "9.0"), Refuse(&["line 3", "column 5 is \"9.0\""])),
        (
            "a number of 23 digits",
            exon("1", "99999999999999999999999"),
            Refuse(&["line 3", "column 5 is \"999"]),
        ),
        ("no start", exon("", "9"), Refuse(&["line 3", "column 4 is \"\""])),
        (
            "a NUL byte",
            with("gene_id \"H\0\";"),
            Refuse(&["line 3", "control characters", "again"]),
        ),
        (
            "old Mac lines",
            GOOD.replace('\n', "\r").into(),
            Refuse(&["line 1", "old Mac", "tr '\\r' '\\n'"]),
        ),
        (
            "old Mac lines after a remark",
            format!("# remark\r{}", GOOD.replace('\n', "\r")).into(),
            Refuse(&["line 1", "old Mac"]),
        ),
        (
            "a byte-order mark",
            format!("\u{feff}{GOOD}").into(),
            Refuse(&["byte-order mark", "sed"]),
        ),
        ("UTF-16", utf16(GOOD), Refuse(&["UTF-16", "iconv"])),
        ("binary junk", vec![0x89, 0x48, 0, 1, 2, 255, 254, 13, 10], Refuse(&["line 1"])),
        ("cut gzip", gzip(GOOD.as_bytes())[..60].into(), Refuse(&["truncated gzip", "again"])),
        (
            "BGZF without its end",
            bgzip(GOOD.as_bytes())[..90].into(),
            Refuse(&["truncated BGZF", "again"]),
        ),
    ]
}

#[test]
fn untidy_annotations_are_used_and_what_is_left_out_is_counted() {
    let s = Setting::new();
    s.check_all(&[&s.genome, "--annotation", "{}"], untidy());
}

#[test]
fn wrong_annotations_are_refused_with_line_and_cure() {
    let s = Setting::new();
    s.check_all(&[&s.genome, "--annotation", "{}"], wrong());
}
