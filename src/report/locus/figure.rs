//! A locus as a figure for a paper.

use super::layout::{Kind, LANE, Panel};
use super::model::Model;
use super::{Layer, Locus};
use crate::output::picture::{Anchor, BLACK, Colour, Item, Picture, Text};
use crate::report::site::Site;
use crate::report::tracks::Track;

/// Space left of the panels for their labels, right of them, above and below, pixels.
const LEFT: f32 = 150.0;
const RIGHT: f32 = 20.0;
const TOP: f32 = 46.0;
const BOTTOM: f32 = 34.0;
/// Least and greatest width of a figure.
pub const WIDTHS: std::ops::RangeInclusive<u32> = 400..=8_000;

// Told apart with all kinds of colour vision (Okabe & Ito 2008), and in grey by their lightness.
const PLUS: Colour = Colour(0, 114, 178);
const MINUS: Colour = Colour(213, 94, 0);
const GAIN: Colour = Colour(0, 158, 115);
const LOSS: Colour = Colour(204, 121, 167);
const NO_CHANGE: Colour = Colour(150, 150, 150);
const GENE: Colour = Colour(60, 60, 60);
const OTHER_GENE: Colour = Colour(140, 140, 140);
const QUIET: Colour = Colour(110, 110, 110);
const RULE: Colour = Colour(205, 205, 205);

/// Sites of a panel that are labelled, the greatest.
const LABELLED: usize = 6;
/// Sites below this height have small heads.
const FAINT: f64 = 0.1;
const SMALL: f32 = 10.0;
const MEDIUM: f32 = 11.5;

/// A figure in the making.
struct Figure<'a> {
    locus: &'a Locus,
    picture: Picture,
    /// Pixels of the panels' width.
    width: f32,
}

impl Locus {
    /// Draws the locus, `width` pixels wide.
    pub fn figure(&self, width: u32) -> Picture {
        let panels = Panel::all(self);
        let height = TOP + Panel::bottom(&panels) + BOTTOM;
        let title = format!("{} ({})", self.wanted.name, self.place());
        let picture = Picture { width, height: height.ceil() as u32, title, items: Vec::new() };
        let width = width as f32 - LEFT - RIGHT;
        let mut figure = Figure { locus: self, picture, width };
        figure.heading();
        for panel in &panels {
            figure.panel(panel);
        }
        figure.legend(TOP + Panel::bottom(&panels) + 22.0, &panels);
        figure.picture
    }
}

