//! Rows that cannot be used: left out, counted, and the first of each kind named.

/// Why a row cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The same for all rows that are counted together.
    pub(super) kind: &'static str,
    /// Also says what this row has.
    pub(super) problem: String,
}

impl From<&'static str> for Fault {
    fn from(kind: &'static str) -> Self {
        Self { kind, problem: kind.to_owned() }
    }
}

/// The account of such rows.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    /// In order of appearance: how many, line and fault of the first.
    kinds: Vec<(u64, u64, Fault)>,
}

impl LeftOut {
    /// Counts a row.
    pub(super) fn count(&mut self, line: u64, fault: Fault) {
        match self.kinds.iter_mut().find(|(.., first)| first.kind == fault.kind) {
            Some((n, ..)) => *n += 1,
            None => self.kinds.push((1, line, fault)),
        }
    }

    /// Returns line and fault of the first row.
    pub(super) fn first(&self) -> Option<(u64, &Fault)> {
        self.kinds.first().map(|(_, line, fault)| (*line, fault))
    }

    /// Returns a remark on each kind.
    pub(super) fn notes(&self) -> Vec<String> {
        let note = |(n, line, fault): &(u64, u64, Fault)| {
            let first = if *n == 1 { "line" } else { "the first is line" };
            let rows = if *n == 1 { "row is" } else { "rows are" };
            format!("{n} {rows} left out ({first} {line}): {}", fault.problem)
        };
        self.kinds.iter().map(note).collect()
    }
}
