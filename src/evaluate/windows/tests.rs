use proptest::prelude::*;

use super::settings::{Positives, SiteSource};
use super::*;
use crate::evaluate::parts::{By, Parts};
use crate::genome::sequence::complement;
use crate::models::{CLEAVAGE_CENTRE, WINDOW};

const LENGTH: usize = 4_000;

/// Two contigs without a signal, with sites of which each says where it is.
fn genome() -> (tempfile::TempDir, SiteSource) {
    let folder = tempfile::tempdir().unwrap();
    let letters = |from: usize| -> String {
        (from..from + LENGTH).map(|i| b"CGTCGGTGCT"[(i * i + i / 7) % 10] as char).collect()
    };
    let mut text = format!(">a\n{}\n>b\n{}\n", letters(0), letters(5));
    // A signal 20 nt before the site at 1,000.
    text.replace_range(3 + 980..3 + 986, "AATAAA");
    std::fs::write(folder.path().join("g.fa"), text).unwrap();
    let mut table = "contig\toffset\tstrand\treads\n".to_owned();
    for (contig, offset, strand, reads) in [
        ("a", 1_000, '+', 50),
        ("a", 1_800, '-', 20),
        ("a", 2_600, '+', 10),
        ("a", 3_400, '-', 0),
        ("b", 1_000, '-', 40),
        ("b", 2_000, '+', 30),
        ("b", 3_000, '+', 20),
        // Its window leaves the contig.
        ("b", 60, '+', 99),
    ] {
        table += &format!("{contig}\t{offset}\t{strand}\t{reads}\n");
    }
    std::fs::write(folder.path().join("s.tsv"), table).unwrap();
    let (fasta, sites) = (folder.path().join("g.fa"), folder.path().join("s.tsv"));
    (folder, SiteSource { fasta, sites, ends: None, annotation: None, except: Vec::new() })
}

fn read(source: &SiteSource, positives: &Positives, parts: Parts, seed: u64) -> SiteWindows {
    let negatives = &Shares::default();
    let settings = WindowSettings { sites: source, positives, negatives, parts: &parts };
    assert_eq!(settings.check(), Ok(()));
    SiteWindows::read(&settings, &|path| path.to_owned(), seed).unwrap()
}

const EVEN: Parts = Parts { by: By::Site, validation: 0.3, test: 0.3 };

