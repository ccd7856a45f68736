//! What is said on standard error: lines for people, or events as JSON; as much as was asked for.

use std::fs;

use serde_json::Value;

use crate::support::*;

/// A genome of 20 kb with 4 sites, its variants, and a model that is fast.
struct Setting {
    folder: Folder,
    genome: String,
    vcf: String,
    model: String,
}

impl Setting {
    fn new() -> Self {
        let folder = Folder::new();
        let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 1);
        let (vcf, model) = (folder.at("sim/variants.vcf"), small_model(&folder));
        Self { folder, genome, vcf, model }
    }

    /// Commands that work, each with its results in the folder.
    fn commands(&self) -> Vec<Vec<String>> {
        let at = |name: &str| self.folder.at(name);
        let bed = at("sim/truth.bed");
        let (genome, vcf, model) = (&*self.genome, &*self.vcf, &*self.model);
        let all: [&[&str]; 6] = [
            &["scan", genome, "--model", model, "-o", &at("scan")],
            &["variants", vcf, "-f", genome, "--model", model, "-o", &at("out.vcf")],
            &["precompute", "-f", genome, "--sites", &bed, "--around", "3", "-o", &at("tables")],
            &["mutagenesis", "-f", genome, "-r", "chrSim1:700-760", "-o", &at("mutated")],
            &["motifs", "heterogeneity", &bed, "-f", genome, "-o", &at("motifs")],
            &["simulate", "--length", "20000", "--sites", "2", "-o", &at("again")],
        ];
        all.iter().map(|words| words.iter().map(|&word| word.to_owned()).collect()).collect()
    }
}

/// Runs; returns exit code and what was said.
fn say<S: AsRef<std::ffi::OsStr>>(args: &[S], more: &[&str], rust_log: &str) -> (i32, String) {
    let mut command = polyascan();
    let output = command.env("RUST_LOG", rust_log).args(args).args(more).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Reads lines that must be objects.
fn events(said: &str) -> Vec<Value> {
    let event = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        for field in ["timestamp", "level", "message", "target"] {
            assert!(event[field].is_string(), "no {field}: {line}");
        }
        event
    };
    said.lines().map(event).collect()
}

#[test]
fn every_line_is_an_object_if_json_is_asked_for() {
    let s = Setting::new();
    for command in s.commands() {
        let (code, said) = say(&command, &["--log-format", "json", "-v"], "");
        let events = events(&said);
        assert!(code == 0 && events.len() > 2, "{said}");
        let debug = events.iter().any(|event| event["level"] == "DEBUG");
        assert!(debug && events.iter().all(|event| event["level"] != "ERROR"), "{said}");
    }
    let (_, said) = say(&s.commands()[0], &["--log-format=json"], "");
    let events = events(&said);
    let wrote = events.iter().find(|event| event["kind"] == "wrote").unwrap();
    assert!(wrote["count"] == 2 && wrote["level"] == "INFO", "{said}");
    assert!(wrote["paths"].as_str().unwrap().ends_with("scan.summary.json"), "{said}");
}

#[test]
fn an_error_is_an_event_too_whatever_is_wrong_and_keeps_its_exit_code() {
    let s = Setting::new();
    let out = s.folder.at("out");
    let damaged = s.folder.file("damaged.vcf", "##fileformat=VCFv4.3\nno table\n");
    let cases: [(&[&str], i32, &str); 5] = [
        (&["scan", "none.fa", "-o", &out], 1, "none.fa: cannot open"),
        (&["variants", &damaged, "-f", &s.genome, "-o", &out], 1, "damaged.vcf"),
        (&["scan", &s.genome, "-o", &out, "--threads", "0"], 2, "--threads 0"),
        // What clap refuses.
        (&["scan", &s.genome, "-o", &out, "--no-such"], 2, "unexpected argument '--no-such'"),
        (&["variants"], 2, "required arguments"),
    ];
    for (args, code, told) in cases {
        for form in [&["--log-format", "json"][..], &["--log-format=json", "-q"]] {
            let (ended, said) = say(args, form, "");
            let events = events(&said);
            let last = events.last().unwrap();
            assert_eq!((ended, last["level"].as_str()), (code, Some("ERROR")), "{said}");
            assert!(last["message"].as_str().unwrap().contains(told), "{said}");
            assert_eq!(last["exit_code"], code, "{said}");
        }
    }
}

