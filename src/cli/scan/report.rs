//! What a scan says of itself: header lines, remarks, summary.

use std::collections::BTreeMap;
use std::time::Instant;

use super::files::Files;
use crate::cli::command_line;
use crate::cli::options::device_of;
use crate::cli::written::Written;
use crate::error::{Result, excerpt};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::fasta::FastaFile;
use crate::genome::strand::Strand;
use crate::models::Model;
use crate::models::screen::Screen;
use crate::output::provenance::{entries, file_entry};
use crate::output::summary::settings::printed;
use crate::output::summary::{
    FastaSummary, FileSummary, ModelSummary, ScanSummary, ScreenSummary, SiteCounts,
    SkippedWindows, WindowCounts,
};
use crate::scan::settings::ContextPlan;
use crate::scan::work::{Outputs, ScanWork};
use crate::scan::{ScanSettings, ScanTotals, Targets};
use crate::shard::Shard;
use crate::text::count;
use crate::timing::{Activity, Profile, Stage, table};

/// What came of a scan.
pub struct Outcome<'a> {
    pub totals: &'a ScanTotals,
    pub contigs: &'a Contigs,
    pub begin: Instant,
    /// Seconds that other runs took, of which this one has parts.
    pub earlier: f64,
    pub profile: &'a Profile,
    pub show_profile: bool,
    /// Whether files for MultiQC are written.
    pub multiqc: bool,
    /// Whether tables are written as Parquet, too.
    pub parquet: bool,
}

/// Contigs that the summary counts each by itself, the first ones; and what the others are called
/// together.
const NAMED: usize = 1000;
const OTHERS: &str = "(other contigs)";

/// The summary in the making.
pub struct Report {
    summary: ScanSummary,
}

impl Report {
    /// Notes what is run, on what.
    pub fn new(
        settings: &ScanSettings,
        model: &dyn Model,
        fasta: &FastaFile,
        threads: usize,
    ) -> Self {
        let summary = ScanSummary {
            program: "polyascan".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command_line: command_line::typed(),
            model: ModelSummary::of(model.card()),
            fasta: FastaSummary::of(fasta),
            settings: printed(settings.list()),
            threads,
            device: device_of(model),
            ..ScanSummary::default()
        };
        Self { summary }
    }

    /// Notes the screen that is used.
    pub fn screen(&mut self, screen: &Screen) {
        self.summary.screen = Some(ScreenSummary::of(screen));
    }

