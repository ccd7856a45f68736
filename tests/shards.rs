//! The shards of a scan, merged, are the scan in one go, to the byte.

use std::fs;

use serde_json::Value;

use crate::support::*;

/// Scans in `count` shards, the last one first, and merges them; returns the merged prefix.
fn sharded(folder: &Folder, name: &str, count: usize, args: &[&str]) -> String {
    let prefix = folder.at(&format!("{name}/x"));
    let cuts = [["-t", "1", "--chunk-size", "1000"], ["-t", "2", "--chunk-size", "70000"]];
    let mut shards = Vec::new();
    for index in (1..=count).rev() {
        let shard = format!("{index}/{count}");
        let cut = cuts[index % 2];
        run([&["scan", "--shard", &shard, "-o", &prefix], &cut[..], args].concat());
        shards.push(format!("{prefix}.{index}-of-{count}.shard"));
    }
    assert_eq!(names(&folder.at(name)).len(), count, "a shard is one file");
    let merged = folder.at(&format!("{name}/merged/x"));
    let shards: Vec<&str> = shards.iter().map(String::as_str).collect();
    run([&["merge", "-o", &merged], &shards[..]].concat());
    merged
}

/// The files of a prefix by what follows it, and the summary without what tells of the run itself.
fn results(prefix: &str) -> (Vec<(String, Vec<u8>)>, Value) {
    let (folder, base) = prefix.rsplit_once('/').unwrap();
    let results = names(folder).into_iter().filter_map(|name| {
        let ending = name.strip_prefix(base)?.to_owned();
        let bytes = fs::read(format!("{folder}/{name}")).unwrap();
        (ending != ".summary.json").then_some((ending, bytes))
    });
    let mut summary = summary(prefix);
    let [seconds, rate] =
        ["wall_seconds", "windows_per_second"].map(|key| summary[key].as_f64().unwrap());
    let scored = summary["windows"]["scored"].as_f64().unwrap();
    assert!((seconds * rate - scored).abs() < 0.5, "the rate is not that of all shards");
    for of_the_run in ["command_line", "threads", "wall_seconds", "windows_per_second"] {
        summary.as_object_mut().unwrap().remove(of_the_run).unwrap();
    }
    // The largest chunk has no effect on results.
    summary["settings"].as_object_mut().unwrap().remove("chunk_size").unwrap();
    (results.collect(), summary)
}

fn merge_to_the_same(counts: &[usize], args: &[&str]) {
    let folder = Folder::new();
    let whole = folder.at("whole/x");
    run([&["scan", "-o", &whole], args].concat());
    let expected = results(&whole);
    for &count in counts {
        let found = results(&sharded(&folder, &format!("in{count}"), count, args));
        let endings = |files: &[(String, Vec<u8>)]| -> Vec<String> {
            files.iter().map(|(ending, _)| ending.clone()).collect()
        };
        assert_eq!(endings(&found.0), endings(&expected.0));
        for ((ending, found), (_, expected)) in found.0.iter().zip(&expected.0) {
            assert!(found == expected, "{count} shards: {ending} differs");
        }
        assert_eq!(found.1, expected.1, "{count} shards");
    }
}

/// Three contigs, one with N and one shorter than a window.
fn genome(folder: &Folder) -> String {
    let records = read_fasta(&simulate(&folder.at("sim"), 60_000, 10, 2, 5));
    let second = records[1].1.replacen("ACA", "RYN", 40).replacen("TGCA", "nnnn", 20);
    let all = [("c2", records[0].1.as_str()), ("c10", &second), ("c1", &second[..200])];
    folder.file("genome.fa", fasta(all))
}

#[test]
fn merged_shards_are_the_scan_in_one_go() {
    let folder = Folder::new();
    let (genome, model) = (genome(&folder), small_model(&folder));
    // Sites lie a few hundred nt apart: seven cuts in 120 kb go through clusters, too.
    merge_to_the_same(&[1, 2, 7], &[&genome, "--model", &model, "--tracks", "--bgzip"]);
}

#[test]
fn merged_shards_of_genes_are_the_scan_in_one_go_also_with_the_annotation_elsewhere() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 100_000, 20, 2, 3);
    let genes = folder.at("sim/genes.gtf");
    let args = [&[genome.as_str(), "--annotation", &genes], &WEAK[..]].concat();
    merge_to_the_same(&[3], &args);

    let prefix = folder.at("out/x");
    run([&["scan", "-o", &prefix, "--shard", "1/1"], &args[..]].concat());
    let moved = folder.at("moved.gtf");
    fs::rename(&genes, &moved).unwrap();
    let shard = format!("{prefix}.1-of-1.shard");
    refuse(["merge", &shard, "-o", &prefix], 1, &[&genes, "say where it is with --annotation"]);
    run(["merge", &shard, "-o", &prefix, "--annotation", &moved]);
    assert!(!sites_of(&prefix).is_empty());
    fs::write(&moved, fs::read_to_string(&moved).unwrap() + "\n").unwrap();
    let told = [moved.as_str(), "sha256"];
    refuse(["merge", &shard, "-o", &prefix, "--annotation", &moved], 1, &told);
}

