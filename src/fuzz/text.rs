//! Genomes, annotations, regions, sequences and structures.

use std::io::Read;
use std::path::Path;

use proptest::prelude::*;

use super::damage::damaged_text;
use super::{contigs, file};
use crate::context::features::GeneContext;
use crate::genome::annotation::Annotation;
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::genome::region::{Region, read_bed};
use crate::genome::sequence::encode;
use crate::genome::sequences::Sequences;
use crate::genome::strand::Strand;
use crate::structure::{Form, Records};

const FASTA: [&str; 3] = [
    ">chr1 first\nACGTNNACGT\nAC\n>chr2\nacgtnryk*-\n",
    "\r\n>a\r\nACGT\r\n\r\n>b b\r\nAC\r\n",
    ">1\nUUACG\n>HLA-A*01:01\n>x\nNNNNNNNN",
];

/// Names and letters as the simplest reader finds them: lines, of which those with `>` are headers;
/// carriage returns on either side of letters are no letters.
fn records(text: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut records: Vec<(String, Vec<u8>)> = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        if let Some(header) = line.strip_prefix(b">") {
            let name = header.split(u8::is_ascii_whitespace).next().unwrap_or_default();
            records.push((String::from_utf8_lossy(name).into_owned(), Vec::new()));
            continue;
        }
        let letters = std::str::from_utf8(line).unwrap().trim_matches('\r');
        match records.last_mut() {
            Some((_, all)) => all.extend(letters.bytes()),
            None => assert!(letters.is_empty()),
        }
    }
    records
}

pub(super) fn decompressed(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut content).unwrap();
    } else {
        content.extend(bytes);
    }
    content
}

const GTF: [&str; 3] = [
    "#!genome x\n\
     chr1\tme\tgene\t1001\t2000\t.\t+\t.\tgene_id \"G\"; gene_name \"NAME\";\n\
     chr1\tme\texon\t1001\t1200\t.\t+\t.\tgene_id \"G\"; transcript_id \"T1\";\n\
     chr1\tme\texon\t1801\t2000\t.\t+\t.\tgene_id \"G\"; transcript_id \"T1\";\n",
    "1\tme\ttranscript\t1\t5000\t.\t-\t.\tgene_id \"A\"; transcript_id \"B\"\r\n\
     chr2\tme\texon\t1\t800\t.\t-\t0\tgene_id A; transcript_id B\r\n",
    "chr1\tme\tgene\t1\t4999\t.\t.\t.\tgene_id \"G\";\nscaffold\tme\texon\t1\t9\t.\t+\t.\tgene_id \"H\";\n\
     2\tme\texon\t700\t900\t.\t+\t.\tgene_id \"I\";\n2\tme\tgene\t1\t9\t.\t+\t.\tgene_id \"J\";",
];

const BED: [&str; 2] = [
    "track name=x\nchr1\t0\t5000\tname\t0\t-\nchr2\t5\t6\n",
    "# remark\r\n1 10 20\r\nHLA-A*01:01\t0\t300\tn\t0\t.\t0\t0\n",
];

const TABLES: [&str; 3] =
    ["ACGTACGT\nNNNN\n\nacgu", "hexamer\tsequence\nAATAAA\tACGT\n\tGG\n", ">a b\nAC\nGT\n>\nAC\n"];

const STRUCTURES: [&str; 3] = [
    ">a\nGGGAAACCC\n(((...))) (-1.20)\n>b\nACGU\n.... 0.0\n",
    "GGGAAACCC\n(((...)))\nSSSHHHSSS\n",
    ">a\nFFSSHHSSTT\n>b\n((.(..).))\n",
];

