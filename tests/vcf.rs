//! `variants`: every record comes out, in order and otherwise untouched, and every allele is
//! accounted for.

use std::fs;
use std::path::Path;
use std::process::Command;

use rust_htslib::bcf::{IndexedReader, Read as _};

use crate::support::*;

const NAMES: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts2\ts1\n";

/// A genome, its variants with samples and more INFO, and their sites.
struct Input {
    folder: Folder,
    genome: String,
    vcf: String,
}

fn input() -> Input {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 40_000, 12, 2, 1);
    let text = fs::read_to_string(folder.at("sim/variants.vcf")).unwrap();
    let mut vcf = String::new();
    for (i, line) in text.lines().enumerate() {
        vcf += &match line {
            _ if line.starts_with("##") => format!("{line}\n"),
            _ if line.starts_with('#') => {
                let define = |kind, id, number, value| {
                    format!("##{kind}=<ID={id},Number={number},Type={value},Description=\"x\">\n")
                };
                define("FORMAT", "GT", 1, "String")
                    + &define("FORMAT", "AD", 2, "Integer")
                    + &define("INFO", "AF", 1, "Float")
                    + NAMES
            }
            _ => {
                let af = i as f64 / 64.0;
                format!("{line};AF={af}\tGT:AD\t0|1:{i},3\t./.:.,.\n")
            }
        };
    }
    let vcf = folder.file("in.vcf", vcf);
    Input { folder, genome, vcf }
}

/// The records without what this program adds.
fn bare(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let bare = lines.map(|line| {
        let mut columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
        if columns.len() < 8 {
            return line.to_owned();
        }
        let ours = |entry: &&str| !entry.starts_with("PolyA");
        let info: Vec<&str> = columns[7].split(';').filter(ours).collect();
        columns[7] = if info.is_empty() { ".".into() } else { info.join(";") };
        columns.join("\t")
    });
    bare.collect()
}

fn without_provenance(text: &str) -> String {
    // htslib defines PASS.
    let kept =
        |line: &&str| !line.starts_with("##polyascan") && !line.starts_with("##FILTER=<ID=PASS,");
    text.lines().filter(kept).map(|line| format!("{line}\n")).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn records_pass_through_and_the_bytes_do_not_depend_on_threads() {
    let Input { folder, genome, vcf } = input();
    let outputs = ["1", "3"].map(|threads| {
        let (out, table) = (folder.at(&format!("{threads}.vcf")), folder.at("table.tsv"));
        run(["variants", &vcf, "--fasta", &genome, "-o", &out, "--tsv", &table, "-t", threads]);
        (read(&out), read(&table))
    });
    assert_eq!(outputs[0], outputs[1]);
    let [(text, table), _] = outputs;
    assert_eq!(bare(&text), bare(&read(&vcf)));
    let old: Vec<String> =
        read(&vcf).lines().filter(|l| l.starts_with('#')).map(str::to_owned).collect();
    let header: Vec<&str> = text.lines().filter(|l| l.starts_with('#')).collect();
    assert!(old.iter().all(|line| header.contains(&line.as_str())));
    for told in [
        "##INFO=<ID=PolyA,Number=.,Type=String",
        "Format: ALLELE|GENE|STRAND|SITE|OFFSET|PROB_REF|PROB_ALT|STRENGTH_REF|STRENGTH_ALT|DELTA_STRENGTH|\
         USAGE_REF|USAGE_ALT|SHIFT|MOTIF|Consequence|CLASS|EXPRESSED_REF|EXPRESSED_ALT|ALLELE_NUM|GENE_ID|TRANSCRIPT|BIOTYPE",
        "##INFO=<ID=PolyA_max,Number=A,Type=Float",
        "##INFO=<ID=PolyA_skip,Number=A,Type=String",
        "##polyascanVersion=",
        "##polyascanCommand=polyascan variants ",
        "##polyascanModel=default sha256=",
        "##polyascanStrengthModel=default-strength sha256=",
        "##polyascanFasta=",
    ] {
        assert!(header.iter().any(|line| line.contains(told)), "{told}");
    }
    // The table has the same entries, and a row for each allele without one.
    let records = records(&text);
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|row| row.split('\t').collect()).collect();
    let rows_of = |record: &Record| record.entries.len().max(1);
    assert_eq!(rows.len(), records.iter().map(rows_of).sum::<usize>());
    let mut rows = rows.into_iter();
    for record in &records {
        for i in 0..rows_of(record) {
            let row = rows.next().unwrap();
            assert_eq!((row[0], row[2]), (record.contig.as_str(), record.id.as_str()));
            if let Some(entry) = record.entries.get(i) {
                assert_eq!(row[4..26].join("|"), entry.text);
            }
            let skip = record.info.get("PolyA_skip").map_or(".", String::as_str);
            assert_eq!((row[26], row[row.len() - 1]), (record.max(0).as_str(), skip));
        }
    }
    let totals = &summary(&folder.at("1"))["totals"];
    let scored = records.iter().filter(|record| record.max(0) != ".").count();
    assert_eq!((&totals["records"], &totals["scored"]), (&records.len().into(), &scored.into()));
    assert!(scored > records.len() / 2);
}

