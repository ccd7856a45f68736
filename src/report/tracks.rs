//! Tracks of loci, from bigWig files.

use std::ops::Range;
use std::path::Path;

use serde::Serialize;

use super::run::TrackFile;
use crate::error::Result;
use crate::genome::strand::Strand;
use crate::output::bigwig::read::BigWigReader;

/// The letters that stand for values: the n-th of them for n / (number - 1) of the range. None of
/// them means anything in JSON or HTML; a blank stands for no value.
const LETTERS: &[u8; 86] =
    b"#$%()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}";

/// The values of a track in a stretch of a contig, in bins of equal width; of each bin the value
/// farthest from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    pub strand: Strand,
    pub quantity: &'static str,
    /// Nucleotides.
    pub bin: u64,
    /// NaN: no value.
    pub values: Vec<f32>,
}

/// A track as the page has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Packed {
    strand: String,
    quantity: &'static str,
    bin: u64,
    low: f32,
    high: f32,
    letters: String,
}

impl Track {
    /// Returns names and lengths of the contigs that have values in a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn contigs(path: &Path) -> Result<Vec<(String, u64)>> {
        let file = BigWigReader::open(path)?;
        Ok(file.contigs().iter().map(|c| (c.name.clone(), u64::from(c.length))).collect())
    }

    /// Reads a stretch of a contig into at most `bins` bins; `None` if the file has no value on the
    /// contig.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(
        track: &TrackFile,
        contig: &str,
        range: &Range<u64>,
        bins: u64,
    ) -> Result<Option<Self>> {
        let file = BigWigReader::open(&track.path)?;
        let Some(contig) = file.contigs().iter().find(|known| known.name == contig) else {
            return Ok(None);
        };
        let end = range.end.min(contig.length.into());
        if range.start >= end {
            return Ok(None);
        }
        let length = range.end - range.start;
        let bin = length.div_ceil(bins.max(1));
        let mut values = vec![f32::NAN; length.div_ceil(bin) as usize];
        // Both lie within a contig, whose length has 32 bits.
        let (first, last) = (range.start as u32, end as u32);
        file.values(contig, first..last, &mut |from, to, value| {
            if !value.is_finite() {
                return;
            }
            let bins = u64::from(from - first) / bin..=u64::from(to - 1 - first) / bin;
            for kept in &mut values[*bins.start() as usize..=*bins.end() as usize] {
                if kept.is_nan() || value.abs() > kept.abs() {
                    *kept = value;
                }
            }
        })?;
        let there = values.iter().any(|value| !value.is_nan());
        Ok(there.then_some(Self { strand: track.strand, quantity: track.quantity, bin, values }))
    }

    /// Returns the values' range, for drawing: 0 to 1 of probabilities, else to the greatest.
    pub fn span(&self) -> [f32; 2] {
        let values = || self.values.iter().filter(|value| !value.is_nan());
        let high = values().fold(0.0_f32, |high, value| high.max(value.abs()));
        match self.quantity {
            "probability" => [0.0, 1.0],
            "strongest" => [-high.max(1.0), high.max(1.0)],
            _ => [0.0, high.max(0.05)],
        }
    }

    /// Returns the track as the page has it.
    pub fn pack(&self) -> Packed {
        let [low, high] = self.span();
        let last = (LETTERS.len() - 1) as f32;
        let letter = |value: &f32| {
            if value.is_nan() {
                return ' ';
            }
            let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
            // The smallest value is not nothing.
            let up = if *value > low { 1.0 } else { 0.0 };
            LETTERS[(share * last).round().max(up) as usize] as char
        };
        let letters: String = self.values.iter().map(letter).collect();
        let (strand, quantity, bin) = (self.strand.to_string(), self.quantity, self.bin);
        Packed { strand, quantity, bin, low, high, letters }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::contigs::Contigs;
    use crate::output::atomic::publish;
    use crate::output::bigwig::{TrackOutcome, TrackWriter};

    fn written(folder: &Path, values: &[f32]) -> TrackFile {
        let path = folder.join("x.plus.cleavage.bw");
        let mut contigs = Contigs::default();
        contigs.push("c".to_owned(), 1_000);
        contigs.push("other".to_owned(), 1_000);
        let mut track = TrackWriter::create(&path, &contigs).unwrap();
        track.push(0, 100, values).unwrap();
        let TrackOutcome::Written { file, .. } = track.finish().unwrap() else { panic!() };
        publish(vec![file]).unwrap();
        TrackFile { strand: Strand::Plus, quantity: "cleavage", path }
    }

    #[test]
    fn bins_hold_the_value_that_is_farthest_from_0() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path(), &[0.1, 0.4, f32::NAN, 0.2, 0.0, 0.3]);
        let read = |range, bins| Track::read(&file, "c", &range, bins).unwrap();
        let track = read(99..107, 100).unwrap();
        assert_eq!(track.bin, 1);
        assert!(track.values[0].is_nan() && track.values[3].is_nan() && track.values[7].is_nan());
        assert_eq!((track.values[1], track.values[2], track.values[5]), (0.1, 0.4, 0.0));
        let track = read(100..106, 3).unwrap();
        assert_eq!((track.bin, &track.values[..]), (2, &[0.4, 0.2, 0.3][..]));
        assert_eq!(track.span(), [0.0, 0.4]);
        let letters = track.pack().letters;
        assert_eq!((letters.len(), letters.chars().next()), (3, Some('}')));
        assert_eq!(read(500..600, 10), None);
        assert_eq!(Track::read(&file, "other", &(0..10), 10).unwrap(), None);
        let contigs = Track::contigs(&file.path).unwrap();
        assert_eq!(contigs, [("c".to_owned(), 1_000)]);
    }

    #[test]
    fn letters_mean_nothing_in_json_or_html_and_nothing_is_no_value() {
        let values = vec![f32::NAN, 0.0, 0.000_1, 0.5, 1.0];
        let track = Track { strand: Strand::Minus, quantity: "probability", bin: 1, values };
        let packed = track.pack();
        assert_eq!((packed.low, packed.high), (0.0, 1.0));
        let letters: Vec<char> = packed.letters.chars().collect();
        assert_eq!((letters[0], letters[1], letters[2], letters[4]), (' ', '#', '$', '}'));
        assert!(LETTERS.is_sorted() && LETTERS.iter().all(u8::is_ascii_graphic));
        assert!(!LETTERS.iter().any(|letter| b"\"\\<>&'!".contains(letter)));
    }

    #[test]
    fn what_is_no_bigwig_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path(), &[0.5; 300]);
        let bytes = std::fs::read(&file.path).unwrap();
        for wrong in [&b"not a bigWig"[..], &bytes[..200], &[]] {
            std::fs::write(&file.path, wrong).unwrap();
            let error = Track::contigs(&file.path).unwrap_err().to_string();
            assert!(error.contains("not a bigWig file, or damaged"), "{error}");
        }
    }
}
