//! What a run says of itself: header lines, remarks, summary.

use super::files::Files;
use crate::cli::command_line;
use crate::cli::genes::LoadedGenes;
use crate::cli::options::device_of;
use crate::cli::written::Written;
use crate::config::Config;
use crate::error::Result;
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::models::Model;
use crate::output::provenance::{entries, file_entry};
use crate::output::summary::settings::printed;
use crate::output::summary::{FastaSummary, FileSummary, ModelSummary, MutagenesisSummary};
use crate::text::count;
use crate::variants::mutagenesis::sites::NamedSite;
use crate::variants::mutagenesis::totals::Account;

/// The summary in the making.
pub struct Report {
    summary: MutagenesisSummary,
}

impl Report {
    /// Notes what is run, on what; models of sites and of strength.
    pub fn new(
        config: &Config,
        (sites, strength): (&dyn Model, Option<&dyn Model>),
        fasta: &FastaFile,
        threads: usize,
    ) -> Self {
        let summary = MutagenesisSummary {
            program: "polyascan".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command_line: command_line::typed(),
            model: ModelSummary::of(sites.card()),
            strength_model: strength.map(|model| ModelSummary::of(model.card())),
            fasta: FastaSummary::of(fasta),
            settings: printed(config.variants.thresholds(&config.scan).list()),
            threads,
            device: device_of(sites),
            ..MutagenesisSummary::default()
        };
        Self { summary }
    }

    /// Goes on with the summary of a run that others have begun.
    pub fn of(mut summary: MutagenesisSummary) -> Self {
        summary.command_line = command_line::typed();
        Self { summary }
    }

    /// Returns the summary so far.
    pub fn summary(&self) -> &MutagenesisSummary {
        &self.summary
    }

    /// Notes the sites that are named.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sites(&mut self, source: &Source, sites: &[NamedSite]) -> Result<()> {
        self.summary.sites_file = Some(FileSummary::of(source)?);
        self.summary.sites = sites.len() as u64;
        let measured = sites.iter().filter(|site| site.usage.is_some());
        self.summary.sites_with_usage = measured.count() as u64;
        Ok(())
    }

    /// Notes of how many sites the usage was measured, if that was `asked` for, and whether
    /// anything comes of it.
    pub fn usage(&mut self, asked: bool, speaks_of_usage: bool) {
        if !asked {
            return;
        }
        let MutagenesisSummary { sites, sites_with_usage, .. } = self.summary;
        if sites_with_usage < sites {
            self.note(format!(
                "{} of {sites} sites have no measured usage: their delta_usage is `.`",
                sites - sites_with_usage
            ));
        }
        if !speaks_of_usage {
            let model = &self.summary.model.name;
            self.note(format!(
                "{model} says nothing of usage: delta_usage is `.` (see --strength-model)"
            ));
        }
    }

    /// Notes the annotation, if there is one.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn genes(&mut self, loaded: &LoadedGenes) -> Result<()> {
        self.summary.annotation = loaded.gtf.as_ref().map(FileSummary::of).transpose()?;
        loaded.notes.iter().for_each(|note| self.note(note.clone()));
        Ok(())
    }

    /// Says a remark once, on standard error and in the summary.
    pub fn note(&mut self, note: String) {
        tracing::info!(kind = "note", "{note}");
        self.summary.notes.push(note);
    }

    /// The header lines of the table: only what decides the results.
    pub fn provenance(&self) -> Vec<String> {
        let s = &self.summary;
        let (command, strength) = (command_line::result(), s.strength_model.as_ref());
        let mut lines = entries(&s.version, &command, Some(&s.model), strength, Some(&s.fasta));
        lines.extend(s.annotation.iter().map(|gtf| file_entry("annotation", gtf)));
        lines.extend(s.sites_file.iter().map(|bed| file_entry("sites", bed)));
        lines
    }

    /// Completes all files and says what came out, in so many seconds of all runs.
    ///
    /// # Errors
    /// If a file cannot be completed or the counts do not add up.
    pub fn finish(
        mut self,
        files: Files,
        pictures: &[(String, Vec<u8>)],
        seconds: f64,
    ) -> Result<()> {
        self.summary.totals = files.totals.clone();
        self.summary.cutoff = files.cutoff();
        let (mut complete, notes, file) = files.complete(pictures)?;
        notes.into_iter().for_each(|note| self.note(note));
        let plots = pictures.len() / 2;
        let per_hour = self.summary.totals.scored() as f64 / seconds.max(1e-3) * 3600.0;
        self.summary.plots = plots as u64;
        self.summary.wall_seconds = seconds;
        self.summary.variants_per_hour = per_hour;
        complete.push(self.summary.complete(file)?);
        let written = Written::publish(complete)?;
        let totals = &self.summary.totals;
        let deletions = match totals.deletions.asked {
            0 => String::new(),
            _ => format!("; deletions: {}", account(&totals.deletions)),
        };
        let much = self.summary.cutoff.as_ref().map_or(String::new(), |cutoff| {
            format!(" ({} beyond {}-fold)", cutoff.rows, cutoff.fold)
        });
        tracing::info!(
            "positions: {}{deletions}; {}{much}, {} drawn; {seconds:.1} s, {per_hour:.0} \
             variants/h",
            account(&totals.positions),
            count(totals.rows, "row"),
            count(plots as u64, "site")
        );
        written.tell();
        Ok(())
    }
}

fn account(account: &Account) -> String {
    let Account { asked, scored, partial, skipped } = account;
    let some = skipped.iter().filter(|(_, n)| **n > 0);
    let some: Vec<String> = some.map(|(reason, n)| format!("{n} {reason}")).collect();
    let reasons = if some.is_empty() { String::new() } else { format!(" ({})", some.join(", ")) };
    let partial = match partial {
        0 => String::new(),
        partial => format!(" ({partial} at a contig's edge)"),
    };
    format!("{asked} = {scored} scored{partial} + {} skipped{reasons}", account.skipped())
}
