use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::genome::fasta::FastaFile;
use crate::shared::shared;

const LENGTH: u64 = 400;

fn contigs() -> Contigs {
    let mut contigs = Contigs::default();
    contigs.push("chr1".to_owned(), LENGTH);
    contigs
}

fn gene(name: &str, strand: Strand, transcripts: Vec<Vec<Range<u64>>>) -> Gene {
    let exons = || transcripts.iter().flatten();
    let start = exons().map(|exon| exon.start).min().unwrap_or(0);
    let end = exons().map(|exon| exon.end).max().unwrap_or(0);
    let name = name.to_owned();
    Gene {
        name,
        id: String::new(),
        contig: 0,
        strand,
        range: start..end,
        transcripts,
        open_ended: Vec::new(),
        biotype: None,
        transcript_ids: Vec::new(),
        coding_ends: Vec::new(),
    }
}

fn context(genes: Vec<Gene>, extension: u64) -> GeneContext {
    GeneContext::new(&Annotation { genes, notes: Vec::new() }, &contigs(), extension)
}

fn class(context: &GeneContext, strand: Strand, position: u64) -> (String, &'static str) {
    let (names, feature) = context.classify(0, strand, position);
    (names, feature.name())
}

#[test]
fn the_parts_of_a_gene_have_their_classes_on_both_strands() {
    let exons = vec![vec![100..110, 130..140, 180..200]];
    let context =
        context(vec![gene("P", Strand::Plus, exons.clone()), gene("M", Strand::Minus, exons)], 50);
    for (position, plus, minus) in [
        (99, "intergenic", "extended_terminal_exon"),
        (50, "intergenic", "extended_terminal_exon"),
        (49, "intergenic", "intergenic"),
        (100, "upstream_exon", "terminal_exon"),
        (109, "upstream_exon", "terminal_exon"),
        (110, "intron_composite", "intron_composite"),
        (135, "upstream_exon", "upstream_exon"),
        (179, "intron_composite", "intron_composite"),
        (180, "terminal_exon", "upstream_exon"),
        (199, "terminal_exon", "upstream_exon"),
        (200, "extended_terminal_exon", "intergenic"),
        (249, "extended_terminal_exon", "intergenic"),
        (250, "intergenic", "intergenic"),
    ] {
        for (strand, name, expected) in [(Strand::Plus, "P", plus), (Strand::Minus, "M", minus)] {
            let name = if expected == "intergenic" { "." } else { name };
            let found = class(&context, strand, position);
            assert_eq!(found, (name.to_owned(), expected), "{strand}{position}");
        }
    }
}

#[test]
fn the_extension_ends_at_the_next_gene_of_the_strand() {
    let one = |name: &str, strand, range: Range<u64>| gene(name, strand, vec![vec![range]]);
    let genes = vec![
        one("A", Strand::Plus, 100..150),
        // Starts inside A: not the next gene.
        one("B", Strand::Plus, 140..160),
        one("other", Strand::Minus, 152..158),
        one("C", Strand::Plus, 170..180),
        one("D", Strand::Plus, 180..190),
    ];
    let context = context(genes, 100);
    for (position, names, expected) in [
        (145, "A,B", "terminal_exon"),
        (155, "B", "terminal_exon"),
        (165, "A,B", "extended_terminal_exon"),
        (170, "C", "terminal_exon"),
        (189, "D", "terminal_exon"),
        (190, "D", "extended_terminal_exon"),
    ] {
        assert_eq!(
            class(&context, Strand::Plus, position),
            (names.to_owned(), expected),
            "{position}"
        );
    }
    assert_eq!(class(&context, Strand::Minus, 60), ("other".to_owned(), "extended_terminal_exon"));
}

#[test]
fn the_better_class_of_another_gene_wins() {
    let genes = vec![
        gene("LONG", Strand::Plus, vec![vec![10..20, 300..310]]),
        gene("SHORT", Strand::Plus, vec![vec![100..110, 150..160]]),
        gene("SAME", Strand::Plus, vec![vec![100..110, 150..155]]),
        gene("SAME", Strand::Plus, vec![vec![150..158]]),
    ];
    let context = context(genes, 30);
    for (position, names, expected) in [
        (105, "SAME,SHORT", "upstream_exon"),
        (120, "LONG,SAME,SHORT", "intron_composite"),
        (154, "SAME,SHORT", "terminal_exon"),
        (159, "SHORT", "terminal_exon"),
        // LONG's intron comes before SHORT's extension.
        (165, "LONG", "intron_composite"),
    ] {
        assert_eq!(
            class(&context, Strand::Plus, position),
            (names.to_owned(), expected),
            "{position}"
        );
    }
}

