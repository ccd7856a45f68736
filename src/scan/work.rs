//! A scan whose scored chunks can be kept.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Targets;
use super::calls::CallSettings;
use super::in_context::ContextSettings;
use super::inference::ChunkScores;
use super::record;
use crate::error::Result;
use crate::genome::contigs::{Contig, Contigs};
use crate::genome::region::Intervals;
use crate::genome::strand::Strand;
use crate::models::weight_file::sha256;
use crate::output::summary::ScanSummary;
use crate::parts::{Work, short_digest};
use crate::shard::Shard;

/// A scan: all that it takes to make its outputs from its scored chunks, but for the genes of its
/// annotation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ScanWork {
    pub shard: Shard,
    pub outputs: Outputs,
    pub calls: CallSettings,
    /// Header lines of the sites file.
    pub provenance: Vec<String>,
    /// As it is before the first window: inputs and settings.
    pub summary: ScanSummary,
    /// What the context of sites takes.
    pub context: ContextPlan,
    /// Names and lengths.
    contigs: Vec<(String, u64)>,
    /// By contig and strand.
    targets: Vec<[Vec<Range<u64>>; 2]>,
}

/// Which files a scan writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Outputs {
    pub plus: bool,
    pub minus: bool,
    pub tracks: bool,
    pub bgzip: bool,
}

/// What it takes to put sites in the context of their genes: files with their digests, and settings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ContextPlan {
    /// The model of the scan as it was named, to score known sites where none is called.
    pub model: String,
    /// The strength model as it was named, and its digest.
    pub strength: Option<(String, String)>,
    /// Folder of MaxEntScan's tables.
    pub splice_scores: Option<PathBuf>,
    /// Whether scores of splice sites may be kept beside the genome.
    pub keep_splice_scores: bool,
    /// Usage models other than those inside the program, and their digest.
    pub usage: Option<(PathBuf, String)>,
    /// Catalogues of known sites: name, file, digest.
    pub catalogues: Vec<(String, PathBuf, String)>,
    /// Whether the ends of annotated transcripts are scored where no site is called.
    pub score_ends: bool,
    pub settings: ContextSettings,
    /// Whether the tables of sites and genes are written.
    pub tables: bool,
}

impl ContextPlan {
    /// Whether the genome is read again: for strengths, splice sites, or known sites where none is called.
    pub fn needs_genome(&self) -> bool {
        self.strength.is_some() || self.tables || self.score_ends || !self.catalogues.is_empty()
    }
}

impl Outputs {
    /// Returns the strands that are scanned, plus first.
    pub fn strands(&self) -> impl Iterator<Item = Strand> {
        let asked = [self.plus, self.minus];
        Strand::BOTH.into_iter().filter(move |strand| asked[strand.index()])
    }
}

impl ScanWork {
    /// Describes a scan.
    pub fn new(
        shard: Shard,
        outputs: Outputs,
        calls: CallSettings,
        provenance: Vec<String>,
        summary: ScanSummary,
        contigs: &Contigs,
        targets: &Targets,
    ) -> Self {
        let contigs = contigs.iter().map(|contig| (contig.name.clone(), contig.length)).collect();
        let ranges = |strand: &Intervals| strand.as_slice().to_vec();
        let targets = targets.intervals().iter().map(|strands| strands.each_ref().map(ranges));
        let targets = targets.collect();
        let context = ContextPlan::default();
        Self { shard, outputs, calls, provenance, summary, context, contigs, targets }
    }

    /// Returns the contigs, or `None` if they are not those of the targets.
    pub fn contigs(&self) -> Option<Contigs> {
        let mut contigs = Contigs::default();
        let mut total: u64 = 0;
        for (name, length) in &self.contigs {
            total = total.checked_add(*length)?;
            contigs.push(name.clone(), *length)?;
        }
        let lie_on = |(strands, contig): (&[Vec<Range<u64>>; 2], &Contig)| {
            strands.iter().flatten().all(|range| range.end <= contig.length)
        };
        let fit = self.targets.iter().zip(contigs.iter()).all(lie_on);
        (contigs.len() == self.targets.len() && fit).then_some(contigs)
    }

    /// Returns the positions asked for.
    pub fn targets(&self) -> Targets {
        let intervals = |strand: &Vec<Range<u64>>| Intervals::new(strand.clone());
        let by_contig = self.targets.iter().map(|strands| strands.each_ref().map(intervals));
        Targets::from_intervals(by_contig.collect())
    }
}

impl Work for ScanWork {
    const COMMAND: &'static str = "scan";
    type Part = ChunkScores;

    fn shard(&self) -> Shard {
        self.shard
    }

    fn identity(&self) -> BTreeMap<String, String> {
        let summary = &self.summary;
        let mut identity = BTreeMap::from([
            ("version".to_owned(), summary.version.clone()),
            ("genome".to_owned(), short_digest(&summary.fasta.sha256)),
            (
                "model".to_owned(),
                format!("{} {}", summary.model.name, short_digest(&summary.model.sha256)),
            ),
            ("device".to_owned(), summary.device.clone()),
            ("tracks".to_owned(), self.outputs.tracks.to_string()),
            (
                "positions asked for".to_owned(),
                short_digest(&sha256(format!("{:?}", self.targets).as_bytes())),
            ),
        ]);
        if let Some(annotation) = &summary.annotation {
            identity.insert("annotation".into(), short_digest(&annotation.sha256));
        }
        let context = serde_json::to_string(&self.context).unwrap_or_default();
        identity.insert("context".into(), short_digest(&sha256(context.as_bytes())));
        let settings = summary.settings.iter().filter(|(name, _)| *name != "chunk_size");
        identity.extend(settings.map(|(name, value)| (name.clone(), value.to_string())));
        identity
    }

    fn encode(&self, part: &ChunkScores) -> Result<Vec<u8>> {
        Ok(record::encode(part, self.outputs.tracks))
    }

    fn decode(&self, bytes: &[u8]) -> Option<ChunkScores> {
        record::decode(bytes, |contig| self.contigs.get(contig).map(|(_, length)| *length))
    }

    fn stretch(part: &ChunkScores) -> (usize, Range<u64>) {
        (part.chunk.contig, part.chunk.centres.clone())
    }
}
