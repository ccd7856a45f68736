//! What a run says of itself: header lines, remarks, summary.

use crate::cli::command_line;
use crate::cli::options::device_of;
use crate::cli::written::Written;
use crate::error::Result;
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::models::Model;
use crate::output::atomic::{AtomicFile, Complete};
use crate::output::multiqc;
use crate::output::summary::settings::printed;
use crate::output::summary::{FastaSummary, FileSummary, ModelSummary, VariantSummary};
use crate::text::count;
use crate::variants::change::Reason;
use crate::variants::entry::definitions;
use crate::variants::precomputed::table::Tables;
use crate::variants::settings::VariantSettings;
use crate::variants::tables::rows::Rows;
use crate::variants::totals::Totals;
use crate::variants::vcf::header::Header;

/// The summary in the making.
pub struct Report {
    summary: VariantSummary,
}

impl Report {
    /// Notes what is run, on what; models of sites and of strength.
    pub fn new(
        settings: &VariantSettings,
        (sites, strength): (&dyn Model, Option<&dyn Model>),
        fasta: &FastaFile,
        threads: usize,
    ) -> Self {
        let summary = VariantSummary {
            program: "polyascan".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command_line: command_line::typed(),
            model: ModelSummary::of(sites.card()),
            strength_model: strength.map(|model| ModelSummary::of(model.card())),
            fasta: FastaSummary::of(fasta),
            settings: printed(settings.list()),
            threads,
            device: device_of(sites),
            ..VariantSummary::default()
        };
        Self { summary }
    }

    /// Goes on with the summary of a run that others have begun.
    pub fn of(mut summary: VariantSummary) -> Self {
        summary.command_line = command_line::typed();
        Self { summary }
    }

    /// Notes the variants, the annotation and the known sites that are used.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn inputs(
        &mut self,
        variants: &Source,
        gtf: Option<&Source>,
        sites: &[Source],
    ) -> Result<()> {
        self.summary.input = FileSummary::of(variants)?;
        self.summary.annotation = gtf.map(FileSummary::of).transpose()?;
        self.summary.sites = sites.iter().map(FileSummary::of).collect::<Result<_>>()?;
        Ok(())
    }

    /// Notes what may be missed of precomputed effects.
    pub fn precomputed(&mut self, tables: &Tables) {
        let (all, missing) = tables.pieces();
        let folder = tables.folder.display();
        if missing > 0 {
            self.note(format!(
                "{folder}: {missing} of {all} tables are not there yet; what they would have is computed"
            ));
        }
        if tables.device != self.summary.device {
            self.note(format!(
                "{folder} was computed on {}, this run is on {}: last digits may differ between what is looked up and \
                 what is computed",
                tables.device, self.summary.device
            ));
        }
    }

    /// Says how much was looked up.
    pub fn looked_up(&mut self, tables: &Tables) {
        let found = count(tables.found(), "change");
        self.note(format!("effects of {found} were looked up in {}", tables.folder.display()));
    }

    /// Notes what became of the rows of a table, and names some that are no records.
    pub fn table(&mut self, rows: Rows) {
        let path = self.summary.input.path.clone();
        for warning in &rows.warnings {
            tracing::warn!("{path}, {warning}");
        }
        if let Some((name, there)) = rows.counts.renamed_contigs.iter().next() {
            self.note(format!(
                "contig names in another style were matched ({name} is {there} in the FASTA file)"
            ));
        }
        self.note(rows.counts.text());
        self.summary.table = Some(rows.counts);
    }

    /// Returns the summary so far.
    pub fn summary(&self) -> &VariantSummary {
        &self.summary
    }

    /// Says a remark once, on standard error and in the summary.
    pub fn note(&mut self, note: String) {
        tracing::info!(kind = "note", "{note}");
        self.summary.notes.push(note);
    }

    /// Returns the texts of the files for MultiQC.
    pub fn multiqc(&self, sample: &str, totals: &Totals) -> [String; 2] {
        let summary = VariantSummary { totals: totals.clone(), ..self.summary.clone() };
        multiqc::of_variants(sample, &summary)
    }

    /// The lines that a VCF header gets: definitions, and only what decides the results.
    pub fn header_lines(&self) -> Vec<String> {
        let s = &self.summary;
        let reasons = Reason::ALL.map(|reason| format!("{} {}", reason.name(), reason.meaning()));
        let mut lines = definitions(&reasons.join(", ")).to_vec();
        let model = |model: &ModelSummary| format!("{} sha256={}", model.name, model.sha256);
        let line = Header::provenance;
        lines.push(line("Version", &s.version));
        lines.push(line("Command", &command_line::result()));
        lines.push(line("Model", &model(&s.model)));
        lines.extend(s.strength_model.iter().map(|s| line("StrengthModel", &model(s))));
        lines.push(line("Fasta", &format!("{} sha256={}", s.fasta.path, s.fasta.sha256)));
        let annotation = s.annotation.iter();
        lines.extend(
            annotation
                .map(|gtf| line("Annotation", &format!("{} sha256={}", gtf.path, gtf.sha256))),
        );
        let sites = s.sites.iter();
        lines
            .extend(sites.map(|bed| line("Sites", &format!("{} sha256={}", bed.path, bed.sha256))));
        lines
    }

    /// Publishes what is complete with the summary and says what came out, in so many seconds of
    /// all runs.
    ///
    /// # Errors
    /// If it cannot be written or the counts do not add up.
    pub fn finish(
        mut self,
        mut complete: Vec<Complete>,
        file: Option<AtomicFile>,
        totals: Totals,
        seconds: f64,
    ) -> Result<()> {
        let rate = totals.scored as f64 / seconds.max(1e-3);
        self.summary.wall_seconds = seconds;
        self.summary.alleles_per_hour = rate * 3600.0;
        self.summary.count(totals);
        match file {
            Some(file) => complete.push(self.summary.complete(file)?),
            None => self.summary.check()?,
        }
        let written = Written::publish(complete)?;
        let t = &self.summary.totals;
        let named = |counts: &std::collections::BTreeMap<String, u64>| {
            let some = counts.iter().filter(|(_, n)| **n > 0);
            let some: Vec<String> = some.map(|(name, n)| format!("{n} {name}")).collect();
            if some.is_empty() { String::new() } else { format!(" ({})", some.join(", ")) }
        };
        tracing::info!(
            "{} = {} written + {} left out; {} = {} scored{} + {} skipped{}; \
             {} without a site near them, with a site{}; {seconds:.1} s, {:.0} alleles/h",
            count(t.records, "record"),
            t.written,
            t.excluded,
            count(t.alleles, "allele"),
            t.scored,
            if t.partial > 0 {
                format!(" ({} at a contig's edge)", t.partial)
            } else {
                String::new()
            },
            t.skipped(),
            named(&t.skipped),
            count(t.without_site, "scored allele"),
            named(&t.effects),
            rate * 3600.0
        );
        written.tell();
        Ok(())
    }
}
