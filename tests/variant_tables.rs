//! `variants`: tables, lists, single variants and HGVS give what VCF gives, and every row is
//! accounted for.

use std::fs;

use serde_json::Value;

use crate::support::*;
use crate::trust::letters;

const HEADER: &str = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

/// A genome of two contigs and a model that finds sites everywhere.
struct Here {
    folder: Folder,
    sequence: String,
    genome: String,
    model: String,
}

impl Here {
    fn new() -> Self {
        let folder = Folder::new();
        let sequence = letters(3_000, 8);
        let other = letters(1_200, 9);
        let records = [("chr1", sequence.as_str()), ("chrX", other.as_str())];
        let genome = folder.file("genome.fa", fasta(records));
        let model = small_model(&folder);
        Self { folder, sequence, genome, model }
    }

    /// The base at a position from 1, and another one.
    fn bases(&self, position: usize) -> (&str, &'static str) {
        let here = &self.sequence[position - 1..position];
        (here, if here == "A" { "C" } else { "A" })
    }

    fn args<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let args = ["variants", "--fasta", &self.genome, "--model", &self.model];
        [&args[..], more].concat()
    }

    /// The text that a file of variants becomes.
    fn annotate(&self, content: impl AsRef<[u8]>) -> String {
        let file = self.folder.file("input", content);
        String::from_utf8(run(self.args(&[&file]))).unwrap()
    }

    /// What is said, the text and the summary of a file of variants.
    fn account(&self, content: impl AsRef<[u8]>) -> (String, String, Value) {
        let (file, to) = (self.folder.file("input", content), self.folder.at("x.vcf"));
        let output = polyascan().args(self.args(&[&file, "-o", &to])).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        (said, fs::read_to_string(to).unwrap(), summary(&self.folder.at("x")))
    }
}

/// Entries of each record, and PolyA_max, without what says how the input was written.
fn scores(text: &str) -> Vec<(Vec<String>, String)> {
    let of = |record: Record| {
        (record.entries.iter().map(Entry::without_allele).collect(), record.max(0))
    };
    records(text).into_iter().map(of).collect()
}

#[test]
fn every_form_of_a_variant_has_the_same_scores() {
    let here = Here::new();
    let row = |position| {
        let (reference, alternate) = here.bases(position);
        format!("chr1\t{position}\t.\t{reference}\t{alternate}\t.\t.\t.\n")
    };
    // One that there is something to say of.
    let rows: String = (400..2_600).step_by(50).map(row).collect();
    let all = records(&here.annotate(HEADER.to_owned() + &rows));
    let position = all.iter().find(|record| !record.entries.is_empty()).unwrap().position;
    let (reference, alternate) = here.bases(position);
    let of = |contig: &str, between: [&str; 3]| {
        let [a, b, c] = between;
        format!("{contig}{a}{position}{b}{reference}{c}{alternate}")
    };
    let expected = scores(&here.annotate(HEADER.to_owned() + &row(position)));
    assert!(!expected[0].0.is_empty(), "{expected:?}");
    let header = "chromosome\tposition\tref_allele\talt_allele\n";
    let texts = [
        of("chr1", [":", ":", ":"]),
        of("chr1", ["-", "-", "-"]),
        of("1", [":", " ", ">"]),
        of("1", [":", "", ">"]),
        of("chr1", ["\t", "\t", "\t"]),
        of("NC_000001.11", [":g.", "", ">"]),
        of("chr1", [":g.", "", ">"]),
        header.to_owned() + &of("1", ["\t", "\t", "\t"]),
        format!("chr pos ref alt\n{}", of("1", [" ", " ", " "])),
    ];
    for text in &texts {
        let out = here.annotate(text);
        assert_eq!(scores(&out), expected, "{text}");
        let record = &records(&out)[0];
        assert_eq!((record.contig.as_str(), record.position), ("chr1", position), "{text}");
    }
    // On standard input, and on the command line.
    let piped = polyascan().args(here.args(&["-"])).write_stdin(texts[0].as_str()).assert();
    assert_eq!(scores(&String::from_utf8_lossy(&piped.get_output().stdout)), expected);
    let given = here.args(&["--variant", &texts[2], "--variant", &texts[5]]);
    let twice = [&expected[..], &expected].concat();
    assert_eq!(scores(&String::from_utf8_lossy(&run(given))), twice);
}

