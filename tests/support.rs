//! What the tests share: running the program, small genomes, a small model, readers of its files.

mod killable;

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use bigtools::BigWigRead;
use candle_core::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use killable::Killable;

/// Thresholds at which any model with human-like outputs calls many sites.
pub const WEAK: [&str; 4] = ["--min-probability", "0.01", "--min-centre-cleavage", "0.01"];

/// The program, which is killed if it hangs.
pub fn polyascan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polyascan"));
    // Converted models of whoever runs the tests play no part.
    command.env("POLYASCAN_MODELS", "/nonexistent").timeout(Duration::from_secs(120));
    command
}

/// Runs the program, which must succeed; returns its standard output.
pub fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Vec<u8> {
    polyascan().args(args).assert().success().get_output().stdout.clone()
}

/// Runs the program, which must refuse: exit code, one error message with all of `told`, nothing on
/// standard output. Returns the message.
pub fn refuse<S: AsRef<OsStr>>(
    args: impl IntoIterator<Item = S>,
    code: i32,
    told: &[&str],
) -> String {
    let assert = polyascan().args(args).assert();
    let output = assert.get_output();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(output.stdout.is_empty(), "{message}");
    assert!(message.contains("error: ") && !message.contains("panicked"), "{message}");
    for part in told {
        assert!(message.contains(part), "{part:?} is not said in: {message}");
    }
    message
}

/// Returns a file of ../shared. Tests that ask for one are marked as ignored where the folder is
/// not there (`cfg(shared)`, set by build.rs).
pub fn shared(path: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    assert!(file.exists(), "{} is not here", file.display());
    file
}

/// A folder that is removed at the end of the test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The path of something in the folder, as text for command lines.
    pub fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file and returns its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.at(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Makes a folder inside and returns its path.
    pub fn folder(&self, name: &str) -> String {
        let path = self.at(name);
        fs::create_dir(&path).unwrap();
        path
    }
}

/// The names in a folder, sorted, hidden ones too.
pub fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Simulates a genome into `folder` and returns the path of its FASTA file.
pub fn simulate(folder: &str, length: usize, sites: usize, contigs: usize, seed: u64) -> String {
    let [length, sites, contigs, seed] =
        [length, sites, contigs, seed as usize].map(|n| n.to_string());
    run(["simulate", "--length", &length, "--sites", &sites, "--contigs", &contigs]
        .into_iter()
        .chain(["--seed", &seed, "-o", folder]));
    format!("{folder}/genome.fa")
}

/// Reads a FASTA file: names and sequences, soft-masked letters as capitals.
pub fn read_fasta(path: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap();
    let records = text.split('>').skip(1).map(|record| {
        let (name, lines) = record.split_once('\n').unwrap();
        (name.to_owned(), lines.split_ascii_whitespace().collect::<String>().to_uppercase())
    });
    records.collect()
}

/// Writes FASTA text with lines of 70 letters.
pub fn fasta<'a>(records: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, sequence) in records {
        text.push_str(&format!(">{name}\n"));
        for line in sequence.as_bytes().chunks(70) {
            text.push_str(std::str::from_utf8(line).unwrap());
            text.push('\n');
        }
    }
    text
}

/// Compresses as `gzip` does.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Compresses as `bgzip` does.
pub fn bgzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = noodles::bgzf::io::Writer::new(Vec::new());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// The reverse complement of upper-case letters; what is no base stays.
pub fn reverse_complement(letters: &str) -> String {
    let complement = |letter| match letter {
        'A' => 'T',
        'C' => 'G',
        'G' => 'C',
        'T' => 'A',
        other => other,
    };
    letters.chars().rev().map(complement).collect()
}

/// Writes a dense-scan model of 16 channels whose random weights make its outputs vary widely: many
/// sites at the published thresholds, and fast. Returns its path.
pub fn small_model(folder: &Folder) -> String {
    let (tensors, metadata) = small_weights();
    let path = folder.at("small.safetensors");
    safetensors::serialize_to_file(&tensors, Some(metadata), path.as_ref()).unwrap();
    path
}

