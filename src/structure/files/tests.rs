use std::io::Write as _;

use super::*;

fn read(text: &str, form: Form) -> Result<Vec<Record>> {
    Records::new(text.as_bytes(), Path::new("structures.txt"), form).collect()
}

/// Name, sequence and structure of each record.
fn shown(text: &str, form: Form) -> Vec<(String, String, String)> {
    let text_of = |letters: Vec<u8>| String::from_utf8(letters).unwrap();
    read(text, form)
        .unwrap()
        .into_iter()
        .map(|record| {
            let sequence = record.sequence.map_or("-".into(), text_of);
            (record.name.unwrap_or("-".into()), sequence, text_of(record.structure))
        })
        .collect()
}

fn row(name: &str, sequence: &str, structure: &str) -> (String, String, String) {
    (name.into(), sequence.into(), structure.into())
}

#[test]
fn rnafold_output_is_read() {
    let text = ">a first one\nACGUACGUAC\n.((....)). ( -1.20)\n>b\nGGAACC\n((..)) (-12.30)\r\n";
    let expected = [row("a", "ACGUACGUAC", "FSSHHHHSST"), row("b", "GGAACC", "SSHHSS")];
    assert_eq!(shown(text, Form::Labels), expected);
    assert_eq!(shown(text, Form::Raw)[0].2, ".((....)).");
    let unnamed: String =
        text.lines().filter(|l| !l.starts_with('>')).map(|l| format!("{l}\n")).collect();
    assert_eq!(shown(&unnamed, Form::Labels)[1], row("-", "GGAACC", "SSHHSS"));
}

#[test]
fn the_lines_of_a_partition_function_are_passed_over() {
    let text = ">a\nGGAACC\n((..)) ( -0.30)\n{(,.)} [ -0.50]\n((..)) { -0.30 d=0.5}\n \
                frequency of mfe structure in ensemble 0.7; ensemble diversity 0.5\n>b\nAA\n..\n";
    let expected = [row("a", "GGAACC", "SSHHSS"), row("b", "AA", "FF")];
    assert_eq!(shown(text, Form::Labels), expected);
}

#[test]
fn rnashapes_output_is_read_and_its_best_structure_taken() {
    let with_coordinates = ">a\n     1  GGAACCA  7\n-12.30  ((..)).  []\n -0.10  (....).  []\n>b\n1 AAAA 4\n0.00  ....  _\n";
    let expected = [row("a", "GGAACCA", "SSHHSST"), row("b", "AAAA", "FFFF")];
    assert_eq!(shown(with_coordinates, Form::Labels), expected);
    let with_probability = ">a\nGGAACCA\n-12.30  0.8123  ((..)).  []\n>b\nAAAA\n....  0.00  _\n";
    assert_eq!(shown(with_probability, Form::Labels), expected);
}

#[test]
fn pysster_annotation_is_read() {
    let text = ">0\nACGUAC\nsshhss\n>1,2\nACGU\nFSHT\n";
    let expected = [row("0", "ACGUAC", "SSHHSS"), row("1,2", "ACGU", "FSHT")];
    assert_eq!(shown(text, Form::Labels), expected);
}

#[test]
fn one_structure_per_line_is_read() {
    let text = "((..))\n\nSSHHSS\n.....\nFFTT";
    let structures = ["SSHHSS", "SSHHSS", "FFFFF", "FFTT"];
    assert_eq!(shown(text, Form::Labels), structures.map(|labels| row("-", "-", labels)));
    let named = ">a\n((..))\n>b\nSSHHSS\n";
    assert_eq!(shown(named, Form::Labels)[1], row("b", "-", "SSHHSS"));
}

#[test]
fn raw_letters_are_handed_over_as_they_are() {
    let text = ">a\nACGUAC\n([..])\n>b\nACGU\nsu1u\n";
    let expected = [row("a", "ACGUAC", "([..])"), row("b", "ACGU", "SU1U")];
    assert_eq!(shown(text, Form::Raw), expected);
    assert_eq!(shown("UUSSU\nSSSSS\n", Form::Raw)[0], row("-", "-", "UUSSU"));
}

#[test]
fn gzip_is_read() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b">a\nGGAACC\n((..))\n").unwrap();
    file.write_all(&gzip.finish().unwrap()).unwrap();
    let source = Source::open(file.path()).unwrap();
    let records: Vec<Record> = Records::open(&source, Form::Labels).map(Result::unwrap).collect();
    assert_eq!(records[0].structure, b"SSHHSS");
    assert_eq!(records[0].line, 3);
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    for (text, told) in [
        (">a\nACGU\n>b\nACGU\n....\n", ["line 1", "record \"a\" has no structure"]),
        (">a\n>b\n", ["line 1", "record \"a\" has no structure"]),
        (">a\nACGU\n.....\n", ["line 3", "5 letters and its sequence 4"]),
        (">a\nACGU\n.(..\n", ["line 3", "position 2 is never closed"]),
        (">a\nACGU\nACGU\n....\n", ["line 3", "`A` at position 1 is no loop label"]),
        (">a\nACGUAC\n(([)])\n", ["line 3", "pseudoknot"]),
        ("SSSS\nSSXS\n", ["line 2", "`X` at position 3"]),
    ] {
        let said = read(text, Form::Labels).unwrap_err().to_string();
        assert!(said.contains("structures.txt"), "{said}");
        assert!(told.iter().all(|part| said.contains(part)), "{text:?}: {said}");
    }
}
