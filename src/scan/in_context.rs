//! Sites in the context of their genes: strength, usage, and what is known of them.
//!
//! A stage between the collector and the sinks. It holds the sites of a stretch that genes reach
//! over without a gap (of a contig, where known sites are scored that are not called), reads their
//! windows in a second streaming pass over the genome, and hands them on in order.

mod known;
mod score;

use super::settings::ContextSettings;
use super::targets::overlap_total;
use super::{Sink, Targets, TrackBlock};
use crate::context::class::Feature;
use crate::context::features::GeneContext;
use crate::context::known::KnownSites;
use crate::context::model::ContextModel;
use crate::context::values::Values;
use crate::error::Result;
use crate::genome::contigs::Contigs;
use crate::genome::windows::Windows;
use crate::models::Model;
use crate::output::bed::Site;
use crate::output::context::ContextTables;
use crate::scan::ScanTotals;
use crate::timing::{Profile, Stage};

/// Sites that are worked on together at least: enough for all threads.
const BATCH: usize = 256;
/// No figure of a site depends on calls farther away than this, nt.
const APART: u64 = 100;

/// What the stage works with.
pub struct Context<'a> {
    pub contigs: &'a Contigs,
    pub targets: &'a Targets,
    pub genes: Option<&'a GeneContext>,
    pub model: &'a ContextModel,
    /// The genome, for strengths and for known sites.
    pub windows: Option<Windows>,
    pub strength: Option<&'a dyn Model>,
    /// The model of the scan, to score known sites where none is called.
    pub sites: Option<&'a dyn Model>,
    pub known: &'a KnownSites,
    pub settings: &'a ContextSettings,
    /// Known sites that could not be scored.
    pub unscorable: u64,
    /// What the time is put down to.
    pub profile: &'a Profile,
}

/// The stage.
pub struct InContextSink<'a> {
    context: Context<'a>,
    sink: &'a mut dyn Sink,
    tables: Option<&'a mut ContextTables>,
    held: Vec<Site>,
    contig: Option<usize>,
    /// Sites from here on share no gene with those held.
    until: u64,
    /// The first contig whose known sites have not been looked at.
    next_known: usize,
    kept: Kept,
}

/// What was handed on.
#[derive(Default)]
struct Kept {
    totals: ScanTotals,
    /// Known sites scored where no site is called.
    uncalled: u64,
    left_out: u64,
}

/// A site with what its genes say of it.
struct Scored {
    site: Site,
    /// By gene that gives its class; one without gene if there is none.
    by_gene: Vec<OfGene>,
}

/// What a gene says of a site.
struct OfGene {
    gene: Option<usize>,
    feature: Option<Feature>,
    values: Values,
    expressed: Option<f64>,
    usage: Option<f64>,
}

impl<'a> InContextSink<'a> {
    /// Starts before the first site.
    pub fn new(
        context: Context<'a>,
        sink: &'a mut dyn Sink,
        tables: Option<&'a mut ContextTables>,
    ) -> Self {
        let (held, kept) = (Vec::new(), Kept::default());
        Self { context, sink, tables, held, contig: None, until: 0, next_known: 0, kept }
    }

    /// Hands on what is left; sets the sites of the totals to those that were handed on, and
    /// returns remarks.
    ///
    /// # Errors
    /// Those of the models, the genome and the sinks.
    pub fn finish(mut self, totals: &mut ScanTotals) -> Result<Vec<String>> {
        self.flush()?;
        self.known_only(self.context.contigs.len())?;
        if let (Some(tables), Some(genes)) = (&mut self.tables, self.context.genes) {
            let targets = self.context.targets;
            tables.genes(genes, self.context.contigs, |contig, strand, body| {
                overlap_total(targets.get(contig, strand).as_slice(), body) > 0
            })?;
        }
        for contig in &mut totals.contigs {
            let kept = self.kept.totals.contigs.iter().find(|kept| kept.contig == contig.contig);
            contig.sites = kept.map(|kept| kept.sites).unwrap_or_default();
        }
        totals.features = self.kept.totals.features;
        let Kept { uncalled, left_out, .. } = self.kept;
        let unscorable = self.context.unscorable;
        let mut notes = Vec::new();
        if self.context.settings.min_expressed.is_some() || self.context.settings.only.is_some() {
            notes.push(format!(
                "{left_out} sites are left out by --min-expressed, --only-known or --only-novel"
            ));
        }
        if uncalled + unscorable > 0 {
            notes.push(format!(
                "{uncalled} known sites are scored where no site is called (called: no; not counted among the \
                 sites); {unscorable} more have no window that can be scored"
            ));
        }
        Ok(notes)
    }

    /// Works on the sites held and hands them on.
    fn flush(&mut self) -> Result<()> {
        let Some(contig) = self.contig else { return Ok(()) };
        self.known_only(contig)?;
        let called = std::mem::take(&mut self.held);
        let held = self.with_uncalled(contig, called);
        self.hand_on(contig, held)?;
        self.until = 0;
        Ok(())
    }

    fn hand_on(&mut self, contig: usize, held: Vec<Site>) -> Result<()> {
        let profile = self.context.profile;
        for scored in profile.part(Stage::Context, || self.context.score(contig, held))? {
            if !self.context.keeps(&scored.site) {
                self.kept.left_out += 1;
                continue;
            }
            if scored.site.context.uncalled {
                self.kept.uncalled += 1;
            } else {
                self.kept.totals.of_contig(contig).sites[scored.site.strand.index()] += 1;
                if let Some((_, feature)) = &scored.site.gene {
                    *self.kept.totals.features.entry(*feature).or_default() += 1;
                }
            }
            if let Some(tables) = &mut self.tables {
                let (genes, contigs) = (self.context.genes, self.context.contigs);
                for of_gene in &scored.by_gene {
                    let (gene, feature) = (of_gene.gene, of_gene.feature);
                    let figures = (of_gene.usage, of_gene.expressed);
                    let name = gene.and_then(|gene| Some(genes?.gene(gene).name.as_str()));
                    let row = (name, feature, figures, &of_gene.values);
                    tables.site(&contigs[contig].name, &scored.site, row)?;
                    if let Some(gene) = gene.filter(|_| feature != Some(Feature::Antisense)) {
                        tables.of_gene(gene, &scored.site, feature, figures, &of_gene.values);
                    }
                }
            }
            self.sink.site(&scored.site)?;
        }
        Ok(())
    }
}

impl Sink for InContextSink<'_> {
    fn site(&mut self, site: &Site) -> Result<()> {
        let apart = self.held.last().is_none_or(|last| site.position > last.position + APART);
        let other = self.contig != Some(site.contig);
        if other || (apart && site.position >= self.until && self.held.len() >= BATCH) {
            self.flush()?;
        }
        self.contig = Some(site.contig);
        let end = match self.context.genes {
            // Known sites may lie anywhere between the calls.
            _ if self.context.sites.is_some() => u64::MAX,
            Some(genes) => genes.block_end(site.contig, site.position),
            None => site.position,
        };
        self.until = self.until.max(end);
        self.held.push(site.clone());
        Ok(())
    }

    fn wants_tracks(&self) -> bool {
        self.sink.wants_tracks()
    }

    fn scores(&mut self, track: &TrackBlock<'_>) -> Result<()> {
        self.sink.scores(track)
    }
}

#[cfg(test)]
mod tests;
