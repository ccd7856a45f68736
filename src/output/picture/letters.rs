//! Outlines of the letters of nucleotides, so that logos look alike whatever fonts there are.

use super::Colour;

/// A nucleotide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    A,
    C,
    G,
    T,
}

/// A piece of an outline, in a square of 100 x 100 from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Piece {
    Move(f32, f32),
    Line(f32, f32),
    /// Two control points and the end of a cubic curve.
    Curve([f32; 6]),
    Close,
}

use Piece::{Close, Curve, Line, Move};

const A: &[Piece] = &[
    Move(0.0, 100.0),
    Line(35.0, 0.0),
    Line(65.0, 0.0),
    Line(100.0, 100.0),
    Line(72.0, 100.0),
    Line(66.0, 80.0),
    Line(34.0, 80.0),
    Line(28.0, 100.0),
    Close,
    Move(39.0, 62.0),
    Line(61.0, 62.0),
    Line(50.0, 24.0),
    Close,
];
const C: &[Piece] = &[
    Move(100.0, 34.0),
    Curve([96.0, 12.0, 78.0, 0.0, 53.0, 0.0]),
    Curve([20.0, 0.0, 0.0, 20.0, 0.0, 50.0]),
    Curve([0.0, 80.0, 20.0, 100.0, 53.0, 100.0]),
    Curve([78.0, 100.0, 96.0, 88.0, 100.0, 66.0]),
    Line(76.0, 66.0),
    Curve([73.0, 77.0, 65.0, 82.0, 53.0, 82.0]),
    Curve([35.0, 82.0, 24.0, 71.0, 24.0, 50.0]),
    Curve([24.0, 29.0, 35.0, 18.0, 53.0, 18.0]),
    Curve([65.0, 18.0, 73.0, 23.0, 76.0, 34.0]),
    Close,
];
const G: &[Piece] = &[
    Move(99.0, 32.0),
    Curve([95.0, 11.0, 78.0, 0.0, 53.0, 0.0]),
    Curve([20.0, 0.0, 0.0, 20.0, 0.0, 50.0]),
    Curve([0.0, 80.0, 20.0, 100.0, 54.0, 100.0]),
    Curve([74.0, 100.0, 90.0, 94.0, 100.0, 84.0]),
    Line(100.0, 46.0),
    Line(54.0, 46.0),
    Line(54.0, 63.0),
    Line(78.0, 63.0),
    Line(78.0, 75.0),
    Curve([72.0, 80.0, 64.0, 82.0, 54.0, 82.0]),
    Curve([35.0, 82.0, 24.0, 71.0, 24.0, 50.0]),
    Curve([24.0, 29.0, 35.0, 18.0, 53.0, 18.0]),
    Curve([65.0, 18.0, 72.0, 22.0, 75.0, 32.0]),
    Close,
];
const T: &[Piece] = &[
    Move(0.0, 0.0),
    Line(100.0, 0.0),
    Line(100.0, 18.0),
    Line(65.0, 18.0),
    Line(65.0, 100.0),
    Line(35.0, 100.0),
    Line(35.0, 18.0),
    Line(0.0, 18.0),
    Close,
];

impl Base {
    /// All four, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::A, Self::C, Self::G, Self::T];

    /// Returns the letter.
    pub fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::C => 'C',
            Self::G => 'G',
            Self::T => 'T',
        }
    }

    /// Returns the nucleotide of a letter, if it is one of DNA.
    pub fn of(letter: char) -> Option<Self> {
        match letter {
            'A' => Some(Self::A),
            'C' => Some(Self::C),
            'G' => Some(Self::G),
            'T' => Some(Self::T),
            _ => None,
        }
    }

    /// Returns the usual colour in a logo, toned down.
    pub fn colour(self) -> Colour {
        match self {
            Self::A => Colour(16, 138, 62),
            Self::C => Colour(29, 92, 170),
            Self::G => Colour(232, 150, 10),
            Self::T => Colour(205, 32, 44),
        }
    }

    /// Returns the letter's outline; what an odd number of lines surrounds is inside.
    pub fn outline(self) -> &'static [Piece] {
        match self {
            Self::A => A,
            Self::C => C,
            Self::G => G,
            Self::T => T,
        }
    }
}
