//! ROC and precision-recall curves of classes.

use plotters::prelude::*;

use super::{Axis, COLOURS, Canvas, GREY, Problem, TEXT, TITLE, axes, draw};
use crate::error::Result;

/// Height of the picture, width of a chart, height of a legend's line and of the title.
const HEIGHT: u32 = 560;
const WIDTH: u32 = 560;
const LINE: u32 = 22;
const HEAD: u32 = 2 * TITLE;
/// Points of a curve at most.
const POINTS: usize = 600;

/// How well a class is told from the others.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassCurves {
    pub name: String,
    /// False against true positive rate.
    pub roc: Vec<(f64, f64)>,
    /// Recall against precision.
    pub precision_recall: Vec<(f64, f64)>,
    pub auroc: f64,
    pub auprc: f64,
}

/// Returns both kinds of curves side by side, a line for each class below.
///
/// # Errors
/// If they cannot be drawn.
pub fn class_curves(title: &str, classes: &[ClassCurves]) -> Result<String> {
    let legend = LINE * (classes.len() as u32 + 1);
    draw((2 * WIDTH, HEAD + HEIGHT + legend), |canvas| {
        canvas.draw(&Text::new(title, (14, 12), ("sans-serif", TITLE)))?;
        let (charts, below) = canvas.split_vertically(HEAD).1.split_vertically(HEIGHT);
        let (left, right) = charts.split_horizontally(WIDTH);
        let names = ("false positive rate", "true positive rate");
        paint(&left, names, true, classes.iter().map(|class| &class.roc))?;
        let names = ("recall", "precision");
        paint(&right, names, false, classes.iter().map(|class| &class.precision_recall))?;
        for (at, (class, colour)) in classes.iter().zip(COLOURS.iter().cycle()).enumerate() {
            let y = (at as u32 * LINE + LINE / 2) as i32;
            below.draw(&PathElement::new([(70, y), (100, y)], colour.stroke_width(2)))?;
            let ClassCurves { name, auroc, auprc, .. } = class;
            let text = format!("{name}: AUROC {auroc:.4}, AUPRC {auprc:.4}");
            below.draw(&Text::new(text, (110, y - 6), ("sans-serif", TEXT)))?;
        }
        Ok(())
    })
}

fn paint<'a>(
    area: &Canvas<'_>,
    (x, y): (&str, &str),
    with_chance: bool,
    curves: impl Iterator<Item = &'a Vec<(f64, f64)>>,
) -> std::result::Result<(), Problem> {
    let shown = |value: &f64| format!("{value:.1}");
    let axis = |name| Axis { name, range: 0.0..1.02, ticks: 6, label: &shown };
    let mut chart = axes(area, "", axis(x), axis(y))?;
    if with_chance {
        let chance = [(0.0, 0.0), (1.0, 1.0)];
        chart.draw_series(DashedLineSeries::new(chance, 6, 4, GREY.stroke_width(2)))?;
    }
    for (points, colour) in curves.zip(COLOURS.iter().cycle()) {
        let step = points.len().div_ceil(POINTS).max(1);
        let last = points.last().filter(|_| step > 1);
        let points = points.iter().step_by(step).chain(last).copied();
        chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
    }
    Ok(())
}
