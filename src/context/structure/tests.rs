use super::*;

fn structure(strand: Strand, transcripts: Vec<Vec<Range<u64>>>) -> GeneStructure {
    let exons = || transcripts.iter().flatten();
    let start = exons().map(|exon| exon.start).min().unwrap();
    let end = exons().map(|exon| exon.end).max().unwrap();
    let (name, range) = ("G".to_owned(), start..end);
    let gene = Gene {
        name,
        id: String::new(),
        contig: 0,
        strand,
        range,
        transcripts,
        open_ended: Vec::new(),
        biotype: None,
        transcript_ids: Vec::new(),
        coding_ends: Vec::new(),
    };
    let reach = range_along(strand, &gene.range).end + 100;
    GeneStructure::new(&gene, reach)
}

#[test]
fn splice_sites_have_their_places_exons_and_whether_the_exon_is_last() {
    let gene = structure(
        Strand::Plus,
        vec![vec![10..20, 50..60, 90..100], vec![15..20, 90..120], vec![10..20, 50..56]],
    );
    let fives: Vec<(i64, u64)> = gene.fives.iter().map(|five| (five.at, five.exon)).collect();
    assert_eq!(fives, [(20, 10), (60, 10)]);
    let threes: Vec<_> = gene.threes.iter().map(|t| (t.at, t.exon, t.last)).collect();
    // The exon at 50 is last in one transcript of two.
    assert_eq!(threes, [(50, 10, true), (90, 30, true)]);
    assert_eq!(gene.ends, [55, 99, 119]);
    assert_eq!((gene.last_intron(95), gene.last_intron(130)), (Some(30), Some(30)));
    let past = [56, 50, 110].map(|x| gene.past_end(x));
    assert_eq!(past, [Some(1), Some(-5), Some(-9)]);
}

#[test]
fn the_transcript_of_a_site_is_the_one_that_ends_nearest() {
    for strand in Strand::BOTH {
        // Last exons 50..60, 90..100 and 90..120 along transcription; on the minus strand mirrored
        // at 1,000.
        let place = |range: Range<u64>| match strand {
            Strand::Plus => range,
            Strand::Minus => 1_000 - range.end..1_000 - range.start,
        };
        let ends = [50..60, 90..100, 90..120];
        let transcripts = ends.map(|end| {
            let mut exons = vec![place(10..20), place(end)];
            exons.sort_by_key(|exon| exon.start);
            exons
        });
        let gene = Gene {
            name: "G".to_owned(),
            id: "gene:E1".to_owned(),
            biotype: Some("lncRNA".to_owned()),
            contig: 0,
            strand,
            range: place(10..120),
            transcripts: transcripts.to_vec(),
            transcript_ids: ["transcript:T1", "", "rna-T3"].map(str::to_owned).to_vec(),
            open_ended: Vec::new(),
            coding_ends: Vec::new(),
        };
        let gene = GeneStructure::new(&gene, if strand == Strand::Plus { 200 } else { -800 });
        assert_eq!((gene.id.as_str(), gene.biotype.as_deref()), ("E1", Some("lncRNA")));
        let at = |position: u64| {
            let position = if strand == Strand::Plus { position } else { 999 - position };
            gene.transcript_at(along(strand, position))
        };
        let expected = [None, Some("T1"), None, Some("T3"), Some("T3"), Some("T3")];
        assert_eq!([15, 55, 70, 95, 119, 150].map(at), expected, "{strand}");
    }
}

#[test]
fn the_minus_strand_is_the_plus_strand_mirrored() {
    let exons = [10..20, 50..60, 90..100];
    let mirror = |range: &Range<u64>| 1_000 - range.end..1_000 - range.start;
    let plus = structure(Strand::Plus, vec![exons.to_vec()]);
    let minus = structure(Strand::Minus, vec![exons.iter().rev().map(mirror).collect()]);
    // Position p of one is 999 - p of the other: along transcription they differ by 999.
    let moved: Vec<i64> = minus.fives.iter().map(|five| five.at + 999).collect();
    assert_eq!(moved, plus.fives.iter().map(|five| five.at).collect::<Vec<_>>());
    for position in 0..250_u64 {
        let other = minus.class(along(Strand::Minus, 999 - position));
        assert_eq!(plus.class(along(Strand::Plus, position)), other, "{position}");
    }
}

#[test]
fn a_3_utr_is_counted_from_the_last_coding_nucleotide_without_introns() {
    let exons = vec![10..20, 50..60, 90..100];
    let (range, name) = (10..100, "G".to_owned());
    let (transcripts, open_ended, coding_ends) = (vec![exons], Vec::new(), vec![54]);
    let strand = Strand::Plus;
    let id = String::new();
    let (biotype, transcript_ids) =
        (None, (0..transcripts.len()).map(|i| format!("T{i}")).collect());
    let gene = Gene {
        name,
        id,
        biotype,
        contig: 0,
        strand,
        range,
        transcripts,
        transcript_ids,
        open_ended,
        coding_ends,
    };
    let gene = GeneStructure::new(&gene, 200);
    // 55..60 and 90..96; with 20 nt past the end; nothing is coding before 40.
    let lengths = [95, 119, 40, 55].map(|x| gene.utr_length(x));
    assert_eq!(lengths, [Some(11), Some(35), None, Some(1)]);
}