#[test]
fn hgvs_of_insertions_and_deletions_has_the_scores_of_vcf() {
    let here = Here::new();
    let s = &here.sequence;
    // A run of one letter, named by its last.
    let run =
        (1_000..1_500).find(|&at| s[at..at + 3].bytes().all(|b| b == s.as_bytes()[at])).unwrap();
    let end = run + s[run..].bytes().take_while(|b| *b == s.as_bytes()[run]).count();
    let (anchor, base) = (&s[run - 1..run], &s[run..run + 1]);
    let (position, inside) = (run, &s[1_600..1_603]);
    let complement = reverse_complement(inside);
    let rows = [
        (format!("g.{end}del"), format!("{position}\t.\t{anchor}{base}\t{anchor}")),
        (format!("g.{end}del{base}"), format!("{position}\t.\t{anchor}{base}\t{anchor}")),
        (format!("g.{end}dup"), format!("{position}\t.\t{anchor}\t{anchor}{base}")),
        (
            format!("g.{end}_{}ins{base}{base}", end + 1),
            format!("{position}\t.\t{anchor}\t{anchor}{base}{base}"),
        ),
        ("g.1601_1603delinsTTTTT".to_owned(), format!("1601\t.\t{inside}\tTTTTT")),
        ("g.1601_1603inv".to_owned(), format!("1601\t.\t{inside}\t{complement}")),
    ];
    let hgvs: String = rows.iter().map(|(hgvs, _)| format!("NC_000001.11:{hgvs}\n")).collect();
    let vcf: String = rows.iter().map(|(_, vcf)| format!("chr1\t{vcf}\t.\t.\t.\n")).collect();
    let (of_hgvs, of_vcf) = (here.annotate(hgvs), here.annotate(HEADER.to_owned() + &vcf));
    assert_eq!(scores(&of_hgvs), scores(&of_vcf));
    assert!(scores(&of_vcf).iter().filter(|(entries, _)| !entries.is_empty()).count() > 3);
    // As bcftools has them: as far left as they can lie, and no longer than need be.
    for (record, expected) in records(&of_hgvs).iter().zip(records(&of_vcf)).take(4) {
        assert_eq!((record.position, &record.reference), (expected.position, &expected.reference));
        assert_eq!(record.alternates, expected.alternates);
    }
}

