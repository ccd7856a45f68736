//! Values that begin at a cache line, so that no vector lies across two.

use std::ops::{Deref, DerefMut};

use super::LANES;

/// A cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; LANES]);

/// A vector of values whose first one begins a cache line.
#[derive(Clone, Debug, Default)]
pub struct Aligned {
    lines: Vec<Line>,
    length: usize,
}

impl Aligned {
    /// Makes room for `length` values; new ones are 0.
    pub fn resize(&mut self, length: usize) {
        self.lines.resize(length.div_ceil(LANES), Line([0.0; LANES]));
        if length > self.length {
            let old = self.length;
            self.length = length;
            let line = old.next_multiple_of(LANES).min(length);
            self[old..line].fill(0.0);
        }
        self.length = length;
    }
}

impl From<&[f32]> for Aligned {
    fn from(values: &[f32]) -> Self {
        let mut aligned = Self::default();
        aligned.resize(values.len());
        aligned.copy_from_slice(values);
        aligned
    }
}

impl Deref for Aligned {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        // SAFETY: lines are arrays of floats without padding, one behind the other, and `resize`
        // has made as many as `length` values need.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl DerefMut for Aligned {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}
