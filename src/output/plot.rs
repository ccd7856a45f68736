//! Plots as SVG text: curves over epochs, ROC, precision and recall, reliability diagrams, scatter
//! plots.
//!
//! Text is written as text in the viewer's own sans-serif font: no font is needed here.

mod class_curves;
mod curves;
mod precision_recall;
mod reliability;
mod scatter;

pub use class_curves::{ClassCurves, class_curves};
pub use curves::{Curve, Panel, curves};
pub use precision_recall::precision_recall;
pub use reliability::{Reliability, ReliabilityBin, ReliabilitySeries, reliability};
pub use scatter::{Scatter, scatter};

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::picture::{APART, Colour};
use crate::error::{Error, Result};

/// What drawing may fail with.
type Problem = Box<dyn std::error::Error>;
type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The colours of pictures, as the drawing library has them.
const COLOURS: [RGBColor; APART.len()] = {
    let mut colours = [BLACK; APART.len()];
    let mut i = 0;
    while i < colours.len() {
        let Colour(red, green, blue) = APART[i];
        colours[i] = RGBColor(red, green, blue);
        i += 1;
    }
    colours
};
const GREY: RGBColor = RGBColor(150, 150, 150);
const TITLE: u32 = 20;
const TEXT: u32 = 16;

/// Paints a picture of that many pixels.
fn draw(
    size: (u32, u32),
    paint: impl FnOnce(&Canvas<'_>) -> std::result::Result<(), Problem>,
) -> Result<String> {
    let mut text = String::new();
    let painted = {
        let canvas = SVGBackend::with_string(&mut text, size).into_drawing_area();
        let white = canvas.fill(&WHITE).map_err(Problem::from);
        white.and_then(|()| paint(&canvas)).and_then(|()| Ok(canvas.present()?))
    };
    painted.map_err(|problem| Error::Internal(format!("cannot draw: {problem}")))?;
    Ok(text)
}

/// An axis.
struct Axis<'a> {
    name: &'a str,
    range: Range<f64>,
    /// About so many numbers.
    ticks: usize,
    label: &'a dyn Fn(&f64) -> String,
}

/// Draws the axes of a chart with a title (none if empty).
fn axes<'a, 'b>(
    canvas: &'a Canvas<'b>,
    title: &str,
    x: Axis<'_>,
    y: Axis<'_>,
) -> std::result::Result<Chart<'a, 'b>, Problem> {
    let mut builder = ChartBuilder::on(canvas);
    builder.margin(12).x_label_area_size(44).y_label_area_size(70);
    if !title.is_empty() {
        builder.caption(title, ("sans-serif", TITLE));
    }
    let mut chart = builder.build_cartesian_2d(x.range, y.range)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GREY.mix(0.3))
        .axis_desc_style(("sans-serif", TEXT))
        .label_style(("sans-serif", TEXT))
        .x_desc(x.name)
        .y_desc(y.name)
        .x_labels(x.ticks)
        .y_labels(y.ticks)
        .x_label_formatter(x.label)
        .y_label_formatter(y.label)
        .draw()?;
    Ok(chart)
}

/// Returns a range that holds all values with some room; 0 to 1 of none.
fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return 0.0..1.0;
    }
    let room = if high > low { 0.05 * (high - low) } else { 0.1 * high.abs().max(0.1) };
    low - room..high + room
}

/// Returns the decimals that tell the ticks of a range apart.
fn decimals(range: &Range<f64>) -> usize {
    let span = (range.end - range.start).max(1e-9);
    (1.0 - span.log10()).ceil().clamp(0.0, 9.0) as usize
}

/// Returns a way to write numbers with so many decimals.
fn fixed(decimals: usize) -> impl Fn(&f64) -> String {
    move |value| format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests;
