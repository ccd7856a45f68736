//! What cannot be used is refused with its name, the place and a cure, and leaves nothing behind.

use crate::support::*;

const GENOME: &str = ">chr1 a remark\nACGTACGTAC\nACGTN\n>chr2\nACGT\n";

/// A folder with a small genome, and an output folder that must stay empty.
struct Setting {
    folder: Folder,
    genome: String,
    out: String,
}

impl Setting {
    fn new() -> Self {
        let folder = Folder::new();
        let (genome, out) = (folder.file("genome.fa", GENOME), folder.folder("out"));
        Self { folder, genome, out }
    }

    /// A scan that must be refused, with all outputs asked for.
    fn refuse(&self, args: &[&str], code: i32, told: &[&str]) {
        let prefix = format!("{}/x", self.out);
        let fixed = ["scan", "--tracks", "--bgzip", "-o", &prefix];
        refuse(fixed.iter().chain(args), code, told);
        assert_eq!(names(&self.out), [""; 0], "{args:?}");
    }
}

#[test]
fn regions_outside_the_genome_are_refused() {
    let s = Setting::new();
    let genome = s.genome.as_str();
    s.refuse(&[genome, "-r", "chr3"], 1, &[genome, "chr3", "chr1, chr2"]);
    s.refuse(&[genome, "-r", "chr1:10-16"], 1, &[genome, "chr1:10-16", "15 nt"]);
    s.refuse(&[genome, "-r", "chr1", "-r", "chr2:5-"], 1, &[genome, "chr2:5-", "4 nt"]);
    s.refuse(&[genome, "-r", "chr1:9-3"], 2, &["chr1:9-3", "before the start"]);
    s.refuse(&[genome, "-r", "chr1:0-3"], 2, &["chr1:0-3", "from 1"]);
    s.refuse(&[genome, "-r", "chr1:a-b"], 2, &["chr1:a-b", "NAME:START-END"]);
}

#[test]
fn missing_files_are_named() {
    let s = Setting::new();
    let none = s.folder.at("none");
    s.refuse(&[&none], 1, &[&none, "cannot open"]);
    s.refuse(&[&s.genome, "--annotation", &none], 1, &[&none, "cannot open"]);
    s.refuse(&[&s.genome, "--regions", &none], 1, &[&none, "cannot open"]);
    s.refuse(&[&s.genome, "--config", &none], 1, &[&none, "cannot read"]);
    s.refuse(&[&s.folder.at("")], 1, &["directory"]);
    for command in
        [&["predict", &none][..], &["evaluate", "scan", "--fasta", &none, "--sites", &none]]
    {
        refuse(command, 1, &[&none, "cannot open"]);
    }
}

#[test]
fn outputs_that_cannot_be_written_are_refused_before_the_work() {
    let s = Setting::new();
    // Were the genome opened first, its absence would be told.
    let none = s.folder.at("none");
    let below_a_file = format!("{}/x", s.genome);
    refuse(["scan", &none, "-o", &below_a_file], 1, &[&s.genome, "output folder"]);
    std::fs::create_dir(s.folder.at("taken.sites.bed")).unwrap();
    refuse(["scan", &s.genome, "-o", &s.folder.at("taken")], 2, &["taken.sites.bed", "directory"]);
    std::fs::create_dir(s.folder.at("taken.plus.cleavage.bw")).unwrap();
    refuse(
        ["scan", &s.genome, "--bgzip", "--tracks", "-o", &s.folder.at("taken")],
        2,
        &["taken.plus.cleavage.bw"],
    );
    refuse(["predict", &s.genome, "-o", &below_a_file], 1, &[&below_a_file]);
    refuse(["simulate", "-o", &s.genome], 1, &[&s.genome]);
    let expected = ["genome.fa", "out", "taken.plus.cleavage.bw", "taken.sites.bed"];
    assert_eq!(names(&s.folder.at("")), expected);
}

