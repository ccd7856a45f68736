//! A progress bar, on a terminal only.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how far a scan is: base pairs, windows per second, time left.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    windows: u64,
}

impl Progress {
    /// Starts a bar of `total` base pairs; hidden if `quiet` or if stderr is no terminal.
    pub fn new(total: u64, quiet: bool) -> Self {
        let target = match !quiet && std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let template = "{bar:30} {human_pos}/{human_len} bp  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        Self { bar, started: Instant::now(), windows: 0 }
    }

    /// Adds what is done: base pairs, and windows on both strands.
    pub fn advance(&mut self, base_pairs: u64, windows: u64) {
        self.windows += windows;
        if self.bar.is_hidden() {
            return;
        }
        let seconds = self.started.elapsed().as_secs_f64().max(1e-3);
        let rate = (self.windows as f64 / seconds) as u64;
        self.bar.set_message(format!("{} windows/s", HumanCount(rate)));
        self.bar.inc(base_pairs);
    }
}

impl Drop for Progress {
    /// Leaves the terminal clean, also after an error.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
