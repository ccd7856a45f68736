//! A variant as a row states it, and the record of VCF that it is.

use std::ops::Range;

use super::rows::{NoAlternate, RowReason};
use crate::genome::sequence::{UNKNOWN, code, decode, encode, reverse_complement};
use crate::variants::change::Change;

/// The largest POS: an integer of VCF has 32 bits.
pub const LAST_POSITION: u64 = i32::MAX as u64;
/// Longer stretches are not written out, in nt.
const LONGEST: u64 = 10_000;

/// A variant on a contig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    pub contig: String,
    /// As the row has it.
    pub id: Option<String>,
    pub what: What,
}

/// What a row says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// POS from 1, REF and ALT as VCF has them, ALT `.` for none.
    Alleles {
        position: u64,
        reference: String,
        alternates: String,
    },
    /// A base at a position from 1, and not what it replaces; or why it is no base.
    Risk {
        position: u64,
        allele: Result<u8, NoAlternate>,
    },
    Edit(Edit),
}

/// A stretch of the genome that becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// 0-based half-open; empty in front of the nucleotide before which something is put in.
    pub range: Range<u64>,
    /// What the row says is there, upper case.
    pub stated: Option<Vec<u8>>,
    pub becomes: Becomes,
}

/// What a stretch becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// These letters, upper case.
    Letters(Vec<u8>),
    Twice,
    /// Its reverse complement.
    Inverse,
    Same,
}

/// The columns of a record that depend on the genome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// From 1; 0 is the place before the first nucleotide.
    pub position: u64,
    pub reference: Vec<u8>,
    /// `.` for none.
    pub alternates: Vec<u8>,
    /// Last position of a stretch that is not written out.
    pub end: Option<u64>,
    /// Why there is no ALT.
    pub without: Option<NoAlternate>,
}

impl Columns {
    fn new(position: u64, reference: &[u8], alternates: &[u8]) -> Self {
        let (reference, alternates) = (reference.to_vec(), alternates.to_vec());
        Self { position, reference, alternates, end: None, without: None }
    }

    fn without(position: u64, reference: &[u8], reason: NoAlternate) -> Self {
        Self { without: Some(reason), ..Self::new(position, reference, b".") }
    }
}

impl What {
    /// Returns whether the genome is needed to write the record.
    pub fn needs_sequence(&self) -> bool {
        !matches!(self, Self::Alleles { .. })
    }

    /// Returns the record; `sequence` are the contig's codes, empty where it is not known: N stands
    /// for what is not.
    ///
    /// # Errors
    /// Why VCF cannot express it.
    pub fn columns(&self, sequence: &[u8]) -> Result<Columns, RowReason> {
        match self {
            Self::Alleles { position, reference, alternates } => {
                let without = (alternates == ".").then_some(NoAlternate::None);
                let columns = Columns::new(*position, reference.as_bytes(), alternates.as_bytes());
                Ok(Columns { without, ..columns })
            }
            Self::Risk { position, allele } => {
                let here = letters(sequence, position - 1..*position);
                Ok(match allele {
                    Ok(base) if here == [*base] => {
                        Columns::without(*position, &here, NoAlternate::RiskIsReference)
                    }
                    Ok(base) => Columns::new(*position, &here, &[*base]),
                    Err(reason) => Columns::without(*position, &here, *reason),
                })
            }
            Self::Edit(edit) => edit.columns(sequence),
        }
    }
}

impl Edit {
    fn columns(&self, sequence: &[u8]) -> Result<Columns, RowReason> {
        let Range { start, end } = self.range;
        if end > LAST_POSITION {
            return Err(RowReason::NoPosition);
        }
        if self.becomes == Becomes::Same {
            let end = end.min(start + LONGEST);
            let reference = self.stated.clone().unwrap_or_else(|| letters(sequence, start..end));
            return Ok(Columns::without(start + 1, &reference, NoAlternate::NoChange));
        }
        if end - start > LONGEST && self.stated.is_none() {
            return self.symbolic(sequence);
        }
        let here = letters(sequence, self.range.clone());
        let reference = self.stated.clone().unwrap_or_else(|| here.clone());
        let alternate = match &self.becomes {
            Becomes::Letters(letters) => letters.clone(),
            Becomes::Twice => reference.repeat(2),
            Becomes::Inverse => inverse(&reference),
            Becomes::Same => reference.clone(),
        };
        if reference == alternate {
            return Ok(Columns::without(start + 1, &reference, NoAlternate::NoChange));
        }
        let change =
            if reference == here { known(sequence, start, &reference, &alternate) } else { None };
        Ok(match change {
            Some(change) => {
                let reference = letters(sequence, change.replaced());
                anchored(sequence, change.start, &reference, &decode(&change.inserted))
            }
            None => anchored(sequence, start, &reference, &alternate),
        })
    }

