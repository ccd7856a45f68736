use std::io::Write;

use proptest::prelude::*;

use super::*;

fn contigs(names: &[&str]) -> Contigs {
    let mut contigs = Contigs::default();
    for name in names {
        contigs.push((*name).to_owned(), 10_000);
    }
    contigs
}

fn read_on(names: &[&str], text: &[u8]) -> Result<Annotation> {
    let source = Source::from_stream(Path::new("x.gtf"), text)?;
    Annotation::from_source(&source, &contigs(names))
}

/// Rows from `contig kind start end strand attributes`, separated by blanks up to the attributes.
fn gtf(rows: &[&str]) -> String {
    let row = |row: &&str| {
        let mut columns = row.splitn(6, ' ');
        let mut next = || columns.next().unwrap_or_default();
        let (contig, kind, start, end) = (next(), next(), next(), next());
        let (strand, attributes) = (next(), next());
        format!("{contig}\tme\t{kind}\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n")
    };
    rows.iter().map(row).collect()
}

fn read(rows: &[&str]) -> Annotation {
    read_on(&["chr1", "chrX", "chrY"], gtf(rows).as_bytes()).unwrap()
}

fn message(names: &[&str], text: &str) -> String {
    read_on(names, text.as_bytes()).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn genes_hold_their_transcripts_in_order() {
    let annotation = read(&[
        "chr1 gene 101 900 - gene_id \"G2\"; gene_name \"TWO\"; gene_type \"lncRNA\";",
        "chr1 transcript 101 900 - gene_id \"G2\"; transcript_id \"T1\"; gene_name \"TWO\";",
        "chr1 exon 801 900 - gene_id \"G2\"; transcript_id \"T1\";",
        "chr1 exon 301 400 - gene_id \"G2\"; transcript_id \"T2\";",
        "chr1 exon 101 200 - gene_id \"G2\"; transcript_id \"T1\";",
        "chr1 CDS 101 200 - nonsense",
        "chr1 exon 11 20 + gene_id \"G1\"; transcript_id \"T3\";",
    ]);
    let one = Gene {
        name: "G1".to_owned(),
        id: "G1".to_owned(),
        contig: 0,
        strand: Strand::Plus,
        range: 10..20,
        transcripts: vec![vec![10..20]],
        open_ended: Vec::new(),
        biotype: None,
        transcript_ids: vec!["T3".to_owned()],
        coding_ends: Vec::new(),
    };
    let two = Gene {
        name: "TWO".to_owned(),
        id: "G2".to_owned(),
        contig: 0,
        strand: Strand::Minus,
        range: 100..900,
        transcripts: vec![vec![100..200, 800..900], vec![300..400]],
        open_ended: Vec::new(),
        biotype: Some("lncRNA".to_owned()),
        transcript_ids: vec!["T1".to_owned(), "T2".to_owned()],
        coding_ends: Vec::new(),
    };
    assert_eq!(annotation.genes, [one, two]);
    assert!(annotation.notes.is_empty());
}

#[test]
fn transcripts_that_go_on_outside_are_remembered() {
    let annotation = read(&[
        "chr1 transcript 11 20 + gene_id \"G\"; transcript_id \"A\"; partial \"5-prime\";",
        "chr1 exon 11 20 + gene_id \"G\"; transcript_id \"A\";",
        "chr1 exon 11 20 + gene_id \"G\"; transcript_id \"B\";",
        "chr1 transcript 11 20 + gene_id \"G\"; transcript_id \"B\"; partial \"5-prime,3-prime\";",
    ]);
    assert_eq!(annotation.genes[0].open_ended, [1]);
}

#[test]
fn a_gene_without_exons_is_one_exon() {
    let annotation = read(&[
        "chr1 gene 101 900 + gene_id \"A\";",
        "chr1 transcript 2001 2100 + gene_id \"B\"; transcript_id \"T\";",
    ]);
    for (gene, range) in annotation.genes.iter().zip([100..900, 2000..2100]) {
        assert_eq!(gene.transcripts, [std::slice::from_ref(&range)]);
    }
}

#[test]
fn a_gene_on_two_contigs_or_strands_is_two_genes() {
    let annotation = read(&[
        "chrX exon 101 200 + gene_id \"PAR\"; transcript_id \"T\";",
        "chrY exon 501 600 + gene_id \"PAR\"; transcript_id \"T\";",
        "chrY exon 501 600 - gene_id \"PAR\"; transcript_id \"T\";",
        "chrX exon 301 400 + gene_id \"PAR\"; transcript_id \"T\";",
    ]);
    let found: Vec<_> =
        annotation.genes.iter().map(|g| (g.contig, g.strand, g.range.clone())).collect();
    let expected =
        [(1, Strand::Plus, 100..400), (2, Strand::Plus, 500..600), (2, Strand::Minus, 500..600)];
    assert_eq!(found, expected);
}

#[test]
fn contig_styles_are_matched_and_noted_once() {
    let text = gtf(&[
        "1 exon 1 9 + gene_id \"A\";",
        "1 exon 11 19 + gene_id \"B\";",
        "MT exon 1 9 + gene_id \"C\";",
        "KI270728.1 gene 1 9 + gene_id \"D\";",
        "KI270728.1 exon 1 9 + gene_id \"D\";",
    ]);
    let annotation = read_on(&["chr1", "chrM"], text.as_bytes()).unwrap();
    assert_eq!(annotation.genes.iter().map(|gene| gene.contig).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(annotation.notes.len(), 2);
    assert!(annotation.notes[0].starts_with("2 contig names"), "{:?}", annotation.notes);
    assert!(annotation.notes[0].contains("(1 is chr1 in the FASTA file)"));
    assert!(
        annotation.notes[1].starts_with("1 contigs") && annotation.notes[1].contains("2 gene, ")
    );
    assert!(annotation.notes[1].contains("KI270728.1"));
}

#[test]
fn no_contig_in_common_is_an_error_with_both_sides() {
    let row = |name| format!("{name} gene 1 9 + gene_id \"A\";");
    let rows = ["NC_1", "NC_2", "NC_3", "NC_4"].map(row);
    let text = message(&["chr1", "chr2"], &gtf(&rows.each_ref().map(String::as_str)));
    assert!(text.contains("NC_1, NC_2, NC_3, ... here, chr1, chr2 there"), "{text}");
}

#[test]
fn what_is_left_out_is_counted() {
    let annotation = read(&[
        "chr1 gene 1 9 . gene_id \"A\";",
        "chr1 exon 1 9 . gene_id \"A\";",
        "chr1 gene 1 10000 + gene_id \"B\";",
        "chr1 gene 2 10001 + gene_id \"C\";",
    ]);
    assert_eq!(annotation.genes.len(), 1);
    assert!(annotation.notes[0].starts_with("1 genes without a strand"));
    assert!(annotation.notes[1].starts_with("1 genes reach past the end of their contig"));
    assert!(annotation.notes[1].contains("(C ends at 10001, chr1 has 10000 nt)"));
}

/// Genes as text, `name contig:range:strand transcripts`.
fn shown(annotation: &Annotation) -> Vec<String> {
    let gene = |g: &Gene| {
        format!("{} {}:{:?}:{} {:?}", g.name, g.contig, g.range, g.strand, g.transcripts)
    };
    annotation.genes.iter().map(gene).collect()
}

#[test]
fn an_id_at_several_places_is_a_gene_at_each_and_it_is_said() {
    let annotation = read(&[
        "chr1 transcript 604 1515 + gene_id \"MIR1\"; transcript_id \"a\";",
        "chr1 exon 604 1515 + gene_id \"MIR1\"; transcript_id \"a\";",
        "chr1 transcript 7000 7600 + gene_id \"MIR1\"; transcript_id \"b\"; gene_name \"N\";",
        "chr1 exon 7000 7600 + gene_id \"MIR1\"; transcript_id \"b\";",
        "chr1 exon 7000 7600 - gene_id \"MIR1\"; transcript_id \"b\";",
    ]);
    let expected = [
        "N 0:603..1515:+ [[603..1515]]",
        "N 0:6999..7600:+ [[6999..7600]]",
        "N 0:6999..7600:- [[6999..7600]]",
    ];
    assert_eq!(shown(&annotation), expected);
    assert_eq!(annotation.notes.len(), 1);
    assert!(annotation.notes[0].starts_with("1 gene ids stand at several places"));
    assert!(annotation.notes[0].contains("(MIR1: chr1:604-1515:+ and chr1:7000-7600:+)"));
}

#[test]
fn rows_that_cannot_be_used_are_left_out_counted_and_named() {
    let good = "chr1 exon 101 200 + gene_id \"G\"; transcript_id \"T\";";
    for (row, told) in [
        ("chr1 exon 1 9 + note \"x\";", "gene_id is missing"),
        ("chr1 gene 1 9 + transcript_id \"T\";", "gene_id is missing"),
        ("chr1 exon 1 9 + ", "gene_id is missing"),
        ("chr1 exon 1 9 + g1", "gene_id is missing"),
        ("chr1 exon 1 9 + gene_id \"G", "(column 9) cannot be read"),
        ("chr1 exon 1 9 + gene_id \"G\"; transcript_id \"T", "(column 9) cannot be read"),
        ("chr1 exon 1 9 + ID=x;Parent=T", "this looks like GFF3"),
        ("chr1 exon 1 9 + gene_id \"G\";\tmore", "more than 9 columns"),
        ("chr1 exon 1 9 plus gene_id \"G\";", "\"plus\" is neither + nor -"),
        ("chr1 exon 9 2 + gene_id \"G\";", "the end 2 is before the start 9"),
    ] {
        let annotation = read(&[good, row, good, row]);
        assert_eq!(shown(&annotation), ["G 0:100..200:+ [[100..200, 100..200]]"], "{row}");
        assert_eq!(annotation.notes.len(), 1, "{row}: {:?}", annotation.notes);
        let note = &annotation.notes[0];
        assert!(note.starts_with("2 rows are left out (the first is line 2): "), "{note}");
        assert!(note.contains(told), "{note}");
    }
}

#[test]
fn rows_are_understood_as_tools_write_them() {
    let exon = "chr1 exon 101 200 + transcript_id \"g1.t1\";";
    for (rows, gene, told) in [
        // gffread -T: the gene is on the row of the transcript alone, before or after.
        (vec!["chr1 transcript 101 200 + transcript_id \"g1.t1\"; gene_id \"G\"", exon], "G", ""),
        (vec![exon, "chr1 transcript 101 200 + transcript_id \"g1.t1\"; gene_id \"G\""], "G", ""),
        // A transcript without a gene is its own.
        (vec![exon], "g1.t1", ""),
        // AUGUSTUS, BRAKER.
        (
            vec!["chr1 gene 101 200 + g1", "chr1 transcript 101 200 + g1.t1", exon],
            "g1",
            "2 rows have an id alone",
        ),
        // AGAT.
        (
            vec![
                "chr1 exon 101 200 + gene_id \"G\"; transcript_id \"T\"; Dbxref \"GeneID:1\" \"X:2\"; a \"[b]\";",
            ],
            "G",
            "",
        ),
        // A quote that is left open, or escaped, in what is not needed.
        (
            vec!["chr1 exon 101 200 + gene_id \"G\"; transcript_id \"T\"; note \"5' \"end; x"],
            "G",
            "",
        ),
        (
            vec!["chr1 exon 101 200 + note \"a\\\"b;\"; gene_id \"G\"; transcript_id \"T\";"],
            "G",
            "",
        ),
        (vec!["chr1 exon 101 200 + note \"a\\n\"; gene_id \"G\";; # end"], "G", ""),
    ] {
        let annotation = read(&rows);
        assert_eq!(shown(&annotation), [format!("{gene} 0:100..200:+ [[100..200]]")], "{rows:?}");
        assert_eq!(annotation.notes.is_empty(), told.is_empty(), "{:?}", annotation.notes);
        assert!(annotation.notes.concat().contains(told));
    }
}

#[test]
fn a_trans_spliced_transcript_is_left_out_and_counted() {
    let annotation = read(&[
        "chr1 gene 604 1515 + gene_id \"G1\"; transcript_id \"\";",
        "chr1 exon 604 1515 + gene_id \"G1\"; transcript_id \"X\";",
        "chr1 transcript 8000 8900 ? gene_id \"nad1\"; transcript_id \"U\";",
        "chr1 exon 8000 8100 + gene_id \"nad1\"; transcript_id \"U\"; exon_number \"1\";",
        "chr1 exon 8800 8900 - gene_id \"nad1\"; transcript_id \"U\"; exon_number \"2\";",
        "chr1 exon 9000 9100 ? gene_id \"lost\"; transcript_id \"V\";",
    ]);
    let names: Vec<_> = annotation.genes.iter().map(|gene| gene.name.as_str()).collect();
    assert_eq!(names, ["G1"]);
    assert_eq!(annotation.notes.len(), 1, "{:?}", annotation.notes);
    assert!(annotation.notes[0].starts_with("2 genes without a strand"), "{:?}", annotation.notes);
    assert!(annotation.notes[0].contains("4 rows of transcripts"));
}

/// Quadratic work would take a quarter of an hour here.
#[test]
fn the_time_to_read_grows_with_the_rows_whatever_their_ids() {
    let rows = |gene: &dyn Fn(u32) -> u32, transcript: &dyn Fn(u32) -> u32| {
        let row = |i: u32| {
            let start = 1 + u64::from(i) * 37 % 9_000;
            let (end, gene, transcript) = (start + 300, gene(i), transcript(i));
            format!(
                "chr1\tx\texon\t{start}\t{end}\t.\t+\t.\tgene_id \"{gene}\"; transcript_id \"{transcript}\";\n"
            )
        };
        (0..200_000).map(row).collect::<String>()
    };
    let time = |text: String| {
        let begin = std::time::Instant::now();
        assert!(!read_on(&["chr1"], text.as_bytes()).unwrap().genes.is_empty());
        begin.elapsed().as_secs_f64()
    };
    let each = time(rows(&|i| i, &|i| i));
    for seconds in
        [time(rows(&|_| 0, &|i| i)), time(rows(&|_| 0, &|_| 0)), time(rows(&|i| i % 2, &|i| i / 2))]
    {
        assert!(seconds < 5.0 * each + 1.0, "{seconds} s, with ids of their own {each} s");
    }
}

#[test]
fn errors_name_the_line() {
    for (row, told) in [
        ("chr1 gene 9 8 + gene_id \"A\";", "the end 8 is before the start 9"),
        ("chr1 gene x 8 + gene_id \"A\";", "column 4 is \"x\", not a position"),
        ("chr1 gene 1 -8 + gene_id \"A\";", "column 5 is \"-8\", not a position"),
        ("chr1 gene 0 8 + gene_id \"A\";", "column 4 is \"0\", not a position"),
        ("chr1 gene 1 8 plus gene_id \"A\";", "neither + nor -"),
        ("chr1 gene 1 8 + gene_name \"A\";", "gene_id is missing"),
        ("chr1 gene 1 8 + gene_id \"\";", "gene_id is missing"),
        ("chr1 gene 1 8 + gene_id \"A", "the attributes (column 9) cannot be read"),
    ] {
        let text = message(&["chr1"], &(String::from("#!x\n\n") + &gtf(&[row])));
        assert!(text.contains("x.gtf, line 3: ") && text.contains(told), "{text}");
    }
    assert!(message(&["chr1"], "##gff-version 3\n").contains("no gene, transcript or exon rows"));
    let torn = message(&["chr1"], "##gff-version 3\nchr1 gene 1 8\n");
    assert!(torn.contains("line 2: not GFF3: fewer than 9 columns"), "{torn}");
    assert!(
        message(&["chr1"], "\nchr1 gene 1 8\n").contains("line 2: not GTF: fewer than 9 columns")
    );
}

#[test]
fn a_file_without_genes_is_an_error() {
    for text in ["", "# nothing\n", &gtf(&["chr1 CDS 1 8 + gene_id \"A\";"])] {
        assert!(message(&["chr1"], text).contains("x.gtf: no gene, transcript or exon rows"));
    }
    let text = message(&["chr1"], &gtf(&["chr1 gene 1 8 . gene_id \"A\";"]));
    assert!(text.contains("1 genes without a strand"), "{text}");
}

#[test]
fn blanks_before_a_value_do_not_matter() {
    let annotation = read(&["chr1 gene 1 8 + gene_id  \"A\" ;  gene_name   B;"]);
    assert_eq!(annotation.genes[0].name, "B");
    let annotation = read(&["chr1 gene 1 8 + gene_id  \"A\"; gene_name \"\""]);
    assert_eq!(annotation.genes[0].name, "A");
}

#[test]
fn compressed_files_are_read() {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(gtf(&["chr1 gene 1 8 + gene_id \"A\";"]).as_bytes()).unwrap();
    let bytes = writer.finish().unwrap();
    assert_eq!(read_on(&["chr1"], &bytes).unwrap().genes.len(), 1);
    let text = read_on(&["chr1"], &bytes[..bytes.len() - 4]).map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("truncated gzip"), "{text}");
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn the_public_annotations_are_read() {
    use crate::genome::fasta::FastaFile;
    use crate::shared::shared;
    let data = shared("data");
    let yeast = data.join("yeast");
    for (fasta, annotation, genes, transcripts) in [
        (
            data.join("human/chr9_public_test.fa.gz"),
            data.join("human/chr9_public_test.gtf.gz"),
            23,
            105,
        ),
        (
            yeast.join("Saccharomyces_cerevisiae.R64-1-1.dna.toplevel.fa.gz"),
            yeast.join("Saccharomyces_cerevisiae.R64-1-1.96.gtf.gz"),
            7036,
            7036,
        ),
    ] {
        let fasta = FastaFile::open(&fasta).unwrap();
        let annotation = Annotation::read(&annotation, &fasta.contigs).unwrap();
        assert_eq!(annotation.notes, [] as [String; 0]);
        assert_eq!(annotation.genes.len(), genes);
        let counted: usize = annotation.genes.iter().map(|gene| gene.transcripts.len()).sum();
        assert_eq!(counted, transcripts);
    }
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(
        rows in prop::collection::vec((0usize..4, 0usize..3, 1u64..500, 1u64..50, 0usize..2), 1..20),
        rotation: prop::sample::Index
    ) {
        let rows: Vec<String> = rows
            .iter()
            .map(|(gene, transcript, start, length, strand)| {
                let (end, strand) = (start + length, ["+", "-"][*strand]);
                format!("chr1 exon {start} {end} {strand} gene_id \"G{gene}\"; transcript_id \"T{transcript}\";")
            })
            .collect();
        let mut rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let sorted = |mut annotation: Annotation| {
            for gene in &mut annotation.genes {
                let ids = std::mem::take(&mut gene.transcript_ids);
                let exons = std::mem::take(&mut gene.transcripts);
                let mut transcripts: Vec<_> = exons.into_iter().zip(ids).collect();
                transcripts.sort_by_key(|(exons, id)| {
                    let places = exons.iter().map(|exon| (exon.start, exon.end));
                    (places.collect::<Vec<_>>(), id.clone())
                });
                (gene.transcripts, gene.transcript_ids) = transcripts.into_iter().unzip();
            }
            annotation.genes
        };
        let before = sorted(read(&rows));
        let middle = rotation.index(rows.len());
        rows.rotate_left(middle);
        prop_assert_eq!(&before, &sorted(read(&rows)));
        for gene in before {
            let exons = || gene.transcripts.iter().flatten();
            prop_assert_eq!(Some(gene.range.start), exons().map(|exon| exon.start).min());
            prop_assert_eq!(Some(gene.range.end), exons().map(|exon| exon.end).max());
        }
    }
}
