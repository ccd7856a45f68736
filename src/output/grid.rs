//! Heat maps of named rows by distance from the site.

use std::collections::BTreeMap;

use super::heat_map::scale::{Scale, label, ticks};
use super::picture::{Anchor, BLACK, Colour, Item, Picture, Rectangle, Text};

/// Width of a column and height of a row.
const COLUMN: f32 = 4.0;
const ROW: f32 = 14.0;
/// Left of, right of, above and below the cells.
const LEFT: f32 = 190.0;
const RIGHT: f32 = 120.0;
const TOP: f32 = 84.0;
const BOTTOM: f32 = 64.0;
const TINY: f32 = 12.0;
const SMALL: f32 = 15.0;
const NORMAL: f32 = 17.0;
/// Nucleotides between two numbers of the axis.
const NUMBERS: i64 = 20;
/// Between two groups of rows.
const GAP: f32 = 6.0;
/// At least, so that the scale has room.
const LOWEST: f32 = 160.0;
const LINE: Colour = Colour(110, 110, 110);
const DARK: Colour = Colour(51, 51, 51);

/// What is shown, in transcript direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    pub title: String,
    pub subtitle: String,
    /// What the values are, with their unit.
    pub quantity: String,
    /// What the columns are.
    pub axis: String,
    /// Distance of the first column.
    pub first: i64,
    pub rows: Vec<GridRow>,
}

/// A row of cells.
#[derive(Clone, Debug, PartialEq)]
pub struct GridRow {
    /// Rows of one group lie together, under one name.
    pub group: String,
    pub name: String,
    /// NaN where nothing is known.
    pub values: Vec<f64>,
}

impl Grid {
    /// Draws the picture.
    pub fn draw(&self) -> Picture {
        let columns = self.rows.iter().map(|row| row.values.len()).max().unwrap_or(0);
        let (tops, end) = self.tops();
        let bottom = end.max(TOP + LOWEST);
        let right = LEFT + COLUMN * columns as f32;
        let (width, height) = ((right + RIGHT).ceil() as u32, (bottom + BOTTOM).ceil() as u32);
        let mut picture = Picture { width, height, title: self.title.clone(), items: Vec::new() };
        picture.text((LEFT, 32.0), Anchor::Start, 24.0, &self.title);
        picture.text((LEFT, 56.0), Anchor::Start, SMALL, &self.subtitle);
        let values = self.rows.iter().flat_map(|row| row.values.iter().copied());
        let scale = Scale::of(values);
        self.draw_cells(&mut picture, &tops, scale);
        self.draw_names(&mut picture, &tops);
        self.draw_axis(&mut picture, columns, (end, bottom));
        self.draw_scale(&mut picture, scale, right, bottom);
        picture
    }

    /// Upper edge of each row, and the lower edge of the last.
    fn tops(&self) -> (Vec<f32>, f32) {
        let mut y = TOP;
        let mut tops = Vec::new();
        for (number, row) in self.rows.iter().enumerate() {
            if number > 0 && self.rows[number - 1].group != row.group {
                y += GAP;
            }
            tops.push(y);
            y += ROW;
        }
        (tops, y)
    }

    fn draw_cells(&self, picture: &mut Picture, tops: &[f32], scale: Scale) {
        let mut by_colour: BTreeMap<(u8, u8, u8), Vec<Rectangle>> = BTreeMap::new();
        for (row, &top) in self.rows.iter().zip(tops) {
            let mut from = 0;
            // Neighbours of one colour are one rectangle.
            while from < row.values.len() {
                let colour = scale.colour(row.values[from]);
                let same = |at: &usize| scale.colour(row.values[*at]) != colour;
                let to = (from..row.values.len()).find(same).unwrap_or(row.values.len());
                let Colour(r, g, b) = colour;
                let cell = [LEFT + COLUMN * from as f32, top, COLUMN * (to - from) as f32, ROW];
                by_colour.entry((r, g, b)).or_default().push(cell);
                from = to;
            }
        }
        for ((r, g, b), cells) in by_colour {
            picture.fill(Colour(r, g, b), cells);
        }
    }

    fn draw_names(&self, picture: &mut Picture, tops: &[f32]) {
        for (number, (row, &top)) in self.rows.iter().zip(tops).enumerate() {
            let y = top + ROW - 3.0;
            picture.text((LEFT - 6.0, y), Anchor::End, TINY, &row.name);
            if number == 0 || self.rows[number - 1].group != row.group {
                picture.text((8.0, y), Anchor::Start, TINY, &row.group);
            }
        }
    }

