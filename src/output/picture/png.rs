//! Pictures as PNG: drawn by tiny-skia, with text from outlines of an embedded font.

use tiny_skia::{Color, FillRule, Paint, Path, PathBuilder, Pixmap, Transform};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::glyphs;
use super::letters::Piece;
use super::{Anchor, Colour, Item, Picture, Text};
use crate::error::{Error, Result};

impl Picture {
    /// Returns the picture as PNG, each pixel of the SVG `scale` x `scale` pixels.
    ///
    /// # Errors
    /// If it is too large.
    pub fn png(&self, scale: u32) -> Result<Vec<u8>> {
        let failed = |problem: String| Error::Internal(format!("cannot draw: {problem}"));
        let canvas = Pixmap::new(self.width * scale, self.height * scale);
        let mut canvas =
            canvas.ok_or_else(|| failed("the picture has no or too many pixels".into()))?;
        canvas.fill(Color::WHITE);
        let face = Face::parse(glyphs::FONT, 0).map_err(|e| failed(e.to_string()))?;
        let scale = Transform::from_scale(scale as f32, scale as f32);
        for item in &self.items {
            let (path, fill) = match item {
                Item::Rectangles { fill, rectangles } => (rectangles_path(rectangles), fill),
                Item::Polygon { fill, points } => (polygon_path(points), fill),
                Item::Letter { base, fill, inside } => (letter_path(base.outline(), *inside), fill),
                Item::Glyph { letter, fill, inside } => {
                    (letter_path(&glyphs::outline(*letter), *inside), fill)
                }
                Item::Text(text) => (text_path(&face, text), &text.colour),
            };
            // What has no area is not there.
            let Some(path) = path else { continue };
            let Colour(red, green, blue) = *fill;
            let mut paint = Paint::default();
            paint.set_color_rgba8(red, green, blue, 255);
            let rule = match item {
                Item::Text(_) | Item::Glyph { .. } => FillRule::Winding,
                _ => FillRule::EvenOdd,
            };
            canvas.fill_path(&path, &paint, rule, scale, None);
        }
        canvas.encode_png().map_err(|e| failed(e.to_string()))
    }
}

fn rectangles_path(rectangles: &[[f32; 4]]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for &[x, y, width, height] in rectangles {
        if let Some(rectangle) = tiny_skia::Rect::from_xywh(x, y, width, height) {
            path.push_rect(rectangle);
        }
    }
    path.finish()
}

fn polygon_path(points: &[(f32, f32)]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    path.close();
    path.finish()
}

fn letter_path(outline: &[Piece], [left, top, width, height]: [f32; 4]) -> Option<Path> {
    let x = |x: f32| left + x * width / 100.0;
    let y = |y: f32| top + y * height / 100.0;
    let mut path = PathBuilder::new();
    for piece in outline {
        match *piece {
            Piece::Move(a, b) => path.move_to(x(a), y(b)),
            Piece::Line(a, b) => path.line_to(x(a), y(b)),
            Piece::Curve([a, b, c, d, e, f]) => path.cubic_to(x(a), y(b), x(c), y(d), x(e), y(f)),
            Piece::Close => path.close(),
        }
    }
    path.finish()
}

fn text_path(face: &Face<'_>, text: &Text) -> Option<Path> {
    // What the font lacks is shown as its empty box, glyph 0.
    let glyph = |letter| face.glyph_index(letter).unwrap_or(GlyphId(0));
    let glyphs: Vec<GlyphId> = text.text.chars().map(glyph).collect();
    let advance = |glyph: GlyphId| f32::from(face.glyph_hor_advance(glyph).unwrap_or(0));
    let width: f32 = glyphs.iter().map(|&glyph| advance(glyph)).sum();
    let mut pen = Pen {
        path: PathBuilder::new(),
        at: match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        },
    };
    for glyph in glyphs {
        // A blank has no outline.
        let _ = face.outline_glyph(glyph, &mut pen);
        pen.at += advance(glyph);
    }
    let size = text.size / f32::from(face.units_per_em());
    let turn = if text.upwards { -90.0 } else { 0.0 };
    let placed = Transform::from_translate(text.at.0, text.at.1)
        .pre_concat(Transform::from_rotate(turn))
        .pre_scale(size, -size);
    pen.path.finish()?.transform(placed)
}

/// Puts glyphs side by side, in units of the font, upwards.
struct Pen {
    path: PathBuilder,
    /// Where the glyph begins.
    at: f32,
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.at + x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.at + x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.quad_to(self.at + x1, y1, self.at + x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.path.cubic_to(self.at + x1, y1, self.at + x2, y2, self.at + x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
