use proptest::prelude::*;

use super::genotype::Genotype;
use super::*;
use crate::genome::sequence::{decode, encode};
use crate::variants::vcf::line::Line;

/// 2,000 nt without long repeats.
fn sequence() -> Vec<u8> {
    (0..2_000u64).map(|i| ((i * i * 7 + i / 5 * 3 + i * 11 / 7) % 4) as u8).collect()
}

/// What a sample carries, from position (0-based), letters and genotype.
fn carried(rows: &[(usize, &str, &str, &str)]) -> Vec<Carried> {
    let parse = |(at, reference, alternate, genotype): &(usize, &str, &str, &str)| {
        let at = at + 1;
        let text = format!("1\t{at}\t.\t{reference}\t{alternate}\t.\t.\t.\tGT:PS\t{genotype}");
        match Genotype::of(&Line::parse(text.into()).unwrap(), 9) {
            Genotype::Carried(carried) => carried,
            other => panic!("{other:?}"),
        }
    };
    rows.iter().map(parse).collect()
}

fn letters(codes: &[u8]) -> String {
    String::from_utf8(decode(codes)).unwrap()
}

/// An SNV's letters at a position.
fn snv(codes: &[u8], at: usize) -> (String, String) {
    (letters(&codes[at..=at]), letters(&[3 - codes[at]]))
}

#[test]
fn alleles_of_a_haplotype_are_put_together_within_reach_and_phase() {
    let codes = sequence();
    let of = |at: usize, genotype: &'static str| (at, snv(&codes, at), genotype);
    let found = |rows: &[(usize, (String, String), &'static str)], own: usize| {
        let rows: Vec<(usize, &str, &str, &str)> =
            rows.iter().map(|(at, (r, a), g)| (*at, r.as_str(), a.as_str(), *g)).collect();
        let all = combined(&codes, &carried(&rows), own, 100);
        let places = |text: &str| -> Vec<usize> {
            text.split('&')
                .map(|v| v.split('_').next().unwrap().parse::<usize>().unwrap() - 1)
                .collect()
        };
        all.into_iter().map(|c| (c.haplotypes, places(&c.variants))).collect::<Vec<_>>()
    };
    // Far ones stay alone; the nearest count from the own allele, not from each other.
    let row = [of(500, "0|1"), of(600, "0|1"), of(841, "0|1"), of(900, "0|1")];
    assert_eq!(found(&row, 0), [(vec![2], vec![500, 600])]);
    assert_eq!(found(&row, 1), [(vec![2], vec![500, 600, 841])]);
    assert_eq!(found(&row[2..], 1), [(vec![2], vec![841, 900])]);
    // In trans.
    assert!(found(&[of(500, "0|1"), of(600, "1|0")], 0).is_empty());
    // What both haplotypes carry goes with each; where both are the same it is said once.
    let row = [of(500, "0|1"), of(550, "1/1"), of(600, "1|0")];
    assert_eq!(found(&row, 1), [(vec![1], vec![550, 600]), (vec![2], vec![500, 550])]);
    assert_eq!(found(&[of(500, "1/1"), of(550, "1|1")], 0), [(vec![1, 2], vec![500, 550])]);
    // Phase sets.
    assert!(found(&[of(500, "0|1:1"), of(600, "0|1:2")], 0).is_empty());
    assert_eq!(found(&[of(500, "0|1:1"), of(600, "0|1:1")], 0).len(), 1);
    // Of two sets beside what both haplotypes carry the nearer one.
    let row = [of(500, "0|1:1"), of(560, "1/1"), of(600, "0|1:2")];
    assert_eq!(found(&row, 1), [(vec![2], vec![560, 600])]);
    // Two alleles of one place cannot both be made.
    assert!(found(&[of(500, "0|1"), of(500, "0|1")], 0).is_empty());
}

proptest! {
    /// Against the letters of the whole sequence, edited from its end.
    #[test]
    fn the_change_is_all_edits_made(
        edits in prop::collection::vec((700u64..1_100, 0u64..4, prop::collection::vec(0u8..4, 0..4)), 2..6),
        own in any::<prop::sample::Index>(),
    ) {
        let codes = sequence();
        let mut rows: Vec<(usize, String, String)> = Vec::new();
        let mut taken = 0;
        let mut edits = edits;
        edits.sort();
        for (at, removed, inserted) in edits {
            // As VCF has them: a nucleotide before, which no other edit touches.
            if at < taken + 2 || (removed == 0 && inserted.is_empty()) {
                continue;
            }
            let before = codes[at as usize - 1];
            let reference = letters(&codes[at as usize - 1..(at + removed) as usize]);
            let alternate = letters(&[&[before][..], &inserted].concat());
            if reference == alternate {
                continue;
            }
            taken = at + removed;
            rows.push((at as usize - 1, reference, alternate));
        }
        prop_assume!(rows.len() > 1);
        let own = own.index(rows.len());
        let table: Vec<(usize, &str, &str, &str)> =
            rows.iter().map(|(at, r, a)| (*at, r.as_str(), a.as_str(), "0|1")).collect();
        let carried = carried(&table);
        let found = combined(&codes, &carried, own, 100);
        for Combined { haplotypes, change, variants, .. } in found {
            prop_assert_eq!(haplotypes, [2]);
            let mut expected = letters(&codes);
            for variant in variants.split('&').rev() {
                let parts: Vec<&str> = variant.split('_').collect();
                let at = parts[0].parse::<usize>().unwrap() - 1;
                prop_assert_eq!(&letters(&codes)[at..at + parts[1].len()], parts[1]);
                expected.replace_range(at..at + parts[1].len(), parts[2]);
            }
            let (start, end) = (change.start as usize, change.end() as usize);
            let made = [&codes[..start], &change.inserted, &codes[end..]].concat();
            prop_assert_eq!(letters(&made), expected);
        }
    }
}

#[test]
fn an_allele_that_cannot_be_scored_is_left_out() {
    let codes = encode(&[b'A'; 600].map(|_| b'C')).unwrap();
    let rows = [(300, "C", "T", "0|1"), (310, "C", "<DEL>", "0|1"), (320, "G", "T", "0|1")];
    assert!(combined(&codes, &carried(&rows), 0, 100).is_empty());
    assert!(combined(&codes, &carried(&rows), 1, 100).is_empty());
}
