//! Curves over the epochs of a training.

use plotters::prelude::*;

use super::{Axis, COLOURS, Canvas, Problem, TEXT, TITLE, axes, decimals, draw, fixed, range};
use crate::error::Result;

/// Width of the picture and of the legend at its right, height of a panel, of a legend's line.
const WIDTH: u32 = 1000;
const LEGEND: u32 = 310;
const HEIGHT: u32 = 300;
const LINE: u32 = 20;

/// A named figure by epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    pub name: String,
    /// (Epoch, value); epochs without a value are left out.
    pub points: Vec<(f64, f64)>,
}

/// Curves that share a vertical axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What the axis says.
    pub axis: String,
    pub curves: Vec<Curve>,
}

/// Returns the panels as one picture, one above the other.
///
/// # Errors
/// If it cannot be drawn.
pub fn curves(title: &str, panels: &[Panel]) -> Result<String> {
    let heights: Vec<u32> =
        panels.iter().map(|panel| HEIGHT.max(LINE * (panel.curves.len() as u32 + 3))).collect();
    let head = 2 * TITLE;
    draw((WIDTH, head + heights.iter().sum::<u32>()), |canvas| {
        canvas.draw(&Text::new(title, (14, 12), ("sans-serif", TITLE)))?;
        let mut rest = canvas.split_vertically(head).1;
        for (panel, height) in panels.iter().zip(heights) {
            let (area, below) = rest.split_vertically(height);
            paint(&area, panel)?;
            rest = below;
        }
        Ok(())
    })
}

fn paint(area: &Canvas<'_>, panel: &Panel) -> std::result::Result<(), Problem> {
    let (left, right) = area.split_horizontally(WIDTH - LEGEND);
    let points = || panel.curves.iter().flat_map(|curve| &curve.points);
    let x = range(points().map(|point| point.0));
    let y = range(points().map(|point| point.1));
    let whole = |x: &f64| if x.fract() == 0.0 { format!("{x}") } else { String::new() };
    // Values are told more exactly than ticks.
    let (tick, shown) = (fixed(decimals(&y)), fixed(decimals(&y) + 1));
    let x = Axis { name: "epoch", range: x, ticks: 10, label: &whole };
    let y = Axis { name: &panel.axis, range: y, ticks: 6, label: &tick };
    let mut chart = axes(&left, "", x, y)?;
    for (i, curve) in ordered(panel).into_iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let style = colour.stroke_width(2);
        let points =
            || curve.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite());
        let at = 14 + (i as u32 * LINE) as i32;
        // The second round of colours is dashed.
        if i < COLOURS.len() {
            chart.draw_series(LineSeries::new(points(), style))?;
            right.draw(&PathElement::new([(4, at), (30, at)], style))?;
        } else {
            chart.draw_series(DashedLineSeries::new(points(), 6, 4, style))?;
            right.draw(&PathElement::new([(4, at), (12, at)], style))?;
            right.draw(&PathElement::new([(22, at), (30, at)], style))?;
        }
        chart.draw_series(points().map(|point| Circle::new(point, 3, colour.filled())))?;
        right.draw(&Circle::new((17, at), 3, colour.filled()))?;
        let last = points().next_back().map_or("NA".into(), |(_, value)| shown(&value));
        let text = format!("{} {last}", curve.name);
        right.draw(&Text::new(text, (38, at - 6), ("sans-serif", TEXT)))?;
    }
    Ok(())
}

/// The curves from the highest end down, as their ends lie in the chart.
fn ordered(panel: &Panel) -> Vec<&Curve> {
    let end = |curve: &Curve| curve.points.last().map_or(f64::NEG_INFINITY, |point| point.1);
    let mut curves: Vec<&Curve> = panel.curves.iter().collect();
    curves.sort_by(|a, b| end(b).total_cmp(&end(a)));
    curves
}
