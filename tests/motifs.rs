//! `motifs`: what is planted comes out on top, tables agree with each other, threads do not show,
//! every site is told.

use std::collections::BTreeMap;
use std::fs;

use polyascan::models::registry;
use polyascan::models::weight_file::encode;
use rand::SeedableRng;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::support::*;
use crate::tables::{Row, number, rows};

/// A simulated genome and its sites.
fn simulated(folder: &Folder, length: usize, sites: usize) -> (String, String) {
    let genome = simulate(&folder.at("sim"), length, sites, 1, 5);
    (genome, folder.at("sim/truth.bed"))
}

#[test]
fn planted_elements_come_out_on_top() {
    let folder = Folder::new();
    let (genome, sites) = simulated(&folder, 100_000, 24);
    let prefix = folder.at("out/x");
    run(["motifs", "importance", &sites, "-f", &genome, "--replacements", "9", "-o", &prefix]);
    let at = |ending: &str| format!("{prefix}.importance.{ending}");

    let mut windows = rows(&at("windows.tsv"));
    windows.retain(|row| row["background"] == "no");
    for quantity in ["classification", "strength"] {
        let sum = format!("{quantity}_importance_sum");
        windows.sort_by(|a, b| number(b, &sum).total_cmp(&number(a, &sum)));
        let top = &windows[0];
        assert_eq!((&*top["hexamer"], &*top["from"], &*top["to"]), ("AATAAA", "-40", "-1"));
        assert_eq!(top[&format!("{quantity}_stands_out")], "yes");
    }
    let elements = rows(&at("elements.tsv"));
    assert_eq!(elements.len(), 6);
    let signal = elements.iter().find(|row| row["element"] == "signal").unwrap();
    for quantity in ["classification", "strength"] {
        // Planted 18 to 24 nt upstream.
        let best = number(signal, &format!("{quantity}_best_per_site"));
        assert!((-26.0..=-16.0).contains(&best), "{best}");
    }
    let signals = rows(&at("signals.tsv"));
    assert_eq!(signals.len(), 19);
    // Every other signal is weaker.
    assert!(signals.iter().all(|row| number(row, "strength_change") < 0.0));

    // Families are sums of their hexamers.
    let hexamers = rows(&at("hexamers.tsv.gz"));
    let sums = |rows: &[Row], column: &str, value: &str| -> (f64, f64) {
        let of = rows.iter().filter(|row| row[column] == value);
        of.fold((0.0, 0.0), |(n, sum), row| {
            (n + number(row, "occurrences"), sum + number(row, "strength_importance_sum"))
        })
    };
    let families = rows(&at("families.tsv"));
    assert_eq!(families.len(), 7 * 235);
    for family in ["AATAAA", "ATTAAA", "other_signal", "T-rich", "G-rich"] {
        let (a, b) = (sums(&families, "family", family), sums(&hexamers, "family", family));
        assert!(a.0 == b.0 && a.0 > 0.0 && (a.1 - b.1).abs() < 0.05, "{family} {a:?} {b:?}");
    }
    for picture in ["classification", "strength", "families", "signals"] {
        let svg = fs::read_to_string(at(&format!("{picture}.svg"))).unwrap();
        assert!(svg.starts_with("<svg ") && !svg.contains("NaN"), "{picture}");
        assert!(fs::read(at(&format!("{picture}.png"))).unwrap().starts_with(b"\x89PNG"));
    }
    let summary = summary(&format!("{prefix}.importance"));
    assert_eq!(summary["sites"]["scored"], 24);
    assert_eq!(summary["windows"], 24 * 235 * 9);
}

