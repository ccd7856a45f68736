//! Precision against recall.

use plotters::prelude::*;

use super::{Axis, COLOURS, GREY, TEXT, axes, draw};
use crate::error::Result;

const SIZE: (u32, u32) = (760, 560);
/// Points of a curve at most.
const POINTS: usize = 600;

/// Returns the curves (name; recall and precision by falling score) as a picture.
///
/// # Errors
/// If it cannot be drawn.
pub fn precision_recall(title: &str, curves: &[(String, Vec<(f64, f64)>)]) -> Result<String> {
    let reached = curves.iter().flat_map(|(_, points)| points).map(|point| point.0);
    let most = reached.fold(0.1, f64::max);
    let shown = |value: &f64| format!("{value:.1}");
    draw(SIZE, |canvas| {
        let x = Axis { name: "recall", range: 0.0..most * 1.02, ticks: 8, label: &shown };
        let y = Axis { name: "precision", range: 0.0..1.02, ticks: 6, label: &shown };
        let mut chart = axes(canvas, title, x, y)?;
        for ((name, points), colour) in curves.iter().zip(COLOURS.iter().cycle()) {
            let style = colour.stroke_width(2);
            let step = points.len().div_ceil(POINTS).max(1);
            let last = points.last().filter(|_| step > 1);
            let points = points.iter().step_by(step).chain(last).copied();
            chart
                .draw_series(LineSeries::new(points, style))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .label_font(("sans-serif", TEXT))
            .background_style(WHITE.mix(0.8))
            .border_style(GREY.mix(0.3))
            .draw()?;
        Ok(())
    })
}
