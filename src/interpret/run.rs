//! Sites through workers, in order.

use super::sites::{SiteWindow, SiteWindows, Skip};
use crate::error::Result;
use crate::pipeline::{self, Stop};
use crate::timing::Profile;

/// Hands the window of each site to `work` (its number, its codes) and what that gives, or why
/// there was no window, to `take`, in order.
///
/// # Errors
/// The first failure of reading, `work` or `take`; an interrupt.
pub fn run<T: Send>(
    mut windows: SiteWindows<'_>,
    threads: usize,
    stop: &Stop<'_>,
    work: impl Fn(usize, &[u8]) -> Result<T> + Sync,
    mut take: impl FnMut(usize, std::result::Result<T, Skip>) -> Result<()>,
) -> Result<()> {
    pipeline::run(
        threads,
        stop,
        &Profile::default(),
        || windows.next_window(),
        |SiteWindow { number, window }| {
            let done = window.map(|window| work(number, &window));
            let done = match done {
                Ok(done) => Ok(done?),
                Err(skip) => Err(skip),
            };
            Ok(Some((number, done)))
        },
        |(number, done)| take(number, done),
    )
}