#[test]
fn threads_do_not_change_a_byte_and_every_site_is_told() {
    let folder = Folder::new();
    let (genome, bed) = simulated(&folder, 40_000, 6);
    let mut sites = fs::read_to_string(&bed).unwrap();
    // At the edge, and one twice.
    let again = sites.lines().find(|line| !line.starts_with('#')).unwrap().to_owned();
    sites.push_str(&format!("chrSim1\t5\t6\tedge\t0\t+\n{again}\n"));
    let sites = folder.file("sites.bed", sites);
    let results = |threads: &str| -> Vec<(String, Vec<u8>)> {
        let out = folder.at(&format!("out{threads}"));
        let prefix = format!("{out}/x");
        let args = ["motifs", "importance", &sites, "-f", &genome, "--replacements", "4"];
        run(args.into_iter().chain(["-t", threads, "-o", &prefix]));
        let summary = summary(&format!("{prefix}.importance"));
        assert_eq!(summary["sites"]["asked"], 7);
        assert_eq!(summary["sites"]["scored"], 6);
        assert_eq!(summary["sites"]["skipped"]["contig_edge"], 1);
        assert_eq!(summary["sites"]["again"], 1);
        let files = names(&out).into_iter().filter(|name| !name.ends_with("summary.json"));
        files.map(|name| (name.clone(), fs::read(format!("{out}/{name}")).unwrap())).collect()
    };
    let one = results("1");
    assert_eq!(one.len(), 13);
    assert!(one == results("3"));
}

#[test]
fn a_table_of_sites_and_a_model_of_strength_alone_do_as_well() {
    let folder = Folder::new();
    let (genome, bed) = simulated(&folder, 40_000, 5);
    let text = fs::read_to_string(&bed).unwrap();
    let table = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        format!("{}\t{}\t{}\n", cells[0], cells[1], cells[5])
    });
    let table = format!("contig\toffset\tstrand\n{}", table.collect::<String>());
    let table = folder.file("sites.tsv", table);
    let windows = |sites: &str, model: &str, name: &str| {
        let prefix = folder.at(name);
        let args = ["motifs", "importance", sites, "-f", &genome, "--replacements", "3"];
        run(args.into_iter().chain(["--model", model, "-o", &prefix]));
        rows(&format!("{prefix}.importance.windows.tsv"))
    };
    let from_bed = windows(&bed, "default", "a");
    assert_eq!(from_bed, windows(&table, "default", "b"));
    let strength = windows(&bed, "default-strength", "c");
    assert!(strength[0].keys().all(|name| !name.starts_with("classification")));
    // The same draws for both models.
    let sums = |rows: &[Row]| -> Vec<String> {
        rows.iter().map(|row| row["strength_importance_sum"].clone()).collect()
    };
    assert_eq!(sums(&from_bed), sums(&strength));
    assert!(!fs::exists(folder.at("c.importance.classification.svg")).unwrap());
}

#[test]
fn entropy_is_that_of_the_models_own_vector_and_moves_with_the_elements() {
    let folder = Folder::new();
    let (genome, sites) = simulated(&folder, 80_000, 20);
    let prefix = folder.at("out/x");
    run(["motifs", "heterogeneity", &sites, "-f", &genome, "-o", &prefix]);
    let at = |ending: &str| format!("{prefix}.heterogeneity.{ending}");
    let found = rows(&at("sites.tsv"));
    assert_eq!(found.len(), 20);
    let sequence = read_fasta(&genome).remove(0).1;
    let around = found.iter().map(|row| {
        let at = number(row, "position") as usize - 1;
        match &*row["strand"] {
            "+" => sequence[at - 120..at + 120].to_owned(),
            _ => reverse_complement(&sequence[at - 119..at + 121]),
        }
    });
    let around: Vec<(String, String)> =
        around.enumerate().map(|(number, letters)| (format!("s{number}"), letters)).collect();
    let records = around.iter().map(|(name, letters)| (&**name, &**letters));
    let around = folder.file("around.fa", fasta(records));
    let predicted = windows(&run(["predict", &around, "--strand", "+"]));
    assert_eq!(predicted.len(), found.len());
    for (row, window) in found.iter().zip(&predicted) {
        let above: Vec<f64> =
            window.cleavage.iter().map(|&value| (f64::from(value) - 0.02).max(0.0)).collect();
        let sum: f64 = above.iter().sum();
        let shares = above.iter().map(|value| value / sum).filter(|share| *share > 0.0);
        let entropy: f64 = shares.map(|share| -share * share.ln()).sum();
        let places = above.iter().enumerate().map(|(at, value)| at as f64 * value / sum);
        assert!((number(row, "entropy") - entropy).abs() < 1e-3, "{row:?} {entropy}");
        assert!((number(row, "mean_place") - (places.sum::<f64>() - 25.0)).abs() < 1e-2);
    }
    let of = |group: &str| found.iter().filter(|row| row["fifth"] == group).count();
    assert_eq!((of("low"), of("high"), of(".")), (4, 4, 12));
    let moved = rows(&at("moved.tsv"));
    assert_eq!(moved.len(), 3 * 31);
    let unmoved = moved.iter().filter(|row| row["shift_apart_nt"] == "0");
    assert!(
        unmoved.clone().count() == 3 && unmoved.clone().all(|row| row["fold_change"] == "1.0000")
    );
    assert!(unmoved.clone().all(|row| number(row, "sites") >= 5.0));
    for picture in ["moved", "profiles"] {
        assert!(!fs::read_to_string(at(&format!("{picture}.svg"))).unwrap().contains("NaN"));
    }
}

