//! Samples as the command line names them, and reading them.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::ReadRules;
use super::bam::{self, Library};
use super::ends::Ends;
use super::{text, tracks};
use crate::error::{Error, Problem, Result};
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::genome::strand::Strand;

/// A sample: its files, and the group that it is compared in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub name: String,
    pub group: Option<String>,
    /// One file that says strands itself (BED, BAM), or one for the plus and one for the minus
    /// strand.
    pub files: Vec<PathBuf>,
}

impl Sample {
    /// Reads `[NAME[@GROUP]=]FILE` or `[NAME[@GROUP]=]PLUS,MINUS`; without a name the file's stem
    /// is it.
    ///
    /// # Errors
    /// Says what is missing or too much.
    ///
    /// ```
    /// use polyascan::reads::sample::Sample;
    /// let sample = Sample::parse("liver_1@liver=reads/l1.plus.bw,reads/l1.minus.bw").unwrap();
    /// assert_eq!((sample.name.as_str(), sample.group.as_deref()), ("liver_1", Some("liver")));
    /// assert_eq!(sample.files.len(), 2);
    /// assert_eq!(Sample::parse("reads/l1.bed.gz").unwrap().name, "l1");
    /// assert!(Sample::parse("a=").is_err());
    /// ```
    pub fn parse(text: &str) -> std::result::Result<Self, Problem> {
        let (label, files) = match text.split_once('=') {
            Some((label, files)) => (Some(label), files),
            None => (None, text),
        };
        let files: Vec<PathBuf> = files.split(',').map(PathBuf::from).collect();
        if files.len() > 2 || files.iter().any(|file| file.as_os_str().is_empty()) {
            return Err("a sample is [NAME[@GROUP]=]FILE or [NAME[@GROUP]=]PLUS,MINUS".into());
        }
        let (name, group) = match label.map(|label| label.split_once('@').unwrap_or((label, ""))) {
            Some((name, group)) => (name.to_owned(), Some(group).filter(|group| !group.is_empty())),
            None => {
                let name = files[0].file_name().unwrap_or_default().to_string_lossy();
                (name.split('.').next().unwrap_or_default().to_owned(), None)
            }
        };
        if name.is_empty() || name.contains(['\t', ';', ' ']) {
            return Err(
                format!("sample name {name:?}: must not be empty or hold blanks or `;`").into()
            );
        }
        Ok(Self { name, group: group.map(str::to_owned), files })
    }

    /// Reads the ends; also returns the files' descriptions.
    ///
    /// # Errors
    /// A file that cannot be read or is in none of the formats, a pair of which one says strands
    /// itself.
    pub fn read(
        &self,
        fasta: &FastaFile,
        library: Library,
        rules: &ReadRules,
    ) -> Result<(Ends, Vec<Source>)> {
        let mut ends = Ends::new(fasta.contigs.len());
        let mut sources = Vec::new();
        let strands: &[Option<Strand>] = match self.files.len() {
            1 => &[None],
            _ => &[Some(Strand::Plus), Some(Strand::Minus)],
        };
        for (path, &strand) in self.files.iter().zip(strands) {
            let source = Source::open(path)?;
            match (Format::of(&source)?, strand) {
                (Format::Bam, None) => bam::read(path, fasta, library, rules, &mut ends)?,
                (Format::Bam, Some(_)) => return Err(alone(path, "a BAM file")),
                (Format::BigWig, Some(strand)) => {
                    tracks::read(path, &fasta.contigs, strand, &mut ends)?;
                }
                (Format::BigWig, None) => return Err(text::pair(path)),
                (Format::Text, strand) => text::read(&source, &fasta.contigs, strand, &mut ends)?,
            }
            sources.push(source);
        }
        Ok((ends, sources))
    }
}

fn alone(path: &Path, what: &str) -> Error {
    Error::of_file(path, format!("{what} says strands itself: give it alone, not as PLUS,MINUS"))
}

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Bam,
    BigWig,
    /// BED or bedGraph.
    Text,
}

impl Format {
    fn of(source: &Source) -> Result<Self> {
        let mut begin = Vec::new();
        let read = source.reader().take(4).read_to_end(&mut begin);
        read.map_err(|e| source.error(e))?;
        Ok(match begin.as_slice() {
            b"BAM\x01" => Self::Bam,
            b"CRAM" => {
                let problem = "CRAM is not read; make BAM of it: samtools view -b";
                return Err(Error::of_file(source.path(), problem));
            }
            bytes if bytes == tracks::MAGIC || bytes == tracks::MAGIC_SWAPPED => Self::BigWig,
            _ => Self::Text,
        })
    }
}
