//! The places of a gene id on one strand of a contig.
//!
//! An id need not be one place: files of UCSC's style use one gene_id for all copies of a gene, and
//! even one transcript_id. What does not overlap is not one gene.

use std::collections::HashMap;
use std::ops::Range;

use super::Kind;
use crate::genome::strand::Strand;

/// A row; ids are numbers.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) contig: usize,
    pub(super) range: Range<u64>,
    pub(super) strand: Option<Strand>,
    pub(super) gene: Option<u32>,
    pub(super) transcript: Option<u32>,
    pub(super) exon_number: Option<u32>,
    pub(super) open_ended: bool,
}

/// A gene at one place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) range: Range<u64>,
    /// Exons of each transcript, ascending; transcripts in the order of the file.
    pub(super) transcripts: Vec<Vec<Range<u64>>>,
    /// Id of each transcript.
    pub(super) ids: Vec<Option<u32>>,
    /// Numbers of the transcripts that go on past the 3' end that is annotated.
    pub(super) open_ended: Vec<usize>,
}

/// A row `gene` or `transcript`, or a transcript by its exons.
#[derive(Default)]
struct Piece {
    range: Range<u64>,
    exons: Vec<Range<u64>>,
    transcript: Option<u32>,
    open_ended: bool,
}

impl Piece {
    /// A row without exons.
    fn bare(range: &Range<u64>) -> Self {
        Self { range: range.clone(), ..Self::default() }
    }
}

/// Divides the rows of a gene id on one strand of a contig, in the order of the file, into places:
/// pieces that overlap, be it through others, lie at one place. `numbered`: exon numbers of the
/// file mean something.
pub(super) fn places(items: &[Item], numbered: bool) -> Vec<Place> {
    let ranges_of = |kind: Kind| items.iter().filter(move |item| item.kind == kind);
    let genes = disjoint(ranges_of(Kind::Gene).map(|item| item.range.clone()).collect());
    let mut pieces: Vec<Piece> = Vec::new();
    pieces.extend(genes.iter().map(Piece::bare));
    // Transcripts in the order of the file.
    let mut order: HashMap<Option<u32>, usize> = HashMap::new();
    let mut by_transcript: Vec<Vec<&Item>> = Vec::new();
    for item in items.iter().filter(|item| item.kind != Kind::Gene) {
        let next = by_transcript.len();
        let at = *order.entry(item.transcript).or_insert(next);
        if at == next {
            by_transcript.push(Vec::new());
        }
        by_transcript[at].push(item);
    }
    for of_transcript in by_transcript {
        let before = pieces.len();
        copies(&of_transcript, &genes, numbered, &mut pieces);
        let open_ended = of_transcript.iter().any(|item| item.open_ended);
        for piece in &mut pieces[before..] {
            piece.transcript = of_transcript[0].transcript;
            piece.open_ended = open_ended;
        }
    }
    together(pieces)
}

/// Divides the rows of a transcript id into its copies: one for each row `transcript` that lies by
/// itself, or else for each such row `gene`; where there is neither, one begins where exon numbers
/// begin anew.
fn copies(items: &[&Item], genes: &[Range<u64>], numbered: bool, pieces: &mut Vec<Piece>) {
    let rows = items.iter().filter(|item| item.kind == Kind::Transcript);
    let rows = disjoint(rows.map(|item| item.range.clone()).collect());
    pieces.extend(rows.iter().map(Piece::bare));
    let frames = if rows.is_empty() { genes } else { &rows };
    let mut exons: Vec<&Item> =
        items.iter().filter(|item| item.kind == Kind::Exon).copied().collect();
    exons.sort_by_key(|exon| (exon.range.start, exon.range.end));
    if frames.len() < 2 {
        let by_number = frames.is_empty() && numbered;
        let copies = if by_number { renumbered(&exons) } else { vec![exons] };
        pieces.extend(copies.iter().filter_map(|exons| piece(exons)));
        return;
    }
    let frame = |exon: &&Item| {
        let after = frames.partition_point(|frame| frame.start < exon.range.end);
        after.checked_sub(1).filter(|&at| frames[at].end > exon.range.start)
    };
    let mut by_frame: Vec<Vec<&Item>> = vec![Vec::new(); frames.len() + 1];
    for exon in exons {
        by_frame[frame(&exon).unwrap_or(frames.len())].push(exon);
    }
    pieces.extend(by_frame.iter().filter_map(|exons| piece(exons)));
}

fn piece(exons: &[&Item]) -> Option<Piece> {
    let exons: Vec<Range<u64>> = exons.iter().map(|exon| exon.range.clone()).collect();
    let (start, end) = (exons.first()?.start, exons.iter().map(|exon| exon.end).max()?);
    Some(Piece { range: start..end, exons, ..Piece::default() })
}

