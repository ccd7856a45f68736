//! Good files, damaged.

use std::io::Write;

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What parsers stumble over: separators, brackets, numbers at the edges of their types.
const TOKENS: [&str; 30] = [
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\0",
    " ",
    ">",
    "@",
    "#",
    "\"",
    "'",
    "\\",
    ";",
    ",",
    ":",
    "=",
    ".",
    "-",
    "{",
    "[",
    "]",
    "0",
    "-1",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "nan",
    "chr1",
    "\u{feff}",
];

/// Sizes that are the edges of something.
pub(super) const SIZES: [u64; 12] =
    [0, 1, 2, 3, 15, 32, 240, 1 << 16, 1 << 32, (1 << 62) + 16, 1 << 63, u64::MAX - 15];

/// One act of damage.
#[derive(Clone, Debug)]
enum Blow {
    Flip(Index, u8),
    Cut(Index),
    /// Takes out up to so many bytes.
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    /// Writes a copy of up to so many bytes at another place.
    Copy(Index, Index, usize),
    /// Puts something else in the place of a run of digits.
    Number(Index, &'static str),
}

fn blow() -> impl Strategy<Value = Blow> {
    let at = any::<Index>;
    let token = || select(&TOKENS[..]);
    prop_oneof![
        1 => (at(), 0u32..8).prop_map(|(at, bit)| Blow::Flip(at, 1 << bit)),
        1 => at().prop_map(Blow::Cut),
        1 => (at(), 1usize..40).prop_map(|(at, n)| Blow::Remove(at, n)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..5)).prop_map(|(at, bytes)| Blow::Insert(at, bytes)),
        3 => (at(), token()).prop_map(|(at, token)| Blow::Insert(at, token.into())),
        1 => (at(), at(), 1usize..80).prop_map(|(from, to, n)| Blow::Copy(from, to, n)),
        3 => (at(), token()).prop_map(|(at, token)| Blow::Number(at, token)),
    ]
}

fn strike(bytes: &mut Vec<u8>, blow: &Blow) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match blow {
        Blow::Flip(at, bit) => bytes[at.index(length)] ^= bit,
        Blow::Cut(at) => bytes.truncate(at.index(length)),
        Blow::Remove(at, n) => {
            let at = at.index(length);
            bytes.drain(at..length.min(at + n));
        }
        Blow::Insert(at, what) => {
            drop(bytes.splice(at.index(length)..at.index(length), what.clone()))
        }
        Blow::Copy(from, to, n) => {
            let (from, to) = (from.index(length), to.index(length));
            let copy = bytes[from..length.min(from + n)].to_vec();
            bytes.splice(to..to, copy);
        }
        Blow::Number(at, token) => {
            let digit = |&at: &usize| bytes[at].is_ascii_digit();
            let Some(start) = (at.index(length)..length).find(digit) else { return };
            let end = (start..length).find(|at| !digit(at)).unwrap_or(length);
            bytes.splice(start..end, token.bytes());
        }
    }
}

/// One of `good`, with up to five acts of damage.
pub(super) fn damaged(good: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (select(good), prop::collection::vec(blow(), 0..6)).prop_map(|(mut bytes, blows)| {
        blows.iter().for_each(|blow| strike(&mut bytes, blow));
        bytes
    })
}

/// As [`damaged`], as the text is or compressed, damaged before or after that; and any bytes.
pub(super) fn damaged_text(good: &[&str]) -> impl Strategy<Value = Vec<u8>> {
    let good: Vec<Vec<u8>> = good.iter().map(|text| text.as_bytes().to_vec()).collect();
    let packed = good.iter().flat_map(|text| [gzip(text), bgzip(text)]).collect();
    prop_oneof![
        6 => damaged(good.clone()),
        1 => damaged(good.clone()).prop_map(|text| gzip(&text)),
        1 => damaged(good).prop_map(|text| bgzip(&text)),
        2 => damaged(packed),
        1 => any::<Vec<u8>>(),
    ]
}

/// Returns content as one gzip member.
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Returns content as a BGZF file.
pub(crate) fn bgzip(content: &[u8]) -> Vec<u8> {
    let mut writer = noodles::bgzf::io::Writer::new(Vec::new());
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}
