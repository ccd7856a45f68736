//! Pictures of shapes and text, as SVG and as PNG.
//!
//! Charts are drawn by [`super::plot`]; this is for pictures of thousands of small shapes, which
//! stay small as SVG, and look the same as PNG. Lengths are in pixels of the SVG, from the upper
//! left corner.

mod glyphs;
pub mod letters;
mod png;
mod svg;

use letters::Base;

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour(pub u8, pub u8, pub u8);

/// Black.
pub const BLACK: Colour = Colour(0, 0, 0);

/// Colours that people with any colour vision tell apart (Okabe & Ito 2008; grey for their yellow).
pub const APART: [Colour; 8] = [
    Colour(0, 114, 178),
    Colour(213, 94, 0),
    Colour(0, 158, 115),
    Colour(204, 121, 167),
    Colour(230, 159, 0),
    Colour(86, 180, 233),
    Colour(0, 0, 0),
    Colour(120, 120, 120),
];

/// Left, top, width, height.
pub type Rectangle = [f32; 4];

/// The part of a text that lies at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A text on one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// On the base line.
    pub at: (f32, f32),
    pub anchor: Anchor,
    pub size: f32,
    pub colour: Colour,
    /// Whether it runs upwards.
    pub upwards: bool,
    pub text: String,
}

/// Something drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Rectangles {
        fill: Colour,
        rectangles: Vec<Rectangle>,
    },
    /// A nucleotide's letter that fills a rectangle.
    Letter {
        base: Base,
        fill: Colour,
        inside: Rectangle,
    },
    /// Any letter of the font that fills a rectangle.
    Glyph {
        letter: char,
        fill: Colour,
        inside: Rectangle,
    },
    Polygon {
        fill: Colour,
        points: Vec<(f32, f32)>,
    },
    Text(Text),
}

/// A picture on white ground; later items lie over earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    /// Told to readers that cannot see it.
    pub title: String,
    pub items: Vec<Item>,
}

impl Picture {
    /// Adds rectangles of one colour.
    pub fn fill(&mut self, fill: Colour, rectangles: impl IntoIterator<Item = Rectangle>) {
        let rectangles: Vec<Rectangle> = rectangles.into_iter().collect();
        if !rectangles.is_empty() {
            self.items.push(Item::Rectangles { fill, rectangles });
        }
    }

    /// Adds text.
    pub fn text(&mut self, at: (f32, f32), anchor: Anchor, size: f32, text: impl Into<String>) {
        let (colour, upwards, text) = (BLACK, false, text.into());
        self.items.push(Item::Text(Text { at, anchor, size, colour, upwards, text }));
    }

    /// Adds a text that runs upwards.
    pub fn upwards(&mut self, at: (f32, f32), anchor: Anchor, size: f32, text: impl Into<String>) {
        let (colour, upwards, text) = (BLACK, true, text.into());
        self.items.push(Item::Text(Text { at, anchor, size, colour, upwards, text }));
    }

    /// Adds a letter that fills a rectangle.
    pub fn letter(&mut self, letter: char, fill: Colour, inside: Rectangle) {
        self.items.push(match Base::of(letter) {
            Some(base) => Item::Letter { base, fill, inside },
            None => Item::Glyph { letter, fill, inside },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let mut picture =
            Picture { width: 60, height: 40, title: "a <b> & c".into(), items: Vec::new() };
        picture.fill(Colour(255, 0, 0), [[10.0, 10.0, 5.0, 5.0], [20.0, 10.0, 5.0, 5.0]]);
        let inside = [30.0, 10.0, 10.0, 20.0];
        picture.items.push(Item::Letter { base: Base::T, fill: Colour(0, 0, 255), inside });
        picture.text((2.0, 36.0), Anchor::Start, 8.0, "chr\"9<");
        picture
    }

    #[test]
    fn any_letter_fills_its_rectangle() {
        let mut picture = picture();
        picture.letter('H', Colour(0, 128, 0), [44.0, 10.0, 10.0, 20.0]);
        let svg = picture.svg();
        assert_eq!((svg.matches("<use").count(), svg.matches("id=\"g72\"").count()), (2, 1));
        let png = tiny_skia::Pixmap::decode_png(&picture.png(1).unwrap()).unwrap();
        // The stems reach the rectangle's corners; between them above the bar there is nothing.
        for at in [(44, 10), (53, 10), (44, 29), (53, 29), (49, 19)] {
            assert_eq!(pixel(&png, 1, at.0, at.1), (0, 128, 0), "{at:?}");
        }
        assert_eq!(pixel(&png, 1, 49, 13), (255, 255, 255));
    }

    #[test]
    fn svg_holds_text_as_text_and_nothing_that_would_break_it() {
        let svg = picture().svg();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(svg.contains("<title>a &lt;b&gt; &amp; c</title>"), "{svg}");
        assert!(svg.contains("chr&quot;9&lt;"), "{svg}");
        assert_eq!(svg.matches("<use").count(), 1);
    }

    /// Colour of a pixel, in pixels of the SVG.
    fn pixel(png: &tiny_skia::Pixmap, scale: u32, x: u32, y: u32) -> (u8, u8, u8) {
        let colour = png.pixel(scale * x, scale * y).unwrap();
        (colour.red(), colour.green(), colour.blue())
    }

    #[test]
    fn png_shows_the_same() {
        for scale in [1, 2] {
            let png = picture().png(scale).unwrap();
            let png = tiny_skia::Pixmap::decode_png(&png).unwrap();
            assert_eq!((png.width(), png.height()), (60 * scale, 40 * scale));
            assert_eq!(pixel(&png, scale, 12, 12), (255, 0, 0));
            assert_eq!(pixel(&png, scale, 17, 12), (255, 255, 255));
            // The T's bar and stem, and the space beside the stem.
            assert_eq!(pixel(&png, scale, 31, 11), (0, 0, 255));
            assert_eq!(pixel(&png, scale, 35, 28), (0, 0, 255));
            assert_eq!(pixel(&png, scale, 31, 28), (255, 255, 255));
            let dark = |x| (28..38).any(|y| pixel(&png, scale, x, y).0 < 128);
            assert!((2..25).any(dark) && !(45..60).any(dark));
        }
    }
}
