//! Reliability diagrams: predicted probability against observed share.

use plotters::prelude::*;

use super::{Axis, COLOURS, Canvas, GREY, Problem, TEXT, axes, draw};
use crate::error::Result;

const SIZE: (u32, u32) = (720, 760);
/// Height of the upper part, the diagram; below it the numbers.
const DIAGRAM: u32 = 540;

/// Predictions against the truth, in one or more series.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    pub title: String,
    /// What the observed share is a share of.
    pub observed: String,
    pub series: Vec<ReliabilitySeries>,
}

/// Bins of predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct ReliabilitySeries {
    /// What was predicted.
    pub name: String,
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
        counts(&lower, &figure.series)
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
    for (series, colour) in figure.series.iter().zip(COLOURS) {
        let points = || series.bins.iter().map(|bin| (bin.predicted, bin.observed));
        chart
            .draw_series(LineSeries::new(points(), colour.stroke_width(2)))?
            .label(&series.name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
        chart.draw_series(points().map(|point| Circle::new(point, 5, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", TEXT))
        .background_style(WHITE.mix(0.8))
        .draw()?;
    Ok(())
}

/// Bars on a logarithmic scale, those of the series side by side: almost all windows of a genome
/// lie in the first bin.
fn counts(area: &Canvas<'_>, series: &[ReliabilitySeries]) -> std::result::Result<(), Problem> {
    let height = |count: usize| (count.max(1) as f64).log10() + 0.1;
    let all = series.iter().flat_map(|series| &series.bins);
    let highest = all.map(|bin| height(bin.count)).fold(1.0, f64::max);
    let power = |y: &f64| if y.fract() == 0.0 { format!("1e{y}") } else { String::new() };
    let x = Axis { name: "classification", range: 0.0..1.0, ticks: 11, label: &tenths };
    // Room above the bars for their numbers.
    let y = Axis { name: "windows", range: 0.0..1.25 * highest, ticks: 8, label: &power };
    let mut chart = axes(area, "", x, y)?;
    let anchor = plotters::style::text_anchor::Pos::new(
        plotters::style::text_anchor::HPos::Center,
        plotters::style::text_anchor::VPos::Bottom,
    );
    let parts = series.len() as f64;
    let size = TEXT - 3 - 2 * (series.len().clamp(1, 3) as u32 - 1);
    let style = ("sans-serif", size).into_text_style(area).pos(anchor);
    for (i, (series, colour)) in series.iter().zip(COLOURS).enumerate() {
        let ends = |bin: &ReliabilityBin| {
            let width = (bin.to - bin.from - 0.01) / parts;
            let from = bin.from + 0.005 + i as f64 * width;
            (from, from + width)
        };
        chart.draw_series(series.bins.iter().map(|bin| {
            let (from, to) = ends(bin);
            Rectangle::new([(from, 0.0), (to, height(bin.count))], colour.mix(0.5).filled())
        }))?;
        chart.draw_series(series.bins.iter().map(|bin| {
            let (from, to) = ends(bin);
            let place = ((from + to) / 2.0, height(bin.count));
            Text::new(bin.count.to_string(), place, style.clone())
        }))?;
    }
    Ok(())
}
