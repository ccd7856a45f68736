//! What a run tells of its epochs: a table, and lines on the terminal.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::evaluate::metrics::shown;
use crate::output::plot::{self, Curve, Panel};

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
    /// What chooses the epoch.
    #[serde(default)]
    pub merit: Option<f64>,
    pub figures: Vec<Figure>,
}

impl fmt::Display for EpochLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, loss, seconds, figures, .. } = self;
        write!(f, "epoch {}: loss {loss:.5}, {seconds:.1} s", number + 1)?;
        figures.iter().try_for_each(|(name, value)| write!(f, ", {name} {}", shown(*value, 4)))
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
        for EpochLog { number, loss, seconds, figures, .. } in &self.0 {
            let own = [(number + 1).to_string(), format!("{loss:.6}"), format!("{seconds:.1}")];
            let values = figures.iter().map(|(_, value)| shown(*value, 4));
            text += &(own.into_iter().chain(values).collect::<Vec<_>>().join("\t") + "\n");
        }
        text
    }

    /// Draws loss and figures by epoch (SVG). Figures that are shares (0 to 1) have one panel; each
    /// other figure has its own; those that never were measured have none.
    ///
    /// # Errors
    /// If they cannot be drawn.
    pub fn curves(&self, title: &str) -> Result<String> {
        let epochs = |value: &dyn Fn(&EpochLog) -> Option<f64>| {
            let point = |epoch: &EpochLog| Some(((epoch.number + 1) as f64, value(epoch)?));
            self.0.iter().filter_map(point).collect::<Vec<_>>()
        };
        let loss = Curve { name: "loss".into(), points: epochs(&|epoch| Some(epoch.loss)) };
        let mut panels = vec![Panel { axis: "training loss".into(), curves: vec![loss] }];
        let mut shares = Panel { axis: "validation".into(), curves: Vec::new() };
        for (name, _) in self.0.first().map_or(&[][..], |first| &first.figures) {
            let value = |epoch: &EpochLog| epoch.figures.iter().find(|(n, _)| n == name)?.1;
            let curve = Curve { name: name.clone(), points: epochs(&value) };
            if curve.points.is_empty() {
                continue;
            }
            if curve.points.iter().all(|point| (0.0..=1.0).contains(&point.1)) {
                shares.curves.push(curve)
            } else {
                panels.push(Panel { axis: name.clone(), curves: vec![curve] })
            }
        }
        if !shares.curves.is_empty() {
            panels.insert(1, shares);
        }
        plot::curves(title, &panels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_show_the_loss_and_every_figure() {
        let epoch = |number: usize| EpochLog {
            number,
            loss: 3.0 / (number + 1) as f64,
            seconds: 1.0,
            merit: None,
            figures: vec![
                ("auroc".into(), Some(0.8 + number as f64 / 20.0)),
                ("never".into(), None),
                ("error_nt".into(), Some(12.0 - number as f64)),
            ],
        };
        let svg = Log((0..3).map(epoch).collect()).curves("tiny").unwrap();
        for text in ["tiny", "loss 1.00", "auroc 0.900", "error_nt 10.00", "training loss"] {
            assert!(svg.contains(text), "{text}");
        }
        // Three epochs of loss and two figures, and a mark per name.
        assert_eq!(svg.matches("<circle").count(), 9 + 3);
        assert!(!svg.contains("never"));
        assert!(Log::default().curves("none").is_ok());
    }
}
