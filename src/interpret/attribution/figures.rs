//! Logo tracks of sites: letters as high as their integrated gradients, with the seqlets below.

use super::seqlets::family;
use super::tables::{SiteAttribution, distance};
use crate::context::families::SIX;
use crate::genome::sequence::decode;
use crate::interpret::models::Quantity;
use crate::models::CENTRE;
use crate::output::heat_map::scale::label;
use crate::output::logo::Logo;
use crate::output::picture::{APART, Anchor, Colour, Picture};

const TOP: f32 = 76.0;
const LEFT: f32 = 64.0;
/// Width of a letter, height of a logo, and below it.
const LETTER: f32 = 6.0;
const HIGH: f32 = 110.0;
const BELOW: f32 = 62.0;
const SMALL: f32 = 12.0;
const LINE: Colour = Colour(110, 110, 110);
const PALE: Colour = Colour(228, 228, 228);
const NUMBERS: i64 = 20;

/// Draws the first sites, a logo for each quantity.
pub fn logos(quantities: &[Quantity], sites: &[SiteAttribution]) -> Picture {
    let nt = sites.first().map_or(1, |site| site.codes.len());
    let each = HIGH + BELOW;
    let height = TOP + each * (sites.len() * quantities.len()) as f32 + 12.0;
    let (width, height) = ((LEFT + LETTER * nt as f32 + 24.0).ceil() as u32, height.ceil() as u32);
    let title = "What each nucleotide contributes";
    let mut picture = Picture { width, height, title: title.to_owned(), items: Vec::new() };
    picture.text((LEFT, 34.0), Anchor::Start, 24.0, title);
    let subtitle =
        "integrated gradients, log2 odds; bars: seqlets, with the element that they hold";
    picture.text((LEFT, 58.0), Anchor::Start, 15.0, subtitle);
    let mut top = TOP;
    for site in sites {
        for (number, &quantity) in quantities.iter().enumerate() {
            draw(&mut picture, site, (number, quantity), top);
            top += each;
        }
    }
    picture
}

fn draw(
    picture: &mut Picture,
    site: &SiteAttribution,
    (number, quantity): (usize, Quantity),
    top: f32,
) {
    let of = &site.of[number];
    let x = |index: usize| LEFT + LETTER * index as f32;
    let right = x(site.codes.len());
    let text = format!("{}, {} {:.2}", site.name(), quantity.name(), of.said);
    picture.text((LEFT, top + 14.0), Anchor::Start, SMALL, text);
    let (upper, high) = (top + 22.0, HIGH - 22.0);
    picture.fill(PALE, [[x(CENTRE), upper, LETTER, high]]);
    let letters = decode(&site.codes);
    let column =
        |index: usize| match index.checked_sub(of.first).and_then(|at| of.integrated.get(at)) {
            Some(&value) => vec![(char::from(letters[index]), f64::from(value))],
            None => Vec::new(),
        };
    let columns = (0..site.codes.len()).map(column).collect();
    let ends = of.integrated.iter().map(|&value| f64::from(value));
    let range = ends.fold((0.0, 0.0), |(low, high): (f64, f64), v| (low.min(v), high.max(v)));
    let range = if range.1 - range.0 < 1e-6 { (0.0, 1.0) } else { range };
    Logo { columns, range }.draw(picture, [LEFT, upper, right - LEFT, high]);
    let below = top + HIGH + 4.0;
    let read = &site.codes[of.first..of.first + of.integrated.len()];
    let mut free = f32::NEG_INFINITY;
    for seqlet in &site.seqlets[number] {
        let colour = if seqlet.sum > 0.0 { APART[1] } else { APART[0] };
        picture
            .fill(colour, [[x(of.first + seqlet.from), below, LETTER * seqlet.length as f32, 4.0]]);
        let Some((family, _, at)) = family(seqlet, read, &of.integrated) else { continue };
        let middle = x(of.first + at) + LETTER * SIX as f32 / 2.0;
        // Names that would lie over each other are left out; the table has all.
        let half = 3.6 * family.name().len() as f32;
        if middle - half > free {
            picture.text((middle, below + 18.0), Anchor::Middle, SMALL, family.name());
            free = middle + half;
        }
    }
    for index in (0..site.codes.len()).filter(|&index| distance(index) % NUMBERS == 0) {
        let at = x(index) + LETTER / 2.0;
        picture.fill(LINE, [[at - 0.5, below + 24.0, 1.0, 4.0]]);
        let sign = if distance(index) > 0 { "+" } else { "" };
        let text = format!("{sign}{}", label(distance(index) as f64));
        picture.text((at, below + 40.0), Anchor::Middle, SMALL, text);
    }
    picture.fill(LINE, [[LEFT, below + 24.0, right - LEFT, 1.0]]);
}
