//! Without a GPU the program says so, once, and works.

use crate::support::{Folder, polyascan, refuse, simulate};

#[test]
fn a_gpu_that_is_not_there_is_refused() {
    let folder = Folder::new();
    let fasta = simulate(&folder.folder("genome"), 10_000, 1, 1, 1);
    let output = folder.at("out");
    for device in ["cuda:99", "cuda:0,99"] {
        let scan = ["scan", &fasta, "--device", device, "-o", &output];
        refuse(scan, 2, &[&format!("--device {device}: ")]);
    }
}

#[test]
fn auto_works_with_or_without_a_gpu_and_says_at_most_one_line_of_it() {
    let folder = Folder::new();
    let fasta = simulate(&folder.folder("genome"), 10_000, 1, 1, 2);
    let [auto, cpu] = ["auto", "cpu"].map(|device| {
        let scan = ["scan", &fasta, "--device", device, "-q", "-o", &folder.at(device)];
        let assert = polyascan().args(scan).assert().success();
        String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
    });
    let said = |log: &str| log.lines().filter(|line| line.contains("device auto")).count();
    assert!(said(&auto) <= usize::from(cfg!(feature = "cuda")), "{auto}");
    assert_eq!(said(&cpu), 0, "{cpu}");
    assert!(!auto.contains("panicked"), "{auto}");
}