/// The tensors and metadata of [`small_model`].
pub fn small_weights() -> (HashMap<String, Tensor>, HashMap<String, String>) {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut tensors = HashMap::new();
    let mut layer = |name: &str, inputs: usize, outputs: usize, size: f32| {
        let mut values = |n: usize| -> Vec<f32> {
            (0..n).map(|_| size * (2.0 * rng.random::<f32>() - 1.0)).collect()
        };
        let weight = Tensor::from_vec(values(inputs * outputs), (inputs, outputs), &Device::Cpu);
        let bias = Tensor::from_vec(values(outputs), outputs, &Device::Cpu);
        tensors.insert(format!("{name}.weight"), weight.unwrap());
        tensors.insert(format!("{name}.bias"), bias.unwrap());
    };
    layer("stem", 64, 16, 0.5);
    for block in 0..3 {
        layer(&format!("blocks.{block}"), 48, 16, 0.3);
    }
    layer("hidden", 16, 16, 0.6);
    layer("output", 16, 51, 0.6);
    let config = r#"{"channels":16,"stem_width":16,"dilations":[16,32,64],"hidden":16}"#;
    let metadata = [("architecture", "dense-scan"), ("task", "sites"), ("config", config)];
    (tensors, metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
}

/// A row of a sites file.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub chrom: String,
    pub start: usize,
    pub end: usize,
    pub name: String,
    pub score: u32,
    pub strand: char,
    pub probability: f64,
    pub posterior: Option<f64>,
    pub cleavage: f64,
    pub cluster: std::ops::Range<usize>,
    pub entropy: f64,
    pub windows: u32,
    pub signal: Option<(String, usize)>,
    pub gene: String,
    pub feature: String,
    pub line: String,
}

/// Reads the rows of a sites file.
pub fn sites(text: &str) -> Vec<Site> {
    text.lines().filter(|line| !line.starts_with('#')).map(site).collect()
}

/// Reads the rows of the sites file of an output prefix.
pub fn sites_of(prefix: &str) -> Vec<Site> {
    sites(&fs::read_to_string(format!("{prefix}.sites.bed")).unwrap())
}

fn site(line: &str) -> Site {
    let columns: Vec<&str> = line.split('\t').collect();
    assert_eq!(columns.len(), 23, "{line}");
    let signal = (columns[13] != ".").then(|| (columns[13].into(), columns[14].parse().unwrap()));
    assert_eq!(signal.is_none(), columns[14] == ".", "{line}");
    Site {
        chrom: columns[0].into(),
        start: columns[1].parse().unwrap(),
        end: columns[2].parse().unwrap(),
        name: columns[3].into(),
        score: columns[4].parse().unwrap(),
        strand: columns[5].parse().unwrap(),
        probability: columns[6].parse().unwrap(),
        posterior: (columns[7] != ".").then(|| columns[7].parse().unwrap()),
        cleavage: columns[8].parse().unwrap(),
        cluster: columns[9].parse().unwrap()..columns[10].parse().unwrap(),
        entropy: columns[11].parse().unwrap(),
        windows: columns[12].parse().unwrap(),
        signal,
        gene: columns[15].into(),
        feature: columns[16].into(),
        line: line.into(),
    }
}

/// The rows of a sites file as they are.
pub fn lines(sites: &[Site]) -> Vec<&str> {
    sites.iter().map(|site| site.line.as_str()).collect()
}

/// Reads the summary of an output prefix.
pub fn summary(prefix: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(format!("{prefix}.summary.json")).unwrap()).unwrap()
}

/// Reads one contig of a track, NaN where there is no value.
pub fn track(path: &str, contig: &str, length: usize) -> Vec<f32> {
    let mut reader = BigWigRead::open_file(path).unwrap();
    let mut values = vec![f32::NAN; length];
    if reader.chroms().iter().any(|chrom| chrom.name == contig) {
        for value in reader.get_interval(contig, 0, length as u32).unwrap() {
            let value = value.unwrap();
            values[value.start as usize..value.end as usize].fill(value.value);
        }
    }
    values
}