#[test]
fn quiet_runs_that_work_say_nothing_at_all() {
    let s = Setting::new();
    for command in s.commands() {
        for rust_log in ["", "trace"] {
            let (code, said) = say(&command, &["-q"], rust_log);
            assert_eq!((code, said.as_str()), (0, ""), "{command:?}");
        }
    }
}

#[test]
fn the_environment_says_how_much_is_told_and_hides_no_error() {
    let s = Setting::new();
    let scan = &s.commands()[0];
    let (_, plain) = say(scan, &[], "");
    assert!(plain.lines().all(|line| line.starts_with("polyascan: ")), "{plain}");
    assert!(plain.contains("polyascan: wrote ") && !plain.contains("sha256"), "{plain}");
    let (_, detailed) = say(scan, &[], "debug");
    assert!(detailed.contains("polyascan: model small sha256="), "{detailed}");
    let (_, of_one) = say(scan, &[], "off,polyascan::cli::written=info");
    assert!(of_one.starts_with("polyascan: wrote ") && of_one.lines().count() == 1, "{of_one}");
    // It overrides -v.
    assert_eq!(say(scan, &["-v"], "warn").1, "");
    let (code, said) = say(&["scan", "none.fa", "-o", "x"], &[], "off");
    assert!(code == 1 && said.starts_with("polyascan: error: none.fa"), "{said}");
    let (code, said) = say(scan, &[], "polyascan=loud");
    assert!(code == 2 && said.contains("error: RUST_LOG=polyascan=loud: "), "{said}");
}

#[test]
fn twice_verbose_has_time_level_place_and_fields() {
    let s = Setting::new();
    let (_, said) = say(&s.commands()[0], &["-vv"], "");
    for line in said.lines() {
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.ends_with('Z') && time.len() == 27, "{line}");
        let level = rest.split_whitespace().next().unwrap();
        assert!(["INFO", "DEBUG", "TRACE"].contains(&level), "{line}");
        assert!(rest.contains(" polyascan::"), "{line}");
    }
    assert!(said.contains("written: polyascan: wrote ") && said.contains(" count=2 "), "{said}");
}

#[test]
fn progress_counts_what_is_done_to_the_end_for_every_command_with_a_bar() {
    let s = Setting::new();
    let records = fs::read_to_string(&s.vcf).unwrap();
    let records = records.lines().filter(|line| !line.starts_with('#')).count() as u64;
    let sites = fs::read_to_string(s.folder.at("sim/truth.bed")).unwrap();
    let sites = sites.lines().filter(|line| !line.starts_with('#')).count() as u64;
    let mut expected =
        [Some(20_000), Some(records), Some(sites * 7), Some(61), Some(sites), None].into_iter();
    for command in s.commands() {
        let (_, said) = say(&command, &["--log-format", "json"], "trace");
        let events = events(&said);
        let far: Vec<&Value> = events.iter().filter(|event| event["kind"] == "progress").collect();
        let Some(all) = expected.next().unwrap() else {
            assert!(far.is_empty(), "{said}");
            continue;
        };
        let done: Vec<u64> = far.iter().map(|event| event["done"].as_u64().unwrap()).collect();
        assert!(done.is_sorted() && done.last() == Some(&all), "{command:?}: {all}, {said}");
        // Of variants it may not be known yet.
        let total = &far.last().unwrap()["total"];
        let known = command[0] != "variants";
        assert!(*total == all || !known && total.is_null(), "{command:?}: {all}, {said}");
    }
}
