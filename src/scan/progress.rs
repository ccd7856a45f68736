//! A progress bar, on a terminal only.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how far a command is, how fast it goes, and the time left.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    /// What the speed counts.
    unit: &'static str,
    done: u64,
}

impl Progress {
    /// Starts a bar of `total` base pairs, at a speed in windows; hidden if `quiet` or if stderr is no
    /// terminal.
    pub fn of_scan(total: u64, quiet: bool) -> Self {
        let template = "{bar:30} {human_pos}/{human_len} bp  {msg}  {eta} left";
        Self::new(Some(total), template, "windows", quiet)
    }

    /// Starts a bar of the bytes of a file, if it is known how many are read, at a speed in records.
    pub fn of_records(bytes: Option<u64>, quiet: bool) -> Self {
        let template = match bytes {
            Some(_) => "{bar:30} {percent}%  {msg}  {eta} left",
            None => "{spinner} {msg}  {elapsed}",
        };
        Self::new(bytes, template, "records", quiet)
    }

    /// Starts a bar of `total` positions, at a speed in variants.
    pub fn of_positions(total: u64, quiet: bool) -> Self {
        let template = "{bar:30} {human_pos}/{human_len} nt  {msg}  {eta} left";
        Self::new(Some(total), template, "variants", quiet)
    }

    /// Starts a bar of `total` sites, at a speed in windows.
    pub fn of_sites(total: u64, quiet: bool) -> Self {
        let template = "{bar:30} {human_pos}/{human_len} sites  {msg}  {eta} left";
        Self::new(Some(total), template, "windows", quiet)
    }

    fn new(total: Option<u64>, template: &str, unit: &'static str, quiet: bool) -> Self {
        let target = match !quiet && std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(total, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        Self { bar, started: Instant::now(), unit, done: 0 }
    }

    /// Adds what is done: of the bar's total, and of what the speed counts.
    pub fn advance(&mut self, step: u64, done: u64) {
        self.done += done;
        if self.bar.is_hidden() {
            return;
        }
        let seconds = self.started.elapsed().as_secs_f64().max(1e-3);
        let rate = (self.done as f64 / seconds) as u64;
        self.bar.set_message(format!("{} {}/s", HumanCount(rate), self.unit));
        self.bar.inc(step);
    }
}

impl Drop for Progress {
    /// Leaves the terminal clean, also after an error.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
