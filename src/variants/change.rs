//! Alleles as changes of a sequence in one canonical form, and why an allele is not scored.

use std::ops::Range;

use crate::genome::sequence::{UNKNOWN, code};
use crate::genome::strand::Strand;
use crate::models::WINDOW;
use crate::scan::inference::MAX_UNKNOWN;

/// Nucleotides on either side that the windows that touch a change reach over.
pub const FLANK: u64 = WINDOW as u64 - 1;

/// Why an allele is not scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The genome has no such contig.
    MissingContig,
    /// `*`: the allele is missing because of a deletion upstream.
    Star,
    /// A symbolic allele, or letters that are no bases.
    Symbolic,
    /// REF is not what the genome has.
    RefMismatch,
    /// The genome is unknown there, or too much of it around.
    ReferenceN,
    /// More nucleotides than are scored.
    TooLong,
    /// It lies in no gene of the annotation, nor past the end of one.
    NoGene,
    /// The contig is too short for a window.
    ContigEdge,
    /// It changes no element, and that is asked for.
    NoMotifChange,
}

impl Reason {
    /// All reasons in the order in which they are looked for: the first that applies is given.
    pub const ALL: [Self; 9] = [
        Self::MissingContig,
        Self::Star,
        Self::Symbolic,
        Self::RefMismatch,
        Self::ReferenceN,
        Self::TooLong,
        Self::NoGene,
        Self::ContigEdge,
        Self::NoMotifChange,
    ];

    /// Returns the name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingContig => "missing_contig",
            Self::Star => "star",
            Self::Symbolic => "symbolic",
            Self::RefMismatch => "ref_mismatch",
            Self::ReferenceN => "reference_n",
            Self::TooLong => "too_long",
            Self::NoGene => "no_gene",
            Self::ContigEdge => "contig_edge",
            Self::NoMotifChange => "no_motif_change",
        }
    }

    /// Returns what it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::MissingContig => "the genome has no such contig",
            Self::Star => "* stands for a deletion that another record describes",
            Self::Symbolic => "not a sequence of A, C, G and T",
            Self::RefMismatch => "REF is not what the genome has there",
            Self::ReferenceN => {
                "what is replaced, or more than half of a window around it, is unknown (N)"
            }
            Self::TooLong => "more nucleotides are replaced or put in than the limit",
            Self::NoGene => "no gene of the annotation, nor the stretch past its end, is here",
            Self::ContigEdge => "the contig is shorter than a window",
            Self::NoMotifChange => {
                "with --changed-motif-only: no element of a polyA site is made or broken or becomes another"
            }
        }
    }
}

/// Which of the windows that touch a change there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Every window that touches the change.
    All,
    /// Not those that would reach past an end of the contig.
    UpToEdge,
}

/// The replacement of a stretch of a sequence: no longer than need be, and as far left as it can
/// lie.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// First replaced nucleotide (0-based); where nothing is replaced, the one after what is put
    /// in.
    pub start: u64,
    /// Number of nucleotides replaced.
    pub removed: u64,
    /// Codes put in.
    pub inserted: Vec<u8>,
}

impl Change {
    /// Returns the canonical form of `sequence` with the stretch from `start` that reads
    /// `reference` replaced by `alternate` (codes): two alleles have the same form if and only if
    /// they make the same haplotype.
    ///
    /// ```
    /// use polyascan::genome::sequence::encode;
    /// use polyascan::variants::change::Change;
    /// let sequence = encode(b"GCACACAT").unwrap();
    /// let change = |start, reference: &[u8], alternate: &[u8]| {
    ///     let [reference, alternate] = [reference, alternate].map(|x| encode(x).unwrap());
    ///     Change::canonical(&sequence, start, &reference, &alternate)
    /// };
    /// let deletion = Change { start: 1, removed: 2, inserted: vec![] };
    /// assert_eq!(change(0, b"GCA", b"G"), deletion);
    /// assert_eq!(change(4, b"CACAT", b"CAT"), deletion);
    /// assert_eq!(change(5, b"AC", b""), deletion);
    /// ```
    pub fn canonical(sequence: &[u8], start: u64, reference: &[u8], alternate: &[u8]) -> Self {
        let same_end =
            reference.iter().rev().zip(alternate.iter().rev()).take_while(|(a, b)| a == b).count();
        let reference = &reference[..reference.len() - same_end];
        let alternate = &alternate[..alternate.len() - same_end];
        let same = reference.iter().zip(alternate).take_while(|(a, b)| a == b).count();
        let mut change = Self {
            start: start + same as u64,
            removed: (reference.len() - same) as u64,
            inserted: alternate[same..].to_vec(),
        };
        change.move_left(sequence);
        change
    }

    /// Moves an insertion or deletion as far left as the haplotype stays the same.
    fn move_left(&mut self, sequence: &[u8]) {
        let before = |start: u64| sequence.get((start.checked_sub(1)?) as usize).copied();
        if self.inserted.is_empty() && self.removed > 0 {
            while let Some(code) = before(self.start)
                && sequence.get(self.end() as usize - 1) == Some(&code)
            {
                self.start -= 1;
            }
        } else if self.removed == 0 && !self.inserted.is_empty() {
            let mut steps = 0;
            let last =
                |steps: usize| self.inserted[self.inserted.len() - 1 - steps % self.inserted.len()];
            while before(self.start - steps as u64).is_some_and(|code| code == last(steps)) {
                steps += 1;
            }
            self.start -= steps as u64;
            let turns = steps % self.inserted.len();
            self.inserted.rotate_right(turns);
        }
    }