#[test]
fn all_formats_hold_the_same() {
    let Input { folder, genome, vcf } = input();
    let plain = String::from_utf8(run(["variants", &vcf, "--fasta", &genome])).unwrap();
    let at = |name: &str| folder.at(name);
    let annotate = |from: &str, to: &str, more: &[&str]| {
        let args = ["variants", from, "--fasta", &genome, "-o", to];
        run(args.iter().chain(more).copied().collect::<Vec<_>>());
    };
    let (z, b, u) = (at("out.vcf.gz"), at("out.bcf"), at("plain.bcf"));
    annotate(&vcf, &z, &["--write-index"]);
    annotate(&vcf, &b, &["--write-index"]);
    annotate(&vcf, &u, &["--output-type", "u"]);
    for (file, index) in [(&z, "out.vcf.gz.tbi"), (&b, "out.bcf.csi")] {
        assert!(names(&at("")).contains(&index.to_owned()), "{:?}", names(&at("")));
        let mut reader = IndexedReader::from_path(file).unwrap();
        let contig = reader.header().name2rid(b"chrSim2").unwrap();
        reader.fetch(contig, 0, None).unwrap();
        let count = reader.records().filter(|record| record.is_ok()).count();
        assert_eq!(count, plain.matches("\nchrSim2\t").count());
        assert!(count > 0);
    }
    // BGZF is read back by the scan's own reader, BCF by htslib.
    let mut text = String::new();
    let mut reader = flate2::read::MultiGzDecoder::new(fs::File::open(&z).unwrap());
    std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
    assert_eq!(without_provenance(&text), without_provenance(&plain));
    for from in [&z, &b, &u] {
        // Annotated once more: the old entries are replaced by the same ones.
        let again = at("again.vcf");
        annotate(from, &again, &[]);
        assert_eq!(without_provenance(&read(&again)), without_provenance(&plain), "{from}");
    }
    let said = polyascan().args(["variants", &b, "--fasta", &genome]).assert().success();
    let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
    assert_eq!(said.matches("earlier run were replaced").count(), 1, "{said}");
    // From standard input.
    for from in [&vcf, &z, &b] {
        let bytes = fs::read(from).unwrap();
        let args = ["variants", "-", "--fasta", &genome];
        let out = polyascan().args(args).write_stdin(bytes).assert().success();
        let out = String::from_utf8(out.get_output().stdout.clone()).unwrap();
        assert_eq!(without_provenance(&out), without_provenance(&plain), "{from}");
    }
}

