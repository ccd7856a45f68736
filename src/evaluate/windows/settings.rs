//! What windows are made of: tables of a configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::evaluate::parts::Parts;
use crate::models::{CENTRE, CLEAVAGE_CENTRE};

/// The tables of a configuration.
#[derive(Clone, Copy, Debug)]
pub struct WindowSettings<'a> {
    pub sites: &'a SiteSource,
    pub positives: &'a Positives,
    pub negatives: &'a Shares,
    pub parts: &'a Parts,
}

/// A genome and its measured sites: the table `[sites]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SiteSource {
    pub fasta: PathBuf,
    /// As [`crate::evaluate::measured::read_sites`] reads them.
    pub sites: PathBuf,
    /// bigWig of the counted ends of the plus and of the minus strand; without them a normal curve
    /// lies around each site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<[PathBuf; 2]>,
    /// Genes (GTF or GFF3), which tell what is intergenic and what a transcript; without them both
    /// are anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotation: Option<PathBuf>,
    /// Contigs left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// Windows with a site: the table `[positives]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Positives {
    /// Sites that are shown, drawn by their reads; all if there are no more, or if it is 0.
    pub count: usize,
    /// First and last place of the site in nt from the window's centre.
    pub offsets: [i64; 2],
    /// Standard deviation, in nt, of the curve around a site whose ends were not counted.
    pub spread: f64,
}

impl Default for Positives {
    /// As published but for the curve, which is ours.
    fn default() -> Self {
        let reach = CLEAVAGE_CENTRE as i64;
        Self { count: 20_000, offsets: [-reach, reach], spread: 3.0 }
    }
}

/// Windows without a site: the table `[negatives]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// How many there are for each window with a site.
    pub per_positive: f64,
    /// Shares of the kinds, as they are to each other.
    pub intergenic: f64,
    pub shuffled: f64,
    pub neighbours: f64,
    /// Least and greatest distance, in nt, of a neighbour from its site.
    pub distance: [usize; 2],
}

impl Default for Shares {
    /// The kinds and distances are published, the shares are ours: alike, and as many in all as
    /// windows with a site.
    fn default() -> Self {
        Self {
            per_positive: 1.0,
            intergenic: 1.0,
            shuffled: 1.0,
            neighbours: 1.0,
            distance: [50, 100],
        }
    }
}

impl Shares {
    /// Returns how many of each kind there are to be for so many windows with a site.
    pub fn counts(&self, positives: usize) -> [usize; 3] {
        let shares = [self.intergenic, self.shuffled, self.neighbours];
        let sum: f64 = shares.iter().sum();
        shares.map(|share| (self.per_positive * positives as f64 * share / sum).round() as usize)
    }
}

impl WindowSettings<'_> {
    /// Checks the tables.
    ///
    /// # Errors
    /// Names the table with a wrong entry and says what is wrong.
    pub fn check(&self) -> Result<(), (&'static str, Problem)> {
        let Positives { offsets: [first, last], spread, .. } = *self.positives;
        let centre = CENTRE as i64;
        if first > last || first <= -centre || last >= centre {
            let problem =
                format!("offsets = [{first}, {last}]: must ascend, between -{centre} and {centre}");
            return Err(("[positives]", problem.into()));
        }
        if !(spread.is_finite() && spread > 0.0) {
            let problem = format!("spread = {spread}: must be above 0");
            return Err(("[positives]", problem.into()));
        }
        let Shares { per_positive, intergenic, shuffled, neighbours, distance: [least, most] } =
            *self.negatives;
        let shares = [per_positive, intergenic, shuffled, neighbours];
        let are_shares = shares.iter().all(|share| share.is_finite() && *share >= 0.0);
        if !are_shares || per_positive == 0.0 || intergenic + shuffled + neighbours <= 0.0 {
            let problem = "per_positive must be above 0, the shares 0 or more and one above 0";
            return Err(("[negatives]", problem.into()));
        }
        if least > most || least < CLEAVAGE_CENTRE || most > 10 * CENTRE {
            let problem = format!(
                "distance = [{least}, {most}]: must ascend, {CLEAVAGE_CENTRE} to {} nt",
                10 * CENTRE
            );
            return Err(("[negatives]", problem.into()));
        }
        self.parts.check().map_err(|problem| ("[parts]", problem))
    }
}
