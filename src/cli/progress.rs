//! How far a command is: a bar on a terminal, elsewhere a line a minute.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::say::{Level, tells};

/// From one line to the next where there is no terminal.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// What is counted.
#[derive(Clone, Copy, Debug)]
struct Units {
    /// Of the total, as a bar has it after its numbers; empty where a share says all.
    total: &'static str,
    /// Of the speed.
    speed: &'static str,
}

/// Shows how far a command is, how fast it goes, and the time left.
pub struct Progress {
    shown: Shown,
    done: Arc<Done>,
    units: Units,
}

enum Shown {
    Bar(ProgressBar),
    /// Ended by dropping its sender.
    Lines(Option<(Sender<()>, JoinHandle<()>)>),
    Nothing,
}

/// How far it is; a total of 0 is not known.
struct Done {
    started: Instant,
    total: u64,
    steps: AtomicU64,
    counted: AtomicU64,
}

impl Progress {
    /// Starts with a total of base pairs, at a speed in windows.
    pub fn of_scan(total: u64) -> Self {
        let template = "{bar:30} {human_pos}/{human_len} bp  {msg}  {eta} left";
        Self::new(total, template, Units { total: "bp", speed: "windows" })
    }

    /// Starts with the bytes of a file, at a speed in records.
    pub fn of_records(bytes: u64) -> Self {
        let template = "{bar:30} {percent}%  {msg}  {eta} left";
        Self::new(bytes, template, Units { total: "", speed: "records" })
    }

    /// Starts with a total of positions, at a speed in variants.
    pub fn of_positions(total: u64) -> Self {
        let template = "{bar:30} {human_pos}/{human_len} nt  {msg}  {eta} left";
        Self::new(total, template, Units { total: "nt", speed: "variants" })
    }

    /// Starts with a total of sites, at a speed in windows.
    pub fn of_sites(total: u64) -> Self {
        let template = "{bar:30} {human_pos}/{human_len} sites  {msg}  {eta} left";
        Self::new(total, template, Units { total: "sites", speed: "windows" })
    }

    fn new(total: u64, template: &str, units: Units) -> Self {
        let (steps, counted) = (AtomicU64::new(0), AtomicU64::new(0));
        let done = Arc::new(Done { started: Instant::now(), total, steps, counted });
        let shown = if !tells(Level::Normal) {
            Shown::Nothing
        } else if std::io::stderr().is_terminal() {
            Shown::Bar(bar(total, template))
        } else {
            let tell = |line: String| crate::say!("polyascan: {line}");
            Shown::Lines(heartbeat(HEARTBEAT, done.clone(), units, tell))
        };
        Self { shown, done, units }
    }

    /// Adds what is done: of the total, and of what the speed counts.
    pub fn advance(&mut self, step: u64, counted: u64) {
        self.done.steps.fetch_add(step, Ordering::Relaxed);
        self.done.counted.fetch_add(counted, Ordering::Relaxed);
        if let Shown::Bar(bar) = &self.shown {
            bar.set_message(format!("{} {}/s", HumanCount(self.done.rate()), self.units.speed));
            bar.inc(step);
        }
    }
}

impl Drop for Progress {
    /// Leaves the terminal clean, also after an error.
    fn drop(&mut self) {
        match &mut self.shown {
            Shown::Bar(bar) => bar.finish_and_clear(),
            Shown::Lines(thread) => {
                if let Some((end, thread)) = thread.take() {
                    drop(end);
                    let _ = thread.join();
                }
            }
            Shown::Nothing => {}
        }
    }
}

fn bar(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// Tells a line at each interval until the sender is dropped. No thread, no lines.
fn heartbeat(
    interval: Duration,
    done: Arc<Done>,
    units: Units,
    tell: impl Fn(String) + Send + 'static,
) -> Option<(Sender<()>, JoinHandle<()>)> {
    let (end, ended) = channel();
    let beat = move || {
        while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            tell(done.line(units));
        }
    };
    let thread = thread::Builder::new().name("heartbeat".into()).spawn(beat).ok()?;
    Some((end, thread))
}

impl Done {
    /// What the speed counts, for each second.
    fn rate(&self) -> u64 {
        let seconds = self.started.elapsed().as_secs_f64().max(1e-3);
        (self.counted.load(Ordering::Relaxed) as f64 / seconds) as u64
    }

    fn line(&self, units: Units) -> String {
        let (steps, elapsed) = (self.steps.load(Ordering::Relaxed), self.started.elapsed());
        let speed = format!("{} {}/s", HumanCount(self.rate()), units.speed);
        if self.total == 0 {
            return format!("{speed}, {} so far", HumanDuration(elapsed));
        }
        let share = (steps as f64 / self.total as f64).min(1.0);
        let done = match units.total {
            "" => String::new(),
            unit => format!("{} of {} {unit}, ", HumanCount(steps), HumanCount(self.total)),
        };
        let left = match steps {
            0 => "time left unknown".to_owned(),
            _ => format!("{} left", HumanDuration(elapsed.mul_f64(1.0 / share - 1.0))),
        };
        format!("{done}{:.0} % done, {speed}, {left}", 100.0 * share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(total: u64, steps: u64, counted: u64, seconds: u64) -> Done {
        let started = Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        Done { started, total, steps: steps.into(), counted: counted.into() }
    }

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let units = Units { total: "bp", speed: "windows" };
        let line = done(4_000, 1_000, 2_000, 20).line(units);
        assert_eq!(line, "1,000 of 4,000 bp, 25 % done, 99 windows/s, 60 seconds left");
        let line = done(4_000, 0, 0, 20).line(units);
        assert!(line.ends_with("0 % done, 0 windows/s, time left unknown"), "{line}");
        let units = Units { total: "", speed: "records" };
        assert!(done(10, 5, 9, 1).line(units).starts_with("50 % done, "));
        assert!(done(0, 0, 9, 120).line(units).ends_with(" so far"));
    }

    #[test]
    fn the_heart_beats_until_the_end_and_no_longer() {
        let (tell, told) = channel();
        let units = Units { total: "bp", speed: "windows" };
        let interval = Duration::from_millis(1);
        let beat = heartbeat(interval, Arc::new(done(0, 0, 0, 1)), units, move |line| {
            let _ = tell.send(line);
        });
        assert!(told.recv().is_ok() && told.recv().is_ok());
        let (end, thread) = beat.unwrap();
        drop(end);
        thread.join().unwrap();
        while told.try_recv().is_ok() {}
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err());
    }
}
