//! Sizes of the PolyaID family.

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::models::polyaid::weights::POOL;
use crate::models::{CLEAVAGE, WINDOW};

/// Sizes of a PolyaID; published: 512 filters of width 8, 128 units, heads of 256, 256, 128, 64.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PolyaidConfig {
    pub filters: usize,
    /// Nucleotides of a filter.
    pub width: usize,
    /// LSTM units per direction.
    pub units: usize,
    /// Hidden layers of the classification.
    pub classification: Vec<usize>,
    /// Hidden layers of the cleavage vector.
    pub cleavage: Vec<usize>,
}

/// Sizes of a PolyaStrength; published: 64 filters of width 8, 16 units, a head of 128, 64.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PolyastrengthConfig {
    pub filters: usize,
    /// Nucleotides of a filter.
    pub width: usize,
    /// LSTM units per direction.
    pub units: usize,
    /// Hidden layers.
    pub strength: Vec<usize>,
}

/// What the two have in common.
#[derive(Clone, Debug)]
pub struct Layers<'a> {
    pub filters: usize,
    pub width: usize,
    pub units: usize,
    pub heads: Vec<HeadLayers<'a>>,
}

/// The dense layers of a head.
#[derive(Clone, Debug)]
pub struct HeadLayers<'a> {
    pub name: &'static str,
    pub hidden: &'a [usize],
    pub outputs: usize,
    /// Its dropout as a share of the recipe's.
    pub dropout: f64,
    /// Whether its last layer begins with zeros: PolyaID's vector begins uniform.
    pub from_zero: bool,
}

/// PolyaID was trained with a dropout of 0.7, but 0.1 in the cleavage head.
const CLEAVAGE_DROPOUT: f64 = 0.1 / 0.7;

impl PolyaidConfig {
    /// Returns its layers.
    pub fn layers(&self) -> Layers<'_> {
        let Self { filters, width, units, ref classification, ref cleavage } = *self;
        let classification = head("classification", classification);
        let cleavage = HeadLayers {
            name: "cleavage",
            hidden: cleavage,
            outputs: CLEAVAGE,
            dropout: CLEAVAGE_DROPOUT,
            from_zero: true,
        };
        Layers { filters, width, units, heads: vec![classification, cleavage] }
    }
}

impl PolyastrengthConfig {
    /// Returns its layers.
    pub fn layers(&self) -> Layers<'_> {
        let Self { filters, width, units, ref strength } = *self;
        Layers { filters, width, units, heads: vec![head("strength", strength)] }
    }
}

/// A head of one value.
fn head<'a>(name: &'static str, hidden: &'a [usize]) -> HeadLayers<'a> {
    HeadLayers { name, hidden, outputs: 1, dropout: 1.0, from_zero: false }
}

impl Layers<'_> {
    /// Returns what is wrong with the sizes, if anything.
    ///
    /// # Errors
    /// If a size is 0 or the filters are too wide for a window.
    pub fn check(&self) -> Result<(), Problem> {
        let hidden = self.heads.iter().flat_map(|head| head.hidden);
        let sizes = [self.filters, self.width, self.units];
        if sizes.iter().chain(hidden).any(|&size| size == 0) {
            return Err("filters, width, units and hidden layers must be above 0".into());
        }
        let widest = WINDOW + 1 - POOL;
        if self.width > widest {
            let width = self.width;
            return Err(
                format!("width = {width}: at most {widest}, or nothing is left to pool").into()
            );
        }
        Ok(())
    }

    /// Returns the pooled positions of a window.
    pub fn steps(&self) -> usize {
        (WINDOW + 1 - self.width) / POOL
    }
}
