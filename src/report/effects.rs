//! Effects of variants on sites: counts of all, the greatest as a table, those of loci.

mod read;

use std::collections::BTreeMap;
use std::path::Path;

use super::chart::{Bar, Chart, Span, Table};
use super::counts::{Best, Histogram};
use crate::error::Result;
use crate::variants::effect::Effect;

/// Widest change that histograms tell apart, log2.
const WIDEST: f64 = 12.0;
/// Farthest site of the chart by distance, nt, and the width of its bins.
const FARTHEST: i64 = 120;
const STEP: i64 = 10;
/// Motifs that are named in the chart.
const MOTIFS: usize = 14;

/// An allele and its greatest effect on a site; what is absent is `None`.
#[derive(Clone, Debug, Default)]
pub struct Allele {
    pub contig: String,
    /// 1-based, as in the file.
    pub position: u64,
    pub id: Option<String>,
    pub reference: String,
    pub alternate: String,
    /// Sites that it may act on.
    pub sites: u64,
    /// The entry with the greatest effect.
    pub entry: Option<Entry>,
}

/// What an allele does to one site.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    pub gene: Option<String>,
    pub strand: String,
    /// 1-based.
    pub site: u64,
    pub offset: i64,
    /// Change in log2 odds of usage, or of the classification.
    pub delta: f64,
    pub probability: [Option<f64>; 2],
    pub usage: [Option<f64>; 2],
    pub shift: Option<f64>,
    pub motif: Option<String>,
    pub effect: String,
    pub class: Option<String>,
}

impl Entry {
    /// Whether the effect is more than nothing.
    pub fn matters(&self) -> bool {
        self.effect != Effect::Unchanged.name()
    }

    /// Returns what entries are sorted by.
    fn size(&self) -> f64 {
        let far = if self.matters() { 1000.0 } else { 0.0 };
        far + self.delta.abs().min(999.0)
    }
}

impl Allele {
    /// Returns its place and letters.
    pub fn name(&self) -> String {
        let Self { contig, position, reference, alternate, .. } = self;
        format!("{contig}:{position}:{}>{}", shortened(reference), shortened(alternate))
    }
}

fn shortened(letters: &str) -> String {
    const LONGEST: usize = 24;
    match letters.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &letters[..end]),
        None => letters.to_owned(),
    }
}

/// What is gathered of the effects of a run.
pub struct Effects {
    best: Best<Allele>,
    /// Entries by class of the site, then effect.
    classes: BTreeMap<String, BTreeMap<String, u64>>,
    /// Changes by motif, and by distance of the site.
    motifs: BTreeMap<String, Histogram>,
    distances: Vec<Histogram>,
    entries: u64,
    by_effect: BTreeMap<String, u64>,
}

impl Effects {
    fn new(most: usize) -> Self {
        let bins = (2 * FARTHEST / STEP) as usize;
        Self {
            best: Best::new(most),
            classes: BTreeMap::new(),
            motifs: BTreeMap::new(),
            distances: vec![changes(); bins],
            entries: 0,
            by_effect: BTreeMap::new(),
        }
    }

    /// Reads what `variants` has written, VCF, BCF or table; keeps the `most` greatest effects, and
    /// hands each allele to `see`.
    ///
    /// # Errors
    /// If the file cannot be read or is none of these.
    pub fn of_variants(path: &Path, most: usize, see: &mut dyn FnMut(&Allele)) -> Result<Self> {
        let mut effects = Self::new(most);
        read::variants(path, &mut |allele, entries| effects.add(allele, entries, see))?;
        Ok(effects)
    }

    /// The same of the table of `mutagenesis`.
    ///
    /// # Errors
    /// As for [`Self::of_variants`].
    pub fn of_mutagenesis(path: &Path, most: usize, see: &mut dyn FnMut(&Allele)) -> Result<Self> {
        let mut effects = Self::new(most);
        read::mutagenesis(path, &mut |allele, entries| effects.add(allele, entries, see))?;
        Ok(effects)
    }

