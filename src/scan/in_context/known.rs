//! Known sites at which no site is called.

use super::InContextSink;
use crate::context::known::KnownSite;
use crate::error::Result;
use crate::genome::strand::Strand;
use crate::output::bed::{InContext, Site};

impl InContextSink<'_> {
    /// Works on contigs before one that have known sites and no called ones.
    pub(super) fn known_only(&mut self, before: usize) -> Result<()> {
        while self.next_known < before {
            let contig = self.next_known;
            let held = self.with_uncalled(contig, Vec::new());
            self.hand_on(contig, held)?;
        }
        Ok(())
    }

    /// Adds the known sites of a contig at which no site is called, not yet scored, to its called
    /// ones, in order.
    pub(super) fn with_uncalled(&mut self, contig: usize, called: Vec<Site>) -> Vec<Site> {
        self.next_known = self.next_known.max(contig + 1);
        if self.context.sites.is_none() {
            return called;
        }
        let within = self.context.settings.known_within;
        let is_called = |site: &KnownSite| {
            let from = called.partition_point(|call| call.position + within < site.range.start);
            let near =
                called[from..].iter().take_while(|call| call.position < site.range.end + within);
            near.into_iter().any(|call| call.strand == site.strand)
        };
        let targets = self.context.targets;
        let asked = |site: &&KnownSite| targets.get(contig, site.strand).contains(site.position);
        let known = self.context.known.scored_on(contig).filter(asked);
        let mut places: Vec<(u64, Strand)> = known
            .filter(|site| !is_called(site))
            .map(|site| (site.position, site.strand))
            .collect();
        places.sort_unstable();
        places.dedup();
        let genes = self.context.genes;
        let uncalled = places.into_iter().map(|(position, strand)| Site {
            contig,
            position,
            strand,
            probability: f32::NAN,
            posterior: None,
            cleavage: 0.0,
            cluster: position..position + 1,
            entropy: 0.0,
            windows: 0,
            signal: None,
            gene: genes.map(|genes| genes.classify(contig, strand, position)),
            context: InContext { uncalled: true, ..InContext::default() },
        });
        let mut all: Vec<Site> = uncalled.collect();
        all.extend(called);
        all.sort_by_key(|site| (site.position, site.strand, site.context.uncalled));
        all
    }
}
