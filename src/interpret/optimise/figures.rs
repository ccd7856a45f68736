//! What was found by optimisation, as tables and logos.

use super::Optimised;
use crate::interpret::soft::letters::Letters;
use crate::interpret::tables::{Table, number};
use crate::output::logo::{Logo, information};
use crate::output::picture::{Anchor, Picture};

const TOP: f32 = 76.0;
const LEFT: f32 = 56.0;
/// Width of all letters together, and of one at most.
const WIDE: f32 = 1200.0;
const WIDEST: f32 = 28.0;
const HIGH: f32 = 90.0;
const SMALL: f32 = 13.0;

/// A row for each letter at each position of each target.
pub fn shares(letters: &Letters, found: &[Optimised]) -> String {
    let columns = ["target", "track", "position", "letter", "share", "height_bits"];
    let mut table = Table::new(&columns.map(str::to_owned));
    for found in found {
        for (track, shares) in letters.tracks.iter().zip(&found.shares) {
            for (position, shares) in shares.iter().enumerate() {
                let bits = information(shares);
                for (letter, share) in track.letters.chars().zip(shares) {
                    table.row(&[
                        found.target.to_string(),
                        track.name.to_owned(),
                        (position + 1).to_string(),
                        letter.to_string(),
                        format!("{share:.6}"),
                        number(share * bits),
                    ]);
                }
            }
        }
    }
    table.text()
}

/// A row for each target: its value before and after, and of the letters with the greatest shares.
pub fn targets(letters: &Letters, found: &[Optimised]) -> String {
    let plain = ["target", "value_at_first", "value_of_shares", "value_of_letters"];
    let tracks = letters.tracks.iter().map(|track| track.name);
    let columns: Vec<String> = plain.into_iter().chain(tracks).map(str::to_owned).collect();
    let mut table = Table::new(&columns);
    for found in found {
        let mut row = vec![found.target.to_string()];
        row.extend([found.first, found.last, found.letters].map(number));
        for (track, shares) in letters.tracks.iter().zip(&found.shares) {
            let known: Vec<char> = track.letters.chars().collect();
            let most = |shares: &Vec<f64>| {
                let most = shares.iter().copied().fold(0.0, f64::max);
                known[shares.iter().position(|&share| share == most).unwrap_or(0)]
            };
            row.push(shares.iter().map(most).collect());
        }
        table.row(&row);
    }
    table.text()
}

/// A logo of each track for each target.
pub fn logos(letters: &Letters, found: &[Optimised], model: &str) -> Picture {
    let tracks = letters.tracks.len() as f32;
    let each = 34.0 + tracks * (HIGH + 14.0);
    let title = format!("What parts of {model} say most to");
    let (width, height) = (LEFT + WIDE + 24.0, TOP + each * found.len() as f32 + 16.0);
    let (width, height) = (width.ceil() as u32, height.ceil() as u32);
    let mut picture = Picture { width, height, title: title.clone(), items: Vec::new() };
    picture.text((LEFT, 34.0), Anchor::Start, 24.0, &title);
    picture.text(
        (LEFT, 58.0),
        Anchor::Start,
        15.0,
        "inputs found by optimisation; bits of information by position",
    );
    for (number, found) in found.iter().enumerate() {
        let top = TOP + each * number as f32;
        let text = format!("{}: from {:.2} to {:.2}", found.target, found.first, found.last);
        picture.text((LEFT, top + 18.0), Anchor::Start, SMALL, text);
        for (number, (track, shares)) in letters.tracks.iter().zip(&found.shares).enumerate() {
            let top = top + 28.0 + (HIGH + 14.0) * number as f32;
            let wide = WIDE.min(WIDEST * shares.len() as f32);
            let logo = Logo::of_information(&track.letters, shares);
            logo.draw(&mut picture, [LEFT, top, wide, HIGH]);
            picture.upwards((20.0, top + HIGH / 2.0), Anchor::Middle, SMALL, track.name);
        }
    }
    picture
}
