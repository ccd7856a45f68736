//! Text for people.

/// Returns a number of things: `1 site`, `2 sites`, `0 sites`.
///
/// ```
/// use polyascan::text::count;
/// assert_eq!([count(1, "site"), count(0, "site")], ["1 site", "0 sites"]);
/// ```
pub fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// Returns text with control characters written out, so that no name forges a line, or moves, hides
/// or colours what a terminal shows.
///
/// ```
/// use polyascan::text::printable;
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
