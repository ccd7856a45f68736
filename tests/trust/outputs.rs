//! Outputs beside those of an earlier run, long names, locks.

use std::fs;

use super::*;

#[test]
fn a_new_scan_leaves_no_file_of_an_older_one_beside_it() {
    let s = Small::new(3_000);
    let scan = |more: &[&str]| {
        let args = ["scan", &s.genome, "--model", &s.model, "-o", &s.at("x")];
        let (code, said) = s.try_run(&[&args[..], more].concat());
        assert_eq!(code, Some(0), "{said}");
        said
    };
    let said = scan(&["--bgzip", "--tracks"]);
    assert!(!said.contains("earlier run"), "{said}");
    assert_eq!(names(&s.out).len(), 7, "{:?}", names(&s.out));
    let said = scan(&[]);
    assert!(
        said.contains("removed 6 files of an earlier run, which do not belong to the new ones"),
        "{said}"
    );
    assert!(said.contains("x.sites.bed.gz") && said.contains("x.minus.cleavage.bw"), "{said}");
    assert_eq!(names(&s.out), ["x.sites.bed", "x.summary.json"]);
    assert!(summary(&s.at("x"))["notes"].to_string().contains("of an earlier run"));
    scan(&["--bgzip"]);
    assert_eq!(names(&s.out), ["x.sites.bed.gz", "x.sites.bed.gz.tbi", "x.summary.json"]);
}

#[test]
fn an_old_index_does_not_stay_beside_new_variants() {
    let s = Small::new(3_000);
    let vcf = s.folder.file("in.vcf", s.snvs("chr1", &[500, 700], 0));
    let out = s.at("v.vcf.gz");
    let args = ["variants", &vcf, "--fasta", &s.genome, "--model", &s.model, "-o", &out];
    run([&args[..], &["-W"]].concat());
    assert_eq!(names(&s.out), ["v.summary.json", "v.vcf.gz", "v.vcf.gz.tbi"]);
    let (code, said) = s.try_run(&args);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("removed 1 file of an earlier run") && said.contains("v.vcf.gz.tbi"),
        "{said}"
    );
    assert_eq!(names(&s.out), ["v.summary.json", "v.vcf.gz"]);
}

#[test]
fn pictures_have_names_that_fit_and_older_ones_and_their_remains_go() {
    let s = Small::new(500);
    let contig = "c".repeat(300);
    let genome = s.folder.file("long.fa", fasta([(contig.as_str(), s.sequence.as_str())]));
    fs::write(s.at("x.7.chr1_5_plus.svg"), "of an earlier run").unwrap();
    fs::write(s.at("x.note.svg"), "mine").unwrap();
    fs::write(s.at(".x.1.chr1_5_plus.svg.abcdef.tmp"), "of a killed run").unwrap();
    let sites = s.folder.file("sites.bed", format!("{contig}\t250\t251\tn\t0\t+\n"));
    let args = ["mutagenesis", "--fasta", &genome, "--sites", &sites, "--plots", "1"];
    let more = ["--model", &s.model, "-o", &s.at("x")];
    let (code, said) = s.try_run(&[&args[..], &more].concat());
    assert_eq!(code, Some(0), "{said}");
    let found = names(&s.out);
    let picture = format!("x.1.{}_251_plus.svg", "c".repeat(60));
    assert!(found.contains(&picture) && found.contains(&"x.note.svg".to_owned()), "{found:?}");
    assert!(!found.iter().any(|name| name.contains("x.7.") || name.ends_with(".tmp")), "{found:?}");
}

#[test]
fn names_of_all_lengths_that_are_possible_are_taken() {
    let s = Small::new(3_000);
    let vcf = s.folder.file("in.vcf", s.snvs("chr1", &[500], 0));
    let name = "s".repeat(242);
    let out = s.at(&format!("{name}.vcf"));
    run(["variants", &vcf, "--fasta", &s.genome, "--model", &s.model, "-o", &out]);
    assert_eq!(names(&s.out), [format!("{name}.summary.json"), format!("{name}.vcf")]);
    let out = s.at(&"s".repeat(300));
    let (code, said) = s.try_run(&["scan", &s.genome, "--model", &s.model, "-o", &out]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("choose a shorter name") && !said.contains("writable"), "{said}");
}

#[test]
fn a_name_that_cannot_be_given_leaves_the_files_of_the_earlier_run() {
    let s = Small::new(3_000);
    let scan = |more: &[&str]| {
        let args = ["scan", &s.genome, "--model", &s.model, "-o", &s.at("x")];
        s.try_run(&[&args[..], more].concat())
    };
    assert_eq!(scan(&[]).0, Some(0));
    let before = fs::read(s.at("x.sites.bed")).unwrap();
    fs::remove_file(s.at("x.summary.json")).unwrap();
    // Refused at once, as a folder is in the way.
    fs::create_dir_all(s.at("x.summary.json/full")).unwrap();
    let (code, said) = scan(&["--min-probability", "0.01"]);
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(fs::read(s.at("x.sites.bed")).unwrap(), before);
    assert_eq!(names(&s.out), ["x.sites.bed", "x.summary.json"]);
}

