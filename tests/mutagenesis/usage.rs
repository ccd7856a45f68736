//! `mutagenesis --usage`, `--cutoff`, and the table of APARENT2's authors.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read as _;

use polyascan::context::signal::is_signal_at;
use polyascan::engine::device::Workers;
use polyascan::genome::sequence::{encode, reverse_complement, stretch};
use polyascan::models::aparent2::HEXAMER;
use polyascan::models::aparent2::weights::LENGTH;
use polyascan::models::{Model, registry};
use rust_htslib::bgzf;

use super::{Row, number, position, rows, table};
use crate::anchor;
use crate::support::*;

/// The planted sites as BED with one more column, a share; of the first site none was measured.
fn measured_sites(folder: &Folder) -> (String, usize) {
    let text = fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    let mut bed = String::new();
    let mut sites = 0;
    for line in text.lines().filter(|line| !line.starts_with("##")) {
        let share = match sites {
            _ if line.starts_with('#') => "share".to_owned(),
            0 => ".".to_owned(),
            n => format!("{}", 0.05 * n as f64),
        };
        bed += &format!("{line}\t{share}\n");
        sites += usize::from(!line.starts_with('#'));
    }
    (folder.file("measured.bed", bed), sites)
}

#[test]
fn changes_of_usage_are_of_the_usage_that_was_measured() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 30_000, 4, 1, 5);
    let (bed, sites) = measured_sites(&folder);
    let (prefix, plain) = (folder.at("x"), folder.at("plain"));
    let args = ["mutagenesis", "-f", &genome, "--sites", &bed];
    run([&args[..], &["-o", &plain]].concat());
    let told = polyascan().args(args).args(["--usage", "share", "-o", &prefix]).assert().success();
    let told = String::from_utf8(told.get_output().stderr.clone()).unwrap();
    assert!(told.contains(&format!("1 of {sites} sites have no measured usage")), "{told}");
    let summary = summary(&prefix);
    assert_eq!(
        (&summary["sites"], &summary["sites_with_usage"]),
        (&sites.into(), &(sites - 1).into())
    );
    let (found, before) = (rows(&table(&prefix)), rows(&table(&plain)));
    let mut checked = BTreeMap::new();
    for (row, before) in found.iter().zip(&before) {
        assert!(row["name"].starts_with("site_") && row["pas_position"] == ".", "{row:?}");
        assert_eq!((&row["name"], before["native_usage"].as_str()), (&before["name"], "."));
        for kind in ["", "_narrow"] {
            let [odds, usage] = ["logodds", "usage"].map(|what| format!("delta_{what}{kind}"));
            assert_eq!(row[&odds], before[&odds], "log-odds are the model's");
            if row["native_usage"] == "." {
                assert_eq!((row["name"].as_str(), row[&usage].as_str()), ("site_1", "."));
                continue;
            }
            let native = number(row, "native_usage");
            let logit = (native / (1.0 - native)).ln() + number(row, &odds);
            let expected = 1.0 / (1.0 + (-logit).exp()) - native;
            assert!((number(row, &usage) - expected).abs() < 1.5e-5, "{expected}: {row:?}");
            *checked.entry(row["native_usage"].clone()).or_insert(0) += 1;
        }
    }
    assert_eq!(checked.len(), sites - 1, "{checked:?}");
    // A model that knows sites and no usage says so, and leaves the columns empty.
    let none = ["--usage", "8", "--strength-model", "none", "-o", &prefix];
    let offsets = folder.file("one.bed", "chrSim1\t5000\t5001\tx\t0\t+\t.\t1\n");
    let args = ["mutagenesis", "-f", &genome, "--sites", &offsets];
    let told = polyascan().args(args).args(none).assert().success();
    let told = String::from_utf8(told.get_output().stderr.clone()).unwrap();
    assert!(told.contains("default says nothing of usage"), "{told}");
    let row = &rows(&table(&prefix))[0];
    assert_eq!((row["native_usage"].as_str(), row["delta_usage"].as_str()), ("1.00000", "."));
}

