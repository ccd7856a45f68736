//! `mutagenesis`: every SNV has its row, the scores are those of `variants`, and table, tracks,
//! pictures and summary tell the same.

mod classes;
mod parts;
mod usage;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read as _;

use rust_htslib::bgzf;
use rust_htslib::tbx::{self, Read as _};

use crate::support::*;

/// A row of the table by the names of its columns.
type Row = HashMap<String, String>;

/// The table of a run.
pub fn table(prefix: &str) -> String {
    let mut text = String::new();
    let path = format!("{prefix}.mutagenesis.tsv.gz");
    bgzf::Reader::from_path(path).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The rows of a table, by the names of its columns.
pub fn rows(text: &str) -> Vec<Row> {
    let header = text.lines().find(|line| line.starts_with("#chrom")).unwrap();
    let names: Vec<&str> = header.trim_start_matches('#').split('\t').collect();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), names.len(), "{line}");
        names
            .iter()
            .map(|name| (*name).to_owned())
            .zip(cells.iter().map(|c| (*c).to_owned()))
            .collect()
    };
    lines.map(row).collect()
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} {row:?}"))
}

/// The row's position, 1-based.
fn position(row: &Row) -> usize {
    row["pos"].parse().unwrap()
}

/// A site of truth.bed.
struct Planted {
    position: usize,
    strand: char,
    /// 1-based positions of the signal.
    signal: std::ops::Range<usize>,
}

/// The planted sites; 1-based.
fn planted(bed: &str) -> Vec<Planted> {
    let text = fs::read_to_string(bed).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let (position, offset): (usize, usize) =
            (cells[2].parse().unwrap(), cells[7].parse().unwrap());
        let strand = cells[5].parse().unwrap();
        let signal = match strand {
            '+' => position - offset..position - offset + 6,
            _ => position + offset - 5..position + offset + 1,
        };
        Planted { position, strand, signal }
    });
    rows.collect()
}

/// Mean effect of the SNVs at each position on one strand, that of the largest row of each SNV;
/// `None` where the table's rounding hides which of two rows of opposite sign is the larger.
fn means(rows: &[Row], strand: &str, column: &str) -> BTreeMap<usize, Option<f64>> {
    let mut deltas: BTreeMap<(usize, String), Vec<f64>> = BTreeMap::new();
    let snvs = rows.iter().filter(|row| row["alt"] != "-" && row["strand"] == strand);
    for row in snvs {
        let delta: f64 = row[column].parse().unwrap_or(0.0);
        deltas.entry((position(row), row["alt"].clone())).or_default().push(delta);
    }
    let mut largest: BTreeMap<usize, Vec<Option<f64>>> = BTreeMap::new();
    for ((position, _), deltas) in deltas {
        let most =
            deltas.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        let rival = |&delta: &f64| delta * most < 0.0 && delta.abs() > most.abs() - 0.0011;
        let clear = (!deltas.iter().any(rival)).then_some(most);
        largest.entry(position).or_default().push(clear);
    }
    largest
        .into_iter()
        .map(|(position, of_snvs)| {
            assert_eq!(of_snvs.len(), 3, "{position}");
            (position, of_snvs.into_iter().sum::<Option<f64>>().map(|sum| sum / 3.0))
        })
        .collect()
}

/// Checks the mean track of a strand against the table.
fn track_equals_table(prefix: &str, rows: &[Row], strand: &str, column: &str, length: usize) {
    let name = if strand == "+" { "plus" } else { "minus" };
    let values = track(&format!("{prefix}.{name}.effect.bw"), "chrSim1", length);
    let expected = means(rows, strand, column);
    let clear = expected.values().flatten().count();
    assert!(10 * clear >= 9 * expected.len(), "{clear} of {}", expected.len());
    for (at, value) in values.iter().enumerate() {
        match expected.get(&(at + 1)) {
            Some(Some(mean)) => {
                assert!((f64::from(*value) - mean).abs() < 1e-3, "{at}: {value} {mean}");
            }
            Some(None) => assert!(!value.is_nan(), "{at}"),
            None => assert!(value.is_nan(), "{at}: {value}"),
        }
    }
}