#[test]
fn every_allele_is_scored_or_has_its_reason() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 1);
    let (contig, sequence) = read_fasta(&genome).remove(0);
    let with_n = format!("{}{}{}", &sequence[..5_000], "N".repeat(200), &sequence[5_200..]);
    let genome = folder.file("n.fa", fasta([(contig.as_str(), with_n.as_str())]));
    let base = |at: usize| &with_n[at..at + 1];
    let other = |at: usize| if base(at) == "A" { "C" } else { "A" };
    let row = |at: usize, reference: &str, alternate: &str| {
        format!("{contig}\t{}\t.\t{reference}\t{alternate}\t.\t.\t.\n", at + 1)
    };
    let (long, deleted) = ("A".repeat(150), &with_n[2_000..2_102]);
    let rows = [
        (row(1_000, base(1_000), other(1_000)), "."),
        (row(1_000, base(1_000), "*"), "star"),
        (row(1_000, base(1_000), "<DEL>"), "symbolic"),
        (row(1_000, base(1_000), "R"), "symbolic"),
        (row(1_000, base(1_000), "]chr2:5]A"), "symbolic"),
        (row(1_000, other(1_000), base(1_000)), "ref_mismatch"),
        (row(1_000, base(1_000), &format!("{}{long}", base(1_000))), "too_long"),
        (row(2_000, deleted, &deleted[..1]), "too_long"),
        (row(2_000, &deleted[..101], &deleted[..1]), "."),
        // Near the ends with the windows that there are.
        (row(0, base(0), other(0)), "."),
        (row(19_900, base(19_900), other(19_900)), "."),
        (row(30_000, "A", "C"), "ref_mismatch"),
        (row(5_050, "N", "C"), "reference_n"),
        (row(5_050, "A", "C"), "reference_n"),
        (row(4_990, base(4_990), other(4_990)), "reference_n"),
        (row(1_000, base(1_000), "."), "none"),
        (row(1_000, base(1_000), &format!("{},*,<X>", other(1_000))), ".,star,symbolic"),
        ("chrOther\t5\t.\tA\tC,G\t.\t.\t.\n".to_owned(), "missing_contig,missing_contig"),
        (format!("{contig}\t0\t.\tN\tC\t.\t.\t.\n"), "contig_edge"),
    ];
    let header = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    let text: String = rows.iter().map(|(row, _)| row.as_str()).collect();
    let vcf = folder.file("in.vcf", header.to_owned() + &text);
    let out = folder.at("out.vcf");
    run(["variants", &vcf, "--fasta", &genome, "-o", &out, "--tsv", &folder.at("out.tsv")]);
    let found = records(&read(&out));
    assert_eq!(bare(&read(&out)), bare(&read(&vcf)));
    for (record, (row, reasons)) in found.iter().zip(&rows) {
        let skip = record.info.get("PolyA_skip").map_or(".", String::as_str);
        let expected = if *reasons == "none" { "." } else { reasons };
        assert_eq!(skip, expected, "{row}");
        let scored = reasons.split(',').any(|reason| reason == ".");
        assert_eq!(record.info.contains_key("PolyA_max"), scored, "{row}");
    }
    let summary = summary(&folder.at("out"));
    let totals = &summary["totals"];
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    let reasons: Vec<&str> = rows.iter().flat_map(|(_, reasons)| reasons.split(',')).collect();
    let count = |name: &str| reasons.iter().filter(|reason| **reason == name).count() as u64;
    assert_eq!(number(&totals["records"]), rows.len() as u64);
    assert_eq!(number(&totals["written"]), rows.len() as u64);
    assert_eq!(number(&totals["without_alternate"]), 1);
    assert_eq!(number(&totals["scored"]), count("."));
    let skipped = totals["skipped"].as_object().unwrap();
    assert_eq!(skipped.len(), 9);
    for (reason, n) in skipped {
        assert_eq!(number(n), count(reason), "{reason}");
    }
    assert_eq!(number(&totals["alleles"]), reasons.len() as u64 - 1);
    let table = read(&folder.at("out.tsv"));
    assert_eq!(table.lines().filter(|row| row.ends_with("\tcontig_edge")).count(), 1);
    let partial = found.iter().filter(|record| record.info.contains_key("PolyA_partial"));
    assert_eq!((partial.count(), number(&totals["partial"])), (2, 2));
}

