use std::path::Path;

use crate::genome::annotation::{Annotation, Gene};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;

fn read(text: &str) -> Annotation {
    let mut contigs = Contigs::default();
    contigs.push("chr1".to_owned(), 10_000);
    let source = Source::from_stream(Path::new("x.gff3"), text.as_bytes()).unwrap();
    Annotation::from_source(&source, &contigs).unwrap()
}

/// Rows from `contig type start end strand attributes`, separated by blanks up to the attributes.
fn rows(rows: &[&str]) -> String {
    let row = |row: &&str| {
        let columns: Vec<&str> = row.splitn(6, ' ').collect();
        let [contig, kind, start, end, strand, attributes] = columns[..] else { panic!("{row}") };
        format!("{contig}\tme\t{kind}\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n")
    };
    "##gff-version 3\n".to_owned() + &rows.iter().map(row).collect::<String>()
}

fn gene(id: &str) -> Gene {
    Gene {
        name: "ABC".to_owned(),
        id: id.to_owned(),
        contig: 0,
        strand: Strand::Minus,
        range: 100..900,
        transcripts: vec![vec![100..200, 800..900], vec![100..150, 300..400]],
        open_ended: Vec::new(),
        biotype: None,
        transcript_ids: Vec::new(),
        coding_ends: vec![119, 139],
    }
}

#[test]
fn the_styles_of_ensembl_refseq_and_gffread_give_the_same_gene() {
    let ensembl = rows(&[
        "1 chromosome 1 10000 . ID=chromosome:1",
        "1 biological_region 5 9 . external_name=oddball",
        "1 gene 101 900 - ID=gene:ENSG1;Name=ABC;biotype=protein_coding",
        "1 mRNA 101 900 - ID=transcript:T1;Parent=gene:ENSG1;Name=ABC-201",
        "1 three_prime_UTR 101 119 - Parent=transcript:T1",
        "1 exon 101 200 - Parent=transcript:T1;Name=E1",
        "1 CDS 120 200 - ID=CDS:P;Parent=transcript:T1",
        "1 exon 801 900 - Parent=transcript:T1;Name=E2",
        "1 lnc_RNA 101 400 - ID=transcript:T2;Parent=gene:ENSG1",
        "1 exon 301 400 - Parent=transcript:T2",
        "1 exon 101 150 - Parent=transcript:T2",
        "1 CDS 140 150 - ID=CDS:Q;Parent=transcript:T2",
    ]);
    let refseq = rows(&[
        "NC_000001.11 region 1 10000 + ID=NC_000001.11:1..10000;Name=1;chromosome=1;genome=chromosome",
        "NC_000001.11 gene 101 900 - ID=gene-ABC;Dbxref=GeneID:7;Name=ABC;gene=ABC",
        "NC_000001.11 mRNA 101 900 - ID=rna-NM_1.2;Parent=gene-ABC;gene=ABC",
        "NC_000001.11 exon 801 900 - ID=exon-NM_1.2-1;Parent=rna-NM_1.2;gene=ABC",
        "NC_000001.11 exon 101 200 - ID=exon-NM_1.2-2;Parent=rna-NM_1.2;gene=ABC",
        "NC_000001.11 CDS 120 200 - ID=cds-NP;Parent=rna-NM_1.2;gene=ABC",
        "NC_000001.11 transcript 101 400 - ID=rna-NR_2.1;Parent=gene-ABC",
        "NC_000001.11 exon 301 400 - ID=exon-NR-1;Parent=rna-NR_2.1",
        "NC_000001.11 exon 101 150 - ID=exon-NR-2;Parent=rna-NR_2.1",
        "NC_000001.11 CDS 140 150 - ID=cds-NQ;Parent=rna-NR_2.1",
    ]);
    // Children before parents, an exon of two parents, a name that is percent-encoded.
    let gffread = rows(&[
        "chr1 exon 801 900 - Parent=T1",
        "chr1 exon 101 200 - Parent=T1",
        "chr1 CDS 120 200 - Parent=T1",
        "chr1 mRNA 101 900 - ID=T1;Parent=G1;gene_name=ABC",
        "chr1 exon 301 400 - Parent=T2",
        "chr1 exon 101 150 - Parent=T2",
        "chr1 CDS 140 150 - Parent=T2",
        "chr1 mRNA 101 400 - ID=T2;Parent=G1",
        "chr1 gene 101 900 - ID=G1;Name=A%42C",
    ]);
    for (text, id, biotype, transcripts) in [
        (ensembl, "gene:ENSG1", Some("protein_coding"), ["transcript:T1", "transcript:T2"]),
        (refseq, "gene-ABC", None, ["rna-NM_1.2", "rna-NR_2.1"]),
        (gffread, "G1", None, ["T1", "T2"]),
    ] {
        let biotype = biotype.map(str::to_owned);
        let transcript_ids = transcripts.map(str::to_owned).to_vec();
        assert_eq!(read(&text).genes, [Gene { biotype, transcript_ids, ..gene(id) }], "{text}");
    }
}

#[test]
fn exons_of_several_parents_of_genes_and_of_micro_rnas_are_placed() {
    let annotation = read(&rows(&[
        "chr1 gene 11 100 + ID=G1;Name=ONE",
        "chr1 mRNA 11 100 + ID=T1;Parent=G1",
        "chr1 mRNA 11 50 + ID=T2;Parent=G1",
        "chr1 exon 11 50 + Parent=T1,T2",
        "chr1 exon 61 100 + Parent=T1",
        "chr1 pseudogene 201 300 + ID=gene-P",
        "chr1 exon 201 300 + Parent=gene-P",
        "chr1 gene 401 500 + ID=gene-MIR;Name=MIR",
        "chr1 primary_transcript 401 500 + ID=rna-MIR;Parent=gene-MIR",
        "chr1 exon 401 500 + Parent=rna-MIR",
        "chr1 miRNA 411 430 + ID=rna-MIR-2;Parent=rna-MIR",
        "chr1 exon 411 430 + Parent=rna-MIR-2",
        "chr1 mRNA 601 700 + ID=ALONE",
        "chr1 exon 601 700 + Parent=ALONE",
        "##FASTA x 1 1 + x",
    ]));
    let found: Vec<(&str, Vec<usize>)> = annotation
        .genes
        .iter()
        .map(|gene| (gene.name.as_str(), gene.transcripts.iter().map(Vec::len).collect()))
        .collect();
    let expected = [("ONE", vec![2, 1]), ("P", vec![1]), ("MIR", vec![1, 1]), ("ALONE", vec![1])];
    assert_eq!(found, expected);
}

#[test]
fn rows_that_cannot_be_used_are_left_out_and_said() {
    let annotation = read(&rows(&[
        "chr1 gene 11 100 + ID=G",
        "chr1 exon 50 20 + Parent=G",
        "chr1 exon 11 100 + Name=orphan",
        "chr1 exon 11 x + Parent=G",
    ]));
    let exons = &annotation.genes[0].transcripts;
    assert!(exons.len() == 1 && exons[0].len() == 1 && exons[0][0] == (10..100));
    for told in ["line 3", "the end 20 is before", "without Parent", "not a position"] {
        assert!(
            annotation.notes.iter().any(|note| note.contains(told)),
            "{told}: {:?}",
            annotation.notes
        );
    }
}