#[test]
fn the_signal_of_a_planted_site_matters_most() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 30_000, 4, 1, 5);
    let (bed, prefix) = (folder.at("sim/truth.bed"), folder.at("out/x"));
    run(["mutagenesis", "-f", &genome, "--sites", &bed, "--plots", "1", "-o", &prefix]);
    let (text, sequence) = (table(&prefix), read_fasta(&genome).remove(0).1);
    let rows = rows(&text);
    let sites = planted(&bed);
    assert_eq!(sites.len(), 4);
    for Planted { position: site, strand, signal } in &sites {
        let of_site =
            |row: &&Row| row["site"] == site.to_string() && row["strand"] == strand.to_string();
        let here: Vec<Row> = rows.iter().filter(of_site).cloned().collect();
        assert_eq!(here.len(), 241 * 3);
        let means = means(&here, &strand.to_string(), "delta_strength");
        let clear = means.iter().filter_map(|(at, mean)| Some((at, mean.as_ref()?)));
        let mut order: Vec<(&usize, &f64)> = clear.collect();
        order.sort_by(|a, b| a.1.total_cmp(b.1));
        let in_signal = order[..5].iter().filter(|(at, _)| signal.contains(at)).count();
        assert!(in_signal >= 4, "{site}{strand}: {:?}, not {signal:?}", &order[..8]);
        assert!(*order[0].1 < -1.0);
        for row in &here {
            assert_eq!(row["ref"], sequence[position(row) - 1..position(row)]);
            let along = *site as i64 - position(row) as i64;
            let along = if *strand == '+' { along } else { -along };
            assert_eq!(number(row, "offset") as i64, along);
            let delta = number(row, "strength_alt") - number(row, "strength_ref");
            assert!((number(row, "delta_strength") - delta).abs() < 2e-3, "{row:?}");
            let narrow = number(row, "delta_strength") * std::f64::consts::LN_2;
            assert!((number(row, "delta_logodds_narrow") - narrow).abs() < 2e-3, "{row:?}");
        }
    }
    for strand in
        ["+", "-"].into_iter().filter(|s| sites.iter().any(|site| site.strand.to_string() == *s))
    {
        track_equals_table(&prefix, &rows, strand, "delta_strength", sequence.len());
    }
    let summary = summary(&prefix);
    assert_eq!(summary["sites"], 4);
    assert_eq!(summary["totals"]["rows"], rows.len());
    pictures_show(&folder.at("out"), &sites[0]);
    query_finds_rows(&prefix, &text, &sites[1]);
}

/// One picture, of the first site, in both formats.
fn pictures_show(out: &str, site: &Planted) {
    let strand = if site.strand == '+' { "plus" } else { "minus" };
    let name = format!("x.1.chrSim1_{}_{strand}", site.position);
    let pictures: Vec<String> =
        names(out).into_iter().filter(|n| n.ends_with("svg") || n.ends_with("png")).collect();
    assert_eq!(pictures, [format!("{name}.png"), format!("{name}.svg")]);
    let svg = fs::read_to_string(format!("{out}/{name}.svg")).unwrap();
    assert!(svg.contains(&format!("chrSim1:{}:{}", site.position, site.strand)));
    assert!(svg.len() < 60_000, "{}", svg.len());
    let png = tiny_skia::Pixmap::load_png(format!("{out}/{name}.png")).unwrap();
    assert!(svg.contains(&format!(
        "width=\"{}\" height=\"{}\"",
        png.width() / 2,
        png.height() / 2
    )));
}

fn query_finds_rows(prefix: &str, text: &str, site: &Planted) {
    let mut reader = tbx::Reader::from_path(format!("{prefix}.mutagenesis.tsv.gz")).unwrap();
    let tid = reader.tid("chrSim1").unwrap();
    let (first, last) = (site.position - 10, site.position + 3);
    reader.fetch(tid, first as u64 - 1, last as u64).unwrap();
    let found: Vec<String> =
        reader.records().map(|row| String::from_utf8(row.unwrap()).unwrap()).collect();
    let inside = |line: &&str| {
        let at = line.split('\t').nth(1).and_then(|at| at.parse::<usize>().ok());
        at.is_some_and(|at| (first..=last).contains(&at))
    };
    let expected: Vec<&str> = text.lines().filter(inside).collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 14 * 3);
}

