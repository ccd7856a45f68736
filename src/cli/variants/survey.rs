//! A pass over the records before the work.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::contigs::{Contig, Contigs};
use crate::variants::vcf::reader::VcfReader;

/// What a pass over the records tells before the work.
#[derive(Default)]
pub struct Survey {
    pub records: u64,
    /// The genome's contigs, names as the records have them, and lengths.
    pub contigs: Vec<(String, u64)>,
}

impl Survey {
    /// Goes through a file.
    ///
    /// # Errors
    /// If it cannot be read, or an interrupt.
    pub fn of(variants: &Source, contigs: &Contigs, interrupt: &AtomicBool) -> Result<Self> {
        let mut vcf = VcfReader::new(variants.clone())?;
        let mut names: Vec<Option<String>> = vec![None; contigs.len()];
        let (mut records, mut last) = (0, Vec::new());
        while let Some(line) = vcf.next_record()? {
            records += 1;
            if line.contig() != last {
                last = line.contig().to_vec();
                let name = String::from_utf8_lossy(&last).into_owned();
                if let Some(contig) = contigs.resolve(&name) {
                    names[contig].get_or_insert(name);
                }
            }
            if interrupt.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
        }
        // In another style, the names of contigs without records are not known.
        let same = |(name, contig): (&Option<String>, &Contig)| {
            name.as_ref().is_none_or(|n| *n == contig.name)
        };
        let all_same = names.iter().zip(contigs.iter()).all(same);
        let seen = names.iter().any(Option::is_some);
        let of_genome = names.into_iter().zip(contigs.iter()).filter_map(|(name, contig)| {
            let unseen = || (all_same && seen).then(|| contig.name.clone());
            Some((name.or_else(unseen)?, contig.length))
        });
        Ok(Self { records, contigs: of_genome.collect() })
    }

    /// The genome's contigs as lines of a header.
    pub fn contig_lines(&self) -> Vec<String> {
        let can_be_named = |name: &str| !name.contains(['<', '>', ',', '"']);
        let named = self.contigs.iter().filter(|(name, _)| can_be_named(name));
        named.map(|(name, length)| format!("##contig=<ID={name},length={length}>")).collect()
    }
}