    /// Returns the record of a stretch that is too long to be written out.
    fn symbolic(&self, sequence: &[u8]) -> Result<Columns, RowReason> {
        let Range { start, end } = self.range;
        let reference = match start {
            0 => b"N".to_vec(),
            _ => letters(sequence, start - 1..start),
        };
        let alternate: &[u8] = match &self.becomes {
            Becomes::Letters(letters) if letters.is_empty() => b"<DEL>",
            Becomes::Twice => b"<DUP>",
            Becomes::Inverse => b"<INV>",
            Becomes::Letters(_) | Becomes::Same => return Err(RowReason::TooLong),
        };
        Ok(Columns { end: Some(end), ..Columns::new(start, &reference, alternate) })
    }
}

/// Returns the change in its one form, as far left as it can lie, if all letters are known.
fn known(sequence: &[u8], start: u64, reference: &[u8], alternate: &[u8]) -> Option<Change> {
    let known = |letters: &[u8]| encode(letters).ok().filter(|codes| !codes.contains(&UNKNOWN));
    let (reference, alternate) = (known(reference)?, known(alternate)?);
    // What is put in must lie within the sequence, too.
    (start <= sequence.len() as u64)
        .then(|| Change::canonical(sequence, start, &reference, &alternate))
}

/// Returns a record in which neither allele is empty: with the nucleotide before, at the contig's
/// begin the one after.
fn anchored(sequence: &[u8], start: u64, reference: &[u8], alternate: &[u8]) -> Columns {
    if !reference.is_empty() && !alternate.is_empty() {
        return Columns::new(start + 1, reference, alternate);
    }
    if start == 0 {
        let end = reference.len() as u64;
        let after = letters(sequence, end..end + 1);
        let with = |allele: &[u8]| [allele, &after].concat();
        return Columns::new(1, &with(reference), &with(alternate));
    }
    let before = letters(sequence, start - 1..start);
    let with = |allele: &[u8]| [&before, allele].concat();
    Columns::new(start, &with(reference), &with(alternate))
}

/// Returns the letters of a stretch; N outside of the sequence.
fn letters(sequence: &[u8], range: Range<u64>) -> Vec<u8> {
    let at = |i: u64| usize::try_from(i).ok().and_then(|i| sequence.get(i)).copied();
    let codes: Vec<u8> = range.map(|i| at(i).unwrap_or(UNKNOWN)).collect();
    decode(&codes)
}

/// Returns the reverse complement of letters, N for every letter that is no base.
fn inverse(letters: &[u8]) -> Vec<u8> {
    let codes: Vec<u8> = letters.iter().map(|&letter| code(letter).unwrap_or(UNKNOWN)).collect();
    decode(&reverse_complement(&codes))
}

/// Returns letters of nucleotides (IUPAC) as capitals, U as T; `None` if there is another or no
/// letter.
pub fn nucleotides(text: &str) -> Option<Vec<u8>> {
    let letter = |letter: u8| {
        let letter = letter.to_ascii_uppercase();
        let is = letter.is_ascii_alphabetic() && code(letter).is_some() && letter != b'X';
        is.then_some(if letter == b'U' { b'T' } else { letter })
    };
    let letters: Option<Vec<u8>> = text.bytes().map(letter).collect();
    letters.filter(|letters| !letters.is_empty())
}

/// Returns a position from 1.
pub fn position(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u64> = digits.then(|| text.parse().ok()).flatten();
    number.filter(|number| (1..=LAST_POSITION).contains(number))
}

/// Returns what a row with these columns states of a variant.
///
/// # Errors
/// Why it states none.
pub fn alleles(pos: &str, reference: &str, alternates: &str) -> Result<What, RowReason> {
    let at = position(pos).ok_or(RowReason::NoPosition)?;
    if reference == "-" {
        return Err(RowReason::AmbiguousInsertion);
    }
    let letters = nucleotides(reference).ok_or(RowReason::BadAllele)?;
    if alternates == "-" {
        let range = at - 1..at - 1 + letters.len() as u64;
        let becomes = Becomes::Letters(Vec::new());
        return Ok(What::Edit(Edit { range, stated: Some(letters), becomes }));
    }
    let reference = String::from_utf8_lossy(&letters).into_owned();
    let alternates = written(alternates).ok_or(RowReason::BadAllele)?;
    Ok(What::Alleles { position: at, reference, alternates })
}

/// Returns ALT as VCF has it, bases as capitals.
fn written(alternates: &str) -> Option<String> {
    let one = |allele: &str| {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b',' | b';' | b'"');
        let symbolic = allele.starts_with('<') && allele.ends_with('>') && allele.len() > 2;
        let breakend = allele.contains(['[', ']']);
        match nucleotides(allele) {
            Some(letters) => Some(String::from_utf8_lossy(&letters).into_owned()),
            None => (allele == "*" || ((symbolic || breakend) && allele.bytes().all(plain)))
                .then(|| allele.to_owned()),
        }
    };
    if alternates == "." {
        return Some(alternates.to_owned());
    }
    let all: Option<Vec<String>> = alternates.split(',').map(one).collect();
    all.map(|all| all.join(","))
}

#[cfg(test)]
mod tests;
