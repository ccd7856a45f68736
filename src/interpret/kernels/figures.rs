//! Pictures of kernels: sheets of logos, of histograms of positions and of activations by class;
//! the heat map.

use std::collections::BTreeMap;

use super::tables::Results;
use crate::interpret::statistics::quantile;
use crate::output::heat_map::scale::{Scale, label, ticks};
use crate::output::logo::Logo;
use crate::output::picture::{APART, Anchor, Colour, Picture, Rectangle};

/// Kernels in a picture, the most important ones.
pub const SHOWN: usize = 60;
/// Cells of a sheet side by side.
const ACROSS: usize = 3;
const TOP: f32 = 84.0;
const SIDE: f32 = 24.0;
const SMALL: f32 = 12.0;
const NORMAL: f32 = 15.0;
const LINE: Colour = Colour(110, 110, 110);
const PALE: Colour = Colour(228, 228, 228);
/// Bars of a histogram at most.
const BARS: usize = 60;
/// Width of the heat map's cells together, and height of a row.
const WIDE: f32 = 1000.0;
const ROW: f32 = 14.0;
/// Cells of a heat map at most: more are too much for a page.
const MOST_CELLS: usize = 60_000;

/// What a cell of a sheet shows of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The logo of each track.
    Logo,
    /// Where the greatest activations lie, by class.
    Positions,
    /// How activations spread, by class.
    Activations,
}

impl Cell {
    fn size(self) -> (f32, f32) {
        match self {
            Self::Logo => (400.0, 190.0),
            Self::Positions => (400.0, 170.0),
            Self::Activations => (300.0, 170.0),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Logo => "What kernels look for",
            Self::Positions => "Where kernels find it",
            Self::Activations => "Greatest activations by class",
        }
    }
}

/// Returns the sequences that a heat map of so many kernels has room for.
pub fn room(kernels: usize, asked: usize) -> usize {
    asked.min((MOST_CELLS / kernels.max(1)).max(50))
}