proptest! {
    #[test]
    fn a_genome_is_refused_or_read_as_it_stands(bytes in damaged_text(&FASTA)) {
        let file = file(&bytes);
        let Ok(fasta) = FastaFile::open(file.path()) else { return Ok(()) };
        let expected = records(&decompressed(&bytes));
        prop_assert_eq!(fasta.contigs.len(), expected.len());
        let mut bases = fasta.bases().unwrap();
        for (i, (name, letters)) in expected.iter().enumerate() {
            prop_assert_eq!(bases.next_contig().unwrap(), Some(i));
            prop_assert!(fasta.contigs[i].name == *name && !name.is_empty());
            prop_assert_eq!(fasta.contigs[i].length, letters.len() as u64);
            let mut codes = Vec::new();
            bases.read(usize::MAX, &mut codes).unwrap();
            prop_assert_eq!(Ok(codes), encode(letters));
        }
        prop_assert_eq!(bases.next_contig().unwrap(), None);
    }

    #[test]
    fn an_annotation_is_refused_or_its_genes_lie_on_the_genome(
        bytes in damaged_text(&GTF), extension in prop_oneof![Just(5_000u64), any::<u64>()]
    ) {
        let (contigs, file) = (contigs(), file(&bytes));
        let Ok(annotation) = Annotation::read(file.path(), &contigs) else { return Ok(()) };
        prop_assert!(!annotation.genes.is_empty());
        let place = |gene: &crate::genome::annotation::Gene| (gene.contig, gene.range.start, gene.range.end);
        prop_assert!(annotation.genes.is_sorted_by_key(place));
        for gene in &annotation.genes {
            prop_assert!(!gene.name.is_empty() && !gene.name.contains(|c: char| c.is_control()), "{:?}", gene.name);
            let range = &gene.range;
            prop_assert!(range.start < range.end && range.end <= contigs[gene.contig].length);
            prop_assert!(!gene.transcripts.is_empty());
            for exons in &gene.transcripts {
                prop_assert!(!exons.is_empty() && exons.is_sorted_by_key(|exon| (exon.start, exon.end)));
                prop_assert!(exons.iter().all(|e| e.start < e.end && range.start <= e.start && e.end <= range.end));
            }
        }
        let context = GeneContext::new(&annotation, &contigs, extension);
        for (i, contig) in contigs.iter().enumerate() {
            for strand in Strand::BOTH {
                let targets = context.targets(i, strand);
                prop_assert!(targets.as_slice().iter().all(|range| range.end <= contig.length));
            }
        }
    }

    #[test]
    fn a_list_of_regions_is_refused_or_lies_on_the_genome(bytes in damaged_text(&BED)) {
        let (contigs, file) = (contigs(), file(&bytes));
        let Ok(regions) = read_bed(file.path(), &contigs) else { return Ok(()) };
        let text = String::from_utf8_lossy(&decompressed(&bytes)).into_owned();
        let is_region = |line: &&str| {
            let first = line.split_ascii_whitespace().next().unwrap_or_default();
            !(first.is_empty() || first.starts_with('#') || ["track", "browser"].contains(&first))
        };
        prop_assert_eq!(regions.len(), text.split('\n').filter(is_region).count());
        for (region, _) in regions {
            let range = region.range;
            prop_assert!(range.start < range.end && range.end <= contigs[region.contig].length);
        }
    }

    #[test]
    fn a_region_is_refused_or_lies_on_the_genome(
        text in "(chr1|2|HLA-A\\*01|empty)?[:0-9,\\-]{0,30}", other: String
    ) {
        let contigs = contigs();
        for text in [text, other] {
            if let Ok(Region { contig, range }) = Region::parse(&text, &contigs, Path::new("g.fa")) {
                prop_assert!(range.start <= range.end && range.end <= contigs[contig].length);
            }
        }
    }

    #[test]
    fn a_list_of_sequences_is_refused_or_read_in_order(bytes in damaged_text(&TABLES)) {
        let file = file(&bytes);
        let Ok(mut sequences) = Sequences::open(file.path(), None) else { return Ok(()) };
        let mut line = 0;
        while let Some(Ok(sequence)) = sequences.next() {
            prop_assert!(sequence.line > line);
            line = sequence.line;
            if let Ok(codes) = sequences.codes(&sequence) {
                prop_assert_eq!(codes.len(), sequence.letters.len());
            }
        }
    }

    #[test]
    fn structures_are_refused_or_fit_their_sequences(bytes in damaged_text(&STRUCTURES)) {
        let file = file(&bytes);
        for form in [Form::Labels, Form::Raw] {
            let Ok(source) = Source::open(file.path()) else { return Ok(()) };
            let mut line = 0;
            for record in Records::open(&source, form).map_while(|record| record.ok()) {
                prop_assert!(record.line > line && !record.structure.is_empty());
                line = record.line;
                let nt = record.sequence.map_or(record.structure.len(), |letters| letters.len());
                prop_assert_eq!(nt, record.structure.len());
            }
        }
    }
}

#[test]
fn the_undamaged_files_are_taken() {
    let contigs = contigs();
    let is_good = |text: &str, read: &dyn Fn(&Path) -> bool| {
        assert!(read(file(text.as_bytes()).path()), "{text}");
    };
    FASTA.iter().for_each(|text| is_good(text, &|path| FastaFile::open(path).is_ok()));
    GTF.iter().for_each(|text| is_good(text, &|path| Annotation::read(path, &contigs).is_ok()));
    BED.iter().for_each(|text| is_good(text, &|path| read_bed(path, &contigs).is_ok()));
    let sequences = |path: &Path| Sequences::open(path, None).is_ok_and(|s| s.count() > 1);
    TABLES.iter().for_each(|text| is_good(text, &sequences));
    let structures = |path: &Path| {
        let source = Source::open(path).unwrap();
        Records::open(&source, Form::Labels).all(|record| record.is_ok())
    };
    STRUCTURES.iter().for_each(|text| is_good(text, &structures));
}
