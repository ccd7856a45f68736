//! Messages.

use std::fmt;
use std::io::Write;

/// Prints a line on standard error, if anybody reads it: a message that cannot be told ends no run. What a file or a
/// name holds can be in it: see [`printable`].
#[macro_export]
macro_rules! say {
    ($($message:tt)*) => { $crate::say::line(format_args!($($message)*)) };
}

/// Does what [`say!`] does.
pub fn line(message: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{}", printable(&message.to_string()));
}

/// Returns text with control characters written out, so that no name forges a line, or moves, hides or colours what a
/// terminal shows.
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
