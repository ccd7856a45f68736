//! Part of a genome gives that part of the results.

use std::fs;

use crate::support::*;

/// A genome whose contigs have names that look like regions, and a model with many sites on it.
struct Setting {
    folder: Folder,
    genome: String,
    model: String,
    whole: Vec<Site>,
}

impl Setting {
    fn new() -> Self {
        let folder = Folder::new();
        let records = read_fasta(&simulate(&folder.at("sim"), 60_000, 10, 3, 3));
        let names = ["chr7", "HLA-A*01:01", "chrM"];
        let renamed = names.into_iter().zip(records.iter().map(|record| record.1.as_str()));
        let genome = folder.file("genome.fa", fasta(renamed));
        let model = small_model(&folder);
        let mut setting = Self { folder, genome, model, whole: Vec::new() };
        setting.whole = setting.scan(&[]);
        assert!(setting.whole.len() > 100);
        setting
    }

    fn scan(&self, args: &[&str]) -> Vec<Site> {
        let fixed = ["scan", &self.genome, "--model", &self.model, "-o", "-"];
        sites(std::str::from_utf8(&run(fixed.iter().chain(args))).unwrap())
    }

    /// The sites of the whole scan in any of (contig, start, end, strands).
    fn inside(&self, parts: &[(&str, usize, usize, &str)]) -> Vec<Site> {
        let wanted = |site: &&Site| {
            parts.iter().any(|(contig, start, end, strands)| {
                site.chrom == *contig
                    && (*start..*end).contains(&site.start)
                    && strands.contains(site.strand)
            })
        };
        self.whole.iter().filter(wanted).cloned().collect()
    }

    fn check(&self, args: &[&str], parts: &[(&str, usize, usize, &str)]) {
        let (found, expected) = (self.scan(args), self.inside(parts));
        assert!(!expected.is_empty(), "{args:?}");
        assert_eq!(lines(&found), lines(&expected), "{args:?}");
    }
}

#[test]
fn a_region_gives_the_rows_of_the_whole_scan_that_lie_in_it() {
    let s = Setting::new();
    s.check(&["-r", "chr7"], &[("chr7", 0, 20_000, "+-")]);
    s.check(&["-r", "chr7:5001-9000"], &[("chr7", 5_000, 9_000, "+-")]);
    s.check(&["--region", "chr7:5,001-9,000"], &[("chr7", 5_000, 9_000, "+-")]);
    s.check(&["-r", "chr7:15001"], &[("chr7", 15_000, 20_000, "+-")]);
    s.check(&["-r", "HLA-A*01:01"], &[("HLA-A*01:01", 0, 20_000, "+-")]);
    s.check(&["-r", "HLA-A*01:01:1-3000"], &[("HLA-A*01:01", 0, 3_000, "+-")]);
}

#[test]
fn regions_add_up_and_overlaps_count_once() {
    let s = Setting::new();
    let args = ["-r", "chrM:2001-4000", "-r", "chr7:1-6000", "-r", "chr7:3000-8000"];
    s.check(&args, &[("chr7", 0, 8_000, "+-"), ("chrM", 2_000, 4_000, "+-")]);
}

#[test]
fn contig_names_of_another_source_are_understood() {
    let s = Setting::new();
    s.check(&["-r", "7:5001-9000"], &[("chr7", 5_000, 9_000, "+-")]);
    s.check(&["-r", "MT:1-9000"], &[("chrM", 0, 9_000, "+-")]);
}

#[test]
fn a_bed_file_gives_regions_with_their_strands() {
    let s = Setting::new();
    let bed = "track name=x\nchr7\t1000\t4000\ta\t0\t+\nchr7\t3000\t6000\tb\t0\t-\nM\t0\t2500\n";
    let parts =
        [("chr7", 1_000, 4_000, "+"), ("chr7", 3_000, 6_000, "-"), ("chrM", 0, 2_500, "+-")];
    for bytes in [bed.as_bytes().to_vec(), bgzip(bed.as_bytes())] {
        let file = s.folder.file("regions.bed", bytes);
        s.check(&["--regions", &file], &parts);
    }
}

#[test]
fn one_strand_alone_gives_its_rows() {
    let s = Setting::new();
    for (args, strand) in
        [(["--strand", "+"], "+"), (["--strand", "-"], "-"), (["--strand", "minus"], "-")]
    {
        let all = ["chr7", "HLA-A*01:01", "chrM"].map(|contig| (contig, 0, 20_000, strand));
        s.check(&args, &all);
        s.check(
            &[&args[..], &["-r", "chr7:2000-7000"]].concat(),
            &[("chr7", 1_999, 7_000, strand)],
        );
    }
}

#[test]
fn tracks_of_a_region_hold_that_region_of_the_strands_asked_for() {
    let s = Setting::new();
    let scan = |name: &str, args: &[&str]| {
        let prefix = s.folder.at(name);
        let fixed = ["scan", &s.genome, "--model", &s.model, "--tracks", "-o", &prefix];
        run(fixed.iter().chain(args));
        prefix
    };
    let whole = scan("whole/x", &[]);
    let part = scan("part/x", &["-r", "chr7:5001-9000", "--strand", "-"]);
    let tracks = |kind: &str| {
        let read = |prefix: &str| track(&format!("{prefix}.minus.{kind}.bw"), "chr7", 20_000);
        (read(&whole), read(&part))
    };
    for kind in ["probability", "cleavage"] {
        let (whole, part) = tracks(kind);
        assert!(part[..5_000].iter().chain(&part[9_000..]).all(|value| value.is_nan()));
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&part[5_000..9_000]), bits(&whole[5_000..9_000]), "{kind}");
    }
    let expected =
        ["x.minus.cleavage.bw", "x.minus.probability.bw", "x.sites.bed", "x.summary.json"];
    assert_eq!(names(&s.folder.at("part")), expected);
    assert_eq!(summary(&part)["windows"]["requested"], 4_000);
    assert_eq!(fs::read_dir(s.folder.at("whole")).unwrap().count(), 6);
}
