//! `precompute`: effects computed once, and looked up by `variants` for the same bytes.

use std::fs;

use crate::support::*;

/// A simulated genome with genes, and a VCF of what tables have and what they do not.
struct Input {
    folder: Folder,
    genome: String,
    gtf: String,
    vcf: String,
}

/// Nucleotides around sites that are precomputed here.
const AROUND: usize = 12;

fn input() -> Input {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 4, 2, 3);
    let (gtf, truth) = (folder.at("sim/genes.gtf"), folder.at("sim/truth.bed"));
    let truth = fs::read_to_string(truth).unwrap();
    let mut text =
        "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".to_owned();
    for (contig, sequence) in read_fasta(&genome) {
        let of_contig = truth.lines().filter(|line| line.starts_with(&format!("{contig}\t")));
        let sites =
            of_contig.map(|line| line.split('\t').nth(1).unwrap().parse::<usize>().unwrap());
        let mut sites: Vec<usize> = sites.collect();
        sites.sort_unstable();
        for site in sites {
            // Some of them lie outside of the tables.
            for at in site - AROUND - 4..site + AROUND + 4 {
                let mut row = |reference: &str, alternates: &str| {
                    text +=
                        &format!("{contig}\t{}\t.\t{reference}\t{alternates}\t.\t.\t.\n", at + 1);
                };
                let (here, next) = (&sequence[at..=at], &sequence[at..at + 2]);
                let others: Vec<&str> =
                    ["A", "C", "G", "T"].into_iter().filter(|x| *x != here).collect();
                row(here, &others.join(","));
                match at % 4 {
                    // A deletion of one nucleotide, of two, an insertion; an SNV in a longer
                    // record.
                    0 => row(next, here),
                    1 => row(&sequence[at..at + 3], here),
                    2 => row(here, &format!("{here}AT")),
                    _ => {
                        row(next, &format!("{here}{}", if next.ends_with('A') { "C" } else { "A" }))
                    }
                }
            }
        }
    }
    let vcf = folder.file("in.vcf", text);
    Input { folder, genome, gtf, vcf }
}

impl Input {
    fn precompute(&self, output: &str, more: &[&str]) -> Vec<u8> {
        let around = AROUND.to_string();
        let args = ["precompute", "--fasta", &self.genome, "--annotation", &self.gtf];
        run([&args[..], &["--around", &around, "--per-table", "20", "-o", output], more].concat())
    }

    fn variants(&self, more: &[&str]) -> (Vec<u8>, String) {
        let output = self.folder.at("out.vcf");
        let args = ["variants", &self.vcf, "--fasta", &self.genome, "--annotation", &self.gtf];
        let args = [&args[..], &["-o", &output], more].concat();
        let done = polyascan().args(args).output().unwrap();
        let text = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.success(), "{text}");
        (fs::read(output).unwrap(), text)
    }
}

/// How many changes a run says that it looked up.
fn looked_up(text: &str) -> usize {
    let line = text.lines().find(|line| line.contains("were looked up")).unwrap();
    let number = line.split(' ').find_map(|word| word.replace(',', "").parse().ok());
    number.unwrap()
}

#[test]
fn effects_that_are_looked_up_give_the_bytes_of_effects_that_are_computed() {
    let input = input();
    let tables = input.folder.at("tables");
    input.precompute(&tables, &[]);
    let (computed, _) = input.variants(&[]);
    let (found, text) = input.variants(&["--precomputed", &tables]);
    assert!(computed == found);
    // SNVs and deletions of one nucleotide within reach, by themselves and in longer records.
    let within = 4 * (2 * AROUND + 1);
    assert!(looked_up(&text) > 3 * within, "{text}");
    // Tables that are not there are computed.
    fs::remove_file(input.folder.at("tables/00001.tsv.gz")).unwrap();
    let (without, less) = input.variants(&["--precomputed", &tables, "-t", "1"]);
    assert!(computed == without);
    assert!(looked_up(&less) < looked_up(&text) && less.contains("1 of "), "{less}");
}

