//! A scan whose scored chunks can be kept.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Targets;
use super::inference::ChunkScores;
use super::record;
use super::settings::{ContextPlan, ScanSettings};
use crate::error::Result;
use crate::genome::contigs::{Contig, Contigs};
use crate::genome::region::Intervals;
use crate::genome::strand::Strand;
use crate::output::summary::ScanSummary;
use crate::output::summary::settings::compared;
use crate::parts::{Work, short_digest};
use crate::shard::Shard;

/// A scan: all that it takes to make its outputs from its scored chunks, but for the genes of its
/// annotation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ScanWork {
    pub shard: Shard,
    pub outputs: Outputs,
    pub settings: ScanSettings,
    /// Header lines of the tables of sites and genes.
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Outputs {
    pub plus: bool,
    pub minus: bool,
    pub tracks: bool,
    pub bgzip: bool,
    /// Sites as bigBed, too.
    pub bigbed: bool,
    /// The assembly that files for browsers are of, if they are asked for.
    pub hub: Option<String>,
}

impl Outputs {
    /// Returns whether there is nothing but sites as plain BED.
    pub fn are_plain(&self) -> bool {
        !(self.tracks || self.bgzip || self.bigbed)
    }

    /// Returns the strands that are scanned, plus first.
    pub fn strands(&self) -> impl Iterator<Item = Strand> {
        let asked = [self.plus, self.minus];
        Strand::BOTH.into_iter().filter(move |strand| asked[strand.index()])
    }
}

impl ScanWork {
    /// Describes a scan: its settings, and those of the context of sites.
    pub fn new(
        shard: Shard,
        outputs: Outputs,
        (settings, context): (ScanSettings, ContextPlan),
        provenance: Vec<String>,
        summary: ScanSummary,
        contigs: &Contigs,
        targets: &Targets,
    ) -> Self {
        let contigs = contigs.iter().map(|contig| (contig.name.clone(), contig.length)).collect();
        let ranges = |strand: &Intervals| strand.as_slice().to_vec();
        let targets = targets.intervals().iter().map(|strands| strands.each_ref().map(ranges));
        let targets = targets.collect();
        Self { shard, outputs, settings, provenance, summary, context, contigs, targets }
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
        // No `..`: who adds a field says whether it tells one run from another.
        let Self {
            shard: _,
            outputs: Outputs { plus: _, minus: _, tracks, bgzip: _, bigbed: _, hub: _ },
            settings,
            provenance: _,
            summary,
            context,
            // Those of the genome.
            contigs: _,
            // Hashed below.
            targets: _,
        } = self;
        let ScanSummary {
            program: _,
            version,
            command_line: _,
            model,
            screen,
            fasta,
            annotation,
            // Printed; they are those above.
            settings: _,
            windows: _,
            sites: _,
            notes: _,
            threads: _,
            device,
            wall_seconds: _,
            windows_per_second: _,
            profile: _,
        } = summary;
        let mut identity = BTreeMap::from([
            ("version".to_owned(), version.clone()),
            ("genome".to_owned(), short_digest(&fasta.sha256)),
            ("model".to_owned(), format!("{} {}", model.name, short_digest(&model.sha256))),
            ("device".to_owned(), device.clone()),
            ("tracks".to_owned(), tracks.to_string()),
            ("positions asked for".to_owned(), short_digest(&self.targets().digest())),
        ]);
        if let Some(screen) = screen {
            identity.insert("screen".into(), short_digest(&screen.sha256));
        }
        if let Some(annotation) = annotation {
            identity.insert("annotation".into(), short_digest(&annotation.sha256));
        }
        identity.extend(compared(settings.list()));
        identity.extend(compared(context.list()));
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::scan::calls::CallSettings;
    use crate::scan::settings::{Anchor, ContextSettings, Only};

    fn work(settings: ScanSettings, context: ContextPlan, end: u64) -> ScanWork {
        let mut contigs = Contigs::default();
        contigs.push("a".into(), 1_000);
        let targets = Targets::from_intervals(vec![
            [0..end, 0..500].map(|range| Intervals::new(vec![range])),
        ]);
        let outputs = Outputs { plus: true, minus: true, ..Outputs::default() };
        let (settings, summary) = ((settings, context), ScanSummary::default());
        ScanWork::new(Shard::WHOLE, outputs, settings, Vec::new(), summary, &contigs, &targets)
    }

    #[test]
    fn whatever_decides_results_tells_scans_apart_and_nothing_else() {
        let (s, c) = (ScanSettings::default(), ContextPlan::default());
        let asked = &c.settings;
        let scans = [
            ScanSettings { anchor: Anchor::Signal, ..s },
            ScanSettings { min_probability: 0.6, ..s },
            ScanSettings { min_centre_cleavage: 0.06, ..s },
            ScanSettings { calls: CallSettings { background: 0.03, ..s.calls }, ..s },
            ScanSettings { calls: CallSettings { min_posterior: 0.3, ..s.calls }, ..s },
            ScanSettings { calls: CallSettings { merge_distance: 9, ..s.calls }, ..s },
            ScanSettings { extension: 1, ..s },
        ];
        let digest = |text: &str| text.repeat(32);
        let catalogue = |name: &str, text: &str| (name.into(), PathBuf::from("x"), digest(text));
        let contexts = [
            ContextPlan { strength: Some(("m".into(), digest("ab"))), ..c.clone() },
            ContextPlan { splice_scores: Some("x".into()), ..c.clone() },
            ContextPlan { usage: Some(("x".into(), digest("cd"))), ..c.clone() },
            ContextPlan { catalogues: vec![catalogue("k", "01")], ..c.clone() },
            ContextPlan { score_ends: true, ..c.clone() },
            ContextPlan { tables: true, ..c.clone() },
            ContextPlan {
                settings: ContextSettings { known_within: 9, ..asked.clone() },
                ..c.clone()
            },
            ContextPlan {
                settings: ContextSettings { only: Some(Only::Novel), ..asked.clone() },
                ..c.clone()
            },
            ContextPlan {
                settings: ContextSettings { min_expressed: Some(0.5), ..asked.clone() },
                ..c.clone()
            },
        ];
        let here = work(s, c.clone(), 10).identity();
        let others = scans.map(|s| work(s, c.clone(), 10)).into_iter();
        let others = others.chain(contexts.map(|c| work(s, c, 10))).chain([work(s, c.clone(), 11)]);
        let mut seen = vec![here.clone()];
        for other in others {
            let identity = other.identity();
            assert!(!seen.contains(&identity), "{:?} {:?}", other.settings, other.context);
            seen.push(identity);
        }
        let same = work(
            ScanSettings { chunk_size: 7, ..s },
            ContextPlan { keep_splice_scores: true, model: "./default".into(), ..c },
            10,
        );
        assert_eq!(same.identity(), here);
    }
}
