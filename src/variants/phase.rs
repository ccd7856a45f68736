//! Variants of a sample that lie on one haplotype, scored together.
//!
//! Each allele of a record is put together with what the sample carries on the same haplotype up to
//! [`REACH`] nt away, as its phased genotypes say: one change of the sequence, which is scored like
//! any other. What a haplotype is depends on the record and its neighbours alone, so work stays
//! linear and batches do not show.

pub mod genotype;

use std::ops::Range;

use super::change::{Change, Coverage};
use genotype::Carried;

/// Alleles of one haplotype are scored together if at most so many nt lie between them: no window
/// reaches farther.
pub const REACH: u64 = 240;

/// An allele of a record with its neighbours on a haplotype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combined {
    /// Numbers of the haplotypes, from 1: 2 if both carry the same.
    pub haplotypes: Vec<usize>,
    /// The allele as the record has it.
    pub letters: Vec<u8>,
    /// What the allele alone changes.
    pub own: Change,
    /// What all of them change.
    pub change: Change,
    /// Position (from 1), REF and ALT of each, joined by `_` and `&`, in order.
    pub variants: String,
    pub coverage: Coverage,
}

/// One of the alleles of a haplotype.
struct Member<'a> {
    carried: &'a Carried,
    letters: &'a [u8],
    change: Change,
}

/// Returns the alleles of record `own` with their neighbours, by haplotype, of all that a sample
/// carries around it (in order of position); none of an allele that has no neighbour, or that
/// cannot be scored.
pub fn combined(codes: &[u8], carried: &[Carried], own: usize, longest: usize) -> Vec<Combined> {
    let mut all: Vec<Combined> = Vec::new();
    for haplotype in 0..carried[own].ploidy() {
        let Some(combined) = on_haplotype(codes, carried, own, (haplotype, longest)) else {
            continue;
        };
        match all.iter_mut().find(|other| other.variants == combined.variants) {
            Some(same) => same.haplotypes.push(haplotype + 1),
            None => all.push(combined),
        }
    }
    all
}

fn on_haplotype(
    codes: &[u8],
    carried: &[Carried],
    own: usize,
    (haplotype, longest): (usize, usize),
) -> Option<Combined> {
    let member = |carried: &'_ Carried| -> Option<(Vec<u8>, Change)> {
        let letters = carried.alternate(haplotype)?;
        let change = Change::of_allele(codes, carried.start, &carried.reference, letters, longest);
        Some((letters.to_vec(), change.ok()?))
    };
    let (letters, change) = member(&carried[own])?;
    let (replaced, mut set) = (change.replaced(), carried[own].set.clone());
    let mut members =
        vec![Member { carried: &carried[own], letters: &letters, change: change.clone() }];
    // By what the records span, so that no batch shows where an allele is moved to the left.
    let around = |other: &Carried| {
        let (reach, own) = (REACH as i64, &carried[own]);
        other.start <= own.end() + reach && other.end() + reach >= own.start
    };
    let near = carried.iter().enumerate();
    let near = near.filter(|(number, other)| *number != own && around(other));
    let near = near.filter_map(|(_, other)| {
        let (_, change) = member(other)?;
        let between = between(&replaced, &change.replaced());
        (between <= REACH).then_some((between, other, change))
    });
    let mut near: Vec<(u64, &Carried, Change)> = near.collect();
    near.sort_by_key(|(between, ..)| *between);
    for (_, other, change) in near {
        let apart = members.iter().all(|m| apart(&m.change.replaced(), &change.replaced()));
        if apart
            && let Some(letters) = other.alternate(haplotype)
            && set.join(&other.set)
        {
            members.push(Member { carried: other, letters, change });
        }
    }
    if members.len() == 1 {
        return None;
    }
    members.sort_by_key(|member| (member.change.start, member.change.end()));
    let change = put_together(codes, &members);
    let coverage = change.check_windows(codes).ok()?;
    let own_change =
        members.iter().find(|m| std::ptr::eq(m.carried, &carried[own]))?.change.clone();
    let variants = members.iter().map(Member::text).collect::<Vec<_>>().join("&");
    let (haplotypes, own) = (vec![haplotype + 1], own_change);
    Some(Combined { haplotypes, letters: letters.clone(), own, change, variants, coverage })
}

impl Member<'_> {
    fn text(&self) -> String {
        let text = |letters: &[u8]| String::from_utf8_lossy(letters).into_owned();
        let Carried { start, reference, .. } = self.carried;
        format!("{}_{}_{}", start + 1, text(reference), text(self.letters))
    }
}

/// Returns the one change that several make, which lie apart and are in order.
fn put_together(codes: &[u8], members: &[Member<'_>]) -> Change {
    let start = members.iter().map(|member| member.change.start).min().unwrap_or(0);
    let mut alternate = Vec::new();
    let mut at = start;
    for Member { change, .. } in members {
        alternate.extend_from_slice(&codes[at as usize..change.start as usize]);
        alternate.extend_from_slice(&change.inserted);
        at = change.end();
    }
    Change::canonical(codes, start, &codes[start as usize..at as usize], &alternate)
}

/// Returns how many nucleotides lie between two stretches, 0 if they overlap.
fn between(a: &Range<u64>, b: &Range<u64>) -> u64 {
    b.start.saturating_sub(a.end).max(a.start.saturating_sub(b.end))
}

/// Returns whether two changes can both be made: they do not overlap, nor put something in at the
/// same place.
fn apart(a: &Range<u64>, b: &Range<u64>) -> bool {
    a != b && (a.end <= b.start || b.end <= a.start)
}

#[cfg(test)]
mod tests;
