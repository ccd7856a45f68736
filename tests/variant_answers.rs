//! `variants`: one answer for an allele, of all its entries.

use std::collections::BTreeSet;
use std::fs;

use crate::support::*;

/// A simulated genome with its planted variants, annotated; and the output without the genes.
fn annotated(folder: &Folder, more: &[&str]) -> String {
    let genome = simulate(&folder.at("sim"), 120_000, 20, 1, 7);
    let vcf = folder.at("sim/variants.vcf");
    let args = ["variants", &vcf, "--fasta", &genome];
    String::from_utf8(run([&args[..], more].concat())).unwrap()
}

fn value<'r>(record: &'r Record, key: &str) -> &'r str {
    record.info.get(key).map_or(".", String::as_str)
}

#[test]
fn the_answer_is_that_of_the_most_severe_entry() {
    let folder = Folder::new();
    let gtf = folder.at("sim/genes.gtf");
    let plain = records(&annotated(&folder, &[]));
    let in_genes = records(&annotated(&folder, &["--annotation", &gtf]));
    let mut seen = BTreeSet::new();
    for record in plain.iter().chain(&in_genes) {
        let effect = value(record, "PolyA_effect");
        let Some(greatest) = record.greatest() else {
            let expected = if record.max(0) == "." { "." } else { "no_site" };
            assert_eq!((effect, value(record, "PolyA_delta")), (expected, "."), "{record:?}");
            continue;
        };
        assert_eq!(effect, greatest.effect, "{record:?}");
        let delta: f64 = value(record, "PolyA_delta").parse().unwrap();
        let size = greatest.delta.parse::<f64>().unwrap().abs();
        assert!((delta.abs() - size).abs() < 1e-9, "{record:?}");
        let same = |entry: &&Entry| entry.effect == effect && entry.delta.parse() == Ok(delta);
        let of_answer = record.entries.iter().find(same).unwrap();
        assert_eq!(value(record, "PolyA_gene"), of_answer.gene);
        let class = of_answer.text.split('|').nth(15).unwrap();
        assert_eq!(value(record, "PolyA_class"), class);
        seen.insert(effect.to_owned());
    }
    assert!(seen.len() >= 3, "{seen:?}");
    // Shares are of a gene's sites; what is planted to break a site takes usage from it.
    assert!(plain.iter().all(|record| !record.info.contains_key("PolyA_usage")));
    let usage = |record: &Record| value(record, "PolyA_usage").parse::<f64>().ok();
    assert!(in_genes.iter().filter_map(usage).all(|change| (-1.0..=1.0).contains(&change)));
    let weakened = in_genes.iter().filter(|record| {
        value(record, "PolyA_delta").parse::<f64>().is_ok_and(|delta| delta < -3.0)
    });
    let changes: Vec<f64> = weakened.filter_map(usage).collect();
    assert!(changes.len() > 5 && changes.iter().any(|change| *change < -0.1), "{changes:?}");
}

#[test]
fn latent_sites_are_entered_as_asked() {
    let folder = Folder::new();
    let [none, changed, all] = ["none", "changed", "all"].map(|latent| {
        let found = records(&annotated(&folder, &["--latent", latent]));
        let entries = found.iter().flat_map(|record| {
            record.entries.iter().map(move |entry| (record.id.clone(), entry.text.clone()))
        });
        entries.collect::<BTreeSet<(String, String)>>()
    });
    assert!(none.is_subset(&changed) && changed.is_subset(&all));
    assert!(none.len() < changed.len() && changed.len() < all.len());
    // What is entered for its change alone changes by `delta` (1) of the rule or more.
    let delta = |text: &str| text.split('|').nth(9).unwrap().parse::<f64>().unwrap().abs();
    assert!(changed.difference(&none).all(|(_, text)| delta(text) >= 1.0));
    assert!(all.difference(&changed).all(|(_, text)| delta(text) < 1.0));
}

