//! The scan of one sequence in memory: for programs that use this one as a library.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::chunks::BaseSource;
use super::{Anchor, ScanJob, Sink, Targets, TrackBlock, run};
use crate::config::ScanConfig;
use crate::error::Result;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::models::Model;
use crate::output::bed::Site;
use crate::timing::Profile;

/// What a scan says of a sequence; positions are 0-based, arrays are by strand, plus first, a value
/// a position.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SequenceScores {
    /// Classification of the window centred on each position; NaN where there is none.
    pub probability: [Vec<f32>; 2],
    /// Consolidated cleavage; NaN where no window speaks of the position.
    pub cleavage: [Vec<f32>; 2],
    /// The calls, by position, plus before minus.
    pub sites: Vec<Site>,
}

/// Scans `codes` (as in [`crate::genome::sequence`]) on both strands, as `polyascan scan --tracks`
/// scans a contig: the values are those of its tracks and rows. Ends early once `interrupt` is set.
///
/// # Errors
/// A model that cannot be scanned, or fails; [`crate::Error::Interrupted`].
///
/// ```
/// use std::sync::atomic::AtomicBool;
/// use polyascan::config::Config;
/// use polyascan::engine::device::Workers;
/// use polyascan::models::registry;
/// use polyascan::scan::sequence::scan;
/// let model = registry::load("default", &Workers::CPU)?;
/// let scores = scan(&*model, &[0; 500], &Config::load(None)?.scan, 1, &AtomicBool::new(false))?;
/// assert_eq!(scores.probability[0].iter().filter(|p| !p.is_nan()).count(), 500 - 239);
/// # Ok::<(), polyascan::Error>(())
/// ```
pub fn scan(
    model: &dyn Model,
    codes: &[u8],
    config: &ScanConfig,
    threads: usize,
    interrupt: &AtomicBool,
) -> Result<SequenceScores> {
    let mut contigs = Contigs::default();
    contigs.push("sequence".to_owned(), codes.len() as u64);
    let calls = config.calls(model.posterior(), config.min_posterior.default);
    // There are no genes to reach past.
    let settings = config.settings(Anchor::Window, calls, 0);
    let job = ScanJob {
        bases: Box::new(InMemory { codes, at: None }),
        contigs: &contigs,
        fasta: Path::new("sequence"),
        model,
        targets: &Targets::new(&contigs, &Strand::BOTH, None, None),
        genes: None,
        settings,
        threads,
        interrupt,
        profile: &Profile::default(),
    };
    let empty = || Strand::BOTH.map(|_| vec![f32::NAN; codes.len()]);
    let mut scores = SequenceScores { probability: empty(), cleavage: empty(), sites: Vec::new() };
    run(job, &mut scores)?;
    Ok(scores)
}

impl Sink for SequenceScores {
    fn site(&mut self, site: &Site) -> Result<()> {
        self.sites.push(site.clone());
        Ok(())
    }

    fn wants_tracks(&self) -> bool {
        true
    }

    fn scores(&mut self, track: &TrackBlock<'_>) -> Result<()> {
        let (strand, start) = (track.strand.index(), track.start as usize);
        let values =
            [(&mut self.probability, track.probability), (&mut self.cleavage, track.cleavage)];
        for (all, block) in values {
            all[strand][start..start + block.len()].copy_from_slice(block);
        }
        Ok(())
    }
}

/// One contig.
struct InMemory<'a> {
    codes: &'a [u8],
    /// Position of the next base; `None` before the contig.
    at: Option<usize>,
}

impl BaseSource for InMemory<'_> {
    fn next_contig(&mut self) -> Result<Option<usize>> {
        let first = self.at.is_none();
        self.at = Some(if first { 0 } else { self.codes.len() });
        Ok(first.then_some(0))
    }

    fn read(&mut self, n: usize, codes: &mut Vec<u8>) -> Result<usize> {
        let Some(at) = &mut self.at else { return Ok(0) };
        let n = n.min(self.codes.len() - *at);
        codes.extend_from_slice(&self.codes[*at..*at + n]);
        *at += n;
        Ok(n)
    }

    fn skip(&mut self, n: u64) -> Result<u64> {
        let Some(at) = &mut self.at else { return Ok(0) };
        let n = usize::try_from(n).unwrap_or(usize::MAX).min(self.codes.len() - *at);
        *at += n;
        Ok(n as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::scan::testing::{HashModel, MemoryBases};
    use crate::scan::{Collector, ScanSettings, score};
    use crate::shard::Portion;

    /// What came by file order, as the command collects it.
    #[derive(Default)]
    struct Collected {
        sites: Vec<Site>,
        probability: [Vec<(u64, u32)>; 2],
    }

    impl Sink for Collected {
        fn site(&mut self, site: &Site) -> Result<()> {
            self.sites.push(site.clone());
            Ok(())
        }

        fn wants_tracks(&self) -> bool {
            true
        }

        fn scores(&mut self, track: &TrackBlock<'_>) -> Result<()> {
            let values = (track.start..).zip(track.probability.iter().map(|p| p.to_bits()));
            self.probability[track.strand.index()].extend(values);
            Ok(())
        }
    }

    #[test]
    fn a_sequence_in_memory_has_the_scores_of_a_contig() {
        let codes: Vec<u8> =
            (0..4_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 29) as u8 % 5).collect();
        let (model, config) = (HashModel::new(0.2), Config::load(None).unwrap().scan);
        let interrupt = AtomicBool::new(false);
        let found = scan(&model, &codes, &config, 2, &interrupt).unwrap();

        let mut contigs = Contigs::default();
        contigs.push("x".into(), codes.len() as u64);
        let targets = Targets::new(&contigs, &Strand::BOTH, None, None);
        let calls = config.calls(None, config.min_posterior.default);
        let settings =
            ScanSettings { chunk_size: 700, ..config.settings(Anchor::Window, calls, 0) };
        let profile = Profile::default();
        let job = ScanJob {
            bases: Box::new(MemoryBases::new(std::slice::from_ref(&codes))),
            contigs: &contigs,
            fasta: Path::new("x"),
            model: &model,
            targets: &targets,
            genes: None,
            settings,
            threads: 1,
            interrupt: &interrupt,
            profile: &profile,
        };
        let mut sink = Collected::default();
        let mut collector = Collector::new(&targets, None, calls, &mut sink);
        let portion = Portion { span: 0..4_000, finish_begun: false };
        score(job, portion, &mut |scores| collector.push(scores)).unwrap();
        collector.finish().unwrap();
        assert!(!found.sites.is_empty());
        assert_eq!(found.sites, sink.sites);
        for strand in Strand::BOTH {
            let bits: Vec<(u64, u32)> =
                (0..).zip(found.probability[strand.index()].iter().map(|p| p.to_bits())).collect();
            let expected = &sink.probability[strand.index()];
            assert_eq!(bits.len(), codes.len());
            let scored = bits.iter().filter(|(_, p)| !f32::from_bits(*p).is_nan());
            let expected = expected.iter().filter(|(_, p)| !f32::from_bits(*p).is_nan());
            assert!(scored.eq(expected));
        }
        assert!(scan(&model, &[], &config, 1, &interrupt).unwrap().sites.is_empty());
        interrupt.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(matches!(
            scan(&model, &codes, &config, 1, &interrupt),
            Err(crate::Error::Interrupted)
        ));
    }
}
