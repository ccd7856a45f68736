use proptest::prelude::*;

use super::*;
use crate::genome::sequence::encode;

fn haplotype(sequence: &[u8], change: &Change) -> Vec<u8> {
    let (start, end) = (change.start as usize, change.end() as usize);
    [&sequence[..start], &change.inserted, &sequence[end..]].concat()
}

fn of_allele(position: i64, reference: &str, alternate: &str) -> Result<Change, Reason> {
    let sequence = encode(b"ACGTNACGTACGTACGGGGT").unwrap();
    Change::of_allele(&sequence, position, reference.as_bytes(), alternate.as_bytes(), 5)
}

#[test]
fn every_allele_is_a_change_or_has_a_reason() {
    let change = |start, removed, inserted: &[u8]| {
        Ok(Change { start, removed, inserted: encode(inserted).unwrap() })
    };
    for (position, reference, alternate, expected) in [
        (1, "C", "T", change(1, 1, b"T")),
        (1, "c", "t", change(1, 1, b"T")),
        (1, "CGT", "CAT", change(2, 1, b"A")),
        (15, "GGG", "GG", change(15, 1, b"")),
        (18, "G", "GG", change(15, 0, b"G")),
        (0, "A", "TA", change(0, 0, b"T")),
        (1, "C", "C", change(1, 0, b"")),
        (1, "C", "*", Err(Reason::Star)),
        (1, "C", "<DEL>", Err(Reason::Symbolic)),
        (1, "C", "C[chr2:1[", Err(Reason::Symbolic)),
        (1, "C", "N", Err(Reason::Symbolic)),
        (1, "C", "R", Err(Reason::Symbolic)),
        (1, "C", ".", Err(Reason::Symbolic)),
        (1, "G", "T", Err(Reason::RefMismatch)),
        (1, "N", "T", Err(Reason::RefMismatch)),
        (1, "S", "T", Err(Reason::RefMismatch)),
        (4, "A", "T", Err(Reason::ReferenceN)),
        (3, "TNA", "T", Err(Reason::ReferenceN)),
        (3, "TNA", "TNC", change(5, 1, b"C")),
        (3, "T", "TN", Err(Reason::Symbolic)),
        (18, "GTA", "G", Err(Reason::RefMismatch)),
        (25, "G", "A", Err(Reason::RefMismatch)),
        (-1, "N", "A", Err(Reason::ContigEdge)),
        (5, "ACGTACG", "A", Err(Reason::TooLong)),
        // Four of a repeat of four: the first ones.
        (5, "ACGTACG", "ACG", change(5, 4, b"")),
    ] {
        assert_eq!(of_allele(position, reference, alternate), expected, "{position} {alternate}");
    }
}

#[test]
fn windows_that_cannot_be_scored_are_noticed() {
    let mut sequence = vec![0; 1000];
    let at = |start| Change { start, removed: 1, inserted: vec![1] };
    let all = Ok(Coverage::All);
    for (start, expected) in [
        (0, Coverage::UpToEdge),
        (238, Coverage::UpToEdge),
        (239, Coverage::All),
        (760, Coverage::All),
        (761, Coverage::UpToEdge),
        (999, Coverage::UpToEdge),
    ] {
        assert_eq!(at(start).check_windows(&sequence), Ok(expected), "{start}");
    }
    // A contig is long enough on both haplotypes, or no window covers the change.
    assert_eq!(at(9).check_windows(&sequence[..239]), Err(Reason::ContigEdge));
    assert_eq!(at(9).check_windows(&sequence[..240]), Ok(Coverage::UpToEdge));
    let deletion = Change { start: 9, removed: 1, inserted: Vec::new() };
    assert_eq!(deletion.check_windows(&sequence[..240]), Err(Reason::ContigEdge));
    assert_eq!(deletion.check_windows(&sequence[..241]), Ok(Coverage::UpToEdge));
    let insertion = Change { start: 9, removed: 0, inserted: vec![2] };
    assert_eq!(insertion.check_windows(&sequence[..239]), Err(Reason::ContigEdge));
    sequence[500..620].fill(UNKNOWN);
    assert_eq!(at(400).check_windows(&sequence), all);
    sequence[620] = UNKNOWN;
    assert_eq!(at(400).check_windows(&sequence), Err(Reason::ReferenceN));
    // The last window that holds position 380 ends before 620.
    assert_eq!(at(380).check_windows(&sequence), all);
    // A deletion can bring them nearer together than they are on the reference.
    sequence[610..621].fill(0);
    sequence[630..641].fill(UNKNOWN);
    let deletion = Change { start: 622, removed: 5, inserted: Vec::new() };
    assert_eq!(deletion.check_windows(&sequence), Err(Reason::ReferenceN));
}

#[test]
fn offsets_count_from_the_nearest_changed_nucleotide_in_transcript_direction() {
    let cases = [(9, -1), (10, 0), (12, 0), (13, 1), (20, 8), (5, -5)];
    for (position, expected) in cases {
        assert_eq!(offset(&(10..13), position, Strand::Plus), expected);
        assert_eq!(offset(&(10..13), position, Strand::Minus), -expected);
    }
    assert_eq!([9, 10].map(|position| offset(&(10..10), position, Strand::Plus)), [-1, 1]);
}

prop_compose! {
    /// A repetitive sequence and a change of it, of at most six nucleotides in and out.
    fn changed()(
        sequence in prop::collection::vec(prop_oneof![4 => Just(0u8), 2 => Just(3u8), 1 => 0u8..4], 12..40),
        inserted in prop::collection::vec(prop_oneof![4 => Just(0u8), 2 => Just(3u8)], 0..6),
        start in 0usize..40,
        removed in 0usize..6,
    ) -> (Vec<u8>, Change) {
        let start = start.min(sequence.len());
        let removed = removed.min(sequence.len() - start) as u64;
        (sequence, Change { start: start as u64, removed, inserted })
    }
}

proptest! {
    #[test]
    fn the_form_follows_from_the_haplotype_alone((sequence, change) in changed()) {
        let end = change.end() as usize;
        let reference = &sequence[change.start as usize..end];
        let form = Change::canonical(&sequence, change.start, reference, &change.inserted);
        let changed = haplotype(&sequence, &change);
        prop_assert_eq!(haplotype(&sequence, &form), changed.clone());
        // The plainest way: everything is replaced.
        let whole = Change::canonical(&sequence, 0, &sequence, &changed);
        if changed != sequence {
            prop_assert_eq!(whole, form);
        } else {
            prop_assert_eq!((form.removed, form.inserted.len()), (0, 0));
        }
    }

    #[test]
    fn positions_outside_the_change_are_carried_over_and_back((sequence, change) in changed()) {
        for position in 0..sequence.len() as u64 {
            let there = change.to_alternate(position);
            if !change.replaced().contains(&position) {
                prop_assert_eq!(change.to_reference(there), position);
                let changed = haplotype(&sequence, &change);
                prop_assert_eq!(changed[there as usize], sequence[position as usize]);
            }
        }
    }
}
