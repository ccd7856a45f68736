//! What was run, on what, and what became of everything: from the summary of a run.

use serde::Serialize;
use serde_json::Value;

use super::run::{Kind, Run};
use crate::text::count;

/// A line of a list: name and value.
pub type Fact = (String, String);

/// How many of something, and the parts that they are made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    pub title: String,
    pub total: u64,
    /// Name, number and, where it needs to be said, what the name means.
    pub parts: Vec<(String, u64, String)>,
}

/// What was run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    pub provenance: Vec<Fact>,
    pub settings: Vec<Fact>,
    pub accounts: Vec<Account>,
    pub notes: Vec<String>,
}

impl Facts {
    /// Takes them from the summary of a run.
    pub fn of(run: &Run) -> Self {
        let summary = &run.summary;
        let settings = summary["settings"].as_object().into_iter().flatten();
        let settings = settings.map(|(name, value)| (name.clone(), text(value)));
        let notes = summary["notes"].as_array().into_iter().flatten();
        Self {
            provenance: provenance(summary),
            settings: settings.collect(),
            accounts: match run.kind {
                Kind::Scan => of_scan(summary),
                Kind::Variants => of_variants(&summary["totals"]),
                Kind::Mutagenesis => of_mutagenesis(&summary["totals"]),
            },
            notes: notes.map(text).collect(),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn provenance(summary: &Value) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: String| facts.push((name.to_owned(), value));
    add("Program", format!("{} {}", text(&summary["program"]), text(&summary["version"])));
    add("Command", text(&summary["command_line"]));
    for (name, key) in [("Model", "model"), ("Strength model", "strength_model")] {
        if let Value::Object(model) = &summary[key] {
            let value = |key: &str| model.get(key).map(text).unwrap_or_default();
            let (name_of, digest) = (value("name"), value("sha256"));
            add(name, format!("{name_of} ({}), sha256 {digest}", value("architecture")));
        }
    }
    let inputs = [
        ("Genome", "fasta"),
        ("Annotation", "annotation"),
        ("Variants", "input"),
        ("Sites", "sites_file"),
    ];
    for (name, key) in inputs {
        if let Value::Object(file) = &summary[key] {
            let value = |key: &str| file.get(key).map(text).unwrap_or_default();
            add(name, format!("{}, sha256 {}", value("path"), value("sha256")));
        }
    }
    if let Some(contigs) = summary["fasta"]["contigs"].as_u64() {
        let bases = summary["fasta"]["bases"].as_u64().unwrap_or(0);
        let noun = if contigs == 1 { "contig" } else { "contigs" };
        add("Size of the genome", format!("{} nt on {} {noun}", grouped(bases), grouped(contigs)));
    }
    let threads = count(summary["threads"].as_u64().unwrap_or(0), "thread");
    add("Computed on", format!("{}, {threads}", text(&summary["device"])));
    if let Some(seconds) = summary["wall_seconds"].as_f64() {
        add("Took", format!("{seconds:.1} s"));
    }
    facts
}

/// Returns a number with commas between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn parts(counts: &Value, meaning: impl Fn(&str) -> &'static str) -> Vec<(String, u64, String)> {
    let counts = counts.as_object().into_iter().flatten();
    let part = |(name, n): (&String, &Value)| {
        (name.replace('_', " "), n.as_u64().unwrap_or(0), meaning(name).to_owned())
    };
    counts.map(part).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn account(title: &str, total: u64, parts: Vec<(String, u64, String)>) -> Account {
    Account { title: title.to_owned(), total, parts }
}

fn of_scan(summary: &Value) -> Vec<Account> {
    let (windows, sites) = (&summary["windows"], &summary["sites"]);
    let part = |name: &str, n: &Value| (name.to_owned(), number(n), String::new());
    let mut of_windows = vec![part("scored", &windows["scored"])];
    if let Some(screened) = windows.get("screened") {
        let meaning = "screened out: the model was not asked, as it cannot keep them (--screen)";
        of_windows.push(("screened".to_owned(), number(screened), meaning.to_owned()));
    }
    of_windows.extend(parts(&windows["skipped"], |reason| match reason {
        "n" => "skipped: more than half of the window is N",
        "short_contig" => "skipped: the contig is shorter than a window",
        "contig_edge" => "skipped: the window would reach past the contig's end",
        "no_signal" => "skipped: no known polyA signal at its place (--anchor signal)",
        _ => "",
    }));
    let left_out = &sites["left_out"];
    let candidates = number(&sites["total"])
        + number(&left_out["below_posterior"])
        + number(&left_out["merged"]);
    let mut of_sites = vec![part("called", &sites["total"])];
    of_sites.extend(parts(left_out, |reason| match reason {
        "below_posterior" => "left out: less likely than the operating point asks for",
        "merged" => "left out: a likelier site lies within the merge distance",
        _ => "",
    }));
    vec![
        account("Windows", number(&windows["requested"]), of_windows),
        account("Maxima of cleavage", candidates, of_sites),
        account("Sites by strand", number(&sites["total"]), parts(&sites["by_strand"], |_| "")),
        account("Sites by contig", number(&sites["total"]), by_size(&sites["by_contig"])),
    ]
}

/// Returns the largest counts, and the sum of the others.
fn by_size(counts: &Value) -> Vec<(String, u64, String)> {
    const NAMED: usize = 25;
    let counts = counts.as_object().into_iter().flatten();
    let mut all: Vec<(String, u64, String)> =
        counts.map(|(name, n)| (name.clone(), number(n), String::new())).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let others = all.split_off(all.len().min(NAMED));
    if !others.is_empty() {
        let sum = others.iter().map(|(_, n, _)| n).sum();
        all.push((format!("{} other contigs", others.len()), sum, String::new()));
    }
    all
}

fn of_variants(totals: &Value) -> Vec<Account> {
    let part = |name: &str, n: &Value| (name.to_owned(), number(n), String::new());
    let records = vec![
        part("written", &totals["written"]),
        (
            "left out".to_owned(),
            number(&totals["excluded"]),
            "REF is not the genome's (--check-ref x)".into(),
        ),
    ];
    let mut alleles = vec![part("scored", &totals["scored"])];
    alleles.extend(parts(&totals["skipped"], |reason| {
        let known = crate::variants::change::Reason::ALL;
        known.iter().find(|known| known.name() == reason).map_or("", |known| known.meaning())
    }));
    let mut scored = vec![part("without a site near them", &totals["without_site"])];
    scored.extend(parts(&totals["effects"], |_| ""));
    vec![
        account("Records", number(&totals["records"]), records),
        account("Alleles", number(&totals["alleles"]), alleles),
        account("Scored alleles, by their greatest effect", number(&totals["scored"]), scored),
    ]
}

fn of_mutagenesis(totals: &Value) -> Vec<Account> {
    let of = |title: &str, account_of: &Value| {
        let scored = ("scored".to_owned(), number(&account_of["scored"]), String::new());
        let parts = [vec![scored], parts(&account_of["skipped"], |_| "")].concat();
        account(title, number(&account_of["asked"]), parts)
    };
    let mut accounts = vec![of("Positions", &totals["positions"])];
    if number(&totals["deletions"]["asked"]) > 0 {
        accounts.push(of("Deletions", &totals["deletions"]));
    }
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_in_threes() {
        let text = [0, 12, 999, 1_000, 12_345, 1_234_567].map(grouped);
        assert_eq!(text, ["0", "12", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn the_largest_counts_are_named_and_the_others_added_up() {
        let counts: serde_json::Map<String, Value> =
            (0..30u64).map(|n| (format!("c{n:02}"), n.into())).collect();
        let parts = by_size(&Value::Object(counts));
        assert_eq!((parts[0].0.as_str(), parts[0].1), ("c29", 29));
        assert_eq!((parts[25].0.as_str(), parts[25].1), ("5 other contigs", 10));
    }
}