#[test]
fn a_reference_that_is_not_the_genomes_is_dealt_with_as_asked() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 1);
    let (contig, sequence) = read_fasta(&genome).remove(0);
    let at = sequence[1_000..].find('A').unwrap() + 1_000;
    let header = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    let row = |reference, alternate| {
        format!("{contig}\t{}\t.\t{reference}\t{alternate}\t.\t.\t.\n", at + 1)
    };
    let text = header.to_owned() + &row("C", "G") + &row("A", "G") + &row("C", "A");
    let vcf = folder.file("in.vcf", text);
    let annotate = |how: &[&str]| {
        let out = folder.at("out.vcf");
        let args = ["variants", &vcf, "--fasta", &genome, "-o", &out];
        run(args.iter().chain(how).copied().collect::<Vec<_>>());
        let found = records(&read(&out)).into_iter().map(|record| {
            let skip = record.info.get("PolyA_skip").cloned().unwrap_or(".".into());
            (record.reference + &record.alternates[0], skip)
        });
        let found: Vec<(String, String)> = found.collect();
        (found, summary(&folder.at("out"))["totals"].clone())
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
    };
    let skipped = pairs(&[("CG", "ref_mismatch"), ("AG", "."), ("CA", "ref_mismatch")]);
    assert_eq!(annotate(&[]).0, skipped);
    assert_eq!(annotate(&["--check-ref", "w"]).0, skipped);
    let (found, totals) = annotate(&["--check-ref", "x"]);
    assert_eq!((found, &totals["excluded"]), (pairs(&[("AG", ".")]), &2.into()));
    let (found, totals) = annotate(&["--check-ref", "s"]);
    let set = pairs(&[("AG", "."), ("AG", "."), ("CA", "ref_mismatch")]);
    assert_eq!((found, &totals["reference_set"]), (set, &1.into()));
    let place = format!("{contig}:{}", at + 1);
    for how in [vec!["--strict"], vec!["--check-ref", "e"]] {
        let out = folder.at("none.vcf");
        let args = ["variants", &vcf, "--fasta", &genome, "-o", &out];
        refuse(args.into_iter().chain(how), 1, &["in.vcf", &place, "REF is C", "the genome has A"]);
        assert!(!Path::new(&out).exists());
    }
}

#[test]
fn with_an_annotation_only_the_strands_of_genes_count_and_names_need_not_agree() {
    let Input { folder, genome, vcf } = input();
    let gtf = folder.at("sim/genes.gtf");
    let annotated = run(["variants", &vcf, "--fasta", &genome, "--annotation", &gtf]);
    let annotated = String::from_utf8(annotated).unwrap();
    let renamed = |path: &str, name: &str| folder.file(name, read(path).replace("chrSim", "Sim"));
    let (vcf_renamed, gtf_renamed) = (renamed(&vcf, "r.vcf"), renamed(&gtf, "r.gtf"));
    let args = ["variants", &vcf_renamed, "--fasta", &genome, "--annotation", &gtf_renamed];
    let other = String::from_utf8(run(args)).unwrap();
    assert_eq!(bare(&other), bare(&read(&vcf_renamed)));
    let genes: Vec<(String, String, usize, usize, String)> = read(&gtf)
        .lines()
        .map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>())
        .filter(|row| row.len() == 9 && row[2] == "gene")
        .map(|row| {
            let name = row[8].split("gene_name \"").nth(1).unwrap().split('"').next().unwrap();
            let number = |text: &str| text.parse().unwrap();
            (row[0].clone(), row[6].clone(), number(&row[3]), number(&row[4]), name.to_owned())
        })
        .collect();
    let mut skipped = 0;
    for (record, renamed) in records(&annotated).iter().zip(records(&other)) {
        assert_eq!(record.entries, renamed.entries);
        assert_eq!(record.info.get("PolyA_skip"), renamed.info.get("PolyA_skip"));
        let here: Vec<_> = genes
            .iter()
            .filter(|(contig, strand, start, end, _)| {
                let (before, after) = if strand == "+" { (0, 5_000) } else { (5_000, 0) };
                *contig == record.contig
                    && (start.saturating_sub(before)..=end + after).contains(&record.position)
            })
            .collect();
        if here.is_empty() {
            assert_eq!(record.info["PolyA_skip"], "no_gene");
            skipped += 1;
        }
        for entry in &record.entries {
            let known = |gene: &&&(String, String, usize, usize, String)| {
                gene.1 == entry.strand && gene.4 == entry.gene
            };
            assert!(here.iter().any(|gene| known(&gene)), "{entry:?}");
        }
    }
    assert!(skipped > 0);
    assert!(annotated.contains("##polyascanAnnotation="));
}