#[test]
fn shards_and_killed_runs_fill_a_folder_with_the_bytes_of_one_run() {
    let input = input();
    let [whole, parts] = ["whole", "parts"].map(|name| input.folder.at(name));
    input.precompute(&whole, &["-t", "1"]);
    for shard in ["3/3", "1/3", "2/3"] {
        input.precompute(&parts, &["--shard", shard, "-t", "2"]);
    }
    let tables = |folder: &str| {
        let of_tables = names(folder).into_iter().filter(|name| !name.contains("summary"));
        let read = |name: String| (fs::read(format!("{folder}/{name}")).unwrap(), name);
        of_tables.map(read).collect::<Vec<_>>()
    };
    let expected = tables(&whole);
    assert!(expected.len() > 6, "{:?}", names(&whole));
    assert!(tables(&parts) == expected);
    // What a killed run has not finished is not there, and what it has stays.
    for name in ["00002.tsv.gz", "00002.tsv.gz.csi", "00003.tsv.gz"] {
        fs::remove_file(format!("{parts}/{name}")).unwrap();
    }
    let untouched = fs::metadata(format!("{parts}/00001.tsv.gz")).unwrap().modified().unwrap();
    input.precompute(&parts, &[]);
    assert!(tables(&parts) == expected);
    let summary = summary(&format!("{parts}/precompute"));
    assert_eq!(summary["pieces_computed"], 2);
    assert_eq!(summary["pieces"], summary["pieces_there"].as_u64().unwrap() + 2);
    let now = fs::metadata(format!("{parts}/00001.tsv.gz")).unwrap().modified().unwrap();
    assert_eq!(untouched, now);
}

#[test]
fn tables_of_another_genome_model_setting_or_site_are_refused_with_what_differs() {
    let input = input();
    let tables = input.folder.at("tables");
    let site = input.folder.file("site.bed", "chrSim1\t5000\t5001\tx\t0\t+\n");
    let name = read_fasta(&input.genome).remove(0).0;
    let site_text = fs::read_to_string(&site).unwrap().replace("chrSim1", &name);
    fs::write(&site, site_text).unwrap();
    let precompute = ["precompute", "--fasta", &input.genome, "--sites", &site, "--around", "3"];
    run([&precompute[..], &["-o", &tables]].concat());
    let variants = ["variants", &input.vcf, "--precomputed", &tables];
    let other = simulate(&input.folder.at("other"), 20_000, 4, 2, 4);
    let config = input.folder.file("x.toml", "[variants.rule]\ndelta = 2.0\n");
    let genome = ["--fasta", &input.genome, "--sites", &site];
    for (more, told) in [
        (&["--fasta", &other, "--sites", &site, "--force"][..], "genome: sha256"),
        (&["--fasta", &input.genome], "known sites: sha256"),
        (&[&genome[..], &["--config", &config]].concat(), "delta: 1.0 there, 2.0 here"),
        (&[&genome[..], &["--latent", "none"]].concat(), "latent: changed there, none here"),
        (
            &[&genome[..], &["--strength-model", "none"]].concat(),
            "strength model: default-strength sha256",
        ),
    ] {
        refuse([&variants[..], more].concat(), 1, &[told, "something else"]);
    }
    run([&variants[..], &genome[..]].concat());
    // The folder does not become another one's.
    refuse(
        [&precompute[..], &["--latent", "none", "-o", &tables]].concat(),
        1,
        &["latent: changed there", "another folder"],
    );
    refuse(
        [&variants[..], &genome[..], &["--precomputed", &input.folder.at("sim")]].concat(),
        2,
        &["--precomputed"],
    );
    let empty = ["variants", &input.vcf, "--precomputed", &input.folder.at("sim")];
    refuse([&empty[..], &genome[..]].concat(), 1, &["no precomputed effects in this folder"]);
}

#[test]
fn a_table_is_read_by_htslib() {
    use rust_htslib::tbx::{Read, Reader};
    let input = input();
    let tables = input.folder.at("tables");
    input.precompute(&tables, &[]);
    let truth = fs::read_to_string(input.folder.at("sim/truth.bed")).unwrap();
    let site = truth.lines().find(|line| !line.starts_with('#')).unwrap();
    let fields: Vec<&str> = site.split('\t').collect();
    let (contig, site) = (fields[0], fields[1].parse::<u64>().unwrap());
    let mut rows = Vec::new();
    for name in names(&tables).iter().filter(|name| name.ends_with(".gz")) {
        let mut reader = Reader::from_path(format!("{tables}/{name}")).unwrap();
        let tid = reader.tid(contig).unwrap();
        reader.fetch(tid, site, site + 1).unwrap();
        rows.extend(reader.records().map(|row| String::from_utf8(row.unwrap()).unwrap()));
    }
    // Three SNVs, and the site has a row of each.
    let of_site = rows.iter().filter(|row| {
        let cells: Vec<&str> = row.split('\t').collect();
        cells.len() == 20 && cells[1] == (site + 1).to_string() && cells[3] != "-"
    });
    assert!(of_site.count() >= 3, "{rows:?}");
}
