//! Variants. What is no more than unusual is in `tests/vcf.rs`.

mod damaged;
mod tables;

use std::io::Read;

use super::{Setting, letters, utf16};
use crate::support::*;

/// What must happen.
enum Must {
    /// Exit code 1; the message names the file and says all of these; nothing is left.
    Refuse(&'static [&'static str]),
    /// Exit code 0; every record comes out; so many alleles are scored and so many skipped for each
    /// reason.
    Take(u64, &'static [(&'static str, u64)]),
}

use Must::{Refuse, Take};

/// A name, the bytes, and what must happen.
type Row = (&'static str, Vec<u8>, Must);

const CONTIGS: &str =
    "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=3000>\n##contig=<ID=chr2,length=1000>\n";
const NAMES: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

fn header() -> String {
    [CONTIGS, NAMES].concat()
}

fn record(position: impl std::fmt::Display, reference: &str, alternates: &str) -> String {
    format!("chr1\t{position}\tid\t{reference}\t{alternates}\t.\t.\t.\n")
}

/// The genome's letters from POS on.
fn reads(position: usize, length: usize) -> String {
    letters(3_000)[position - 1..position - 1 + length].to_owned()
}

/// A letter that is not the genome's at POS.
fn other(position: usize) -> &'static str {
    if reads(position, 1) == "A" { "C" } else { "A" }
}

/// An SNV that can be scored.
fn snv() -> String {
    record(1_500, &reads(1_500, 1), other(1_500))
}

/// Columns 1 to 5 of each record, and those after INFO.
fn records_of(bytes: &[u8]) -> Vec<String> {
    let mut text = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut text).unwrap();
    } else {
        text.extend(bytes);
    }
    let text = String::from_utf8_lossy(&text).replace('\r', "");
    let records = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let kept = records.map(|line| {
        let columns = line.split('\t').enumerate().filter(|(i, _)| *i != 7);
        columns.map(|(_, column)| column).collect::<Vec<_>>().join("\t")
    });
    kept.collect()
}

impl Setting {
    /// Annotates `bytes` and returns exit code, messages and VCF; nothing is left but complete
    /// outputs.
    fn annotate(&self, name: &str, more: &[&str], bytes: &[u8]) -> (i32, String, Vec<u8>) {
        let file = self.folder.file("hostile", bytes);
        let to = format!("{}/x.vcf", self.out);
        let args = ["variants", &file, "--fasta", &self.genome, "-o", &to];
        let assert = polyascan().args(args).args(more).assert();
        let output = assert.get_output();
        let said = format!("{name}: {}", String::from_utf8_lossy(&output.stderr));
        let code = output.status.code().unwrap_or_else(|| panic!("killed: {said}"));
        assert!(!said.contains("panicked") && !said.contains("internal"), "{said}");
        assert!(said.len() < 4_000, "{} bytes: {}", said.len(), &said[..1_000]);
        if code == 0 {
            assert_eq!(names(&self.out), ["x.summary.json", "x.vcf"], "{said}");
            return (code, said, std::fs::read(to).unwrap());
        }
        assert!(code == 1 && said.contains(&format!("error: {file}")), "{code}: {said}");
        assert!(names(&self.out).is_empty(), "{said}: {:?}", names(&self.out));
        (code, said, Vec::new())
    }

    /// Checks that what must happen does, and that everything is accounted for.
    fn check_variants(&self, more: &[&str], (name, bytes, must): &Row) {
        let (code, said, vcf) = self.annotate(name, more, bytes);
        match *must {
            Refuse(told) => {
                assert_eq!(code, 1, "{said}");
                told.iter().for_each(|told| assert!(said.contains(told), "{told:?}: {said}"));
            }
            Take(scored, skipped) => {
                assert_eq!(code, 0, "{said}");
                assert_eq!(records_of(&vcf), records_of(bytes), "{said}");
                let totals = self.totals(&said);
                assert_eq!(totals["scored"], scored, "{said}");
                let reasons = totals["skipped"].as_object().unwrap();
                let named = reasons.iter().filter(|(_, count)| **count != 0);
                let named: Vec<_> = named.map(|(k, n)| (k.as_str(), n.as_u64().unwrap())).collect();
                assert_eq!(named, skipped, "{said}");
            }
        }
        self.clear();
    }