impl Figure<'_> {
    /// Returns the place of a position between nucleotides, in pixels, cut to the panel.
    fn x(&self, position: f64) -> f32 {
        let range = &self.locus.wanted.range;
        let share = (position - range.start as f64) / (range.end - range.start) as f64;
        LEFT + share.clamp(0.0, 1.0) as f32 * self.width
    }

    fn text(&mut self, at: (f32, f32), anchor: Anchor, size: f32, colour: Colour, text: String) {
        self.picture.items.push(Item::Text(Text {
            at,
            anchor,
            size,
            colour,
            upwards: false,
            text,
        }));
    }

    fn heading(&mut self) {
        let gene = self.locus.wanted.gene.as_ref();
        let id = gene.filter(|(name, id)| name != id).map(|(_, id)| format!("{id}   \u{b7}   "));
        let place = format!("{}{}", id.unwrap_or_default(), self.locus.place());
        let name = match gene {
            Some((name, _)) => name.clone(),
            None => self.locus.contig.clone(),
        };
        self.text((LEFT, 20.0), Anchor::Start, 15.0, BLACK, name);
        self.text((LEFT, 36.0), Anchor::Start, MEDIUM, QUIET, place);
    }

    fn panel(&mut self, panel: &Panel) {
        let (top, bottom) = (TOP + panel.top, TOP + panel.top + panel.height);
        let middle = (top + bottom) / 2.0;
        let label = if panel.unit.is_empty() { middle + 4.0 } else { middle - 1.0 };
        let at = LEFT - 12.0;
        self.text((at, label), Anchor::End, MEDIUM, BLACK, panel.label.clone());
        self.text((at, middle + 12.0), Anchor::End, SMALL - 1.0, QUIET, panel.unit.clone());
        let locus = self.locus;
        let layer = panel.layer.map(|layer| &locus.layers[layer]);
        match (panel.kind, layer) {
            (Kind::Axis, _) => self.axis(bottom),
            (Kind::Genes, _) => locus.models.iter().for_each(|model| self.model(model, top)),
            (Kind::Known, _) => self.known(top, bottom),
            (Kind::Track | Kind::Signed, Some(layer)) => {
                if let Some(track) = panel.track.map(|track| &layer.tracks[track]) {
                    self.track(track, panel, top, bottom);
                }
            }
            (Kind::Sites, Some(layer)) => self.sites(layer, panel, top, bottom),
            (Kind::Alleles, Some(layer)) => self.alleles(layer, top, bottom),
            (_, None) => {}
        }
    }

    fn rule(&mut self, y: f32) {
        self.picture.fill(RULE, [[LEFT, y - 0.5, self.width, 1.0]]);
    }

    fn axis(&mut self, y: f32) {
        self.picture.fill(GENE, [[LEFT, y - 1.0, self.width, 1.0]]);
        let range = self.locus.wanted.range.clone();
        let step = step(range.end - range.start);
        let first = (range.start + 1).div_ceil(step).max(1);
        let ticks = (first..).map(|n| n * step).take_while(|tick| *tick <= range.end);
        for tick in ticks.collect::<Vec<u64>>() {
            let x = self.x(tick as f64 - 0.5);
            self.picture.fill(GENE, [[x - 0.5, y - 6.0, 1.0, 5.0]]);
            let anchor = match x {
                x if x < LEFT + 30.0 => Anchor::Start,
                x if x > LEFT + self.width - 30.0 => Anchor::End,
                _ => Anchor::Middle,
            };
            let text = crate::report::facts::grouped(tick);
            self.text((x, y - 10.0), anchor, SMALL, QUIET, text);
        }
    }

    fn model(&mut self, model: &Model, top: f32) {
        let middle = top + model.lane as f32 * LANE + LANE / 2.0;
        let colour = if model.chosen { GENE } else { OTHER_GENE };
        let half = if model.transcript { 2.5 } else { 4.5 };
        let (start, end) = (self.x(model.start as f64), self.x(model.end as f64));
        self.picture.fill(colour, [[start, middle - 0.5, end - start, 1.0]]);
        let exons = model.exons.iter().map(|[from, to]| {
            let (from, to) = (self.x(*from as f64), self.x(*to as f64));
            [from, middle - half, (to - from).max(0.7), 2.0 * half]
        });
        let exons: Vec<[f32; 4]> = exons.filter(|exon| exon[0] < LEFT + self.width).collect();
        self.picture.fill(colour, exons.iter().copied());
        self.arrows(model, middle, colour, &exons);
        if model.transcript {
            return;
        }
        let name = match model.strand {
            '+' => format!("{} >", model.name),
            _ => format!("< {}", model.name),
        };
        // Beside the gene where there is room, else on a white ground in it.
        let size = if model.chosen { MEDIUM } else { SMALL };
        let room = name.chars().count() as f32 * size * 0.65 + 6.0;
        let (at, anchor) = if start - LEFT > room {
            (start - 5.0, Anchor::End)
        } else if LEFT + self.width - end > room {
            (end + 5.0, Anchor::Start)
        } else {
            let white = [start + 3.0, middle - size / 2.0 - 1.0, room - 2.0, size + 2.0];
            self.picture.fill(Colour(255, 255, 255), [white]);
            (start + 6.0, Anchor::Start)
        };
        self.text((at, middle + 3.8), anchor, size, colour, name);
    }

    /// Draws the direction of transcription along introns.
    fn arrows(&mut self, model: &Model, y: f32, colour: Colour, exons: &[[f32; 4]]) {
        let (start, end) = (self.x(model.start as f64), self.x(model.end as f64));
        let forward = if model.strand == '+' { 1.0 } else { -1.0 };
        let mut x = start + 14.0;
        while x < end - 8.0 {
            let near = |[left, _, width, _]: &[f32; 4]| x > left - 5.0 && x < left + width + 5.0;
            if !exons.iter().any(near) {
                let (tip, back) = (x + 2.5 * forward, x - 1.5 * forward);
                let points = vec![(back, y - 3.0), (tip, y), (back, y + 3.0)];
                self.picture.items.push(Item::Polygon { fill: colour, points });
            }
            x += 26.0;
        }
    }

    fn known(&mut self, top: f32, bottom: f32) {
        self.rule(bottom);
        for known in &self.locus.known {
            let x = self.x(known.position as f64 + 0.5);
            let colour = of_strand(known.strand);
            let points = vec![(x - 3.5, top + 5.0), (x + 3.5, top + 5.0), (x, bottom - 1.0)];
            self.picture.items.push(Item::Polygon { fill: colour, points });
        }
    }

    fn track(&mut self, track: &Track, panel: &Panel, top: f32, bottom: f32) {
        let [low, high] = track.span();
        let pixels = self.width.ceil() as usize;
        let mut values = vec![f32::NAN; pixels];
        let range = &self.locus.wanted.range;
        let length = (range.end - range.start) as f64;
        let per_pixel = f64::from(self.width) / length;
        for (at, value) in track.values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
            let from = (at as u64 * track.bin) as f64 * per_pixel;
            let to = ((at as u64 + 1) * track.bin) as f64 * per_pixel;
            let last = (to.ceil() as usize).max(from as usize + 1).min(pixels);
            for kept in &mut values[(from as usize).min(pixels)..last] {
                if kept.is_nan() || value.abs() > kept.abs() {
                    *kept = *value;
                }
            }
        }
        let y = |value: f32| bottom - (value - low) / (high - low) * (bottom - top);
        let zero = y(0.0);
        self.rule(zero);
        let columns = values.iter().enumerate().filter(|(_, value)| !value.is_nan());
        let column = |(at, value): (usize, &f32)| {
            let y = y(value.clamp(low, high));
            [LEFT + at as f32, y.min(zero), 1.0, (y - zero).abs()]
        };
        let columns: Vec<[f32; 4]> = columns.map(column).filter(|column| column[3] > 0.0).collect();
        self.picture.fill(of_strand(panel.strand.unwrap_or('+')), joined(columns));
    }

    fn sites(&mut self, layer: &Layer, panel: &Panel, top: f32, bottom: f32) {
        self.rule(bottom);
        let sign = panel.strand.unwrap_or('+');
        let sites: Vec<&Site> =
            layer.sites.iter().filter(|site| super::strand_sign(site.strand) == sign).collect();
        let room = bottom - top - SMALL - 2.0;
        let stem = |site: &Site| {
            let (x, height) = (self.x(site.position as f64 + 0.5), height(site) as f32 * room);
            [x - 0.75, bottom - height.max(1.5), 1.5, height.max(1.5)]
        };
        let stems: Vec<[f32; 4]> = sites.iter().map(|site| stem(site)).collect();
        self.picture.fill(of_strand(sign), stems.iter().copied());
        // The many that are hardly used would else look like a line.
        let head = |(site, [x, y, ..]): (&&Site, &[f32; 4])| {
            if height(site) < FAINT {
                [x - 0.25, y - 0.5, 2.0, 2.0]
            } else {
                [x - 1.25, y - 2.0, 4.0, 4.0]
            }
        };
        let heads: Vec<[f32; 4]> = sites.iter().zip(&stems).map(head).collect();
        self.picture.fill(of_strand(sign), heads);
        let mut greatest: Vec<(&&Site, &[f32; 4])> = sites.iter().zip(&stems).collect();
        greatest.sort_by(|a, b| height(b.0).total_cmp(&height(a.0)));
        let mut taken: Vec<f32> = Vec::new();
        for (site, [x, y, ..]) in greatest.into_iter().take(4 * LABELLED) {
            let free = taken.iter().all(|other| (other - x).abs() > 34.0);
            if free && taken.len() < LABELLED && height(site) >= 0.2 {
                taken.push(*x);
                let text = format!("{:.2}", height(site));
                self.text((x + 0.75, y - 4.0), Anchor::Middle, SMALL - 1.0, QUIET, text);
            }
        }
    }

    fn alleles(&mut self, layer: &Layer, top: f32, bottom: f32) {
        let (middle, greatest) = ((top + bottom) / 2.0, layer.greatest());
        self.rule(middle);
        for allele in &layer.alleles {
            let Some(entry) = &allele.entry else { continue };
            let x = self.x(allele.position as f64 - 0.5);
            let y = middle - (entry.delta / greatest) as f32 * (bottom - top - 8.0) / 2.0;
            let colour = match entry.delta {
                _ if !entry.matters() => NO_CHANGE,
                delta if delta < 0.0 => LOSS,
                _ => GAIN,
            };
            self.picture.fill(colour, [[x - 0.5, y.min(middle), 1.0, (y - middle).abs()]]);
            let points = vec![(x - 3.0, y), (x, y - 3.0), (x + 3.0, y), (x, y + 3.0)];
            self.picture.items.push(Item::Polygon { fill: colour, points });
        }
    }

    /// Says what the colours mean.
    fn legend(&mut self, y: f32, panels: &[Panel]) {
        let has = |kind: Kind| panels.iter().any(|panel| panel.kind == kind);
        let mut entries = vec![(PLUS, "+ strand"), (MINUS, "- strand")];
        if has(Kind::Alleles) {
            entries.extend([(GAIN, "stronger"), (LOSS, "weaker"), (NO_CHANGE, "unchanged")]);
        }
        let mut x = LEFT;
        for (colour, text) in entries {
            self.picture.fill(colour, [[x, y - 8.0, 9.0, 9.0]]);
            self.text((x + 14.0, y), Anchor::Start, SMALL, QUIET, text.to_owned());
            x += 14.0 + text.len() as f32 * 6.2 + 18.0;
        }
    }
}