/// An amplicon: a site in 600 nt.
#[test]
fn a_variant_near_the_end_of_a_contig_is_scored_with_the_windows_that_there_are_and_says_so() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 1);
    let (_, sequence) = read_fasta(&genome).remove(0);
    let truth = fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    let site = truth.lines().find(|line| !line.starts_with('#') && line.contains("\t+")).unwrap();
    let site: usize = site.split('\t').nth(1).unwrap().parse().unwrap();
    let amplicon = &sequence[site - 300..site + 300];
    let signal = amplicon[260..300].rfind("AATAAA").map(|at| at + 260);
    let at = signal.unwrap_or(280) + 2;
    let fasta =
        folder.file("amplicon.fa", fasta([("amplicon", amplicon), ("short", &amplicon[..239])]));
    let row = |contig: &str, at: usize| {
        let reference = &amplicon[at..at + 1];
        let alternate = if reference == "C" { "G" } else { "C" };
        format!("{contig}\t{}\t.\t{reference}\t{alternate}\t.\t.\t.\n", at + 1)
    };
    let rows = [row("amplicon", at), row("amplicon", 5), row("amplicon", 595), row("short", 100)];
    let header = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    let vcf = folder.file("x.vcf", header.to_owned() + &rows.concat());
    let found = records(&String::from_utf8(run(["variants", &vcf, "--fasta", &fasta])).unwrap());
    let said = |key: &str| found.iter().map(|record| value(record, key)).collect::<Vec<_>>();
    assert_eq!(said("PolyA_partial"), [".", "contig_edge", "contig_edge", "."]);
    assert_eq!(said("PolyA_skip"), [".", ".", ".", "contig_edge"]);
    // In the middle it is as in the genome.
    let whole = folder.file("whole.fa", fasta_of(&sequence));
    let position = site - 300 + at;
    let reference = &sequence[position..position + 1];
    let alternate = if reference == "C" { "G" } else { "C" };
    let row = format!("g\t{}\t.\t{reference}\t{alternate}\t.\t.\t.\n", position + 1);
    let vcf = folder.file("y.vcf", header.to_owned() + &row);
    let there = records(&String::from_utf8(run(["variants", &vcf, "--fasta", &whole])).unwrap());
    let near = |record: &Record| {
        let here = record.entries.iter().filter(|entry| entry.offset.abs() < 40);
        here.map(|entry| (entry.strand.clone(), entry.offset, entry.delta.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(near(&found[0]), near(&there[0]));
    assert!(!near(&there[0]).is_empty());
}

/// bcftools with its plugins reads entries and answers; not run where it is not installed.
#[test]
fn bcftools_splits_entries_and_filters_answers() {
    let folder = Folder::new();
    let (gtf, out) = (folder.at("sim/genes.gtf"), folder.at("out.vcf.gz"));
    annotated(&folder, &["--annotation", &gtf, "-o", &out]);
    let bcftools = |args: &[&str]| {
        let done = std::process::Command::new("bcftools").args(args).arg(&out).output();
        let done = done.ok().filter(|done| done.status.success());
        done.map(|done| String::from_utf8(done.stdout).unwrap())
    };
    if bcftools(&["+split-vep", "-a", "PolyA", "-l"]).is_none() {
        eprintln!("not run: bcftools with its plugin split-vep is not installed");
        return;
    }
    let split =
        ["+split-vep", "-a", "PolyA", "-d", "-f", "%ID %Consequence %GENE %DELTA_STRENGTH\\n"];
    let split = bcftools(&split).unwrap();
    let weakened =
        bcftools(&["query", "-i", "PolyA_effect=\"weakened\"", "-f", "%ID %PolyA_delta\\n"]);
    let weakened = weakened.unwrap();
    assert!(weakened.lines().count() > 3);
    for line in weakened.lines() {
        let (id, delta) = line.split_once(' ').unwrap();
        let same = |entry: &str| {
            let parts: Vec<&str> = entry.split(' ').collect();
            (parts[0], parts[1]) == (id, "weakened") && parts[3].parse::<f64>() == delta.parse()
        };
        assert!(split.lines().any(same), "{line}");
    }
    let usage = bcftools(&["query", "-i", "PolyA_usage<-0.1", "-f", "%ID\\n"]).unwrap();
    assert!(usage.lines().count() > 3);
}

/// pysam and cyvcf2 read what is in INFO; not run where they are not installed (`POLYASCAN_PYTHON`:
/// a Python that has them).
#[test]
fn pysam_and_cyvcf2_read_entries_and_answers() {
    let folder = Folder::new();
    let (gtf, out) = (folder.at("sim/genes.gtf"), folder.at("out.vcf.gz"));
    let plain = annotated(&folder, &["--annotation", &gtf]);
    let several = plain.replace("\tC\t", "\tC,*\t");
    let vcf = folder.file("several.vcf", several);
    let genome = folder.at("sim/genome.fa");
    run(["variants", &vcf, "--fasta", &genome, "--annotation", &gtf, "-o", &out, "-W"]);
    let text = String::from_utf8(run(["variants", &vcf, "--fasta", &genome, "--annotation", &gtf]))
        .unwrap();
    let mut expected = Vec::new();
    for record in records(&text) {
        for (at, alternate) in record.alternates.iter().enumerate() {
            let of = |key: &str| {
                let all = record.info.get(key).map_or(".", String::as_str);
                all.split(',').nth(at).unwrap_or(".").to_owned()
            };
            let delta =
                of("PolyA_delta").parse::<f32>().map_or(".".to_owned(), |d| format!("{d:.3}"));
            let number = (at + 1).to_string();
            let own = record.entries.iter().map(|entry| entry.text.split('|').collect::<Vec<_>>());
            let size = |parts: &[&str]| parts[9].parse::<f64>().unwrap_or(0.0).abs();
            let mut largest: Option<Vec<&str>> = None;
            for parts in own.filter(|parts| parts[18] == number) {
                if largest.as_ref().is_none_or(|before| size(&parts) > size(before)) {
                    largest = Some(parts);
                }
            }
            let entry = largest.map_or([".".to_owned(), ".".to_owned(), ".".to_owned()], |parts| {
                [1, 7, 8].map(|at| parts[at].to_owned())
            });
            let answer =
                [record.id.clone(), alternate.clone(), of("PolyA_effect"), delta, of("PolyA_gene")];
            expected.push([&answer[..], &entry[..]].concat().join("\t"));
        }
    }
    assert!(expected.len() > 30 && expected.iter().any(|line| line.contains("\t*\t.\t.")));
    let python = std::env::var("POLYASCAN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/read_annotated_vcf.py");
    for package in ["pysam", "cyvcf2"] {
        let done = std::process::Command::new(&python).args([script, package, &out]).output();
        let Some(done) = done.ok().filter(|done| done.status.code() != Some(77)) else {
            eprintln!("not run: {package} is not installed for {python}");
            continue;
        };
        assert!(done.status.success(), "{package}: {}", String::from_utf8_lossy(&done.stderr));
        let found = String::from_utf8(done.stdout).unwrap();
        assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{package}");
    }
}

fn fasta_of(sequence: &str) -> String {
    fasta([("g", sequence)])
}
