//! A file that was cut is never taken for a whole one.

use std::fs;

use crate::support::*;

/// A simulated genome, and a scan of cut versions of it that must be refused.
struct Setting {
    folder: Folder,
    genome: Vec<u8>,
    out: String,
}

impl Setting {
    fn new() -> Self {
        let folder = Folder::new();
        let genome = fs::read(simulate(&folder.at("sim"), 300_000, 20, 2, 1)).unwrap();
        let out = folder.folder("out");
        Self { folder, genome, out }
    }

    fn refuse(&self, bytes: &[u8], told: &[&str]) {
        let file = self.folder.file("cut.fa.gz", bytes);
        let prefix = format!("{}/x", self.out);
        refuse(["scan", &file, "-o", &prefix, "--tracks"], 1, &[&[file.as_str()], told].concat());
        refuse(["predict", &file, "-o", &prefix], 1, &[&[file.as_str()], told].concat());
        refuse(["scan", &file, "-o", "-"], 1, told);
        assert!(names(&self.out).is_empty(), "{:?}", names(&self.out));
    }
}

#[test]
fn a_truncated_gzip_file_is_refused() {
    let s = Setting::new();
    let whole = gzip(&s.genome);
    for cut in [whole.len() / 2, whole.len() - 1, whole.len() - 8, 20] {
        s.refuse(&whole[..cut], &["truncated gzip", "again"]);
    }
}

#[test]
fn a_damaged_gzip_file_is_refused() {
    let s = Setting::new();
    let mut bytes = gzip(&s.genome);
    // The checksum of the content.
    let at = bytes.len() - 6;
    bytes[at] ^= 1;
    s.refuse(&bytes, &["damaged gzip", "again"]);
}

#[test]
fn a_bgzf_file_without_its_end_block_is_refused() {
    let s = Setting::new();
    let whole = bgzip(&s.genome);
    s.refuse(&whole[..whole.len() - 28], &["truncated BGZF", "end-of-file block"]);
    s.refuse(&whole[..whole.len() - 1], &["truncated BGZF", "end-of-file block"]);
}

#[test]
fn a_bgzf_file_cut_in_any_part_of_a_block_is_refused() {
    let s = Setting::new();
    let whole = bgzip(&s.genome);
    let size =
        |start: usize| usize::from(u16::from_le_bytes([whole[start + 16], whole[start + 17]])) + 1;
    let starts = [0, size(0), whole.len() - 28];
    assert!(starts[1] < starts[2]);
    for (start, end) in starts.into_iter().map(|start| (start, start + size(start))) {
        // The magic number, the fixed header, the extra field, its size, the data, checksum and
        // length.
        let parts = [0, 1, 2, 10, 12, 16, 17, 18, 19];
        let cuts = parts.map(|part| start + part).into_iter();
        for cut in cuts.chain([(start + end) / 2, end - 8, end - 4, end - 1]).filter(|&cut| cut > 1)
        {
            let told = if cut < 18 { "truncated gzip" } else { "truncated BGZF" };
            s.refuse(&whole[..cut], &[told, "again"]);
        }
    }
    // Cut inside a block, and an end block put after it.
    let end = &whole[whole.len() - 28..];
    s.refuse(&[&whole[..starts[1] + 1000], end].concat(), &["BGZF", "again"]);
}

#[test]
fn a_truncated_annotation_is_refused() {
    let s = Setting::new();
    let gtf = gzip(&fs::read(s.folder.at("sim/genes.gtf")).unwrap());
    let file = s.folder.file("cut.gtf.gz", &gtf[..gtf.len() - 100]);
    let (genome, prefix) = (s.folder.at("sim/genome.fa"), format!("{}/x", s.out));
    let args = ["scan", &genome, "--annotation", &file, "-o", &prefix];
    refuse(args, 1, &[&file, "truncated gzip"]);
    assert!(names(&s.out).is_empty());
}

#[test]
fn a_truncated_stream_is_refused() {
    let s = Setting::new();
    let whole = gzip(&s.genome);
    let mut command = polyascan();
    command.args(["scan", "-", "-o", "-"]).write_stdin(&whole[..whole.len() / 2]);
    let assert = command.assert().code(1);
    let message = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(message.contains("<stdin>") && message.contains("truncated gzip"), "{message}");
    assert!(assert.get_output().stdout.is_empty());
}
