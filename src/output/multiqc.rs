//! What a run was, as MultiQC shows it beside other samples: its custom content, of which a file
//! holds one section.

use serde_json::{Value, json};

use super::summary::{ScanSummary, VariantSummary};

/// Endings of the files: columns of the general statistics, and a bar.
pub const SCAN_ENDINGS: [&str; 2] = ["polyascan_scan_mqc.json", "polyascan_sites_mqc.json"];
/// The same for variants.
pub const VARIANT_ENDINGS: [&str; 2] =
    ["polyascan_variants_mqc.json", "polyascan_effects_mqc.json"];

/// Where a site lies when there is no annotation.
const UNCLASSED: &str = "no annotation";

/// Returns the texts of a scan's files, for [`SCAN_ENDINGS`].
pub fn of_scan(sample: &str, summary: &ScanSummary) -> [String; 2] {
    let (windows, sites) = (&summary.windows, &summary.sites);
    let columns = [
        column("sites", "PolyA sites", "Sites that are called", "Blues"),
        column("scored", "Windows", "Windows that were scored", "Greens"),
        share("skipped", "Skipped", "Windows that were skipped: N, contig edges, short contigs"),
    ];
    let values = json!({
        "sites": sites.total,
        "scored": windows.scored,
        "skipped": percent(windows.skipped.total(), windows.requested),
    });
    let classes = match &summary.annotation {
        None => json!({ UNCLASSED: sites.total }),
        Some(_) => json!(sites.by_feature),
    };
    let bar = Bar {
        id: "polyascan_sites",
        title: "PolyA sites by class",
        description: "Called sites by their place in the gene structure (docs/CONTEXT.md).",
        unit: "Sites",
    };
    [statistics("polyascan_scan", sample, &columns, values), bar.text(sample, classes)]
}

/// Returns the texts of the files of scored variants, for [`VARIANT_ENDINGS`].
pub fn of_variants(sample: &str, summary: &VariantSummary) -> [String; 2] {
    let totals = &summary.totals;
    let changed = totals.effects.iter().filter(|(name, _)| *name != "unchanged");
    let columns = [
        column("alleles", "Alleles", "Alternate alleles of the records written", "Greens"),
        column("changed", "PolyA changed", "Alleles that change a polyA site", "Reds"),
        share("skipped", "Skipped", "Alleles that were not scored, each for a reason"),
    ];
    let values = json!({
        "alleles": totals.alleles,
        "changed": changed.map(|(_, n)| n).sum::<u64>(),
        "skipped": percent(totals.skipped(), totals.alleles),
    });
    let mut effects = totals.effects.clone();
    effects.insert("no site near".to_owned(), totals.without_site);
    effects.insert("skipped".to_owned(), totals.skipped());
    let bar = Bar {
        id: "polyascan_effects",
        title: "Alleles by their greatest effect",
        description: "Effects of alleles on polyA sites (docs/VARIANTS.md).",
        unit: "Alleles",
    };
    [statistics("polyascan_variants", sample, &columns, values), bar.text(sample, json!(effects))]
}

fn percent(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// A column of whole numbers.
fn column(key: &str, title: &str, description: &str, scale: &str) -> Value {
    json!({ key: { "title": title, "description": description, "format": "{:,.0f}", "scale": scale } })
}

/// A column of percentages.
fn share(key: &str, title: &str, description: &str) -> Value {
    json!({ key: {
        "title": title, "description": description, "suffix": "%", "format": "{:,.1f}",
        "min": 0, "max": 100, "scale": "OrRd",
    } })
}

/// Columns of the general statistics.
fn statistics(id: &str, sample: &str, columns: &[Value], values: Value) -> String {
    let content = json!({
        "id": id,
        "plot_type": "generalstats",
        "pconfig": columns,
        "data": { sample: values },
    });
    format!("{content:#}\n")
}

/// A section with a bar for each sample.
struct Bar {
    id: &'static str,
    title: &'static str,
    description: &'static str,
    unit: &'static str,
}

impl Bar {
    fn text(&self, sample: &str, counts: Value) -> String {
        let content = json!({
            "id": self.id,
            "parent_id": "polyascan",
            "parent_name": "polyascan",
            "parent_description": "Cleavage and polyadenylation sites, to the nucleotide.",
            "section_name": self.title,
            "description": self.description,
            "plot_type": "bargraph",
            "pconfig": {
                "id": format!("{}_plot", self.id),
                "title": format!("polyascan: {}", self.title),
                "ylab": self.unit,
            },
            "data": { sample: counts },
        });
        format!("{content:#}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::summary::{FileSummary, SkippedWindows, WindowCounts};
    use crate::variants::totals::Totals;

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_scan_is_columns_and_a_bar_of_its_classes() {
        let skipped = SkippedWindows { n: 4, contig_edge: 6, ..SkippedWindows::default() };
        let windows = WindowCounts { requested: 200, scored: 190, screened: 0, skipped };
        let mut summary = ScanSummary { windows, ..ScanSummary::default() };
        summary.sites.total = 7;
        let [columns, bar] = of_scan("s", &summary).map(|text| parsed(&text));
        assert_eq!(columns["data"]["s"], json!({"sites": 7, "scored": 190, "skipped": 5.0}));
        assert_eq!(columns["pconfig"].as_array().map(Vec::len), Some(3));
        assert_eq!(bar["data"]["s"], json!({ UNCLASSED: 7 }));
        summary.annotation = Some(FileSummary::default());
        summary.sites.by_feature = [("terminal_exon".to_owned(), 7)].into();
        let [_, bar] = of_scan("s", &summary).map(|text| parsed(&text));
        assert_eq!(bar["data"]["s"], json!({ "terminal_exon": 7 }));
    }

    #[test]
    fn every_allele_is_in_the_bar_of_effects() {
        let totals = Totals {
            alleles: 10,
            without_site: 3,
            skipped: [("no_gene".to_owned(), 2)].into(),
            effects: [("lost".to_owned(), 1), ("unchanged".to_owned(), 4)].into(),
            ..Totals::default()
        };
        let summary = VariantSummary { totals, ..VariantSummary::default() };
        let [columns, bar] = of_variants("v", &summary).map(|text| parsed(&text));
        assert_eq!(columns["data"]["v"], json!({"alleles": 10, "changed": 1, "skipped": 20.0}));
        let counts = bar["data"]["v"].as_object().unwrap().values();
        assert_eq!(counts.filter_map(Value::as_u64).sum::<u64>(), 10);
    }
}
