//! The files that a scan writes.

use std::path::{Path, PathBuf};

use crate::cli::claim;
use crate::error::Result;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::output::atomic::{AtomicFile, Complete, whole};
use crate::output::bed::{BigSites, Site, SitesWriter, auto_sql};
use crate::output::bigwig::{TrackOutcome, TrackWriter};
use crate::output::context::ContextTables;
use crate::output::hub::{ENDINGS as HUB_ENDINGS, Hub, Shown};
use crate::output::lock::Lock;
use crate::output::multiqc::{self, SCAN_ENDINGS};
use crate::output::parquet::{self, Table};
use crate::output::summary::ScanSummary;
use crate::scan::work::ScanWork;
use crate::scan::{Sink, TrackBlock};
use crate::timing::{Profile, Stage};

/// What follows `PREFIX.` in the names of all results, of which a scan does not write all.
const RESULTS: [&str; 21] = [
    "sites.bed",
    "sites.bed.gz",
    "sites.bed.gz.tbi",
    "sites.bed.gz.csi",
    "sites.bb",
    "as",
    HUB_ENDINGS[0],
    HUB_ENDINGS[1],
    HUB_ENDINGS[2],
    HUB_ENDINGS[3],
    "plus.cleavage.bw",
    "plus.probability.bw",
    "minus.cleavage.bw",
    "minus.probability.bw",
    "context.tsv",
    "genes.tsv",
    "sites.parquet",
    "context.parquet",
    "genes.parquet",
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
    big: Option<BigSites>,
    tracks: Vec<(Strand, StrandTracks)>,
    /// The assembly that files for browsers are of, if they are asked for.
    hub: Option<String>,
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

    /// Opens the sites and, if asked for, the tracks; returns the tables of sites and genes, if
    /// asked for, which are handed back with [`Self::tables`].
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
        self.sites = Some(SitesWriter::create(&sites, contigs)?);
        let big = outputs.bigbed.then(|| BigSites::create(&file("sites.bb"), contigs));
        self.big = big.transpose()?;
        self.hub = outputs.hub.clone();
        for strand in outputs.strands().filter(|_| outputs.tracks) {
            let name = strand.name();
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

    /// Completes sites and tracks, with a summary the files for MultiQC that are made of it, and if
    /// asked for the tables as Parquet; returns them, what is to be said of them, and the summary's
    /// file.
    ///
    /// # Errors
    /// If a file cannot be completed.
    pub fn complete(
        self,
        profile: &Profile,
        multiqc: Option<&ScanSummary>,
        as_parquet: bool,
    ) -> Result<(Vec<Complete>, Vec<String>, Option<AtomicFile>)> {
        let (mut complete, mut notes) = (Vec::new(), Vec::new());
        let mut shown = Vec::new();
        for (strand, tracks) in self.tracks {
            let both = [Shown::Cleavage(strand), Shown::Probability(strand)];
            for (what, track) in both.into_iter().zip([tracks.cleavage, tracks.probability]) {
                let clock = track.clock();
                match track.finish()? {
                    TrackOutcome::Written { file, .. } => {
                        shown.push((what, base_name(file.path())));
                        complete.push(file);
                    }
                    TrackOutcome::Empty { path } => notes
                        .push(format!("{}: not written, no position was scored", path.display())),
                }
                profile.absorb(Stage::Tracks, &clock);
            }
        }
        if let Some(sites) = self.sites {
            let files = sites.complete()?;
            if let Some(bed) = files.first().filter(|_| as_parquet) {
                complete.push(parquet::beside(bed, |name| Table::Sites.kind(name))?);
            }
            complete.extend(files);
        }
        for (table, file) in [Table::Context, Table::Genes].into_iter().zip(self.tables) {
            if as_parquet {
                complete.push(parquet::beside(&file, |name| table.kind(name))?);
            }
            complete.push(file);
        }
        if let (Some(prefix), Some(big)) = (&self.prefix, self.big) {
            match big.complete()? {
                Some(file) => {
                    shown.push((Shown::Sites, base_name(file.path())));
                    complete.push(file);
                }
                None => notes.push(format!("{prefix}.sites.bb: not written, there is no site")),
            }
            complete.push(whole(format!("{prefix}.as").as_ref(), auto_sql().as_bytes())?);
        }
        if let (Some(prefix), Some(genome)) = (&self.prefix, &self.hub) {
            shown.sort();
            let hub = Hub { sample: claim::sample(prefix), genome, files: shown };
            for (name, text) in claim::files(prefix, &HUB_ENDINGS).iter().zip(hub.texts()) {
                complete.push(whole(name, text.as_bytes())?);
            }
        }
        if let Some(prefix) = &self.prefix {
            if let Some(summary) = multiqc {
                complete.extend(multiqc_files(prefix, summary)?);
            }
            notes.extend(claim::replace_stale(&mut complete, &claim::files(prefix, &RESULTS)));
        }
        Ok((complete, notes, self.summary))
    }
}

/// Returns a file's name without its folder.
fn base_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Writes the files for MultiQC; the sample is called as the files are.
fn multiqc_files(prefix: &str, summary: &ScanSummary) -> Result<Vec<Complete>> {
    let texts = multiqc::of_scan(claim::sample(prefix), summary);
    let names = claim::files(prefix, &SCAN_ENDINGS);
    names.iter().zip(texts).map(|(name, text)| whole(name, text.as_bytes())).collect()
}

impl Sink for Files {
    fn site(&mut self, site: &Site) -> Result<()> {
        self.sites.as_mut().map_or(Ok(()), |sites| sites.write(site))?;
        self.big.as_mut().map_or(Ok(()), |sites| sites.write(site))
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
