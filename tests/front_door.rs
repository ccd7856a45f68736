//! How the program is met: what it says of itself, how options are called, what it tells and what
//! not.

use std::fs;

use crate::support::*;

/// A genome of 20 kb with 4 sites, its genes, and a model that is fast.
struct Setting {
    folder: Folder,
    genome: String,
    genes: String,
    model: String,
}

impl Setting {
    fn new() -> Self {
        let folder = Folder::new();
        let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 1);
        let (genes, model) = (folder.at("sim/genes.gtf"), small_model(&folder));
        Self { folder, genome, genes, model }
    }

    /// Runs; returns what was said.
    fn say(&self, args: &[&str]) -> String {
        let assert = polyascan().current_dir(self.folder.at("")).args(args).assert().success();
        String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
    }
}

#[test]
fn every_shell_gets_completions_of_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let text = String::from_utf8(run(["completions", shell])).unwrap();
        for command in ["scan", "variants", "mutagenesis", "completions", "--min-posterior"] {
            assert!(text.contains(command.trim_start_matches('-')), "{shell}: {command}");
        }
    }
    refuse(["completions", "tcsh"], 2, &["invalid value 'tcsh'"]);
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = Folder::new();
    let pages = folder.at("man/man1");
    run(["man", "-o", &pages]);
    let there = names(&pages);
    for page in ["polyascan.1", "polyascan-scan.1", "polyascan-train-scan.1", "polyascan-man.1"] {
        assert!(there.contains(&page.to_owned()), "{there:?}");
    }
    let text = run(["man", "train", "scan"]);
    assert_eq!(text, fs::read(format!("{pages}/polyascan-train-scan.1")).unwrap());
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(".TH polyascan-train-scan 1"), "{text}");
    assert!(text.contains("\\fBpolyascan train scan\\fR"), "{text}");
    refuse(["man", "scna"], 2, &["polyascan has no command \"scna\"; it has: scan, variants"]);
}

#[test]
fn the_settings_in_force_are_printed_and_can_be_given_again() {
    let folder = Folder::new();
    let defaults = run(["config", "--default"]);
    assert_eq!(defaults, include_bytes!("../config/default.toml"));
    let own = folder.file("own.toml", "[scan]\nbackground = 0.125\n");
    let effective = String::from_utf8(run(["config", "--config", &own])).unwrap();
    assert!(effective.contains("background = 0.125\n"), "{effective}");
    assert!(effective.contains("min_probability = 0.5\n"), "{effective}");
    let again = folder.file("again.toml", &effective);
    assert_eq!(run(["config", "--config", &again]), effective.as_bytes());
    let wrong = folder.file("wrong.toml", "[scan]\nbackground = 2\n");
    refuse(["config", "--config", &wrong], 1, &[&wrong, "between 0 and 1"]);
}

#[test]
fn the_version_names_cpu_features_and_models_by_their_digests() {
    let text = String::from_utf8(run(["version"])).unwrap();
    assert!(text.starts_with(concat!("polyascan ", env!("CARGO_PKG_VERSION"), "\n")), "{text}");
    assert!(text.contains("\nfeatures: ") && text.contains("\nsimd: "), "{text}");
    for name in ["default", "default-strength", "yeast"] {
        let card: toml::Table =
            fs::read_to_string(format!("models/{name}.toml")).unwrap().parse().unwrap();
        let digest = card["sha256"].as_str().unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("model: {name} ")));
        assert!(line.is_some_and(|line| line.ends_with(&format!(" sha256={digest}"))), "{text}");
    }
}

#[test]
fn options_have_the_same_names_everywhere_and_the_bytes_do_not_tell_which_was_used() {
    let s = Setting::new();
    let model = ["--model", &s.model];
    let scan = |genome: &[&str], more: &[&str], out: &str| {
        let out = s.folder.at(out);
        run([&["scan"][..], genome, &model[..], more, &["--context", "-o", &out]].concat());
        ["sites.bed", "context.tsv"]
            .map(|ending| fs::read_to_string(format!("{out}.{ending}")).unwrap())
    };
    let first = scan(&["-f", &s.genome], &["-a", &s.genes], "a");
    let [_, table] = &first;
    assert!(table.contains(&format!("--fasta {} ", s.genome)), "{table}");
    assert!(table.contains(&format!("--annotation {} ", s.genes)), "{table}");
    assert_eq!(first, scan(&["--fasta", &s.genome], &["--gtf", &s.genes], "b"));
    let by_place = scan(&[&s.genome], &["--annotation", &s.genes], "c");
    assert_eq!(first.map(|text| text.replace("--fasta ", "")), by_place);
    let twice = ["scan", &s.genome, "--fasta", &s.genome, "-o", "x"];
    refuse(twice, 2, &["cannot be used with"]);
}