fn cutoff_table(prefix: &str) -> String {
    let mut text = String::new();
    let path = format!("{prefix}.mutagenesis.cutoff.tsv.gz");
    bgzf::Reader::from_path(path).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_cutoff_keeps_the_rows_whose_odds_change_more_and_goes_with_the_others() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 2, 1, 5);
    let (bed, prefix) = (folder.at("sim/truth.bed"), folder.at("out/x"));
    let args = ["mutagenesis", "-f", &genome, "--sites", &bed, "-o", &prefix];
    let mut whole = Vec::new();
    for (more, fold) in [(&["--cutoff"][..], 1.25_f64), (&["--cutoff", "3"], 3.0)] {
        run([&args[..], more].concat());
        let (all, few) = (table(&prefix), cutoff_table(&prefix));
        let data = |text: &str| {
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        let (lines, kept): (Vec<String>, Vec<String>) = (data(&all), data(&few));
        let passes = |row: &Row| number(row, "delta_logodds").abs() > fold.ln();
        let expected: Vec<String> = lines
            .iter()
            .zip(rows(&all))
            .filter(|(_, row)| passes(row))
            .map(|(l, _)| l.clone())
            .collect();
        assert!(kept == expected && !kept.is_empty() && kept.len() < lines.len() / 2);
        assert!(
            few.contains(&format!("## cutoff: rows whose delta_logodds is above {:.6}", fold.ln()))
        );
        let summary = summary(&prefix);
        assert_eq!(summary["cutoff"]["fold"], fold);
        assert_eq!(summary["cutoff"]["rows"], kept.len());
        assert_eq!(names(&folder.at("out")).iter().filter(|n| n.contains("cutoff")).count(), 2);
        whole.push(all);
    }
    let told = polyascan().args(args).assert().success();
    let told = String::from_utf8(told.get_output().stderr.clone()).unwrap();
    assert!(told.contains("removed 2 files of an earlier run"), "{told}");
    assert!(names(&folder.at("out")).iter().all(|name| !name.contains("cutoff")));
    whole.push(table(&prefix));
    assert!(
        whole.iter().all(|table| *table == whole[0]),
        "the table is the same with a cutoff and without"
    );
    assert!(summary(&prefix)["cutoff"].is_null());
}

#[test]
fn what_is_no_usage_or_fold_is_refused_with_a_cure() {
    let folder = Folder::new();
    let (genome, out) =
        (folder.file("g.fa", fasta([("c", &*"ACGTTGCAAG".repeat(50))])), folder.folder("out"));
    let row = |score: &str| format!("c\t250\t251\tx\t{score}\t+\n");
    let [large, bare] = [("large.bed", "1200"), ("bare.bed", "5")]
        .map(|(name, score)| folder.file(name, row(score)));
    let asked = |bed: &str, more: &[&str], code: i32, told: &[&str]| {
        let prefix = format!("{out}/x");
        let args = ["mutagenesis", "-f", &genome, "--sites", bed, "-o", &prefix];
        refuse([&args[..], more].concat(), code, told);
        assert!(names(&out).is_empty(), "{:?}", names(&out));
    };
    asked(&large, &["--usage", "score"], 1, &[&large, "line 1", "\"1200\"", "0 to 1000"]);
    asked(&bare, &["--usage", "5"], 1, &[&bare, "line 1", "from 0 to 1", "percentages"]);
    asked(&bare, &["--usage", "share"], 1, &[&bare, "no header", "\"share\""]);
    asked(&bare, &["--usage", "9"], 1, &[&bare, "line 1", "no column 9"]);
    asked(&bare, &["--usage", "0"], 2, &["counted from 1"]);
    for fold in ["1", "0.5", "nan", "inf"] {
        asked(&bare, &["--cutoff", fold], 2, &["--cutoff", "above 1"]);
    }
    let prefix = format!("{out}/x");
    let region = ["mutagenesis", "-f", &genome, "-r", "c", "--usage", "score", "-o", &prefix];
    refuse(region, 2, &["--sites"]);
}

/// The frame of a sequence (codes) whose signal begins, in transcript direction, at a position
/// (0-based).
fn frame(codes: &[u8], strand: &str, position: usize) -> Vec<u8> {
    match strand {
        "+" => stretch(codes, position as isize - HEXAMER as isize, LENGTH),
        _ => {
            let start = position as isize - (LENGTH - 1 - HEXAMER) as isize;
            reverse_complement(&stretch(codes, start, LENGTH))
        }
    }
}

/// Narrow and wide log-odds of a frame.
fn odds(model: &dyn Model, frame: &[u8]) -> [f64; 2] {
    let values = model.predict(&[frame.into()]).unwrap().values;
    [values[1][0].into(), values[2][0].into()]
}

/// A site of the BED file; positions from 0.
struct Bed {
    site: usize,
    strand: String,
    usage: f64,
    /// The signal with the most narrow cleavage of those that begin 7 to 56 nt upstream.
    signal: Option<usize>,
}

fn bed_sites(bed: &str, codes: &[u8], model: &dyn Model) -> Vec<Bed> {
    let text = fs::read_to_string(bed).unwrap();
    let site = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let (site, strand): (usize, _) = (cells[1].parse().unwrap(), cells[5]);
        let upstream = (7..=56).map(|nt| if strand == "+" { site - nt } else { site + nt });
        let frames = upstream.map(|at| (at, frame(codes, strand, at)));
        let signals = frames.filter(|(_, frame)| is_signal_at(frame, HEXAMER));
        let odds = signals.map(|(at, frame)| (at, odds(model, &frame)[0]));
        let strongest = odds.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at);
        let usage = cells[4].parse::<f64>().unwrap() / 1000.0;
        Bed { site, strand: strand.to_owned(), usage, signal: strongest }
    };
    text.lines().map(site).collect()
}

/// The block of shell that the page calls its recipe.
fn recipe() -> &'static str {
    let page = include_str!("../../docs/MUTAGENESIS.md");
    let block = page.split("<!-- recipe -->\n```sh\n").nth(1).unwrap();
    block.split("```").next().unwrap()
}

