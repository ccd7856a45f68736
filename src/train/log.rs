//! What a run tells of its epochs: a table, and lines on the terminal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A figure of the validation data; `None` where there is nothing to measure.
pub type Figure = (String, Option<f64>);

/// One epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochLog {
    /// From 0.
    pub number: usize,
    /// Mean training loss.
    pub loss: f64,
    pub seconds: f64,
    pub figures: Vec<Figure>,
}

impl fmt::Display for EpochLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, loss, seconds, figures } = self;
        write!(f, "epoch {}: loss {loss:.5}, {seconds:.1} s", number + 1)?;
        figures.iter().try_for_each(|(name, value)| write!(f, ", {name} {}", shown(*value)))
    }
}

/// All epochs of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Log(pub Vec<EpochLog>);

impl Log {
    /// Returns the epochs as a table with a header, one line each.
    pub fn table(&self) -> String {
        let Some(first) = self.0.first() else { return String::new() };
        let names = first.figures.iter().map(|(name, _)| name.clone());
        let header = ["epoch", "loss", "seconds"].map(String::from).into_iter().chain(names);
        let mut text = header.collect::<Vec<_>>().join("\t") + "\n";
        for EpochLog { number, loss, seconds, figures } in &self.0 {
            let own = [(number + 1).to_string(), format!("{loss:.6}"), format!("{seconds:.1}")];
            let values = figures.iter().map(|(_, value)| shown(*value));
            text += &(own.into_iter().chain(values).collect::<Vec<_>>().join("\t") + "\n");
        }
        text
    }
}

/// Returns a figure as tables show it.
pub fn shown(value: Option<f64>) -> String {
    value.map_or("NA".into(), |value| format!("{value:.4}"))
}