#[test]
fn scores_are_those_of_variants() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 30_000, 4, 1, 5);
    let site = &planted(&folder.at("sim/truth.bed"))[0];
    let region = format!("chrSim1:{}-{}", site.signal.start - 2, site.signal.end + 2);
    let prefix = folder.at("x");
    run(["mutagenesis", "-f", &genome, "-r", &region, "--deletions", "2", "-o", &prefix]);
    let rows = rows(&table(&prefix));
    let sequence = read_fasta(&genome).remove(0).1;
    let mut vcf =
        "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".to_owned();
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &rows {
        let id = format!("{}_{}_{}", row["pos"], row["ref"], row["alt"]);
        let entries = expected.entry(id.clone()).or_insert_with(|| {
            let at = position(row);
            let before = &sequence[at - 2..at - 1];
            let (start, reference, alternate) = match row["alt"].as_str() {
                "-" => (at - 1, format!("{before}{}", row["ref"]), before),
                alternate => (at, row["ref"].clone(), alternate),
            };
            vcf += &format!("chrSim1\t{start}\t{id}\t{reference}\t{alternate}\t.\t.\t.\n");
            Vec::new()
        });
        if row["site"] != "." {
            let columns =
                ["strand", "site", "prob_ref", "prob_alt", "strength_ref", "strength_alt"];
            let more = ["delta_strength", "usage_ref", "usage_alt", "shift", "motif", "effect"];
            let cells: Vec<&str> =
                columns.iter().chain(&more).map(|column| row[*column].as_str()).collect();
            entries.push(cells.join("|"));
        }
    }
    let vcf = folder.file("x.vcf", vcf);
    let annotated = records(&String::from_utf8(run(["variants", &vcf, "-f", &genome])).unwrap());
    assert_eq!(annotated.len(), 11 * 3 + 10);
    let mut compared = 0;
    for record in annotated {
        let found = record.entries.iter().map(|entry| {
            let parts: Vec<&str> = entry.text.split('|').collect();
            // All but allele, gene and the offset, which counts from the canonical place of a
            // deletion.
            [&parts[2..4], &parts[5..15]].concat().join("|")
        });
        let found: Vec<String> = found.collect();
        assert_eq!(found, expected[&record.id], "{}", record.id);
        compared += found.len();
    }
    assert!(compared >= 30);
}

/// A genome whose first contig has unknown nucleotides.
fn genome_with_gaps(folder: &Folder) -> String {
    let (_, sequence) = read_fasta(&simulate(&folder.at("sim"), 20_000, 4, 1, 3)).remove(0);
    let first =
        [&sequence[..700], "N", &sequence[701..900], &"N".repeat(150), &sequence[1_050..4_000]];
    folder.file("genome.fa", fasta([("chrSim1", first.concat().as_str()), ("b", &sequence[..200])]))
}

#[test]
fn threads_do_not_change_a_byte_and_every_position_is_accounted_for() {
    let folder = Folder::new();
    let genome = genome_with_gaps(&folder);
    let mut seen = Vec::new();
    for threads in ["1", "3"] {
        let prefix = folder.at(&format!("t{threads}/x"));
        let args = ["mutagenesis", "-f", &genome, "-r", "chrSim1", "-r", "b:5-24", "--plots", "2"];
        let more = ["--deletions", "3", "--strength-model", "none", "-t", threads, "-o", &prefix];
        run([&args[..], &more[..]].concat());
        let out = folder.at(&format!("t{threads}"));
        let files = names(&out).into_iter().filter(|name| !name.ends_with("json"));
        let files: Vec<(String, Vec<u8>)> =
            files.map(|name| (name.clone(), fs::read(format!("{out}/{name}")).unwrap())).collect();
        let written: Vec<&str> = files.iter().map(|file| file.0.as_str()).collect();
        assert_eq!(written.len(), 2 + 4 + 4, "{written:?} {}", summary(&prefix));
        seen.push(files);
        let totals = &summary(&prefix)["totals"];
        let positions = &totals["positions"];
        assert_eq!(positions["asked"], 4_020);
        // The gap and what sees too much of it, and all of the short contig.
        assert_eq!(positions["skipped"]["contig_edge"], 20);
        let unknown = positions["skipped"]["reference_n"].as_u64().unwrap();
        assert!(unknown > 151 + 100, "{unknown}");
        assert_eq!(positions["scored"], 4_020 - 20 - unknown);
        assert_eq!(totals["deletions"]["asked"], 4_000 - 2 + 20 - 2);
        let rows = rows(&table(&prefix));
        assert_eq!(totals["rows"], rows.len());
        for strand in ["+", "-"] {
            // Without a strength model the log2 odds of the classification count.
            let logit: Vec<Row> = rows.iter().cloned().map(in_log2).collect();
            track_equals_table(&prefix, &logit, strand, "delta", 4_000);
        }
        assert!(rows.iter().all(|row| row["delta_strength"] == "." && row["delta_usage"] == "."));
        // The 239 nt at both ends have fewer windows.
        let snvs = rows.iter().filter(|row| row["alt"] != "-").map(position);
        let partial = snvs.filter(|at| *at <= 239 || *at > 4_000 - 239);
        let partial: std::collections::BTreeSet<usize> = partial.collect();
        assert!(partial.len() > 239);
        assert_eq!(positions["partial"], partial.len());
        let deletions = rows.iter().filter(|row| row["alt"] == "-");
        let scored: std::collections::BTreeSet<usize> = deletions.map(position).collect();
        assert_eq!(totals["deletions"]["scored"], scored.len());
    }
    for (a, b) in seen[0].iter().zip(&seen[1]) {
        assert!(a == b, "{} differs", a.0);
    }
}

