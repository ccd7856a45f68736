//! `--gene` scans and mutates what an annotated scan takes of the gene, and nothing else.

use std::fs;

use crate::support::*;

/// Simulated genome, annotation and model.
fn setting(folder: &Folder) -> (String, String, String) {
    let genome = simulate(&folder.at("sim"), 100_000, 12, 1, 2);
    (genome, folder.at("sim/genes.gtf"), small_model(folder))
}

/// Contig, start, end, strand of a gene of the simulated annotation.
fn place(gtf: &str, name: &str) -> (u64, u64, char) {
    let text = fs::read_to_string(gtf).unwrap();
    let wanted = format!("gene_name \"{name}\"");
    let mut rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let row = rows.find(|row| row.len() == 9 && row[2] == "gene" && row[8].contains(&wanted));
    let row = row.unwrap();
    (row[3].parse().unwrap(), row[4].parse().unwrap(), row[6].parse().unwrap())
}

/// A gene with 5 kb past its end, as a region and a strand.
fn region(gtf: &str, name: &str) -> (String, String) {
    let (start, end, strand) = place(gtf, name);
    let (start, end) = match strand {
        '+' => (start, (end + 5_000).min(100_000)),
        _ => (start.saturating_sub(5_000).max(1), end),
    };
    (format!("chrSim1:{start}-{end}"), strand.to_string())
}

fn rows(text: &[u8]) -> String {
    let text = std::str::from_utf8(text).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_gene_is_the_region_and_strand_that_an_annotated_scan_takes_of_it() {
    let folder = Folder::new();
    let (genome, gtf, model) = setting(&folder);
    let scan = |more: &[&str]| {
        let always = ["scan", &genome, "--annotation", &gtf, "--model", &model, "-o", "-"];
        rows(&run(always.iter().chain(more)))
    };
    for name in ["SIM1", "SIM2", "SIM5"] {
        let (region, strand) = region(&gtf, name);
        let by_name = scan(&["--gene", name]);
        assert!(!by_name.is_empty(), "{name}");
        assert_eq!(by_name, scan(&["-r", &region, "--strand", &strand]), "{name}");
    }
    let both = scan(&["--gene", "SIM1", "--gene", "SIM2"]);
    assert_eq!(both, scan(&["--gene", "SIM1,SIM2"]));
    assert_eq!(both, scan(&["--gene", "SIM2, SIM1"]));
}

#[test]
fn genes_are_part_of_a_shards_identity_and_of_the_summary() {
    let folder = Folder::new();
    let (genome, gtf, model) = setting(&folder);
    let shard = |gene: &str, share: &str, to: &str| {
        run([
            "scan",
            &genome,
            "--annotation",
            &gtf,
            "--model",
            &model,
            "--gene",
            gene,
            "--shard",
            share,
            "-o",
            &folder.at(to),
        ]);
    };
    shard("SIM1", "1/2", "a");
    shard("SIM1", "2/2", "a");
    shard("SIM2", "2/2", "b");
    let [first, second, other] =
        ["a.1-of-2.shard", "a.2-of-2.shard", "b.2-of-2.shard"].map(|name| folder.at(name));
    let out = folder.at("merged");
    refuse(["merge", &first, &other, "-o", &out], 1, &["positions asked for"]);
    run(["merge", &first, &second, "-o", &out]);
    let whole = folder.at("whole");
    run(["scan", &genome, "--annotation", &gtf, "--model", &model, "--gene", "SIM1", "-o", &whole]);
    let read = |prefix: &str| fs::read_to_string(format!("{prefix}.sites.bed")).unwrap();
    assert_eq!(read(&out), read(&whole));
    let summary = fs::read_to_string(format!("{whole}.summary.json")).unwrap();
    let (region, _) = region(&gtf, "SIM1");
    assert!(summary.contains("gene SIM1") && summary.contains(&region), "{summary}");
}

#[test]
fn mutagenesis_of_a_gene_is_that_of_its_region_on_its_strand() {
    let folder = Folder::new();
    let (genome, _, model) = setting(&folder);
    let attributes = "gene_id \"ENSG7.1\"; transcript_id \"T\"; gene_name \"SHORT\";";
    let row = format!("chrSim1\tme\texon\t20001\t20060\t.\t-\t.\t{attributes}\n");
    let gtf = folder.file("short.gtf", row);
    let config = folder.file("short.toml", "[annotation]\nextension = 100\n");
    let table = |prefix: &str, more: &[&str]| {
        let prefix = folder.at(prefix);
        let inputs = ["-f", &genome, "-a", &gtf, "--model", &model, "--config", &config];
        let always = [&["mutagenesis", "-o", &prefix], &inputs[..]].concat();
        run(always.iter().chain(more));
        let bytes = fs::read(format!("{prefix}.mutagenesis.tsv.gz")).unwrap();
        let mut text = Vec::new();
        std::io::copy(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut text).unwrap();
        rows(&text)
    };
    let by_name = table("gene", &["--gene", "ENSG7"]);
    assert!(by_name.lines().count() >= 3 * 160);
    let region = ["-r", "chrSim1:19,901-20,060", "--strand", "-"];
    assert!(by_name == table("region", &region));
}

#[test]
fn a_gene_that_is_not_there_is_refused_with_the_nearest_names() {
    let folder = Folder::new();
    let (genome, gtf, model) = setting(&folder);
    let out = folder.at("out");
    let scan = ["scan", &genome, "--annotation", &gtf, "--model", &model, "-o", &out, "--gene"];
    refuse(scan.iter().chain(&["SIM99"]), 1, &["genes.gtf: no gene \"SIM99\"", "did you mean SIM"]);
    refuse(scan.iter().chain(&["SIM1,"]), 2, &["a name is empty"]);
    refuse(["scan", &genome, "--gene", "SIM1", "-o", &out], 2, &["--annotation"]);
    let mutate =
        ["mutagenesis", "-f", &genome, "-a", &gtf, "--model", &model, "-o", &out, "--gene"];
    refuse(mutate.iter().chain(&["sim1"]), 1, &["did you mean SIM1"]);
    assert_eq!(names(&folder.at("")), ["sim", "small.safetensors"]);
}
