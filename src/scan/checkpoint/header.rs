//! What a file of scored chunks says of its scan.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::genome::contigs::{Contig, Contigs};
use crate::genome::region::Intervals;
use crate::genome::strand::Strand;
use crate::models::weight_file::sha256;
use crate::output::summary::ScanSummary;
use crate::scan::Targets;
use crate::shard::Shard;

/// A scan: all that it takes to make its outputs from its scored chunks, but for the genes of its
/// annotation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Header {
    pub shard: Shard,
    pub outputs: Outputs,
    /// Header lines of the sites file.
    pub provenance: Vec<String>,
    /// As it is before the first window: inputs and settings.
    pub summary: ScanSummary,
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

impl Outputs {
    /// Returns the strands that are scanned, plus first.
    pub fn strands(&self) -> impl Iterator<Item = Strand> {
        let asked = [self.plus, self.minus];
        Strand::BOTH.into_iter().filter(move |strand| asked[strand.index()])
    }
}

impl Header {
    /// Describes a scan.
    pub fn new(
        shard: Shard,
        outputs: Outputs,
        provenance: Vec<String>,
        summary: ScanSummary,
        contigs: &Contigs,
        targets: &Targets,
    ) -> Self {
        let contigs = contigs.iter().map(|contig| (contig.name.clone(), contig.length)).collect();
        let ranges = |strand: &Intervals| strand.as_slice().to_vec();
        let targets = targets.intervals().iter().map(|strands| strands.each_ref().map(ranges));
        let targets = targets.collect();
        Self { shard, outputs, provenance, summary, contigs, targets }
    }

    /// Returns the contigs, or `None` if they are not those of the targets.
    pub(super) fn contigs(&self) -> Option<Contigs> {
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

    /// Says what makes this another scan than `other`, apart from the shard: "name: value here, value
    /// there".
    pub fn differences_but_shard(&self, other: &Self) -> Vec<String> {
        let (here, there) = (self.identity(), other.identity());
        let names: std::collections::BTreeSet<&String> = here.keys().chain(there.keys()).collect();
        let none = "none".to_owned();
        let value = |of: &BTreeMap<String, String>, name| of.get(name).unwrap_or(&none).clone();
        let pairs = names.into_iter().map(|name| (name, value(&here, name), value(&there, name)));
        let differ = pairs.filter(|(_, here, there)| here != there);
        differ.map(|(name, here, there)| format!("{name}: it has {here}, not {there}")).collect()
    }

    /// Says what makes this another piece of work than `other`.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut differences = self.differences_but_shard(other);
        if self.shard != other.shard {
            differences.push(format!("shard: it has {}, not {}", self.shard, other.shard));
        }
        differences
    }

    /// Returns everything that decides the results, by name.
    fn identity(&self) -> BTreeMap<String, String> {
        let summary = &self.summary;
        let short = |sha256: &str| format!("sha256 {}", sha256.get(..16).unwrap_or(sha256));
        let mut identity = BTreeMap::from([
            ("version".to_owned(), summary.version.clone()),
            ("genome".to_owned(), short(&summary.fasta.sha256)),
            (
                "model".to_owned(),
                format!("{} {}", summary.model.name, short(&summary.model.sha256)),
            ),
            ("device".to_owned(), summary.device.clone()),
            ("tracks".to_owned(), self.outputs.tracks.to_string()),
            (
                "positions asked for".to_owned(),
                short(&sha256(format!("{:?}", self.targets).as_bytes())),
            ),
        ]);
        if let Some(annotation) = &summary.annotation {
            identity.insert("annotation".into(), short(&annotation.sha256));
        }
        let settings = summary.settings.iter().filter(|(name, _)| *name != "chunk_size");
        identity.extend(settings.map(|(name, value)| (name.clone(), value.to_string())));
        identity
    }

    /// Returns the bytes of a frame.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Error::Internal(e.to_string()))
    }

    /// Reads the bytes of a frame.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
