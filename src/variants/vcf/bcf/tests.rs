use std::fs;
use std::io::Write as _;

use rust_htslib::bcf::{self, Read as _};

use super::*;
use crate::genome::compression::Source;
use crate::variants::vcf::reader::VcfReader;

const HEADER: &str = "##fileformat=VCFv4.3\n\
    ##FILTER=<ID=PASS,Description=\"All filters passed\">\n##FILTER=<ID=q10,Description=\"x\">\n\
    ##contig=<ID=chr1,length=5000>\n##contig=<ID=chr2>\n\
    ##INFO=<ID=AF,Number=A,Type=Float,Description=\"x\">\n##INFO=<ID=DB,Number=0,Type=Flag,Description=\"x\">\n\
    ##INFO=<ID=END,Number=1,Type=Integer,Description=\"x\">\n##INFO=<ID=T,Number=.,Type=String,Description=\"x\">\n\
    ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\">\n##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"x\">\n\
    #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n";

const RECORDS: [&str; 5] = [
    "chr1\t1\trs1\tC\tA,<DEL>,*\t5.1\tPASS\tAF=0.5,1e-07,.;DB\tGT:DP\t0|1:7\t./.:.\n",
    "chr1\t0\t.\tCACGT\tC\t.\t.\t.\tGT\t1\t0/1\n",
    "chr1\t4000\ta;b\tA\t.\t100000\tq10\tT=\u{e4},b;END=4500\tDP:GT\t300:0\t70000:1|1\n",
    "chr2\t70000\t.\tA\tG\t0.25\tPASS;q10\tT=.\tGT\t.\t2\n",
    "chr2\t2147483647\t.\tA\tG\t3\tPASS\tEND=2147483647\tGT\t0/0\t0|0\n",
];

/// What rust-htslib makes of a file of VCF, as BCF that is not compressed and as VCF.
fn by_files(text: &str) -> [Vec<u8>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let vcf = folder.path().join("in.vcf");
    fs::write(&vcf, text).unwrap();
    [("out.bcf", bcf::Format::Bcf), ("out.vcf", bcf::Format::Vcf)].map(|(name, format)| {
        let path = folder.path().join(name);
        let mut reader = bcf::Reader::from_path(&vcf).unwrap();
        let header = bcf::Header::from_template(reader.header());
        let mut writer = bcf::Writer::from_path(&path, &header, true, format).unwrap();
        for record in reader.records() {
            writer.write(&record.unwrap()).unwrap();
        }
        drop(writer);
        let mut bytes = Vec::new();
        Source::open(&path).unwrap().reader().read_to_end(&mut bytes).unwrap();
        bytes
    })
}

fn encoded(records: &str) -> Vec<u8> {
    let mut encoder = BcfEncoder::new(HEADER.as_bytes()).unwrap();
    let header = encoder.header.clone();
    [header, encoder.encode(records.as_bytes()).unwrap()].concat()
}

/// The records of BCF as lines, as far as they can be read.
fn lines(bytes: &[u8]) -> (String, Option<String>) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mut vcf = VcfReader::new(Source::open(file.path()).unwrap()).unwrap();
    let mut text = Vec::new();
    loop {
        match vcf.next_record() {
            Ok(Some(line)) => {
                line.write(line.reference(), &[], "", &mut text);
            }
            Ok(None) => return (String::from_utf8(text).unwrap(), None),
            Err(error) => return (String::from_utf8(text).unwrap(), Some(error.to_string())),
        }
    }
}

#[test]
fn records_in_memory_are_those_that_htslib_writes_into_files() {
    let records = RECORDS.concat();
    let [bytes, text] = by_files(&(HEADER.to_owned() + &records));
    assert_eq!(encoded(&records), bytes);
    let text = String::from_utf8(text).unwrap();
    let (_, expected) = text.split_at(text.find("\nchr1").unwrap() + 1);
    assert_eq!(lines(&bytes), (expected.to_owned(), None));
}

#[test]
fn records_are_read_whole_however_many_are_taken_together() {
    // The last of these is larger than all that are taken together.
    let long = |i: usize| if i == 2_999 { TOGETHER + 9 } else { 500 + i % 7 };
    let record =
        |i: usize| format!("chr1\t{}\t.\tA\tC\t.\t.\tT={}\tGT\t0\t1\n", 1 + i, "x".repeat(long(i)));
    let text: String = (0..3_000).map(record).collect();
    let bytes = encoded(&text);
    assert!(bytes.len() > 3 * TOGETHER);
    assert!(lines(&bytes) == (text.clone(), None));
    // Cut anywhere in the last, all others are given out before that is said.
    let (before, problem) = lines(&bytes[..bytes.len() - 1]);
    assert!(text.starts_with(&before));
    assert_eq!(before.lines().count(), 2_999);
    assert!(problem.unwrap().contains("record 3000: damaged or cut BCF"));
}

#[test]
fn what_bcf_cannot_hold_is_refused_with_its_place_and_what_follows_is_not_taken_for_it() {
    let mut encoder = BcfEncoder::new(HEADER.as_bytes()).unwrap();
    for (line, place) in [
        ("chr3\t7\t.\tA\tC\t.\t.\t.\tGT\t0\t1\n", "chr3:7"),
        ("chr1\t8\t.\tA\tC\t.\tother\t.\tGT\t0\t1\n", "chr1:8"),
        ("chr1\t9\t.\tA\tC\t.\t.\tX=1\tGT\t0\t1\n", "chr1:9"),
        ("chr1\t10\t.\tA\tC\t.\t.\t.\tGT\t0\n", "chr1:10"),
        ("chr1\t99999999999\t.\tA\tC\t.\t.\t.\tGT\t0\t1\n", "chr1:99999999999"),
    ] {
        let error = encoder.encode(line.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(&format!("output, {place}: BCF cannot hold")), "{error}");
    }
    assert!(encoder.encode(RECORDS[1].as_bytes()).is_ok());
}

#[test]
fn a_line_feed_within_a_value_makes_no_second_record() {
    let mut bytes = encoded(RECORDS[0]);
    let at = bytes.windows(3).rposition(|three| three == b"rs1").unwrap();
    bytes[at] = b'\n';
    assert_eq!(
        lines(&bytes).1.map(|problem| problem.contains("record 1: a value holds a line feed")),
        Some(true)
    );
}

#[test]
fn lengths_beyond_reason_take_no_memory() {
    let mut bytes = encoded(RECORDS[0]);
    let begin = encoded("").len();
    bytes[begin..begin + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let problem = lines(&bytes).1.unwrap();
    assert!(problem.contains("record 1: more than 256 MiB in one record"), "{problem}");
    bytes[begin..begin + 4].copy_from_slice(&23u32.to_le_bytes());
    assert!(lines(&bytes).1.unwrap().contains("record 1: damaged or cut BCF"));
}
