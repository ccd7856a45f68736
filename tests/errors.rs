//! docs/ERRORS.md is true: each of its commands gives its message and exit code, and no kind of error
//! is left out.

use std::fs;
use std::path::Path;

use crate::support::*;

const PAGE: &str = include_str!("../docs/ERRORS.md");

/// A row of the page's tables.
struct Row {
    /// With `…` for what differs.
    message: &'static str,
    code: i32,
    example: Example,
}

enum Example {
    /// Words after `polyascan`.
    Command(Vec<&'static str>),
    /// Path of a test.
    Test(&'static str),
}

/// Reads the rows.
fn rows() -> Vec<Row> {
    let lines = PAGE.lines().filter(|line| line.starts_with("| `"));
    lines.map(|line| row(line).unwrap_or_else(|| panic!("not a row: {line}"))).collect()
}

fn row(line: &'static str) -> Option<Row> {
    let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let [message, code, example, cure] = line.split(" | ").collect::<Vec<_>>()[..] else {
        return None;
    };
    let code_span = |text: &'static str| text.strip_prefix('`')?.strip_suffix('`');
    // Two backticks and a blank where the message has backticks itself.
    let message = match message.strip_prefix("`` ") {
        Some(rest) => rest.strip_suffix(" ``")?,
        None => code_span(message)?,
    };
    let example = match example.strip_prefix("test ") {
        Some(test) => Example::Test(code_span(test)?),
        None => Example::Command(code_span(example)?.split(' ').collect()),
    };
    (!cure.is_empty()).then_some(())?;
    Some(Row { message, code: code.parse().ok()?, example })
}

/// Whether `text` is `pattern`, in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The files that the page's commands name.
fn files() -> Folder {
    let folder = Folder::new();
    folder.folder("folder");
    genomes(&folder);
    annotations(&folder);
    tables(&folder);
    configurations(&folder);
    weights(&folder);
    folder
}

fn genomes(folder: &Folder) {
    let genome = format!(">chr1\n{}\n", "ACGTTGCAAG".repeat(50));
    let (gz, mut damaged) = (gzip(genome.as_bytes()), gzip(genome.as_bytes()));
    let checksum = damaged.len() - 6;
    damaged[checksum] ^= 1;
    let bgz = bgzip(genome.as_bytes());
    let header = format!(">{}", "x".repeat(2 << 20));
    let contents: [(&str, &[u8]); 15] = [
        ("genome.fa", genome.as_bytes()),
        ("empty.fa", b""),
        ("reads.fq", b"@read\nACGT\n+\nIIII\n"),
        ("noname.fa", b">a\nAC\n>\nAC\n"),
        ("twice.fa", b">a\nAC\n>a\nAC\n"),
        ("bell.fa", b">a\x07\nAC\n"),
        ("latin1.fa", b">\xe4\nAC\n"),
        ("header.fa", header.as_bytes()),
        ("mac.fa", b">a\rAC\r"),
        ("letter.fa", b">a\nAC!\n"),
        ("archive.fa", b"PK\x03\x04"),
        ("utf16.fa", b"\xff\xfe>\0a\0"),
        ("cut.fa.gz", &gz[..gz.len() - 9]),
        ("damaged.fa.gz", &damaged),
        ("noend.fa.gz", &bgz[..bgz.len() - 1]),
    ];
    contents.iter().for_each(|(name, bytes)| drop(folder.file(name, bytes)));
}

fn annotations(folder: &Folder) {
    let row = |contig: &str, start: u32, end: u32, strand: &str, attributes: &str| {
        format!("{contig}\tx\texon\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n")
    };
    let id = "gene_id \"G\";";
    for (name, text) in [
        ("nothing", "# no rows\n".into()),
        ("gff3", "##gff-version 3\n".into()),
        ("columns", "chr1\texon\n".into()),
        ("tab", row("chr1", 1, 9, "+", "gene_id \"G\";\tmore")),
        ("position", row("chr1", 0, 9, "+", id)),
        ("reversed", row("chr1", 9, 1, "+", id)),
        ("past", row("chr1", 1, 501, "+", id)),
        ("strand", row("chr1", 1, 9, "?", id)),
        ("quote", row("chr1", 1, 9, "+", "gene_id \"G")),
        ("noid", row("chr1", 1, 9, "+", "transcript_id \"T\";")),
        ("other", row("2L", 1, 9, "+", id)),
        ("nul", row("chr1", 1, 9, "+", "gene_id \"G\0\";")),
        ("mac", row("chr1", 1, 9, "+", id).replace('\n', "\r").repeat(2)),
    ] {
        folder.file(&format!("{name}.gtf"), text);
    }
}

fn tables(folder: &Folder) {
    for (name, text) in [
        ("none.bed", "# no lines\n"),
        ("columns.bed", "chr1\t5\n"),
        ("contig.bed", "chr9\t0\t5\n"),
        ("position.bed", "chr1\tx\t5\n"),
        ("empty.bed", "chr1\t5\t5\n"),
        ("past.bed", "chr1\t0\t501\n"),
        ("strand.bed", "chr1\t0\t5\tname\t0\t?\n"),
        ("mac.bed", "chr1\t0\t5\rchr1\t6\t7\r"),
        ("sites.bed", "chr1\t250\t251\tsite\t0\t+\n"),
        ("other.bed", "2L\t10\t11\tsite\t0\t+\n"),
        ("letter.txt", "ACGT!\n"),
        ("windows.txt", "ACGTACGTACGT\n"),
        ("table.tsv", "name\tletters\n"),
        ("nocolumn.tsv", "contig\tstrand\nchr1\t+\n"),
        ("number.tsv", "contig\toffset\tstrand\nchr1\tx\t+\n"),
        ("outside.tsv", "contig\toffset\tstrand\nchr1\t501\t+\n"),
    ] {
        folder.file(name, text);
    }
}

fn configurations(folder: &Folder) {
    let recipe = include_str!("../config/train/deerect.toml");
    let changed = |from: &str, to: &str| {
        assert!(recipe.contains(from), "{from}");
        recipe.replace(from, to)
    };
    let tuned = |range: &str| format!("{recipe}\n[tune]\n{range}\n");
    for (name, text) in [
        ("syntax", "[scan]\nbackground == 1\n".to_owned()),
        ("entry", "[scan]\nbackgruond = 1\n".into()),
        ("type", "[scan]\nbackground = \"low\"\n".into()),
        ("range", "[scan]\nbackground = 2\n".into()),
        ("signal", recipe.into()),
        ("unknown", changed("[network]", "[netwrok]")),
        ("zero", changed("epochs = 15", "epochs = 0")),
        ("dropout", changed("dropout = 0.25", "dropout = 1.0")),
        ("still", changed("learning_rate = 2e-2", "learning_rate = 0.0")),
        ("ranges", tuned("optimiser.learning_rate = { log = [1e-1, 1e-3] }")),
        ("speed", tuned("optimiser.speed = { log = [1e-3, 1e-1] }")),
    ] {
        folder.file(&format!("{name}.toml"), text);
    }
}

fn weights(folder: &Folder) {
    let whole = fs::read(small_model(folder)).unwrap();
    folder.file("cut.safetensors", &whole[..whole.len() - 1]);
    for name in ["nameless", "unet", "unsized", "partial"] {
        let (mut tensors, mut metadata) = small_weights();
        match name {
            "nameless" => drop(metadata.remove("architecture")),
            "unet" => drop(metadata.insert("architecture".into(), name.into())),
            "unsized" => drop(metadata.remove("config")),
            _ => drop(tensors.remove("stem.bias")),
        }
        let bytes = safetensors::serialize(&tensors, Some(metadata)).unwrap();
        folder.file(&format!("{name}.safetensors"), bytes);
    }
    folder.file("cut.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0");
    folder.file("cut.npz", [b"PK\x03\x04", &[0; 22][..], b"\x05\0\0\0a.npy"].concat());
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";
    let length = (header.len() as u16).to_le_bytes();
    let array = [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), &[0; 4]].concat();
    folder.file("array.npy", array);
}

#[test]
fn every_command_of_the_page_gives_its_message_and_exit_code() {
    let folder = files();
    let mut wrong = Vec::new();
    for Row { message, code, example } in rows() {
        let Example::Command(words) = example else { continue };
        let before = names(&folder.at(""));
        let assert = polyascan().current_dir(folder.at("")).args(&words).assert();
        let output = assert.get_output();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = said.lines().find_map(|line| line.split_once("error: "));
        let told = line.is_some_and(|(_, told)| matches(message, told.trim_end()));
        let left = names(&folder.at("")) != before;
        if !told || output.status.code() != Some(code) || said.contains("panicked") || left {
            let (command, got) = (words.join(" "), output.status.code());
            wrong.push(format!("{command}\n  expected {code}: {message}\n  got {got:?}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_error_has_its_section_with_rows() {
    let source = include_str!("../src/error.rs");
    let body = source.split("pub enum Error {").nth(1).unwrap().split("\n}").next().unwrap();
    let kinds = body.lines().filter_map(|line| {
        let name = line.strip_prefix("    ")?;
        name.starts_with(|c: char| c.is_ascii_uppercase())
            .then(|| name.split(|c: char| !c.is_alphanumeric()).next().unwrap())
    });
    let mut kinds: Vec<&str> = kinds.collect();
    let mut sections: Vec<&str> = Vec::new();
    for section in PAGE.split("\n## `").skip(1) {
        let (name, text) = section.split_once('`').unwrap();
        assert!(text.contains("\n| `"), "{name} has no rows");
        sections.push(name);
    }
    kinds.sort_unstable();
    sections.sort_unstable();
    assert!(kinds.len() > 7 && sections == kinds, "{sections:?} {kinds:?}");
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for row in rows() {
        let Example::Test(path) = row.example else { continue };
        let (module, name) = path.rsplit_once("::").unwrap();
        let module = module.replace("::", "/");
        let inner = module.strip_suffix("/tests").unwrap_or(&module);
        let places =
            [format!("tests/{module}.rs"), format!("src/{module}.rs"), format!("src/{inner}.rs")];
        let function = format!("fn {name}()");
        let has = |place: &String| {
            fs::read_to_string(root.join(place)).is_ok_and(|t| t.contains(&function))
        };
        assert!(places.iter().any(has), "{path}");
    }
}

#[test]
fn a_pattern_matches_the_whole_message() {
    assert!(matches("a … c", "a b c") && matches("…: x…", "f, line 1: x") && matches("x", "x"));
    assert!(!matches("a … c", "a b c d") && !matches("x", "xy") && !matches("…b…a", "ab"));
}
