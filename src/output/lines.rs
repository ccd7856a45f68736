//! Line charts as pictures: profiles by distance, points with intervals.

use std::ops::Range;

use super::heat_map::scale::{label, ticks};
use super::picture::{APART, Anchor, BLACK, Colour, Item, Picture, Text};

/// Width of the panels, and left and right of them.
const WIDTH: f32 = 820.0;
const LEFT: f32 = 92.0;
const RIGHT: f32 = 210.0;
/// Above the panels, between them, height of one, and below them.
const TOP: f32 = 78.0;
const GAP: f32 = 46.0;
const HEIGHT: f32 = 300.0;
const BOTTOM: f32 = 74.0;
/// More, where places have names.
const NAMES: f32 = 34.0;
const SMALL: f32 = 15.0;
const NORMAL: f32 = 17.0;
const LINE: Colour = Colour(110, 110, 110);
const PALE: Colour = Colour(228, 228, 228);

/// Panels one above the other that share their horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    pub title: String,
    pub subtitle: String,
    pub axis: String,
    pub panels: Vec<LinesPanel>,
    /// Names of places of the horizontal axis; without any it is numbered.
    pub names: Vec<(f64, String)>,
}

/// Curves that share both axes.
#[derive(Clone, Debug, PartialEq)]
pub struct LinesPanel {
    /// What the vertical axis is, with its unit.
    pub axis: String,
    pub curves: Vec<LinesCurve>,
}

/// A curve, or points.
#[derive(Clone, Debug, PartialEq)]
pub struct LinesCurve {
    pub name: String,
    pub points: Vec<LinesPoint>,
    /// Whether neighbours are joined; an unknown one between them leaves a gap.
    pub joined: bool,
}

/// A point; one without a number is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinesPoint {
    pub x: f64,
    pub y: f64,
    /// Half of the interval around it; 0 for none.
    pub half: f64,
}

/// Where a panel lies, and its axes.
struct Frame {
    top: f32,
    x: Range<f64>,
    y: Range<f64>,
}

impl Frame {
    fn at(&self, x: f64, y: f64) -> (f32, f32) {
        let along = (x - self.x.start) / (self.x.end - self.x.start);
        let up = (y - self.y.start) / (self.y.end - self.y.start);
        (LEFT + WIDTH * along as f32, self.top + HEIGHT * (1.0 - up as f32))
    }
}

impl Lines {
    /// Draws the picture.
    pub fn draw(&self) -> Picture {
        let panels = self.panels.len() as f32;
        let names = if self.names.is_empty() { 0.0 } else { NAMES };
        let height = TOP + panels * HEIGHT + (panels - 1.0).max(0.0) * GAP + BOTTOM + names;
        let (width, height) = ((LEFT + WIDTH + RIGHT) as u32, height.ceil() as u32);
        let mut picture = Picture { width, height, title: self.title.clone(), items: Vec::new() };
        picture.text((LEFT, 32.0), Anchor::Start, 24.0, &self.title);
        picture.text((LEFT, 56.0), Anchor::Start, SMALL, &self.subtitle);
        // Points with names keep off the edges.
        let room = if self.names.is_empty() { 0.0 } else { 0.03 };
        let x = range(self.points().map(|point| point.x), room);
        for (number, panel) in self.panels.iter().enumerate() {
            let top = TOP + number as f32 * (HEIGHT + GAP);
            let ends = |point: &LinesPoint| [point.y - point.half, point.y + point.half];
            let values = panel.curves.iter().flat_map(|curve| &curve.points).flat_map(ends);
            let y = range(values.chain([0.0]), 0.04);
            let frame = Frame { top, x: x.clone(), y };
            self.draw_axes(&mut picture, &frame, panel, number + 1 == self.panels.len());
            for (number, curve) in panel.curves.iter().enumerate() {
                let colour = APART[number % APART.len()];
                // Bars of several curves lie side by side.
                let aside = 3.0 * (number as f32 - (panel.curves.len() as f32 - 1.0) / 2.0);
                draw_curve(&mut picture, &frame, curve, (colour, aside));
                let y = top + 14.0 + 22.0 * number as f32;
                picture.fill(colour, [[LEFT + WIDTH + 14.0, y - 6.0, 20.0, 4.0]]);
                picture.text((LEFT + WIDTH + 42.0, y), Anchor::Start, SMALL, &curve.name);
            }
        }
        let middle = (LEFT + WIDTH / 2.0, height as f32 - 14.0);
        picture.text(middle, Anchor::Middle, NORMAL, &self.axis);
        picture
    }

    fn points(&self) -> impl Iterator<Item = &LinesPoint> {
        self.panels.iter().flat_map(|panel| &panel.curves).flat_map(|curve| &curve.points)
    }

    fn draw_axes(&self, picture: &mut Picture, frame: &Frame, panel: &LinesPanel, last: bool) {
        let bottom = frame.top + HEIGHT;
        for value in steps(&frame.y, 6) {
            let (_, y) = frame.at(frame.x.start, value);
            picture.fill(PALE, [[LEFT, y - 0.5, WIDTH, 1.0]]);
            picture.text((LEFT - 8.0, y + 5.0), Anchor::End, SMALL, label(value));
        }
        let (_, zero) = frame.at(frame.x.start, 0.0);
        picture.fill(LINE, [[LEFT, zero - 0.5, WIDTH, 1.0]]);
        if frame.x.contains(&0.0) && self.names.is_empty() {
            let (x, _) = frame.at(0.0, 0.0);
            picture.fill(PALE, [[x - 1.0, frame.top, 2.0, HEIGHT]]);
        }
        picture.fill(LINE, [[LEFT - 1.0, frame.top, 1.0, HEIGHT], [LEFT, bottom, WIDTH, 1.0]]);
        let numbers = || steps(&frame.x, 12).into_iter().map(|x| (x, signed(x)));
        let marks: Vec<(f64, String)> =
            if self.names.is_empty() { numbers().collect() } else { self.names.clone() };
        for (value, text) in marks {
            let (x, _) = frame.at(value, 0.0);
            picture.fill(LINE, [[x - 0.5, bottom, 1.0, 5.0]]);
            if last && self.names.is_empty() {
                picture.text((x, bottom + 22.0), Anchor::Middle, SMALL, text);
            } else if last {
                upwards(picture, (x + 5.0, bottom + 10.0), Anchor::End, 12.0, &text);
            }
        }
        upwards(picture, (26.0, frame.top + HEIGHT / 2.0), Anchor::Middle, NORMAL, &panel.axis);
    }
}

