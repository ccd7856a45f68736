//! The sites of a scan: counts of all, the best as a table, those of loci.

use std::collections::BTreeMap;
use std::path::Path;

use super::chart::{Bar, Chart, Table};
use super::counts::{Best, Histogram};
use super::genes::GeneTable;
use super::rows::Rows;
use super::site::{Site, USED};
use crate::error::Result;

/// Columns without which a file holds no sites of a scan.
const NEEDED: [&str; 5] = ["chrom", "start", "strand", "probability", "cleavage"];
/// Signals that are named in the chart.
const SIGNALS: usize = 12;

/// What is gathered of the sites of a scan.
pub struct Sites {
    best: Best<Site>,
    /// By class of gene structure and by signal: all, and those that are used.
    classes: BTreeMap<String, [u64; 2]>,
    signals: BTreeMap<String, [u64; 2]>,
    posteriors: Histogram,
    probabilities: Histogram,
    strengths: Histogram,
    offsets: Histogram,
    calls: u64,
    used: u64,
    known: u64,
    uncalled: u64,
    with_posterior: bool,
    with_usage: bool,
    with_known: bool,
    pub genes: GeneTable,
}

impl Sites {
    /// Reads the sites of a file; keeps the `most` best, and hands each to `see`.
    ///
    /// # Errors
    /// If the file cannot be read or is none of sites.
    pub fn read(path: &Path, most: usize, mut see: impl FnMut(&Site)) -> Result<Self> {
        let mut sites = Self {
            best: Best::new(most),
            classes: BTreeMap::new(),
            signals: BTreeMap::new(),
            posteriors: Histogram::logarithmic(0.001, 1.0, 30),
            probabilities: Histogram::linear(0.0, 1.0, 40),
            strengths: Histogram::linear(-12.0, 8.0, 40),
            offsets: Histogram::linear(9.5, 35.5, 26),
            calls: 0,
            used: 0,
            known: 0,
            uncalled: 0,
            with_posterior: false,
            with_usage: false,
            with_known: false,
            genes: GeneTable::default(),
        };
        Rows::open(path, &NEEDED)?.for_each(|row| {
            let site = Site::of(row)?;
            see(&site);
            sites.add(site);
            Ok(())
        })?;
        Ok(sites)
    }

    fn add(&mut self, site: Site) {
        if !site.called {
            self.uncalled += 1;
            return;
        }
        self.calls += 1;
        let used = u64::from(site.expressed.is_some_and(|p| p >= USED));
        self.used += used;
        self.with_usage |= site.expressed.is_some();
        self.known += u64::from(site.known.is_some());
        self.with_known |= site.known.is_some();
        let count = |counts: &mut BTreeMap<String, [u64; 2]>, name: &str| {
            let counts = counts.entry(name.to_owned()).or_default();
            *counts = [counts[0] + used, counts[1] + 1 - used];
        };
        if let Some(feature) = &site.feature {
            count(&mut self.classes, feature);
        }
        count(&mut self.signals, site.signal.as_deref().unwrap_or("none of the 18"));
        self.probabilities.add(site.probability);
        if let Some(posterior) = site.posterior {
            self.with_posterior = true;
            self.posteriors.add(posterior);
        }
        site.strength.iter().for_each(|strength| self.strengths.add(*strength));
        site.signal_offset.iter().for_each(|offset| self.offsets.add(*offset));
        self.genes.add(&site);
        self.best.add(site.likelihood(), site);
    }

    /// Returns the number of sites that are called, and of those that are likely used if that is
    /// known.
    pub fn called(&self) -> (u64, Option<u64>) {
        (self.calls, self.with_usage.then_some(self.used))
    }

    /// Returns the number of calls near a known site if any is, and of known sites without a call.
    pub fn known(&self) -> (Option<u64>, u64) {
        (self.with_known.then_some(self.known), self.uncalled)
    }

