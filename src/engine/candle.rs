//! What candle has to be told before it starts.

// A variable of the environment is set.
#![allow(unsafe_code)]

/// Read by candle when its own pool starts.
const THREADS: &str = "CANDLE_NUM_THREADS";

/// Lets candle's element-wise operations run on the thread that asks, unless the environment says
/// otherwise: its own pool has a thread for every core, whatever `--threads` says, and those that wait
/// spin. Training takes half of the processor time without it; what is large has rayon's threads.
///
/// To be called before any thread is started; later, or where that cannot be known, it does nothing.
pub fn keep_from_spinning() {
    if std::env::var_os(THREADS).is_none() && is_alone() {
        // SAFETY: the process has one thread, this one, so no other reads the environment meanwhile.
        unsafe { std::env::set_var(THREADS, "1") };
    }
}

/// Whether the process is known to have no other thread.
fn is_alone() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}