#[test]
fn introns_with_a_skipped_exon_are_told_from_those_without() {
    // T1 and T2 share the first exon and the last; T2 ends in an exon of its own in the intron, T3
    // has a cassette.
    let transcripts = vec![
        vec![10..20, 200..220],
        vec![10..20, 60..80],
        vec![10..20, 120..130, 200..220],
        vec![10..25, 200..220],
    ];
    let context = context(vec![gene("G", Strand::Plus, transcripts)], 0);
    for (position, expected) in [
        // From the nearest 5' splice site, that of T4, no exon starts.
        (30, "intron_composite"),
        (59, "intron_composite"),
        (60, "terminal_exon"),
        (79, "terminal_exon"),
        // Past the exon that T1 skips: spliced to it, then read on.
        (80, "intron_skipped"),
        (119, "intron_skipped"),
        (120, "upstream_exon"),
        // Past a 5' splice site again.
        (130, "intron_composite"),
        (199, "intron_composite"),
        (200, "terminal_exon"),
    ] {
        assert_eq!(class(&context, Strand::Plus, position).1, expected, "{position}");
    }
}

#[test]
fn one_exon_genes_have_no_introns_and_nested_genes_keep_their_own_classes() {
    let genes = vec![
        gene("HOST", Strand::Plus, vec![vec![10..20, 300..310]]),
        gene("ONE", Strand::Plus, vec![vec![100..150]]),
        gene("BACK", Strand::Minus, vec![vec![140..160, 170..180]]),
    ];
    let context = context(genes, 20);
    for (strand, position, name, expected) in [
        (Strand::Plus, 99, "HOST", "intron_composite"),
        (Strand::Plus, 100, "ONE", "terminal_exon"),
        (Strand::Plus, 149, "ONE", "terminal_exon"),
        // The host's intron, not what lies past the nested gene.
        (Strand::Plus, 150, "HOST", "intron_composite"),
        (Strand::Plus, 310, "HOST", "extended_terminal_exon"),
        (Strand::Minus, 145, "BACK", "terminal_exon"),
        (Strand::Minus, 165, "BACK", "intron_composite"),
        (Strand::Minus, 130, "BACK", "extended_terminal_exon"),
        // Only the other strand has genes here.
        (Strand::Minus, 110, "HOST,ONE", "antisense"),
        (Strand::Minus, 305, "HOST", "antisense"),
        (Strand::Minus, 315, ".", "intergenic"),
    ] {
        let found = class(&context, strand, position);
        assert_eq!(found, (name.to_owned(), expected), "{strand}{position}");
    }
}

#[test]
fn a_transcript_that_goes_on_outside_has_no_last_exon() {
    let exons = vec![vec![10..20, 60..80]];
    let open = Gene { range: 10..300, open_ended: vec![0], ..gene("G", Strand::Plus, exons) };
    let context = context(vec![open], 20);
    assert_eq!(class(&context, Strand::Plus, 70).1, "upstream_exon");
    assert_eq!(class(&context, Strand::Plus, 90).1, "intron_skipped");
}

#[test]
fn places_without_genes_are_intergenic() {
    let empty = GeneContext::default();
    assert_eq!(class(&empty, Strand::Plus, 5), (".".to_owned(), "intergenic"));
    assert!(empty.targets(3, Strand::Minus).is_empty());
    let context = context(vec![gene("A", Strand::Plus, vec![vec![390..400]])], u64::MAX);
    assert_eq!(class(&context, Strand::Plus, 400), (".".to_owned(), "intergenic"));
    assert_eq!(context.targets(0, Strand::Plus).total(), 10);
}

