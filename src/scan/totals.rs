//! What a scan went through and found: every position asked for is scored or skipped for a reason.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::calls::CallCounts;
use crate::context::class::Feature;
use crate::genome::strand::Strand;

/// Windows on one strand. `requested` equals `scored` plus `screened` plus the reasons for skipping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowCounts {
    /// Positions asked for.
    pub requested: u64,
    /// Of these, windows that a model scored.
    pub scored: u64,
    /// Windows that a screen left out: the model cannot keep them.
    pub screened: u64,
    /// Skipped: the window would reach past the contig's start or end.
    pub contig_edge: u64,
    /// Skipped: the contig is shorter than a window.
    pub short_contig: u64,
    /// Skipped: more than half of the window is unknown (N and other IUPAC letters).
    pub n: u64,
    /// Skipped: no known polyA signal at the window's anchor, in a scan that is anchored on
    /// signals.
    pub no_signal: u64,
    /// Scored in the margins of what was asked for; part of none of the above.
    pub context: u64,
}

impl WindowCounts {
    /// Returns the number of skipped positions, whatever the reason.
    pub fn skipped(&self) -> u64 {
        self.contig_edge + self.short_contig + self.n + self.no_signal
    }
}

impl AddAssign for WindowCounts {
    fn add_assign(&mut self, other: Self) {
        self.requested += other.requested;
        self.scored += other.scored;
        self.screened += other.screened;
        self.contig_edge += other.contig_edge;
        self.short_contig += other.short_contig;
        self.n += other.n;
        self.no_signal += other.no_signal;
        self.context += other.context;
    }
}

/// Totals of one contig; arrays by strand, plus first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContigTotals {
    pub contig: usize,
    pub windows: [WindowCounts; 2],
    pub sites: [u64; 2],
}

/// Totals of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanTotals {
    /// Contigs of which anything was asked for, in FASTA order.
    pub contigs: Vec<ContigTotals>,
    /// Sites that did not become calls.
    pub calls: CallCounts,
    /// Sites by class; empty without an annotation.
    pub features: BTreeMap<Feature, u64>,
}

impl ScanTotals {
    /// Returns the window counts of one strand.
    pub fn windows_on(&self, strand: Strand) -> WindowCounts {
        let mut sum = WindowCounts::default();
        self.contigs.iter().for_each(|contig| sum += contig.windows[strand.index()]);
        sum
    }

    /// Returns the window counts of both strands together.
    pub fn windows(&self) -> WindowCounts {
        let mut sum = self.windows_on(Strand::Plus);
        sum += self.windows_on(Strand::Minus);
        sum
    }

    /// Returns the number of sites on one strand.
    pub fn sites_on(&self, strand: Strand) -> u64 {
        self.contigs.iter().map(|contig| contig.sites[strand.index()]).sum()
    }

    /// Returns the number of sites.
    pub fn sites(&self) -> u64 {
        self.sites_on(Strand::Plus) + self.sites_on(Strand::Minus)
    }

    /// Returns the totals of a contig; contigs come in order, so it is the last one or a new one.
    pub(super) fn of_contig(&mut self, contig: usize) -> &mut ContigTotals {
        if self.contigs.last().is_none_or(|last| last.contig != contig) {
            self.contigs.push(ContigTotals { contig, ..ContigTotals::default() });
        }
        let last = self.contigs.len() - 1;
        &mut self.contigs[last]
    }
}
