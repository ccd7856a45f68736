//! Names of contigs, copies of genes, variants of another assembly.

use super::*;

const POSITIONS: [usize; 6] = [500, 600, 700, 800, 900, 1_000];

#[test]
fn an_id_at_two_places_is_a_gene_at_each_and_what_lies_between_is_in_none() {
    let s = Small::new(20_000);
    let row = |kind: &str, start: usize, end: usize, copy: char| {
        let attributes =
            format!("gene_id \"MIR1\"; transcript_id \"MIR1_{copy}\"; gene_name \"MIR1\";");
        format!("chr1\tx\t{kind}\t{start}\t{end}\t.\t+\t.\t{attributes}\n")
    };
    let rows: String = ["transcript", "exon"]
        .iter()
        .map(|kind| row(kind, 604, 1_515, 'a') + &row(kind, 17_000, 17_600, 'b'))
        .collect();
    let gtf = s.folder.file("multi.gtf", rows);
    let annotated = ["--annotation", &gtf, "--model", &s.model];
    run([&["scan", &s.genome, "-o", &s.at("x")], &annotated[..]].concat());
    let summary = summary(&s.at("x"));
    // Both copies and 5 kb past each, the second to the contig's end.
    assert_eq!(summary["windows"]["requested"], 912 + 5_000 + 601 + 2_400);
    let note = "1 gene ids stand at several places";
    assert!(summary["notes"].to_string().contains(note), "{summary}");
    let between = s.folder.file("v.vcf", s.snvs("chr1", &[11_152], 0));
    let vcf = run([&["variants", &between, "--fasta", &s.genome], &annotated[..]].concat());
    assert!(String::from_utf8(vcf).unwrap().contains("PolyA_skip=no_gene"));
}

#[test]
fn variants_without_a_contig_in_common_are_refused_with_both_sides() {
    let s = Small::new(3_000);
    let vcf = s.folder.file("v.vcf", s.snvs("scaffold_7", &POSITIONS, 0));
    let args = ["variants", &vcf, "--fasta", &s.genome, "--model", &s.model];
    let out = s.at("v.vcf");
    let (code, said) = s.try_run(&[&args[..], &["-o", &out]].concat());
    assert_eq!(code, Some(1), "{said}");
    for told in ["none of its contigs is in the FASTA", "scaffold_7 here", "chr1 there", "--force"]
    {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(names(&s.out).is_empty(), "{:?}", names(&s.out));
    let (code, said) = s.try_run(&[&args[..], &["--force", "-o", &out]].concat());
    assert_eq!(code, Some(0), "{said}");
    let note =
        "1 contigs of the VCF are not in the FASTA file; their 6 records are skipped (scaffold_7)";
    assert!(
        said.contains(note) && summary(&s.at("v"))["notes"].to_string().contains(note),
        "{said}"
    );
}

#[test]
fn variants_at_shifted_positions_are_refused() {
    let s = Small::new(3_000);
    let positions: Vec<usize> = (400..2_400).step_by(20).collect();
    let vcf = s.folder.file("v.vcf", s.snvs("chr1", &positions, 1));
    let args = ["variants", &vcf, "--fasta", &s.genome, "--model", &s.model];
    let (code, said) = s.try_run(&args);
    assert_eq!(code, Some(1), "{said}");
    for told in ["v.vcf: REF is not what ", "genome.fa has there in ", " of 100 records", "--force"]
    {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert_eq!(s.try_run(&[&args[..], &["--force"]].concat()).0, Some(0));
}

#[test]
fn accessions_are_matched_and_missing_contigs_are_named() {
    let s = Small::new(3_000);
    let text = s.snvs("NC_000001.11", &POSITIONS, 0) + "chrUn_7\t5\t.\tA\tC\t.\t.\t.\n";
    let vcf = s.folder.file("v.vcf", text);
    let out = s.at("v.vcf");
    let args = ["variants", &vcf, "--fasta", &s.genome, "--model", &s.model, "-o", &out];
    let (code, said) = s.try_run(&args);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("(NC_000001.11 is chr1 in the FASTA file)"), "{said}");
    assert!(said.contains(
        "1 contigs of the VCF are not in the FASTA file; their 1 records are skipped (chrUn_7)"
    ));
    assert_eq!(summary(&s.at("v"))["totals"]["scored"], 6);
    // It had no lines of contigs: that of the genome is there now, under the name of the records.
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.contains("##contig=<ID=NC_000001.11,length=3000>\n"), "{text}");
    assert!(
        said.contains("no ##contig lines; those of the genome's contigs were added (1)"),
        "{said}"
    );
}

