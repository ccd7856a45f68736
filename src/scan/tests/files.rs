//! The scan with the real reader of sequences and the real gene context.

use std::io::Write;

use super::*;
use crate::context::class::Feature;
use crate::genome::annotation::{Annotation, Gene};
use crate::genome::fasta::FastaFile;
use crate::genome::sequence::decode;

/// Scans a genome that was written to a FASTA file, for all of it or for genes only.
fn scan_file(
    contigs: &[Vec<u8>],
    genes: Option<&GeneContext>,
    chunk: usize,
) -> (Vec<Site>, ScanTotals) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for (i, codes) in contigs.iter().enumerate() {
        writeln!(file, ">c{i}").unwrap();
        for line in decode(codes).chunks(60) {
            writeln!(file, "{}", String::from_utf8_lossy(line)).unwrap();
        }
    }
    let fasta = FastaFile::open(file.path()).unwrap();
    let targets = Targets::new(&fasta.contigs, &Strand::BOTH, None, genes);
    let job = ScanJob {
        bases: Box::new(fasta.bases().unwrap()),
        contigs: &fasta.contigs,
        fasta: &fasta.path,
        model: &HashModel::new(0.1),
        screen: None,
        targets: &targets,
        genes,
        settings: settings(2, chunk).0,
        threads: 2,
        interrupt: &AtomicBool::new(false),
        profile: &Profile::default(),
    };
    let mut sink = Collected::default();
    let totals = run(job, &mut sink).unwrap();
    (sink.sites, totals)
}

fn genome() -> Vec<Vec<u8>> {
    let codes = |n: u64| (0..n).map(|i| (i.wrapping_mul(i ^ 0x51) >> 4) as u8 % 4).collect();
    vec![codes(9_001), codes(100), codes(2_000)]
}

#[test]
fn a_fasta_file_scans_like_the_same_genome_in_memory() {
    let (want, want_totals) =
        scan(&genome(), &HashModel::new(0.1), None, settings(1, 65_536)).unwrap();
    for chunk in [17, 5_000] {
        let (sites, totals) = scan_file(&genome(), None, chunk);
        assert_eq!((&sites, &totals), (&want.sites, &want_totals));
    }
}

#[test]
fn an_annotated_scan_covers_the_genes_and_names_them() {
    let gene = Gene {
        name: "GENE".into(),
        id: String::new(),
        contig: 0,
        strand: Strand::Minus,
        range: 4_000..6_000,
        transcripts: vec![vec![4_000..4_500, 5_500..6_000]],
        open_ended: Vec::new(),
        biotype: None,
        transcript_ids: Vec::new(),
        coding_ends: Vec::new(),
    };
    let annotation = Annotation { genes: vec![gene], notes: Vec::new() };
    let genes = GeneContext::new(&annotation, &contig_list(&genome()), 1_000);
    let (whole, _) = scan_file(&genome(), None, 1_000);
    let (sites, totals) = scan_file(&genome(), Some(&genes), 100);
    let inside = |site: &&Site| {
        (site.contig, site.strand) == (0, Strand::Minus) && (3_000..6_000).contains(&site.position)
    };
    let positions = |sites: &[Site]| sites.iter().filter(inside).map(|s| s.position).collect();
    let (got, want): (Vec<u64>, Vec<u64>) = (positions(&sites), positions(&whole));
    assert_eq!(got, want);
    assert!(sites.len() == got.len() && got.len() > 20);
    assert!(sites.iter().all(|s| s.gene.as_ref().is_some_and(|(name, _)| name == "GENE")));
    assert_eq!(totals.features.values().sum::<u64>(), totals.sites());
    let classes: Vec<Feature> = totals.features.keys().copied().collect();
    let want = [Feature::TerminalExon, Feature::UpstreamExon, Feature::IntronComposite];
    assert_eq!(classes, [&want[..], &[Feature::ExtendedTerminalExon]].concat());
}
