//! One variant in a few letters: `chr1:12345:A:G`, `chr1-12345-A-G`, `1:12345 A>G`, `chr1 12345 A
//! G`, HGVS.

use super::hgvs;
use super::rows::RowReason;
use super::stated::{Stated, alleles, position};

/// What may stand between the parts.
const BEFORE_ALT: [char; 5] = [':', '-', '>', '/', '_'];
const BEFORE_REF: [char; 5] = [':', '-', '_', '/', ' '];
const BEFORE_POS: [char; 4] = [':', '-', '_', ' '];

/// Reads a variant.
///
/// # Errors
/// Why it is none.
///
/// ```
/// use polyascan::variants::tables::short::parse;
/// let expected = parse("chr1:12345:A:G").unwrap();
/// for text in ["chr1-12345-A-G", "chr1:12345 A>G", "chr1\t12345\ta\tg", "chr1:12345A>G"] {
///     assert_eq!(parse(text).unwrap(), expected, "{text}");
/// }
/// assert!(parse("rs12345").is_err());
/// ```
pub fn parse(text: &str) -> Result<Stated, RowReason> {
    let text = text.trim();
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        // A remark.
        [first, ..] if first.starts_with('#') => return Err(RowReason::Unparsable),
        [contig, pos, reference, alternates, ref id @ ..] if id.len() < 2 && is_number(pos) => {
            let what = alleles(pos, reference, alternates)?;
            let id = id.first().map(|id| (*id).to_owned());
            return Ok(Stated { contig: contig.to_owned(), id, what });
        }
        [_] | [_, _] | [_, _, _] => {}
        _ => return Err(RowReason::Unparsable),
    }
    if let Some(stated) = hgvs::parse(text) {
        // A name and something else is not one variant.
        return if words.len() == 1 { stated } else { Err(RowReason::Unparsable) };
    }
    let joined = words.join(" ");
    match parts(&joined) {
        Some([contig, pos, reference, alternate]) => {
            let what = alleles(pos, reference, alternate)?;
            Ok(Stated { contig: contig.to_owned(), id: None, what })
        }
        None if is_identifier(text) => Err(RowReason::Identifier),
        None => Err(RowReason::Unparsable),
    }
}

/// Returns contig, position, REF and ALT, found from the end: names of contigs may hold what
/// separates.
fn parts(text: &str) -> Option<[&str; 4]> {
    let is_allele = |c: char| c.is_ascii_alphabetic();
    // Only the last dash of two is an allele.
    let (rest, alternate) = match text.strip_suffix('-') {
        Some(rest) => (rest, "-"),
        None => text.split_at(text.trim_end_matches(|c| is_allele(c) || c == ',').len()),
    };
    let rest = rest.strip_suffix(BEFORE_ALT)?;
    let (rest, reference) = match rest.strip_suffix('-') {
        Some(rest) => (rest, "-"),
        None => rest.split_at(rest.trim_end_matches(is_allele).len()),
    };
    let rest = rest.strip_suffix(BEFORE_REF).unwrap_or(rest);
    let (rest, pos) = rest.split_at(rest.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    let contig = rest.strip_suffix(BEFORE_POS)?;
    let there = ![contig, pos, reference, alternate].contains(&"");
    (there && !contig.contains(char::is_whitespace)).then_some([contig, pos, reference, alternate])
}

/// Returns whether text is a number, be it none that a position can be.
fn is_number(text: &str) -> bool {
    position(text).is_some() || text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether text is the name of a variant in a database (`rs12345`).
fn is_identifier(text: &str) -> bool {
    let digits = ["rs", "ss", "esv", "nsv"].iter().find_map(|prefix| text.strip_prefix(prefix));
    digits.is_some_and(|digits| !digits.is_empty() && is_number(digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variants::tables::stated::What;

    fn plain(text: &str) -> (String, u64, String, String, Option<String>) {
        let stated = parse(text).unwrap_or_else(|reason| panic!("{text}: {reason:?}"));
        match stated.what {
            What::Alleles { position, reference, alternates } => {
                (stated.contig, position, reference, alternates, stated.id)
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn one_variant_has_many_forms() {
        for text in [
            "chr1:12345:A:G",
            "chr1-12345-A-G",
            "chr1_12345_A_G",
            "chr1:12345 A>G",
            "chr1:12345A>G",
            "chr1:12345_A/G",
            "chr1 12345 A G",
            " chr1\t12345\ta\tg ",
            "chr1 12345 A>G",
        ] {
            let expected = ("chr1".to_owned(), 12345, "A".to_owned(), "G".to_owned(), None);
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn names_of_contigs_may_hold_what_separates() {
        for (text, contig) in [
            ("HLA-A*01:01:12:A:G", "HLA-A*01:01"),
            ("HLA-A*01:01-12-A-G", "HLA-A*01:01"),
            ("chr1_KI270706v1_random:12:A:G", "chr1_KI270706v1_random"),
            ("NC_000001.11:12:A:G", "NC_000001.11"),
        ] {
            assert_eq!(plain(text).0, contig, "{text}");
        }
    }

    #[test]
    fn columns_may_hold_several_alleles_and_an_identifier() {
        let (.., reference, alternates, id) = plain("1\t5\tac\tA,ACC,*,<DEL>\trs7");
        assert_eq!((reference.as_str(), alternates.as_str()), ("AC", "A,ACC,*,<DEL>"));
        assert_eq!(id.as_deref(), Some("rs7"));
        assert_eq!(plain("1 5 A .").3, ".");
        assert!(matches!(parse("1:5:AC:-").unwrap().what, What::Edit(_)));
    }

    #[test]
    fn what_is_no_variant_says_why() {
        for (text, reason) in [
            ("rs12345", RowReason::Identifier),
            ("chr1:12345", RowReason::Unparsable),
            ("chr1:12345:A", RowReason::Unparsable),
            ("chr1:x:A:G", RowReason::Unparsable),
            (":5:A:G", RowReason::Unparsable),
            ("chr1:0:A:G", RowReason::NoPosition),
            ("chr1:99999999999:A:G", RowReason::NoPosition),
            ("chr1:5:A:J", RowReason::BadAllele),
            ("chr1 5 A 0", RowReason::BadAllele),
            ("chr1:5:-:G", RowReason::AmbiguousInsertion),
            ("chr1 5 rs1 A G . . .", RowReason::Unparsable),
            ("NM_000059.4:c.5A>G", RowReason::NotGenomic),
            ("NC_000001.11:g.5A>G x", RowReason::Unparsable),
            ("", RowReason::Unparsable),
        ] {
            assert_eq!(parse(text), Err(reason), "{text}");
        }
    }
}
