//! Genomic variants as HGVS names them (recommendations of hgvs-nomenclature.org, DNA):
//! `NC_000002.12:g.165389311C>T`.
//!
//! HGVS counts from 1 and moves what can lie at several places to the 3' end of the genome's plus
//! strand. Where it ends up in a record follows from the genome's sequence ([`super::stated`]), not
//! from where it is named.

use super::rows::RowReason;
use super::stated::{Becomes, Edit, LAST_POSITION, Stated, What, nucleotides};

/// Letters of the kinds of sequence that positions count on: genomic, mitochondrial, circular; and
/// those that are not of the genome.
const GENOMIC: [char; 3] = ['g', 'm', 'o'];
const OTHER: [char; 4] = ['c', 'n', 'r', 'p'];

/// Reads HGVS; `None` if the text is none.
pub fn parse(text: &str) -> Option<Result<Stated, RowReason>> {
    let (colon, kind) = text.match_indices(':').find_map(|(at, _)| {
        let mut next = text[at + 1..].chars();
        let kind = next.next().filter(|kind| GENOMIC.contains(kind) || OTHER.contains(kind))?;
        (next.next() == Some('.')).then_some((at, kind))
    })?;
    let (contig, description) = (text[..colon].trim(), &text[colon + 3..]);
    if !GENOMIC.contains(&kind) {
        return Some(Err(RowReason::NotGenomic));
    }
    Some(if contig.is_empty() {
        Err(RowReason::NoPosition)
    } else {
        edit(description).map(|edit| {
            let contig = contig.to_owned();
            Stated { contig, id: None, what: What::Edit(edit) }
        })
    })
}

/// Reads what follows `g.`.
fn edit(text: &str) -> Result<Edit, RowReason> {
    let (first, rest) = number(text)?;
    let (last, rest) = match rest.strip_prefix('_') {
        Some(rest) => number(rest)?,
        None => (first, rest),
    };
    if first == 0 || last < first || last > LAST_POSITION {
        return Err(RowReason::HgvsRange);
    }
    let range = first - 1..last;
    if let Some(put) = rest.strip_prefix("ins") {
        if last != first + 1 {
            return Err(RowReason::HgvsRange);
        }
        let becomes = Becomes::Letters(letters(put)?);
        return Ok(Edit { range: first..first, stated: None, becomes });
    }
    let (stated, becomes) = if let Some(rest) = rest.strip_prefix("del") {
        match rest.split_once("ins") {
            Some((gone, put)) => (gone, Becomes::Letters(letters(put)?)),
            None => (rest, Becomes::Letters(Vec::new())),
        }
    } else if let Some(rest) = rest.strip_prefix("dup") {
        (rest, Becomes::Twice)
    } else if let Some(rest) = rest.strip_prefix("inv") {
        (rest, Becomes::Inverse)
    } else if let Some(rest) = rest.strip_suffix('=') {
        (rest, Becomes::Same)
    } else if let Some((gone, put)) = rest.split_once('>') {
        if gone.is_empty() {
            return Err(RowReason::HgvsForm);
        }
        (gone, Becomes::Letters(letters(put)?))
    } else {
        return Err(RowReason::HgvsForm);
    };
    let length = last - first + 1;
    let stated = match stated {
        "" => None,
        // Older names give the length.
        digits if digits.parse::<u64>().ok() == Some(length) => None,
        text => Some(letters(text)?),
    };
    match &stated {
        Some(stated) if stated.len() as u64 != length => Err(RowReason::HgvsLetters),
        _ => Ok(Edit { range, stated, becomes }),
    }
}

/// Reads a number; returns it and what follows.
fn number(text: &str) -> Result<(u64, &str), RowReason> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    match digits.parse() {
        Ok(number) => Ok((number, rest)),
        Err(_) if digits.is_empty() => Err(RowReason::HgvsForm),
        Err(_) => Err(RowReason::HgvsRange),
    }
}

fn letters(text: &str) -> Result<Vec<u8>, RowReason> {
    nucleotides(text).ok_or(RowReason::HgvsForm)
}

#[cfg(test)]
mod tests;