#[test]
fn lines_of_contigs_and_info_are_as_bcftools_has_them() {
    let s = Small::new(3_000);
    let text = s.snvs("chr1", &POSITIONS, 0).replace("\t.\t.\t.\n", "\t.\t.\tDP=1;;AF=2;\n");
    let vcf = s.folder.file("v.vcf", text);
    let annotate = |vcf: &str| {
        let text = run(["variants", vcf, "--fasta", &s.genome, "--model", &s.model]);
        String::from_utf8(text).unwrap()
    };
    let once = annotate(&vcf);
    assert_eq!(once.matches("##contig=<ID=chr1,length=3000>\n").count(), 1);
    let info = |text: &str| -> Vec<String> {
        let records = text.lines().filter(|line| !line.starts_with('#'));
        records.map(|line| line.split('\t').nth(7).unwrap().to_owned()).collect()
    };
    for info in info(&once) {
        assert!(
            info.starts_with("DP=1;AF=2;PolyA") && !info.contains(";;") && !info.ends_with(';'),
            "{info}"
        );
    }
    let twice = annotate(&s.folder.file("once.vcf", &once));
    assert_eq!(twice.matches("##contig=").count(), 1);
    assert_eq!(info(&twice), info(&once));
}

#[test]
fn an_end_on_another_contig_is_named_where_it_cannot_be_indexed() {
    let s = Small::new(3_000);
    let header = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=3000>\n##INFO=<ID=END,Number=1,Type=Integer,Description=\"x\">\n";
    let text = s.snvs("chr1", &[500], 0).replace("##fileformat=VCFv4.2\n", header);
    let vcf = s.folder.file("v.vcf", text.replace("\t.\t.\t.\n", "\t.\t.\tEND=900000000\n"));
    let out = s.at("v.bcf");
    let args = ["variants", &vcf, "--fasta", &s.genome, "--model", &s.model, "-W", "-o", &out];
    let (code, said) = s.try_run(&args);
    assert!(code == Some(0) || said.contains("INFO/END"), "{said}");
}

#[test]
fn organelles_of_plants_are_one_contig_under_all_their_names() {
    let s = Small::new(2_000);
    let sequence = s.sequence.as_str();
    let styles =
        [["Chr1", "ChrM", "ChrC"], ["1", "Mt", "Pt"], ["chr1", "mitochondria", "chloroplast"]];
    for (genome, others) in styles.iter().flat_map(|genome| styles.map(|others| (genome, others))) {
        let fasta = s.folder.file("plant.fa", fasta(genome.map(|name| (name, sequence))));
        let mut gtf = String::new();
        let mut vcf = s.snvs(others[0], &[500], 0);
        let mut bed = String::new();
        for name in others {
            let ids = format!("gene_id \"g{name}\"; transcript_id \"t{name}\";");
            gtf += &format!("{name}\tx\texon\t401\t1400\t.\t+\t.\t{ids}\n");
            bed += &format!("{name}\t500\t700\n");
        }
        for name in &others[1..] {
            let records = s.snvs(name, &[500], 0);
            vcf += &records
                .lines()
                .filter(|l| !l.starts_with('#'))
                .map(|l| format!("{l}\n"))
                .collect::<String>();
        }
        let gtf = s.folder.file("plant.gtf", gtf);
        let vcf = s.folder.file("plant.vcf", vcf);
        let bed = s.folder.file("plant.bed", bed);
        let scan = ["scan", &fasta, "--model", &s.model, "-o", &s.at("x")];
        run([&scan[..], &["--annotation", &gtf]].concat());
        // The genes, and what follows up to the contigs' ends.
        assert_eq!(summary(&s.at("x"))["windows"]["requested"], 3 * 1_600, "{genome:?} {others:?}");
        run([&scan[..], &["--regions", &bed]].concat());
        assert_eq!(summary(&s.at("x"))["windows"]["requested"], 3 * 2 * 200);
        run([&scan[..], &["-r", others[1], "-r", &format!("{}:1-100", others[2])]].concat());
        assert_eq!(summary(&s.at("x"))["windows"]["requested"], 2 * 2_000 + 2 * 100);
        let v = s.at("v.vcf");
        run(["variants", &vcf, "--fasta", &fasta, "--model", &s.model, "-o", &v]);
        let said = summary(&s.at("v"));
        assert_eq!(said["totals"]["scored"], 3, "{genome:?} {others:?}: {said}");
        let text = std::fs::read_to_string(v).unwrap();
        for name in others {
            assert_eq!(text.matches(&format!("##contig=<ID={name},length=2000>\n")).count(), 1);
        }
    }
}
