//! Structures of minimum free energy, computed by an installed program: RNAfold (ViennaRNA; Lorenz
//! et al. 2011) or RNAshapes (Steffen et al. 2006; Janssen & Giegerich 2015), which DeepRKE's
//! authors used.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rayon::prelude::*;

use super::files::{Form, Records};
use crate::error::{Error, Result};
use crate::genome::sequence::decode;

/// Sequences that one process folds.
const BATCH: usize = 64;

/// A program that computes structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    RnaFold,
    RnaShapes,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::RnaFold => "RNAfold",
            Self::RnaShapes => "RNAshapes",
        }
    }

    /// Returns what makes it read FASTA from standard input and write the best structure first.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::RnaFold => &["--noPS"],
            // Versions 2 and 3 have different options, and both do this without any.
            Self::RnaShapes => &[],
        }
    }

    fn packages(self) -> &'static str {
        match self {
            Self::RnaFold => "the Debian package vienna-rna or the bioconda package viennarna",
            Self::RnaShapes => "the bioconda package rnashapes",
        }
    }
}

/// An installed program that computes structures.
#[derive(Clone, Debug)]
pub struct Folder {
    program: Program,
    path: PathBuf,
}

/// Returns whether a path is a file with a right to be run.
fn can_be_run(path: &Path) -> bool {
    path.metadata().is_ok_and(|there| there.is_file() && there.permissions().mode() & 0o111 != 0)
}

impl Folder {
    /// Finds a program in the folders of `PATH`.
    ///
    /// # Errors
    /// If it is not there; the text says what to install.
    pub fn find(program: Program) -> Result<Self> {
        Self::find_in(program, &std::env::var_os("PATH").unwrap_or_default())
    }

    fn find_in(program: Program, folders: &std::ffi::OsStr) -> Result<Self> {
        let name = program.name();
        let mut paths = std::env::split_paths(folders).map(|folder| folder.join(name));
        let path = paths.find(|path| can_be_run(path)).ok_or_else(|| {
            Error::Usage(format!(
                "{name}, which computes structures, is not installed (not found in PATH): install \
                 {}, or give the structures in a file (--structures)",
                program.packages()
            ))
        })?;
        Ok(Self { program, path })
    }

    /// Returns the structure of each sequence (codes as in [`crate::genome::sequence`]), in order;
    /// several processes run at once, one per thread.
    ///
    /// # Errors
    /// If the program fails or answers something else than one structure per sequence.
    pub fn fold(&self, sequences: &[&[u8]], form: Form) -> Result<Vec<Vec<u8>>> {
        let batches: Vec<Vec<Vec<u8>>> = sequences
            .par_chunks(batch(sequences.len()))
            .map(|sequences| self.batch_of(sequences, form))
            .collect::<Result<_>>()?;
        Ok(batches.into_iter().flatten().collect())
    }

    fn batch_of(&self, sequences: &[&[u8]], form: Form) -> Result<Vec<Vec<u8>>> {
        let failed = |action| move |e| Error::io(&self.path, action, e);
        let mut child = Command::new(&self.path)
            .args(self.program.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed("cannot be run"))?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // Each sequence is answered before the next is read: write beside reading.
            scope.spawn(move || stdin.map(|stdin| write(stdin, sequences)));
            child.wait_with_output()
        });
        let output = output.map_err(failed("cannot be read"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let problem = format!("failed ({}): {}", output.status, said.trim());
            return Err(Error::of_file(&self.path, problem));
        }
        self.structures(&output.stdout, sequences, form)
    }

    fn structures(&self, text: &[u8], sequences: &[&[u8]], form: Form) -> Result<Vec<Vec<u8>>> {
        let shown = format!("{} (its output)", self.path.display());
        let records = Records::new(text, Path::new(&shown), form).collect::<Result<Vec<_>>>()?;
        let fits =
            |(record, sequence): (&super::Record, &&[u8])| record.structure.len() == sequence.len();
        let filled: Vec<&[u8]> = sequences.iter().copied().filter(|s| !s.is_empty()).collect();
        if records.len() != filled.len() || !records.iter().zip(&filled).all(fits) {
            let problem = format!(
                "answered {} sequences with {} structures, or with some of another length; is it \
                 {} itself, and has every sequence letters that it knows?",
                filled.len(),
                records.len(),
                self.program.name()
            );
            return Err(Error::of_file(&self.path, problem));
        }
        let mut structures = records.into_iter().map(|record| record.structure);
        let next = |sequence: &&[u8]| {
            if sequence.is_empty() { Vec::new() } else { structures.next().unwrap_or_default() }
        };
        Ok(sequences.iter().map(next).collect())
    }
}

