//! What a sample carries at a record, by haplotype.

use crate::variants::vcf::line::Line;

/// Which genotypes are phased with each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// All haplotypes carry the same: phased with any.
    Any,
    /// The phase set (PS); empty where a record names none.
    Named(Vec<u8>),
}

impl Set {
    /// Returns whether a genotype of another set is phased with those of this one, which then is of
    /// both.
    pub fn join(&mut self, other: &Self) -> bool {
        match (&*self, other) {
            (_, Self::Any) => true,
            (Self::Any, _) => {
                *self = other.clone();
                true
            }
            (Self::Named(a), Self::Named(b)) => a == b,
        }
    }
}

/// Alternate alleles that a sample carries at a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// POS, 0-based.
    pub start: i64,
    /// REF, letters.
    pub reference: Vec<u8>,
    /// Those carried, letters.
    alternates: Vec<Vec<u8>>,
    /// By haplotype: which of them; `None` for REF.
    by_haplotype: Vec<Option<usize>>,
    pub set: Set,
}

/// What a genotype says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Genotype {
    Carried(Carried),
    /// No alternate allele, or none that is known.
    Nothing,
    /// Alleles that may lie on either haplotype.
    Unphased,
}

impl Carried {
    /// Returns the number of haplotypes.
    pub fn ploidy(&self) -> usize {
        self.by_haplotype.len()
    }

    /// Returns the first position after REF.
    pub fn end(&self) -> i64 {
        self.start + self.reference.len() as i64
    }

    /// Returns the alternate allele (letters) on a haplotype, counted from 0.
    pub fn alternate(&self, haplotype: usize) -> Option<&[u8]> {
        let number = (*self.by_haplotype.get(haplotype)?)?;
        self.alternates.get(number).map(Vec::as_slice)
    }
}

impl Genotype {
    /// Reads the genotype in a column (GT, and the phase set PS) of a record.
    pub fn of(line: &Line, column: usize) -> Self {
        let value = |key: &[u8]| {
            let place = line.cell(FORMAT)?.split(|b| *b == b':').position(|name| name == key)?;
            line.cell(column)?.split(|b| *b == b':').nth(place)
        };
        let Some(genotype) = value(b"GT") else { return Self::Nothing };
        // VCF 4.4 may say the phase of the first allele, too.
        let genotype =
            genotype.strip_prefix(b"|").or(genotype.strip_prefix(b"/")).unwrap_or(genotype);
        let numbers = genotype.split(|b| matches!(b, b'|' | b'/'));
        let numbers = numbers.map(|text| std::str::from_utf8(text).ok()?.parse::<usize>().ok());
        let numbers: Vec<Option<usize>> = numbers.collect();
        if numbers.iter().flatten().all(|number| *number == 0) {
            return Self::Nothing;
        }
        let set = if numbers.iter().all(|number| *number == numbers[0]) {
            Set::Any
        } else if genotype.contains(&b'/') {
            return Self::Unphased;
        } else {
            Set::Named(value(b"PS").filter(|set| *set != b".").unwrap_or_default().to_vec())
        };
        let mut alternates: Vec<Vec<u8>> = Vec::new();
        let mut carried = |number: usize| {
            let letters = line.alternates().nth(number.checked_sub(1)?)?.to_vec();
            let there = alternates.iter().position(|other| *other == letters);
            Some(there.unwrap_or_else(|| {
                alternates.push(letters);
                alternates.len() - 1
            }))
        };
        let by_haplotype = numbers.into_iter().map(|number| carried(number?)).collect();
        let (start, reference) = (line.start(), line.reference().to_vec());
        Self::Carried(Carried { start, reference, alternates, by_haplotype, set })
    }
}

/// What a sample carries in the records of a batch and around it.
#[derive(Default)]
pub struct Genotypes {
    /// In order of position.
    pub carried: Vec<Carried>,
    /// Of each record of the batch its place in the list, if it carries anything.
    pub of_line: Vec<Option<usize>>,
    /// Records of the batch whose genotype is not phased.
    pub unphased: u64,
}

impl Genotypes {
    /// Takes in the next genotype; returns its place if it carries anything.
    pub fn push(&mut self, genotype: Genotype) -> Option<usize> {
        let Genotype::Carried(carried) = genotype else { return None };
        self.carried.push(carried);
        Some(self.carried.len() - 1)
    }
}

/// The column that names what those of samples hold.
const FORMAT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn genotype(format: &str, sample: &str) -> Genotype {
        let text = format!("1\t5\t.\tA\tC,GT\t.\t.\t.\t{format}\t0/0\t{sample}");
        Genotype::of(&Line::parse(text.into()).unwrap(), 10)
    }

    #[test]
    fn genotypes_say_what_lies_on_which_haplotype() {
        let alleles = |format: &str, sample: &str| match genotype(format, sample) {
            Genotype::Carried(carried) => {
                let letters =
                    |i| carried.alternate(i).map(|a| String::from_utf8_lossy(a).into_owned());
                Some(((0..carried.ploidy()).map(letters).collect::<Vec<_>>(), carried.set))
            }
            _ => None,
        };
        let some = |letters: &str| Some(letters.to_owned());
        let named = |set: &str| Set::Named(set.into());
        for (format, sample, expected, set) in [
            ("GT", "0|1", vec![None, some("C")], named("")),
            ("DP:GT:PS", "7:2|1:33", vec![some("GT"), some("C")], named("33")),
            ("GT:PS", "1|0:.", vec![some("C"), None], named("")),
            ("GT:PS", "1|0", vec![some("C"), None], named("")),
            ("GT", "|1|0", vec![some("C"), None], named("")),
            ("GT", "1/1", vec![some("C"); 2], Set::Any),
            ("GT", "2", vec![some("GT")], Set::Any),
            ("GT", ".|1", vec![None, some("C")], named("")),
            // There is no such allele.
            ("GT", "3|1", vec![None, some("C")], named("")),
        ] {
            assert_eq!(alleles(format, sample), Some((expected, set)), "{format} {sample}");
        }
        for (format, sample) in
            [("GT", "0|0"), ("GT", "./."), ("GT", "."), ("GT", "0"), ("DP", "7")]
        {
            assert_eq!(genotype(format, sample), Genotype::Nothing, "{sample}");
        }
        assert_eq!(genotype("GT", "0/1"), Genotype::Unphased);
    }

    #[test]
    fn sets_join_if_they_are_the_same_or_any() {
        let named = |set: &str| Set::Named(set.into());
        let mut set = Set::Any;
        assert!(set.join(&Set::Any) && set.join(&named("1")) && set.join(&Set::Any));
        assert!(!set.join(&named("2")) && set.join(&named("1")));
    }
}
