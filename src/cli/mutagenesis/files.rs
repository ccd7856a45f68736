//! The files that a saturation mutagenesis writes.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::pictures;
use crate::cli::claim;
use crate::error::Result;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::output::atomic::{AtomicFile, Complete, keep_input, whole};
use crate::output::bigwig::{TrackOutcome, TrackWriter};
use crate::output::lock::Lock;
use crate::output::provenance::header_line;
use crate::output::summary::CutoffSummary;
use crate::output::tabix::{IndexedTable, Layout};
use crate::variants::mutagenesis::portrait::Gallery;
use crate::variants::mutagenesis::row::{COLUMNS, REMARKS, Row};
use crate::variants::mutagenesis::scored::{PositionEffect, Scored};
use crate::variants::mutagenesis::totals::Totals;
use crate::variants::mutagenesis::work::MutagenesisWork;

/// The tracks of one strand.
struct StrandTracks {
    strand: Strand,
    effect: TrackWriter,
    strongest: TrackWriter,
}

/// The table of the rows that change much.
struct Cutoff {
    table: IndexedTable,
    summary: CutoffSummary,
}

/// Everything that is written as it comes; nothing shows under its final name before it is
/// published.
pub struct Files {
    prefix: String,
    /// Which pictures must not replace.
    inputs: Vec<PathBuf>,
    /// Reserved first, so that an output that cannot be written is noticed before the work.
    summary: AtomicFile,
    table: Option<IndexedTable>,
    cutoff: Option<Cutoff>,
    tracks: Vec<StrandTracks>,
    gallery: Gallery,
    pub totals: Totals,
}

/// What a shard keeps, and a run until it is complete.
const KEPT: [&str; 2] = ["shard", "checkpoint"];
/// What follows `PREFIX.` in the names of all results but pictures.
const ENDINGS: [&str; 11] = [
    "summary.json",
    "mutagenesis.tsv.gz",
    "mutagenesis.tsv.gz.tbi",
    "mutagenesis.tsv.gz.csi",
    "mutagenesis.cutoff.tsv.gz",
    "mutagenesis.cutoff.tsv.gz.tbi",
    "mutagenesis.cutoff.tsv.gz.csi",
    "plus.effect.bw",
    "plus.strongest.bw",
    "minus.effect.bw",
    "minus.strongest.bw",
];

/// Claims the names of all files but pictures, which are written at once.
///
/// # Errors
/// Those of [`claim::claim`].
pub fn claim(prefix: &str, inputs: &[&Path]) -> Result<Lock> {
    let files = [claim::files(prefix, &ENDINGS), claim::files(prefix, &KEPT)].concat();
    let lock = claim::claim(prefix, &files, inputs)?;
    lock.sweep_numbered(prefix);
    Ok(lock)
}

/// Returns the pictures that lie at a prefix: `PREFIX.NUMBER.CONTIG_POSITION_STRAND.svg` or `.png`.
fn pictures_at(prefix: &str) -> Vec<PathBuf> {
    let prefix = Path::new(prefix);
    let start = format!("{}.", prefix.file_name().unwrap_or_default().to_string_lossy());
    let folder = prefix.parent().filter(|folder| *folder != Path::new(""));
    let Ok(entries) = std::fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        return Vec::new();
    };
    let is_picture = |name: &str| {
        let stem = name.strip_suffix(".svg").or_else(|| name.strip_suffix(".png"));
        let rest = stem.and_then(|stem| stem.strip_prefix(&start));
        let Some((number, site)) = rest.and_then(|rest| rest.split_once('.')) else { return false };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let mut parts = site.rsplitn(3, '_');
        let (strand, position) = (parts.next(), parts.next().unwrap_or_default());
        is_number(number) && is_number(position) && matches!(strand, Some("plus" | "minus"))
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_picture(name)).collect();
    names.sort_unstable();
    names.into_iter().map(|name| prefix.with_file_name(name)).collect()
}

impl Cutoff {
    /// Begins the table of the rows whose odds change by more than `fold`.
    fn create(prefix: &str, contigs: &Contigs, header: &[String], fold: f64) -> Result<Self> {
        let mut header = header.to_vec();
        header.push(format!(
            "cutoff: rows whose delta_logodds is above {0:.6} or below -{0:.6} (a {fold}-fold change of the odds)",
            fold.ln()
        ));
        let table = begin(&format!("{prefix}.mutagenesis.cutoff.tsv.gz"), contigs, &header)?;
        Ok(Self { table, summary: CutoffSummary { fold, rows: 0 } })
    }

    /// Takes a row if it changes enough.
    fn take(&mut self, contig: usize, row: &Row) -> Result<()> {
        let least = self.summary.fold.ln();
        if row.log_odds.is_some_and(|log_odds| log_odds.abs() > least) {
            self.summary.rows += 1;
            self.table.write_row(contig, row.position..row.position + 1, &row.text)?;
        }
        Ok(())
    }
}

/// Begins a table with its header.
fn begin(path: &str, contigs: &Contigs, header: &[String]) -> Result<IndexedTable> {
    let mut table = IndexedTable::create(path.as_ref(), contigs, Layout::Position)?;
    header.iter().try_for_each(|entry| table.write_header(&header_line(entry)))?;
    table.write_header(&format!("{}\n", COLUMNS.join("\t")))?;
    Ok(table)
}

