//! From the 3' ends of reads to sites.

use std::fs;

use rust_htslib::bam::header::HeaderRecord;
use rust_htslib::bam::record::{Cigar, CigarString};
use rust_htslib::bam::{Format, Header, Record, Writer};
use serde_json::Value;

use crate::support::*;

/// A contig without runs of As, 6,000 nt.
fn contig() -> String {
    (0..6_000u64).map(|i| b"CGTACGTCGTG"[((i * i + i / 7) % 11) as usize] as char).collect()
}

/// A gene of one exon, 1,000..5,000, on the plus strand.
const GENE: &str = "chr1\tx\tgene\t1001\t5000\t.\t+\t.\tgene_id \"G1\"; gene_name \"ONE\";\n\
    chr1\tx\ttranscript\t1001\t5000\t.\t+\t.\tgene_id \"G1\"; gene_name \"ONE\"; transcript_id \"T1\";\n\
    chr1\tx\texon\t1001\t5000\t.\t+\t.\tgene_id \"G1\"; gene_name \"ONE\"; transcript_id \"T1\";\n";

struct Inputs {
    folder: Folder,
    genome: String,
    genes: String,
}

fn inputs() -> Inputs {
    let folder = Folder::new();
    let genome = folder.file("genome.fa", fasta([("chr1", contig().as_str())]));
    let genes = folder.file("genes.gtf", GENE);
    Inputs { folder, genome, genes }
}

/// Rows of a table by column name.
fn rows(path: &str) -> Vec<std::collections::HashMap<String, String>> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with("## "));
    let columns: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let row = |line: &str| {
        columns
            .iter()
            .map(|name| (*name).to_owned())
            .zip(line.split('\t').map(str::to_owned))
            .collect()
    };
    lines.map(row).collect()
}

#[test]
fn planted_sites_are_found_again_from_their_reads() {
    let folder = Folder::new();
    let (sim, out) = (folder.at("sim"), folder.at("out/x"));
    run([
        "simulate", "--length", "400000", "--sites", "80", "--reads", "60", "--seed", "3", "-o",
        &sim,
    ]);
    let at = |name: &str| format!("{sim}/{name}");
    let (reads, genome, genes) = (at("reads.bed"), at("genome.fa"), at("genes.gtf"));
    run(["sites", &reads, "--fasta", &genome, "--annotation", &genes, "-o", &out]);
    let found = rows(&format!("{out}.measured.tsv"));
    let truth = fs::read_to_string(at("truth.bed")).unwrap();
    let truth: Vec<(u64, &str)> = truth
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .map(|cells| (cells[1].parse().unwrap(), cells[5]))
        .collect();
    let near = |position: u64, strand: &str| {
        found.iter().any(|row| {
            row["strand"] == strand && row["offset"].parse::<u64>().unwrap().abs_diff(position) <= 5
        })
    };
    let again = truth.iter().filter(|(position, strand)| near(*position, strand)).count();
    // Some planted sites lie before genomic As by chance, a few have too few reads.
    assert!(again * 10 >= truth.len() * 8, "{again} of {}", truth.len());
    assert!(found.len() <= again + truth.len() / 10, "{} for {}", found.len(), truth.len());
    let summary = summary(&format!("{out}.measured"));
    assert!(summary["clusters"]["internal_priming"].as_u64().unwrap() >= 10, "{summary}");
    let account = &summary["samples"][0]["reads"];
    assert!(account["read"] == account["counted"] && account["read"].as_u64() > Some(4_000));
    // What a model's evaluation reads.
    let bed = format!("{out}.measured.bed");
    let json = run(["evaluate", "calls", &bed, "--truth", &at("truth.bed"), "--json"]);
    assert!(serde_json::from_slice::<Value>(&json).is_ok());
}

