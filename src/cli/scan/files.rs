//! The files that a scan writes.

use std::path::{Path, PathBuf};

use crate::cli::claim;
use crate::error::Result;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::output::atomic::{AtomicFile, Complete, whole};
use crate::output::bed::{Site, SitesWriter};
use crate::output::bigwig::{TrackOutcome, TrackWriter};
use crate::output::context::ContextTables;
use crate::output::lock::Lock;
use crate::output::multiqc::{self, SCAN_ENDINGS};
use crate::output::summary::ScanSummary;
use crate::profile::{Profile, Stage};
use crate::scan::work::ScanWork;
use crate::scan::{Sink, TrackBlock};

/// What follows `PREFIX.` in the names of all results, of which a scan does not write all.
const RESULTS: [&str; 12] = [
    "sites.bed",
    "sites.bed.gz",
    "sites.bed.gz.tbi",
    "sites.bed.gz.csi",
    "plus.cleavage.bw",
    "plus.probability.bw",
    "minus.cleavage.bw",
    "minus.probability.bw",
    "context.tsv",
    "genes.tsv",
    SCAN_ENDINGS[0],
    SCAN_ENDINGS[1],
];
/// The same of all else that it may write.
const OTHERS: [&str; 3] = ["summary.json", "shard", "checkpoint"];

/// Claims the names of all files that a scan may write.
///
/// # Errors
/// Those of [`claim::claim`].
pub fn claim(prefix: &str, inputs: &[&Path]) -> Result<Lock> {
    let files = [claim::files(prefix, &RESULTS), claim::files(prefix, &OTHERS)].concat();
    claim::claim(prefix, &files, inputs)
}

/// The tracks of one strand.
struct StrandTracks {
    cleavage: TrackWriter,
    probability: TrackWriter,
}

/// Everything that a scan writes; nothing shows under its final name before it is published.
#[derive(Default)]
pub struct Files {
    /// `None` where nothing but standard output is written.
    prefix: Option<String>,
    /// Reserved first, so that an output that cannot be written is noticed before the work.
    summary: Option<AtomicFile>,
    sites: Option<SitesWriter>,
    tracks: Vec<(Strand, StrandTracks)>,
    tables: Vec<Complete>,
}

impl Files {
    /// Makes sure that files can be written at `prefix`.
    ///
    /// # Errors
    /// If they cannot.
    pub fn reserve(prefix: &str) -> Result<Self> {
        if prefix == "-" {
            return Ok(Self::default());
        }
        let summary = AtomicFile::create(format!("{prefix}.summary.json").as_ref())?;
        Ok(Self { prefix: Some(prefix.to_owned()), summary: Some(summary), ..Self::default() })
    }

    /// Opens the sites and, if asked for, the tracks; returns the tables of sites and genes, if asked for, which are
    /// handed back with [`Self::tables`].
    ///
    /// # Errors
    /// If a file cannot be created.
    pub fn create(
        &mut self,
        prefix: &str,
        work: &ScanWork,
        contigs: &Contigs,
    ) -> Result<Option<ContextTables>> {
        let outputs = &work.outputs;
        let file = |ending: &str| PathBuf::from(format!("{prefix}.{ending}"));
        let sites = match (prefix, outputs.bgzip) {
            ("-", _) => PathBuf::from("-"),
            (_, false) => file("sites.bed"),
            (_, true) => file("sites.bed.gz"),
        };
        self.sites = Some(SitesWriter::create(&sites, contigs, &work.provenance)?);
        for strand in outputs.strands().filter(|_| outputs.tracks) {
            let name = match strand {
                Strand::Plus => "plus",
                Strand::Minus => "minus",
            };
            let open =
                |kind: &str| TrackWriter::create(&file(&format!("{name}.{kind}.bw")), contigs);
            let tracks =
                StrandTracks { cleavage: open("cleavage")?, probability: open("probability")? };
            self.tracks.push((strand, tracks));
        }
        let tables = work.context.tables;
        tables.then(|| ContextTables::create(prefix, &work.provenance)).transpose()
    }

    /// Completes the tables of sites and genes.
    ///
    /// # Errors
    /// If a file cannot be completed.
    pub fn tables(&mut self, tables: Option<ContextTables>) -> Result<()> {
        if let Some(tables) = tables {
            self.tables = tables.complete()?.into();
        }
        Ok(())
    }

    /// Completes sites and tracks, and with a summary the files for MultiQC that are made of it; returns them, what is
    /// to be said of them, and the summary's file.
    ///
    /// # Errors
    /// If a file cannot be completed.
    pub fn complete(
        self,
        profile: &Profile,
        multiqc: Option<&ScanSummary>,
    ) -> Result<(Vec<Complete>, Vec<String>, Option<AtomicFile>)> {
        let (mut complete, mut notes) = (Vec::new(), Vec::new());
        for (_, tracks) in self.tracks {
            for track in [tracks.cleavage, tracks.probability] {
                let clock = track.clock();
                match track.finish()? {
                    TrackOutcome::Written { file, .. } => complete.push(file),
                    TrackOutcome::Empty { path } => notes
                        .push(format!("{}: not written, no position was scored", path.display())),
                }
                profile.absorb(Stage::Tracks, &clock);
            }
        }
        if let Some(sites) = self.sites {
            complete.extend(sites.complete()?);
        }
        complete.extend(self.tables);
        if let Some(prefix) = &self.prefix {
            if let Some(summary) = multiqc {
                complete.extend(multiqc_files(prefix, summary)?);
            }
            notes.extend(claim::replace_stale(&mut complete, &claim::files(prefix, &RESULTS)));
        }
        Ok((complete, notes, self.summary))
    }
}

/// Writes the files for MultiQC; the sample is called as the files are.
fn multiqc_files(prefix: &str, summary: &ScanSummary) -> Result<Vec<Complete>> {
    let texts = multiqc::of_scan(claim::sample(prefix), summary);
    let names = claim::files(prefix, &SCAN_ENDINGS);
    names.iter().zip(texts).map(|(name, text)| whole(name, text.as_bytes())).collect()
}

impl Sink for Files {
    fn site(&mut self, site: &Site) -> Result<()> {
        self.sites.as_mut().map_or(Ok(()), |sites| sites.write(site))
    }

    fn wants_tracks(&self) -> bool {
        !self.tracks.is_empty()
    }

    fn scores(&mut self, block: &TrackBlock<'_>) -> Result<()> {
        for (_, tracks) in self.tracks.iter_mut().filter(|(strand, _)| *strand == block.strand) {
            tracks.cleavage.push(block.contig, block.start, block.cleavage)?;
            tracks.probability.push(block.contig, block.start, block.probability)?;
        }
        Ok(())
    }
}
