//! Logos: letters whose heights are values, in a part of a picture.

use super::heat_map::scale::{label, ticks};
use super::picture::letters::Base;
use super::picture::{APART, Anchor, Colour, Picture, Rectangle};

/// Lower letters cannot be seen.
const LEAST: f32 = 0.25;
const LINE: Colour = Colour(110, 110, 110);
const PALE: Colour = Colour(228, 228, 228);
const SMALL: f32 = 11.0;

/// A logo: at each position letters with their heights, negative ones below the axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logo {
    pub columns: Vec<Vec<(char, f64)>>,
    /// Values at the lower and the upper edge.
    pub range: (f64, f64),
}

impl Logo {
    /// Returns the logo of shares (each position's sum to 1) whose letters are together as high as
    /// the position's information, in bits.
    pub fn of_information(letters: &str, shares: &[Vec<f64>]) -> Self {
        let most = (letters.chars().count().max(1) as f64).log2();
        let column = |shares: &Vec<f64>| {
            let bits = information(shares);
            letters.chars().zip(shares).map(|(letter, share)| (letter, share * bits)).collect()
        };
        Self { columns: shares.iter().map(column).collect(), range: (0.0, most) }
    }

    /// Draws the letters, an axis with its ticks at the left and the zero line.
    pub fn draw(&self, picture: &mut Picture, inside: Rectangle) {
        let [left, top, width, height] = inside;
        let (low, high) = self.range;
        let wide = (high - low).max(1e-9);
        let y = |value: f64| top + height * ((high - value) / wide).clamp(0.0, 1.0) as f32;
        for tick in ticks(low.min(0.0), high.max(0.0), 3) {
            picture.fill(PALE, [[left, y(tick) - 0.5, width, 1.0]]);
            picture.text((left - 5.0, y(tick) + 4.0), Anchor::End, SMALL, label(tick));
        }
        picture.fill(LINE, [[left - 1.0, top, 1.0, height]]);
        let step = width / self.columns.len().max(1) as f32;
        for (number, column) in self.columns.iter().enumerate() {
            let x = left + step * number as f32;
            let gap = (step * 0.04).min(0.5);
            for sign in [1.0, -1.0] {
                // The highest letter lies farthest from the axis.
                let mut letters: Vec<(char, f64)> =
                    column.iter().map(|&(c, v)| (c, v * sign)).filter(|(_, v)| *v > 0.0).collect();
                letters.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
                let mut from = 0.0;
                for (letter, value) in letters {
                    let ends = (y(sign * from), y(sign * (from + value)));
                    let (upper, lower) = (ends.0.min(ends.1), ends.0.max(ends.1));
                    from += value;
                    if lower - upper >= LEAST {
                        let cell = [x + gap, upper, step - 2.0 * gap, lower - upper];
                        picture.letter(letter, colour(letter), cell);
                    }
                }
            }
        }
        picture.fill(LINE, [[left, y(0.0) - 0.5, width, 1.0]]);
    }
}

/// Returns the information of shares of letters: what their entropy is less than it could be, in
/// bits.
pub fn information(shares: &[f64]) -> f64 {
    let some = shares.iter().filter(|share| **share > 0.0);
    let entropy: f64 = some.map(|share| -share * share.log2()).sum();
    ((shares.len().max(1) as f64).log2() - entropy).max(0.0)
}

/// Colours of bases as everywhere; of structure letters those that are told apart.
fn colour(letter: char) -> Colour {
    let others = "SHIMFT";
    match (Base::of(letter), letter) {
        (_, 'U') => Base::T.colour(),
        (Some(base), _) => base.colour(),
        (None, other) => {
            let at = others.find(other).unwrap_or(usize::from(other as u8));
            APART[at % APART.len()]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::picture::Item;

    #[test]
    fn letters_are_as_high_as_their_share_of_the_information() {
        let shares = [vec![1.0, 0.0, 0.0, 0.0], vec![0.5, 0.5, 0.0, 0.0], vec![0.25; 4]];
        assert_eq!(shares.clone().map(|shares| information(&shares)), [2.0, 1.0, 0.0]);
        let logo = Logo::of_information("ACGU", &shares);
        let mut picture =
            Picture { width: 100, height: 60, title: String::new(), items: Vec::new() };
        logo.draw(&mut picture, [10.0, 5.0, 60.0, 40.0]);
        let heights: Vec<f32> = picture
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Letter { inside, .. } | Item::Glyph { inside, .. } => Some(inside[3]),
                _ => None,
            })
            .collect();
        // 2 bits fill it; 1 bit is two letters of a half each; no information has no letter.
        assert_eq!(heights, [40.0, 10.0, 10.0]);
    }

    #[test]
    fn what_counts_against_hangs_below_the_axis() {
        let logo = Logo { columns: vec![vec![('A', 1.0)], vec![('C', -1.0)]], range: (-1.0, 1.0) };
        let mut picture =
            Picture { width: 100, height: 60, title: String::new(), items: Vec::new() };
        logo.draw(&mut picture, [0.0, 0.0, 20.0, 40.0]);
        let letters: Vec<Rectangle> = picture
            .items
            .iter()
            .filter_map(
                |item| if let Item::Letter { inside, .. } = item { Some(*inside) } else { None },
            )
            .collect();
        assert_eq!((letters[0][1], letters[0][3]), (0.0, 20.0));
        assert_eq!((letters[1][1], letters[1][3]), (20.0, 20.0));
    }
}