    /// The site's line through the cells, and the distances below them.
    fn draw_axis(&self, picture: &mut Picture, columns: usize, (end, bottom): (f32, f32)) {
        let last = self.first + columns as i64 - 1;
        let x = |distance: i64| LEFT + COLUMN * ((distance - self.first) as f32 + 0.5);
        if (self.first..=last).contains(&0) {
            picture.fill(DARK, [[x(0) - 0.5, TOP - 4.0, 1.0, end - TOP + 4.0]]);
            picture.text((x(0), TOP - 8.0), Anchor::Middle, TINY, "site");
        }
        for distance in (self.first..=last).filter(|distance| distance % NUMBERS == 0) {
            picture.fill(LINE, [[x(distance) - 0.5, end, 1.0, 6.0]]);
            let sign = if distance > 0 { "+" } else { "" };
            let text = format!("{sign}{}", label(distance as f64));
            picture.text((x(distance), end + 21.0), Anchor::Middle, SMALL, text);
        }
        let middle = LEFT + COLUMN * columns as f32 / 2.0;
        picture.text((middle, bottom + 46.0), Anchor::Middle, NORMAL, &self.axis);
    }

    /// The colours of the values, at the right of the cells.
    fn draw_scale(&self, picture: &mut Picture, scale: Scale, right: f32, bottom: f32) {
        const STEPS: usize = 60;
        let (x, height) = (right + 46.0, (bottom - TOP).min(320.0));
        let step = height / STEPS as f32;
        for i in 0..STEPS {
            let share = 1.0 - 2.0 * (i as f64 + 0.5) / STEPS as f64;
            let tall = if i + 1 < STEPS { step + 0.5 } else { step };
            picture.fill(scale.colour(share * scale.end), [[x, TOP + step * i as f32, 14.0, tall]]);
        }
        for value in ticks(-scale.end, scale.end, 6) {
            let y = TOP + height * ((scale.end - value) / (2.0 * scale.end)) as f32;
            picture.fill(LINE, [[x + 14.0, y - 0.5, 4.0, 1.0]]);
            picture.text((x + 22.0, y + 5.0), Anchor::Start, TINY, label(value));
        }
        let (at, anchor) = ((x - 12.0, TOP + height / 2.0), Anchor::Middle);
        let (size, colour, upwards, text) = (SMALL, BLACK, true, self.quantity.clone());
        picture.items.push(Item::Text(Text { at, anchor, size, colour, upwards, text }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let row = |group: &str, name: &str, at: usize| {
            let mut values = vec![0.0; 41];
            values[at] = 2.0;
            values[40] = f64::NAN;
            GridRow { group: group.into(), name: name.into(), values }
        };
        Grid {
            title: "title".into(),
            subtitle: "sub".into(),
            quantity: "log2".into(),
            axis: "nt".into(),
            first: -20,
            rows: vec![row("one", "AATAAA", 3), row("one", "ATTAAA", 4), row("two", "TGTA", 9)],
        }
    }

    #[test]
    fn every_value_has_its_place_and_rows_their_names() {
        let picture = grid().draw();
        let cells = picture.items.iter().filter_map(|item| match item {
            Item::Rectangles { rectangles, .. } => Some(rectangles),
            _ => None,
        });
        let cells: Vec<Rectangle> =
            cells.flatten().copied().filter(|cell| cell[3] == ROW && cell[0] >= LEFT).collect();
        let width: f32 = cells.iter().map(|cell| cell[2]).sum();
        assert_eq!(width, 3.0 * 41.0 * COLUMN);
        // The one that differs, before and behind it, and the unknown one: four in each row.
        assert_eq!(cells.len(), 12);
        let svg = picture.svg();
        for text in ["AATAAA", "ATTAAA", ">one<", ">two<", "+20<", ">site<", "log2"] {
            assert!(svg.contains(text), "{text}");
        }
        assert_eq!(svg.matches(">one<").count(), 1);
    }

    #[test]
    fn an_empty_grid_is_drawn() {
        let picture = Grid { rows: Vec::new(), ..grid() }.draw();
        assert!(!picture.svg().contains("NaN") && picture.png(1).is_ok());
    }
}
