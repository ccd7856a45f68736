//! Genes with their sites.

use std::collections::BTreeMap;
use std::path::Path;

use super::chart::Table;
use super::counts::Best;
use super::rows::Rows;
use super::site::{Site, USED};
use crate::error::Result;

/// What is gathered of the sites of genes.
#[derive(Default)]
pub struct GeneTable {
    /// By name, contig and strand.
    genes: BTreeMap<(String, String, String), Gene>,
}

#[derive(Default)]
struct Gene {
    sites: u64,
    used: u64,
    /// From the first to the last site.
    first: Option<u64>,
    last: u64,
    main: Option<Site>,
    /// Share of transcripts that end at none of the sites; how likely the first of the first and
    /// last site is preferred.
    read_past: Option<f64>,
    proximal_preferred: Option<f64>,
}

impl GeneTable {
    /// Counts a site for its genes; sites against a gene are of none.
    pub fn add(&mut self, site: &Site) {
        if site.feature.as_deref() == Some("antisense") {
            return;
        }
        for name in site.gene.iter().flat_map(|names| names.split(',')) {
            let key = (name.to_owned(), site.contig.clone(), site.strand.to_string());
            let gene = self.genes.entry(key).or_default();
            gene.sites += 1;
            gene.used += u64::from(site.expressed.is_some_and(|p| p >= USED));
            gene.first.get_or_insert(site.position);
            gene.last = site.position;
            let use_of = |site: &Site| site.usage.unwrap_or_else(|| site.likelihood());
            if gene.main.as_ref().is_none_or(|main| use_of(site) > use_of(main)) {
                gene.main = Some(site.clone());
            }
        }
    }

    /// Adds what `PREFIX.genes.tsv` of a scan with --context says of the genes.
    ///
    /// # Errors
    /// If the file cannot be read or is another.
    pub fn join(&mut self, path: &Path) -> Result<()> {
        let needed = ["contig", "gene", "strand", "read_past", "proximal_preferred"];
        Rows::open(path, &needed)?.for_each(|row| {
            let text = |column: &str| row.text(column).unwrap_or_default().to_owned();
            let key = (text("gene"), text("contig"), row.strand("strand")?.to_string());
            if let Some(gene) = self.genes.get_mut(&key) {
                gene.read_past = row.number("read_past")?;
                gene.proximal_preferred = row.number("proximal_preferred")?;
            }
            Ok(())
        })
    }

    /// Returns the number of genes with a site, and of those with more than one that is likely
    /// used.
    pub fn counts(&self) -> (u64, u64) {
        let several = self.genes.values().filter(|gene| gene.used > 1).count();
        (self.genes.len() as u64, several as u64)
    }

    /// Returns the table of at most `most` genes; none without genes.
    pub fn table(self, id: &str, most: usize) -> Option<Table> {
        if self.genes.is_empty() {
            return None;
        }
        let mut best = Best::new(most);
        for (key, gene) in self.genes {
            let Some(main) = gene.main.clone() else { continue };
            let size = main.expressed.unwrap_or_else(|| main.likelihood());
            best.add(size, (key, gene, main));
        }
        let total = best.seen();
        let rows = best.rows();
        let by = "how likely their main site is used";
        let mut table = Table::new(&format!("{id}-genes"), "Genes", total, rows.len(), by);
        let all: Vec<&((String, String, String), Gene, Site)> = rows.iter().collect();
        let text = |of: &dyn Fn(&Site) -> Option<String>| -> Vec<Option<String>> {
            all.iter().map(|(_, _, main)| of(main)).collect()
        };
        let number = |of: &dyn Fn(&Gene, &Site) -> Option<f64>| -> Vec<Option<f64>> {
            all.iter().map(|(_, gene, main)| of(gene, main)).collect()
        };
        let names = all.iter().map(|((name, ..), ..)| Some(name.clone())).collect();
        table.text("gene", "gene name", names);
        let help = "sites that are called in the gene and past its end";
        table.number("sites", help, 0, number(&|gene, _| Some(gene.sites as f64)));
        let used = |gene: &Gene, main: &Site| main.expressed.map(|_| gene.used as f64);
        let help = "those that are used with a probability of 0.5 or more";
        table.number("likely used", help, 0, number(&used));
        let help = "the site that most transcripts end at";
        table.place("main site", help, text(&|main| Some(main.name())));
        table.category("class", "of the main site", &text(&|main| main.feature.clone()));
        let help = "share of the gene's transcripts that end at the main site";
        table.number("usage", help, 3, number(&|_, main| main.usage));
        let help = "probability that the main site is used at all";
        table.number("expressed", help, 3, number(&|_, main| main.expressed));
        table.category("signal", "of the main site", &text(&|main| main.signal.clone()));
        let help = "share of the transcripts that end at none of the sites";
        table.number("read past", help, 3, number(&|gene, _| gene.read_past));
        let help = "of the first and the last site, how likely the first is preferred";
        table.number("proximal preferred", help, 3, number(&|gene, _| gene.proximal_preferred));
        let help = "nt from the first to the last site";
        let span = |gene: &Gene, _: &Site| Some((gene.last - gene.first?) as f64);
        table.number("span", help, 0, number(&span));
        Some(table)
    }
}