#[test]
fn the_recipe_makes_the_table_of_aparent2s_authors() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 60_000, 12, 1, 5);
    fs::rename(anchor::model(&folder), folder.at("aparent2.safetensors")).unwrap();
    for name in ["genome.fa", "genes.gtf"] {
        fs::copy(folder.at(&format!("sim/{name}")), folder.at(name)).unwrap();
    }
    let truth = fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    // Some of the planted sites, their usage in the score, not in order.
    let lines = truth.lines().filter(|line| !line.starts_with('#')).take(3).enumerate();
    let rows_of_bed = lines.map(|(n, line)| {
        let mut cells: Vec<&str> = line.split('\t').take(6).collect();
        let score = (100 + 150 * n).to_string();
        cells[4] = &score;
        cells.join("\t") + "\n"
    });
    let rows_of_bed: Vec<String> = rows_of_bed.collect();
    let bed = folder.file("sites.bed", rows_of_bed.iter().rev().cloned().collect::<String>());
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_polyascan")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-euc", recipe()]).current_dir(folder.at("")).env("PATH", path);
    let done = shell.env("POLYASCAN_MODELS", folder.at("")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let model = registry::load(&folder.at("aparent2.safetensors"), &Workers::CPU).unwrap();
    let letters = read_fasta(&genome).remove(0).1;
    let codes = encode(letters.as_bytes()).unwrap();
    let sites = bed_sites(&bed, &codes, model.as_ref());
    // Genes and classes are those of the annotation, which another test is about.
    let of_site: HashMap<(String, String), (String, String)> = rows(&table(&folder.at("ism")))
        .iter()
        .map(|row| {
            let key = (row["site"].clone(), row["strand"].clone());
            (key, (row["gene"].clone(), row["class"].clone()))
        })
        .collect();
    let mut expected: Vec<(String, i64, Vec<String>, [f64; 4])> = Vec::new();
    for bed in &sites {
        let Some(signal) = bed.signal else { continue };
        let (gene, class) = &of_site[&((bed.site + 1).to_string(), bed.strand.clone())];
        let along: i64 = if bed.strand == "+" { 1 } else { -1 };
        let before = odds(model.as_ref(), &frame(&codes, &bed.strand, signal));
        for index in 0..=146_i64 {
            let at = (signal as i64 + along * (index - 70)) as usize;
            for base in if along == 1 { *b"ACGT" } else { *b"TGCA" } {
                let base = base as char;
                if at.abs_diff(bed.site) > 120 || letters[at..=at] == base.to_string() {
                    continue;
                }
                let mut changed = codes.clone();
                changed[at] = encode(&[base as u8]).unwrap()[0];
                let after = odds(model.as_ref(), &frame(&changed, &bed.strand, signal));
                let of = |i: usize| {
                    let delta = after[i] - before[i];
                    let logit = (bed.usage / (1.0 - bed.usage)).ln() + delta;
                    [delta, 1.0 / (1.0 + (-logit).exp()) - bed.usage]
                };
                let ([narrow, narrow_usage], [wide, wide_usage]) = (of(0), of(1));
                let cells = [
                    "chrSim1".to_owned(),
                    bed.strand.clone(),
                    class.clone(),
                    format!("{:.5}", bed.usage),
                    (signal + 1).to_string(),
                    (at + 1).to_string(),
                    letters[at..=at].to_owned(),
                    base.to_string(),
                ];
                let deltas = [wide, wide_usage, narrow, narrow_usage];
                expected.push((gene.clone(), along * signal as i64, cells.to_vec(), deltas));
            }
        }
    }
    // Stable: the frame and the bases stay in order.
    expected.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let text = fs::read_to_string(folder.at("ism.csv")).unwrap();
    let found: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let header = "gene,gene_id,chrom,strand,site_type,native_usage,pas_position,var_position,ref_nucleotide,\
                  var_nucleotide,delta_logodds,delta_usage,delta_logodds_narrow,delta_usage_narrow";
    assert_eq!(text.lines().next(), Some(header));
    assert_eq!(found.len(), expected.len() + 1);
    let mut numbers: HashMap<String, Vec<i64>> = HashMap::new();
    for (found, (gene, along, cells, deltas)) in found[1..].iter().zip(&expected) {
        let of_gene = numbers.entry(gene.clone()).or_default();
        if !of_gene.contains(along) {
            of_gene.push(*along);
        }
        assert_eq!(found[..2], [gene.clone(), format!("{gene}.{}", of_gene.len())]);
        assert_eq!(found[2..10], cells[..]);
        for (text, delta) in found[10..].iter().zip(deltas) {
            assert!((text.parse::<f64>().unwrap() - delta).abs() < 1e-4, "{found:?} {deltas:?}");
        }
    }
    // Several sites of one gene, on both strands of the genome.
    assert!(numbers.values().any(|sites| sites.len() > 1), "{numbers:?}");
    assert!(numbers.values().flatten().any(|along| *along < 0), "{numbers:?}");
    let complete =
        sites.iter().filter(|bed| bed.signal.is_some_and(|at| at.abs_diff(bed.site) <= 50));
    assert!(complete.count() >= 2);
    assert!(rows(&table(&folder.at("ism"))).iter().all(|row| position(row) > 0));
}
