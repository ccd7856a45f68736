//! Sites have their class by gene structure, held to an independent classifier (tests/context/classify.py).

use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use polyascan::context::features::GeneContext;
use polyascan::genome::annotation::Annotation;
use polyascan::genome::contigs::Contigs;
use polyascan::genome::strand::Strand;
use proptest::prelude::*;

use crate::support::*;

/// What the independent classifier says of places (contig, strand, 1-based position): genes and class.
/// `None` with a remark where there is no Python.
fn classify(gtf: &str, extension: u64, places: &[(String, char, u64)]) -> Option<Vec<String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/context/classify.py");
    let mut command = Command::new("python3");
    command.arg(script).args([gtf, &extension.to_string()]);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        eprintln!("skipped: no python3 here");
        return None;
    };
    let line = |(contig, strand, position): &(String, char, u64)| {
        format!("{contig}\t{strand}\t{position}\n")
    };
    let mut stdin = child.stdin.take().unwrap();
    let text: String = places.iter().map(line).collect();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    Some(said.lines().map(str::to_owned).collect())
}

const LENGTH: u64 = 300;

/// Genes of one to four transcripts with disjoint exons, as GTF; `gene` rows may reach farther.
fn arbitrary_gtf() -> impl Strategy<Value = String> {
    let exons = prop::collection::vec((1u64..18, 1u64..14), 1..5);
    let transcript = (0u64..160, exons).prop_map(|(mut at, parts)| {
        let mut exon = |(gap, length): (u64, u64)| {
            let start = at + gap;
            at = start + length;
            start..at
        };
        parts.into_iter().map(&mut exon).collect::<Vec<Range<u64>>>()
    });
    let transcripts = prop::collection::vec(transcript, 1..5);
    let gene = (any::<bool>(), transcripts, (0u64..9, 0u64..9));
    prop::collection::vec(gene, 1..7).prop_map(|genes| {
        let mut text = String::new();
        for (number, (minus, transcripts, (before, after))) in genes.into_iter().enumerate() {
            let strand = if minus { '-' } else { '+' };
            let mut add = |kind: &str, range: Range<u64>, rest: &str| {
                text += &format!(
                    "c\tme\t{kind}\t{}\t{}\t.\t{strand}\t.\tgene_id \"G{number}\"; {rest}\n",
                    range.start + 1,
                    range.end
                );
            };
            // Holds transcripts that do not overlap together.
            let starts = transcripts.iter().flatten().map(|exon| exon.start);
            let ends = transcripts.iter().flatten().map(|exon| exon.end);
            let start = starts.min().unwrap().saturating_sub(before);
            add("gene", start..(ends.max().unwrap() + after).min(LENGTH), "");
            for (i, transcript) in transcripts.iter().enumerate() {
                for exon in transcript {
                    add("exon", exon.clone(), &format!("transcript_id \"T{i}\";"));
                }
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_place_of_any_gene_models_has_the_class_of_the_independent_classifier(
        gtf in arbitrary_gtf(), extension in 0u64..60
    ) {
        let folder = Folder::new();
        let path = folder.file("g.gtf", &gtf);
        let mut contigs = Contigs::default();
        contigs.push("c".to_owned(), LENGTH);
        let annotation = Annotation::read(Path::new(&path), &contigs).unwrap();
        let context = GeneContext::new(&annotation, &contigs, extension);
        let strands = Strand::BOTH.iter().flat_map(|s| (0..LENGTH).map(move |p| (*s, p)));
        let strands: Vec<(Strand, u64)> = strands.collect();
        let places: Vec<(String, char, u64)> =
            strands.iter().map(|(s, p)| ("c".to_owned(), s.symbol(), p + 1)).collect();
        let Some(said) = classify(&path, extension, &places) else { return Ok(()) };
        prop_assert_eq!(said.len(), strands.len());
        for ((strand, position), said) in strands.into_iter().zip(said) {
            let (names, feature) = context.classify(0, strand, position);
            prop_assert_eq!(format!("{names}\t{}", feature.name()), said, "{}{}", strand, position);
        }
    }
}

#[test]
fn the_sites_of_a_real_scan_have_the_classes_of_the_independent_classifier() {
    let Some(fasta) = shared("data/human/chr9_public_test.fa.gz") else { return };
    let Some(gtf) = shared("data/human/chr9_public_test.gtf.gz") else { return };
    let folder = Folder::new();
    let (fasta, gtf) = (fasta.to_str().unwrap(), gtf.to_str().unwrap());
    let model = small_model(&folder);
    let args = ["scan", fasta, "--annotation", gtf, "--whole-genome", "--model", &model, "-o", "-"];
    let sites = sites(std::str::from_utf8(&run(args)).unwrap());
    let places: Vec<(String, char, u64)> =
        sites.iter().map(|site| (site.chrom.clone(), site.strand, site.end as u64)).collect();
    let Some(said) = classify(gtf, 5_000, &places) else { return };
    let mut counts = std::collections::BTreeMap::new();
    for (site, said) in sites.iter().zip(said) {
        assert_eq!(format!("{}\t{}", site.gene, site.feature), said, "{}", site.line);
        *counts.entry(site.feature.clone()).or_insert(0) += 1;
    }
    println!("{counts:?}");
    assert_eq!(counts.len(), 7, "{counts:?}");
}
