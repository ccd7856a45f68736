//! Models of a few lines, for tests.

use crate::error::Result;
use crate::models::card::{ModelCard, Task};
use crate::models::{Input, Model, Output, Predictions, Window};

/// A model of strength: any function of a window.
pub struct FunctionModel<F> {
    card: ModelCard,
    outputs: [Output; 1],
    function: F,
}

impl<F: Fn(&[u8]) -> f32 + Send + Sync> FunctionModel<F> {
    pub fn new(function: F) -> Self {
        let card = ModelCard::new("function", "none", Task::Strength);
        Self { card, outputs: [Output::new("strength", 1)], function }
    }
}

impl<F: Fn(&[u8]) -> f32 + Send + Sync> Model for FunctionModel<F> {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn input(&self) -> Input {
        Input::SCAN
    }

    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn predict(&self, windows: &[Window<'_>]) -> Result<Predictions> {
        let values = windows.iter().map(|window| (self.function)(window.codes)).collect();
        Ok(Predictions { values: vec![values] })
    }
}

/// A number in -1 to 1 that depends on all of a window and on nothing in particular.
pub fn chance(window: &[u8]) -> f32 {
    let hash = window.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, &code| {
        (hash ^ u64::from(code)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed >> 40) as f32 / (1u64 << 23) as f32) - 1.0
}
