//! `scan --profile` accounts for the time of every thread, and leaves results as they are.

use serde_json::Value;

use crate::support::*;

/// A stage of the summary.
fn stage<'a>(profile: &'a Value, name: &str) -> &'a Value {
    let mut stages = profile.as_array().unwrap().iter();
    stages.find(|stage| stage["stage"] == name).unwrap_or_else(|| panic!("no {name}: {profile}"))
}

/// Busy and waiting seconds.
fn lifetime(stage: &Value) -> f64 {
    let seconds = ["busy", "waiting_for_input", "waiting_for_output"];
    seconds.map(|what| stage[what].as_f64().unwrap()).iter().sum()
}

#[test]
fn a_profile_accounts_for_every_kind_of_thread() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("genome"), 60_000, 10, 2, 3);
    let prefix = folder.at("out");
    let mut command = polyascan();
    command.args(["scan", &genome, "--profile", "--tracks", "-t", "2", "-o", &prefix]);
    let said = command.assert().success().get_output().stderr.clone();
    let (said, summary) = (String::from_utf8(said).unwrap(), summary(&prefix));
    let (profile, wall) = (&summary["profile"], summary["wall_seconds"].as_f64().unwrap());

    let threads = [
        ("opening", 1),
        ("reading", 1),
        ("inference", 2),
        ("model", 2),
        ("consolidation", 1),
        ("handing on", 1),
        ("context", 1),
        ("track writing", 4),
        ("completing", 1),
    ];
    assert_eq!(profile.as_array().unwrap().len(), threads.len());
    for (name, threads) in threads {
        let stage = stage(profile, name);
        assert_eq!(stage["threads"], threads, "{name}");
        assert!((0.0..=f64::from(threads) * wall).contains(&lifetime(stage)), "{name}: {stage}");
        let mut rows = said.lines().filter(|line| line.trim_start().starts_with(name));
        let row = rows.next().unwrap_or_else(|| panic!("no {name} in the table: {said}"));
        let cells: Vec<&str> = row.trim_start()[name.len()..].split_whitespace().collect();
        assert_eq!(cells.len(), 1 + 3 * 3, "{row}");
        assert_eq!(cells[0], threads.to_string(), "{row}");
    }
    // The calling thread goes from one to the next without a gap.
    let calling = ["opening", "consolidation", "completing"];
    let sum: f64 = calling.iter().map(|name| lifetime(stage(profile, name))).sum();
    assert!((sum - wall).abs() < 0.1 * wall, "{sum} of {wall} s: {profile}");
    for (part, whole) in
        [("model", "inference"), ("handing on", "consolidation"), ("context", "consolidation")]
    {
        assert_eq!(stage(profile, part)["part_of"], whole);
        assert!(lifetime(stage(profile, part)) <= lifetime(stage(profile, whole)));
        assert!(lifetime(stage(profile, part)) > 0.0);
    }
}

#[test]
fn without_profile_nothing_is_said_of_it() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("genome"), 20_000, 3, 1, 3);
    let prefix = folder.at("out");
    let plain = polyascan().args(["scan", &genome, "-o", &prefix]).assert().success();
    assert!(!String::from_utf8_lossy(&plain.get_output().stderr).contains("waiting for input"));
    assert!(summary(&prefix).get("profile").is_none());
    let profiled = folder.at("profiled");
    let stdout = run(["scan", &genome, "--profile", "-o", "-"]);
    run(["scan", &genome, "--profile", "-o", &profiled]);
    let rows = |sites: Vec<Site>| lines(&sites).join("\n");
    assert_eq!(rows(sites_of(&profiled)), rows(sites_of(&prefix)));
    assert_eq!(rows(sites(&String::from_utf8(stdout).unwrap())), rows(sites_of(&prefix)));
}
