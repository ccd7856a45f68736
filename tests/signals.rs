//! Sites follow the published rule (Stroup & Ji 2023), and the polyA signal named is there.

use std::fs;

use crate::support::*;

const BACKGROUND: f32 = 0.02;
const SIGNALS: [&str; 18] = [
    "AATAAA", "ATTAAA", "TATAAA", "AGTAAA", "AATACA", "CATAAA", "AATATA", "GATAAA", "AATGAA",
    "AATAAT", "AAGAAA", "ACTAAA", "AATAGA", "ATTACA", "AACAAA", "ATTATA", "AACAAG", "AATAAG",
];

/// Returns a number near `wanted` that is far from all values, so that rounding decides nothing.
fn between(values: impl Iterator<Item = f32>, wanted: f32) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_unstable_by(f32::total_cmp);
    let gap = values.windows(2).filter(|pair| pair[1] - pair[0] > 4e-5);
    let middles = gap.map(|pair| (pair[0] + pair[1]) / 2.0);
    middles.min_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs())).unwrap()
}

/// The rule word by word: at each position, the mean of the vectors of the kept windows with
/// centres strictly within 25 nt, without the background, not below 0; and how many they are.
fn consolidate(kept: &[&Window], length: usize) -> Vec<(f32, u32)> {
    let mut track = vec![(0.0, 0); length];
    for (position, (value, count)) in track.iter_mut().enumerate() {
        for window in kept {
            let offset = match window.strand {
                '+' => position as isize - window.centre() as isize,
                _ => window.centre() as isize - position as isize,
            };
            if offset.abs() < 25 {
                *value += window.cleavage[(25 + offset) as usize];
                *count += 1;
            }
        }
        *value = (*value / (*count).max(1) as f32 - BACKGROUND).max(0.0);
    }
    track
}

#[test]
fn sites_and_cleavage_are_those_of_the_rule_applied_to_each_window() {
    let folder = Folder::new();
    let letters = read_fasta(&simulate(&folder.at("sim"), 20_000, 4, 1, 1)).remove(0).1;
    let letters = &letters[1_000..3_500];
    let genome = folder.file("genome.fa", fasta([("c", letters)]));
    let model = small_model(&folder);
    let windows = windows(&run(["predict", &genome, "--model", &model]));
    let probability = between(windows.iter().map(|w| w.probability), 0.5);
    let centre = between(windows.iter().map(|w| w.cleavage[25]), 0.03);
    let (p, c) = (probability.to_string(), centre.to_string());
    let prefix = folder.at("out/x");
    let args = ["--min-probability", &p, "--min-centre-cleavage", &c, "--tracks", "-o", &prefix];
    run(["scan", &genome, "--merge-distance", "0", "--model", &model].iter().chain(&args));
    let sites = sites_of(&prefix);
    for (strand, name) in [('+', "plus"), ('-', "minus")] {
        let keep = |w: &&Window| {
            w.strand == strand && w.probability > probability && w.cleavage[25] > centre
        };
        let kept: Vec<&Window> = windows.iter().filter(keep).collect();
        let expected = consolidate(&kept, letters.len());
        let found = track(&format!("{prefix}.{name}.cleavage.bw"), "c", letters.len());
        for (position, (found, (expected, count))) in found.iter().zip(&expected).enumerate() {
            // Elsewhere there is no window, and no value unless a kept window covers the position.
            let first = if strand == '+' { 120 } else { 119 };
            let scored = (first..first + letters.len() - 239).contains(&position);
            assert!(
                (found - expected).abs() < 1e-5 || (!scored && *count == 0),
                "{position}{strand}"
            );
        }
        let sites: Vec<&Site> = sites.iter().filter(|site| site.strand == strand).collect();
        assert!(sites.len() > 5, "{strand}");
        for site in &sites {
            let (value, windows) = expected[site.start];
            assert_eq!(site.windows, windows, "{}", site.line);
            assert!((f64::from(value) - site.cleavage).abs() < 1e-5, "{}", site.line);
            let highest = expected[site.cluster.clone()].iter().map(|(value, _)| *value);
            assert!(highest.fold(0.0, f32::max) < value + 1e-5, "{}", site.line);
            let profile = expected[site.cluster.clone()].iter().map(|(value, _)| f64::from(*value));
            let sum: f64 = profile.clone().sum();
            let parts = profile.filter(|value| *value > 0.0).map(|value| value / sum);
            let entropy: f64 = parts.map(|part| -part * part.ln()).sum();
            assert!((entropy - site.entropy).abs() < 0.02, "{}: {entropy}", site.line);
        }
        // Every position clearly above background belongs to exactly one cluster.
        for (position, _) in expected.iter().enumerate().filter(|(_, (value, _))| *value > 1e-5) {
            let clusters = sites.iter().filter(|site| site.cluster.contains(&position)).count();
            assert_eq!(clusters, 1, "{position}{strand}");
        }
    }
}

/// Returns the strongest hexamer 10-35 nt upstream of a site, by the text of the sequence.
fn strongest(letters: &str, site: &Site) -> Option<(String, usize)> {
    let upstream = match site.strand {
        '+' => letters[..site.start].to_owned(),
        _ => reverse_complement(&letters[site.end..]),
    };
    let distances = |hexamer: &str| {
        let at = |distance: &usize| {
            *distance <= upstream.len()
                && upstream[upstream.len() - distance..].starts_with(hexamer)
        };
        (10..=35).filter(at).min_by_key(|&distance| (distance.abs_diff(21), distance))
    };
    SIGNALS.iter().find_map(|hexamer| Some(((*hexamer).to_owned(), distances(hexamer)?)))
}

#[test]
fn the_signal_of_a_site_is_the_strongest_hexamer_upstream_on_its_strand() {
    let folder = Folder::new();
    let (model, genome) = (small_model(&folder), simulate(&folder.at("sim"), 40_000, 10, 2, 1));
    let masked = fs::read_to_string(&genome).unwrap().replace("AATAAA", "AaTaAA");
    let masked = folder.file("masked.fa", masked);
    let sites = run(["scan", &masked, "--merge-distance", "0", "--model", &model, "-o", "-"]);
    let sites = sites_of_both(&sites);
    let records = read_fasta(&genome);
    let mut signals = 0;
    for site in &sites {
        let letters = &records.iter().find(|record| record.0 == site.chrom).unwrap().1;
        assert_eq!(site.signal, strongest(letters, site), "{}", site.line);
        signals += usize::from(site.signal.is_some());
    }
    assert!(signals > 20 && signals < sites.len());
}

fn sites_of_both(bed: &[u8]) -> Vec<Site> {
    let sites = sites(std::str::from_utf8(bed).unwrap());
    assert!(['+', '-'].iter().all(|strand| sites.iter().any(|site| site.strand == *strand)));
    sites
}
