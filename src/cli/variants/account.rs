//! Whether the variants are of the genome's assembly.

use std::path::Path;

use crate::error::{Error, Result};
use crate::variants::totals::Totals;
use crate::variants::work::VariantWork;

/// Another REF in more than one of so many records is more than errors of single records.
const ONE_IN: u64 = 10;
/// Fewer records than these are only judged where most of them have another REF.
const FEW: u64 = 10;
/// Fewer than these say nothing.
const TOO_FEW: u64 = 3;

/// What became of all records, and of which files.
pub struct Account<'a> {
    pub totals: &'a Totals,
    pub work: &'a VariantWork,
}

impl Account<'_> {
    /// Refuses variants of another assembly, unless they are to be taken all the same.
    ///
    /// # Errors
    /// No contig in common; another REF than the genome's in more than a tenth of the records.
    pub fn check(&self, force: bool) -> Result<()> {
        let problem = self.no_contig().or_else(|| self.other_reference());
        match problem.filter(|_| !force) {
            None => Ok(()),
            Some(problem) => {
                let path = Path::new(&self.work.summary.input.path);
                let problem = format!("{problem} (--force writes the result all the same)");
                Err(Error::of_file(path, problem))
            }
        }
    }

    fn no_contig(&self) -> Option<String> {
        let Totals { records, missing_contigs, .. } = self.totals;
        let none = *records > 0 && missing_contigs.values().sum::<u64>() == *records;
        none.then(|| {
            format!(
                "none of its contigs is in the FASTA file: {} here, {} there; are both of the same assembly?",
                examples(missing_contigs.keys()),
                self.work.genome_contigs
            )
        })
    }

    fn other_reference(&self) -> Option<String> {
        let Totals { compared, ref_mismatches: n, .. } = self.totals;
        let many = n.saturating_mul(ONE_IN) > *compared;
        let enough = *n >= FEW || (*n >= TOO_FEW && n * 2 > *compared);
        (many && enough).then(|| {
            format!(
                "REF is not what {} has there in {n} of {compared} records; were the variants called on this \
                 genome?",
                self.work.summary.fasta.path
            )
        })
    }

    /// Returns remarks on names and references.
    pub fn notes(&self) -> Vec<String> {
        let Totals { missing_contigs, renamed_contigs, ref_mismatches, .. } = self.totals;
        let mut notes = Vec::new();
        if let Some((name, there)) = renamed_contigs.iter().next() {
            let n = renamed_contigs.len();
            notes.push(format!(
                "{n} contig names are written in another style in the VCF and were matched ({name} is {there} in the \
                 FASTA file)"
            ));
        }
        if !missing_contigs.is_empty() {
            notes.push(format!(
                "{} contigs of the VCF are not in the FASTA file; their {} records are skipped ({})",
                missing_contigs.len(),
                missing_contigs.values().sum::<u64>(),
                examples(missing_contigs.keys())
            ));
        }
        if *ref_mismatches > 0 {
            notes.push(format!("{ref_mismatches} records have another REF than the genome"));
        }
        notes
    }
}

fn examples<'n>(names: impl Iterator<Item = &'n String>) -> String {
    const SHOWN: usize = 3;
    let names: Vec<&str> = names.take(SHOWN + 1).map(String::as_str).collect();
    let shown = names[..names.len().min(SHOWN)].join(", ");
    shown + if names.len() > SHOWN { ", ..." } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_other_references_are_another_assembly() {
        let work = VariantWork::for_tests();
        for (compared, ref_mismatches, refused) in [
            (0, 0, false),
            (1, 1, false),
            (3, 2, false),
            (3, 3, true),
            (5, 3, true),
            (8, 4, false),
            (99, 9, false),
            (100, 10, false),
            (99, 10, true),
        ] {
            let totals = Totals { records: 200, compared, ref_mismatches, ..Totals::named() };
            let account = Account { totals: &totals, work: &work };
            assert_eq!(account.check(false).is_err(), refused, "{ref_mismatches} of {compared}");
            assert!(account.check(true).is_ok());
        }
    }
}
