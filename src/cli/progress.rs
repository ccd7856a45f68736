//! How far a command is: a bar on a terminal, elsewhere a line a minute.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing::{Level, enabled};

use crate::cli::log::{BARS, draws_bars};
use crate::train::fit::ShowStep;

/// From one line to the next where there is no terminal.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// What is counted.
#[derive(Clone, Copy, Debug)]
struct Units {
    /// Of what is done and of the total.
    total: &'static str,
    /// Of the speed.
    speed: &'static str,
}

/// Shows how far a command is, how fast it goes, and the time left.
pub struct Progress {
    shown: Shown,
    done: Arc<Done>,
    counter: Option<Counter>,
}

enum Shown {
    Bar(ProgressBar),
    /// Ended by dropping its sender.
    Lines(Option<(Sender<()>, JoinHandle<()>)>),
    Nothing,
}

/// How far it is.
struct Done {
    units: Units,
    started: Instant,
    /// 0 while it is not known.
    total: AtomicU64,
    steps: AtomicU64,
    counted: AtomicU64,
    /// What goes on, if that is not always the same.
    what: Mutex<String>,
}

/// Finds out the total while the work goes on.
struct Counter {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Progress {
    /// Starts with a total of base pairs, at a speed in windows.
    pub fn of_scan(total: u64) -> Self {
        Self::new(total, Units { total: "bp", speed: "windows" })
    }

    /// Starts with a total of records, if it is known.
    pub fn of_records(total: Option<u64>) -> Self {
        Self::new(total.unwrap_or(0), Units { total: "records", speed: "records" })
    }

    /// Starts with a total of positions, at a speed in variants.
    pub fn of_positions(total: u64) -> Self {
        Self::new(total, Units { total: "nt", speed: "variants" })
    }

    /// Starts with a total of sites, at a speed in windows.
    pub fn of_sites(total: u64) -> Self {
        Self::new(total, Units { total: "sites", speed: "windows" })
    }

    /// Starts with a total of steps of training.
    pub fn of_steps(total: u64) -> Self {
        Self::new(total, Units { total: "steps", speed: "steps" })
    }

    fn new(total: u64, units: Units) -> Self {
        let (total, steps, counted, what) = (total.into(), 0.into(), 0.into(), Mutex::default());
        let done = Arc::new(Done { units, started: Instant::now(), total, steps, counted, what });
        let shown = if !enabled!(Level::INFO) {
            Shown::Nothing
        } else if draws_bars() {
            Shown::Bar(bar(&done))
        } else {
            Shown::Lines(heartbeat(HEARTBEAT, done.clone(), Done::tell))
        };
        Self { shown, done, counter: None }
    }

    /// Finds out the total meanwhile, if anything is shown: `count` looks often whether that has
    /// ended.
    pub fn counting(
        mut self,
        count: impl FnOnce(&AtomicBool) -> Option<u64> + Send + 'static,
    ) -> Self {
        let (ended, done) = (Arc::new(AtomicBool::new(false)), self.done.clone());
        let bar = match &self.shown {
            Shown::Bar(bar) => Some(bar.clone()),
            Shown::Lines(_) => None,
            Shown::Nothing => return self,
        };
        let end = ended.clone();
        let count = move || {
            let Some(total) = count(&end) else { return };
            done.total.store(total, Ordering::Relaxed);
            bar.iter().for_each(|bar| show_total(bar, &done));
        };
        let thread = thread::Builder::new().name("counter".into()).spawn(count);
        self.counter = thread.ok().map(|thread| Counter { ended, thread });
        self
    }

    /// Adds what is done: of the total, and of what the speed counts.
    pub fn advance(&mut self, step: u64, counted: u64) {
        self.done.steps.fetch_add(step, Ordering::Relaxed);
        self.done.counted.fetch_add(counted, Ordering::Relaxed);
        if let Shown::Bar(bar) = &self.shown {
            bar.set_message(self.done.speed());
            bar.inc(step);
        }
        let (done, total) = self.done.far();
        tracing::trace!(kind = "progress", done, total, "{}", self.done.line());
    }

    /// Says before how far it is what goes on.
    pub fn say(&mut self, what: String) {
        match &self.shown {
            Shown::Bar(bar) => bar.set_prefix(what + " "),
            Shown::Lines(_) => {
                *self.done.what.lock().unwrap_or_else(PoisonError::into_inner) = what + ", ";
            }
            Shown::Nothing => {}
        }
    }
}

/// Shows how far an epoch of so many steps is.
pub fn steps(total: u64) -> ShowStep {
    let mut progress = Progress::of_steps(total);
    Box::new(move |what| {
        progress.say(what);
        progress.advance(1, 1);
    })
}

impl Drop for Progress {
    /// Leaves the terminal clean, also after an error.
    fn drop(&mut self) {
        if let Some(Counter { ended, thread }) = self.counter.take() {
            ended.store(true, Ordering::Relaxed);
            let _ = thread.join();
        }
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.finish_and_clear();
                BARS.remove(bar);
            }
            Shown::Lines(thread) => {
                if let Some((end, thread)) = thread.take() {
                    drop(end);
                    let _ = thread.join();
                }
            }
            Shown::Nothing => {}
        }
        let (done, total) = self.done.far();
        tracing::debug!(kind = "progress", done, total, "{}", self.done.line());
    }
}