#[test]
fn a_gwas_catalog_row_is_a_record_or_counted_with_its_reason() {
    let here = Here::new();
    let (reference, alternate) = here.bases(1_500);
    let names =
        "DATE ADDED TO CATALOG\tSNPS\tCHR_ID\tCHR_POS\tSTRONGEST SNP-RISK ALLELE\tP-VALUE\n";
    let row = |snps: &str, contig: &str, position: &str, risk: &str| {
        format!("2020-01-01\t{snps}\t{contig}\t{position}\t{risk}\t1E-9\n")
    };
    let table = [
        names.to_owned(),
        row("rs1", "1", "1500", &format!("rs1-{alternate}")),
        row("rs2", "1", "1500", &format!("rs2-{reference}")),
        row("rs3", "1", "1500", "rs3-?"),
        row("rs4", "23", "600", "rs4-N"),
        row("rs5", "", "", "rs5-A"),
        row("rs6 x rs7", "1 x 1", "5 x 6", "rs6-A x rs7-?"),
        row("rs8; rs9", "1;1", "5;6", "rs8-A; rs9-C"),
        // The same variant again, of another study.
        row("rs1", "1", "1500", &format!("rs1-{alternate}")),
    ]
    .concat();
    let (said, text, summary) = here.account(&table);
    let found: Vec<_> = records(&text)
        .into_iter()
        .map(|r| (r.contig, r.position, r.id, r.reference, r.alternates.join(",")))
        .collect();
    let expected = |contig: &str, position, id: &str, reference: &str, alternate: &str| {
        (contig.to_owned(), position, id.to_owned(), reference.to_owned(), alternate.to_owned())
    };
    let x = &letters(1_200, 9)[599..600];
    assert_eq!(
        found,
        [
            expected("chr1", 1_500, "rs1", reference, alternate),
            expected("chr1", 1_500, "rs2", reference, "."),
            expected("chr1", 1_500, "rs3", reference, "."),
            expected("chrX", 600, "rs4", x, "."),
            expected("chr1", 1_500, "rs1", reference, alternate),
        ]
    );
    let table = &summary["table"];
    assert_eq!((&table["rows"], &table["records"]), (&8.into(), &5.into()), "{table}");
    assert_eq!(table["skipped"]["no_position"], 1);
    assert_eq!(table["skipped"]["several_variants"], 2);
    let without = ["risk_is_reference", "risk_unknown", "risk_no_base"];
    assert_eq!(
        without.map(|reason| table["without_alternate"][reason].clone()),
        [1, 1, 1].map(Value::from)
    );
    assert_eq!(summary["totals"]["without_alternate"], 3);
    for told in [
        "line 6 (2020-01-01 rs5   rs5-A 1E-9): no_position",
        "line 7 (",
        "line 8 (",
        "GWAS Catalog: 8 rows = 5 records + 3 skipped (1 no_position, 2 several_variants); 3 records without ALT",
        "(1 is chr1 in the FASTA file)",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    for line in [
        "##contig=<ID=chr1,length=3000>",
        "##contig=<ID=chrX,length=1200>",
        "##INFO=<ID=INPUT,Number=1,Type=String,",
        "##INFO=<ID=INPUT_LINE,Number=1,Type=Integer,",
    ] {
        assert_eq!(text.matches(line).count(), 1, "{line}: {text}");
    }
    assert!(
        text.contains(&format!("INPUT=1%091500%09rs1-{alternate};INPUT_LINE=9;PolyA")),
        "{text}"
    );
}

#[test]
fn every_row_that_is_no_record_is_counted_and_the_first_are_named() {
    let here = Here::new();
    let (reference, alternate) = here.bases(1_500);
    let mut text =
        "# my variants\nrs17\nNM_000059.4:c.5A>G\nchr1:5:-:A\nchr1:g.5_9del7\nchr1:g.(5_9)del\n"
            .to_owned();
    text += &format!(
        "chr1:1500:{reference}:{alternate}\nchr1:x:A:G\nchr1:0:A:G\nchr1:5:A:J\nchr1:g.9_5del\n"
    );
    text += &"rs18\n".repeat(20);
    text += "chr1:7:-:\n<b>:5:A:G\nchr9:5:A:G\n";
    let (said, out, summary) = here.account(&text);
    assert_eq!(records(&out).len(), 2);
    // Known contigs and others.
    assert_eq!(
        out.matches("##contig=<ID=chr1,length=3000>\n##contig=<ID=chr9>\n").count(),
        1,
        "{out}"
    );
    assert!(!out.contains("##contig=<ID=chrX"), "{out}");
    let counts = &summary["table"]["skipped"];
    for (reason, n) in [
        ("identifier_only", 21),
        ("not_genomic", 1),
        ("ambiguous_insertion", 1),
        ("hgvs_letters", 0),
        ("hgvs_form", 2),
        ("hgvs_range", 1),
        ("unparsable", 2),
        ("no_position", 1),
        ("bad_allele", 1),
        ("bad_contig", 1),
    ] {
        assert_eq!(counts[reason], n, "{reason}: {counts}");
    }
    assert_eq!(summary["table"]["rows"], 33);
    assert_eq!(said.matches("warning: ").count(), 10, "{said}");
    assert!(
        said.contains("input, line 2 (rs17): identifier_only: an identifier without a place"),
        "{said}"
    );
}

#[test]
fn compressed_marked_and_quoted_tables_are_read_the_same() {
    let here = Here::new();
    let (reference, alternate) = here.bases(1_500);
    let table = format!(
        "#Chr\tPos\tRef\tAlt\tnote\n1\t1500\t{reference}\t{alternate}\t\nX\t600\tA\tC\tx\n"
    );
    let expected: Vec<String> =
        here.annotate(&table).lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect();
    assert_eq!(expected.len(), 2);
    let quoted = format!(
        "\"#Chr\"\t\"Pos\"\t\"Ref\"\t\"Alt\"\t\"note\"\n\"1\"\t\"1500\"\t\"{reference}\"\t\"{alternate}\"\t\"a\tb\"\n\"X\"\t600\tA\tC\t5\" x\n"
    );
    for (name, bytes) in [
        ("gzip", gzip(table.as_bytes())),
        ("BGZF", bgzip(table.as_bytes())),
        ("CRLF", table.replace('\n', "\r\n").into()),
        ("a mark", format!("\u{feff}{table}").into()),
        ("a mark, compressed", gzip(format!("\u{feff}{table}").as_bytes())),
        ("no line feed at the end", table.trim_end().into()),
        ("blank lines", table.replace('\n', "\n\n").into()),
        ("quotes", quoted.into()),
    ] {
        let text = here.annotate(bytes);
        let found: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).collect();
        let without_line = |line: &str| {
            line.replace("INPUT_LINE=3", "INPUT_LINE=2").replace("INPUT_LINE=5", "INPUT_LINE=3")
        };
        let same = found.iter().zip(&expected).all(|(a, b)| match name {
            "blank lines" => without_line(a) == *b,
            _ => a == b,
        });
        assert!(same && found.len() == 2, "{name}: {found:?} {expected:?}");
    }
}

