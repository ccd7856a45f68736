//! Rows of `PREFIX.genes.tsv`.

use super::Figures;
use crate::context::class::Feature;
use crate::context::model::{ContextModel, PAIR, pair_feature};
use crate::context::structure::{GeneStructure, along};
use crate::context::values::Values;

/// The columns. Lists are in the order of transcription; proximal and distal are the first and the
/// last site in the last exons and past them.
pub(super) const COLUMNS: [&str; 17] = [
    "#contig",
    "start",
    "end",
    "strand",
    "gene",
    "sites",
    "positions",
    "features",
    "usage",
    "expressed",
    "utr3_lengths",
    "read_past",
    "proximal",
    "distal",
    "proximal_usage",
    "distal_usage",
    "proximal_preferred",
];

/// The sites of a gene.
#[derive(Default)]
pub(super) struct GeneRow {
    sites: Vec<OfGene>,
}

struct OfGene {
    position: u64,
    feature: Feature,
    figures: Figures,
    values: Values,
}

impl GeneRow {
    pub(super) fn add(
        &mut self,
        position: u64,
        feature: Feature,
        figures: Figures,
        values: &Values,
    ) {
        self.sites.push(OfGene { position, feature, figures, values: values.clone() });
    }

    /// Returns the row; `place` are its first four cells, `reversed` says that transcription runs
    /// backwards.
    pub(super) fn text(&self, gene: &GeneStructure, place: &str, reversed: bool) -> String {
        let mut sites: Vec<&OfGene> = self.sites.iter().collect();
        if reversed {
            sites.reverse();
        }
        let list = |cell: &dyn Fn(&OfGene) -> String| match sites.as_slice() {
            [] => ".".to_owned(),
            sites => sites.iter().map(|site| cell(site)).collect::<Vec<_>>().join(","),
        };
        let share = |value: Option<f64>| value.map_or(".".to_owned(), |v| format!("{v:.4}"));
        let utr = |site: &OfGene| {
            let length = gene.utr_length(along(gene.strand, site.position));
            length.filter(|_| site.feature.is_terminal()).map_or(".".into(), |l| l.to_string())
        };
        let past = sites.iter().map(|site| site.figures.0).sum::<Option<f64>>();
        let past = past.map(|used| (1.0 - used).max(0.0));
        let terminal: Vec<&&OfGene> =
            sites.iter().filter(|site| site.feature.is_terminal()).collect();
        let ends = terminal.first().zip(terminal.last()).filter(|(a, b)| a.position != b.position);
        let position = |site: Option<&&&OfGene>| {
            site.map_or(".".to_owned(), |site| (site.position + 1).to_string())
        };
        let usage = |site: Option<&&&OfGene>| share(site.and_then(|site| site.figures.0));
        let preferred = ends.and_then(|(proximal, distal)| {
            let apart = proximal.position.abs_diff(distal.position) as f64;
            let model = ContextModel::built_in().ok()?;
            let model = model.classes.get(PAIR)?.used()?.clone();
            let of = |name: &str| pair_feature(name, &proximal.values, &distal.values, apart);
            Some(model.probability(of))
        });
        let (first, last) = (terminal.first(), terminal.last());
        [
            place.to_owned(),
            gene.name.clone(),
            sites.len().to_string(),
            list(&|site| (site.position + 1).to_string()),
            list(&|site| site.feature.name().to_owned()),
            list(&|site| share(site.figures.0)),
            list(&|site| share(site.figures.1)),
            list(&utr),
            share(past),
            position(first),
            position(last),
            usage(first),
            usage(last),
            share(preferred),
        ]
        .join("\t")
            + "\n"
    }
}
