//! Builds that write Parquet.

use std::fs;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use crate::support::*;

const AS_PARQUET: [&str; 2] = ["--format", "parquet"];

/// A cell is that of the text: the same text, or the same number.
fn is_same(cell: &Field, text: &str) -> bool {
    match cell {
        Field::Null => text == ".",
        Field::Str(there) => there == text,
        Field::Long(n) => text.parse() == Ok(*n),
        Field::Double(x) => text.parse() == Ok(*x),
        Field::ListInternal(list) => {
            let texts: Vec<&str> = text.split(',').collect();
            let all = list.elements();
            all.len() == texts.len() && all.iter().zip(texts).all(|(x, text)| is_same(x, text))
        }
        other => panic!("{other:?}"),
    }
}

/// Compares a table with its text; returns the number of rows and the types of columns, as the
/// first row with a value has them.
fn compare(table: &str, name: &str) -> (usize, Vec<String>) {
    let bytes = fs::read(name).unwrap();
    let mut text = String::new();
    if name.ends_with(".gz") {
        MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    let mut lines = text.lines();
    let header =
        lines.by_ref().find(|line| line.starts_with('#') && !line[1..].starts_with(['#', ' ']));
    let names: Vec<&str> = header.unwrap()[1..].split('\t').collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split('\t').collect()).collect();
    let reader = SerializedFileReader::new(fs::File::open(table).unwrap()).unwrap();
    let there: Vec<Row> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(there.len(), rows.len(), "{table}");
    let mut types = vec![String::new(); names.len()];
    for (row, expected) in there.iter().zip(&rows) {
        assert_eq!(row.len(), expected.len(), "{table}");
        for (i, ((name, cell), text)) in row.get_column_iter().zip(expected).enumerate() {
            assert!(name == names[i] && is_same(cell, text), "{table}: {name}: {cell:?} {text}");
            if !matches!(cell, Field::Null) {
                types[i] = format!("{cell:?}").split('(').next().unwrap().to_owned();
            }
        }
    }
    (rows.len(), types)
}

#[test]
fn sites_genes_and_context_have_the_values_of_the_text() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 60_000, 10, 2, 3);
    let (genes, out) = (folder.at("sim/genes.gtf"), folder.at("out"));
    let args = ["scan", &genome, "-a", &genes, "--context", "--bgzip", "-o", &out];
    run(args.iter().chain(&AS_PARQUET).chain(&WEAK));
    let (sites, types) = compare(&format!("{out}.sites.parquet"), &format!("{out}.sites.bed.gz"));
    assert!(sites > 5, "{sites}");
    assert_eq!(types[..7], ["Str", "Long", "Long", "Str", "Long", "Str", "Double"]);
    for table in ["genes", "context"] {
        let (rows, _) = compare(&format!("{out}.{table}.parquet"), &format!("{out}.{table}.tsv"));
        assert!(rows > 3, "{table}: {rows}");
    }
    // A run without them leaves none of an earlier one.
    run(["scan", &genome, "-o", &out]);
    assert!(!fs::exists(format!("{out}.sites.parquet")).unwrap());
}

#[test]
fn merged_shards_give_the_tables_of_the_run_in_one_go() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 40_000, 8, 2, 3);
    let (one, out) = (folder.at("one"), folder.at("out"));
    run(["scan", &genome, "-o", &one].iter().chain(&AS_PARQUET).chain(&WEAK));
    let shards = ["1/2", "2/2"].map(|shard| {
        run(["scan", &genome, "-o", &out, "--shard", shard].iter().chain(&WEAK));
        format!("{out}.{}.shard", shard.replace('/', "-of-"))
    });
    run(["merge", &shards[0], &shards[1], "-o", &out].iter().chain(&AS_PARQUET));
    let read = |prefix: &str| fs::read(format!("{prefix}.sites.parquet")).unwrap();
    assert!(read(&one) == read(&out));
    let shard = ["scan", &genome, "-o", &out, "--shard", "1/2"];
    refuse([&shard[..], &AS_PARQUET].concat(), 2, &["--format to `polyascan merge`"]);
}

#[test]
fn variants_and_predictions_have_the_values_of_the_text() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 40_000, 8, 1, 3);
    let [vcf, genes, tsv] =
        ["sim/variants.vcf", "sim/genes.gtf", "out.tsv"].map(|name| folder.at(name));
    let out = folder.at("out.vcf");
    let args = ["variants", &vcf, "-f", &genome, "-a", &genes, "-o", &out, "--tsv", &tsv];
    run(args.iter().chain(&AS_PARQUET));
    let (rows, types) = compare(&folder.at("out.parquet"), &tsv);
    assert!(rows > 5, "{rows}");
    assert_eq!((types[1].as_str(), types[3].as_str()), ("Long", "Str"));
    let tsv = folder.at("predicted.tsv");
    let args = ["predict", &genome, "--every", "1000", "-o", &tsv];
    run(args.iter().chain(&AS_PARQUET));
    let (rows, types) = compare(&folder.at("predicted.parquet"), &tsv);
    assert!(rows > 50, "{rows}");
    assert_eq!(types[..5], ["Str", "Long", "Str", "Double", "ListInternal"]);
}

#[test]
fn a_table_without_a_name_is_refused() {
    let folder = Folder::new();
    let genome = folder.file("genome.fa", format!(">chr1\n{}\n", "ACGT".repeat(100)));
    let vcf = folder.file("in.vcf", "##fileformat=VCFv4.3\n");
    let out = folder.at("out.vcf");
    let variants = ["variants", &vcf, "-f", &genome, "-o", &out];
    refuse([&variants[..], &AS_PARQUET].concat(), 2, &["name that with --tsv FILE"]);
    refuse(["predict", &genome].iter().chain(&AS_PARQUET), 2, &["needs the name of a file"]);
    refuse(["scan", &genome, "-o", "-"].iter().chain(&AS_PARQUET), 2, &["need a prefix"]);
    let itself = folder.at("x.parquet");
    let args = ["predict", &genome, "-o", &itself];
    refuse([&args[..], &AS_PARQUET].concat(), 2, &["two outputs would be one file"]);
}
