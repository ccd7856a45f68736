//! Variants: tables, lists, HGVS.

use std::path::Path;

use proptest::prelude::*;

use super::damage::damaged_text;
use super::file;
use super::text::decompressed;
use super::variants::{GENOME, annotated};
use crate::genome::in_turn::InTurn;
use crate::genome::sequence::encode;
use crate::variants::change::Change;
use crate::variants::input::Input;
use crate::variants::settings::CheckRef;
use crate::variants::tables::rows::Rows;
use crate::variants::tables::short;
use crate::variants::vcf::line::Line;

const TABLES: [&str; 5] = [
    "DATE\tSNPS\tCHR_ID\tCHR_POS\tSTRONGEST SNP-RISK ALLELE\tP-VALUE\n2020\trs1\t1\t1000\trs1-A\t1E-9\n\
     x\trs2\t23\t\trs2-?\t\nx\trs3 x rs4\t1 x 2\t5 x 7\trs3-A x rs4-?\t1\nx\trs5\t2\t400\trs5-AC\t2\n",
    "\"chrom\"\tpos\tid\t\"ref\"\talt\tnote\r\n1\t1000\trs1\tC\tA\t\"a\tb\"\r\n\r\n2\t401\t.\tG\tA,<DEL>\t5\" x\r\n\
     chr9\t7\t\tACGT\t-\t\r\n# more\r\nHLA-A*01:01\t150\tx\t-\tG\t",
    "#chr pos ref alt\nchr1 1000 C A\n2 400 c ACGT\n",
    "chr1\t1000\tC\tA\nchr1:1010:A:G\n1-1010-A-AC\nchr1:1010 A>G\nrs7\nHLA-A*01:01:150:C:G rs1\n2 400 C T rs3\n",
    "chr1:g.1000C>T\nNC_000001.11:g.1001_1003del\nchr1:g.1001_1003delACG\n2:g.400_401insACGT\n2:g.400dup\n\
     chr1:g.1001_1009inv\nchr1:g.1001_30000000del\nchr1:g.1001_1003delinsT\nchr1:g.5=\nNM_1.2:c.5A>G\n",
];

/// The lines of VCF that a table is, and its account; nothing if it is refused.
fn read(path: &Path) -> Option<(Vec<Vec<u8>>, Rows)> {
    let mut genome = InTurn::new(&GENOME.1).unwrap();
    let input = Input::open(path).ok()?;
    let mut records = input.records().ok()?;
    let mut lines = Vec::new();
    while let Some(record) = records.next_record(&mut genome).ok()? {
        let mut line = Vec::new();
        record.write(record.reference(), &[], "", &mut line);
        lines.push(line);
    }
    Some((lines, records.rows()?))
}

/// Lines that are neither blank nor remarks.
fn rows_of(content: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(content);
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.split('\n').filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.count() as u64
}

proptest! {
    #[test]
    fn a_table_is_refused_or_every_row_is_a_record_or_counted(bytes in damaged_text(&TABLES)) {
        let file = file(&bytes);
        let Some((lines, rows)) = read(file.path()) else { return Ok(()) };
        prop_assert!(rows.counts.check(lines.len() as u64).is_ok(), "{:?}", rows);
        let there = rows_of(&decompressed(&bytes));
        // A header may be one of them.
        prop_assert!((there.saturating_sub(1)..=there).contains(&rows.counts.rows), "{} rows: {:?}", there, rows);
        for line in lines {
            let text = String::from_utf8(line).unwrap();
            prop_assert_eq!(text.matches('\t').count(), 7);
            prop_assert!(!text.trim_end_matches('\n').contains(|c: char| c.is_control() && c != '\t'));
        }
    }

    #[test]
    fn every_record_of_a_table_comes_out_and_every_allele_is_accounted_for(bytes in damaged_text(&TABLES)) {
        let file = file(&bytes);
        let Some((out, totals)) = annotated(file.path(), CheckRef::W) else { return Ok(()) };
        prop_assert!(totals.check().is_ok(), "{:?}", totals);
        prop_assert_eq!(out.iter().filter(|byte| **byte == b'\n').count() as u64, totals.records);
    }

    #[test]
    fn any_text_is_a_variant_or_has_a_reason(
        short in "(chr1|1|NC_000001.11|HLA-A\\*01:01)?[:_ -][0-9]{0,12}[:_ >-]?[ACGTNacgt<>*.,-]{0,6}[:>/ -][ACGT,.<>*-]{0,6}",
        hgvs in "(chr1|NC_000001.11)?:[gmocp]\\.[(\\[]?[0-9]{0,11}_?[0-9]{0,11}(del|ins|dup|inv|delins|=|>)?[ACGTacgtR0-9]{0,5}[>=)]?(ins)?[ACGT]{0,3}",
        any: String,
    ) {
        let sequence = encode(b"ACGTNACACACATTTTTTGCANNNACGTACGGGTTTACAACGATTT").unwrap();
        for text in [short, hgvs, any] {
            let Ok(stated) = short::parse(&text) else { continue };
            prop_assert!(!stated.contig.is_empty());
            for sequence in [&sequence[..], &[]] {
                let Ok(columns) = stated.what.columns(sequence) else { continue };
                let [reference, alternate] = [&columns.reference, &columns.alternates];
                let position = columns.position as i64 - 1;
                let _ = Change::of_allele(sequence, position, reference, alternate, 5);
                let line = format!("1\t{}\t.\t", columns.position).into_bytes();
                let line = [&line, &reference[..], b"\t", alternate, b"\t.\t.\t."].concat();
                prop_assert!(Line::parse(line).is_ok(), "{} {:?}", text, columns);
            }
        }
    }
}

#[test]
fn the_undamaged_tables_are_taken() {
    let expected = [(4, 2), (4, 3), (2, 2), (7, 5), (10, 9)];
    for (text, expected) in TABLES.iter().zip(expected) {
        let (lines, rows) = read(file(text.as_bytes()).path()).unwrap();
        assert_eq!((rows.counts.rows, rows.counts.records), expected, "{rows:?}");
        assert_eq!(lines.len() as u64, rows.counts.records);
    }
}
