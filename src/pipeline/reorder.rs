//! Chunks come back from the workers in any order; consolidation needs them in reading order.

use std::collections::BTreeMap;

use crossbeam_channel::{Receiver, Sender, bounded};

/// Holds back items until all before them have come. Bounded by the tickets, see [`tickets`].
#[derive(Debug)]
pub struct Reorder<T> {
    next: u64,
    waiting: BTreeMap<u64, T>,
}

impl<T> Default for Reorder<T> {
    fn default() -> Self {
        Self { next: 0, waiting: BTreeMap::new() }
    }
}

impl<T> Reorder<T> {
    /// Takes in the item numbered `index`.
    pub fn insert(&mut self, index: u64, item: T) {
        self.waiting.insert(index, item);
    }

    /// Returns the next item in order if it has come.
    pub fn pop(&mut self) -> Option<T> {
        let item = self.waiting.remove(&self.next)?;
        self.next += 1;
        Some(item)
    }

    /// Returns how many items are held back.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns whether none is.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Where a reader waits for leave to go on.
#[derive(Debug)]
pub struct TicketOffice(Receiver<()>);

/// Where a consumer gives tickets back.
#[derive(Debug)]
pub struct TicketReturn(Sender<()>);

/// Makes `count` tickets: one is taken for each item read and given back when the item is used up,
/// so at most `count` items are under way or held back, however slow one of them is.
pub fn tickets(count: usize) -> (TicketOffice, TicketReturn) {
    let (sender, receiver) = bounded(count);
    let returned = TicketReturn(sender);
    (0..count).for_each(|_| returned.give_back());
    (TicketOffice(receiver), returned)
}

impl TicketOffice {
    /// Waits for a ticket; false when the consumer has gone.
    pub fn take(&self) -> bool {
        self.0.recv().is_ok()
    }
}

impl TicketReturn {
    /// Gives one ticket back.
    pub fn give_back(&self) {
        // The channel has room for all tickets; if the reader has gone, nobody needs them.
        let _ = self.0.try_send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_leave_in_order_whatever_order_they_come_in() {
        let mut reorder = Reorder::default();
        let mut out = Vec::new();
        for index in [2, 0, 1, 4, 3] {
            reorder.insert(index, index * 10);
            out.extend(std::iter::from_fn(|| reorder.pop()));
        }
        assert_eq!(out, [0, 10, 20, 30, 40]);
        assert!(reorder.is_empty());
    }

    #[test]
    fn no_more_tickets_are_out_than_were_made_and_none_after_the_consumer_left() {
        let (office, returned) = tickets(2);
        assert!(office.take() && office.take());
        assert!(office.0.try_recv().is_err());
        returned.give_back();
        assert!(office.take());
        drop(returned);
        assert!(!office.take());
    }
}