#[test]
fn a_file_in_the_wrong_place_gets_a_message_that_says_where_it_belongs() {
    let s = Setting::new();
    let out = s.folder.at("x");
    for (file, told) in [
        ("genes.gtf", "--annotation"),
        ("genes.gff3.gz", "--annotation"),
        ("sites.bed", "--sites"),
        ("calls.vcf.gz", "polyascan variants"),
        ("second.fa", "one genome at a time"),
    ] {
        let told = ["unexpected argument", file, "tip: ", told];
        refuse(["scan", &s.genome, file, "-o", &out], 2, &told);
    }
    refuse(["scan", "ftp://example.org/g.fa", "-o", &out], 1, &["download it first"]);
    let annotation = "https://example.org/genes.gtf.gz";
    refuse(["scan", &s.genome, "-a", annotation, "-o", &out], 1, &["download it first"]);
    for (wrong, right) in [("x.bed", "-o x "), ("x.sites.bed.gz", "-o x "), ("x.bw", "-o x ")] {
        refuse(["scan", &s.genome, "-o", wrong], 2, &["takes a prefix, not a file", right]);
    }
}

#[test]
fn a_run_names_what_it_wrote_says_more_when_asked_and_nothing_when_told_to_be_quiet() {
    let s = Setting::new();
    let args = ["scan", &s.genome, "--model", &s.model, "-o", "out", "--bgzip"];
    let said = s.say(&args);
    let wrote = "polyascan: wrote out.sites.bed.gz, out.sites.bed.gz.tbi, out.summary.json\n";
    assert!(said.ends_with(wrote), "{said}");
    let verbose = s.say(&[&args[..], &["-v", "-t", "1"]].concat());
    for told in ["version 0.", "model small sha256=", "1 thread\n", " s in all"] {
        assert!(verbose.contains(told) && !said.contains(told), "{told}: {verbose}");
    }
    // A remark that is said otherwise: stale files.
    let stale = ["scan", &s.genome, "--model", &s.model, "-o", "out"];
    assert_eq!(s.say(&[&["-q"][..], &stale[..]].concat()), "");
    assert_eq!(s.say(&[&stale[..], &["--quiet"]].concat()), "");
    let quiet = ["-q", "scan", "none.fa", "-o", &s.folder.at("none")];
    refuse(quiet, 1, &["error: none.fa: cannot open"]);
    refuse([&["-q", "-v"][..], &stale[..]].concat(), 2, &["cannot be used with"]);
}

#[test]
fn one_thing_is_not_called_several() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let input = folder.file("one.txt", "ACGT".repeat(60));
    let assert = polyascan().args(["predict", &input, "--model", &model, "--strand", "+"]).assert();
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(said.contains("1 window of 1 sequence; 0 sequences shorter than 240 nt"), "{said}");
}

#[test]
fn files_for_multiqc_hold_the_numbers_of_the_summary_and_go_with_the_run() {
    let s = Setting::new();
    let (vcf, out) = (s.folder.at("sim/variants.vcf"), s.folder.folder("out"));
    let scan = ["scan", &s.genome, "--model", &s.model, "-a", &s.genes, "-o", "out/a"];
    s.say(&[&scan[..], &["--multiqc"]].concat());
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(format!("{out}/{name}")).unwrap()).unwrap()
    };
    let sites = summary(&format!("{out}/a"))["sites"].clone();
    assert_eq!(read("a.polyascan_scan_mqc.json")["data"]["a"]["sites"], sites["total"]);
    assert_eq!(read("a.polyascan_sites_mqc.json")["data"]["a"], sites["by_feature"]);
    s.say(&scan);
    assert_eq!(names(&out), ["a.sites.bed", "a.summary.json"]);
    // Merged shards have what the run in one go has.
    s.say(&[&scan[..], &["--multiqc"]].concat());
    let whole = read("a.polyascan_sites_mqc.json");
    s.say(&[&scan[..], &["--shard", "1/1"]].concat());
    s.say(&["merge", "out/a.1-of-1.shard", "--multiqc", "-o", "out/a"]);
    assert_eq!(read("a.polyascan_sites_mqc.json"), whole);

    let args = ["variants", &vcf, "-f", &s.genome, "--model", &s.model, "-o", "out/v.vcf"];
    s.say(&[&args[..], &["--multiqc"]].concat());
    let totals = summary(&format!("{out}/v"))["totals"].clone();
    assert_eq!(read("v.polyascan_variants_mqc.json")["data"]["v"]["alleles"], totals["alleles"]);
    let bar = read("v.polyascan_effects_mqc.json")["data"]["v"].clone();
    let counted: u64 = bar.as_object().unwrap().values().filter_map(|n| n.as_u64()).sum();
    assert_eq!(totals["alleles"], counted);
    s.say(&args);
    assert!(!names(&out).iter().any(|name| name.starts_with("v.") && name.contains("mqc")));
}