impl Results<'_> {
    /// Draws a cell of each of the most important kernels.
    pub fn sheet(&self, cell: Cell) -> Picture {
        let shown = &self.ranked[..self.ranked.len().min(SHOWN)];
        let (wide, high) = cell.size();
        let rows = shown.len().div_ceil(ACROSS).max(1);
        let width = 2.0 * SIDE + ACROSS as f32 * wide;
        let mut picture = empty(cell.title(), (width, TOP + rows as f32 * high + SIDE));
        let all = self.ranked.len();
        let of = if all > SHOWN {
            format!("{SHOWN} of {all} kernels")
        } else {
            format!("{all} kernels")
        };
        let subtitle =
            format!("{of}, the most important first; {} sequences", self.study.sequences.len());
        heading(&mut picture, cell.title(), &subtitle);
        if cell != Cell::Logo {
            self.draw_classes(&mut picture, (width - SIDE, 32.0));
        }
        for (number, &kernel) in shown.iter().enumerate() {
            let (column, row) = (number % ACROSS, number / ACROSS);
            let at = (SIDE + wide * column as f32, TOP + high * row as f32);
            self.draw(&mut picture, cell, kernel, at);
        }
        picture
    }

    /// Draws all of a kernel side by side, for a page.
    pub fn row(&self, kernel: usize) -> Picture {
        let cells = [Cell::Logo, Cell::Positions, Cell::Activations];
        let width: f32 = cells.iter().map(|cell| cell.size().0).sum();
        let name = format!("Kernel {}", self.name(kernel));
        let mut picture = empty(&name, (width, Cell::Logo.size().1));
        let mut x = 0.0;
        for cell in cells {
            self.draw(&mut picture, cell, kernel, (x, 0.0));
            x += cell.size().0;
        }
        picture
    }

    fn draw(&self, picture: &mut Picture, cell: Cell, kernel: usize, at: (f32, f32)) {
        match cell {
            Cell::Logo => self.draw_logo(picture, kernel, at),
            Cell::Positions => self.draw_positions(picture, kernel, at),
            Cell::Activations => self.draw_activations(picture, kernel, at),
        }
    }

    fn draw_logo(&self, picture: &mut Picture, kernel: usize, (x, y): (f32, f32)) {
        let found = &self.found[kernel];
        let class = &self.study.classes[found.class];
        let title = format!(
            "{}: importance {:.3}, {} sequences of {class}",
            self.name(kernel),
            found.importance,
            found.aligned.len()
        );
        picture.text((x + 4.0, y + 16.0), Anchor::Start, SMALL, title);
        if found.motifs.is_empty() {
            picture.text((x + 34.0, y + 60.0), Anchor::Start, SMALL, "never active");
        }
        let high = 140.0 / found.motifs.len().max(1) as f32;
        for (number, motif) in found.motifs.iter().enumerate() {
            let logo = Logo::of_information(&motif.track.letters, &motif.shares());
            let top = y + 30.0 + number as f32 * (high + 8.0);
            logo.draw(picture, [x + 34.0, top, 340.0, high - 8.0]);
            if number == 0 {
                picture.upwards((x + 12.0, top + high / 2.0), Anchor::Middle, SMALL, "bits");
            }
        }
    }

    fn draw_positions(&self, picture: &mut Picture, kernel: usize, (x, y): (f32, f32)) {
        let maxima = &self.profiles.maxima[kernel];
        let places = maxima.first().map_or(0, Vec::len).max(1);
        let bar = places.div_ceil(BARS);
        let binned = |counts: &Vec<u32>| {
            let sums = counts.chunks(bar).map(|counts| counts.iter().sum::<u32>());
            sums.map(f64::from).collect::<Vec<f64>>()
        };
        let bars: Vec<Vec<f64>> = maxima.iter().map(binned).collect();
        let most = bars.iter().flatten().copied().fold(0.0, f64::max).max(1.0);
        let [left, top, width, height] = [x + 44.0, y + 26.0, 334.0, 104.0];
        let title = format!("{}: sequences by position, {bar} nt each", self.name(kernel));
        picture.text((x + 4.0, y + 16.0), Anchor::Start, SMALL, title);
        axis(picture, [left, top, width, height], most);
        let step = width / bars.first().map_or(1, Vec::len) as f32;
        let each = (step * 0.9) / bars.len().max(1) as f32;
        for (class, bars) in bars.iter().enumerate() {
            let rectangle = |(at, &count): (usize, &f64)| {
                let high = height * (count / most) as f32;
                let x = left + step * at as f32 + each * class as f32;
                (high > 0.0).then_some([x, top + height - high, each, high])
            };
            picture.fill(colour_of(class), bars.iter().enumerate().filter_map(rectangle));
        }
        for place in [1, places.div_ceil(2), places] {
            let x = left + width * (place as f32 - 0.5) / places as f32;
            picture.text((x, top + height + 16.0), Anchor::Middle, SMALL, place.to_string());
        }
        let middle = (left + width / 2.0, top + height + 32.0);
        picture.text(middle, Anchor::Middle, SMALL, "nt from the sequence's first base");
    }

    fn draw_activations(&self, picture: &mut Picture, kernel: usize, (x, y): (f32, f32)) {
        let found = &self.found[kernel];
        let most = found.classes.iter().map(|class| class.quantiles[4]).fold(0.0, f64::max);
        let most = if most > 0.0 { most } else { 1.0 };
        let [left, top, width, height] = [x + 44.0, y + 26.0, 236.0, 104.0];
        let title = format!("{}: limit {:.3}", self.name(kernel), found.limit);
        picture.text((x + 4.0, y + 16.0), Anchor::Start, SMALL, title);
        axis(picture, [left, top, width, height], most);
        let at = |value: f64| top + height * (1.0 - value / most) as f32;
        let step = width / found.classes.len().max(1) as f32;
        for (number, class) in found.classes.iter().enumerate() {
            let [least, quarter, median, three, greatest] = class.quantiles.map(at);
            let middle = left + step * (number as f32 + 0.5);
            let wide = (step * 0.4).min(40.0);
            picture.fill(
                colour_of(number),
                [
                    [middle - 0.75, greatest, 1.5, least - greatest],
                    [middle - wide / 2.0, three, wide, (quarter - three).max(1.0)],
                ],
            );
            picture.fill(Colour(255, 255, 255), [[middle - wide / 2.0, median - 0.75, wide, 1.5]]);
            picture.text(
                (middle, top + height + 16.0),
                Anchor::Middle,
                SMALL,
                &self.study.classes[number],
            );
        }
        picture.fill(LINE, [[left, at(found.limit) - 0.5, width, 1.0]]);
    }

    /// Names of the classes in their colours, the last one ending at a place.
    fn draw_classes(&self, picture: &mut Picture, (right, y): (f32, f32)) {
        let mut x = right;
        for (number, class) in self.study.classes.iter().enumerate().rev() {
            picture.text((x, y), Anchor::End, NORMAL, class);
            x -= 9.0 * class.chars().count() as f32 + 24.0;
            picture.fill(colour_of(number), [[x, y - 11.0, 12.0, 12.0]]);
            x -= 16.0;
        }
    }

    /// Draws the clustered activations: kernels from top to bottom, sequences from left to right.
    pub fn heat_map(&self) -> Picture {
        const LEFT: f32 = 110.0;
        let clusters = self.clusters;
        let (rows, columns) = (clusters.kernels.len(), clusters.sequences.len().max(1));
        let bottom = TOP + 26.0 + ROW * rows as f32;
        let title = "Kernels that are active together";
        let mut picture = empty(title, (LEFT + WIDE + 110.0, bottom.max(TOP + 200.0) + SIDE));
        let subtitle = format!(
            "{rows} kernels by {columns} of {} sequences, Ward's method; standard deviations from a kernel's mean",
            self.study.sequences.len()
        );
        heading(&mut picture, title, &subtitle);
        self.draw_classes(&mut picture, (LEFT + WIDE, 32.0));
        let all = clusters.values.iter().flatten().map(|value| value.abs()).collect();
        // A few sequences stand out far; the rest is to be seen.
        let scale = Scale::of(std::iter::once(quantile(all, 0.98)));
        let step = WIDE / columns as f32;
        let mut cells: BTreeMap<(u8, u8, u8), Vec<Rectangle>> = BTreeMap::new();
        for (row, values) in clusters.values.iter().enumerate() {
            let top = TOP + 26.0 + ROW * row as f32;
            for (from, to) in runs(values.iter().map(|&value| scale.colour(value))) {
                let Colour(r, g, b) = scale.colour(values[from]);
                let cell = [LEFT + step * from as f32, top, step * (to - from) as f32, ROW];
                cells.entry((r, g, b)).or_default().push(cell);
            }
            picture.text(
                (LEFT - 6.0, top + ROW - 3.0),
                Anchor::End,
                SMALL,
                self.name(clusters.kernels[row]),
            );
        }
        let classes: Vec<usize> = clusters
            .sequences
            .iter()
            .map(|&sequence| self.study.sequences[sequence].class)
            .collect();
        for (from, to) in runs(classes.iter().copied()) {
            let Colour(r, g, b) = colour_of(classes[from]);
            let cell = [LEFT + step * from as f32, TOP + 6.0, step * (to - from) as f32, 14.0];
            cells.entry((r, g, b)).or_default().push(cell);
        }
        cells.into_iter().for_each(|((r, g, b), cells)| picture.fill(Colour(r, g, b), cells));
        draw_scale(&mut picture, scale, LEFT + WIDE + 40.0);
        picture
    }
}