fn bar(done: &Done) -> ProgressBar {
    let bar = BARS.add(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()));
    show_total(&bar, done);
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// Makes a bar of what counts alone, once the total is known.
fn show_total(bar: &ProgressBar, done: &Done) {
    let unit = done.units.total;
    let template = match done.far().1 {
        Some(total) => {
            bar.set_length(total);
            format!(
                "{{prefix}}{{bar:30}} {{human_pos}}/{{human_len}} {unit}  {{msg}}  {{eta}} left"
            )
        }
        None => format!("{{prefix}}{{spinner}} {{human_pos}} {unit}  {{msg}}"),
    };
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
}

/// Tells how far it is at each interval until the sender is dropped. No thread, no lines.
fn heartbeat(
    interval: Duration,
    done: Arc<Done>,
    tell: impl Fn(&Done) + Send + 'static,
) -> Option<(Sender<()>, JoinHandle<()>)> {
    let (end, ended) = channel();
    let beat = move || {
        while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            tell(&done);
        }
    };
    let thread = thread::Builder::new().name("heartbeat".into()).spawn(beat).ok()?;
    Some((end, thread))
}

impl Done {
    /// What is done, and the total if it is known.
    fn far(&self) -> (u64, Option<u64>) {
        let total = self.total.load(Ordering::Relaxed);
        (self.steps.load(Ordering::Relaxed), (total > 0).then_some(total))
    }

    /// What the speed counts, for each second.
    fn rate(&self) -> u64 {
        let seconds = self.started.elapsed().as_secs_f64().max(1e-3);
        (self.counted.load(Ordering::Relaxed) as f64 / seconds) as u64
    }

    fn speed(&self) -> String {
        format!("{} {}/s", HumanCount(self.rate()), self.units.speed)
    }

    /// The time left, if it can be known.
    fn left(&self) -> Option<Duration> {
        let (steps, total) = self.far();
        let share = (steps as f64 / total? as f64).min(1.0);
        (steps > 0).then(|| self.started.elapsed().mul_f64(1.0 / share - 1.0))
    }

    fn line(&self) -> String {
        let (speed, unit) = (self.speed(), self.units.total);
        let what = self.what.lock().unwrap_or_else(PoisonError::into_inner);
        match self.far() {
            (steps, None) => {
                let elapsed = HumanDuration(self.started.elapsed());
                format!("{what}{} {unit}, {speed}, {elapsed} so far", HumanCount(steps))
            }
            (steps, Some(total)) => {
                let left = match self.left() {
                    None => "time left unknown".to_owned(),
                    Some(left) => format!("{} left", HumanDuration(left)),
                };
                let share = 100.0 * (steps as f64 / total as f64).min(1.0);
                let (steps, total) = (HumanCount(steps), HumanCount(total));
                format!("{what}{steps} of {total} {unit}, {share:.0} % done, {speed}, {left}")
            }
        }
    }

    fn tell(&self) {
        let (done, total) = self.far();
        let (unit, per_second) = (self.units.total, self.rate());
        let seconds_left = self.left().map(|left| left.as_secs());
        let line = self.line();
        tracing::info!(kind = "progress", done, total, unit, per_second, seconds_left, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(total: u64, steps: u64, counted: u64, seconds: u64) -> Done {
        let started = Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        let units = Units { total: "bp", speed: "windows" };
        let (total, steps, counted) = (total.into(), steps.into(), counted.into());
        Done { units, started, total, steps, counted, what: Mutex::default() }
    }

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let line = done(4_000, 1_000, 2_000, 20).line();
        assert_eq!(line, "1,000 of 4,000 bp, 25 % done, 99 windows/s, 60 seconds left");
        let line = done(4_000, 0, 0, 20).line();
        assert!(line.ends_with("0 % done, 0 windows/s, time left unknown"), "{line}");
        let line = done(0, 7, 9, 120).line();
        assert!(line.starts_with("7 bp, ") && line.ends_with(" so far"), "{line}");
    }

    #[test]
    fn the_heart_beats_until_the_end_and_no_longer() {
        let (tell, told) = channel();
        let interval = Duration::from_millis(1);
        let beat = heartbeat(interval, Arc::new(done(0, 0, 0, 1)), move |done| {
            let _ = tell.send(done.line());
        });
        assert!(told.recv().is_ok() && told.recv().is_ok());
        let (end, thread) = beat.unwrap();
        drop(end);
        thread.join().unwrap();
        while told.try_recv().is_ok() {}
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err());
    }

    #[test]
    fn the_total_is_found_out_meanwhile_and_nobody_waits_for_it() {
        let (tell, told) = channel();
        let done = || Arc::new(done(0, 0, 0, 1));
        let shown = || Progress { shown: Shown::Lines(None), done: done(), counter: None };
        let progress = shown().counting(move |_| told.recv().ok());
        tell.send(5).unwrap();
        while progress.done.far().1.is_none() {
            thread::yield_now();
        }
        assert_eq!(progress.done.far(), (0, Some(5)));
        drop(shown().counting(|ended| {
            while !ended.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            None
        }));
    }
}