/// Checks what must hold for every gene of a real annotation.
fn check_real(fasta: &Path, annotation: &Path) -> (Contigs, GeneContext) {
    let contigs = FastaFile::open(fasta).unwrap().contigs;
    let annotation = Annotation::read(annotation, &contigs).unwrap();
    let context = GeneContext::new(&annotation, &contigs, 5000);
    for gene in &annotation.genes {
        let targets = context.targets(gene.contig, gene.strand);
        for exons in &gene.transcripts {
            let (first, last) = (&exons[0], &exons[exons.len() - 1]);
            let site = match gene.strand {
                Strand::Plus => last.end - 1,
                Strand::Minus => first.start,
            };
            let (names, feature) = context.classify(gene.contig, gene.strand, site);
            assert_eq!(feature, Feature::TerminalExon, "{}", gene.name);
            // Not split at commas: yeast has genes like `DUR1,2`.
            assert!(names.contains(&gene.name), "{names} without {}", gene.name);
            assert!(targets.contains(site));
        }
    }
    (contigs, context)
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn last_exons_of_the_public_human_piece_are_terminal() {
    let data = shared("data");
    let human = data.join("human");
    let (contigs, context) =
        check_real(&human.join("chr9_public_test.fa.gz"), &human.join("chr9_public_test.gtf.gz"));
    let sites = std::fs::read_to_string(human.join("chr9_public_test_sites.tsv")).unwrap();
    let (mut utr, mut near_end) = (0, 0);
    for site in sites.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        if !site[5].starts_with("3'UTR") {
            continue;
        }
        let contig = contigs.index_of(site[0]).unwrap();
        let feature =
            context.classify(contig, site[2].parse().unwrap(), site[1].parse().unwrap()).1;
        utr += 1;
        near_end +=
            usize::from(matches!(feature, Feature::TerminalExon | Feature::ExtendedTerminalExon));
    }
    assert!(utr > 10 && near_end * 10 >= utr * 9, "{near_end} of {utr}");
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn last_exons_of_yeast_are_terminal() {
    let data = shared("data");
    let yeast = data.join("yeast");
    check_real(
        &yeast.join("Saccharomyces_cerevisiae.R64-1-1.dna.toplevel.fa.gz"),
        &yeast.join("Saccharomyces_cerevisiae.R64-1-1.96.gtf.gz"),
    );
}

/// One position, gene by gene, rule by rule.
fn naive(genes: &[Gene], strand: Strand, position: u64, extension: u64) -> (String, Feature) {
    // Minus is plus on mirrored coordinates.
    let mirror = |range: &Range<u64>| match strand {
        Strand::Plus => range.start as i64..range.end as i64,
        Strand::Minus => -(range.end as i64) + 1..-(range.start as i64) + 1,
    };
    let site = if strand == Strand::Plus { position as i64 } else { -(position as i64) };
    let (genes, others): (Vec<&Gene>, Vec<&Gene>) =
        genes.iter().partition(|gene| gene.strand == strand);
    let class = |gene: &Gene| {
        let range = mirror(&gene.range);
        let next =
            genes.iter().map(|other| mirror(&other.range).start).filter(|&s| s >= range.end).min();
        let exons: Vec<Vec<Range<i64>>> =
            gene.transcripts.iter().map(|exons| exons.iter().map(mirror).collect()).collect();
        let last = |exons: &Vec<Range<i64>>| {
            exons.iter().max_by_key(|exon| exon.end).unwrap().contains(&site)
        };
        // Ends of exons that another exon of the transcript follows.
        let followed = |exons: &Vec<Range<i64>>| {
            let far = exons.iter().map(|exon| exon.end).max();
            exons.iter().map(|exon| exon.end).filter(|end| Some(*end) < far).collect::<Vec<_>>()
        };
        let five = exons.iter().flat_map(followed).filter(|end| *end <= site).max();
        let from = five.unwrap_or(range.start);
        if exons.iter().any(last) {
            Some(Feature::TerminalExon)
        } else if exons.iter().flatten().any(|exon| exon.contains(&site)) {
            Some(Feature::UpstreamExon)
        } else if range.contains(&site) {
            let starts = exons.iter().flatten().any(|exon| (from..=site).contains(&exon.start));
            Some(if starts { Feature::IntronSkipped } else { Feature::IntronComposite })
        } else {
            let past = range.end..range.end + extension as i64;
            (past.contains(&site) && next.is_none_or(|next| site < next))
                .then_some(Feature::ExtendedTerminalExon)
        }
    };
    let named = |genes: &mut dyn Iterator<Item = &&Gene>| {
        let mut names: Vec<&str> = genes.map(|gene| gene.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.join(",")
    };
    if let Some(best) = genes.iter().filter_map(|gene| class(gene)).min() {
        return (named(&mut genes.iter().filter(|gene| class(gene) == Some(best))), best);
    }
    let mut inside = others.iter().filter(|gene| gene.range.contains(&position)).peekable();
    match inside.peek() {
        Some(_) => (named(&mut inside), Feature::Antisense),
        None => (".".to_owned(), Feature::Intergenic),
    }
}

/// Genes of one to three transcripts with disjoint exons.
fn arbitrary_genes() -> impl Strategy<Value = Vec<Gene>> {
    let transcript = (0u64..300, prop::collection::vec((1u64..15, 1u64..15), 1..4));
    let transcripts = prop::collection::vec(transcript, 1..4);
    let gene = (0usize..5, any::<bool>(), transcripts).prop_map(|(name, minus, transcripts)| {
        let exons = |(mut at, parts): (u64, Vec<(u64, u64)>)| {
            let mut exon = |(gap, length): (u64, u64)| {
                let start = at + gap;
                at = start + length;
                start..at
            };
            parts.into_iter().map(&mut exon).collect::<Vec<_>>()
        };
        let strand = if minus { Strand::Minus } else { Strand::Plus };
        gene(&format!("G{name}"), strand, transcripts.into_iter().map(exons).collect())
    });
    prop::collection::vec(gene, 0..7)
}

proptest! {
    #[test]
    fn every_position_has_the_class_of_the_rules(genes in arbitrary_genes(), extension in 0u64..80) {
        let context = context(genes.clone(), extension);
        for (strand, position) in Strand::BOTH.iter().flat_map(|&s| (0..LENGTH).map(move |p| (s, p))) {
            let expected = naive(&genes, strand, position, extension);
            prop_assert_eq!(context.classify(0, strand, position), expected);
            let reached = genes.iter().filter(|gene| gene.strand == strand).any(|gene| match strand {
                Strand::Plus => (gene.range.start..gene.range.end + extension).contains(&position),
                Strand::Minus => (gene.range.start.saturating_sub(extension)..gene.range.end).contains(&position),
            });
            prop_assert_eq!(context.targets(0, strand).contains(position), reached);
        }
    }
}
