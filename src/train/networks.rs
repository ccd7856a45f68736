//! The trainable form of each architecture.

pub mod aparent2;
pub mod deeprke;
pub mod deerect;
pub mod dense;
pub mod layers;
pub mod polyaid;
#[cfg(test)]
mod published;
pub mod pysster;
#[cfg(test)]
mod trial;

use serde::{Deserialize, Serialize};

use super::network::TrainingForm;
use aparent2::Aparent2Config;
use deeprke::DeeprkeConfig;
use deerect::DeerectConfig;
use dense::{DenseScanConfig, DenseStrengthConfig};
use polyaid::config::{PolyaidConfig, PolyastrengthConfig};
use pysster::PyssterConfig;

/// Architecture and sizes: the table `[network]` of a configuration.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "architecture", rename_all = "kebab-case")]
pub enum NetworkConfig {
    DenseScan(DenseScanConfig),
    DenseStrength(DenseStrengthConfig),
    Polyaid(PolyaidConfig),
    Polyastrength(PolyastrengthConfig),
    Aparent2(Aparent2Config),
    Pysster(PyssterConfig),
    Deeprke(DeeprkeConfig),
    Deerect(DeerectConfig),
}

impl NetworkConfig {
    /// Returns what training has to know of the architecture.
    pub fn form(&self) -> &dyn TrainingForm {
        match self {
            Self::DenseScan(config) => config,
            Self::DenseStrength(config) => config,
            Self::Polyaid(config) => config,
            Self::Polyastrength(config) => config,
            Self::Aparent2(config) => config,
            Self::Pysster(config) => config,
            Self::Deeprke(config) => config,
            Self::Deerect(config) => config,
        }
    }
}
