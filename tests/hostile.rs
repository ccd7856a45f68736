//! Whatever a file holds, the program refuses it with its name, the place and a cure, or takes it
//! and accounts for every window; it neither panics nor hangs, and no part is dropped in silence.
//!
//! A row of a table is a name, the bytes, and what must happen.

mod bed;
mod fasta;
mod gtf;
mod vcf;

use crate::support::*;

/// What must happen.
enum Must {
    /// Exit code 1; the message names the file and says all of these.
    Refuse(&'static [&'static str]),
    /// Exit code 0; so many windows are requested, and the remarks say all of these (without any,
    /// there is none).
    Take(u64, &'static [&'static str]),
    /// One or the other, without remarks.
    RefuseOrTake(u64),
}

use Must::{Refuse, RefuseOrTake, Take};

/// A name, the bytes, and what must happen.
type Row = (&'static str, Vec<u8>, Must);

/// A folder with a genome of 3,000 and 1,000 nt, and an output folder.
struct Setting {
    folder: Folder,
    genome: String,
    out: String,
}

impl Setting {
    fn new() -> Self {
        let folder = Folder::new();
        let sequence = letters(3_000);
        let text = fasta([("chr1", &sequence[..]), ("chr2", &sequence[..1_000])]);
        let (genome, out) = (folder.file("genome.fa", text), folder.folder("out"));
        Self { folder, genome, out }
    }

    /// Scans with `bytes` in the file that `args` call `{}`, checks that what must happen does, and
    /// returns the exit code.
    fn check(&self, name: &str, args: &[&str], bytes: &[u8], must: &Must) -> i32 {
        let file = self.folder.file("hostile", bytes);
        let prefix = format!("{}/x", self.out);
        let args = args.iter().map(|&arg| if arg == "{}" { &file } else { arg });
        let assert = polyascan().args(["scan", "-o", &prefix]).args(args).assert();
        let output = assert.get_output();
        let said = format!("{name}: {}", String::from_utf8_lossy(&output.stderr));
        // Without a code, it was killed after the time that tests wait.
        let code = output.status.code().unwrap_or_else(|| panic!("killed: {said}"));
        assert!(!said.contains("panicked"), "{said}");
        assert!(said.len() < 4_000, "{} bytes: {}", said.len(), &said[..1_000]);
        match *must {
            Take(requested, told) => self.check_summary(&said, requested, told),
            RefuseOrTake(requested) if code == 0 => self.check_summary(&said, requested, &[]),
            Refuse(_) | RefuseOrTake(_) => {
                assert!(code == 1 && said.contains(&format!("error: {file}")), "{code}: {said}");
                assert!(names(&self.out).is_empty(), "{said}: {:?}", names(&self.out));
            }
        }
        if let Refuse(told) = must {
            told.iter().for_each(|told| assert!(said.contains(told), "{told:?}: {said}"));
        }
        code
    }

    /// Checks that every window is accounted for, and removes the outputs.
    fn check_summary(&self, said: &str, requested: u64, told: &[&str]) {
        assert_eq!(names(&self.out), ["x.sites.bed", "x.summary.json"], "{said}");
        let summary = summary(&format!("{}/x", self.out));
        let windows = &summary["windows"];
        let count = |value: &serde_json::Value| value.as_u64().unwrap();
        let skipped: u64 = windows["skipped"].as_object().unwrap().values().map(count).sum();
        assert_eq!(count(&windows["requested"]), requested, "{said}");
        assert_eq!(count(&windows["scored"]) + skipped, requested, "{said}");
        let notes = summary["notes"].to_string();
        assert_eq!(told.is_empty(), notes == "[]", "{said}");
        for told in told {
            assert!(said.contains(told) && notes.contains(told), "{told:?}: {said}");
        }
        for name in names(&self.out) {
            std::fs::remove_file(format!("{}/{name}", self.out)).unwrap();
        }
    }

    fn check_all(&self, args: &[&str], rows: Vec<Row>) {
        for (name, bytes, must) in rows {
            self.check(name, args, &bytes, &must);
        }
    }
}

/// Letters of a sequence that repeats late.
fn letters(n: usize) -> String {
    (0..n).map(|i| char::from(b"ACGT"[(i * i / 3 + i / 7) % 4])).collect()
}

/// Text as UTF-16, little-endian with its mark.
fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}
