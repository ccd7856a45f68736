//! Effects of all SNVs around a site: a logo of what each nucleotide matters above a heat map of
//! what its replacement does.

pub mod scale;

use std::collections::BTreeMap;

use super::picture::letters::Base;
use super::picture::{Anchor, Colour, Item, Picture, Rectangle, Text};
use scale::{Scale, label, ticks};

/// Width of a column and height of a row.
const COLUMN: f32 = 6.0;
const ROW: f32 = 26.0;
/// Left of, right of, and above the panels.
const LEFT: f32 = 88.0;
const RIGHT: f32 = 128.0;
const TOP: f32 = 100.0;
/// Height of the logo, and between the panels.
const LOGO: f32 = 230.0;
const GAP: f32 = 38.0;
/// Below the panels: the axis and its name.
const BOTTOM: f32 = 64.0;
const SMALL: f32 = 15.0;
const NORMAL: f32 = 17.0;
/// Nucleotides between two numbers of the axis, and between two ticks.
const NUMBERS: i64 = 20;
const TICKS: i64 = 10;
const DARK: Colour = Colour(51, 51, 51);
const LINE: Colour = Colour(110, 110, 110);
const PALE: Colour = Colour(228, 228, 228);
const SIGNAL: Colour = Colour(213, 94, 0);

/// What is shown, in transcript direction.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    pub title: String,
    /// Figures of the site.
    pub subtitle: String,
    /// What the values are, with their unit.
    pub quantity: String,
    /// Distance of the first column from the site, negative upstream.
    pub first: i64,
    /// Of each column; `None` where nothing was scored.
    pub reference: Vec<Option<Base>>,
    /// Of each column the effects of A, C, G, T; NaN where nothing was scored. That of the
    /// reference is not looked at.
    pub effects: Vec<[f64; 4]>,
    /// Stretches with a name: distance of the first base, length.
    pub elements: Vec<(i64, usize, String)>,
}

impl HeatMap {
    /// Returns minus the mean effect of replacing a column's nucleotide: what it contributes; 0
    /// where nothing is known.
    pub fn importance(&self, column: usize) -> f64 {
        let Some(reference) = self.reference[column] else { return 0.0 };
        let others = Base::ALL.iter().zip(self.effects[column]);
        let others = others.filter(|(base, effect)| **base != reference && effect.is_finite());
        let (sum, count) = others.fold((0.0, 0), |(sum, n), (_, effect)| (sum + effect, n + 1));
        if count == 0 { 0.0 } else { -sum / f64::from(count) }
    }

    /// Draws the picture.
    pub fn draw(&self) -> Picture {
        let width = LEFT + COLUMN * self.reference.len() as f32 + RIGHT;
        let height = TOP + LOGO + GAP + 4.0 * ROW + BOTTOM;
        let (width, height) = (width.ceil() as u32, height.ceil() as u32);
        let mut picture = Picture { width, height, title: self.title.clone(), items: Vec::new() };
        picture.text((LEFT, 34.0), Anchor::Start, 26.0, &self.title);
        picture.text((LEFT, 60.0), Anchor::Start, NORMAL, &self.subtitle);
        self.draw_site(&mut picture);
        self.draw_elements(&mut picture);
        self.draw_logo(&mut picture);
        self.draw_cells(&mut picture);
        self.draw_axis(&mut picture);
        self.draw_colours(&mut picture);
        picture
    }

    fn scale(&self) -> Scale {
        Scale::of(self.effects.iter().flatten().copied())
    }

    /// Left edge of a column.
    fn x(&self, column: usize) -> f32 {
        LEFT + COLUMN * column as f32
    }

    /// Left edge of the column at a distance from the site.
    fn x_of(&self, distance: i64) -> f32 {
        LEFT + COLUMN * (distance - self.first) as f32
    }

    fn right(&self) -> f32 {
        self.x(self.reference.len())
    }

    fn cells_top() -> f32 {
        TOP + LOGO + GAP
    }

    /// A band behind the site's column, and an arrow above it.
    fn draw_site(&self, picture: &mut Picture) {
        let (x, bottom) = (self.x_of(0), Self::cells_top() + 4.0 * ROW);
        if !(LEFT..self.right()).contains(&x) {
            return;
        }
        picture.fill(PALE, [[x, TOP, COLUMN, bottom - TOP]]);
        let middle = x + COLUMN / 2.0;
        let points =
            vec![(middle - 5.0, TOP - 10.0), (middle + 5.0, TOP - 10.0), (middle, TOP - 1.0)];
        picture.items.push(Item::Polygon { fill: DARK, points });
        picture.text((middle, TOP - 14.0), Anchor::Middle, SMALL, "site");
    }