    /// Returns the charts.
    pub fn charts(&self) -> Vec<Chart> {
        let mut charts = Vec::new();
        if !self.classes.is_empty() {
            charts.push(self.bars(
                "Sites by class of gene structure",
                "Where in the structure of its gene a site lies.",
                &self.classes,
                usize::MAX,
            ));
        }
        charts.push(self.bars(
            "Sites by polyA signal",
            "The strongest known signal 10 to 35 nt upstream.",
            &self.signals,
            SIGNALS,
        ));
        let mut histogram = |title: &str, help: &str, axis: &str, log, histogram: &Histogram| {
            if histogram.total() > 0 {
                charts.push(Chart::Histogram {
                    title: title.into(),
                    help: help.into(),
                    axis: axis.into(),
                    log,
                    histogram: histogram.into(),
                });
            }
        };
        histogram(
            "How likely the calls are",
            "Posterior: the share of calls like this that are measured sites.",
            "posterior",
            true,
            &self.posteriors,
        );
        let help = "Classification of the window centred on the site.";
        if !self.with_posterior {
            histogram("How likely the calls are", help, "probability", false, &self.probabilities);
        }
        let help = "Log2 odds that a transcript which reaches the site ends there.";
        histogram("Strength of the sites", help, "strength, log2 odds", false, &self.strengths);
        let help = "From the first base of the signal to the last nucleotide before the cut.";
        histogram("Distance of the signal", help, "nt upstream", false, &self.offsets);
        charts
    }

    fn bars(
        &self,
        title: &str,
        help: &str,
        counts: &BTreeMap<String, [u64; 2]>,
        most: usize,
    ) -> Chart {
        let of = |counts: &[u64; 2]| {
            if self.with_usage { counts.to_vec() } else { vec![counts[0] + counts[1]] }
        };
        let bar = |(name, counts): (&String, &[u64; 2])| Bar {
            label: name.replace('_', " "),
            counts: of(counts),
        };
        let mut rows: Vec<Bar> = counts.iter().map(bar).collect();
        let size = |bar: &Bar| std::cmp::Reverse(bar.counts.iter().sum::<u64>());
        rows.sort_by_key(size);
        let others: Vec<Bar> = rows.split_off(rows.len().min(most));
        if !others.is_empty() {
            let sum = |at: usize| others.iter().map(|bar| bar.counts[at]).sum();
            let counts = (0..others[0].counts.len()).map(sum).collect();
            rows.push(Bar { label: format!("{} others", others.len()), counts });
        }
        let series: &[&str] =
            if self.with_usage { &["likely used", "less likely"] } else { &["sites"] };
        let series = series.iter().map(|name| (*name).to_owned()).collect();
        Chart::Bars { title: title.into(), help: help.into(), series, rows }
    }

    /// Returns the table of the best sites, and of the genes.
    pub fn tables(self, id: &str, most: usize) -> (Table, Option<Table>) {
        let total = self.best.seen();
        let best = if self.with_posterior { "posterior" } else { "probability" };
        let genes = self.genes.table(id, most);
        let rows = self.best.rows();
        (table(id, total, best, &rows), genes)
    }
}

/// Returns the table of sites.
fn table(id: &str, total: u64, best: &str, rows: &[Site]) -> Table {
    let mut table = Table::new(&format!("{id}-sites"), "Sites", total, rows.len(), best);
    let text = |of: fn(&Site) -> Option<String>| rows.iter().map(of).collect::<Vec<_>>();
    let number = |of: fn(&Site) -> Option<f64>| rows.iter().map(of).collect::<Vec<_>>();
    table.place(
        "site",
        "contig:position:strand, 1-based; the last nucleotide before the cut",
        text(|site| Some(site.name())),
    );
    table.text("gene", "gene names", text(|site| site.gene.clone()));
    table.category("class", "by gene structure", &text(|site| site.feature.clone()));
    let help = "share of calls like this that are measured sites";
    table.number("posterior", help, 4, number(|site| site.posterior));
    let help = "classification of the window centred on the site";
    table.number("probability", help, 4, number(|site| Some(site.probability)));
    let help = "consolidated cleavage at the site";
    table.number("cleavage", help, 3, number(|site| Some(site.cleavage)));
    let help = "log2 odds of usage";
    table.number("strength", help, 2, number(|site| site.strength));
    let help = "share of the gene's transcripts that end there";
    table.number("usage", help, 3, number(|site| site.usage));
    let help = "probability that the site is used at all";
    table.number("expressed", help, 3, number(|site| site.expressed));
    let help = "strongest known polyA signal 10 to 35 nt upstream";
    table.category("signal", help, &text(|site| site.signal.clone()));
    let help = "nt from the signal's first base to the site";
    table.number("offset", help, 0, number(|site| site.signal_offset));
    table.category("known", "catalogues that know the site", &text(|site| site.known.clone()));
    table
}