#[test]
fn a_site_model_alone_leaves_strengths_empty() {
    let Input { folder, genome, vcf } = input();
    let model = small_model(&folder);
    let weak = folder
        .file("c.toml", "[scan]\nmin_probability = 0.01\n[variants.rule]\nprobability = 0.1\n");
    let args = ["variants", &vcf, "--fasta", &genome, "--model", &model, "--config", &weak];
    let text = String::from_utf8(run(args)).unwrap();
    let entries: Vec<Entry> =
        records(&text).into_iter().flat_map(|record| record.entries).collect();
    assert!(entries.len() > 20);
    assert!(entries.iter().all(|entry| entry.delta == "." && entry.text.contains("|.|.|.|.|.|")));
    assert!(entries.iter().any(|entry| entry.effect != "unchanged"));
    refuse(
        ["variants", &vcf, "--fasta", &genome, "--strength-model", "default"],
        1,
        &["default", "strength"],
    );
    refuse(
        ["variants", &vcf, "--fasta", &genome, "--model", "default-strength"],
        1,
        &["cannot be scanned"],
    );
}

#[test]
fn what_cannot_be_is_refused_and_leaves_nothing() {
    let Input { folder, genome, vcf } = input();
    let out = folder.folder("out");
    let to = format!("{out}/x.vcf.gz");
    let base = ["variants", "--fasta", &genome, "-o", &to];
    let refuse = |input: &str, more: &[&str], code: i32, told: &[&str]| {
        let args = base.iter().chain(&[input]).chain(more).copied().collect::<Vec<_>>();
        refuse(args, code, told);
        assert!(names(&out).is_empty(), "{:?}", names(&out));
    };
    let text = read(&vcf);
    let cut = text.find("\nchrSim1\t").unwrap() + 20;
    let short = folder.file("short.vcf", &text[..cut]);
    let line = format!("line {}", text[..cut].lines().count());
    refuse(&short, &[], 1, &["short.vcf", &line, "columns"]);
    let no_header = folder.file("none.vcf", "chr1\t1\t.\tA\tC\t.\t.\t.\n");
    refuse(&no_header, &[], 1, &["none.vcf", "line 1", "fileformat"]);
    let truncated = bgzip(text.as_bytes());
    let truncated = folder.file("cut.vcf.gz", &truncated[..truncated.len() - 28]);
    refuse(&truncated, &[], 1, &["cut.vcf.gz", "truncated BGZF"]);
    let (first, rest) = text.split_at(text.find("\nchrSim1\t").unwrap() + 1);
    let mut lines: Vec<&str> = rest.lines().collect();
    lines.reverse();
    let unsorted = folder.file("unsorted.vcf", first.to_owned() + &lines.join("\n") + "\n");
    refuse(&unsorted, &["--write-index"], 1, &["unsorted.vcf", "not in order", "sort"]);
    refuse(&vcf, &["--write-index", "-O", "v"], 2, &["--write-index"]);
    refuse(&vcf, &["--tsv", &genome], 2, &["same file"]);
    refuse(&folder.at("missing.vcf"), &[], 1, &["missing.vcf"]);
    // Without an index the order does not matter, whatever was loaded before.
    let sorted = records(&String::from_utf8(run(["variants", &vcf, "--fasta", &genome])).unwrap());
    let mut other = lines.clone();
    other.sort_by_key(|line| line.split('\t').nth(2).unwrap().len());
    let mixed = folder.file("mixed.vcf", first.to_owned() + &other.join("\n") + "\n");
    let mixed = records(&String::from_utf8(run(["variants", &mixed, "--fasta", &genome])).unwrap());
    assert_eq!(mixed.len(), sorted.len());
    for record in &mixed {
        let same = sorted.iter().find(|other| other.id == record.id).unwrap();
        assert_eq!(same.info, record.info);
    }
    let undefined = folder.file("undefined.vcf", text.replace(";AF=", ";AX="));
    let kept = String::from_utf8(run(["variants", &undefined, "--fasta", &genome])).unwrap();
    assert_eq!(bare(&kept), bare(&read(&undefined)));
    refuse(&undefined, &["-O", "b"], 1, &["BCF cannot hold", "chrSim1", "not defined"]);
}

