//! Temporary folders that are not there, file systems without fsync, limits, signals.
#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

#[test]
fn a_temporary_folder_that_is_not_there_is_said_before_the_work() {
    let s = Small::new(3_000);
    let scan = ["scan", &s.genome, "--model", &s.model, "--resume", "-o", &s.at("x")];
    for args in [[&scan[..], &["--bgzip"]].concat(), [&scan[..], &["--tracks"]].concat()] {
        let output = polyascan().args(&args).env("TMPDIR", "/no/such/folder").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("TMPDIR") || said.contains("temporary"), "{said}");
        // Had the work begun, there would be a checkpoint.
        assert!(names(&s.out).is_empty(), "{:?}", names(&s.out));
    }
}

/// Compiles a library that makes calls of the operating system answer an error.
fn failing(folder: &Folder, calls: &[&str], error: &str) -> Option<String> {
    let call = |call: &&str| format!("int {call}() {{ errno = {error}; return -1; }}\n");
    let text = "#include <errno.h>\n".to_owned() + &calls.iter().map(call).collect::<String>();
    let (source, library) = (folder.file("fails.c", text), folder.at(&format!("{error}.so")));
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
        let Some(library) = failing(&s.folder, &["fsync", "fdatasync"], error) else { return };
        let out = s.folder.folder(error);
        let args = ["scan", &s.genome, "--model", &s.model, "--resume", "-o", &format!("{out}/x")];
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
        command.args(["scan", &s.genome, "-t", "1", "--tracks", "-o", &format!("{out}/x")]);
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
        command.args(["variants", &vcf, "--fasta", &s.genome, "-t", "1", "-o", &out]).args(more);
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

#[test]
fn a_file_system_without_locks_is_a_note_for_every_command() {
    let (folder, _) = crate::train::setting();
    let s = Small::new(3_000);
    let vcf = s.folder.file("in.vcf", s.snvs("chr1", &[500], 0));
    let config = crate::train::config(&folder, 1);
    fn on<'a>(s: &'a Small, command: &[&'a str]) -> Vec<&'a str> {
        [command, &["--model", &s.model]].concat()
    }
    for error in ["ENOLCK", "EOPNOTSUPP", "ENOSYS"] {
        let Some(library) = failing(&s.folder, &["flock"], error) else { return };
        let out = s.folder.folder(error);
        let at = |name: &str| format!("{out}/{name}");
        let (x, y, z, m) = (at("x"), at("y.vcf"), at("z"), at("m.safetensors"));
        for args in [
            on(&s, &["scan", &s.genome, "--tracks", "--resume", "-o", &x]),
            on(&s, &["variants", &vcf, "--fasta", &s.genome, "--resume", "-o", &y]),
            on(&s, &["mutagenesis", "--fasta", &s.genome, "-r", "chr1:500-510", "-o", &z]),
            vec!["train", "scan", "--config", &config, "-o", &m],
        ] {
            let output = polyascan().args(&args).env("LD_PRELOAD", &library).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
            assert_eq!(said.matches("cannot lock (").count(), 1, "{args:?}: {said}");
        }
        let there = names(&out);
        assert!(there.contains(&"x.plus.cleavage.bw".to_owned()), "{there:?}");
        assert!(there.contains(&"m.safetensors".to_owned()), "{there:?}");
        assert!(!there.iter().any(|name| name.starts_with('.')), "{there:?}");
    }
}

#[test]
fn training_with_more_threads_than_cores_ends_soon_on_a_signal() {
    let (folder, _) = crate::train::setting();
    let config = crate::train::config(&folder, 1);
    let endless =
        std::fs::read_to_string(&config).unwrap().replace("epochs = 2", "epochs = 100000");
    let config = folder.file("endless.toml", endless);
    for (threads, signal) in [("1024", "-TERM"), ("1024", "-INT"), ("2", "-USR1")] {
        let out = folder.folder(&format!("{threads}{signal}"));
        let (model, checkpoint) = (format!("{out}/m.safetensors"), format!("{out}/m.checkpoint"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_polyascan"));
        command.args(["train", "scan", "--config", &config, "-o", &model, "-t", threads]);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let begin = Instant::now();
        while !std::path::Path::new(&checkpoint).exists() {
            assert!(begin.elapsed() < Duration::from_secs(60), "no epoch ends");
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::sleep(Duration::from_millis(5));
        }
        let begin = Instant::now();
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{threads} {signal}");
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
        // What it goes on from with --resume, and nothing else.
        assert_eq!(names(&out), ["m.best", "m.checkpoint"], "{threads} {signal}");
    }
}

#[test]
fn files_have_the_permissions_that_umask_leaves() {
    use std::os::unix::fs::PermissionsExt;
    let s = Small::new(3_000);
    for (umask, mode) in [("022", 0o644), ("027", 0o640), ("077", 0o600), ("002", 0o664)] {
        let out = s.folder.folder(umask);
        let line = format!(
            "umask {umask}; exec '{}' scan '{}' --model '{}' --tracks --bgzip -q -o '{out}/new/x'",
            env!("CARGO_BIN_EXE_polyascan"),
            s.genome,
            s.model
        );
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
        let folder = format!("{out}/new");
        let modes = |path: &str| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(modes(&folder), mode | (mode & 0o444) >> 2, "{umask}");
        assert_eq!(names(&folder).len(), 7);
        for name in names(&folder) {
            assert_eq!(modes(&format!("{folder}/{name}")), mode, "{umask} {name}");
        }
    }
}