    fn add(&mut self, mut allele: Allele, entries: Vec<Entry>, see: &mut dyn FnMut(&Allele)) {
        for entry in &entries {
            self.count(entry);
        }
        allele.sites = entries.len() as u64;
        // The first of equal ones.
        allele.entry = entries.into_iter().reduce(|a, b| if b.size() > a.size() { b } else { a });
        if let Some(entry) = &allele.entry {
            *self.by_effect.entry(entry.effect.clone()).or_default() += 1;
            see(&allele);
            self.best.add(entry.size(), allele);
        }
    }

    fn count(&mut self, entry: &Entry) {
        self.entries += 1;
        let class = entry.class.clone().unwrap_or_else(|| "not known".to_owned());
        *self.classes.entry(class).or_default().entry(entry.effect.clone()).or_default() += 1;
        for motif in entry.motif.iter().flat_map(|motifs| motifs.split('&')) {
            self.motifs.entry(motif.to_owned()).or_insert_with(changes).add(entry.delta);
        }
        let bin = (entry.offset + FARTHEST).div_euclid(STEP);
        if let Some(bin) = usize::try_from(bin).ok().and_then(|bin| self.distances.get_mut(bin)) {
            bin.add(entry.delta);
        }
    }

    /// Returns the number of alleles with a site near them, by their greatest effect.
    pub fn by_effect(&self) -> &BTreeMap<String, u64> {
        &self.by_effect
    }

    /// Returns the charts; `what` is counted: alleles or SNVs.
    pub fn charts(&self, what: &str) -> Vec<Chart> {
        let names = Effect::ALL.map(Effect::name);
        let count = |name: &&str| self.by_effect.get(*name).copied().unwrap_or(0);
        let bar = |name: &&str| Bar { label: (*name).to_owned(), counts: vec![count(name)] };
        let mut charts = vec![Chart::Bars {
            title: "Effects".into(),
            help: format!("The greatest effect of each of the {what} that have a site near them."),
            series: vec![what.to_owned()],
            rows: names.iter().map(bar).collect(),
        }];
        if !self.classes.is_empty() {
            charts.push(self.by_class(&names));
        }
        charts.extend(self.by_motif());
        charts.extend(self.by_distance());
        charts
    }