#[test]
fn merged_shards_resumed_runs_and_formats_of_a_table_are_the_run_in_one_go() {
    let here = Here::new();
    let mut text = "chrom\tpos\tref\talt\n".to_owned();
    for position in (300..900).step_by(5) {
        let (reference, alternate) = here.bases(position);
        text += &format!("1\t{position}\t{reference}\t{alternate}\n");
        if position % 7 == 0 {
            text += &format!("1\t{position}\tX\t-\n");
        }
    }
    let file = here.folder.file("t.tsv", &text);
    let to = |name: &str| here.folder.at(&format!("{name}/x.vcf.gz"));
    let score = |name: &str, more: &[&str]| {
        let path = to(name);
        run(here.args(&[&[&file, "-o", &path], more].concat()));
    };
    score("whole", &["-W"]);
    score("resumed", &["-W", "--resume"]);
    for shard in ["1/3", "2/3", "3/3"] {
        score("parts", &["--shard", shard]);
    }
    let shards = [1, 2, 3].map(|n| here.folder.at(&format!("parts/x.{n}-of-3.shard")));
    let merged = to("merged");
    run([&["merge", "-W", "-o", &merged], &shards.each_ref().map(String::as_str)[..]].concat());
    let results = |name: &str| {
        let mut summary = summary(to(name).trim_end_matches(".vcf.gz"));
        for key in ["command_line", "threads", "wall_seconds", "alleles_per_hour"] {
            summary.as_object_mut().unwrap().remove(key).unwrap();
        }
        (fs::read(to(name)).unwrap(), fs::read(to(name) + ".tbi").unwrap(), summary)
    };
    let expected = results("whole");
    assert_eq!(expected.2["table"]["records"], 120);
    assert_eq!(expected.2["table"]["skipped"]["bad_allele"], 17);
    assert!(results("resumed") == expected && results("merged") == expected);
    // As BCF, and that annotated again.
    let bcf = here.folder.at("x.bcf");
    run(here.args(&[&file, "-o", &bcf]));
    let again = String::from_utf8(run(here.args(&[&bcf]))).unwrap();
    assert_eq!(again.matches(";INPUT_LINE=").count(), 120);
}

#[test]
fn what_is_no_variant_on_the_command_line_is_refused() {
    let here = Here::new();
    for (variant, told) in [
        ("rs17", "--variant \"rs17\": an identifier without a place"),
        ("chr1:5", "no variant in a form that is read (chr1:12345:A:G"),
        ("NM_000059.4:c.5A>G", "give the genomic one"),
        ("#chr1:5:A:G", "no variant in a form"),
    ] {
        refuse(here.args(&["--variant", variant]), 2, &[told]);
    }
    refuse(here.args(&["x.vcf", "--variant", "chr1:5:A:G"]), 2, &["cannot be used with"]);
    refuse(here.args(&[]), 2, &["required arguments were not provided", "VARIANTS"]);
}

#[test]
fn an_accession_of_another_assembly_is_refused_with_both_sides() {
    let folder = Folder::new();
    // UCSC's hg19 has another mitochondrion than GRCh37.
    let genome = folder.file("hg19.fa", fasta([("chrM", letters(16_571, 3).as_str())]));
    let model = small_model(&folder);
    let base = &letters(16_571, 3)[7_999..8_000];
    let variant = format!("NC_012920.1:m.8000{base}>{}", if base == "A" { "C" } else { "A" });
    let vcf = HEADER.to_owned() + "NC_012920.1\t8000\t.\tA\tC\t.\t.\t.\n";
    let vcf = folder.file("x.vcf", vcf);
    let args = ["variants", "--fasta", &genome, "--model", &model];
    let told = [
        "NC_012920.1 is chromosome MT of the human rCRS (16569 nt), but chrM of the FASTA file has 16571 nt",
        "as in UCSC's hg19",
        "(--force goes on)",
    ];
    let out = folder.at("x.vcf.gz");
    for input in [&["--variant", &variant][..], &[&vcf]] {
        refuse([&args[..], input, &["-o", &out]].concat(), 1, &told);
        assert!(!fs::exists(&out).unwrap());
    }
    let forced = run([&args[..], &["--force", "--variant", &variant]].concat());
    let forced = String::from_utf8(forced).unwrap();
    assert!(forced.contains("NC_012920.1\t8000\t") && forced.contains("PolyA_skip=missing_contig"));
    let right = variant.replace("NC_012920.1", "NC_001807.4");
    let right = String::from_utf8(run([&args[..], &["--variant", &right]].concat())).unwrap();
    assert!(right.contains("\nchrM\t8000\t") && !right.contains("PolyA_skip="), "{right}");
}

#[test]
fn a_table_without_a_contig_in_common_is_refused_with_both_sides() {
    let here = Here::new();
    let file = here.folder.file("t.tsv", "chrom\tpos\tref\talt\nscaffold_7\t5\tA\tC\n");
    let told = ["none of its contigs is in the FASTA", "scaffold_7 here", "chr1, chrX there"];
    refuse(here.args(&[&file, "-o", &here.folder.at("x.vcf")]), 1, &told);
}
