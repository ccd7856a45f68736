//! Variants scored in shards, or killed and resumed, give the bytes of the run in one go.
#![cfg(unix)]

use std::fs;

use serde_json::Value;

use crate::support::*;

/// A genome, and a file with every SNV around a site of each contig and some records that are not
/// scored.
struct Input {
    folder: Folder,
    genome: String,
    vcf: String,
}

fn input(contigs: usize) -> Input {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 10_000 * contigs, 2 * contigs, contigs, 4);
    let truth = fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    let mut text = "##fileformat=VCFv4.3\n".to_owned();
    text += "##INFO=<ID=AF,Number=1,Type=Float,Description=\"x\">\n##contig=<ID=chrOther>\n";
    let genome_of_contigs = read_fasta(&genome);
    for (contig, _) in &genome_of_contigs {
        text += &format!("##contig=<ID={contig}>\n");
    }
    text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    for (contig, sequence) in genome_of_contigs {
        let row = |at: usize, letter: &str, others: &str| {
            format!("{contig}\t{}\t.\t{letter}\t{others}\t.\t.\tAF=0.5\n", at + 1)
        };
        text += &(row(149, "N", "<DEL>,A") + "\n");
        let site = truth.lines().find(|line| line.starts_with(&format!("{contig}\t"))).unwrap();
        let site: usize = site.split('\t').nth(1).unwrap().parse().unwrap();
        for (at, letter) in sequence.char_indices().skip(site - 50).take(100) {
            let others = ["A", "C", "G", "T"].into_iter().filter(|other| !other.contains(letter));
            text += &row(at, &letter.to_string(), &others.collect::<Vec<_>>().join(","));
        }
    }
    text += "chrOther\t7\t.\tA\tC\t.\t.\t.\n";
    let vcf = folder.file("in.vcf", text);
    Input { folder, genome, vcf }
}

/// The files of a run and its summary without what tells of the run itself.
fn results(prefix: &str) -> (Vec<Vec<u8>>, Value) {
    let files = ["vcf.gz", "vcf.gz.tbi", "tsv.gz"];
    let files = files.map(|ending| fs::read(format!("{prefix}.{ending}")).unwrap());
    let mut summary = summary(prefix);
    for of_the_run in ["command_line", "threads", "wall_seconds", "alleles_per_hour"] {
        summary.as_object_mut().unwrap().remove(of_the_run).unwrap();
    }
    (files.into(), summary)
}

/// Where `variants` and `merge` write.
fn outputs(prefix: &str) -> [String; 5] {
    let (vcf, tsv) = (format!("{prefix}.vcf.gz"), format!("{prefix}.tsv.gz"));
    ["-o".to_owned(), vcf, "--write-index".into(), "--tsv".into(), tsv]
}

fn in_one_go(input: &Input) -> (Vec<Vec<u8>>, Value) {
    let prefix = input.folder.at("whole/x");
    fs::create_dir(input.folder.at("whole")).unwrap();
    let args = ["variants", &input.vcf, "--fasta", &input.genome].map(str::to_owned);
    run(args.iter().chain(&outputs(&prefix)));
    results(&prefix)
}

/// A run that keeps its work.
fn kept(input: &Input, prefix: &str) -> Killable {
    let outputs = outputs(prefix);
    let outputs = outputs.iter().map(String::as_str);
    let args = ["variants", &input.vcf, "--fasta", &input.genome, "--resume", "-t", "2"];
    Killable::new(args.into_iter().chain(outputs).collect(), format!("{prefix}.checkpoint"))
}

