//! Messages.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU8, Ordering};

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Errors alone.
    Quiet,
    /// Remarks and what came out.
    Normal,
    /// Also what a run is made of, and how long its parts take.
    Verbose,
}

static LEVEL: AtomicU8 = AtomicU8::new(Level::Normal as u8);

/// Sets how much is told from now on.
pub fn set_level(level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// Returns whether messages of this level are told.
pub fn tells(level: Level) -> bool {
    LEVEL.load(Ordering::Relaxed) >= level as u8
}

/// Prints a line on standard error, if anybody reads it and `--quiet` is not given: a message that
/// cannot be told ends no run. What a file or a name holds can be in it: see [`printable`].
#[macro_export]
macro_rules! say {
    ($($message:tt)*) => {
        $crate::say::line($crate::say::Level::Normal, format_args!($($message)*))
    };
}

/// Does the same with `--verbose` alone.
#[macro_export]
macro_rules! detail {
    ($($message:tt)*) => {
        $crate::say::line($crate::say::Level::Verbose, format_args!("polyascan: {}", format_args!($($message)*)))
    };
}

/// Does what [`say!`] does, at a level.
pub fn line(level: Level, message: fmt::Arguments<'_>) {
    if tells(level) {
        let _ = writeln!(std::io::stderr(), "{}", printable(&message.to_string()));
    }
}

/// Prints what ends a run, also with `--quiet`; on a terminal in clap's colours.
pub fn error(message: &dyn fmt::Display) {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let word = if colours { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" };
    let _ = writeln!(std::io::stderr(), "polyascan: {word} {}", printable(&message.to_string()));
}

/// Returns a number of things: `1 site`, `2 sites`, `0 sites`.
///
/// ```
/// use polyascan::say::count;
/// assert_eq!([count(1, "site"), count(0, "site")], ["1 site", "0 sites"]);
/// ```
pub fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// Returns text with control characters written out, so that no name forges a line, or moves, hides
/// or colours what a terminal shows.
///
/// ```
/// use polyascan::say::printable;
/// assert_eq!(printable("chr1\n\x1b[2J\u{9b}1m"), "chr1\\n\\u{1b}[2J\\u{9b}1m");
/// assert_eq!(printable("5\u{2032} Ende, \u{e4}\t!"), "5\u{2032} Ende, \u{e4}\t!");
/// ```
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        // Beside control characters, those that turn the direction of what follows.
        let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || (letter.is_control() && letter != '\t') {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}