    /// The totals of the summary, which add up.
    fn totals(&self, said: &str) -> serde_json::Value {
        let totals = summary(&format!("{}/x", self.out))["totals"].clone();
        let count = |value: &serde_json::Value| value.as_u64().unwrap();
        let skipped: u64 = totals["skipped"].as_object().unwrap().values().map(count).sum();
        assert_eq!(count(&totals["alleles"]), count(&totals["scored"]) + skipped, "{said}");
        let [records, written, excluded] =
            ["records", "written", "excluded"].map(|k| count(&totals[k]));
        assert_eq!(records, written + excluded, "{said}");
        totals
    }

    fn clear(&self) {
        for name in names(&self.out) {
            std::fs::remove_file(format!("{}/{name}", self.out)).unwrap();
        }
    }
}

#[test]
fn every_allele_is_scored_or_skipped_for_its_reason() {
    let s = Setting::new();
    tables::alleles().iter().for_each(|row| s.check_variants(&[], row));
}

#[test]
fn a_position_is_used_counted_as_skipped_or_refused() {
    let s = Setting::new();
    tables::positions().iter().for_each(|row| s.check_variants(&[], row));
}

#[test]
fn a_line_is_a_record_or_refused_by_its_number() {
    let s = Setting::new();
    tables::lines().iter().for_each(|row| s.check_variants(&[], row));
}

#[test]
fn a_header_is_taken_or_refused_with_line_and_cure() {
    let s = Setting::new();
    tables::headers().iter().for_each(|row| s.check_variants(&[], row));
}

#[test]
fn contigs_of_another_length_are_told() {
    let s = Setting::new();
    let other = header().replace("3000", "248956422") + &snv();
    let (code, said, _) = s.annotate("another genome", &[], other.as_bytes());
    assert_eq!(code, 0, "{said}");
    let told = "note: 1 contigs have another length in the VCF than in the FASTA (chr1: 248956422 and 3000 nt)";
    assert!(said.contains(told), "{said}");
    assert!(summary(&format!("{}/x", s.out))["notes"].to_string().contains("another length"));
}

/// The four ways of `--check-ref`, where the genome has nothing to compare REF with.
#[test]
fn a_ref_over_the_contigs_end_is_dealt_with_as_asked() {
    let s = Setting::new();
    let over = header() + &snv() + &record(3_000, &(reads(3_000, 1) + "A"), "C");
    let place = &["chr1:3000", "the contig's end", "--check-ref w"];
    s.check_variants(&["--check-ref", "e"], &("e", over.clone().into(), Refuse(place)));
    for way in ["w", "s"] {
        s.check_variants(
            &["--check-ref", way],
            &("w, s", over.clone().into(), Take(1, &[("ref_mismatch", 1)])),
        );
    }
    let (code, said, vcf) = s.annotate("x", &["--check-ref", "x"], over.as_bytes());
    assert_eq!((code, records_of(&vcf).len()), (0, 1), "{said}");
    let totals = s.totals(&said);
    assert_eq!((&totals["excluded"], &totals["written"]), (&1.into(), &1.into()));
}

#[test]
fn what_cannot_be_indexed_leaves_nothing() {
    let s = Setting::new();
    // A tabix index and the usual CSI index end at 2^29.
    let far = header() + &snv() + &record(600_000_000, "A", "C");
    let file = s.folder.file("far.vcf", &far);
    for name in ["x.vcf.gz", "x.bcf"] {
        let to = format!("{}/{name}", s.out);
        let args = ["variants", &file, "--fasta", &s.genome, "-W", "-o", &to];
        refuse(args, 1, &[name, "cannot be indexed", "leave --write-index out"]);
        assert!(names(&s.out).is_empty(), "{:?}", names(&s.out));
    }
}
