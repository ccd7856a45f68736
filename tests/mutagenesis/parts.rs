//! A mutagenesis in shards, or killed and resumed, gives the bytes of the run in one go.
#![cfg(unix)]

use std::fs;

use serde_json::Value;

use crate::support::*;

/// A genome, its sites and its genes.
struct Input {
    folder: Folder,
    genome: String,
    sites: String,
    genes: String,
}

fn input(length: usize, sites: usize) -> Input {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), length, sites, 2, 5);
    let [sites, genes] = ["truth.bed", "genes.gtf"].map(|name| folder.at(&format!("sim/{name}")));
    Input { folder, genome, sites, genes }
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
    for of_the_run in ["command_line", "threads", "wall_seconds", "variants_per_hour"] {
        summary.as_object_mut().unwrap().remove(of_the_run).unwrap();
    }
    (results.collect(), summary)
}

fn assert_same(
    found: &(Vec<(String, Vec<u8>)>, Value),
    expected: &(Vec<(String, Vec<u8>)>, Value),
) {
    let endings = |(files, _): &(Vec<(String, Vec<u8>)>, Value)| -> Vec<String> {
        files.iter().map(|(ending, _)| ending.clone()).collect()
    };
    assert_eq!(endings(found), endings(expected));
    for ((ending, found), (_, expected)) in found.0.iter().zip(&expected.0) {
        assert!(found == expected, "{ending} differs");
    }
    assert_eq!(found.1, expected.1);
}

/// Runs shards, the last one first, into `folder` and returns their files.
fn shards(folder: &str, count: usize, args: &[&str]) -> Vec<String> {
    let prefix = format!("{folder}/x");
    let shard = |index: usize| {
        let (share, threads) = (format!("{index}/{count}"), ["1", "2"][index % 2]);
        run([args, &["--shard", &share, "-t", threads, "-o", &prefix]].concat());
        format!("{prefix}.{index}-of-{count}.shard")
    };
    let files: Vec<String> = (1..=count).rev().map(shard).collect();
    assert_eq!(names(folder).len(), count, "a shard is one file");
    files
}

fn merge_to_the_same(input: &Input, name: &str, counts: &[usize], args: &[&str]) {
    let folder = input.folder.folder(name);
    let whole = format!("{folder}/whole/x");
    run([args, &["-o", &whole]].concat());
    let expected = results(&whole);
    for count in counts {
        let within = format!("{folder}/in{count}");
        let shards = shards(&within, *count, args);
        let merged = format!("{within}/merged/x");
        let files: Vec<&str> = shards.iter().map(String::as_str).collect();
        run([&["merge", "-o", &merged], &files[..]].concat());
        assert_same(&results(&merged), &expected);
    }
}

#[test]
fn merged_shards_of_a_mutagenesis_are_the_run_in_one_go() {
    let input = input(30_000, 4);
    let Input { genome, sites, genes, .. } = &input;
    // Deletions of 3 nt reach over the cuts between shards; pictures are of sites that cuts go
    // through.
    let region =
        ["mutagenesis", "-f", genome, "-r", "chrSim1:9000-9900", "-r", "chrSim2:5000-5200"];
    let more = ["--deletions", "3", "--plots", "2", "--cutoff", "--annotation", genes];
    merge_to_the_same(&input, "regions", &[1, 2, 7], &[&region[..], &more].concat());
    let sites = ["mutagenesis", "-f", genome, "--sites", sites, "--usage", "score", "--plots", "3"];
    merge_to_the_same(&input, "sites", &[3], &sites);
}

#[test]
fn a_merged_summary_has_the_time_of_all_shards_together() {
    let input = input(30_000, 4);
    let args = ["mutagenesis", "-f", &input.genome, "-r", "chrSim1:9000-9600"];
    let folder = input.folder.folder("shards");
    let begin = std::time::Instant::now();
    let shards = shards(&folder, 2, &args);
    let merged = input.folder.at("merged");
    run(["merge", &shards[0], &shards[1], "-o", &merged]);
    let all = begin.elapsed().as_secs_f64();
    let summary = summary(&merged);
    let seconds = summary["wall_seconds"].as_f64().unwrap();
    assert!(seconds > 0.0 && seconds < all, "{seconds} s of {all} s");
    let rate = summary["variants_per_hour"].as_f64().unwrap();
    let scored = rate * seconds / 3600.0;
    let positions = summary["totals"]["positions"]["scored"].as_f64().unwrap();
    assert!(positions > 0.0 && (scored - 3.0 * positions).abs() < 0.1, "{scored} of {positions}");
}