/// Returns how many sequences each process gets, so that all threads have work.
fn batch(sequences: usize) -> usize {
    sequences.div_ceil(rayon::current_num_threads()).clamp(1, BATCH)
}

/// Writes the sequences as RNA, named by their index; a program that stops reading says why itself.
fn write(stdin: impl Write, sequences: &[&[u8]]) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(stdin);
    for (index, codes) in sequences.iter().enumerate().filter(|(_, codes)| !codes.is_empty()) {
        let mut letters = decode(codes);
        letters.iter_mut().filter(|letter| **letter == b'T').for_each(|letter| *letter = b'U');
        writeln!(out, ">{index}")?;
        out.write_all(&letters)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::genome::sequence::encode;

    /// Pairs the first letter of every sequence with the last, and checks that it gets RNA.
    const FAKE: &str = r#"#!/bin/sh
[ "$1" = --noPS ] || exit 3
while read -r header && read -r sequence; do
  case "$sequence" in *T*) echo "T in RNA" >&2; exit 4;; esac
  echo "$header"; echo "$sequence"
  echo "$sequence" | sed 's/^./(/; s/.$/)/; s/[A-Z]/./g; s/$/ ( -1.00)/'
done
"#;

    /// As version 3 of RNAshapes answers: coordinates, energies, shapes, the best one first.
    const FAKE_SHAPES: &str = r#"#!/bin/sh
[ $# = 0 ] || exit 3
while read -r header && read -r sequence; do
  best=$(echo "$sequence" | sed 's/^./(/; s/.$/)/; s/[A-Z]/./g')
  echo "$header"; echo "1  $sequence  ${#sequence}"; echo "-1.20  $best  []"
  echo " 0.00  $(echo "$sequence" | sed 's/[A-Z]/./g')  _"; echo
done
"#;

    fn folder(program: Program, script: &str) -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(program.name());
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let found = Folder::find_in(program, place.path().as_os_str()).unwrap();
        (place, found)
    }

    #[test]
    fn many_sequences_are_folded_in_their_order() {
        for (program, script) in [(Program::RnaFold, FAKE), (Program::RnaShapes, FAKE_SHAPES)] {
            let (_place, folder) = folder(program, script);
            let sequences: Vec<Vec<u8>> =
                (0..150).map(|n| encode("ACGTN".repeat(n).as_bytes()).unwrap()).collect();
            let sequences: Vec<&[u8]> = sequences.iter().map(Vec::as_slice).collect();
            let structures = folder.fold(&sequences, Form::Labels).unwrap();
            assert_eq!(structures[0], b"");
            assert_eq!(structures[2], b"SHHHHHHHHS");
            assert!(structures.iter().zip(&sequences).all(|(a, b)| a.len() == b.len()));
            assert_eq!(folder.fold(&sequences[1..2], Form::Raw).unwrap(), [b"(...)"]);
        }
    }

    #[test]
    fn an_absent_program_is_said_with_what_to_install() {
        let empty = tempfile::tempdir().unwrap();
        for (program, named) in [
            (Program::RnaFold, ["RNAfold", "vienna-rna", "viennarna"]),
            (Program::RnaShapes, ["RNAshapes", "rnashapes", "bioconda"]),
        ] {
            let said = Folder::find_in(program, empty.path().as_os_str()).unwrap_err().to_string();
            for part in named.iter().chain(&["--structures"]) {
                assert!(said.contains(part), "{said}");
            }
        }
    }

    #[test]
    fn a_failing_or_foreign_program_is_an_error() {
        let sequence = encode(b"ACGTACGT").unwrap();
        for (script, told) in [
            ("#!/bin/sh\necho bad luck >&2\nexit 5\n", "bad luck"),
            ("#!/bin/sh\ncat > /dev/null\n", "answered 1 sequences with 0 structures"),
            ("#!/bin/sh\ncat > /dev/null\necho '>0\nACGU\n....'", "another length"),
            ("#!/bin/sh\ncat\n", "has no structure"),
        ] {
            for program in [Program::RnaFold, Program::RnaShapes] {
                let (_place, folder) = folder(program, script);
                let said = folder.fold(&[&sequence], Form::Labels).unwrap_err().to_string();
                assert!(said.contains(told), "{said}");
            }
        }
    }
}