/// The cluster under a site at the middle of a genome is cut in two at each of its positions.
#[test]
fn a_cluster_that_crosses_a_cut_gives_its_site_once() {
    let folder = Folder::new();
    let (model, whole) = (small_model(&folder), folder.at("whole"));
    let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 1);
    run(["scan", &genome, "--model", &model, "-o", &whole]);
    let sites = sites_of(&whole);
    let (before, length) = (2_000, 12_000);
    let site = sites.iter().find(|s| s.start > 9_000 && s.cluster.len() > 1 && s.strand == '+');
    let site = site.unwrap();
    for cut in site.cluster.clone().take(12) {
        // Two shards of a stretch around the cut meet at it: 500 nt are scored on either side.
        let stretch = cut - before..cut + before;
        assert!(stretch.end < length + 8_000 && stretch.start > 500);
        let region = format!("chrSim1:{}-{}", stretch.start + 1, stretch.end);
        let prefix = folder.at(&format!("cut{cut}/x"));
        for shard in ["1/2", "2/2"] {
            let args = ["scan", &genome, "--model", &model, "-r", &region, "--shard", shard];
            run(args.into_iter().chain(["-o", &prefix]));
        }
        let shards = ["1-of-2", "2-of-2"].map(|shard| format!("{prefix}.{shard}.shard"));
        run(["merge", &shards[0], &shards[1], "-o", &prefix]);
        let inside = |site: &&Site| stretch.contains(&site.start);
        let expected: Vec<Site> = sites.iter().filter(inside).cloned().collect();
        assert_eq!(lines(&sites_of(&prefix)), lines(&expected));
        assert_eq!(expected.iter().filter(|other| other.name == site.name).count(), 1);
    }
}

#[test]
fn shards_that_do_not_belong_together_are_refused() {
    let folder = Folder::new();
    let (model, genome) = (small_model(&folder), simulate(&folder.at("sim"), 20_000, 4, 1, 1));
    let other = simulate(&folder.at("other"), 20_000, 4, 1, 2);
    let scan = |name: &str, shard: &str, genome: &str, more: &[&str]| {
        let prefix = folder.at(name);
        let args = ["scan", genome, "--model", &model, "--shard", shard, "-o", &prefix];
        run([&args[..], more].concat());
        format!("{prefix}.{}.shard", shard.replace('/', "-of-"))
    };
    let (one, two) = (scan("a", "1/2", &genome, &[]), scan("a", "2/2", &genome, &[]));
    let out = folder.folder("out");
    let merge = |code: i32, told: &[&str], shards: &[&str]| {
        refuse([&["merge", "-o", &format!("{out}/x")], shards].concat(), code, told);
        assert!(names(&out).is_empty(), "{:?}", names(&out));
    };
    merge(2, &["shard 2/2 is missing"], &[&one]);
    merge(2, &["shard 1/2 is missing"], &[&two]);
    merge(1, &["given twice"], &[&one, &two, &one]);
    merge(1, &["genome: it has sha256"], &[&one, &scan("b", "2/2", &other, &[])]);
    let weak = scan("c", "2/2", &genome, &["--min-probability", "0.4"]);
    merge(1, &["min_probability: it has 0.4, not 0.5"], &[&one, &weak]);
    let strand = scan("d", "2/2", &genome, &["--strand", "+"]);
    merge(1, &["positions asked for"], &[&one, &strand]);
    let tracks = scan("e", "2/2", &genome, &["--tracks"]);
    merge(1, &["tracks: it has true, not false"], &[&one, &tracks]);
    merge(1, &["one of 3 shards, not of 2"], &[&one, &scan("f", "2/3", &genome, &[])]);
    merge(1, &["no file of a shard"], &[&one, &genome]);

    let bytes = fs::read(&two).unwrap();
    let cut = folder.file("cut.shard", &bytes[..bytes.len() - 1]);
    merge(1, &[&cut, "shard 2/2 is damaged or not complete"], &[&one, &cut]);
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    let flipped = folder.file("flipped.shard", &flipped);
    merge(1, &[&flipped, "damaged"], &[&one, &flipped]);
    for shard in ["0/2", "3/2", "2", "a/b"] {
        refuse(["scan", &genome, "--shard", shard, "-o", "x"], 2, &["--shard", "I/N"]);
    }
    refuse(["scan", &genome, "--shard", "1/2", "-o", "-"], 2, &["--shard", "prefix"]);
}
