//! What a scan says of a position is what the model says of its window.

use std::fs;

use crate::support::*;

/// Two contigs with lower case, IUPAC letters and two runs of N, the first of which leaves windows
/// that are scored.
fn genome(folder: &Folder) -> String {
    let letters = read_fasta(&simulate(&folder.at("sim"), 20_000, 4, 1, 1)).remove(0).1;
    let cut = |start: usize, length: usize| &letters[start..start + length];
    let first =
        [cut(1_000, 900), &"N".repeat(100), cut(2_000, 500), &"n".repeat(400), cut(3_000, 600)];
    let second = cut(8_000, 500).to_lowercase().replace("gc", "SW");
    let third = cut(12_000, 239);
    folder.file("genome.fa", fasta([("a", first.concat().as_str()), ("b", &second), ("c", third)]))
}

fn compare(folder: &Folder, args: &[&str], every: usize) {
    let genome = genome(folder);
    let prefix = folder.at("out/x");
    run(["scan", &genome, "--tracks", "-o", &prefix].iter().chain(args));
    let every_text = every.to_string();
    let table = run(["predict", &genome, "--every", &every_text].iter().chain(args));
    let windows = windows(&table);
    let mut compared = 0;
    for (contig, letters) in read_fasta(&genome) {
        let of_contig = |window: &&Window| window.contig == contig;
        let windows: Vec<&Window> = windows.iter().filter(of_contig).collect();
        let starts = (letters.len() + 1).saturating_sub(240).div_ceil(every);
        assert_eq!(windows.len(), 2 * starts, "{contig}");
        let track =
            |name| track(&format!("{prefix}.{name}.probability.bw"), &contig, letters.len());
        let (plus, minus) = (track("plus"), track("minus"));
        for window in windows {
            let place = format!("{contig}:{} {}", window.centre(), window.strand);
            let scanned = if window.strand == '+' { &plus } else { &minus }[window.centre()];
            let unknown =
                letters[window.start..][..240].matches(|c| !"ACGTacgt".contains(c)).count();
            assert_eq!(scanned.is_nan(), unknown > 120, "{place}");
            if unknown <= 120 {
                assert!((scanned - window.probability).abs() < 1e-5, "{place}: {scanned}");
                compared += 1;
            }
            let mass: f32 = window.cleavage.iter().sum();
            assert!(window.cleavage.len() == 50 && (mass - 1.0).abs() < 1e-4, "{place}");
        }
    }
    assert!(compared > 3_500 / every);
}

#[test]
fn every_window_of_both_strands_scores_in_a_scan_as_it_does_alone() {
    let folder = Folder::new();
    let model = small_model(&folder);
    compare(&folder, &["--model", &model], 1);
}

#[test]
fn windows_of_the_default_model_score_in_a_scan_as_they_do_alone() {
    compare(&Folder::new(), &[], 23);
}

#[test]
fn text_gives_the_same_windows_as_fasta_named_by_line() {
    let folder = Folder::new();
    let (model, records) = (small_model(&folder), read_fasta(&genome(&folder)));
    let sequences: Vec<&str> = records.iter().map(|record| record.1.as_str()).collect();
    let numbered: Vec<(String, &str)> =
        sequences.iter().enumerate().map(|(i, s)| ((2 * i + 1).to_string(), *s)).collect();
    let fasta = fasta(numbered.iter().map(|(name, sequence)| (name.as_str(), *sequence)));
    // A blank line is skipped but counted.
    let text = folder.file("sequences.txt", sequences.join("\n\n"));
    let fasta = folder.file("numbered.fa", fasta);
    let rows = |file: &str| {
        let table = String::from_utf8(run(["predict", file, "--model", &model])).unwrap();
        table.lines().filter(|line| !line.starts_with("# ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let expected = rows(&fasta);
    assert!(expected.len() > 1_000 && expected[0].starts_with("#name\tstart\tstrand\t"));
    assert!(rows(&text) == expected);
}

/// At a stride at which the default model scans, and at one at which it takes window by window.
#[test]
fn rows_of_a_sequence_are_those_of_its_windows_given_one_by_one() {
    let folder = Folder::new();
    let (small, genome) = (small_model(&folder), genome(&folder));
    let rows = |file: &str, args: &[&str]| {
        let table = String::from_utf8(run(["predict", file].iter().chain(args))).unwrap();
        table.lines().filter(|row| !row.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    for (model, every) in [("default", 5), ("default", 60), ("default-strength", 5), (&small, 40)] {
        let cut = |(name, letters): &(String, String)| {
            let starts = (0..(letters.len() + 1).saturating_sub(240)).step_by(every);
            let window =
                |start| (format!("{name}\t{start}"), letters[start..start + 240].to_owned());
            starts.map(window).collect::<Vec<_>>()
        };
        let windows: Vec<_> = read_fasta(&genome).iter().flat_map(cut).collect();
        let text: Vec<&str> = windows.iter().map(|window| window.1.as_str()).collect();
        let expected = rows(&folder.file("windows.txt", text.join("\n")), &["--model", model]);
        // Named by line, each begins at 0.
        let cells = expected.iter().map(|row| row.splitn(3, '\t').nth(2).unwrap());
        let places = windows.iter().flat_map(|(place, _)| [place, place]);
        let expected: Vec<String> =
            places.zip(cells).map(|(place, cells)| format!("{place}\t{cells}")).collect();
        let args = ["--model", model, "--every", &every.to_string()];
        assert!(expected.len() > 60 && rows(&genome, &args) == expected, "{model} {every}");
    }
}

#[test]
fn short_sequences_are_counted_and_said() {
    let folder = Folder::new();
    let (model, letters) = (small_model(&folder), "ACGTT".repeat(100));
    let file = folder.file("x.txt", format!("{}\n{}\n{}\n", &letters[..239], &letters[..240], "A"));
    let assert = polyascan().args(["predict", &file, "--model", &model]).assert().success();
    let said = String::from_utf8_lossy(&assert.get_output().stderr);
    assert!(said.contains("2 windows of 3 sequences; 2 sequences shorter than 240 nt"), "{said}");
    assert_eq!(windows(&assert.get_output().stdout).len(), 2);
}

#[test]
fn threads_strand_and_a_file_change_nothing_but_what_they_say() {
    let folder = Folder::new();
    let (model, genome) = (small_model(&folder), genome(&folder));
    let table = |args: &[&str]| {
        let table = run(["predict", &genome, "--model", &model, "--every", "7"].iter().chain(args));
        String::from_utf8(table).unwrap()
    };
    let rows = |args: &[&str]| {
        let table = table(args);
        table.lines().filter(|line| !line.starts_with("# ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let all = rows(&["-t", "1"]);
    // To the byte, the header included.
    assert!(table(&["-t", "3"]) == table(&["-t", "1"]));
    let minus: Vec<String> =
        all.iter().filter(|row| row.contains("\t-\t") || row.starts_with('#')).cloned().collect();
    assert!(rows(&["--strand", "-"]) == minus);
    let file = folder.at("table.tsv");
    assert!(rows(&["-o", &file]).is_empty());
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.lines().filter(|line| !line.starts_with("# ")).eq(all.iter()));
}