#[test]
fn two_trainings_into_one_output_are_refused() {
    let s = Small::new(500);
    let lock = fs::File::create(s.at(".m.polyascan.lock")).unwrap();
    std::io::Write::write_all(&mut &lock, b"polyascan, a test\n").unwrap();
    lock.try_lock().unwrap();
    let config = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/train/deerect.toml");
    let config = config.to_str().unwrap();
    let out = s.at("m.safetensors");
    let (code, said) = s.try_run(&["train", "signal", "--config", config, "-o", &out]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("another run (polyascan, a test) writes to this prefix"), "{said}");
    assert_eq!(names(&s.out), [".m.polyascan.lock"]);
}

#[test]
fn two_searches_into_one_output_are_refused() {
    let folder = crate::train_classes::setting(40, 40);
    let ranges = "\n[tune]\noptimiser.learning_rate = { log = [1e-3, 1e-1] }\n";
    let config = folder.file("c.toml", crate::train_classes::config(&folder, 2) + ranges);
    let out = folder.folder("out");
    let at = |name: &str| format!("{out}/{name}");
    let (table, weights) = (at("w"), at("k.safetensors"));
    let args = ["tune", "signal", "--config", &config, "--trials", "1", "-o", &table];
    let args = [&args[..], &["--weights", &weights]].concat();
    for name in [".w.polyascan.lock", ".k.polyascan.lock"] {
        let lock = fs::File::create(at(name)).unwrap();
        std::io::Write::write_all(&mut &lock, b"polyascan, a test\n").unwrap();
        lock.try_lock().unwrap();
        refuse(&args, 1, &["another run (polyascan, a test) writes to this prefix"]);
        assert_eq!(names(&out), [name]);
        fs::remove_file(at(name)).unwrap();
    }
    // One that a killed search has left locks nothing.
    fs::write(at(".w.polyascan.lock"), "polyascan, process 1 on another\n").unwrap();
    run(&args);
    let written = ["k.log.tsv", "k.safetensors", "k.svg", "k.toml", "w.toml", "w.trials.tsv"]
        .map(String::from);
    assert_eq!(names(&out), written);
}

#[test]
fn runs_side_by_side_in_one_folder_do_not_disturb_each_other() {
    let s = Small::new(3_000);
    let vcf = s.folder.file("in.vcf", s.snvs("chr1", &[500, 900], 0));
    let expected = s.folder.folder("alone");
    let scan = |out: &str| {
        let args = ["scan", &s.genome, "--model", &s.model, "--tracks", "--resume", "-o", out];
        args.map(str::to_owned).to_vec()
    };
    let variants = |out: &str| {
        let args = ["variants", &vcf, "--fasta", &s.genome, "--model", &s.model, "-o", out];
        args.map(str::to_owned).to_vec()
    };
    run(scan(&format!("{expected}/x")));
    run(variants(&format!("{expected}/v.vcf")));
    // Names that are beginnings of others, and one that looks like a part of another's.
    let prefixes = ["x", "x.sites", "xx", "x.1", ".x", "x-1"];
    let begun: Vec<_> = prefixes
        .iter()
        .map(|prefix| scan(&s.at(prefix)))
        .chain(["v.vcf", "v.v.vcf"].map(|name| variants(&s.at(name))))
        .map(|args| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_polyascan"));
            command.args(args).stderr(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in begun {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let endings = ["sites.bed", "plus.cleavage.bw", "minus.cleavage.bw", "plus.probability.bw"];
    for (prefix, ending) in prefixes.iter().flat_map(|prefix| endings.map(|e| (prefix, e))) {
        let alone = fs::read(format!("{expected}/x.{ending}")).unwrap();
        let beside = fs::read(s.at(&format!("{prefix}.{ending}"))).unwrap();
        assert!(alone == beside, "{prefix}.{ending}");
    }
    let alone = fs::read(format!("{expected}/v.vcf")).unwrap();
    assert!(["v.vcf", "v.v.vcf"].iter().all(|name| fs::read(s.at(name)).unwrap() == alone));
    // Six files of each scan, two of each run over variants, and nothing else.
    assert_eq!(names(&s.out).len(), 6 * prefixes.len() + 4, "{:?}", names(&s.out));
}

#[test]
fn names_that_are_no_text_are_refused_alike_by_all_commands() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;
    let s = Small::new(500);
    let mut out = OsString::from(&s.out);
    out.push(OsStr::from_bytes(b"/x\xe4.vcf"));
    let g = s.genome.as_str();
    for args in [
        &["scan", g, "-o"][..],
        &["variants", g, "--fasta", g, "-o"],
        &["variants", g, "--fasta", g, "--tsv"],
        &["mutagenesis", "--fasta", g, "-r", "chr1", "-o"],
        &["merge", g, "-o"],
        &["predict", g, "-o"],
        &["convert", g],
        &["train", "scan", "--config", g, "-o"],
        &["train", "embeddings", g, "-o"],
        &["tune", "scan", "--config", g, "--trials", "2", "-o"],
        &["simulate", "-o"],
        &["evaluate", "variants", g, "-o"],
    ] {
        let output = polyascan().args(args).arg(&out).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains("invalid UTF-8"), "{args:?}: {said}");
        assert!(names(&s.out).is_empty(), "{args:?}: {:?}", names(&s.out));
    }
}
