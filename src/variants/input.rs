//! The records of an input, whatever it is: VCF, BCF, or a table of variants ([`super::tables`]);
//! told by content.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::tables::TableReader;
use super::tables::gwas;
use super::tables::layout::{Begins, Layout, MARK, recognise};
use super::tables::rows::Rows;
use super::vcf::header::Header;
use super::vcf::line::Line;
use super::vcf::reader::{self, VcfReader};
use crate::error::{Error, Problem, Result};
use crate::genome::compression::{Mark, Source};
use crate::genome::contigs::Contigs;
use crate::genome::in_turn::InTurn;

/// A file's format is told by so many bytes, decompressed.
const BEGINNING: u64 = 1 << 20;
/// Stands for the path of variants that are given on the command line.
const COMMAND_LINE: &str = "--variant";

/// An input, open for any number of passes.
#[derive(Clone, Debug)]
pub struct Input {
    pub source: Source,
    format: Format,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    /// VCF or BCF.
    Vcf,
    /// A table, with so many lines before its rows.
    Table(Layout, u64),
}

impl Input {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// If it cannot be read, or is a table without the columns that say a variant.
    pub fn open(path: &Path) -> Result<Self> {
        let source = Source::open_marked(path, Mark::Passed, look)?;
        let mut begin = Vec::new();
        let read = source.reader().take(BEGINNING).read_to_end(&mut begin);
        read.map_err(|e| source.error(e))?;
        let format = match recognise(&begin) {
            Begins::Table(layout, before) => Format::Table(layout, before),
            Begins::Wrong(problem) => return Err(Error::of_file(source.path(), problem)),
            Begins::Other => {
                source.check_encoding(Mark::Refused)?;
                Format::Vcf
            }
        };
        Ok(Self { source, format })
    }

    /// Takes variants in their short forms.
    ///
    /// # Errors
    /// If there is no room for a temporary file.
    pub fn of_variants(variants: &[String]) -> Result<Self> {
        let line =
            |variant: &String| variant.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
        let text: String = variants.iter().map(line).collect();
        let source = Source::from_stream(Path::new(COMMAND_LINE), text.as_bytes())?;
        Ok(Self { source, format: Format::Table(Layout::List, 0) })
    }

    /// Starts a pass over the records.
    ///
    /// # Errors
    /// If the header of a VCF or BCF file cannot be read.
    pub fn records(&self) -> Result<VariantReader> {
        Ok(match self.format {
            Format::Vcf => VariantReader::Vcf(Box::new(VcfReader::new(self.source.clone())?)),
            Format::Table(layout, before) => {
                let reader = TableReader::new(&self.source, layout, before);
                VariantReader::Table(Box::new(reader))
            }
        })
    }

    /// Returns whether it is a table.
    pub fn is_table(&self) -> bool {
        matches!(self.format, Format::Table(..))
    }

    /// Checks that positions that are of one assembly go with the genome.
    ///
    /// # Errors
    /// If a contig has the length that it has in another one.
    pub fn check_assembly(&self, contigs: &Contigs) -> Result<()> {
        let Format::Table(Layout::Gwas(..), _) = self.format else { return Ok(()) };
        let other = |&contig: &usize| {
            contigs.assembly(contig).is_some_and(|assembly| assembly != gwas::ASSEMBLY)
        };
        let Some(contig) = (0..contigs.len()).find(other) else { return Ok(()) };
        let (name, length) = (&contigs[contig].name, contigs[contig].length);
        let problem = format!(
            "positions of the GWAS Catalog are of {}, but {name} has the length that it has in {} ({length} nt) \
             (--force goes on)",
            gwas::ASSEMBLY,
            contigs.assembly(contig).unwrap_or_default()
        );
        Err(Error::of_file(self.source.path(), problem))
    }
}

/// A pass over the records of an input.
pub enum VariantReader {
    Vcf(Box<VcfReader>),
    Table(Box<TableReader>),
}

impl VariantReader {
    /// Returns the header: of a table one without contigs.
    pub fn header(&self) -> Header {
        match self {
            Self::Vcf(vcf) => vcf.header.clone(),
            Self::Table(_) => TableReader::header(),
        }
    }

    /// Returns the name for messages: the path, or `<stdin>`.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Vcf(vcf) => vcf.path(),
            Self::Table(table) => table.path(),
        }
    }

    /// Counts the records that follow, of VCF; none if that is asked to end, or one is wrong.
    pub fn count(self, end: &AtomicBool) -> Option<u64> {
        let Self::Vcf(mut vcf) = self else { return None };
        let mut records = 0;
        while !end.load(Ordering::Relaxed) {
            match vcf.next_record() {
                Ok(Some(_)) => records += 1,
                Ok(None) => return Some(records),
                Err(_) => return None,
            }
        }
        None
    }

    /// Returns the next record. Of a table the genome says what is before and behind a variant.
    ///
    /// # Errors
    /// If a file cannot be read, or a line of VCF is no record.
    pub fn next_record(&mut self, genome: &mut InTurn<'_>) -> Result<Option<Line>> {
        match self {
            Self::Vcf(vcf) => vcf.next_record(),
            Self::Table(table) => table.next_record(genome),
        }
    }

    /// Returns the account of the rows so far, of a table.
    pub fn rows(self) -> Option<Rows> {
        match self {
            Self::Vcf(_) => None,
            Self::Table(table) => Some(table.rows),
        }
    }
}

/// Refuses the beginning of what is no file of variants.
///
/// # Errors
/// What is wrong with it.
fn look(begin: &[u8]) -> std::result::Result<(), Problem> {
    match recognise(begin) {
        Begins::Table(..) => Ok(()),
        Begins::Wrong(problem) => Err(problem.into()),
        // Said later, with what to do about it.
        Begins::Other if begin.starts_with(MARK.to_string().as_bytes()) => Ok(()),
        Begins::Other => reader::look(begin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_the_gwas_catalog_are_of_one_assembly() {
        let table = "SNPS\tCHR_ID\tCHR_POS\tSTRONGEST SNP-RISK ALLELE\n";
        let file = crate::fuzz::file(table.as_bytes());
        let list = crate::fuzz::file(b"chr21:5:A:G\n");
        let [table, list] = [file, list].map(|file| Input::open(file.path()).unwrap());
        let check = |name: &str, length| {
            let mut contigs = Contigs::default();
            contigs.push("chrMine".to_owned(), 9);
            contigs.push(name.to_owned(), length);
            assert!(list.check_assembly(&contigs).is_ok());
            table.check_assembly(&contigs).map_err(|error| error.to_string())
        };
        // chr21 of GRCh38, an excerpt; of GRCh37; chr19 of GRCm39.
        assert_eq!((check("chr21", 46_709_983), check("21", 20_000)), (Ok(()), Ok(())));
        let told = check("NC_000021.8", 48_129_895).unwrap_err();
        assert!(told.contains("of GRCh38, but NC_000021.8 has the length that it has in GRCh37"));
        assert!(check("19", 61_420_004).unwrap_err().contains("GRCm39"));
    }
}
