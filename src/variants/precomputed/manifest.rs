//! What a folder of precomputed effects holds, and what they were computed with.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::MANIFEST;
use super::pieces::Piece;
use crate::error::{Error, Result};
use crate::output::atomic;

/// Differences that a message names at most.
const SHOWN: usize = 4;

/// The file `precomputed.json`: the same whichever run of those that fill a folder writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub program: String,
    /// What decides effects: version, genome, models, thresholds, known sites. A run that looks
    /// effects up has the same.
    pub computed_with: BTreeMap<String, String>,
    /// What decides which changes there are.
    pub planned_with: BTreeMap<String, String>,
    /// Vector instructions or GPU of the run that began the folder: others differ in the last
    /// digits.
    pub device: String,
    /// In order; a piece whose file is not there has not been computed yet.
    pub pieces: Vec<Piece>,
}

impl Manifest {
    /// Reads the manifest of a folder; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is none.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(&path, "cannot read", e)),
        };
        let broken = |e: serde_json::Error| {
            let problem = format!("not written by `polyascan precompute`, or damaged: {e}");
            Error::of_file(&path, problem)
        };
        serde_json::from_str(&text).map(Some).map_err(broken)
    }

    /// Makes this the manifest of a folder, or makes sure that it is; one that is there keeps its
    /// device, which is returned.
    ///
    /// # Errors
    /// If the folder holds effects of something else, or cannot be written.
    pub fn settle(&self, folder: &Path) -> Result<String> {
        if let Some(there) = Self::read(folder)? {
            let pairs = [
                (&there.computed_with, &self.computed_with),
                (&there.planned_with, &self.planned_with),
            ];
            let differ: Vec<String> = pairs.iter().flat_map(|(a, b)| differences(a, b)).collect();
            if !differ.is_empty() || there.pieces != self.pieces {
                let problem = format!(
                    "it holds effects of another genome, model or setting ({}); name another folder, or remove this one",
                    shown(&differ)
                );
                return Err(Error::of_file(folder, problem));
            }
            return Ok(there.device);
        }
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|e| Error::Internal(e.to_string()))? + "\n";
        atomic::write(&folder.join(MANIFEST), text.as_bytes())?;
        Ok(self.device.clone())
    }

    /// Makes sure that effects of this folder are what a run that computes with `here` would
    /// compute.
    ///
    /// # Errors
    /// If they are not, with what differs.
    pub fn check(&self, folder: &Path, here: &BTreeMap<String, String>) -> Result<()> {
        let differ = differences(&self.computed_with, here);
        if differ.is_empty() {
            return Ok(());
        }
        let problem = format!(
            "its effects were computed with something else ({}); give this run the same, or precompute with what it has",
            shown(&differ)
        );
        Err(Error::of_file(folder, problem))
    }

    /// Returns the files of the pieces, and whether they are there.
    pub fn files(&self, folder: &Path) -> Vec<(PathBuf, bool)> {
        let place = |piece: &Piece| {
            let path = folder.join(&piece.file);
            let is_there = path.is_file();
            (path, is_there)
        };
        self.pieces.iter().map(place).collect()
    }
}

/// Returns what differs, as `NAME: one there, another here`.
fn differences(there: &BTreeMap<String, String>, here: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<&String> = there.keys().chain(here.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let value = |map: &BTreeMap<String, String>, name: &String| {
        map.get(name).cloned().unwrap_or_else(|| "none".to_owned())
    };
    let differ = names.into_iter().filter(|name| there.get(*name) != here.get(*name));
    differ
        .map(|name| format!("{name}: {} there, {} here", value(there, name), value(here, name)))
        .collect()
}

fn shown(differ: &[String]) -> String {
    match differ {
        [] => "tables of another size".to_owned(),
        differ => {
            let more = if differ.len() > SHOWN { "; ..." } else { "" };
            differ[..differ.len().min(SHOWN)].join("; ") + more
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(model: &str) -> Manifest {
        let map = |value: &str| BTreeMap::from([("model".to_owned(), value.to_owned())]);
        Manifest {
            program: "polyascan".into(),
            computed_with: map(model),
            planned_with: map("x"),
            device: "cpu avx2".into(),
            pieces: Vec::new(),
        }
    }

    #[test]
    fn a_folder_is_of_one_model() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), None);
        manifest("a").settle(folder.path()).unwrap();
        let other = Manifest { device: "cpu avx512".into(), ..manifest("a") };
        assert_eq!(other.settle(folder.path()).unwrap(), "cpu avx2");
        let told = manifest("b").settle(folder.path()).unwrap_err().to_string();
        assert!(told.contains("model: a there, b here"), "{told}");
        let there = Manifest::read(folder.path()).unwrap().unwrap();
        assert!(there.check(folder.path(), &manifest("a").computed_with).is_ok());
        let told = there.check(folder.path(), &BTreeMap::new()).unwrap_err().to_string();
        assert!(told.contains("model: a there, none here"), "{told}");
        std::fs::write(folder.path().join(MANIFEST), "{}").unwrap();
        assert!(Manifest::read(folder.path()).unwrap_err().to_string().contains("damaged"));
    }
}
