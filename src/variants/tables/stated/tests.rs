use proptest::prelude::*;

use super::*;
use crate::variants::tables::hgvs;

/// The record that HGVS of a sequence is: POS, REF, ALT.
fn record(sequence: &[u8], description: &str) -> Result<Columns, RowReason> {
    let stated = hgvs::parse(&format!("chr1:g.{description}")).unwrap()?;
    stated.what.columns(sequence)
}

fn row(columns: &Columns) -> (u64, String, String) {
    let text = |letters: &[u8]| String::from_utf8(letters.to_vec()).unwrap();
    (columns.position, text(&columns.reference), text(&columns.alternates))
}

#[test]
fn records_are_as_bcftools_norm_has_them() {
    //                       123456789012345
    let sequence = encode(b"GCACACATTTTGNCA").unwrap();
    for (description, position, reference, alternate) in [
        ("2C>T", 2, "C", "T"),
        ("2C>C", 2, "C", "."),
        // The last CA of three, written from the right, is the first from the left.
        ("6_7del", 1, "GCA", "G"),
        ("6_7delCA", 1, "GCA", "G"),
        ("6_7dup", 1, "G", "GCA"),
        ("7_8insCA", 1, "G", "GCA"),
        ("11del", 7, "AT", "A"),
        ("11dup", 7, "A", "AT"),
        ("11_12insTT", 7, "A", "ATT"),
        ("1del", 1, "GC", "C"),
        ("1dup", 1, "G", "GG"),
        ("1_2inv", 1, "G", "."),
        ("2_4inv", 2, "CAC", "GTG"),
        ("2_4delinsCGC", 3, "A", "G"),
        ("2_4delinsCAC", 2, "CAC", "."),
        ("2_4=", 2, "CAC", "."),
        // Not what the genome has: as it is stated.
        ("6_7delGG", 5, "AGG", "A"),
        ("2A>T", 2, "A", "T"),
        // Unknown: not moved.
        ("13del", 12, "GN", "G"),
        ("12_13del", 11, "TGN", "T"),
        ("14_15insN", 14, "C", "CN"),
        // Past the end.
        ("15_16insG", 15, "A", "AG"),
        ("16del", 15, "AN", "A"),
        ("20_21del", 19, "NNN", "N"),
        ("20A>C", 20, "A", "C"),
    ] {
        let expected = (position, reference.to_owned(), alternate.to_owned());
        if description == "1_2inv" {
            // GC is its own reverse complement.
            let columns = record(&sequence, description).unwrap();
            assert_eq!((columns.position, columns.without), (1, Some(NoAlternate::NoChange)));
            continue;
        }
        assert_eq!(row(&record(&sequence, description).unwrap()), expected, "{description}");
    }
}

#[test]
fn long_stretches_are_symbolic() {
    let sequence = vec![0; 30_000];
    let columns = record(&sequence, "101_20100del").unwrap();
    assert_eq!((row(&columns), columns.end), ((100, "A".into(), "<DEL>".into()), Some(20_100)));
    for (description, alternate) in [("1_2000000dup", "<DUP>"), ("1_20000inv", "<INV>")] {
        let columns = record(&sequence, description).unwrap();
        assert_eq!(row(&columns), (0, "N".into(), alternate.into()));
    }
    assert_eq!(record(&sequence, "101_20100delinsAC"), Err(RowReason::TooLong));
    let same = record(&sequence, "1_2000000000=").unwrap();
    assert_eq!((same.position, same.alternates.as_slice()), (1, &b"."[..]));
}

#[test]
fn a_risk_allele_is_set_against_the_genomes_base() {
    let sequence = encode(b"ACGN").unwrap();
    let of = |position, allele| What::Risk { position, allele }.columns(&sequence).unwrap();
    for (position, allele, reference, alternate, without) in [
        (1, Ok(b'G'), "A", "G", None),
        (1, Ok(b'A'), "A", ".", Some(NoAlternate::RiskIsReference)),
        (2, Err(NoAlternate::RiskUnknown), "C", ".", Some(NoAlternate::RiskUnknown)),
        (4, Ok(b'G'), "N", "G", None),
        (9, Ok(b'G'), "N", "G", None),
    ] {
        let columns = of(position, allele);
        assert_eq!(row(&columns), (position, reference.into(), alternate.into()));
        assert_eq!(columns.without, without);
    }
}

