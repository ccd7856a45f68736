//! Reliability diagrams: predicted probability against observed share.

use plotters::prelude::*;

use super::{Axis, COLOURS, Canvas, GREY, Problem, TEXT, axes, draw};
use crate::error::Result;

const SIZE: (u32, u32) = (560, 720);
/// Height of the upper part, the diagram; below it the numbers.
const DIAGRAM: u32 = 500;

/// Bins of predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    pub title: String,
    /// What the observed share is a share of.
    pub observed: String,
    pub bins: Vec<ReliabilityBin>,
}

/// A bin that is not empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    pub from: f64,
    pub to: f64,
    pub count: usize,
    /// Mean prediction.
    pub predicted: f64,
    /// Share of positives.
    pub observed: f64,
}

/// Returns the diagram, and below it how many predictions each bin holds.
///
/// # Errors
/// If it cannot be drawn.
pub fn reliability(figure: &Reliability) -> Result<String> {
    draw(SIZE, |canvas| {
        let (upper, lower) = canvas.split_vertically(DIAGRAM);
        diagram(&upper, figure)?;
        counts(&lower, &figure.bins)
    })
}

fn tenths(value: &f64) -> String {
    format!("{value:.1}")
}

fn diagram(area: &Canvas<'_>, figure: &Reliability) -> std::result::Result<(), Problem> {
    let axis = |name| Axis { name, range: 0.0..1.0, ticks: 11, label: &tenths };
    let mut chart = axes(area, &figure.title, axis("mean classification"), axis(&figure.observed))?;
    let diagonal = [(0.0, 0.0), (1.0, 1.0)];
    chart.draw_series(DashedLineSeries::new(diagonal, 6, 4, GREY.stroke_width(2)))?;
    let points = || figure.bins.iter().map(|bin| (bin.predicted, bin.observed));
    chart.draw_series(LineSeries::new(points(), COLOURS[0].stroke_width(2)))?;
    chart.draw_series(points().map(|point| Circle::new(point, 5, COLOURS[0].filled())))?;
    Ok(())
}

/// Bars on a logarithmic scale: almost all windows of a genome lie in the first bin.
fn counts(area: &Canvas<'_>, bins: &[ReliabilityBin]) -> std::result::Result<(), Problem> {
    let height = |count: usize| (count.max(1) as f64).log10() + 0.1;
    let highest = bins.iter().map(|bin| height(bin.count)).fold(1.0, f64::max);
    let power = |y: &f64| if y.fract() == 0.0 { format!("1e{y}") } else { String::new() };
    let x = Axis { name: "classification", range: 0.0..1.0, ticks: 11, label: &tenths };
    // Room above the bars for their numbers.
    let y = Axis { name: "windows", range: 0.0..1.25 * highest, ticks: 8, label: &power };
    let mut chart = axes(area, "", x, y)?;
    let bar = |bin: &ReliabilityBin| {
        let corners = [(bin.from + 0.005, 0.0), (bin.to - 0.005, height(bin.count))];
        Rectangle::new(corners, COLOURS[0].mix(0.5).filled())
    };
    chart.draw_series(bins.iter().map(bar))?;
    let anchor = plotters::style::text_anchor::Pos::new(
        plotters::style::text_anchor::HPos::Center,
        plotters::style::text_anchor::VPos::Bottom,
    );
    let style = ("sans-serif", TEXT - 3).into_text_style(area).pos(anchor);
    let number = |bin: &ReliabilityBin| {
        let place = ((bin.from + bin.to) / 2.0, height(bin.count));
        Text::new(bin.count.to_string(), place, style.clone())
    };
    chart.draw_series(bins.iter().map(number))?;
    Ok(())
}
