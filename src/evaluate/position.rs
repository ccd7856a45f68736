//! Whether the cleavage vector's mean lies where the measured cleavage's does.

use rayon::prelude::*;

use super::measured::{MeasuredSite, Tier};
use super::metrics::pearson;
use crate::error::Result;
use crate::genome::memory::Genome;
use crate::genome::strand::Strand;
use crate::models::{CLEAVAGE, CLEAVAGE_CENTRE, CleavageVector, Model};

/// Returns Pearson's correlation, over the strong sites, of the mean position of the predicted
/// vector with that of the measured reads in the same 50 nt ("mean cleavage position", Stroup & Ji
/// 2023). Each site's window is moved by up to 10 nt, or the mean would hardly vary. `None` without
/// reads.
///
/// # Errors
/// If the model fails.
pub fn correlation(
    model: &dyn Model,
    genome: &Genome,
    sites: &[MeasuredSite],
) -> Result<Option<f64>> {
    let strong = sites.iter().enumerate().filter(|(_, site)| site.is(Tier::Strong));
    let pairs = strong.collect::<Vec<_>>().into_par_iter().map(|(index, site)| {
        if !site.reads.is_some_and(|reads| reads > 0.0) {
            return Ok(None);
        }
        // A fixed pseudo-random shift: the same for every model.
        let shift = index * 7 % 21;
        let Some(centre) = (site.position + shift).checked_sub(10) else { return Ok(None) };
        let Some(window) = genome.window(site.contig, site.strand, centre) else {
            return Ok(None);
        };
        let scores = model.scan(&window, -1.0)?;
        let measured = reads_around(sites, site, centre);
        Ok(scores.cleavage.first().map(|(_, vector)| (mean(vector), mean(&measured))))
    });
    let pairs = pairs.collect::<Result<Vec<_>>>()?;
    let pairs: Vec<(f64, f64)> = pairs.into_iter().flatten().collect();
    Ok(pearson(&pairs))
}

/// Reads of a strand by their index in the cleavage vector of the window at `centre`.
fn reads_around(sites: &[MeasuredSite], site: &MeasuredSite, centre: usize) -> CleavageVector {
    let mut reads = [0.0; CLEAVAGE];
    for other in sites.iter().filter(|o| o.contig == site.contig && o.strand == site.strand) {
        let at = match site.strand {
            Strand::Plus => (other.position + CLEAVAGE_CENTRE).checked_sub(centre),
            Strand::Minus => (centre + CLEAVAGE_CENTRE).checked_sub(other.position),
        };
        if let Some(slot) = at.and_then(|at| reads.get_mut(at)) {
            *slot += other.reads.unwrap_or(0.0) as f32;
        }
    }
    reads
}

fn mean(vector: &CleavageVector) -> f64 {
    let total: f64 = vector.iter().map(|&v| f64::from(v)).sum();
    let moment = vector.iter().enumerate().map(|(i, &v)| i as f64 * f64::from(v)).sum::<f64>();
    moment / total.max(f64::MIN_POSITIVE)
}