#[test]
fn a_killed_mutagenesis_goes_on_and_ends_with_the_same_bytes() {
    let input = input(60_000, 8);
    let args = ["mutagenesis", "-f", &input.genome, "-r", "chrSim1:10000-16000", "--plots", "2"];
    let whole = input.folder.at("whole/x");
    run([&args[..], &["-o", &whole]].concat());
    let expected = results(&whole);

    let prefix = input.folder.at("out/x");
    let arguments = [&args[..], &["--resume", "-t", "2", "-o", &prefix]].concat();
    let resumed = Killable::new(arguments, format!("{prefix}.checkpoint"));
    for (kept, signal) in [(3_000, "-KILL"), (40_000, "-TERM"), (80_000, "-KILL")] {
        resumed.stop_at(kept, signal).expect("killed on its way");
        assert_eq!(
            names(&input.folder.at("out")).iter().filter(|n| *n == "x.checkpoint").count(),
            1
        );
    }
    // Half a unit at the end is done again.
    let bytes = fs::read(&resumed.checkpoint).unwrap();
    fs::write(&resumed.checkpoint, &bytes[..bytes.len() - 5]).unwrap();
    let text = resumed.finish();
    assert!(text.contains("goes on from") && text.contains("% was done"), "{text}");
    assert_same(&results(&prefix), &expected);
    assert!(!fs::exists(&resumed.checkpoint).unwrap());

    // A killed shard goes on, too.
    let prefix = input.folder.at("shards/x");
    let shards = ["1", "2"].map(|index| {
        let share = format!("{index}/2");
        let own = ["--resume", "--shard", &share, "-t", "2", "-o", &prefix];
        let base = format!("{prefix}.{index}-of-2");
        let shard = Killable::new([&args[..], &own].concat(), format!("{base}.checkpoint"));
        shard.stop_at(3_000, "-KILL").expect("killed on its way");
        shard.finish();
        format!("{base}.shard")
    });
    let merged = input.folder.at("merged/x");
    run(["merge", &shards[1], &shards[0], "-o", &merged]);
    assert_same(&results(&merged), &expected);
}

#[test]
fn shards_of_different_mutageneses_are_refused_and_what_differs_is_named() {
    let input = input(20_000, 2);
    let Input { folder, genome, genes, .. } = &input;
    let run_shard = |name: &str, share: &str, more: &[&str]| {
        let prefix = folder.at(name);
        let region = if more.contains(&"-r") { &[][..] } else { &["-r", "chrSim1:5000-5063"] };
        let args = ["mutagenesis", "-f", genome, "--shard", share, "-o", &prefix];
        run([&args[..], region, more].concat());
        format!("{prefix}.{}.shard", share.replace('/', "-of-"))
    };
    let one = run_shard("a", "1/2", &[]);
    let out = folder.folder("out");
    let merge = |code: i32, told: &[&str], args: &[&str]| {
        refuse([&["merge", "-o", &format!("{out}/x")], args].concat(), code, told);
        assert!(names(&out).is_empty(), "{:?}", names(&out));
    };
    merge(2, &["shard 2/2 is missing"], &[&one]);
    for (name, more, told) in [
        ("b", &["-r", "chrSim1:5000-5064"][..], "positions asked for"),
        ("c", &["--deletions", "2"], "deletions: it has 2, not 0"),
        ("d", &["--plots", "1"], "plots: it has 1, not 0"),
        ("e", &["--cutoff", "2"], "cutoff: it has 2, not none"),
        ("f", &["--annotation", genes], "annotation: it has sha256"),
        ("g", &["--strength-model", "none"], "strength model: it has none"),
    ] {
        merge(1, &[told], &[&one, &run_shard(name, "2/2", more)]);
    }
    let two = run_shard("a", "2/2", &[]);
    merge(2, &["which need none"], &[&one, &two, "--tsv", "x"]);
    let bytes = fs::read(&two).unwrap();
    let cut = folder.file("cut.shard", &bytes[..bytes.len() - 1]);
    merge(1, &[&cut, "shard 2/2 is damaged or not complete"], &[&one, &cut]);
}
