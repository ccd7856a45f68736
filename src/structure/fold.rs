//! Structures of minimum free energy, computed by an installed RNAfold (ViennaRNA; Lorenz et al.
//! 2011).

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

/// The program RNAfold.
#[derive(Clone, Debug)]
pub struct RnaFold {
    program: PathBuf,
}

/// Returns whether a path is a file with a right to be run.
fn can_be_run(path: &Path) -> bool {
    path.metadata().is_ok_and(|there| there.is_file() && there.permissions().mode() & 0o111 != 0)
}

impl RnaFold {
    /// Finds RNAfold in the folders of `PATH`.
    ///
    /// # Errors
    /// If it is not there; the text says what to install.
    pub fn find() -> Result<Self> {
        Self::find_in(&std::env::var_os("PATH").unwrap_or_default())
    }

    fn find_in(path: &std::ffi::OsStr) -> Result<Self> {
        let mut programs = std::env::split_paths(path).map(|folder| folder.join("RNAfold"));
        let program = programs.find(|program| can_be_run(program)).ok_or_else(|| {
            Error::Usage(
                "RNAfold, which computes structures, is not installed (not found in PATH): install \
                 the Debian package vienna-rna or the bioconda package viennarna, or give the \
                 structures in a file (--structures)"
                    .into(),
            )
        })?;
        Ok(Self { program })
    }

    /// Returns the structure of each sequence (codes as in [`crate::genome::sequence`]), in order;
    /// several processes run at once, one per thread.
    ///
    /// # Errors
    /// If RNAfold fails or answers something else than one structure per sequence.
    pub fn fold(&self, sequences: &[&[u8]], form: Form) -> Result<Vec<Vec<u8>>> {
        let batches: Vec<Vec<Vec<u8>>> = sequences
            .par_chunks(batch(sequences.len()))
            .map(|sequences| self.batch_of(sequences, form))
            .collect::<Result<_>>()?;
        Ok(batches.into_iter().flatten().collect())
    }

    fn batch_of(&self, sequences: &[&[u8]], form: Form) -> Result<Vec<Vec<u8>>> {
        let failed = |action| move |e| Error::io(&self.program, action, e);
        let mut child = Command::new(&self.program)
            .arg("--noPS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed("cannot be run"))?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // RNAfold answers each sequence before it reads the next: write beside reading.
            scope.spawn(move || stdin.map(|stdin| write(stdin, sequences)));
            child.wait_with_output()
        });
        let output = output.map_err(failed("cannot be read"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let problem = format!("failed ({}): {}", output.status, said.trim());
            return Err(Error::of_file(&self.program, problem));
        }
        self.structures(&output.stdout, sequences, form)
    }

    fn structures(&self, text: &[u8], sequences: &[&[u8]], form: Form) -> Result<Vec<Vec<u8>>> {
        let shown = format!("{} (its output)", self.program.display());
        let records = Records::new(text, Path::new(&shown), form).collect::<Result<Vec<_>>>()?;
        let fits =
            |(record, sequence): (&super::Record, &&[u8])| record.structure.len() == sequence.len();
        let filled: Vec<&[u8]> = sequences.iter().copied().filter(|s| !s.is_empty()).collect();
        if records.len() != filled.len() || !records.iter().zip(&filled).all(fits) {
            let problem = format!(
                "answered {} sequences with {} structures, or with some of another length; is it \
                 ViennaRNA's RNAfold, version 2?",
                filled.len(),
                records.len()
            );
            return Err(Error::of_file(&self.program, problem));
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

    fn rnafold(script: &str) -> (tempfile::TempDir, RnaFold) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("RNAfold");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let found = RnaFold::find_in(folder.path().as_os_str()).unwrap();
        (folder, found)
    }

    #[test]
    fn many_sequences_are_folded_in_their_order() {
        let (_folder, rnafold) = rnafold(FAKE);
        let sequences: Vec<Vec<u8>> =
            (0..150).map(|n| encode("ACGTN".repeat(n).as_bytes()).unwrap()).collect();
        let sequences: Vec<&[u8]> = sequences.iter().map(Vec::as_slice).collect();
        let structures = rnafold.fold(&sequences, Form::Labels).unwrap();
        assert_eq!(structures[0], b"");
        assert_eq!(structures[2], b"SHHHHHHHHS");
        assert!(structures.iter().zip(&sequences).all(|(a, b)| a.len() == b.len()));
        assert_eq!(rnafold.fold(&sequences[1..2], Form::Raw).unwrap(), [b"(...)"]);
    }

    #[test]
    fn an_absent_rnafold_is_said_with_what_to_install() {
        let empty = tempfile::tempdir().unwrap();
        let said = RnaFold::find_in(empty.path().as_os_str()).unwrap_err().to_string();
        for part in ["RNAfold", "vienna-rna", "viennarna", "--structures"] {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn a_failing_or_foreign_rnafold_is_an_error() {
        let sequence = encode(b"ACGTACGT").unwrap();
        for (script, told) in [
            ("#!/bin/sh\necho bad luck >&2\nexit 5\n", "bad luck"),
            ("#!/bin/sh\ncat > /dev/null\n", "answered 1 sequences with 0 structures"),
            ("#!/bin/sh\ncat > /dev/null\necho '>0\nACGU\n....'", "another length"),
            ("#!/bin/sh\ncat\n", "has no structure"),
        ] {
            let (_folder, rnafold) = rnafold(script);
            let said = rnafold.fold(&[&sequence], Form::Labels).unwrap_err().to_string();
            assert!(said.contains(told), "{said}");
        }
    }
}
