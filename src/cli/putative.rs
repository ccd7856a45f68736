//! The putative sites of a scan and which of them are used, for commands on usage models.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::evaluate::context::{Measured, Putative, read_putative};
use crate::evaluate::measured::read_sites;
use crate::genome::memory::Genome;

/// A scan's table of context and what was measured.
#[derive(Clone, Debug, clap::Args)]
pub struct PutativeSites {
    /// PREFIX.context.tsv of a scan.
    pub table: PathBuf,
    /// Genome of the scan, small enough to be held in memory.
    #[arg(short, long)]
    pub fasta: PathBuf,
    /// Measured sites, as `evaluate scan` takes them.
    #[arg(long)]
    pub sites: PathBuf,
}

impl PutativeSites {
    /// Returns the files that are read.
    pub fn files(&self) -> [&Path; 3] {
        [&self.table, &self.fasta, &self.sites]
    }

    /// Reads the putative sites, and the measured ones that say which are used.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(&self) -> Result<(Vec<Putative>, Measured)> {
        let genome = Genome::read(&self.fasta)?;
        let measured = Measured::new(&read_sites(&self.sites, &genome)?);
        Ok((read_putative(&self.table, &genome.contigs, &measured)?, measured))
    }
}