fn signed(value: f64) -> String {
    format!("{}{}", if value > 0.0 { "+" } else { "" }, label(value))
}

/// Round steps within a range.
fn steps(range: &Range<f64>, count: usize) -> Vec<f64> {
    let (low, high) = (range.start.min(0.0), range.end.max(0.0));
    let wide = (range.end - range.start) / (high - low).max(1e-12);
    let all = ticks(low, high, (count as f64 / wide.max(0.05)).round() as usize);
    all.into_iter().filter(|tick| (range.start..=range.end).contains(tick)).collect()
}

fn draw_curve(
    picture: &mut Picture,
    frame: &Frame,
    curve: &LinesCurve,
    (fill, aside): (Colour, f32),
) {
    let is_known = |point: &LinesPoint| point.x.is_finite() && point.y.is_finite();
    let known = || curve.points.iter().filter(|point| is_known(point));
    for point in known().filter(|point| point.half > 0.0) {
        let (x, high) = frame.at(point.x, point.y + point.half);
        let (_, low) = frame.at(point.x, point.y - point.half);
        picture.fill(fill, [[x + aside - 0.75, high, 1.5, low - high]]);
    }
    if curve.joined {
        // What is unknown leaves a gap.
        for pair in curve.points.windows(2).filter(|pair| pair.iter().all(is_known)) {
            let (a, b) = (frame.at(pair[0].x, pair[0].y), frame.at(pair[1].x, pair[1].y));
            picture.items.push(Item::Polygon { fill, points: stroke(a, b) });
        }
    } else {
        for point in known() {
            let (x, y) = frame.at(point.x, point.y);
            picture.fill(fill, [[x + aside - 3.5, y - 3.5, 7.0, 7.0]]);
        }
    }
}

/// A line of two pixels as a polygon.
fn stroke(a: (f32, f32), b: (f32, f32)) -> Vec<(f32, f32)> {
    let (x, y) = (b.0 - a.0, b.1 - a.1);
    let length = x.hypot(y).max(1e-3);
    // Half of the width, across and along the line, so that joints are closed.
    let (across, along) = ((-y / length, x / length), (0.4 * x / length, 0.4 * y / length));
    vec![
        (a.0 + across.0 - along.0, a.1 + across.1 - along.1),
        (b.0 + across.0 + along.0, b.1 + across.1 + along.1),
        (b.0 - across.0 + along.0, b.1 - across.1 + along.1),
        (a.0 - across.0 - along.0, a.1 - across.1 - along.1),
    ]
}

fn upwards(picture: &mut Picture, at: (f32, f32), anchor: Anchor, size: f32, text: &str) {
    let text = text.to_owned();
    let (colour, upwards) = (BLACK, true);
    picture.items.push(Item::Text(Text { at, anchor, size, colour, upwards, text }));
}

/// Returns a range that holds all values with a share of room; -1 to 1 of none.
fn range(values: impl Iterator<Item = f64>, room: f64) -> Range<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return -1.0..1.0;
    }
    let room = if high > low { room * (high - low) } else { 1.0 };
    low - room..high + room
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Lines {
        let point = |x: f64, y: f64| LinesPoint { x, y, half: 0.5 };
        let curve = |name: &str, joined| LinesCurve {
            name: name.into(),
            points: vec![point(-2.0, 1.0), point(0.0, 3.0), point(1.0, f64::NAN), point(2.0, -1.0)],
            joined,
        };
        let panel = LinesPanel {
            axis: "log2".into(),
            curves: vec![curve("AATAAA", true), curve("other", false)],
        };
        Lines {
            title: "title".into(),
            subtitle: "sub".into(),
            axis: "nt".into(),
            panels: vec![panel.clone(), panel],
            names: Vec::new(),
        }
    }

    #[test]
    fn points_lie_in_their_panel_and_unknown_ones_nowhere() {
        let picture = chart().draw();
        let segments: Vec<&Vec<(f32, f32)>> = picture
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Polygon { points, .. } => Some(points),
                _ => None,
            })
            .collect();
        // Of one curve in each of two panels the two known points that are neighbours.
        assert_eq!(segments.len(), 2);
        for (number, points) in segments.into_iter().enumerate() {
            let top = TOP + number as f32 * (HEIGHT + GAP);
            for (x, y) in points {
                assert!((LEFT - 2.0..=LEFT + WIDTH + 2.0).contains(x), "{x}");
                assert!((top..=top + HEIGHT).contains(y), "{y}");
            }
        }
        let svg = picture.svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        for text in ["AATAAA", "title", "+2<", ">0<"] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn a_chart_of_nothing_is_drawn() {
        let none = LinesPanel { axis: "y".into(), curves: Vec::new() };
        let picture = Lines { panels: vec![none], ..chart() }.draw();
        assert!(!picture.svg().contains("NaN") && picture.png(1).is_ok());
    }
}
