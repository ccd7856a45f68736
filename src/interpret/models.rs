//! The models that are interpreted: what they say of a window, in log2 odds.

use std::f32::consts::LN_2;

use crate::error::{Error, Result};
use crate::models::card::Task;
use crate::models::{Input, Model, Replacement};

/// What a model says of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// log2 odds that the window is of a site.
    Classification,
    /// log2 odds of usage.
    Strength,
}

impl Quantity {
    /// Returns its name in tables and pictures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classification => "classification",
            Self::Strength => "strength",
        }
    }
}

/// Models of windows of 240 nt, each of another quantity.
pub struct Models<'a>(Vec<(Quantity, &'a dyn Model)>);

impl<'a> Models<'a> {
    /// Takes a model of sites or of strength, and perhaps one of strength beside it.
    ///
    /// # Errors
    /// If one speaks of something else, or both of the same.
    pub fn new(model: &'a dyn Model, strength: Option<&'a dyn Model>) -> Result<Self> {
        let mut models = vec![(quantity_of(model)?, model)];
        if let Some(model) = strength {
            let quantity = quantity_of(model)?;
            if quantity != Quantity::Strength || models[0].0 == Quantity::Strength {
                let problem =
                    "there can be a model of sites and one of strength, not two of a kind";
                return Err(Error::model(&model.card().name, problem));
            }
            models.push((quantity, model));
        }
        Ok(Self(models))
    }

    /// Returns what they say, in order.
    pub fn quantities(&self) -> Vec<Quantity> {
        self.0.iter().map(|(quantity, _)| *quantity).collect()
    }

    /// Returns, of each quantity, the log2 odds of copies of a window.
    ///
    /// # Errors
    /// Those of the models.
    pub fn copies(&self, window: &[u8], replacements: &[Replacement<'_>]) -> Result<Vec<Vec<f32>>> {
        let said = self.0.iter().map(|(quantity, model)| {
            let mut values = model.predict_copies(window, replacements)?;
            if *quantity == Quantity::Classification {
                values.iter_mut().for_each(|value| *value /= LN_2);
            }
            Ok(values)
        });
        said.collect()
    }

    /// Returns, of each quantity, the log2 odds of a window itself.
    ///
    /// # Errors
    /// Those of the models.
    pub fn window(&self, window: &[u8]) -> Result<Vec<f32>> {
        let itself = Replacement { at: 0, length: 1, stretches: &window[..1.min(window.len())] };
        let said = self.copies(window, &[itself])?;
        Ok(said.into_iter().map(|values| values.first().copied().unwrap_or(f32::NAN)).collect())
    }
}

fn quantity_of(model: &dyn Model) -> Result<Quantity> {
    let card = model.card();
    match card.task {
        _ if model.input() != Input::SCAN => {}
        Task::Sites => return Ok(Quantity::Classification),
        Task::Strength => return Ok(Quantity::Strength),
        _ => {}
    }
    let problem = format!(
        "it predicts {} from {} nt; this takes a model of sites or of strength that reads 240 nt (see `polyascan \
         models list`)",
        card.task.name(),
        model.input().length
    );
    Err(Error::model(&card.name, problem))
}