    /// Notes the annotation that is used.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn annotation(&mut self, gtf: &Source) -> Result<()> {
        self.summary.annotation = Some(FileSummary::of(gtf)?);
        Ok(())
    }

    /// Returns the annotation's digest.
    pub fn annotation_digest(&self) -> Option<String> {
        self.summary.annotation.as_ref().map(|file| file.sha256.clone())
    }

    /// Notes what the context of sites is made with.
    pub fn context(&mut self, plan: &ContextPlan) {
        self.summary.settings.extend(printed(plan.list()));
    }

    /// Says a remark once, on standard error and in the summary.
    pub fn note(&mut self, note: String) {
        tracing::info!(kind = "note", "{note}");
        self.summary.notes.push(note);
    }

    /// Goes on with the summary of a scan that others have begun.
    pub fn of(mut summary: ScanSummary) -> Self {
        summary.command_line = command_line::typed();
        Self { summary }
    }

    /// Describes the scan, with all that was noted so far.
    pub fn work(
        &self,
        shard: Shard,
        outputs: Outputs,
        settings: (ScanSettings, ContextPlan),
        contigs: &Contigs,
        targets: &Targets,
    ) -> ScanWork {
        let summary = self.summary.clone();
        ScanWork::new(shard, outputs, settings, self.provenance(), summary, contigs, targets)
    }

    /// The header lines of result files: only what decides the results.
    fn provenance(&self) -> Vec<String> {
        let s = &self.summary;
        let command = command_line::result();
        let mut lines = entries(&s.version, &command, Some(&s.model), None, Some(&s.fasta));
        lines.extend(s.screen.iter().map(|screen| {
            let ScreenSummary { path, sha256, .. } = screen.clone();
            file_entry("screen", &FileSummary { path, sha256 })
        }));
        lines.extend(s.annotation.iter().map(|gtf| file_entry("annotation", gtf)));
        lines
    }

    /// Completes all files and says what came out.
    ///
    /// # Errors
    /// If a file cannot be completed or the counts do not add up.
    pub fn finish(mut self, files: Files, outcome: &Outcome<'_>) -> Result<()> {
        self.count(outcome.totals, outcome.contigs);
        self.note_empty(outcome.contigs);
        if self.summary.windows.requested == 0 && self.summary.annotation.is_some() {
            self.note("nothing was scanned: no gene lies in the part of the genome asked for; --whole-genome scans without".into());
        }
        let mut completing = outcome.profile.start(Stage::Completing);
        let multiqc = outcome.multiqc.then_some(&self.summary);
        let (mut complete, notes, file) =
            files.complete(outcome.profile, multiqc, outcome.parquet)?;
        completing.lap(Activity::Busy);
        notes.into_iter().for_each(|note| self.note(note));
        let seconds = outcome.earlier + outcome.begin.elapsed().as_secs_f64();
        let windows = &self.summary.windows;
        self.summary.set_wall_seconds(seconds, windows.scored + windows.screened);
        self.summary.profile = outcome.show_profile.then(|| outcome.profile.stages());
        match file {
            Some(file) => complete.push(self.summary.complete(file)?),
            None => self.summary.windows.check()?,
        }
        let written = Written::publish(complete)?;
        let (w, s) = (&self.summary.windows, &self.summary);
        let screened = match &s.screen {
            Some(_) => format!("{} screened out + ", w.screened),
            None => String::new(),
        };
        tracing::info!(
            "{} ({} less likely and {} merged into others left out); {} = {} scored + {screened}{} skipped ({} N, {} contig edge, {} short contig, {} without signal); {:.1} s, {:.0} windows/s",
            count(s.sites.total, "site"),
            s.sites.left_out.below_posterior,
            s.sites.left_out.merged,
            count(w.requested, "window"),
            w.scored,
            w.skipped.total(),
            w.skipped.n,
            w.skipped.contig_edge,
            w.skipped.short_contig,
            w.skipped.no_signal,
            s.wall_seconds,
            s.windows_per_second
        );
        if let Some(stages) = &s.profile {
            for line in table(stages, s.wall_seconds).lines() {
                tracing::info!(kind = "row", "{line}");
            }
        }
        written.tell();
        Ok(())
    }

    /// Says that contigs have nothing in them, which a download that broke off may have left.
    fn note_empty(&mut self, contigs: &Contigs) {
        let mut empty = contigs.iter().filter(|contig| contig.length == 0);
        if let Some(first) = empty.next() {
            let (n, first) = (1 + empty.count(), excerpt(&first.name));
            let note = format!(
                "{} without sequence ({first}); is the FASTA file complete?",
                count(n as u64, "contig")
            );
            self.note(note);
        }
    }

    fn count(&mut self, totals: &ScanTotals, contigs: &Contigs) {
        let windows = totals.windows();
        self.summary.windows = WindowCounts {
            requested: windows.requested,
            scored: windows.scored,
            screened: windows.screened,
            skipped: SkippedWindows {
                n: windows.n,
                short_contig: windows.short_contig,
                contig_edge: windows.contig_edge,
                no_signal: windows.no_signal,
            },
        };
        let by_strand = Strand::BOTH.map(|s| (s.to_string(), totals.sites_on(s)));
        let mut by_contig: BTreeMap<String, u64> = BTreeMap::new();
        for (number, contig) in totals.contigs.iter().enumerate() {
            let name = if number < NAMED { contigs[contig.contig].name.as_str() } else { OTHERS };
            *by_contig.entry(name.to_owned()).or_default() += contig.sites.iter().sum::<u64>();
        }
        let by_feature = totals.features.iter();
        self.summary.sites = SiteCounts {
            total: totals.sites(),
            left_out: totals.calls,
            by_strand: by_strand.into(),
            by_feature: by_feature.map(|(feature, n)| (feature.name().to_owned(), *n)).collect(),
            by_contig,
        };
    }
}
