//! temporary
use super::contigs::Contigs;
use crate::error::{Error, Result};
use std::io::BufRead;
use std::path::{Path, PathBuf};
#[derive(Debug)]
pub struct FastaFile {
    pub path: PathBuf,
    pub contigs: Contigs,
    pub sha256: String,
    all: Vec<Vec<u8>>,
}
impl FastaFile {
    pub fn open(path: &Path) -> Result<Self> {
        let f = std::fs::File::open(path).map_err(|e| Error::io(path, "open", e))?;
        let r = std::io::BufReader::new(flate2::read::MultiGzDecoder::new(f));
        let mut contigs = Contigs::default();
        let mut all: Vec<Vec<u8>> = vec![];
        let mut names = vec![];
        for l in r.lines() {
            let l = l.map_err(|e| Error::io(path, "read", e))?;
            if let Some(n) = l.strip_prefix('>') {
                names.push(n.split_whitespace().next().unwrap_or("").to_string());
                all.push(vec![]);
            } else if let Some(s) = all.last_mut() {
                s.extend(l.bytes().map(|b| super::sequence::code(b).unwrap_or(4)));
            }
        }
        for (n, s) in names.into_iter().zip(&all) {
            contigs.push(n, s.len() as u64);
        }
        Ok(Self { path: path.into(), contigs, sha256: String::new(), all })
    }
    pub fn bases(&self) -> Result<Bases> {
        Ok(Bases { all: self.all.clone(), i: 0 })
    }
}
pub struct Bases {
    all: Vec<Vec<u8>>,
    i: usize,
}
impl Bases {
    pub fn next_contig(&mut self) -> Result<Option<usize>> {
        self.i += 1;
        Ok((self.i <= self.all.len()).then(|| self.i - 1))
    }
    pub fn read(&mut self, _n: usize, codes: &mut Vec<u8>) -> Result<usize> {
        codes.extend(&self.all[self.i - 1]);
        Ok(codes.len())
    }
    pub fn skip(&mut self, _n: u64) -> Result<u64> {
        todo!()
    }
}
