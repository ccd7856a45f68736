use proptest::prelude::*;

use super::*;
use crate::genome::fasta::FastaFile;
use crate::variants::input::Input;

/// The records of a text, and the account.
fn read(text: &str) -> (Vec<String>, Rows) {
    let genome = crate::fuzz::file(b">chr1\nACGTACGTAC\n>chrX\nGGGG\n>HLA-A*01:01\nAC\n");
    let fasta = FastaFile::open(genome.path()).unwrap();
    let mut genome = InTurn::new(&fasta).unwrap();
    let file = crate::fuzz::file(text.as_bytes());
    let mut records = Input::open(file.path()).unwrap().records().unwrap();
    let mut lines = Vec::new();
    while let Some(line) = records.next_record(&mut genome).unwrap() {
        let mut out = Vec::new();
        line.write(line.reference(), &[], "", &mut out);
        lines.push(String::from_utf8(out).unwrap().trim_end().to_owned());
    }
    (lines, records.rows().unwrap())
}

fn some(counts: &std::collections::BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let some = counts.iter().filter(|(_, n)| **n > 0);
    some.map(|(name, n)| (name.as_str(), *n)).collect()
}

#[test]
fn rows_are_records_in_their_order_or_are_counted() {
    let (lines, rows) = read(
        "\u{feff}# mine\r\n1:2:C:T\r\n\r\nrs7\r\nchr1 2 C T rs9\r\nchr23:1:G:A\r\nX-1-G-A\r\nchr9:5:A:C\r\n",
    );
    assert_eq!(
        lines,
        [
            "chr1\t2\t.\tC\tT\t.\t.\tINPUT=1:2:C:T;INPUT_LINE=2",
            "chr1\t2\trs9\tC\tT\t.\t.\tINPUT=chr1%202%20C%20T%20rs9;INPUT_LINE=5",
            "chrX\t1\t.\tG\tA\t.\t.\tINPUT=chr23:1:G:A;INPUT_LINE=6",
            "chrX\t1\t.\tG\tA\t.\t.\tINPUT=X-1-G-A;INPUT_LINE=7",
            "chr9\t5\t.\tA\tC\t.\t.\tINPUT=chr9:5:A:C;INPUT_LINE=8",
        ]
    );
    assert_eq!((rows.counts.rows, rows.counts.records), (6, 5));
    assert_eq!(some(&rows.counts.skipped), [("identifier_only", 1)]);
    assert!(rows.warnings[0].starts_with("line 4 (rs7): identifier_only: "), "{:?}", rows.warnings);
    assert_eq!(rows.counts.renamed_contigs["chr23"], "chrX");
    assert!(rows.counts.check(5).is_ok() && rows.counts.check(4).is_err());
}

#[test]
fn columns_are_found_by_their_names_wherever_they_are() {
    let (lines, rows) = read(
        "\"Alt\"\tnote\tREF\tBP\tSNP\t#Chromosome\n\"T\"\t\"a\tb\"\tC\t2\trs1\t\"1\"\nA\t5\" x\tG\t1\ta b\tX\nA\n\tx\tC\t2\t\t1\n",
    );
    assert_eq!(
        lines,
        [
            "chr1\t2\trs1\tC\tT\t.\t.\tINPUT=1%092%09C%09T;INPUT_LINE=2",
            "chrX\t1\t.\tG\tA\t.\t.\tINPUT=X%091%09G%09A;INPUT_LINE=3",
        ]
    );
    assert_eq!(some(&rows.counts.skipped), [("bad_allele", 1), ("no_position", 1)]);
}

#[test]
fn rows_of_the_gwas_catalog_are_set_against_the_genome() {
    let header = "PUBMEDID\tSNPS\tCHR_ID\tCHR_POS\tSTRONGEST SNP-RISK ALLELE\tCNV\n";
    let (lines, rows) = read(
        &(header.to_owned()
            + "1\trs1\t1\t2\trs1-T\tN\n1\trs1\t1\t2\trs1-C\tN\n1\trs2\t23\t1\trs2-?\n1\trs3\t\t\trs3-A\n\
               1\trs4 x rs5\t1 x 1\t2 x 3\trs4-A x rs5-C\t\n1\trs6\t77\t9\trs6-A\n"),
    );
    let columns = |line: &String| line.split('\t').take(5).collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = lines.iter().map(columns).collect();
    assert_eq!(lines, ["chr1 2 rs1 C T", "chr1 2 rs1 C .", "chrX 1 rs2 G .", "77 9 rs6 N A"]);
    assert_eq!(some(&rows.counts.skipped), [("no_position", 1), ("several_variants", 1)]);
    let without = some(&rows.counts.without_alternate);
    assert_eq!(without, [("risk_is_reference", 1), ("risk_unknown", 1)]);
}

#[test]
fn names_that_vcf_cannot_hold_are_no_contigs() {
    let (lines, rows) = read("chr1:2:C:T\nHLA-A*01:01:1:A:C\na<b:5:A:C\n*x:5:A:C\nä:5:A:C\n");
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with("HLA-A*01:01\t1\t"));
    assert_eq!(some(&rows.counts.skipped), [("bad_contig", 3)]);
}

/// Reads what [`escaped`] wrote.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, next)) = rest.split_first() {
        rest = next;
        match byte {
            b'%' => {
                let code = std::str::from_utf8(&rest[..2]).unwrap();
                bytes.push(u8::from_str_radix(code, 16).unwrap());
                rest = &rest[2..];
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn the_text_of_a_row_can_be_had_back(text: String) {
        let escaped = escaped(&text);
        prop_assert!(!escaped.contains([';', '=', ',']));
        prop_assert!(!escaped.contains(|c: char| c.is_whitespace() || c.is_control()));
        prop_assert_eq!(unescaped(&escaped), text);
    }
}