#[test]
fn wrong_usage_has_exit_code_2() {
    let s = Setting::new();
    let genome = s.genome.as_str();
    for (option, value, told) in [
        ("--min-probability", "1.5", "between 0 and 1"),
        ("--min-probability", "NaN", "between 0 and 1"),
        ("--min-probability", "half", "--min-probability"),
        ("--min-centre-cleavage", "2", "between 0 and 1"),
        ("--background", "inf", "between 0 and 1"),
        ("--chunk-size", "0", "between 1 and"),
        ("--threads", "0", "between 1 and"),
        ("--strand", "both-ends", "--strand"),
        ("--device", "tpu", "cuda:all"),
        ("--device", "cuda:1,0,1", "GPU 1 is named twice"),
        ("--no-such-option", "1", "--no-such-option"),
    ] {
        s.refuse(&[genome, option, value], 2, &[told]);
    }
    s.refuse(&[genome, "--min-centre-cleavage=-0.1"], 2, &["-0.1", "between 0 and 1"]);
    s.refuse(&[genome, "--whole-genome"], 2, &["--annotation"]);
    s.refuse(&[], 2, &["<FASTA>"]);
    refuse(["scan", genome], 2, &["--output"]);
    refuse(["scan", genome, "-o", "-", "--tracks"], 2, &["--tracks", "prefix"]);
    refuse(["scan", genome, "-o", "-", "--bgzip"], 2, &["--bgzip", "prefix"]);
    refuse(["predict", genome, "--every", "0"], 2, &["--every 0"]);
    refuse(["simulate", "-o", &s.out, "--length", "1000"], 2, &["--length 1000", "at least"]);
    refuse(["simulate", "-o", &s.out, "--sites", "0"], 2, &["--sites", "at least 1"]);
    assert!(names(&s.out).is_empty());
}

#[test]
fn text_for_predict_that_is_no_sequence_is_refused() {
    let s = Setting::new();
    let text = s.folder.file("x.txt", format!("{}\nACGT!ACGT\n", "A".repeat(240)));
    let out = format!("{}/table.tsv", s.out);
    refuse(["predict", &text, "-o", &out], 1, &[&text, "line 2", "letter 5"]);
    assert!(names(&s.out).is_empty());
}

#[test]
fn a_failed_scan_leaves_the_files_of_an_earlier_one() {
    let s = Setting::new();
    let prefix = s.folder.at("kept");
    run(["scan", &s.genome, "-o", &prefix]);
    let read = || std::fs::read(format!("{prefix}.sites.bed")).unwrap();
    let before = read();
    refuse(["scan", &s.folder.file("wrong.fa", ">a\n!\n"), "-o", &prefix], 1, &["wrong.fa"]);
    assert_eq!(read(), before);
    assert_eq!(names(&s.folder.at("")).len(), 5, "{:?}", names(&s.folder.at("")));
}

#[test]
fn an_input_is_never_replaced_by_an_output() {
    let folder = Folder::new();
    let genome = folder.file("g.fa", ">a\nACGT\n");
    refuse(["predict", &genome, "-o", &genome], 2, &["g.fa", "same file"]);
    refuse(["convert", &genome, &genome], 2, &["g.fa", "same file"]);
    assert_eq!(std::fs::read(&genome).unwrap(), b">a\nACGT\n");
}

#[test]
fn a_scan_never_replaces_its_input() {
    let folder = Folder::new();
    let genome = folder.file("g.sites.bed", format!(">chr1\n{}\n", "ACGTT".repeat(100)));
    let told = ["g.sites.bed", "same file"];
    refuse(["scan", &genome, "-o", &folder.at("g")], 2, &told);
    let regions = folder.file("r.sites.bed", "chr1\t0\t400\n");
    let prefix = folder.at("r");
    let args = ["scan", &genome, "--regions", &regions, "-o", &prefix];
    refuse(args, 2, &["r.sites.bed", "same file"]);
    run(["scan", &genome, "--regions", &regions, "-o", &folder.at("s")]);
    run(["scan", &genome, "-o", &folder.at("t"), "--shard", "1/1"]);
    let shard = folder.at("u.summary.json");
    std::fs::rename(folder.at("t.1-of-1.shard"), &shard).unwrap();
    refuse(["merge", &shard, "-o", &folder.at("u")], 2, &["u.summary.json", "same file"]);
    assert_eq!(std::fs::read_to_string(&regions).unwrap(), "chr1\t0\t400\n");
    let settings = folder.file("v.sites.bed", "[scan]\nbackground = 0.03\n");
    let args = ["scan", &genome, "--config", &settings, "-o", &folder.at("v")];
    refuse(args, 2, &["v.sites.bed", "same file"]);
    let model = folder.at("w.sites.bed");
    std::fs::rename(small_model(&folder), &model).unwrap();
    let args = ["scan", &genome, "--model", &model, "-o", &folder.at("w")];
    refuse(args, 2, &["w.sites.bed", "same file"]);
}