    fn by_class(&self, names: &[&'static str; 6]) -> Chart {
        // Of unchanged sites there are so many that nothing else could be seen.
        let names = &names[..names.len() - 1];
        let bar = |(class, effects): (&String, &BTreeMap<String, u64>)| Bar {
            label: class.replace('_', " "),
            counts: names.iter().map(|name| effects.get(*name).copied().unwrap_or(0)).collect(),
        };
        let mut rows: Vec<Bar> = self.classes.iter().map(bar).collect();
        rows.sort_by_key(|bar| std::cmp::Reverse(bar.counts.iter().sum::<u64>()));
        Chart::Bars {
            title: "Changed sites by class of gene structure".into(),
            help: "Pairs of an allele and a site that it changes, by where the site lies.".into(),
            series: names.iter().map(|name| (*name).to_owned()).collect(),
            rows,
        }
    }

    fn by_motif(&self) -> Option<Chart> {
        let mut motifs: Vec<(&String, &Histogram)> = self.motifs.iter().collect();
        motifs.sort_by_key(|(_, changes)| std::cmp::Reverse(changes.total()));
        motifs.truncate(MOTIFS);
        let span = |(name, changes): (&String, &Histogram)| {
            let label = name.replacen(':', " ", 1).replace('>', " \u{2192} ");
            Span::of(label, 0.0, changes)
        };
        let mut rows: Vec<Span> = motifs.into_iter().filter_map(span).collect();
        rows.sort_by(|a, b| a.median.total_cmp(&b.median).then(a.label.cmp(&b.label)));
        (!rows.is_empty()).then(|| Chart::Ranges {
            title: "Change in strength by sequence element".into(),
            help: "What a change makes or breaks; the most frequent elements. Point: median, line: 10 to 90 %.".into(),
            axis: "change in strength, log2".into(),
            rows,
        })
    }

    fn by_distance(&self) -> Option<Chart> {
        let span = |(bin, changes): (usize, &Histogram)| {
            let from = bin as i64 * STEP - FARTHEST;
            // The offset is from the variant to the site: upstream of the site lies left.
            Span::of(
                format!("{} to {}", -(from + STEP - 1), -from),
                -(from + STEP - 1) as f64,
                changes,
            )
        };
        let mut rows: Vec<Span> = self.distances.iter().enumerate().filter_map(span).collect();
        rows.reverse();
        (!rows.is_empty()).then(|| Chart::Band {
            title: "Change in strength by distance from the site".into(),
            help: "Line: median, band: 10 to 90 % of the pairs of an allele and a site, in bins of 10 nt.".into(),
            axis: "place of the variant, nt from the site in transcript direction".into(),
            value: "change, log2".into(),
            rows,
        })
    }

    /// Returns the table of the greatest effects.
    pub fn table(self, id: &str, title: &str) -> Table {
        let total = self.best.seen();
        let rows = self.best.rows();
        table(id, title, total, &rows)
    }
}

fn changes() -> Histogram {
    Histogram::linear(-WIDEST, WIDEST, 480)
}

fn table(id: &str, title: &str, total: u64, rows: &[Allele]) -> Table {
    let by = "size of their effect, changed sites first";
    let mut table = Table::new(&format!("{id}-effects"), title, total, rows.len(), by);
    let own = |of: fn(&Allele) -> Option<String>| rows.iter().map(of).collect::<Vec<_>>();
    let entry = |row: &Allele| row.entry.clone();
    let text = |of: fn(Entry) -> Option<String>| {
        rows.iter().map(|row| entry(row).and_then(of)).collect::<Vec<_>>()
    };
    let number = |of: fn(Entry) -> Option<f64>| {
        rows.iter().map(|row| entry(row).and_then(of)).collect::<Vec<_>>()
    };
    table.place("variant", "contig:position:ref>alt", own(|row| Some(row.name())));
    if rows.iter().any(|row| row.id.is_some()) {
        table.text("id", "ID in the file", own(|row| row.id.clone()));
    }
    table.text("gene", "gene of the site", text(|entry| entry.gene));
    table.category("effect", "on the site that it changes most", &text(|e| Some(e.effect)));
    let help = "change in log2 odds of usage (without a strength model: of classification)";
    table.number("change", help, 2, number(|entry| Some(entry.delta)));
    let site = |row: &Allele| {
        let entry = row.entry.as_ref()?;
        Some(format!("{}:{}:{}", row.contig, entry.site, entry.strand))
    };
    table.place("site", "1-based, the last nucleotide before the cut", own(site));
    let help = "nt from the variant to the site in transcript direction";
    table.number("offset", help, 0, number(|entry| Some(entry.offset as f64)));
    table.category("class", "of the site, by gene structure", &text(|entry| entry.class));
    table.text("motif", "sequence elements made, broken or changed", text(|entry| entry.motif));
    let help = "share of usage, reference";
    table.number("usage ref", help, 3, number(|entry| entry.usage[0]));
    table.number("usage alt", "share of usage, alternate", 3, number(|entry| entry.usage[1]));
    let help = "classification, reference";
    table.number("prob ref", help, 3, number(|entry| entry.probability[0]));
    table.number("prob alt", "classification, alternate", 3, number(|entry| entry.probability[1]));
    let help = "movement of the site in transcript direction, nt";
    table.number("shift", help, 0, number(|entry| entry.shift));
    let sites = rows.iter().map(|row| Some(row.sites as f64)).collect();
    table.number("sites", "sites that it may act on", 0, sites);
    table
}
