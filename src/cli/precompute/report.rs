//! What a run of `precompute` says of itself.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::command_line;
use crate::cli::options::device_of;
use crate::cli::written::Written;
use crate::error::Result;
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::models::Model;
use crate::output::atomic::AtomicFile;
use crate::output::provenance::{entries, file_entry};
use crate::output::summary::settings::{compared, printed};
use crate::output::summary::{FastaSummary, FileSummary, ModelSummary, PrecomputeSummary};
use crate::parts::short_digest;
use crate::text::count;
use crate::variants::mutagenesis::totals::Totals;
use crate::variants::precomputed::manifest::Manifest;
use crate::variants::precomputed::pieces::Piece;
use crate::variants::precomputed::{PrecomputeSettings, digest};
use crate::variants::settings::{LatentSites, Thresholds};

/// How many pieces there are, were computed by this run, were there before in its share, are not
/// there yet.
pub struct Share {
    pub pieces: u64,
    pub computed: u64,
    pub there: u64,
    pub missing: u64,
}

/// Returns what decides effects: version, models, genome, settings and known sites, by name.
pub fn computed_with(
    (thresholds, latent): (&Thresholds, LatentSites),
    (sites, strength): (&dyn Model, Option<&dyn Model>),
    fasta: &FastaFile,
    places: &[[Vec<u64>; 2]],
) -> BTreeMap<String, String> {
    let model = |model: &dyn Model| {
        let card = model.card();
        format!("{} {}", card.name, short_digest(&card.sha256))
    };
    let strength = strength.map_or("none".to_owned(), model);
    let mut with: BTreeMap<String, String> = BTreeMap::from([
        ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("genome".to_owned(), short_digest(&fasta.sha256)),
        ("model".to_owned(), model(sites)),
        ("strength model".to_owned(), strength),
        ("known sites".to_owned(), short_digest(&digest(places, &fasta.contigs))),
        ("latent".to_owned(), latent.name().to_owned()),
    ]);
    with.extend(compared(thresholds.list()));
    with
}

/// The summary in the making.
pub struct Report {
    summary: PrecomputeSummary,
    settings: PrecomputeSettings,
}

impl Report {
    /// Notes what is run, on what; models of sites and of strength.
    pub fn new(
        settings: PrecomputeSettings,
        (sites, strength): (&dyn Model, Option<&dyn Model>),
        fasta: &FastaFile,
        threads: usize,
    ) -> Self {
        let summary = PrecomputeSummary {
            program: "polyascan".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command_line: command_line::typed(),
            model: ModelSummary::of(sites.card()),
            strength_model: strength.map(|model| ModelSummary::of(model.card())),
            fasta: FastaSummary::of(fasta),
            settings: printed(settings.list()),
            threads,
            device: device_of(sites),
            ..PrecomputeSummary::default()
        };
        Self { summary, settings }
    }

    /// Notes the annotation and the known sites.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn inputs(&mut self, gtf: Option<&Source>, sites: &[Source]) -> Result<()> {
        self.summary.annotation = gtf.map(FileSummary::of).transpose()?;
        self.summary.sites = sites.iter().map(FileSummary::of).collect::<Result<_>>()?;
        Ok(())
    }

    /// Says a remark once, on standard error and in the summary.
    pub fn note(&mut self, note: String) {
        tracing::info!(kind = "note", "{note}");
        self.summary.notes.push(note);
    }

    /// Describes the folder, of what was computed as [`computed_with`] says.
    pub fn manifest(
        &self,
        computed_with: BTreeMap<String, String>,
        pieces: impl Iterator<Item = Piece>,
    ) -> Manifest {
        let PrecomputeSettings { thresholds: _, latent: _, extension, around } = self.settings;
        let digest = |file: &FileSummary| short_digest(&file.sha256);
        let annotation = self.summary.annotation.as_ref().map_or("none".to_owned(), digest);
        let planned_with = BTreeMap::from([
            ("around".to_owned(), around.to_string()),
            ("annotation".to_owned(), annotation),
            ("extension".to_owned(), extension.to_string()),
        ]);
        let (program, device) = (self.summary.program.clone(), self.summary.device.clone());
        Manifest { program, computed_with, planned_with, device, pieces: pieces.collect() }
    }

    /// Settles what the folder holds.
    ///
    /// # Errors
    /// If it holds something else.
    pub fn settle(&mut self, manifest: &Manifest, folder: &Path) -> Result<()> {
        let device = manifest.settle(folder)?;
        if device != self.summary.device {
            self.note(format!(
                "the folder was begun on {device}, this run is on {}: last digits may differ between pieces",
                self.summary.device
            ));
        }
        Ok(())
    }

    /// The header lines of the tables: only what decides the results.
    pub fn provenance(&self) -> Vec<String> {
        let s = &self.summary;
        let (command, strength) = (command_line::result(), s.strength_model.as_ref());
        let mut lines = entries(&s.version, &command, Some(&s.model), strength, Some(&s.fasta));
        lines.extend(s.annotation.iter().map(|gtf| file_entry("annotation", gtf)));
        lines.extend(s.sites.iter().map(|bed| file_entry("sites", bed)));
        lines
    }

    /// Writes the summary beside the tables and says what came out.
    ///
    /// # Errors
    /// If it cannot be written or the counts do not add up.
    pub fn finish(
        mut self,
        folder: &Path,
        base: &str,
        share: Share,
        totals: Totals,
        seconds: f64,
    ) -> Result<()> {
        let per_hour = totals.scored() as f64 / seconds.max(1e-3) * 3600.0;
        self.summary.pieces = share.pieces;
        self.summary.pieces_computed = share.computed;
        self.summary.pieces_there = share.there;
        self.summary.totals = totals;
        self.summary.wall_seconds = seconds;
        self.summary.variants_per_hour = per_hour;
        let file = AtomicFile::create(&folder.join(format!("{base}.summary.json")))?;
        let written = Written::publish(vec![self.summary.complete(file)?])?;
        let totals = &self.summary.totals;
        tracing::info!(
            "{} computed, {} there before; {} ({} positions asked for, {} skipped), {}; {seconds:.1} s, \
             {per_hour:.0} variants/h",
            count(share.computed, "table"),
            share.there,
            count(totals.scored(), "change"),
            totals.positions.asked,
            totals.positions.skipped(),
            count(totals.rows, "row"),
        );
        written.tell();
        match share.missing {
            0 => tracing::info!(
                "all {} are there: use them with variants --precomputed {}",
                count(share.pieces, "table"),
                folder.display()
            ),
            missing => tracing::info!(
                "{} of {} not there yet; other shares have them",
                missing,
                count(share.pieces, "table")
            ),
        }
        Ok(())
    }
}