fn in_log2(mut row: Row) -> Row {
    let delta = row["delta_logit"].parse::<f64>().map(|logit| logit / std::f64::consts::LN_2);
    row.insert("delta".into(), delta.map_or(".".into(), |delta| delta.to_string()));
    row
}

#[test]
fn a_place_that_no_haplotype_calls_has_its_rows() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 30_000, 4, 1, 5);
    let planted = planted(&folder.at("sim/truth.bed"));
    let far = |at: &usize| planted.iter().all(|site| site.position.abs_diff(*at) > 1_000);
    let place = (2_000..28_000).find(far).unwrap();
    let bed = format!(
        "chrSim1\t{}\t{place}\tx\t0\t-\nchrSim1\t{}\t{place}\ty\t0\t-\n",
        place - 1,
        place - 1
    );
    let (bed, prefix) = (folder.file("place.bed", bed), folder.at("x"));
    run(["mutagenesis", "-f", &genome, "--sites", &bed, "-o", &prefix]);
    let rows = rows(&table(&prefix));
    assert_eq!(rows.len(), 241 * 3);
    assert!(rows.iter().all(|row| row["site"] == place.to_string() && row["strand"] == "-"));
    let summary = summary(&prefix);
    assert!(summary["notes"][0].as_str().unwrap().contains("1 sites are there twice"));
    assert!(!names(&folder.at("")).iter().any(|name| name.contains("plus")));
}

#[test]
fn wrong_inputs_are_refused_with_a_cure() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 3);
    let out = folder.folder("out");
    let prefix = format!("{out}/x");
    let bed = |name: &str, text: &str| folder.file(name, text);
    let long = bed("long.bed", "chrSim1\t9\t20\tx\t0\t+\n");
    let bare = bed("bare.bed", "chrSim1\t9\t10\n");
    let none = bed("none.bed", "# nothing\n");
    let elsewhere = bed("elsewhere.bed", "chrQ\t9\t10\tx\t0\t+\n");
    let good = bed("good.bed", "chrSim1\t9\t10\tx\t0\t+\n");
    let asked = |more: &[&str], code: i32, told: &[&str]| {
        let args = ["mutagenesis", "-f", &genome, "-o", &prefix];
        refuse([&args[..], more].concat(), code, told);
        assert!(names(&out).is_empty(), "{:?}", names(&out));
    };
    asked(&["--sites", &long], 1, &[&long, "chrSim1:10-20", "one nucleotide", "-r"]);
    asked(&["--sites", &bare], 1, &[&bare, "chrSim1:10-10", "no strand", "column 6"]);
    asked(&["--sites", &none], 1, &[&none, "no sites"]);
    asked(&["--sites", &elsewhere], 1, &[&elsewhere, "line 1", "chrQ"]);
    asked(&["-r", "chrSim1:1-30000"], 1, &["outside"]);
    asked(&[], 2, &["--region"]);
    asked(&["-r", "chrSim1", "--sites", &good], 2, &["cannot be used with"]);
    asked(&["--strand", "+", "--sites", &good], 2, &["cannot be used with"]);
    asked(&["-r", "chrSim1", "--deletions", "0"], 2, &["between 1 and 100"]);
    asked(&["-r", "chrSim1", "--deletions", "101"], 2, &["between 1 and 100", "max_length"]);
    asked(&["-r", "chrSim1", "--plots", "5000"], 2, &["at most 1000"]);
    asked(&["-r", "chrSim1", "--strength-model", "default"], 1, &["default", "strength"]);
    refuse(["mutagenesis", "-f", &genome, "-r", "chrSim1", "-o", "-"], 2, &["prefix"]);
}

/// The contig is shorter than a window: there is nothing to write tracks of, and that is said.
#[test]
fn a_region_without_anything_to_score_is_accounted_for() {
    let folder = Folder::new();
    let (genome, prefix) = (genome_with_gaps(&folder), folder.at("out/x"));
    run(["mutagenesis", "-f", &genome, "-r", "b", "--plots", "3", "-o", &prefix]);
    let summary = summary(&prefix);
    assert_eq!(summary["totals"]["positions"]["skipped"]["contig_edge"], 200);
    assert_eq!(summary["notes"].as_array().unwrap().len(), 4);
    assert_eq!(names(&folder.at("out")).len(), 3);
    assert!(rows(&table(&prefix)).is_empty());
}