#[test]
fn a_site_lies_where_its_offset_says_and_is_cut_there() {
    let (_folder, source) = genome();
    let narrow = Positives { spread: 1e-3, ..Positives::default() };
    let windows = read(&source, &narrow, EVEN, 1);
    // The one without reads and the one without a window are not shown.
    assert_eq!((windows.sites.len(), windows.all_sites()), (6, 8));
    let signals: Vec<_> = windows.sites.iter().map(|site| site.signal).collect();
    assert_eq!(signals, [Some("AATAAA"), None, None, None, None, None]);
    let mut seen = 0;
    for part in Part::ALL {
        for example in windows.examples(part) {
            let window = windows.window(&example);
            assert_eq!(window.len(), WINDOW);
            let Kind::Site { site, offset } = example.kind else { continue };
            let Shown { place, part: own, .. } = windows.sites[site];
            assert_eq!(own, part);
            let code = windows.genome.codes[place.contig][place.position];
            let code = if place.strand == Strand::Plus { code } else { complement(code) };
            assert_eq!(window[(CENTRE as i64 + offset) as usize], code);
            let Label { classification, vector } = windows.label(&example);
            assert_eq!(classification, 1.0);
            let at = (CLEAVAGE_CENTRE as i64 + offset) as usize;
            match vector.get(at) {
                Some(share) => assert_eq!(*share, 1.0),
                // The site lies behind the vector.
                None => assert!(offset == 25 && vector == [0.02; CLEAVAGE]),
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 6 * 51);
}

#[test]
fn what_is_no_site_is_of_three_kinds_and_nothing_is_cut_in_its_middle() {
    let (_folder, source) = genome();
    let positives = Positives { offsets: [-10, 10], ..Positives::default() };
    let windows = read(&source, &positives, EVEN, 3);
    for part in Part::ALL {
        let examples = windows.examples(part);
        let of = |kind: Kind| examples.iter().filter(move |example| example.kind == kind);
        let sites = examples.iter().filter(|e| matches!(e.kind, Kind::Site { .. })).count();
        assert_eq!(sites, 2 * 21);
        for kind in Negative::ALL {
            assert_eq!(of(Kind::Negative(kind)).count(), 14, "{kind:?}");
            for example in of(Kind::Negative(kind)) {
                let Label { classification, vector } = windows.label(example);
                assert_eq!((classification, vector), (0.0, [0.02; CLEAVAGE]));
                assert_eq!(windows.window(example), windows.window(example));
            }
        }
        for example in of(Kind::Negative(Negative::Neighbour)) {
            assert!(windows.measured(example).is_none());
            let near = windows.sites.iter().filter(|site| site.part == part).any(|site| {
                let apart = site.place.position.abs_diff(example.place.position);
                (site.place.contig, site.place.strand)
                    == (example.place.contig, example.place.strand)
                    && (50..=100).contains(&apart)
            });
            assert!(near, "{example:?}");
        }
        for example in of(Kind::Negative(Negative::Intergenic)) {
            let place = example.place;
            assert!(windows.measured.iter().all(|site| {
                site.contig != place.contig || site.position.abs_diff(place.position) >= AWAY
            }));
        }
        for example in of(Kind::Negative(Negative::Shuffled)) {
            let Place { contig, strand, position } = example.place;
            let mut before = windows.genome.window(contig, strand, position).unwrap();
            let mut after = windows.window(example);
            assert_ne!(before, after);
            before.sort_unstable();
            after.sort_unstable();
            assert_eq!(before, after);
        }
    }
}

#[test]
fn whole_contigs_can_be_dealt_out() {
    let (_folder, source) = genome();
    let parts = Parts { by: By::Contig, validation: 0.5, test: 0.0 };
    let windows = read(&source, &Positives::default(), parts, 2);
    let contigs = |part: Part| {
        let mut contigs: Vec<usize> =
            windows.examples(part).iter().map(|example| example.place.contig).collect();
        contigs.sort_unstable();
        contigs.dedup();
        contigs
    };
    let (training, validation) = (contigs(Part::Training), contigs(Part::Validation));
    assert_eq!((training.len(), validation.len()), (1, 1));
    assert!(training != validation && windows.examples(Part::Test).is_empty());
}

#[test]
fn genes_tell_what_is_intergenic_and_what_a_transcript() {
    let (folder, mut source) = genome();
    let gene = |kind: &str| {
        format!("a\tx\t{kind}\t1\t2000\t.\t+\t.\tgene_id \"G\"; transcript_id \"T\";\n")
    };
    let text: String = ["gene", "transcript", "exon"].map(gene).concat();
    std::fs::write(folder.path().join("g.gtf"), text).unwrap();
    source.annotation = Some(folder.path().join("g.gtf"));
    let windows = read(&source, &Positives::default(), EVEN, 5);
    for example in windows.examples(Part::Training) {
        let Place { contig, strand, position } = example.place;
        // With what may be its end the gene reaches over its strand of the contig.
        let is_transcript = contig == 0 && strand == Strand::Plus;
        let is_antisense = contig == 0 && strand == Strand::Minus && position < 2_000;
        match example.kind {
            Kind::Negative(Negative::Intergenic) => assert!(!is_transcript && !is_antisense),
            Kind::Negative(Negative::Shuffled) => assert!(is_transcript),
            _ => (),
        }
    }
}

proptest! {
    #[test]
    fn sites_are_drawn_by_weight_without_repeats(count in 0usize..30, seed: u64) {
        let candidates: Vec<(usize, f64)> = (0..20).map(|i| (i, 1.0 + i as f64)).collect();
        let drawn = by_weight(&candidates, count, seed);
        prop_assert_eq!(drawn.len(), if count == 0 { 20 } else { count.min(20) });
        prop_assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

#[test]
fn a_site_of_more_reads_is_drawn_more_often() {
    let candidates = [(0, 1.0), (1, 9.0)];
    let first = (0..2_000).filter(|&seed| by_weight(&candidates, 1, seed) == [1]).count();
    assert!((first as f64 / 2_000.0 - 0.9).abs() < 0.03, "{first}");
}
