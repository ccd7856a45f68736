//! A pass over the records before the work.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::genome::contigs::{Contig, Contigs};
use crate::genome::in_turn::InTurn;
use crate::variants::input::Input;
use crate::variants::tables::rows::Rows;

/// What a pass over the records tells before the work.
#[derive(Default)]
pub struct Survey {
    pub records: u64,
    /// The genome's contigs, names as the records have them, and lengths.
    pub contigs: Vec<(String, u64)>,
    /// Contigs of a table's records that the genome does not have.
    missing: Vec<String>,
    /// Of a table.
    pub rows: Option<Rows>,
}

impl Survey {
    /// Goes through a file.
    ///
    /// # Errors
    /// If it cannot be read, an interrupt, or a table none of whose rows is a record.
    pub fn of(input: &Input, genome: &mut InTurn<'_>, interrupt: &AtomicBool) -> Result<Self> {
        let contigs = genome.contigs();
        let mut reader = input.records()?;
        let mut names: Vec<Option<String>> = vec![None; contigs.len()];
        let (mut missing, mut seen_missing) = (Vec::new(), HashSet::new());
        let (mut records, mut last) = (0, Vec::new());
        while let Some(line) = reader.next_record(genome)? {
            records += 1;
            if line.contig() != last {
                last = line.contig().to_vec();
                let name = String::from_utf8_lossy(&last).into_owned();
                match contigs.resolve(&name) {
                    Some(contig) => drop(names[contig].get_or_insert(name)),
                    None if input.is_table() && seen_missing.insert(name.clone()) => {
                        missing.push(name);
                    }
                    None => {}
                }
            }
            if interrupt.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
        }
        let rows = reader.rows();
        if let Some(rows) = rows.as_ref().filter(|rows| records == 0 && rows.counts.rows > 0) {
            let first = rows.warnings.first().map_or("", String::as_str);
            let problem = format!("no row is a variant that VCF can hold; {first}");
            return Err(Error::of_file(input.source.path(), problem));
        }
        let contigs = of_genome(names, contigs, !input.is_table());
        Ok(Self { records, contigs, missing, rows })
    }

    /// The contigs as lines of a header.
    pub fn contig_lines(&self) -> Vec<String> {
        let can_be_named = |name: &str| !name.contains(['<', '>', ',', '"']);
        let named = self.contigs.iter().filter(|(name, _)| can_be_named(name));
        let known = named.map(|(name, length)| format!("##contig=<ID={name},length={length}>"));
        known.chain(self.missing.iter().map(|name| format!("##contig=<ID={name}>"))).collect()
    }
}

/// Returns the genome's contigs under the names that records have, and, if `all`, those without
/// records as far as their names are known: not if records have another style.
fn of_genome(names: Vec<Option<String>>, contigs: &Contigs, all: bool) -> Vec<(String, u64)> {
    let same = |(name, contig): (&Option<String>, &Contig)| {
        name.as_ref().is_none_or(|n| *n == contig.name)
    };
    let all_same = names.iter().zip(contigs.iter()).all(same);
    let seen = names.iter().any(Option::is_some);
    let of_genome = names.into_iter().zip(contigs.iter()).filter_map(|(name, contig)| {
        let unseen = || (all && all_same && seen).then(|| contig.name.clone());
        Some((name.or_else(unseen)?, contig.length))
    });
    of_genome.collect()
}