    /// A bar between the panels below each named stretch.
    fn draw_elements(&self, picture: &mut Picture) {
        let y = Self::cells_top() - GAP + 7.0;
        for (distance, length, name) in &self.elements {
            let (x, width) = (self.x_of(*distance), COLUMN * *length as f32);
            picture.fill(SIGNAL, [[x, y, width, 3.0]]);
            let (at, text) = ((x + width / 2.0, y + 20.0), name.clone());
            let (anchor, size, colour, upwards) = (Anchor::Middle, SMALL, SIGNAL, false);
            picture.items.push(Item::Text(Text { at, anchor, size, colour, upwards, text }));
        }
    }

    fn draw_logo(&self, picture: &mut Picture) {
        let values: Vec<f64> = (0..self.reference.len()).map(|c| self.importance(c)).collect();
        let high = values.iter().copied().fold(0.0, f64::max);
        let low = values.iter().copied().fold(0.0, f64::min);
        // A picture without any effect has an axis all the same.
        let (low, high) = if high - low < 1e-6 { (0.0, 1.0) } else { (low, high) };
        let y = |value: f64| TOP + LOGO * ((high - value) / (high - low)) as f32;
        for tick in ticks(low, high, 4) {
            picture.fill(PALE, [[LEFT, y(tick) - 0.5, self.right() - LEFT, 1.0]]);
            picture.text((LEFT - 8.0, y(tick) + 5.5), Anchor::End, SMALL, label(tick));
        }
        picture.fill(LINE, [[LEFT - 1.0, TOP, 1.0, LOGO]]);
        for (column, (&value, base)) in values.iter().zip(&self.reference).enumerate() {
            let Some(base) = *base else { continue };
            let (top, bottom) = (y(value.max(0.0)), y(value.min(0.0)));
            // Less than a quarter of a pixel cannot be seen.
            if bottom - top >= 0.25 {
                let inside = [self.x(column) + 0.25, top, COLUMN - 0.5, bottom - top];
                picture.items.push(Item::Letter { base, fill: base.colour(), inside });
            }
        }
        picture.fill(LINE, [[LEFT, y(0.0) - 0.5, self.right() - LEFT, 1.0]]);
        upwards(picture, (30.0, TOP + LOGO / 2.0), "importance");
    }

    fn draw_cells(&self, picture: &mut Picture) {
        let (scale, top) = (self.scale(), Self::cells_top());
        let mut by_colour: BTreeMap<(u8, u8, u8), Vec<Rectangle>> = BTreeMap::new();
        let mut marks = Vec::new();
        for (column, (reference, effects)) in self.reference.iter().zip(&self.effects).enumerate() {
            for (row, (base, &effect)) in Base::ALL.iter().zip(effects).enumerate() {
                let (x, y) = (self.x(column), top + ROW * row as f32);
                let is_reference = *reference == Some(*base);
                let Colour(r, g, b) = scale.colour(if is_reference { 0.0 } else { effect });
                by_colour.entry((r, g, b)).or_default().push([x, y, COLUMN, ROW]);
                if is_reference {
                    marks.push([x + 1.5, y + ROW / 2.0 - 1.5, 3.0, 3.0]);
                }
            }
        }
        for ((r, g, b), cells) in by_colour {
            picture.fill(Colour(r, g, b), cells);
        }
        picture.fill(DARK, marks);
        let (width, height) = (self.right() - LEFT, 4.0 * ROW);
        let frame = [
            [LEFT - 1.0, top - 1.0, width + 2.0, 1.0],
            [LEFT - 1.0, top + height, width + 2.0, 1.0],
            [LEFT - 1.0, top, 1.0, height],
            [LEFT + width, top, 1.0, height],
        ];
        picture.fill(LINE, frame);
        for (row, base) in Base::ALL.into_iter().enumerate() {
            let inside = [LEFT - 24.0, top + ROW * row as f32 + 6.0, 13.0, ROW - 12.0];
            picture.items.push(Item::Letter { base, fill: base.colour(), inside });
        }
        upwards(picture, (30.0, top + 2.0 * ROW), "replaced by");
    }