    /// Returns the change that an allele of a VCF record makes: `position` is 0-based, `reference`
    /// and `alternate` are the record's letters, `longest` is the limit for what is replaced and
    /// for what is put in.
    ///
    /// # Errors
    /// Why the allele cannot be scored.
    pub fn of_allele(
        sequence: &[u8],
        position: i64,
        reference: &[u8],
        alternate: &[u8],
        longest: usize,
    ) -> Result<Self, Reason> {
        let alternate = bases(alternate)?;
        let Ok(start) = usize::try_from(position) else { return Err(Reason::ContigEdge) };
        let here = sequence.get(start..start.saturating_add(reference.len()));
        let here = here.ok_or(Reason::RefMismatch)?;
        let differs = |(&letter, &here): (&u8, &u8)| here != UNKNOWN && code(letter) != Some(here);
        if reference.iter().zip(here).any(differs) {
            return Err(Reason::RefMismatch);
        }
        // Only what is replaced and put in has to be known, not what a record repeats around it.
        let change = Self::canonical(sequence, start as u64, here, &alternate);
        if change.inserted.contains(&UNKNOWN) {
            return Err(Reason::Symbolic);
        }
        if sequence[change.start as usize..change.end() as usize].contains(&UNKNOWN) {
            return Err(Reason::ReferenceN);
        }
        if change.removed.max(change.inserted.len() as u64) > longest as u64 {
            return Err(Reason::TooLong);
        }
        Ok(change)
    }

    /// Checks that the windows that touch the change, on both haplotypes, can be scored, and that
    /// there are any.
    ///
    /// # Errors
    /// [`Reason::ContigEdge`] or [`Reason::ReferenceN`].
    pub fn check_windows(&self, sequence: &[u8]) -> Result<Coverage, Reason> {
        let length = sequence.len() as u64;
        let shorter = length.min(length - self.removed + self.inserted.len() as u64);
        if shorter < WINDOW as u64 {
            return Err(Reason::ContigEdge);
        }
        let (start, end) = (self.start.saturating_sub(FLANK), (self.end() + FLANK).min(length));
        let whole = end - start == self.removed + 2 * FLANK;
        let coverage = if whole { Coverage::All } else { Coverage::UpToEdge };
        let stretch = |range: Range<u64>| &sequence[range.start as usize..range.end as usize];
        let around = stretch(start..end);
        if !around.contains(&UNKNOWN) {
            return Ok(coverage);
        }
        let (before, after) = (stretch(start..self.start), stretch(self.end()..end));
        let changed = [before, &self.inserted, after].concat();
        if scorable(around) && scorable(&changed) { Ok(coverage) } else { Err(Reason::ReferenceN) }
    }

    /// Returns the first position after what is replaced.
    pub fn end(&self) -> u64 {
        self.start + self.removed
    }

    /// Returns what is replaced.
    pub fn replaced(&self) -> Range<u64> {
        self.start..self.end()
    }

    /// Returns where the codes put in lie on the changed haplotype.
    pub fn put_in(&self) -> Range<u64> {
        self.start..self.start + self.inserted.len() as u64
    }

    /// Returns the position on the changed haplotype of a position of the reference; of one that is
    /// replaced, the like one of what is put in.
    pub fn to_alternate(&self, position: u64) -> u64 {
        carry(position, &self.replaced(), &self.put_in())
    }

    /// Returns the position on the reference of a position of the changed haplotype; of one that is
    /// put in, the like one of what is replaced.
    pub fn to_reference(&self, position: u64) -> u64 {
        carry(position, &self.put_in(), &self.replaced())
    }
}

/// Carries a position over from one haplotype to the other.
fn carry(position: u64, from: &Range<u64>, to: &Range<u64>) -> u64 {
    if position < from.start {
        position
    } else if position >= from.end {
        position - from.end + to.end
    } else {
        position.min(to.end.saturating_sub(1).max(to.start))
    }
}

/// Returns how many nucleotides after a changed stretch a position lies in transcript direction
/// (the next one 1), 0 inside, negative before.
pub fn offset(changed: &Range<u64>, position: u64, strand: Strand) -> i64 {
    let signed = |a: u64, b: u64| a as i64 - b as i64;
    let along = if position < changed.start {
        signed(position, changed.start)
    } else if position >= changed.end {
        signed(position, changed.end) + 1
    } else {
        0
    };
    match strand {
        Strand::Plus => along,
        Strand::Minus => -along,
    }
}

/// Returns the codes of an alternate allele, which may hold N.
fn bases(letters: &[u8]) -> Result<Vec<u8>, Reason> {
    if letters == b"*" {
        return Err(Reason::Star);
    }
    let base = |letter: &u8| match letter.to_ascii_uppercase() {
        letter @ (b'A' | b'C' | b'G' | b'T' | b'N') => code(letter).ok_or(Reason::Symbolic),
        _ => Err(Reason::Symbolic),
    };
    if letters.is_empty() { Err(Reason::Symbolic) } else { letters.iter().map(base).collect() }
}

/// Returns whether no window of a stretch has too many unknown nucleotides.
fn scorable(stretch: &[u8]) -> bool {
    let unknown = |window: &[u8]| window.iter().filter(|&&code| code >= UNKNOWN).count();
    stretch.windows(WINDOW).all(|window| unknown(window) <= MAX_UNKNOWN)
}

#[cfg(test)]
mod tests;