#[test]
fn killed_at_ten_random_moments_and_resumed_variants_end_with_the_same_bytes() {
    let input = input(24);
    let expected = in_one_go(&input);
    let whole = input.folder.at("size/x");
    let shard = ["--shard", "1/1", "-o"].into_iter().chain([whole.as_str()]);
    run(["variants", &input.vcf, "--fasta", &input.genome].into_iter().chain(shard));
    let size = fs::metadata(format!("{whole}.1-of-1.shard")).unwrap().len();

    let prefix = input.folder.at("out/x");
    let resumed = kept(&input, &prefix);
    resumed.kill_at_random_moments(10, size, 5);
    assert!(!fs::exists(format!("{prefix}.vcf.gz")).unwrap(), "results before the end");
    let text = resumed.finish();
    assert!(text.contains("goes on from") && text.contains("% was done"), "{text}");
    assert!(results(&prefix) == expected);
    // Nothing of the killed runs is left.
    let files = ["x.summary.json", "x.tsv.gz", "x.vcf.gz", "x.vcf.gz.tbi"];
    assert_eq!(names(&input.folder.at("out")), files);
}

#[test]
fn an_interrupted_run_keeps_what_is_done_says_how_to_resume_and_goes_on() {
    let input = input(16);
    let expected = in_one_go(&input);
    for signal in ["-INT", "-TERM"] {
        let prefix = input.folder.at(&format!("out{signal}/x"));
        let resumed = kept(&input, &prefix);
        let output = resumed.stop_at(8_000, signal).expect("interrupted on its way");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{text}");
        assert!(text.contains("is kept in") && text.contains("the same command"), "{text}");
        assert_eq!(names(&input.folder.at(&format!("out{signal}"))), ["x.checkpoint"]);
        // Half a batch at the end is done again.
        let bytes = fs::read(&resumed.checkpoint).unwrap();
        fs::write(&resumed.checkpoint, &bytes[..bytes.len() - 9]).unwrap();
        resumed.finish();
        assert!(results(&prefix) == expected);
    }
}

#[test]
fn merged_shards_are_the_run_in_one_go() {
    let input = input(4);
    let expected = in_one_go(&input);
    for count in [1, 2, 7, 700] {
        let folder = input.folder.at(&format!("in{count}"));
        let mut shards = Vec::new();
        for index in (1..=count).rev() {
            // 405 records: some of 700 shards are empty. Not all of so many are worth a process
            // each.
            if count == 700 && index > 3 {
                continue;
            }
            let (shard, threads) = (format!("{index}/{count}"), ["1", "2"][index % 2]);
            let args = ["variants", &input.vcf, "--fasta", &input.genome, "-t", threads];
            let output = format!("{folder}/x.vcf.gz");
            run(args.into_iter().chain(["--shard", &shard, "-o", &output]));
            shards.push(format!("{folder}/x.{index}-of-{count}.shard"));
        }
        assert_eq!(names(&folder).len(), shards.len(), "a shard is one file");
        let prefix = format!("{folder}/merged/x");
        let args = std::iter::once("merge".to_owned()).chain(shards).chain(outputs(&prefix));
        let args: Vec<String> = args.collect();
        if count == 700 {
            refuse(&args, 2, &["shard 4/700 is missing"]);
            continue;
        }
        run(&args);
        assert!(results(&prefix) == expected, "{count} shards");
    }
    // One shard can become any format.
    let shard = input.folder.at("in1/x.1-of-1.shard");
    let text = |args: &[&str]| run(args.iter().copied().chain(["-q"]));
    let whole = text(&["variants", &input.vcf, "--fasta", &input.genome]);
    assert!(run(["merge", &shard, "-o", "-"]) == whole);
    let bcf = |args: &[&str], name: &str| {
        let output = input.folder.at(name);
        run(args.iter().copied().chain(["-o", &output, "-Ou"]));
        fs::read(output).unwrap()
    };
    let whole = bcf(&["variants", &input.vcf, "--fasta", &input.genome], "a.bcf");
    assert!(bcf(&["merge", &shard], "b.bcf") == whole);
}