#[test]
fn columns_of_a_table_are_those_of_vcf() {
    let of = |position: &str, reference: &str, alternates: &str| {
        let what = alleles(position, reference, alternates)?;
        what.columns(&encode(b"ACGTACGT").unwrap()).map(|columns| row(&columns))
    };
    for (cells, expected) in [
        (["3", "g", "t"], Ok((3, "G".to_owned(), "T".to_owned()))),
        (["3", "G", "T,<DEL>,*,A]chr2:7]"], Ok((3, "G".into(), "T,<DEL>,*,A]chr2:7]".into()))),
        (["3", "G", "."], Ok((3, "G".into(), ".".into()))),
        (["3", "GU", "G"], Ok((3, "GT".into(), "G".into()))),
        (["3", "GT", "-"], Ok((2, "CGT".into(), "C".into()))),
        (["3", "-", "T"], Err(RowReason::AmbiguousInsertion)),
        (["0", "G", "T"], Err(RowReason::NoPosition)),
        (["+3", "G", "T"], Err(RowReason::NoPosition)),
        (["", "G", "T"], Err(RowReason::NoPosition)),
        (["3", "", "T"], Err(RowReason::BadAllele)),
        (["3", "G", ""], Err(RowReason::BadAllele)),
        (["3", "G", "T,"], Err(RowReason::BadAllele)),
        (["3", "G", "T,."], Err(RowReason::BadAllele)),
        (["3", "G", "<a b>"], Err(RowReason::BadAllele)),
        (["3", "?", "T"], Err(RowReason::BadAllele)),
    ] {
        assert_eq!(of(cells[0], cells[1], cells[2]), expected, "{cells:?}");
    }
}

prop_compose! {
    /// A repetitive sequence and a change of it, of at most six nucleotides in and out.
    fn changed()(
        sequence in prop::collection::vec(prop_oneof![4 => Just(0u8), 2 => Just(3u8), 1 => 0u8..4], 12..40),
        inserted in prop::collection::vec(prop_oneof![4 => Just(0u8), 2 => Just(3u8)], 0..6),
        start in 1usize..40,
        removed in 0usize..6,
    ) -> (Vec<u8>, usize, usize, Vec<u8>) {
        let start = start.min(sequence.len() - 1);
        let removed = removed.min(sequence.len() - start);
        (sequence, start, removed, inserted)
    }
}

fn haplotype(sequence: &[u8], start: usize, removed: usize, inserted: &[u8]) -> Vec<u8> {
    [&sequence[..start], inserted, &sequence[start + removed..]].concat()
}

/// The names that HGVS gives a change, moved to the 3' end as it demands, and the same changes
/// where they lie.
fn names(sequence: &[u8], start: usize, removed: usize, inserted: &[u8]) -> Vec<String> {
    let whole = haplotype(sequence, start, removed, inserted);
    let text = |codes: &[u8]| String::from_utf8(decode(codes)).unwrap();
    let span = |start: usize, length: usize| match length {
        1 => (start + 1).to_string(),
        _ => format!("{}_{}", start + 1, start + length),
    };
    let mut names = Vec::new();
    // Wherever the same change can be told, the last place is HGVS's.
    for at in 0..=sequence.len() - removed {
        let put = whole.get(at..at + inserted.len()).unwrap_or_default().to_vec();
        if put.len() < inserted.len() || haplotype(sequence, at, removed, &put) != whole {
            continue;
        }
        let gone = text(&sequence[at..at + removed]);
        match (removed, inserted.len()) {
            (0, 0) => {}
            (_, 0) => {
                names.extend([
                    format!("{}del", span(at, removed)),
                    format!("{}del{gone}", span(at, removed)),
                ]);
            }
            (0, n) => {
                if at > 0 {
                    names.push(format!("{}_{}ins{}", at, at + 1, text(&put)));
                }
                if at >= n && sequence[at - n..at] == put {
                    names.extend([
                        format!("{}dup", span(at - n, n)),
                        format!("{}dup{}", span(at - n, n), text(&put)),
                    ]);
                }
            }
            (1, 1) => names.push(format!("{}{gone}>{}", at + 1, text(&put))),
            _ => {
                names.push(format!("{}delins{}", span(at, removed), text(&put)));
                names.push(format!("{}del{gone}ins{}", span(at, removed), text(&put)));
                if removed == put.len() && reverse_complement(&sequence[at..at + removed]) == put {
                    names.push(format!("{}inv", span(at, removed)));
                }
            }
        }
    }
    names
}

proptest! {
    /// HGVS moves to the right, VCF to the left: both are one change, and one record.
    #[test]
    fn every_name_of_a_change_is_the_same_record_and_change(
        (sequence, start, removed, inserted) in changed()
    ) {
        let here = sequence[start..start + removed].to_vec();
        let change = Change::canonical(&sequence, start as u64, &here, &inserted);
        let whole = haplotype(&sequence, start, removed, &inserted);
        let mut first = None;
        for name in names(&sequence, start, removed, &inserted) {
            let columns = record(&sequence, &name).unwrap();
            if whole == sequence {
                prop_assert_eq!(columns.without, Some(NoAlternate::NoChange), "{}", name);
                continue;
            }
            prop_assert_eq!(columns.without, None);
            let (position, reference, alternate) = row(&columns);
            let of_record = Change::of_allele(
                &sequence, position as i64 - 1, reference.as_bytes(), alternate.as_bytes(), 100
            );
            prop_assert_eq!(of_record, Ok(change.clone()), "{}", name);
            let same = first.get_or_insert_with(|| columns.clone());
            prop_assert_eq!(&columns, &*same, "{}", name);
            // As short and as far left as can be.
            let trimmed = reference.len().min(alternate.len()) == 1
                || reference.as_bytes()[0] != alternate.as_bytes()[0];
            prop_assert!(trimmed, "{} is {:?}", name, row(&columns));
        }
    }
}
