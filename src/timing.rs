//! Where the time of a scan goes: what each kind of thread did and what it waited for.
//!
//! Threads take a lap of their [`Stopwatch`] for each chunk, which costs nothing beside the chunk:
//! it is always measured, and shown with `--profile`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What a thread did since its last lap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    Busy,
    /// Waited for work from the stage before.
    WaitingIn,
    /// Waited until the stage after took its work.
    WaitingOut,
}

/// A kind of work. Each has threads of its own, but for the parts of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Model, inputs, targets; on the calling thread, as consolidation and completion later.
    Opening,
    /// FASTA to chunks.
    Reading,
    /// Chunks to what the model says.
    Inference,
    /// Of inference: the screen, where there is one.
    Screening,
    /// Of inference: the model itself.
    Model,
    /// What the model says, in order, to sites.
    Consolidation,
    /// Of consolidation: handing sites and track values to their files, and waiting for these.
    Handing,
    /// Of handing on: strengths of sites and what their genes say of them.
    Context,
    /// bigWig tracks, one thread each.
    Tracks,
    /// Completing the files.
    Completing,
}

impl Stage {
    const ALL: [Self; 10] = [
        Self::Opening,
        Self::Reading,
        Self::Inference,
        Self::Screening,
        Self::Model,
        Self::Consolidation,
        Self::Handing,
        Self::Context,
        Self::Tracks,
        Self::Completing,
    ];

    /// Returns the name in the table and the summary.
    fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Reading => "reading",
            Self::Inference => "inference",
            Self::Screening => "screening",
            Self::Model => "model",
            Self::Consolidation => "consolidation",
            Self::Handing => "handing on",
            Self::Context => "context",
            Self::Tracks => "track writing",
            Self::Completing => "completing",
        }
    }

    /// Returns the stage whose threads do this.
    fn whole(self) -> Option<Self> {
        match self {
            Self::Screening | Self::Model => Some(Self::Inference),
            Self::Handing | Self::Context => Some(Self::Consolidation),
            _ => None,
        }
    }
}

/// Sums over the threads of a stage.
#[derive(Debug, Default)]
pub struct Clock {
    threads: AtomicU64,
    /// By activity.
    nanoseconds: [AtomicU64; 3],
}

impl Clock {
    fn add(&self, activity: Activity, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds[activity as usize].fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Does something, and puts the time that it takes down to an activity.
    pub fn time<T>(&self, activity: Activity, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let result = work();
        self.add(activity, begin.elapsed());
        result
    }

    /// Counts the one thread of this clock, which lived so long: while it did not wait, it was
    /// busy.
    pub fn one_thread(&self, lifetime: Duration) {
        let waited = self.nanoseconds.iter().map(|n| n.load(Ordering::Relaxed)).sum();
        self.threads.fetch_add(1, Ordering::Relaxed);
        self.add(Activity::Busy, lifetime.saturating_sub(Duration::from_nanos(waited)));
    }

    fn seconds(&self, activity: Activity) -> f64 {
        self.nanoseconds[activity as usize].load(Ordering::Relaxed) as f64 * 1e-9
    }
}

/// Measures one thread.
#[derive(Debug)]
pub struct Stopwatch {
    clock: Arc<Clock>,
    last: Instant,
}

impl Stopwatch {
    /// Starts on a thread of `clock`'s stage.
    fn start(clock: &Arc<Clock>) -> Self {
        clock.threads.fetch_add(1, Ordering::Relaxed);
        Self { clock: Arc::clone(clock), last: Instant::now() }
    }

    /// Puts the time since the last lap, or the start, down to an activity.
    pub fn lap(&mut self, activity: Activity) {
        let now = Instant::now();
        self.clock.add(activity, now - self.last);
        self.last = now;
    }
}

/// The clocks of all stages.
#[derive(Debug, Default)]
pub struct Profile {
    clocks: [Arc<Clock>; Stage::ALL.len()],
}

impl Profile {
    fn clock(&self, stage: Stage) -> &Arc<Clock> {
        &self.clocks[stage as usize]
    }

    /// Starts to measure a thread.
    pub fn start(&self, stage: Stage) -> Stopwatch {
        Stopwatch::start(self.clock(stage))
    }

    /// Does some work, on a thread of the whole that `part` is of.
    pub fn part<T>(&self, part: Stage, work: impl FnOnce() -> T) -> T {
        self.clock(part).time(Activity::Busy, work)
    }

