//! Pictures as SVG text. Writing to a String cannot fail.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::glyphs;
use super::letters::{Base, Piece};
use super::{Anchor, Colour, Item, Picture, Rectangle, Text};

/// The family that the PNG has, and what comes near to it.
const FONT: &str = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif";

impl Picture {
    /// Returns the picture as SVG.
    pub fn svg(&self) -> String {
        let (width, height) = (self.width, self.height);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FONT}\">\n<title>{}</title>\n<defs>\n",
            escaped(&self.title)
        );
        let used = |base: &Base| {
            self.items.iter().any(|item| matches!(item, Item::Letter { base: b, .. } if b == base))
        };
        for base in Base::ALL.into_iter().filter(used) {
            let (letter, outline) = (base.letter(), outline(base.outline()));
            let _ = writeln!(svg, "<path id=\"{letter}\" fill-rule=\"evenodd\" d=\"{outline}\"/>");
        }
        let glyph = |item: &Item| match item {
            Item::Glyph { letter, .. } => Some(*letter),
            _ => None,
        };
        let glyphs: BTreeSet<char> = self.items.iter().filter_map(glyph).collect();
        for letter in glyphs {
            let (number, outline) = (u32::from(letter), outline(&glyphs::outline(letter)));
            let _ = writeln!(svg, "<path id=\"g{number}\" d=\"{outline}\"/>");
        }
        let _ =
            writeln!(svg, "</defs>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>");
        for item in &self.items {
            write_item(&mut svg, item);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn write_item(svg: &mut String, item: &Item) {
    match item {
        Item::Rectangles { fill, rectangles } => {
            let _ = write!(svg, "<path fill=\"{}\" d=\"", hex(*fill));
            for [x, y, width, height] in rectangles.iter().map(|r| r.map(number)) {
                let _ = write!(svg, "M{x} {y}h{width}v{height}h-{width}z");
            }
            svg.push_str("\"/>\n");
        }
        Item::Letter { base, fill, inside } => {
            write_letter(svg, &base.letter().to_string(), *fill, *inside);
        }
        Item::Glyph { letter, fill, inside } => {
            write_letter(svg, &format!("g{}", u32::from(*letter)), *fill, *inside);
        }
        Item::Polygon { fill, points } => {
            let points = points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y)));
            let points: Vec<String> = points.collect();
            let (fill, points) = (hex(*fill), points.join(" "));
            let _ = writeln!(svg, "<polygon fill=\"{fill}\" points=\"{points}\"/>");
        }
        Item::Text(text) => write_text(svg, text),
    }
}

fn write_letter(svg: &mut String, id: &str, fill: Colour, inside: Rectangle) {
    let [x, y, ..] = inside.map(number);
    let scale = |length: f32| format!("{:.4}", length / 100.0);
    let (wide, high, fill) = (scale(inside[2]), scale(inside[3]), hex(fill));
    let _ = writeln!(
        svg,
        "<use href=\"#{id}\" fill=\"{fill}\" transform=\"matrix({wide} 0 0 {high} {x} {y})\"/>"
    );
}

fn write_text(svg: &mut String, text: &Text) {
    let Text { at, anchor, size, colour, upwards, text } = text;
    let (x, y) = (number(at.0), number(at.1));
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let turned =
        if *upwards { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
    let (size, fill, text) = (number(*size), hex(*colour), escaped(text));
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\" text-anchor=\"{anchor}\"{turned}>{text}</text>"
    );
}

fn outline(pieces: &[Piece]) -> String {
    let pieces = pieces.iter().map(|piece| match piece {
        Piece::Move(x, y) => format!("M{x} {y}"),
        Piece::Line(x, y) => format!("L{x} {y}"),
        Piece::Curve(points) => format!("C{}", points.map(|p| p.to_string()).join(" ")),
        Piece::Close => "z".to_owned(),
    });
    pieces.collect()
}

fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Writes a length with at most two decimals.
fn number(length: f32) -> String {
    let text = format!("{length:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
