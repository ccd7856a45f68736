//! Scales: colours that diverge from 0, round ends and ticks.

use crate::output::picture::Colour;

/// Shades on either side of white: more are not told apart, and cells of one shade are drawn
/// together.
const SHADES: i32 = 40;
/// From white to the darkest (ColorBrewer RdBu, which people with any colour vision tell apart).
const BLUES: [Colour; 5] = [
    Colour(255, 255, 255),
    Colour(209, 229, 240),
    Colour(103, 169, 207),
    Colour(33, 102, 172),
    Colour(5, 48, 97),
];
const REDS: [Colour; 5] = [
    Colour(255, 255, 255),
    Colour(253, 219, 199),
    Colour(239, 138, 98),
    Colour(178, 24, 43),
    Colour(103, 0, 31),
];
/// Where nothing is known.
pub const UNKNOWN: Colour = Colour(224, 224, 224);

/// A scale of colours from -`end` to `end`: blue below 0, white at 0, red above. The depth of
/// colour grows with the square root, so that small effects show beside that of a broken signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub end: f64,
}

impl Scale {
    /// Returns the scale that holds all values, with a round end.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let sizes = values.filter(|value| value.is_finite()).map(f64::abs);
        Self { end: round_up(sizes.fold(0.0, f64::max)) }
    }

    /// Returns the colour of a value; what lies beyond an end has the end's.
    pub fn colour(&self, value: f64) -> Colour {
        if value.is_nan() {
            return UNKNOWN;
        }
        let share = (value.abs() / self.end).min(1.0).sqrt().copysign(value);
        let shade = (share * f64::from(SHADES)).round() / f64::from(SHADES);
        let colours = if shade < 0.0 { BLUES } else { REDS };
        let along = shade.abs() * (colours.len() - 1) as f64;
        let before = (along as usize).min(colours.len() - 2);
        between(colours[before], colours[before + 1], along - before as f64)
    }
}

fn between(a: Colour, b: Colour, share: f64) -> Colour {
    let mix = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8;
    Colour(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// Returns the next number with one round digit (1, 1.5, 2, 3, 4, 5, 6, 8) that is not below; 1 of
/// 0.
pub fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    let rounds = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    // A little room for rounding.
    let fits = |round: &&f64| **round * power >= value * (1.0 - 1e-9);
    rounds.iter().find(fits).unwrap_or(&10.0) * power
}

/// Returns the ticks of an axis from `low` (at most 0) to `high` (at least 0): multiples of a round
/// step, about `count` of them.
pub fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let rough = (high - low).max(1e-9) / count.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let step = steps.iter().find(|step| **step * power >= rough).unwrap_or(&10.0) * power;
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|at| at as f64 * step).collect()
}

/// Returns a number with as many decimals as it needs, at most 3, with a proper minus.
pub fn label(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.replace('-', "\u{2212}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_diverge_evenly_from_white_at_zero() {
        let scale = Scale::of([0.5, -3.7, f64::NAN].into_iter());
        assert_eq!(scale.end, 4.0);
        assert_eq!(scale.colour(0.0), Colour(255, 255, 255));
        assert_eq!(scale.colour(-4.0), BLUES[4]);
        assert_eq!(scale.colour(-400.0), BLUES[4]);
        assert_eq!(scale.colour(4.0), REDS[4]);
        assert_eq!(scale.colour(f64::NAN), UNKNOWN);
        // Darker the farther from 0, on both sides.
        let light = |value: f64| {
            let Colour(red, green, blue) = scale.colour(value);
            u32::from(red) + u32::from(green) + u32::from(blue)
        };
        for side in [-1.0, 1.0] {
            let along: Vec<u32> = (0..=20).map(|i| light(side * f64::from(i) * 0.2)).collect();
            assert!(along.windows(2).all(|pair| pair[0] > pair[1]), "{along:?}");
        }
        // Half as deep a quarter of the way.
        assert_eq!((scale.colour(-1.0), scale.colour(1.0)), (BLUES[2], REDS[2]));
        let (Colour(red, _, blue), Colour(red_above, _, blue_above)) =
            (scale.colour(-2.0), scale.colour(2.0));
        assert!(blue > red && red_above > blue_above);
    }

    #[test]
    fn the_scale_of_nothing_is_not_empty() {
        assert_eq!(Scale::of(std::iter::empty()).end, 1.0);
        assert_eq!(Scale::of([0.0].into_iter()).colour(0.0), Colour(255, 255, 255));
    }

    #[test]
    fn ends_and_ticks_are_round() {
        for (value, expected) in [(0.011, 0.015), (1.0, 1.0), (1.01, 1.5), (6.2, 8.0), (9.0, 10.0)]
        {
            assert!((round_up(value) - expected).abs() < 1e-12, "{value}");
        }
        assert_eq!(ticks(-1.0, 4.2, 4), [0.0, 2.0, 4.0]);
        assert_eq!(ticks(-1.0, 1.0, 4), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(label(-0.5), "\u{2212}0.5");
        assert_eq!((label(2.0), label(-0.0001)), ("2".to_owned(), "0".to_owned()));
    }
}