    /// Adds what threads of a stage measured by themselves.
    pub fn absorb(&self, stage: Stage, measured: &Clock) {
        let clock = self.clock(stage);
        clock.threads.fetch_add(measured.threads.load(Ordering::Relaxed), Ordering::Relaxed);
        for (sum, more) in clock.nanoseconds.iter().zip(&measured.nanoseconds) {
            sum.fetch_add(more.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Returns what was measured, stages without threads and the screening of none left out.
    pub fn stages(&self) -> Vec<StageTimes> {
        let times = |stage: Stage| {
            let (own, clock) = (stage.whole().unwrap_or(stage), self.clock(stage));
            StageTimes {
                stage: stage.name().to_owned(),
                part_of: stage.whole().map(|whole| whole.name().to_owned()),
                threads: self.clock(own).threads.load(Ordering::Relaxed),
                busy: clock.seconds(Activity::Busy),
                waiting_for_input: clock.seconds(Activity::WaitingIn),
                waiting_for_output: clock.seconds(Activity::WaitingOut),
            }
        };
        let took_part = |stage: &Stage| {
            *stage != Stage::Screening || self.clock(*stage).seconds(Activity::Busy) > 0.0
        };
        let stages = Stage::ALL.into_iter().filter(took_part).map(times);
        stages.filter(|times| times.threads > 0).collect()
    }
}

/// Seconds that the threads of a stage spent, all together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageTimes {
    pub stage: String,
    /// The stage that this one is part of, on the same threads.
    pub part_of: Option<String>,
    pub threads: u64,
    pub busy: f64,
    pub waiting_for_input: f64,
    pub waiting_for_output: f64,
}

impl StageTimes {
    /// Returns a row of the table; shares are those of `wall` seconds on each of the threads.
    fn row(&self, wall: f64) -> String {
        let indent = if self.part_of.is_some() { "  " } else { "" };
        let cell = |seconds: f64| {
            let share = 100.0 * seconds / (self.threads as f64 * wall).max(f64::MIN_POSITIVE);
            format!("{seconds:>10.2} s {share:>5.1}%")
        };
        format!(
            "{:<17}{:>7}{}{}{}",
            format!("{indent}{}", self.stage),
            self.threads,
            cell(self.busy),
            cell(self.waiting_for_input),
            cell(self.waiting_for_output)
        )
    }
}

/// Returns the table of `--profile`: one line per stage, seconds and the share of `wall` seconds on
/// each of its threads.
pub fn table(stages: &[StageTimes], wall: f64) -> String {
    let head = format!(
        "{:<17}{:>7}{:>19}{:>19}{:>19}",
        "stage", "threads", "busy", "waiting for input", "waiting for output"
    );
    let rows = stages.iter().map(|stage| stage.row(wall));
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(2);

    fn of<'a>(stages: &'a [StageTimes], name: &str) -> &'a StageTimes {
        stages.iter().find(|times| times.stage == name).unwrap()
    }

    #[test]
    fn every_moment_of_a_thread_is_put_down_to_one_activity() {
        let profile = Profile::default();
        let before = Instant::now();
        let mut watch = profile.start(Stage::Reading);
        let started = Instant::now();
        for activity in [Activity::Busy, Activity::WaitingIn, Activity::WaitingOut, Activity::Busy]
        {
            sleep(MOMENT);
            watch.lap(activity);
        }
        let (least, most) = (watch.last - started, watch.last - before);
        let stages = profile.stages();
        let times = of(&stages, "reading");
        let sum = times.busy + times.waiting_for_input + times.waiting_for_output;
        assert!((least.as_secs_f64()..=most.as_secs_f64() + 1e-9).contains(&(sum + 1e-9)), "{sum}");
        let moment = MOMENT.as_secs_f64();
        assert!(times.waiting_for_input >= moment && times.waiting_for_output >= moment);
        assert!(times.busy >= 2.0 * moment);
    }

    #[test]
    fn threads_add_up_and_stages_without_any_are_left_out() {
        let profile = Profile::default();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut watch = profile.start(Stage::Inference);
                    profile.part(Stage::Model, || sleep(MOMENT));
                    watch.lap(Activity::Busy);
                });
            }
        });
        let alone = Clock::default();
        alone.time(Activity::WaitingIn, || sleep(MOMENT));
        alone.one_thread(Duration::from_secs(3600));
        profile.absorb(Stage::Tracks, &alone);
        let stages = profile.stages();
        let names: Vec<&str> = stages.iter().map(|times| times.stage.as_str()).collect();
        assert_eq!(names, ["inference", "model", "track writing"]);
        let (inference, model) = (of(&stages, "inference"), of(&stages, "model"));
        assert_eq!((inference.threads, model.threads), (3, 3));
        assert_eq!(model.part_of.as_deref(), Some("inference"));
        assert!(3.0 * MOMENT.as_secs_f64() <= model.busy && model.busy <= inference.busy);
        let tracks = of(&stages, "track writing");
        assert_eq!(tracks.threads, 1);
        assert!((tracks.busy + tracks.waiting_for_input - 3600.0).abs() < 1e-6);
        assert!(tracks.waiting_for_input >= MOMENT.as_secs_f64());
    }

    #[test]
    fn the_table_has_seconds_and_their_share_of_all_threads() {
        let inference = StageTimes {
            stage: "inference".into(),
            threads: 2,
            busy: 3.0,
            waiting_for_input: 1.0,
            ..StageTimes::default()
        };
        let model = StageTimes {
            stage: "model".into(),
            part_of: Some("inference".into()),
            waiting_for_input: 0.0,
            ..inference.clone()
        };
        let table = table(&[inference, model], 2.0);
        let mut lines = table.lines();
        assert!(lines.next().unwrap().starts_with("stage"));
        let row = lines.next().unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(row.join(" "), "inference 2 3.00 s 75.0% 1.00 s 25.0% 0.00 s 0.0%");
        assert!(lines.next().unwrap().starts_with("  model"), "{table}");
    }
}
