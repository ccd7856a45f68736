//! Temporary folders that are not there, file systems without fsync, limits, signals.
#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

#[test]
fn a_temporary_folder_that_is_not_there_is_said_before_the_work() {
    let s = Small::new(3_000);
    let vcf = s.folder.file("in.vcf", s.snvs("chr1", &[500], 0));
    let scan = ["scan", &s.genome, "--model", &s.model, "-q", "--resume", "-o", &s.at("x")];
    let variants = ["variants", &vcf, "--fasta", &s.genome, "--model", &s.model, "-q", "--resume"];
    for args in [
        [&scan[..], &["--bgzip"]].concat(),
        [&scan[..], &["--tracks"]].concat(),
        [&variants[..], &["-o", &s.at("v.bcf")]].concat(),
    ] {
        let output = polyascan().args(&args).env("TMPDIR", "/no/such/folder").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("TMPDIR") || said.contains("temporary"), "{said}");
        // Had the work begun, there would be a checkpoint.
        assert!(names(&s.out).is_empty(), "{:?}", names(&s.out));
    }
}

/// Compiles a library that makes `fsync` and `fdatasync` answer an error.
fn no_fsync(folder: &Folder, error: &str) -> Option<String> {
    let text = format!(
        "#include <errno.h>\nint fsync(int f) {{ errno = {error}; return -1; }}\nint fdatasync(int f) \
         {{ errno = {error}; return -1; }}\n"
    );
    let (source, library) = (folder.file("nofsync.c", text), folder.at(&format!("{error}.so")));
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o", &library, &source]).status();
    match compiled {
        Ok(status) if status.success() => Some(library),
        _ => {
            eprintln!("skipped: no C compiler");
            None
        }
    }
}

#[test]
fn a_file_system_that_cannot_sync_is_a_note_and_a_failure_of_the_disk_an_error() {
    let s = Small::new(3_000);
    for (error, taken) in [
        ("EOPNOTSUPP", true),
        ("EINVAL", true),
        ("EIO", false),
        ("ENOSPC", false),
        ("EDQUOT", false),
    ] {
        let Some(library) = no_fsync(&s.folder, error) else { return };
        let out = s.folder.folder(error);
        let args =
            ["scan", &s.genome, "--model", &s.model, "-q", "--resume", "-o", &format!("{out}/x")];
        let output = polyascan().args(args).env("LD_PRELOAD", &library).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), taken, "{error}: {said}");
        assert_eq!(
            said.matches("cannot force files to the disk").count(),
            usize::from(taken),
            "{said}"
        );
        if taken {
            assert_eq!(names(&out), ["x.sites.bed", "x.summary.json"]);
        }
    }
}

#[test]
fn signals_of_batch_systems_end_a_run_as_termination_does() {
    let s = Small::new(400_000);
    for signal in ["-USR1", "-USR2", "-XCPU", "-TERM"] {
        let out = s.folder.folder(signal);
        let mut command = Command::new(env!("CARGO_BIN_EXE_polyascan"));
        command.args(["scan", &s.genome, "-t", "1", "-q", "--tracks", "-o", &format!("{out}/x")]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let begin = Instant::now();
        while !names(&out).iter().any(|name| name.contains("minus.probability")) {
            assert!(begin.elapsed() < Duration::from_secs(60), "it does not begin");
            std::thread::sleep(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        assert!(names(&out).is_empty(), "{signal}: {:?}", names(&out));
    }
}

#[test]
fn a_record_of_thousands_of_alleles_does_not_keep_a_run_from_stopping() {
    let s = Small::new(3_000);
    let alleles: Vec<String> = (0..4_000usize)
        .map(|i| {
            let digits = (0..7).map(|d| char::from(b"ACGT"[i >> (2 * d) & 3]));
            format!("{}{}", &s.sequence[1_499..1_500], digits.collect::<String>())
        })
        .collect();
    let one = s.snvs("chr1", &[1_500], 0);
    let header: String =
        one.lines().filter(|l| l.starts_with('#')).map(|l| format!("{l}\n")).collect();
    let row =
        format!("chr1\t1500\t.\t{}\t{}\t.\t.\t.\n", &s.sequence[1_499..1_500], alleles.join(","));
    let vcf = s.folder.file("many.vcf", header + &row);
    for more in [&[][..], &["--resume"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_polyascan"));
        let out = s.at("v.vcf");
        command
            .args(["variants", &vcf, "--fasta", &s.genome, "-t", "1", "-q", "-o", &out])
            .args(more);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(1_500));
        assert!(child.try_wait().unwrap().is_none(), "it was over too early");
        let begin = Instant::now();
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    }
}

#[test]
fn a_limit_of_threads_is_not_called_a_mistake_of_the_program() {
    let s = Small::new(3_000);
    // As root, no limit of processes holds: that of memory does the same.
    let line = format!(
        "ulimit -v 1500000; exec '{}' scan '{}' --model '{}' -t 512 -q -o '{}'",
        env!("CARGO_BIN_EXE_polyascan"),
        s.genome,
        s.model,
        s.at("x")
    );
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("internal") && !said.contains("please report"), "{said}");
    if output.status.code() == Some(2) {
        assert!(said.contains("--threads") && said.contains("ulimit"), "{said}");
    }
}