#[test]
fn what_does_not_belong_together_is_refused_and_named() {
    let input = input(1);
    let Input { folder, genome, vcf } = &input;
    let genes = folder.at("sim/genes.gtf");
    let other = folder.file("other.vcf", fs::read_to_string(vcf).unwrap() + "\n");
    let score = |name: &str, shard: &str, vcf: &str, more: &[&str]| {
        let output = folder.at(&format!("{name}.vcf"));
        let args = ["variants", vcf, "--fasta", genome, "--shard", shard, "-o", &output];
        run([&args[..], more].concat());
        folder.at(&format!("{name}.{}.shard", shard.replace('/', "-of-")))
    };
    let one = score("a", "1/2", vcf, &[]);
    let out = folder.folder("out");
    let merge = |code: i32, told: &[&str], args: &[&str]| {
        refuse([&["merge", "-o", &format!("{out}/x.vcf")], args].concat(), code, told);
        assert!(names(&out).is_empty(), "{:?}", names(&out));
    };
    merge(2, &["shard 2/2 is missing"], &[&one]);
    for (name, file, more, told) in [
        ("b", &other, &[][..], "variants: it has sha256"),
        ("c", vcf, &["--max-length", "9"], "max_length: it has 9, not 100"),
        ("d", vcf, &["--check-ref", "x"], "check-ref: it has x, not w"),
        ("e", vcf, &["--annotation", &genes], "annotation: it has sha256"),
        ("f", vcf, &["--strength-model", "none"], "strength model: it has none"),
    ] {
        merge(1, &[told], &[&one, &score(name, "2/2", file, more)]);
    }
    let two = score("a", "2/2", vcf, &[]);
    let bytes = fs::read(&two).unwrap();
    let cut = folder.file("cut.shard", &bytes[..bytes.len() - 1]);
    merge(1, &[&cut, "shard 2/2 is damaged or not complete"], &[&one, &cut]);
    let scan = folder.at("scan");
    run(["scan", genome, "--shard", "2/2", "-o", &scan]);
    let scan = format!("{scan}.2-of-2.shard");
    merge(1, &[&scan, "this is kept of `polyascan scan`, not of `variants`"], &[&one, &scan]);
    merge(2, &["--tsv", "these are of a scan"], &[&scan, "--tsv", "x.tsv"]);
    merge(2, &["--annotation is for shards of a scan"], &[&one, &two, "--annotation", &genes]);
    refuse(["merge", &one, &two, "-o", &one], 2, &["input and output are the same file"]);

    for (more, told) in [
        (&["--shard", "1/2"][..], "need the name of a file"),
        (&["--resume", "-o", "/dev/null"], "need the name of a file"),
        (&["--shard", "1/2", "-o", "x.vcf.gz", "-W"], "polyascan merge"),
    ] {
        refuse([&["variants", vcf, "--fasta", genome], more].concat(), 2, &[told]);
    }
}

#[test]
fn a_checkpoint_of_other_variants_is_refused_and_what_changed_is_named() {
    let input = input(16);
    let prefix = input.folder.at("out/x");
    let resumed = kept(&input, &prefix);
    resumed.stop_at(2_000, "-KILL").expect("killed on its way");
    let before = fs::read(&resumed.checkpoint).unwrap();
    let output = format!("{prefix}.vcf.gz");
    let args = ["variants", &input.vcf, "--fasta", &input.genome, "--resume", "-o", &output];
    for (more, told) in [
        (&[][..], "table: it has true, not false"),
        (&["--tsv", &input.folder.at("x"), "--check-ref", "s"], "check-ref: it has w, not s"),
        (&["--tsv", &input.folder.at("x"), "--model", "yeast"], "model: it has default"),
    ] {
        refuse([&args[..], more].concat(), 1, &[&resumed.checkpoint, told, "delete the file"]);
    }
    let scan = ["scan", &input.genome, "--resume", "-o", &prefix];
    refuse(scan, 1, &[&resumed.checkpoint, "this is kept of `polyascan variants`"]);
    assert!(fs::read(&resumed.checkpoint).unwrap() == before);
}