#[test]
fn no_two_outputs_are_one_file_and_none_replaces_an_input() {
    let folder = Folder::new();
    let genome = folder.file("g.fa", format!(">chr1\n{}\n", "ACGTT".repeat(100)));
    let header = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    let vcf = folder.file("in.vcf", header);
    let (output, link) = (folder.at("o.vcf.gz"), folder.at("link.vcf.gz"));
    std::os::unix::fs::symlink(folder.at("t.tsv"), &link).unwrap();
    std::fs::write(folder.at("t.tsv"), "").unwrap();
    for (output, tsv) in [
        (&output, "o.vcf.gz"),
        (&output, "./o.vcf.gz"),
        (&output, "o.vcf.gz.tbi"),
        (&output, "o.summary.json"),
        (&output, "o.checkpoint"),
        (&output, ".o.polyascan.lock"),
        (&link, "t.tsv"),
    ] {
        let args = ["variants", &vcf, "-f", &genome, "-o", output, "--tsv", &folder.at(tsv)];
        refuse(args, 2, &["two outputs would be one file"]);
    }
    let settings = folder.file("o.summary.json", "[scan]\nbackground = 0.03\n");
    let args = ["variants", &vcf, "-f", &genome, "-o", &output, "--config", &settings];
    refuse(args, 2, &["o.summary.json", "same file"]);
    let lock = folder.file(".p.polyascan.lock", std::fs::read(&genome).unwrap());
    refuse(["scan", &lock, "-o", &folder.at("p")], 2, &["lock", "same file"]);
    refuse(["scan", &genome, "-o", &folder.at("p")], 1, &["no lock of a run"]);
    assert_eq!(std::fs::read(&lock).unwrap(), std::fs::read(&genome).unwrap());
}

#[test]
fn a_picture_never_replaces_an_input() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 1);
    let out = folder.at("out");
    let args = ["-r", "chrSim1:3000-3600", "--plots", "1", "-o", &out];
    run(["mutagenesis", "-f", &genome].iter().chain(&args));
    let picture = names(&folder.at("")).into_iter().find(|name| name.ends_with(".svg"));
    let Some(picture) = picture else { panic!("{:?}", names(&folder.at(""))) };
    let input = folder.at(&picture);
    std::fs::copy(&genome, &input).unwrap();
    refuse(["mutagenesis", "-f", &input].iter().chain(&args), 2, &[&picture, "same file"]);
    assert_eq!(std::fs::read(&input).unwrap(), std::fs::read(&genome).unwrap());
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf_8_is_taken() {
    use std::os::unix::ffi::OsStringExt;
    let folder = Folder::new();
    let mut name = folder.at("x").into_bytes();
    name.extend(b"\xff.fa");
    let genome = std::ffi::OsString::from_vec(name);
    std::fs::write(&genome, format!(">chr1\n{}\n", "ACGTT".repeat(100))).unwrap();
    polyascan().arg("scan").arg(&genome).args(["-o", &folder.at("x")]).assert().success();
}

#[test]
fn an_absurd_number_of_threads_is_refused() {
    let folder = Folder::new();
    let genome = folder.file("g.fa", ">a\nACGT\n");
    let out = folder.at("out");
    for threads in ["0", "1000000000"] {
        let args = ["scan", &genome, "--threads", threads, "-o", &out];
        refuse(args, 2, &["--threads", "between 1 and"]);
    }
}