/// Divides ascending exons where a number comes again at another place.
fn renumbered<'i>(exons: &[&'i Item]) -> Vec<Vec<&'i Item>> {
    let mut copies: Vec<Vec<&Item>> = Vec::new();
    let mut seen: HashMap<u32, u64> = HashMap::new();
    for &exon in exons {
        let again = exon.exon_number.and_then(|number| seen.get(&number));
        if copies.is_empty() || again.is_some_and(|&end| end <= exon.range.start) {
            copies.push(Vec::new());
            seen.clear();
        }
        if let Some(number) = exon.exon_number {
            seen.insert(number, exon.range.end);
        }
        if let Some(copy) = copies.last_mut() {
            copy.push(exon);
        }
    }
    copies
}

/// Merges ranges that overlap; those that only touch stay apart.
fn disjoint(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, merged| {
        let joins = next.start < merged.end;
        if joins {
            merged.end = merged.end.max(next.end);
        }
        joins
    });
    ranges
}

/// Puts pieces that overlap together.
fn together(pieces: Vec<Piece>) -> Vec<Place> {
    let places = disjoint(pieces.iter().map(|piece| piece.range.clone()).collect());
    let mut places: Vec<Place> =
        places.into_iter().map(|range| Place { range, ..Place::default() }).collect();
    for piece in pieces.into_iter().filter(|piece| !piece.exons.is_empty()) {
        let after = places.partition_point(|place| place.range.start <= piece.range.start);
        if let Some(place) = after.checked_sub(1).and_then(|at| places.get_mut(at)) {
            place.open_ended.extend(piece.open_ended.then_some(place.transcripts.len()));
            place.ids.push(piece.transcript);
            place.transcripts.push(piece.exons);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: Kind, transcript: u32, range: Range<u64>, number: u32) -> Item {
        Item {
            kind,
            contig: 0,
            range,
            strand: Some(Strand::Plus),
            gene: Some(0),
            transcript: Some(transcript),
            exon_number: Some(number).filter(|&number| number > 0),
            open_ended: false,
        }
    }

    fn exon(transcript: u32, range: Range<u64>, number: u32) -> Item {
        item(Kind::Exon, transcript, range, number)
    }

    fn found(items: &[Item]) -> Vec<(Range<u64>, usize)> {
        let places = places(items, true).into_iter();
        places.map(|place| (place.range, place.transcripts.len())).collect()
    }

    #[test]
    fn transcripts_that_do_not_overlap_lie_at_two_places() {
        let items = [exon(1, 0..10, 0), exon(1, 30..40, 0), exon(2, 40..50, 0)];
        assert_eq!(found(&items), [(0..40, 1), (40..50, 1)]);
        // One in the other's intron, or joined by a third.
        let items = [exon(1, 0..10, 0), exon(1, 30..40, 0), exon(2, 15..20, 0)];
        assert_eq!(found(&items), [(0..40, 2)]);
        let items = [exon(1, 0..10, 0), exon(2, 20..30, 0), exon(3, 5..25, 0)];
        assert_eq!(found(&items), [(0..30, 3)]);
    }

    #[test]
    fn a_gene_row_holds_together_what_lies_in_it() {
        let gene = |range| Item { transcript: None, ..item(Kind::Gene, 0, range, 0) };
        let exons = [exon(1, 0..10, 0), exon(2, 90..100, 0)];
        assert_eq!(found(&[&[gene(0..100)], &exons[..]].concat()), [(0..100, 2)]);
        assert_eq!(found(&[&[gene(0..20), gene(80..100)], &exons[..]].concat()).len(), 2);
    }

    #[test]
    fn copies_of_one_transcript_id_are_told_by_rows_or_numbers() {
        let row = |range| item(Kind::Transcript, 1, range, 0);
        let exons = [exon(1, 0..10, 0), exon(1, 20..30, 0), exon(1, 70..80, 0), exon(1, 90..99, 0)];
        assert_eq!(found(&exons), [(0..99, 1)]);
        let rows = [row(0..30), row(70..99)];
        assert_eq!(found(&[&rows, &exons[..]].concat()), [(0..30, 1), (70..99, 1)]);
        let gene = |range| Item { transcript: None, ..item(Kind::Gene, 0, range, 0) };
        let rows = [gene(0..30), gene(70..99)];
        assert_eq!(found(&[&rows, &exons[..]].concat()), [(0..30, 1), (70..99, 1)]);
        for numbers in [[1, 2, 1, 2], [2, 1, 2, 1]] {
            let mut exons = exons.clone();
            exons.iter_mut().zip(numbers).for_each(|(e, n)| e.exon_number = Some(n));
            assert_eq!(found(&exons), [(0..30, 1), (70..99, 1)]);
            // A row twice is no copy.
            exons[3] = exons[2].clone();
            assert_eq!(found(&exons), [(0..30, 1), (70..80, 1)]);
        }
    }
}