#[test]
fn groups_are_compared_and_threads_change_nothing() {
    let Inputs { folder, genome, genes } = inputs();
    // Proximal at 3,000, distal at 4,500: 90:10 in one tissue, 10:90 in the other.
    let sample = |name: &str, proximal: u32, distal: u32| {
        let text =
            format!("chr1\t3000\t3001\t.\t{proximal}\t+\nchr1\t4500\t4501\t.\t{distal}\t+\n");
        folder.file(name, text)
    };
    let a = sample("a.bed", 90, 10);
    let b = sample("b.bed", 10, 90);
    let given = [format!("a1@liver={a}"), format!("b1@brain={b}")];
    let out = |threads: &str| {
        let out = folder.at(&format!("out{threads}/x"));
        run([
            "sites", &given[0], &given[1], "-f", &genome, "-a", &genes, "-t", threads, "-o", &out,
        ]);
        out
    };
    let (one, three) = (out("1"), out("3"));
    for ending in ["tsv", "bed", "groups.tsv"] {
        let read = |prefix: &str| fs::read(format!("{prefix}.measured.{ending}")).unwrap();
        assert!(read(&one) == read(&three), "{ending}");
    }
    let sites = rows(&format!("{one}.measured.tsv"));
    assert_eq!(sites.len(), 2);
    let first = &sites[0];
    assert_eq!([&first["reads_a1"], &first["reads_b1"], &first["reads"]], ["90", "10", "100"]);
    assert_eq!(
        [&first["gene"], &first["feature"], &first["share"]],
        ["ONE", "terminal_exon", "0.5000"]
    );
    let groups = rows(&format!("{one}.measured.groups.tsv"));
    assert_eq!(groups.len(), 1);
    let row = &groups[0];
    assert_eq!([&row["gene"], &row["group"]], ["ONE", "brain"]);
    assert_eq!([&row["proximal_share"], &row["others_proximal_share"]], ["0.1000", "0.9000"]);
    assert!(row["q"].parse::<f64>().unwrap() < 1e-20, "{row:?}");
}

#[test]
fn reads_of_bam_count_where_they_show_a_tail() {
    let Inputs { folder, genome, genes } = inputs();
    let path = folder.at("reads.bam");
    let letters = contig().into_bytes();
    let mut header = Header::new();
    header.push_record(HeaderRecord::new(b"SQ").push_tag(b"SN", "chr1").push_tag(b"LN", 6_000));
    let mut writer = Writer::from_path(&path, &header, Format::Bam).unwrap();
    let mut write = |tail: &[u8], quality: u8, n: usize| {
        for _ in 0..n {
            let sequence = [&letters[2_000..2_030], tail].concat();
            let cigar = vec![Cigar::Match(30), Cigar::SoftClip(tail.len() as u32)];
            let mut record = Record::new();
            record.set(b"r", Some(&CigarString(cigar)), &sequence, &vec![30; sequence.len()]);
            record.set_tid(0);
            record.set_pos(2_000);
            record.set_mapq(quality);
            record.unset_flags();
            writer.write(&record).unwrap();
        }
    };
    write(b"AAAAAAAA", 60, 12);
    write(b"CCTGCCTG", 60, 5);
    write(b"AAAAAAAA", 3, 4);
    drop(writer);
    let out = folder.at("out/x");
    run(["sites", &path, "-f", &genome, "-a", &genes, "-o", &out]);
    let sites = rows(&format!("{out}.measured.tsv"));
    assert_eq!(sites.len(), 1);
    assert_eq!(sites[0]["reads"], "12");
    let position: u64 = sites[0]["offset"].parse().unwrap();
    assert!(position.abs_diff(2_029) <= 1, "{position}");
    let reads = &summary(&format!("{out}.measured"))["samples"][0]["reads"];
    assert_eq!(reads["skipped"], serde_json::json!({"mapping_quality": 4, "no_tail": 5}));
}

#[test]
fn what_is_no_count_of_reads_is_refused() {
    let Inputs { folder, genome, .. } = inputs();
    let track = folder.file("x.bedgraph", "chr1\t5\t7\t0.37\n");
    let bed = folder.file("x.bed", "chr1\t5\t6\t.\t12\t+\n");
    let out = folder.at("out/x");
    let (pair, twice) = (format!("x={track},{track}"), format!("a={bed}"));
    for (reads, code, problem) in [
        (vec![pair.as_str()], 1, "line 1: 0.37 is not a count of reads"),
        (vec![track.as_str()], 1, "NAME=PLUS,MINUS"),
        (vec![twice.as_str(), twice.as_str()], 2, "two samples are called \"a\""),
        (vec!["a=,b"], 2, "[NAME[@GROUP]=]FILE"),
    ] {
        let arguments = [&["sites"], reads.as_slice(), &["-f", &genome, "-o", &out]].concat();
        refuse(arguments, code, &[problem]);
    }
}
