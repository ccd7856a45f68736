//! Outlines of letters of the embedded font, stretched to fill a square: for logos of structure and
//! of RNA.

use ttf_parser::{Face, OutlineBuilder};

use super::letters::Piece;

/// DejaVu Sans, the letters of ASCII and a few signs.
pub const FONT: &[u8] = include_bytes!("DejaVuSans-subset.ttf");

/// Width of a letter's room, in heights of the letter, at least.
const NARROWEST: f32 = 0.45;

/// Returns the outline of a letter in a square of 100 x 100 from its upper left corner, inside by
/// winding; that of the font's empty box for letters that it lacks, nothing for a blank.
pub fn outline(letter: char) -> Vec<Piece> {
    let Ok(face) = Face::parse(FONT, 0) else { return Vec::new() };
    let mut pen = Pen { pieces: Vec::new(), at: (0.0, 0.0) };
    let glyph = face.glyph_index(letter).unwrap_or_default();
    let Some(bounds) = face.outline_glyph(glyph, &mut pen) else { return Vec::new() };
    let length = |from: i16, to: i16| (f32::from(to) - f32::from(from)).max(1.0);
    let (width, height) = (length(bounds.x_min, bounds.x_max), length(bounds.y_min, bounds.y_max));
    // A narrow letter stays one: an I that fills its square is a block.
    let room = width.max(NARROWEST * height);
    let left = f32::from(bounds.x_min) - (room - width) / 2.0;
    let (top, wide, high) = (f32::from(bounds.y_max), 100.0 / room, 100.0 / height);
    // To a tenth: SVG has them as text.
    let round = |length: f32| (length * 10.0).round() / 10.0;
    let (x, y) = (|x: f32| round((x - left) * wide), |y: f32| round((top - y) * high));
    let placed = |piece: Piece| match piece {
        Piece::Move(a, b) => Piece::Move(x(a), y(b)),
        Piece::Line(a, b) => Piece::Line(x(a), y(b)),
        Piece::Curve([a, b, c, d, e, f]) => Piece::Curve([x(a), y(b), x(c), y(d), x(e), y(f)]),
        Piece::Close => Piece::Close,
    };
    pen.pieces.into_iter().map(placed).collect()
}

/// Collects an outline in units of the font, upwards.
struct Pen {
    pieces: Vec<Piece>,
    at: (f32, f32),
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.pieces.push(Piece::Move(x, y));
        self.at = (x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.pieces.push(Piece::Line(x, y));
        self.at = (x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        // The same curve, of one degree more.
        let towards = |from: f32, to: f32| from + 2.0 / 3.0 * (to - from);
        let (a, b) = (towards(self.at.0, x1), towards(self.at.1, y1));
        self.curve_to(a, b, towards(x, x1), towards(y, y1), x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.pieces.push(Piece::Curve([x1, y1, x2, y2, x, y]));
        self.at = (x, y);
    }

    fn close(&mut self) {
        self.pieces.push(Piece::Close);
    }
}
