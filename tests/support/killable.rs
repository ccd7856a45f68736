//! Runs that are killed on their way.

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::polyascan;

/// A run that can be killed, and how large its checkpoint is.
pub struct Killable {
    arguments: Vec<String>,
    /// The file that shows how far it is.
    pub checkpoint: String,
}

impl Killable {
    pub fn new(arguments: Vec<&str>, checkpoint: String) -> Self {
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        Self { arguments, checkpoint }
    }

    fn start(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_polyascan"));
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::piped()).spawn().unwrap()
    }

    pub fn finish(&self) -> String {
        let output = polyascan().args(&self.arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{text}");
        text
    }

    fn kept(&self) -> u64 {
        fs::metadata(&self.checkpoint).map_or(0, |file| file.len())
    }

    /// Starts the run and sends `signal` once the checkpoint is larger than `size`; returns
    /// `None` if the run was over before.
    pub fn stop_at(&self, size: u64, signal: &str) -> Option<Output> {
        let mut child = self.start();
        let begin = Instant::now();
        while self.kept() <= size && child.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < Duration::from_secs(120), "the run does not go on");
            sleep(Duration::from_millis(1));
        }
        let id = child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).stderr(Stdio::null()).status();
        let sent = sent.unwrap().success();
        let output = child.wait_with_output().unwrap();
        (sent && !output.status.success()).then_some(output)
    }

    /// Kills it `times` times at moments until the checkpoint has nearly so many bytes.
    pub fn kill_at_random_moments(&self, times: usize, whole: u64, seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut moments: Vec<u64> =
            (0..times).map(|_| rng.random_range(0..whole * 9 / 10)).collect();
        moments.sort_unstable();
        for moment in moments {
            // Somewhere in the part after that size, or while an older one is read back.
            let output = self.stop_at(moment.max(self.kept()), "-KILL");
            let output = output.expect("the run was over too early");
            assert_eq!(output.status.code(), None);
        }
    }
}