    fn draw_axis(&self, picture: &mut Picture) {
        let y = Self::cells_top() + 4.0 * ROW + 1.0;
        let last = self.first + self.reference.len() as i64 - 1;
        let at = |distance: i64| self.x_of(distance) + COLUMN / 2.0;
        let ticks = (self.first..=last).filter(|distance| distance % TICKS == 0);
        picture.fill(
            LINE,
            ticks.map(|distance| {
                let long = if distance % NUMBERS == 0 { 7.0 } else { 4.0 };
                [at(distance) - 0.5, y, 1.0, long]
            }),
        );
        for distance in (self.first..=last).filter(|distance| distance % NUMBERS == 0) {
            let sign = if distance > 0 { "+" } else { "" };
            let text = format!("{sign}{}", label(distance as f64));
            picture.text((at(distance), y + 24.0), Anchor::Middle, SMALL, text);
        }
        let middle = (LEFT + self.right()) / 2.0;
        let name = "nt from the site, in transcript direction";
        picture.text((middle, y + 50.0), Anchor::Middle, NORMAL, name);
    }

    /// The colours of the values, at the right of the cells.
    fn draw_colours(&self, picture: &mut Picture) {
        const STEPS: usize = 60;
        let (scale, x) = (self.scale(), self.right() + 58.0);
        let (top, height) = (TOP + 30.0, Self::cells_top() + 4.0 * ROW - TOP - 30.0);
        let step = height / STEPS as f32;
        for i in 0..STEPS {
            let share = 1.0 - 2.0 * (i as f64 + 0.5) / STEPS as f64;
            // A little taller than a step, so that no seam shows.
            let tall = if i + 1 < STEPS { step + 0.5 } else { step };
            picture.fill(scale.colour(share * scale.end), [[x, top + step * i as f32, 14.0, tall]]);
        }
        for value in ticks(-scale.end, scale.end, 6) {
            let y = top + height * ((scale.end - value) / (2.0 * scale.end)) as f32;
            picture.fill(LINE, [[x + 14.0, y - 0.5, 4.0, 1.0]]);
            picture.text((x + 22.0, y + 5.5), Anchor::Start, SMALL, label(value));
        }
        let text = self.quantity.clone();
        let (at, anchor) = ((x - 12.0, top + height / 2.0), Anchor::Middle);
        let (size, colour, upwards) = (SMALL, super::picture::BLACK, true);
        picture.items.push(Item::Text(Text { at, anchor, size, colour, upwards, text }));
    }
}

fn upwards(picture: &mut Picture, at: (f32, f32), text: &str) {
    let (anchor, size, colour) = (Anchor::Middle, NORMAL, super::picture::BLACK);
    let text = text.to_owned();
    picture.items.push(Item::Text(Text { at, anchor, size, colour, upwards: true, text }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> HeatMap {
        let mut effects = vec![[0.0, -0.1, -0.1, -0.1]; 41];
        effects[5] = [0.0, -2.0, -1.0, -3.0];
        effects[6] = [0.0, 0.5, 0.5, 0.5];
        effects[40] = [f64::NAN; 4];
        let mut reference = vec![Some(Base::A); 41];
        reference[40] = None;
        HeatMap {
            title: "chr9:100:+".into(),
            subtitle: "probability 0.8".into(),
            quantity: "log2".into(),
            first: -20,
            reference,
            effects,
            elements: vec![(-15, 6, "AATAAA".into())],
        }
    }

    #[test]
    fn letters_are_as_high_as_they_matter() {
        let figure = figure();
        assert_eq!(figure.importance(5), 2.0);
        assert_eq!(figure.importance(6), -0.5);
        assert_eq!(figure.importance(40), 0.0);
        let picture = figure.draw();
        let letters: Vec<Rectangle> = picture
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Letter { inside, .. } if inside[0] > LEFT => Some(*inside),
                _ => None,
            })
            .collect();
        // One for each column that was scored.
        assert_eq!(letters.len(), 40);
        let [_, top, _, high] = letters[5];
        let [_, below, _, low] = letters[6];
        // The heights of 2.0 and -0.5, from a zero line that both touch.
        assert!((high / low - 4.0).abs() < 1e-3);
        assert!((top + high - below).abs() < 1e-3);
        assert!((high + low - LOGO).abs() < 1e-3);
    }

    #[test]
    fn every_cell_is_there_and_every_reference_base_is_marked() {
        let picture = figure().draw();
        let shapes = || {
            picture.items.iter().filter_map(|item| match item {
                Item::Rectangles { rectangles, .. } => Some(rectangles),
                _ => None,
            })
        };
        let cells = shapes().flatten().filter(|cell| cell[2] == COLUMN && cell[3] == ROW);
        assert_eq!(cells.count(), 4 * 41);
        let marks = shapes().flatten().filter(|mark| mark[2] == 3.0 && mark[3] == 3.0);
        assert_eq!(marks.count(), 40);
    }

    #[test]
    fn the_axis_counts_from_the_site() {
        let svg = figure().draw().svg();
        for text in ["\u{2212}20<", ">0<", "+20<", "chr9:100:+", "AATAAA", ">site<"] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