/// Parts of a file whose faults do not make it unreadable for this program, as the suites' invalid
/// files are named, and why: nothing but CHROM, POS, REF and ALT is used, everything else leaves as
/// it came.
const DEPARTURES: [(&str, &str); 24] = [
    ("body_alt", SKIPPED),
    ("body_chrom", SKIPPED),
    ("body_ref", SKIPPED),
    ("body_contiguous", UNSORTED),
    ("body_unsorted", UNSORTED),
    ("body_duplicated", "each record is scored"),
    ("body_filter", UNTOUCHED),
    ("body_format", UNTOUCHED),
    ("body_id", UNTOUCHED),
    ("body_info", UNTOUCHED),
    ("body_qual", UNTOUCHED),
    ("body_sample", UNTOUCHED),
    ("body_samples_ploidy", UNTOUCHED),
    ("header", UNTOUCHED),
    ("meta", UNTOUCHED),
    ("meta_alt", UNTOUCHED),
    ("meta_assembly", UNTOUCHED),
    ("meta_contig", UNTOUCHED),
    ("meta_filter", UNTOUCHED),
    ("meta_format", UNTOUCHED),
    ("meta_info", UNTOUCHED),
    ("meta_pedigree", UNTOUCHED),
    ("meta_pedigreedb", UNTOUCHED),
    ("meta_sample", UNTOUCHED),
];
const SKIPPED: &str = "its alleles are skipped, with the reason";
const UNSORTED: &str = "order matters to an index alone, with which it is refused";
const UNTOUCHED: &str = "it leaves as it came";

/// The test suites of the VCF specification: what is valid is accepted, and nothing is lost; what
/// is invalid is refused or departs from the suites' verdict for a reason.
#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn every_file_of_the_specifications_suites_gives_a_result_or_an_error() {
    let archive = shared("corpora/hts_specs_vcf_4.1_4.2.tar.gz");
    let folder = Folder::new();
    let suite = folder.folder("suite");
    let archive = archive.to_str().unwrap();
    assert!(Command::new("tar").args(["xzf", archive, "-C", &suite]).status().unwrap().success());
    let (mut valid, mut refused, mut accepted) = (0, 0, 0);
    for version in ["4.1", "4.2"] {
        for kind in ["passed", "failed"] {
            for name in names(&format!("{suite}/{version}/{kind}")) {
                let file = format!("{suite}/{version}/{kind}/{name}");
                let taken = try_file(&folder, &file);
                match (kind, taken) {
                    ("passed", true) => valid += 1,
                    ("passed", false) => panic!("{file} is valid"),
                    (_, false) => refused += 1,
                    (_, true) => {
                        let (part, _) = name.rsplit_once('_').unwrap();
                        let part = part.strip_prefix("failed_").unwrap();
                        let known = DEPARTURES.iter().find(|(known, _)| *known == part);
                        let (_, why) = known.unwrap_or_else(|| panic!("{file} was taken"));
                        check_departure(&folder, &file, why);
                        accepted += 1;
                    }
                }
            }
        }
    }
    println!(
        "{valid} valid files: all accepted; {} invalid ones: {refused} refused, {accepted} taken for \
         {} known reasons",
        refused + accepted,
        DEPARTURES.len()
    );
    assert_eq!((valid, refused, accepted), (50, 20, 363));
}

