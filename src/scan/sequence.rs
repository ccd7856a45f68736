//! The scan of one sequence in memory: for programs that use this one as a library.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::memory::MemorySource;
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
        bases: Box::new(MemorySource::new(vec![codes])),
        contigs: &contigs,
        fasta: Path::new("sequence"),
        model,
        screen: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::scan::ScanSettings;
    use crate::scan::testing::{self, HashModel};

    #[test]
    fn a_sequence_in_memory_has_the_scores_of_a_contig() {
        let codes: Vec<u8> =
            (0..4_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 29) as u8 % 5).collect();
        let (model, config) = (HashModel::new(0.2), Config::load(None).unwrap().scan);
        let interrupt = AtomicBool::new(false);
        let found = scan(&model, &codes, &config, 2, &interrupt).unwrap();

        let calls = config.calls(None, config.min_posterior.default);
        let settings =
            ScanSettings { chunk_size: 700, ..config.settings(Anchor::Window, calls, 0) };
        let genome = [codes.clone()];
        let (sink, _) = testing::scan(&genome, &model, None, (settings, 1)).unwrap();
        assert!(!found.sites.is_empty());
        assert_eq!(found.sites, sink.sites);
        let tracks = &sink.tracks.unwrap()[0];
        for strand in Strand::BOTH {
            let at = strand.index();
            let values =
                found.probability[at].iter().copied().zip(found.cleavage[at].iter().copied());
            let values: Vec<(f32, f32)> = values.collect();
            // Where no window lies a scan hands on nothing.
            let expected = tracks[at]
                .iter()
                .map(|&value| if value == testing::ABSENT { (f32::NAN, f32::NAN) } else { value });
            assert_eq!(testing::bits(&values), testing::bits(&expected.collect::<Vec<_>>()));
        }
        assert!(scan(&model, &[], &config, 1, &interrupt).unwrap().sites.is_empty());
        interrupt.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(matches!(
            scan(&model, &codes, &config, 1, &interrupt),
            Err(crate::Error::Interrupted)
        ));
    }
}
