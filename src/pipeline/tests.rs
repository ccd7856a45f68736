//! Random threads, delays, failures and interrupts: what is consumed is always the beginning of
//! what was read.

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;

use proptest::prelude::*;

use super::*;

/// Longest that a run may take: one that hangs takes for ever.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Read,
    Work,
    Consume,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Error,
    Panic,
    Interrupt,
}

/// A run, and what befalls it: at which item, in which stage.
#[derive(Clone, Debug)]
struct Plan {
    threads: usize,
    items: u64,
    seed: u64,
    finish_begun: bool,
    event: Option<(u64, Stage, Event)>,
}

/// What came of a run.
struct Outcome {
    result: Result<()>,
    consumed: Vec<u64>,
    /// By item.
    worked: Vec<bool>,
    most_ahead: usize,
}

/// A delay that depends on seed, stage and item: mostly none, else a yield or up to 300 us.
fn delay(plan: &Plan, stage: u64, item: u64) {
    let mixed = (plan.seed ^ stage << 32 ^ item).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    match mixed % 8 {
        0 => std::thread::sleep(Duration::from_micros(mixed % 300)),
        1 | 2 => std::thread::yield_now(),
        _ => {}
    }
}

fn run_plan(plan: &Plan) -> Outcome {
    let interrupt = AtomicBool::new(false);
    let stop = Stop::new(&interrupt, plan.finish_begun);
    let befall = |item: u64, stage: Stage| match plan.event {
        Some((at, its_stage, event)) if (at, its_stage) == (item, stage) => match event {
            Event::Error => Err(Error::Usage(format!("{stage:?} {item}"))),
            Event::Panic => panic!("{stage:?} {item}"),
            Event::Interrupt => {
                interrupt.store(true, Ordering::Relaxed);
                Ok(())
            }
        },
        _ => Ok(()),
    };
    let worked = Mutex::new(vec![false; plan.items as usize]);
    let (mut next, mut consumed) = (0, Vec::new());
    let (ahead, most_ahead) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let result = run(
        plan.threads,
        &stop,
        &Profile::default(),
        || {
            if next == plan.items {
                return Ok(None);
            }
            delay(plan, 1, next);
            befall(next, Stage::Read)?;
            most_ahead.fetch_max(ahead.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            next += 1;
            Ok(Some(next - 1))
        },
        |item| {
            if stop.at_once() {
                return Ok(None);
            }
            delay(plan, 2, item);
            befall(item, Stage::Work)?;
            worked.lock().unwrap()[item as usize] = true;
            Ok(Some(item))
        },
        |item| {
            delay(plan, 3, item);
            befall(item, Stage::Consume)?;
            ahead.fetch_sub(1, Ordering::SeqCst);
            consumed.push(item);
            Ok(())
        },
    );
    Outcome {
        result,
        consumed,
        worked: worked.into_inner().unwrap(),
        most_ahead: most_ahead.into_inner(),
    }
}

/// Runs on a thread of its own, so that one that hangs fails.
fn watched(plan: &Plan) -> Outcome {
    let (sender, receiver) = mpsc::channel();
    let its = plan.clone();
    std::thread::spawn(move || drop(sender.send(run_plan(&its))));
    receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it hangs: {plan:?}"))
}

fn plans() -> impl Strategy<Value = Plan> {
    let stages = prop::sample::select(vec![Stage::Read, Stage::Work, Stage::Consume]);
    let events = prop::sample::select(vec![Event::Error, Event::Panic, Event::Interrupt]);
    let event = prop::option::weighted(0.7, (0u64..150, stages, events));
    (1usize..9, 0u64..150, any::<u64>(), any::<bool>(), event).prop_map(
        |(threads, items, seed, finish_begun, event)| {
            // A panic of the consumer is the caller's own.
            let event = event.filter(|&(at, stage, event)| {
                at < items && (stage, event) != (Stage::Consume, Event::Panic)
            });
            Plan { threads, items, seed, finish_begun, event }
        },
    )
}

proptest! {
    #[test]
    fn whatever_befalls_a_run_it_ends_and_has_consumed_the_beginning_in_order(plan in plans()) {
        let Outcome { result, consumed, worked, most_ahead } = watched(&plan);
        let done = consumed.len() as u64;
        prop_assert!(consumed.iter().copied().eq(0..done), "{:?}", consumed);
        prop_assert!(most_ahead <= TICKETS_PER_THREAD * plan.threads, "{}", most_ahead);
        let in_a_row = worked.iter().take_while(|&&worked| worked).count() as u64;
        prop_assert!(done <= in_a_row);
        match plan.event {
            None => {
                prop_assert!(result.is_ok());
                prop_assert_eq!(done, plan.items);
            }
            Some((_, _, Event::Interrupt)) => {
                prop_assert!(matches!(result, Err(Error::Interrupted)));
                if plan.finish_begun {
                    prop_assert_eq!(done, in_a_row);
                }
            }
            Some((at, stage, _)) => {
                let said = result.unwrap_err().to_string();
                prop_assert!(said.contains(&format!("{stage:?} {at}")), "{}", said);
                prop_assert!(done == at || (stage != Stage::Consume && done < at));
            }
        }
    }
}