/// Annotates a file of the suites; returns whether it was taken.
fn try_file(folder: &Folder, file: &str) -> bool {
    let before = String::from_utf8_lossy(&fs::read(file).unwrap()).replace('\r', "");
    let genome = folder.file("suite.fa", genome_for(&before));
    // Where they lie is of no genome: what counts is their form.
    let args = ["variants", file, "--fasta", &genome, "--force"];
    let output = polyascan().args(args).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!message.contains("panicked") && !message.contains("internal"), "{file}: {message}");
    // BCF cannot hold all of them; it must say so.
    let out = folder.at("out.bcf");
    let bcf = polyascan().args(args.iter().chain(&["-o", &out, "-q"])).output();
    let (code, said) = bcf.map(|bcf| (bcf.status.code(), bcf.stderr)).unwrap();
    let said = String::from_utf8_lossy(&said);
    assert!(matches!(code, Some(0 | 1)) && !said.contains("panicked"), "{file}: {said}");
    match output.status.code() {
        Some(0) => {
            let after = String::from_utf8_lossy(&output.stdout).into_owned();
            let records = |text: &str| bare(text).into_iter().filter(|l| !l.is_empty());
            let [old, new] = [&before, &after].map(|text| records(text).collect::<Vec<_>>());
            assert_eq!(old, new, "{file}");
            true
        }
        Some(1) => {
            assert!(message.contains(file), "{file}: {message}");
            false
        }
        other => panic!("{file}: {other:?}, {message}"),
    }
}

/// Checks that what a departure says is so; the genome is that of [`try_file`].
fn check_departure(folder: &Folder, file: &str, why: &str) {
    let genome = folder.at("suite.fa");
    if why == SKIPPED {
        let text =
            String::from_utf8(run(["variants", file, "--fasta", &genome, "--force"])).unwrap();
        assert!(text.contains("PolyA_skip="), "{file}");
    }
    if why == UNSORTED {
        let out = folder.at("out.vcf.gz");
        let args = ["variants", file, "--fasta", &genome, "-W", "-o", &out];
        refuse(args, 1, &[file, "not in order", "sort"]);
    }
}

/// A small genome with the contigs of a file, that reads REF where that fits.
fn genome_for(text: &str) -> String {
    let mut contigs: std::collections::BTreeMap<String, Vec<u8>> = Default::default();
    contigs.insert("one".into(), b"ACGT".repeat(100));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [contig, position, _, reference, ..] = columns[..] else { continue };
        let fits = |name: &str| {
            !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric())
        };
        let Ok(position) = position.parse::<usize>() else { continue };
        if !fits(contig) || !(300..100_000).contains(&position) {
            continue;
        }
        let codes = contigs.entry(contig.to_owned()).or_default();
        let length = codes.len().max(position + reference.len() + 300);
        let filler = b"ACGTTGCAAC".iter().cycle().skip(codes.len()).copied();
        let more: Vec<u8> = filler.take(length - codes.len()).collect();
        codes.extend(more);
        if reference.bytes().all(|base| b"ACGTacgt".contains(&base)) {
            codes[position - 1..position - 1 + reference.len()]
                .copy_from_slice(reference.as_bytes());
        }
    }
    let text = |codes: &[u8]| String::from_utf8(codes.to_vec()).unwrap();
    let contigs: Vec<(String, String)> =
        contigs.iter().map(|(name, c)| (name.clone(), text(c))).collect();
    fasta(contigs.iter().map(|(name, sequence)| (name.as_str(), sequence.as_str())))
}
