//! Any bytes for one parser, which FUZZ_TARGET names: it may refuse them, but neither panic nor
//! take for ever or all memory. libFuzzer changes inputs towards code that none has reached.

#![no_main]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use polyascan::config::Config;
use polyascan::engine::device::Workers;
use polyascan::genome::annotation::Annotation;
use polyascan::genome::compression::Source;
use polyascan::genome::contigs::Contigs;
use polyascan::genome::fasta::FastaFile;
use polyascan::genome::in_turn::InTurn;
use polyascan::genome::region::read_bed;
use polyascan::genome::sequences::Sequences;
use polyascan::models::convert::{ConvertOptions, convert, keras_h5};
use polyascan::models::registry;
use polyascan::output::frames::FrameReader;
use polyascan::train::recipe;
use polyascan::train::scan::config::ScanTraining;
use polyascan::variants::input::Input;
use polyascan::variants::vcf::reader::VcfReader;

/// Reads a file; the bytes are given too.
type Target = fn(&Path, &[u8]);

const TARGETS: [(&str, Target); 11] = [
    ("fasta", |path, _| {
        let Ok(fasta) = FastaFile::open(path) else { return };
        let mut bases = fasta.bases().expect("was read before");
        let mut codes = Vec::new();
        for contig in fasta.contigs.iter() {
            assert!(bases.next_contig().expect("was read before").is_some());
            codes.clear();
            bases.read(usize::MAX, &mut codes).expect("was read before");
            assert_eq!(codes.len() as u64, contig.length);
        }
    }),
    ("annotation", |path, _| {
        let Ok(annotation) = Annotation::read(path, &CONTIGS) else { return };
        for gene in &annotation.genes {
            assert!(gene.range.start < gene.range.end && gene.range.end <= CONTIGS[gene.contig].length);
        }
    }),
    ("bed", |path, _| {
        for (region, _) in read_bed(path, &CONTIGS).into_iter().flatten() {
            assert!(region.range.end <= CONTIGS[region.contig].length);
        }
    }),
    ("vcf", |path, _| {
        let Ok(mut vcf) = Source::open(path).and_then(VcfReader::new) else { return };
        while let Ok(Some(line)) = vcf.next_record() {
            assert!(line.alternates().count() <= line.size());
        }
    }),
    ("tables", |path, _| {
        let Ok(input) = Input::open(path) else { return };
        let mut genome = InTurn::new(&GENOME).expect("a genome");
        let Ok(mut records) = input.records() else { return };
        let mut number = 0;
        loop {
            match records.next_record(&mut genome) {
                Ok(Some(_)) => number += 1,
                Ok(None) => break,
                Err(_) => return,
            }
        }
        if let Some(rows) = records.rows() {
            rows.counts.check(number).expect("every row is counted");
        }
    }),
    ("sequences", |path, _| {
        let Ok(mut sequences) = Sequences::open(path, None) else { return };
        while let Some(Ok(sequence)) = sequences.next() {
            let _ = sequences.codes(&sequence);
        }
    }),
    ("settings", |path, _| {
        if let Ok(config) = Config::load(Some(path)) {
            assert_eq!(config.check(), Ok(()));
        }
    }),
    ("recipe", |path, _| {
        let _ = recipe::read::<ScanTraining>(path, None);
    }),
    ("hdf5", |path, bytes| {
        let _ = keras_h5::parse(path, bytes.to_vec());
    }),
    ("weights", |path, bytes| {
        let _ = registry::load(&path.display().to_string(), &Workers::CPU);
        // Archives of arrays; HDF5 has a target of its own.
        if bytes.starts_with(b"PK") || bytes.starts_with(b"\x93NUMPY") {
            let _ = convert(path, &path.with_extension("converted"), &ConvertOptions::default());
        }
    }),
    ("frames", |path, _| {
        let Ok(mut frames) = FrameReader::open(path) else { return };
        while let Ok(Some(_)) = frames.next_frame() {}
    }),
];

/// What annotations and regions of the corpus lie on.
static CONTIGS: LazyLock<Contigs> = LazyLock::new(|| {
    let mut contigs = Contigs::default();
    for (name, length) in [("chr1", 5_000), ("2", 800), ("HLA-A*01:01", 300), ("empty", 0)] {
        contigs.push(name.to_owned(), length);
    }
    contigs
});

/// What variants of the corpus lie on.
static GENOME: LazyLock<FastaFile> = LazyLock::new(|| {
    let path = FILE.with_extension("fa");
    let contigs = CONTIGS.iter().filter(|contig| contig.length > 0);
    let text = contigs.map(|contig| {
        format!(">{}\n{}\n", contig.name, "ACGTTGCAAC".repeat(contig.length as usize / 10))
    });
    std::fs::write(&path, text.collect::<String>()).expect("a file in memory");
    let fasta = FastaFile::open(&path).expect("a genome");
    // It stays open.
    let _ = std::fs::remove_file(path);
    fasta
});

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let target = TARGETS.iter().find(|(name, _)| *name == wanted);
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    target.unwrap_or_else(|| panic!("FUZZ_TARGET is none of {}", names.join(", "))).1
});

/// One file in memory for each process.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new("/dev/shm");
    let folder = if folder.is_dir() { folder.to_owned() } else { std::env::temp_dir() };
    folder.join(format!("polyascan-fuzz-{}.safetensors", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    let written = std::fs::File::create(&*FILE).and_then(|mut file| file.write_all(bytes));
    written.expect("a file in memory");
    TARGET(&FILE, bytes);
});
