//! Which letters a network reads, and how its channels tell them.

use crate::models::Window;

/// Letters of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// `sequence` or `structure`.
    pub name: &'static str,
    /// In the order of the channels.
    pub letters: String,
}

/// No letter: an unknown base.
pub const NONE: u8 = u8::MAX;

/// The tracks that a network reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letters {
    pub tracks: Vec<Track>,
    /// Whether a channel is a letter of each track (pysster's extended alphabet: letters of the
    /// second x index of the first + index of the second), not of one.
    pub joint: bool,
}

impl Letters {
    /// A, C, G, T.
    pub fn bases() -> Self {
        Self { tracks: vec![Track { name: "sequence", letters: "ACGT".into() }], joint: false }
    }

    /// Returns the number of letters of each track.
    pub fn sizes(&self) -> Vec<usize> {
        self.tracks.iter().map(|track| track.letters.chars().count()).collect()
    }

    /// Returns the channels of a nucleotide.
    pub fn channels(&self) -> usize {
        if self.joint { self.sizes().iter().product() } else { self.sizes().iter().sum() }
    }

    /// Returns how many channels each group has whose shares sum to 1.
    pub fn groups(&self) -> Vec<usize> {
        if self.joint { vec![self.channels()] } else { self.sizes() }
    }

    /// Appends the channels of a window of tracks apart: codes, then structure letters; what is
    /// unknown is 0 everywhere.
    pub fn encode(&self, window: &Window<'_>, x: &mut Vec<f32>) {
        let sizes = self.sizes();
        for (at, &code) in window.codes.iter().enumerate() {
            let first = x.len();
            x.resize(first + self.channels(), 0.0);
            let nucleotide = &mut x[first..];
            if usize::from(code) < sizes[0] {
                nucleotide[usize::from(code)] = 1.0;
            }
            let label = window.structure.map(|labels| char::from(labels[at].to_ascii_uppercase()));
            let known = self.tracks.get(1).zip(label);
            let place =
                known.and_then(|(track, label)| track.letters.chars().position(|l| l == label));
            if let Some(place) = place {
                nucleotide[sizes[0] + place] = 1.0;
            }
        }
    }

    /// Returns, of each track, the shares of its letters at each nucleotide, from channels
    /// (nucleotide by nucleotide).
    pub fn shares(&self, x: &[f64]) -> Vec<Vec<Vec<f64>>> {
        let sizes = self.sizes();
        let of_track = |number: usize| {
            x.chunks_exact(self.channels())
                .map(|channels| self.of_track(channels, &sizes, number))
                .collect()
        };
        (0..sizes.len()).map(of_track).collect()
    }

    fn of_track(&self, channels: &[f64], sizes: &[usize], number: usize) -> Vec<f64> {
        if !self.joint {
            let first: usize = sizes[..number].iter().sum();
            return channels[first..first + sizes[number]].to_vec();
        }
        let behind: usize = sizes[number + 1..].iter().product();
        let mut shares = vec![0.0; sizes[number]];
        for (channel, share) in channels.iter().enumerate() {
            shares[channel / behind % sizes[number]] += share;
        }
        shares
    }

    /// Returns, of each track, the letter that was encoded at each nucleotide, [`NONE`] of none.
    pub fn read(&self, x: &[f32]) -> Vec<Vec<u8>> {
        let x: Vec<f64> = x.iter().map(|&value| f64::from(value)).collect();
        let letter = |shares: &Vec<f64>| {
            shares.iter().position(|&share| share == 1.0).map_or(NONE, |letter| letter as u8)
        };
        self.shares(&x).iter().map(|track| track.iter().map(letter).collect()).collect()
    }
}

impl Track {
    /// Returns letters as text; `N` of none.
    pub fn text(&self, letters: &[u8]) -> String {
        let known: Vec<char> = self.letters.chars().collect();
        letters
            .iter()
            .map(|&letter| known.get(usize::from(letter)).copied().unwrap_or('N'))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracks(joint: bool) -> Letters {
        let track = |name, letters: &str| Track { name, letters: letters.into() };
        Letters { tracks: vec![track("sequence", "ACGU"), track("structure", "HIMS")], joint }
    }

    #[test]
    fn extended_letters_are_read_into_both_tracks() {
        let letters = tracks(true);
        assert_eq!((letters.channels(), letters.groups()), (16, vec![16]));
        // G (2) in a stem (3), then C (1) in a hairpin loop (0).
        let mut x = vec![0f32; 32];
        (x[4 * 2 + 3], x[16 + 4]) = (1.0, 1.0);
        assert_eq!(letters.read(&x), [vec![2, 1], vec![3, 0]]);
        assert_eq!(letters.tracks[0].text(&[2, 1, NONE]), "GCN");
        let shares = letters.shares(&[0.0625; 16]);
        assert_eq!(shares, [vec![vec![0.25; 4]], vec![vec![0.25; 4]]]);
    }

    #[test]
    fn tracks_apart_are_encoded_side_by_side() {
        let letters = tracks(false);
        let window = Window { codes: &[3, 4], structure: Some(b"mF"), features: &[] };
        let mut x = Vec::new();
        letters.encode(&window, &mut x);
        let mut expected = vec![0f32; 16];
        (expected[3], expected[6]) = (1.0, 1.0);
        assert_eq!((x.clone(), letters.channels()), (expected, 8));
        assert_eq!(letters.read(&x), [vec![3, NONE], vec![2, NONE]]);
    }
}
