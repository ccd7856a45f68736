//! Scatter plots: predicted against measured.

use plotters::prelude::*;

use super::{Axis, COLOURS, GREY, TEXT, axes, decimals, draw, fixed, range};
use crate::error::Result;

const SIZE: (u32, u32) = (640, 640);

/// Points of several groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    pub title: String,
    /// Names of the axes.
    pub x: String,
    pub y: String,
    /// Name and points of each group; later ones are drawn over earlier ones.
    pub groups: Vec<(String, Vec<(f64, f64)>)>,
}

/// Returns the plot, with the line of equal values.
///
/// # Errors
/// If it cannot be drawn.
pub fn scatter(figure: &Scatter) -> Result<String> {
    let points = || figure.groups.iter().flat_map(|group| &group.1);
    let (x, y) = (range(points().map(|point| point.0)), range(points().map(|point| point.1)));
    let (shown_x, shown_y) = (fixed(decimals(&x)), fixed(decimals(&y)));
    // Where both axes have it.
    let (low, high) = (x.start.max(y.start), x.end.min(y.end));
    draw(SIZE, |canvas| {
        let x = Axis { name: &figure.x, range: x, ticks: 8, label: &shown_x };
        let y = Axis { name: &figure.y, range: y, ticks: 8, label: &shown_y };
        let mut chart = axes(canvas, &figure.title, x, y)?;
        if low < high {
            let equal = [(low, low), (high, high)];
            chart.draw_series(DashedLineSeries::new(equal, 6, 4, GREY.stroke_width(2)))?;
        }
        for ((name, points), colour) in figure.groups.iter().zip(COLOURS.iter().cycle()) {
            let points = points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
            let style = colour.mix(0.6).filled();
            chart
                .draw_series(points.map(|&point| Circle::new(point, 3, style)))?
                .label(name)
                .legend(move |(x, y)| Circle::new((x + 10, y), 4, style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .label_font(("sans-serif", TEXT))
            .background_style(WHITE.mix(0.8))
            .border_style(GREY.mix(0.3))
            .draw()?;
        Ok(())
    })
}