/// A row of `predict`: a window's start, strand and raw outputs.
pub struct Window {
    pub contig: String,
    pub start: usize,
    pub strand: char,
    pub probability: f32,
    pub cleavage: Vec<f32>,
}

impl Window {
    /// The position that the window speaks of: its base 120 in transcript direction.
    pub fn centre(&self) -> usize {
        if self.strand == '+' { self.start + 120 } else { self.start + 119 }
    }
}

/// Reads the table of `predict`.
pub fn windows(table: &[u8]) -> Vec<Window> {
    let text = std::str::from_utf8(table).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        // Calibrated models have a posterior behind their cleavage.
        assert!((5..=6).contains(&columns.len()), "{line}");
        Window {
            contig: columns[0].into(),
            start: columns[1].parse().unwrap(),
            strand: columns[2].parse().unwrap(),
            probability: columns[3].parse().unwrap(),
            cleavage: columns[4].split(',').map(|value| value.parse().unwrap()).collect(),
        }
    });
    rows.collect()
}

/// A record of annotated VCF.
#[derive(Clone, Debug)]
pub struct Record {
    pub contig: String,
    pub position: usize,
    pub id: String,
    pub reference: String,
    pub alternates: Vec<String>,
    pub info: BTreeMap<String, String>,
    /// Of INFO/PolyA.
    pub entries: Vec<Entry>,
}

/// An entry of INFO/PolyA.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub allele: String,
    pub gene: String,
    pub strand: String,
    pub site: usize,
    pub offset: i64,
    pub delta: String,
    pub motif: String,
    pub effect: String,
    pub text: String,
}

impl Record {
    /// The entry whose effect is the largest, of those that are not unchanged if there are any.
    pub fn greatest(&self) -> Option<&Entry> {
        let size = |entry: &&Entry| {
            let delta: f64 = entry.delta.parse().unwrap();
            (entry.effect != "unchanged", (delta.abs() * 1000.0) as i64)
        };
        self.entries.iter().max_by_key(size)
    }

    /// PolyA_max of an alternate allele; of one that was not scored `.`.
    pub fn max(&self, allele: usize) -> String {
        let all = self.info.get("PolyA_max").map_or(".", String::as_str);
        all.split(',').nth(allele).unwrap_or(".").to_owned()
    }
}

impl Entry {
    /// All but the allele as it is written, and its number in the record.
    pub fn without_allele(&self) -> String {
        let parts = self.text.split('|').enumerate();
        let others = parts.filter(|(i, _)| ![0, 18].contains(i)).map(|(_, part)| part);
        others.collect::<Vec<_>>().join("|")
    }
}

/// Reads the records of a VCF file.
pub fn records(text: &str) -> Vec<Record> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(record).collect()
}

fn record(line: &str) -> Record {
    let columns: Vec<&str> = line.split('\t').collect();
    let info = columns[7].split(';').filter(|entry| *entry != ".").map(|entry| {
        let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
        (key.to_owned(), value.to_owned())
    });
    let info: BTreeMap<String, String> = info.collect();
    let entries = info.get("PolyA").into_iter().flat_map(|entries| entries.split(',')).map(entry);
    Record {
        contig: columns[0].into(),
        position: columns[1].parse().unwrap(),
        id: columns[2].into(),
        reference: columns[3].into(),
        alternates: columns[4].split(',').map(str::to_owned).collect(),
        entries: entries.collect(),
        info,
    }
}

fn entry(text: &str) -> Entry {
    let parts: Vec<&str> = text.split('|').collect();
    assert_eq!(parts.len(), 22, "{text}");
    Entry {
        allele: parts[0].into(),
        gene: parts[1].into(),
        strand: parts[2].into(),
        site: parts[3].parse().unwrap(),
        offset: parts[4].parse().unwrap(),
        delta: parts[9].into(),
        motif: parts[13].into(),
        effect: parts[14].into(),
        text: text.into(),
    }
}
