//! Dot-bracket to loop labels.

use crate::error::Problem;

/// The labels: unpaired 5' end, unpaired 3' end, hairpin loop, internal loop or bulge, multiloop,
/// stem.
pub const LABELS: &[u8] = b"FTHIMS";

/// Returns the label of each nucleotide of a structure in dot-bracket notation.
///
/// A loop is what one pair encloses up to the next pairs inside: a hairpin loop with none of these,
/// an internal loop or bulge with one, a multiloop with more. Outside all pairs, nucleotides before
/// the first stem are `F`, after the last `T`, and between two stems `M`, as forgi labels them. A
/// structure without any pair is all `F`, as in forgi.
///
/// # Errors
/// If a bracket has no partner or a character is none of `().`; the text says at which position
/// (1-based).
///
/// ```
/// use polyascan::structure::label;
/// assert_eq!(label(b"..((.((...)).)).").unwrap(), b"FFSSISSHHHSSISST");
/// assert!(label(b"((.)").unwrap_err().contains("position 1"));
/// ```
pub fn label(dot_bracket: &[u8]) -> Result<Vec<u8>, Problem> {
    let pairs_inside = pairs_inside(dot_bracket)?;
    let last = dot_bracket.iter().rposition(|&c| c == b')').unwrap_or(usize::MAX);
    let mut first_seen = false;
    let mut open = Vec::new();
    let label = |(i, &c): (usize, &u8)| match c {
        b'(' => {
            first_seen = true;
            open.push(i);
            b'S'
        }
        b')' => {
            open.pop();
            b'S'
        }
        _ => match open.last().map(|&pair| pairs_inside[pair]) {
            Some(0) => b'H',
            Some(1) => b'I',
            Some(_) => b'M',
            None if !first_seen => b'F',
            None if i > last => b'T',
            None => b'M',
        },
    };
    Ok(dot_bracket.iter().enumerate().map(label).collect())
}

/// Returns, for each opening bracket, how many pairs lie directly inside its pair: 2 stands for
/// more.
fn pairs_inside(dot_bracket: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut count = vec![0u8; dot_bracket.len()];
    let mut open: Vec<usize> = Vec::new();
    for (i, &c) in dot_bracket.iter().enumerate() {
        match c {
            b'(' => open.push(i),
            b')' => {
                let unopened = || format!("the `)` at position {} closes no `(`", i + 1);
                open.pop().ok_or_else(unopened)?;
                if let Some(&outer) = open.last() {
                    count[outer] = (count[outer] + 1).min(2);
                }
            }
            b'.' => {}
            other => return Err(unknown(other, i).into()),
        }
    }
    match open.first() {
        Some(i) => Err(format!("the `(` at position {} is never closed", i + 1).into()),
        None => Ok(count),
    }
}

fn unknown(character: u8, index: usize) -> String {
    let shown = [character].escape_ascii().to_string();
    let position = index + 1;
    if b"[]{}<>".contains(&character) || character.is_ascii_alphabetic() {
        return format!(
            "`{shown}` at position {position} marks a pseudoknot; loop labels are defined for nested \
             pairs only: give a structure of `(`, `)` and `.`, as RNAfold and RNAshapes write"
        );
    }
    format!("`{shown}` at position {position} is no dot-bracket character: `(`, `)` or `.`")
}

#[cfg(test)]
mod tests;