/// Returns how high a site is drawn, 0..1: how likely it is used or, without that, how likely it is
/// one.
fn height(site: &Site) -> f64 {
    site.expressed.unwrap_or_else(|| site.likelihood())
}

fn of_strand(strand: char) -> Colour {
    if strand == '-' { MINUS } else { PLUS }
}

/// Joins columns side by side of one height, so that files stay small.
fn joined(columns: Vec<[f32; 4]>) -> Vec<[f32; 4]> {
    let mut joined: Vec<[f32; 4]> = Vec::new();
    for column in columns {
        match joined.last_mut() {
            Some(last)
                if (last[1], last[3]) == (column[1], column[3])
                    && last[0] + last[2] == column[0] =>
            {
                last[2] += column[2];
            }
            _ => joined.push(column),
        }
    }
    joined
}

/// Returns the distance of ticks: 1, 2 or 5 times a power of ten, of which there are about six.
fn step(length: u64) -> u64 {
    let wanted = length.div_ceil(6).max(1);
    let power = 10_u64.pow(wanted.ilog10());
    [1, 2, 5, 10].into_iter().map(|n| n * power).find(|step| *step >= wanted).unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::choose::Wanted;

    #[test]
    fn ticks_are_round_and_about_six() {
        for (length, expected) in [(1, 1), (60, 10), (100, 20), (7_000, 2_000), (31_000, 10_000)] {
            assert_eq!(step(length), expected, "{length}");
        }
        for length in 10..2_000 {
            assert!((2..=7).contains(&(length / step(length))), "{length}");
        }
    }

    #[test]
    fn a_locus_without_anything_is_an_axis() {
        let wanted = Wanted { name: "r".into(), gene: None, contig: 0, range: 0..100 };
        let (models, known, layers) = Default::default();
        let locus = Locus { wanted, contig: "c<1>".into(), models, known, layers };
        let svg = locus.figure(600).svg();
        assert!(svg.contains("c&lt;1&gt;:1-100") && svg.contains(">80<"), "{svg}");
        assert_eq!(svg, locus.figure(600).svg());
    }
}