#[test]
fn pairs_tell_what_elements_contribute_by_their_distances() {
    let folder = Folder::new();
    let (genome, sites) = simulated(&folder, 100_000, 24);
    let prefix = folder.at("out/x");
    run(["motifs", "pairs", &sites, "-f", &genome, "--replacements", "9", "-o", &prefix]);
    let at = |ending: &str| format!("{prefix}.pairs.{ending}");
    // The same numbers as those of all hexamers.
    let all = folder.at("out/all");
    run(["motifs", "importance", &sites, "-f", &genome, "--replacements", "9", "-o", &all]);
    let cut = rows(&at("cut.tsv"));
    let families = rows(&format!("{all}.importance.families.tsv"));
    let counts = |rows: &[Row], column: &str, value: &str| -> f64 {
        let of = rows.iter().filter(|row| row[column] == value && number(row, "position") > 0.0);
        of.map(|row| number(row, "occurrences")).sum()
    };
    for family in ["G-rich", "GT/CT-rich"] {
        let count = counts(&cut, "element", family);
        assert!(count > 0.0 && count == counts(&families, "family", family), "{family}");
    }
    let combinations = rows(&at("combinations.tsv"));
    let sum = |column: &str| combinations.iter().map(|row| number(row, column)).sum::<f64>();
    assert_eq!((combinations.len(), sum("sites")), (64, 24.0));
    assert!((sum("expected") - 24.0).abs() < 0.01);
    // Every planted site has its signal.
    let with = combinations.iter().filter(|row| row["signal"] == "1");
    assert_eq!(with.map(|row| number(row, "sites")).sum::<f64>(), 24.0);
    let best = rows(&at("best.tsv"));
    assert_eq!(best.len(), 30);
    let found = |row: &&Row| row["element"] == "signal" && row["other"] == "GT/CT-rich";
    let distance = number(best.iter().find(found).unwrap(), "strength_best_distance");
    assert!((20.0..=100.0).contains(&distance), "{distance}");
    for picture in ["distances", "configuration.classification", "configuration.strength"] {
        assert!(!fs::read_to_string(at(&format!("{picture}.svg"))).unwrap().contains("NaN"));
    }
}

/// A model whose weights are its own in another order has learned nothing.
#[test]
fn a_model_with_shuffled_weights_has_no_hexamer_above_the_limit() {
    let folder = Folder::new();
    let (genome, sites) = simulated(&folder, 100_000, 24);
    let mut weights = registry::weights("default-strength").unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    weights.tensors.values_mut().for_each(|tensor| tensor.values.shuffle(&mut rng));
    let metadata: BTreeMap<&str, &str> =
        weights.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let bytes = encode(&weights.tensors, &metadata).unwrap();
    let model = folder.file("shuffled.safetensors", bytes);
    let prefix = folder.at("out/x");
    let args = ["motifs", "importance", &sites, "-f", &genome, "--replacements", "9"];
    run(args.into_iter().chain(["--model", &model, "-o", &prefix]));
    let windows = rows(&format!("{prefix}.importance.windows.tsv"));
    let out = windows.iter().filter(|row| row["strength_stands_out"] == "yes");
    let out: Vec<&str> = out.map(|row| row["hexamer"].as_str()).collect();
    assert!(out.is_empty(), "{out:?}");
    // It does say something.
    assert!(windows.iter().any(|row| number(row, "strength_importance_sum") != 0.0));
}
