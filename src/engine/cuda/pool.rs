//! Networks that threads take turns with.

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::error::{Error, Result};

/// Copies of a network, one or more per GPU; each serves one thread at a time.
#[derive(Debug)]
pub struct Pool<T> {
    free: Receiver<T>,
    back: Sender<T>,
}

/// Gives a copy back, also after a panic.
struct Lent<'a, T> {
    item: Option<T>,
    back: &'a Sender<T>,
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            // The pool holds the other end: this cannot fail.
            let _ = self.back.send(item);
        }
    }
}

impl<T> Pool<T> {
    /// Makes a pool of `items`, at least one.
    pub fn new(items: impl IntoIterator<Item = T>) -> Self {
        let (back, free) = unbounded();
        // As above.
        items.into_iter().for_each(|item| drop(back.send(item)));
        Self { free, back }
    }

    /// Hands a copy to `work` as soon as one is free.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn with<R>(&self, work: impl FnOnce(&T) -> Result<R>) -> Result<R> {
        let lost = |_| Error::Internal("a GPU's network was lost".into());
        let lent = Lent { item: Some(self.free.recv().map_err(lost)?), back: &self.back };
        match &lent.item {
            Some(item) => work(item),
            None => Err(Error::Internal("a GPU's network was lost".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_two_threads_have_the_same_copy_and_none_is_lost() {
        let pool = Pool::new((0..3).map(|_| AtomicUsize::new(0)));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let pool = &pool;
                scope.spawn(move || {
                    for turn in 0..200 {
                        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                            pool.with(|copy| {
                                assert_eq!(copy.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                                std::thread::yield_now();
                                copy.fetch_sub(1, Ordering::SeqCst);
                                match (thread, turn) {
                                    (0, 7) => std::panic::resume_unwind(Box::new("on purpose")),
                                    (1, 9) => Err(Error::Interrupted),
                                    _ => Ok(()),
                                }
                            })
                        }));
                        let failed = !matches!(worked, Ok(Ok(())));
                        assert_eq!(failed, matches!((thread, turn), (0, 7) | (1, 9)));
                    }
                });
            }
        });
        assert_eq!(pool.free.len(), 3);
    }
}