/// Ranges of neighbours that are equal.
fn runs<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut last = None;
    for (at, value) in values.enumerate() {
        match runs.last_mut() {
            Some(run) if last.as_ref() == Some(&value) => run.1 = at + 1,
            _ => runs.push((at, at + 1)),
        }
        last = Some(value);
    }
    runs
}

fn draw_scale(picture: &mut Picture, scale: Scale, x: f32) {
    const STEPS: usize = 60;
    const HEIGHT: f32 = 160.0;
    let step = HEIGHT / STEPS as f32;
    for i in 0..STEPS {
        let share = 1.0 - 2.0 * (i as f64 + 0.5) / STEPS as f64;
        let cell = [x, TOP + 26.0 + step * i as f32, 14.0, step + 0.5];
        picture.fill(scale.colour(share * scale.end), [cell]);
    }
    for value in ticks(-scale.end, scale.end, 6) {
        let y = TOP + 26.0 + HEIGHT * ((scale.end - value) / (2.0 * scale.end)) as f32;
        picture.text((x + 20.0, y + 4.0), Anchor::Start, SMALL, label(value));
    }
}

fn empty(title: &str, (width, height): (f32, f32)) -> Picture {
    let (width, height) = (width.ceil() as u32, height.ceil() as u32);
    Picture { width, height, title: title.to_owned(), items: Vec::new() }
}

fn heading(picture: &mut Picture, title: &str, subtitle: &str) {
    picture.text((SIDE, 34.0), Anchor::Start, 24.0, title);
    picture.text((SIDE, 58.0), Anchor::Start, NORMAL, subtitle);
}

/// Lines at round values from 0 to `most`, with their names.
fn axis(picture: &mut Picture, [left, top, width, height]: Rectangle, most: f64) {
    for tick in ticks(0.0, most, 3) {
        let y = top + height * (1.0 - tick / most) as f32;
        picture.fill(PALE, [[left, y - 0.5, width, 1.0]]);
        picture.text((left - 6.0, y + 4.0), Anchor::End, SMALL, label(tick));
    }
    picture.fill(LINE, [[left - 1.0, top, 1.0, height], [left, top + height, width, 1.0]]);
}

fn colour_of(class: usize) -> Colour {
    APART[class % APART.len()]
}
