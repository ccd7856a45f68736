//! Operating points of a scan and calls that are merged, with the model inside the program.

use std::collections::HashSet;

use crate::support::*;

fn scan(folder: &Folder, genome: &str, name: &str, options: &[&str]) -> Vec<Site> {
    let prefix = folder.at(name);
    run(["scan", genome, "-q", "-o", &prefix].iter().chain(options));
    sites_of(&prefix)
}

fn places(sites: &[Site]) -> HashSet<(String, usize, char)> {
    sites.iter().map(|site| (site.chrom.clone(), site.start, site.strand)).collect()
}

#[test]
fn a_stricter_scan_has_a_part_of_the_calls_and_counts_what_it_leaves_out() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 60_000, 12, 2, 3);
    let [sensitive, default, strict] = ["sensitive", "default", "strict"]
        .map(|point| scan(&folder, &genome, point, &["--stringency", point]));
    assert!(places(&strict).is_subset(&places(&default)));
    assert!(places(&default).is_subset(&places(&sensitive)));
    assert!(strict.len() < default.len() && default.len() < sensitive.len());
    let account = |name: &str| {
        let sites = summary(&folder.at(name))["sites"].clone();
        let number = |pointer: &str| sites.pointer(pointer).and_then(|n| n.as_u64()).unwrap();
        number("/total") + number("/left_out/below_posterior") + number("/left_out/merged")
    };
    assert_eq!(account("sensitive"), account("strict"));
    // The threshold itself: all above, in the strict scan's terms.
    let settings = summary(&folder.at("strict"))["settings"].clone();
    let least = settings["min_posterior"].as_f64().unwrap();
    assert!(strict.iter().all(|site| site.posterior.unwrap() > least - 1e-6));
    let as_number = scan(&folder, &genome, "number", &["--min-posterior", &least.to_string()]);
    assert_eq!(lines(&as_number), lines(&strict));
}

#[test]
fn calls_lie_farther_apart_than_the_merge_distance_unless_all_are_asked_for() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 60_000, 12, 2, 4);
    let all = scan(&folder, &genome, "all", &["--min-posterior", "0", "--merge-distance", "0"]);
    let merged = scan(&folder, &genome, "merged", &["--min-posterior", "0"]);
    let close = |sites: &[Site]| {
        let near = |a: &Site, b: &Site| {
            a.chrom == b.chrom && a.strand == b.strand && a.start.abs_diff(b.start) <= 24
        };
        let pairs = |a: &Site| sites.iter().filter(|b| near(a, b)).count() - 1;
        sites.iter().map(pairs).sum::<usize>()
    };
    assert!(close(&all) > 0, "nothing to merge");
    assert_eq!(close(&merged), 0);
    assert!(places(&merged).is_subset(&places(&all)));
    let left_out = &summary(&folder.at("merged"))["sites"]["left_out"];
    assert_eq!(left_out["merged"].as_u64(), Some((all.len() - merged.len()) as u64));
}

#[test]
fn a_threshold_that_is_no_share_or_distance_is_refused_and_one_without_effect_is_said() {
    let folder = Folder::new();
    let genome = folder.file("genome.fa", format!(">c\n{}\n", "ACGT".repeat(100)));
    let refused = |options: &[&str], told: &str| {
        let prefix = folder.at("refused");
        let args = ["scan", &genome, "-o", &prefix];
        refuse(args.iter().chain(options).copied(), 2, &[told]);
    };
    refused(&["--min-posterior", "1.5"], "between 0 and 1");
    refused(&["--merge-distance", "999"], "at most 240");
    refused(&["--stringency", "strict", "--min-posterior", "0.1"], "cannot be used with");
    let prefix = folder.at("yeast");
    let args = ["scan", &genome, "--model", "yeast", "--stringency", "strict", "-o", &prefix];
    let output = polyascan().args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("yeast gives no posteriors"), "{said}");
}
