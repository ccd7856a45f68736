//! `attribute`: planted elements are what sites owe their scores to; tables, tracks and pictures
//! are one.

use std::fs;

use crate::support::*;
use crate::tables::{number, rows};

/// A simulated genome and its sites.
fn simulated(folder: &Folder, sites: usize) -> (String, String) {
    let genome = simulate(&folder.at("sim"), 60_000, sites, 1, 5);
    (genome, folder.at("sim/truth.bed"))
}

#[test]
fn planted_signals_are_seqlets_and_sums_are_differences() {
    let folder = Folder::new();
    let (genome, sites) = simulated(&folder, 8);
    let prefix = folder.at("out/x");
    let args = ["attribute", "--sites", &sites, "-f", &genome, "--plots", "3"];
    run(args.into_iter().chain(["--seqlet-p", "0.05", "-o", &prefix]));
    let at = |ending: &str| format!("{prefix}.attribution.{ending}");
    let found = rows(&at("sites.tsv"));
    assert_eq!(found.len(), 8);
    let bases = rows(&at("bases.tsv.gz"));
    assert_eq!(bases.len(), 8 * 240);
    for row in &found {
        let own = bases
            .iter()
            .filter(|base| (&base["site"], &base["strand"]) == (&row["position"], &row["strand"]));
        for quantity in ["classification", "strength"] {
            let of = |name: &str| number(row, &format!("{quantity}_{name}"));
            let column = format!("{quantity}_integrated");
            let values: Vec<f64> = own.clone().map(|base| number(base, &column)).collect();
            let (sum, all) =
                (values.iter().sum::<f64>(), values.iter().map(|v| v.abs()).sum::<f64>());
            assert!((sum - of("integrated_sum")).abs() < 0.01, "{sum} {row:?}");
            let difference = of("log2_odds") - of("baseline_log2_odds");
            assert!((sum - difference - of("gap")).abs() < 0.01);
            assert!(of("gap").abs() < 0.02 * all + 0.02, "{row:?} of {all}");
        }
    }
    // A known signal is planted 18 to 24 nt upstream of each site.
    let seqlets = rows(&at("seqlets.tsv"));
    let signal = |row: &&crate::tables::Row| {
        let upstream =
            row["hexamer_distance"].parse().is_ok_and(|at: i64| (-30..=-10).contains(&at));
        upstream && ["AATAAA", "ATTAAA", "other_signal"].contains(&row["family"].as_str())
    };
    let strength = seqlets.iter().filter(|row| row["quantity"] == "strength");
    let mut top: Vec<_> = strength.collect();
    top.sort_by(|a, b| number(b, "integrated_sum").total_cmp(&number(a, "integrated_sum")));
    assert!(top.len() >= 5 && top.iter().take(5).all(signal), "{top:?}");
    // The sequence that is told is the one at the place that is told.
    let sequence = read_fasta(&genome).remove(0).1;
    for row in &seqlets {
        let (start, end) = (number(row, "start") as usize, number(row, "end") as usize);
        let letters = &sequence[start - 1..end];
        let told = match &*row["strand"] {
            "+" => letters.to_owned(),
            _ => reverse_complement(letters),
        };
        assert_eq!(told, row["sequence"]);
    }
    let svg = fs::read_to_string(at("logos.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && !svg.contains("NaN"));
    assert_eq!(svg.matches(">site<").count(), 0);
    assert_eq!(svg.matches(", strength ").count(), 3);
    let summary = summary(&format!("{prefix}.attribution"));
    assert_eq!(summary["sites"]["scored"], 8);
    assert_eq!(summary["windows"], 8 * 2 * 66);
}

#[test]
fn tracks_hold_what_the_table_holds_and_threads_do_not_show() {
    let folder = Folder::new();
    let (genome, sites) = simulated(&folder, 6);
    let ask = |out: &str, threads: &str| -> String {
        let prefix = folder.at(&format!("{out}/x"));
        let args = ["attribute", "--sites", &sites, "-f", &genome, "--steps", "20"];
        run(args.into_iter().chain(["-t", threads, "-o", &prefix]));
        prefix
    };
    let prefix = ask("a", "1");
    ask("b", "3");
    let files: Vec<String> =
        names(&folder.at("a")).into_iter().filter(|name| !name.ends_with("summary.json")).collect();
    assert!(files.len() >= 9, "{files:?}");
    for name in files {
        let [one, two] =
            ["a", "b"].map(|out| fs::read(folder.at(&format!("{out}/{name}"))).unwrap());
        assert!(one == two, "{name}");
    }
    let bases = rows(&format!("{prefix}.attribution.bases.tsv.gz"));
    let contig = bases[0]["contig"].clone();
    let mut compared = 0;
    for (side, strand) in [("plus", "+"), ("minus", "-")] {
        for kind in ["integrated", "gradient"] {
            let path = format!("{prefix}.attribution.{side}.strength.{kind}.bw");
            if !fs::exists(&path).unwrap() {
                assert!(bases.iter().all(|base| base["strand"] != strand));
                continue;
            }
            let values = track(&path, &contig, 60_000);
            for base in bases.iter().filter(|base| base["strand"] == strand) {
                let value = f64::from(values[number(base, "position") as usize - 1]);
                let told = number(base, &format!("strength_{kind}"));
                assert!((value - told).abs() < 1e-4, "{base:?} {value}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 6 * 240);
}

#[test]
fn a_region_is_looked_at_where_the_model_says_most() {
    let folder = Folder::new();
    let (genome, sites) = simulated(&folder, 6);
    let bed = fs::read_to_string(&sites).unwrap();
    let site = bed.lines().find(|line| !line.starts_with('#')).unwrap();
    let cells: Vec<&str> = site.split('\t').collect();
    let position: i64 = cells[2].parse().unwrap();
    let region = format!("{}:{}-{}", cells[0], position - 60, position + 60);
    let prefix = folder.at("x");
    let args = ["attribute", "-r", &region, "--strand", cells[5], "-f", &genome, "-o", &prefix];
    run(args);
    let found = rows(&format!("{prefix}.attribution.sites.tsv"));
    assert_eq!((found.len(), found[0]["strand"].as_str()), (1, cells[5]));
    let there = number(&found[0], "position") as i64;
    assert!((position - 30..=position + 30).contains(&there), "{there}, not near {position}");
    // Both strands by default, each at its own best.
    run(["attribute", "-r", &region, "-f", &genome, "-o", &prefix]);
    assert_eq!(rows(&format!("{prefix}.attribution.sites.tsv")).len(), 2);
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = Folder::new();
    let (genome, sites) = simulated(&folder, 3);
    let out = folder.at("x");
    let ask = |more: &[&str], code: i32, told: &str| {
        let args = ["attribute", "-f", &genome, "-o", &out];
        refuse(args.into_iter().chain(more.iter().copied()), code, &[told]);
    };
    ask(&["--sites", &sites, "--steps", "0"], 2, "--steps 0");
    ask(&["--sites", &sites, "--seqlet-p", "1"], 2, "--seqlet-p 1");
    ask(&["--sites", &sites, "--plots", "51"], 2, "at most 50");
    ask(&["-r", "chrSim1:1-100"], 1, "has a window of 240 nt");
    ask(&[], 2, "--sites");
    ask(
        &["--sites", &sites, "--model", "default-strength", "--strength-model", "default-strength"],
        1,
        "not two of a kind",
    );
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn published_models_of_signals_take_their_own_frame() {
    let folder = Folder::new();
    let (genome, sites) = simulated(&folder, 2);
    let aparent2 = folder.at("aparent2.safetensors");
    let keras = shared("models/aparent2_resnet_no_clinvar_wt_ep_5.h5");
    run(["convert", keras.to_str().unwrap(), &aparent2]);
    let prefix = folder.at("x");
    let args = ["attribute", "--sites", &sites, "-f", &genome, "--model", &aparent2];
    run(args.into_iter().chain(["--steps", "16", "-o", &prefix]));
    let bases = rows(&format!("{prefix}.attribution.bases.tsv.gz"));
    // 205 of 240 nt, from the hexamer 32 nt before the centre.
    let read = bases.iter().filter(|base| base["classification_integrated"] != ".");
    assert_eq!(read.clone().count(), 2 * 205);
    let first = read.map(|base| number(base, "distance") as i64).min();
    assert_eq!(first, Some(-102));
    for row in rows(&format!("{prefix}.attribution.sites.tsv")) {
        let of = |name: &str| number(&row, &format!("classification_{name}"));
        let difference = of("log2_odds") - of("baseline_log2_odds");
        assert!(of("gap").abs() < 0.05 * difference.abs(), "{row:?}");
    }
    let deerect = folder.at("deerect.safetensors");
    run(["convert", shared("models/deerect_omni.npz").to_str().unwrap(), &deerect]);
    let args = ["attribute", "--sites", &sites, "-f", &genome, "--model", &deerect, "-o", &prefix];
    refuse(args, 1, &["deerect", "motifs kernels"]);
}