impl Files {
    /// Makes sure that files can be written at `prefix`.
    ///
    /// # Errors
    /// If they cannot.
    pub fn reserve(prefix: &str, inputs: &[&Path]) -> Result<Self> {
        let summary = AtomicFile::create(format!("{prefix}.summary.json").as_ref())?;
        let (table, cutoff, tracks, gallery) = (None, None, Vec::new(), Gallery::default());
        let totals = Totals::named();
        let (prefix, inputs) = (prefix.to_owned(), inputs.iter().map(PathBuf::from).collect());
        Ok(Self { prefix, inputs, summary, table, cutoff, tracks, gallery, totals })
    }

    /// Opens the tables and the tracks of the strands that are asked for.
    ///
    /// # Errors
    /// If a file cannot be created.
    pub fn create(&mut self, work: &MutagenesisWork, contigs: &Contigs) -> Result<()> {
        let remarks = REMARKS.iter().map(|&remark| remark.to_owned());
        let header: Vec<String> = work.provenance.iter().cloned().chain(remarks).collect();
        let path = format!("{}.mutagenesis.tsv.gz", self.prefix);
        self.table = Some(begin(&path, contigs, &header)?);
        let cutoff = work.outputs.cutoff;
        let cutoff = cutoff.map(|fold| Cutoff::create(&self.prefix, contigs, &header, fold));
        self.cutoff = cutoff.transpose()?;
        self.gallery = work.outputs.gallery();
        for &strand in &work.strands {
            let name = strand.name();
            let open = |kind: &str| {
                let path = PathBuf::from(format!("{}.{name}.{kind}.bw", self.prefix));
                TrackWriter::create(&path, contigs)
            };
            let (effect, strongest) = (open("effect")?, open("strongest")?);
            self.tracks.push(StrandTracks { strand, effect, strongest });
        }
        Ok(())
    }

    /// Writes what came of a unit.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn take(&mut self, scored: &Scored) -> Result<()> {
        for row in &scored.rows {
            if let Some(table) = &mut self.table {
                table.write_row(scored.contig, row.position..row.position + 1, &row.text)?;
            }
            if let Some(cutoff) = &mut self.cutoff {
                cutoff.take(scored.contig, row)?;
            }
        }
        for tracks in &mut self.tracks {
            let effects = &scored.effects[tracks.strand.index()];
            let runs = |value: fn(&PositionEffect) -> f64| {
                let run =
                    |(at, effect): &(u64, PositionEffect)| (*at, at + 1, value(effect) as f32);
                effects.iter().map(run).collect()
            };
            tracks.effect.push_runs(scored.contig, runs(|effect| effect.mean))?;
            tracks.strongest.push_runs(scored.contig, runs(|effect| effect.strongest))?;
        }
        scored.cells.iter().for_each(|cell| self.gallery.add(cell));
        self.totals += &scored.totals;
        Ok(())
    }

    /// Draws the sites; returns endings of names and bytes.
    ///
    /// # Errors
    /// If one cannot be drawn; an interrupt.
    pub fn draw(
        &mut self,
        contigs: &Contigs,
        of_strength: bool,
        interrupt: &AtomicBool,
    ) -> Result<Vec<(String, Vec<u8>)>> {
        pictures::draw(std::mem::take(&mut self.gallery), contigs, of_strength, interrupt)
    }

    /// Returns what is counted of the table of the cutoff.
    pub fn cutoff(&self) -> Option<CutoffSummary> {
        self.cutoff.as_ref().map(|cutoff| cutoff.summary.clone())
    }

    /// Completes the tracks, `pictures` (ending of the name and bytes) and the table; returns them,
    /// what is to be said of them, and the summary's file.
    ///
    /// # Errors
    /// If a file cannot be completed, or a picture would replace an input.
    pub fn complete(
        self,
        pictures: &[(String, Vec<u8>)],
    ) -> Result<(Vec<Complete>, Vec<String>, AtomicFile)> {
        let (mut complete, mut notes) = (Vec::new(), Vec::new());
        for StrandTracks { effect, strongest, .. } in self.tracks {
            for track in [effect, strongest] {
                match track.finish()? {
                    TrackOutcome::Written { file, .. } => complete.push(file),
                    TrackOutcome::Empty { path } => notes
                        .push(format!("{}: not written, no position was scored", path.display())),
                }
            }
        }
        for (ending, bytes) in pictures {
            let path = PathBuf::from(format!("{}.{ending}", self.prefix));
            self.inputs.iter().try_for_each(|input| keep_input(input, &path))?;
            complete.push(whole(&path, bytes)?);
        }
        for table in [self.table, self.cutoff.map(|cutoff| cutoff.table)].into_iter().flatten() {
            complete.extend(table.complete()?);
        }
        let mut names = claim::files(&self.prefix, &ENDINGS[1..]);
        names.extend(pictures_at(&self.prefix));
        names.retain(|name| self.inputs.iter().all(|input| keep_input(input, name).is_ok()));
        notes.extend(claim::replace_stale(&mut complete, &names));
        Ok((complete, notes, self.summary))
    }
}
