//! The LSTM's cell under training: forward it keeps what the way back needs.

use crate::engine::cpu::simd::dispatch;
use pulp::{Simd, WithSimd};

use super::{Cell, GATES, LANES};
use crate::engine::cpu::matmul::{load, multiply_add, store};

impl<S: Simd> Cell<S> {
    #[inline(always)]
    fn logistic(&self, x: S::f32s) -> S::f32s {
        self.simd.div_f32s(self.one, self.plus_one(self.power(self.simd.mul_f32s(x, self.sigmoid))))
    }

    #[inline(always)]
    fn tanh(&self, x: S::f32s) -> S::f32s {
        let e = self.power(self.simd.mul_f32s(x, self.tanh));
        self.simd.div_f32s(self.simd.sub_f32s(self.one, e), self.plus_one(e))
    }

    /// Returns the slope of the sigmoid where it is `y`.
    #[inline(always)]
    fn logistic_slope(&self, y: S::f32s) -> S::f32s {
        self.simd.mul_f32s(y, self.simd.sub_f32s(self.one, y))
    }

    /// Returns the slope of tanh where it is `y`.
    #[inline(always)]
    fn tanh_slope(&self, y: S::f32s) -> S::f32s {
        self.simd.sub_f32s(self.one, self.simd.mul_f32s(y, y))
    }
}

/// A turn of n cells of `units` units, a multiple of 16. Padding units stay zero throughout, where
/// their pre-activations are.
pub struct Forward<'a> {
    pub units: usize,
    /// n x 4 units: pre-activations, which become the activated gates i, f, c, o.
    pub gates: &'a mut [f32],
    /// n x units: states before.
    pub before: &'a [f32],
    /// n x units, written: states after, and outputs.
    pub state: &'a mut [f32],
    pub output: &'a mut [f32],
}

impl Forward<'_> {
    /// Advances the cells.
    ///
    /// # Panics
    /// If `units` is not a multiple of 16 or a slice is too short.
    pub fn run(self) {
        assert_eq!(self.units % LANES, 0, "units come in whole vectors");
        dispatch(self);
    }
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let cell = Cell::new(simd);
        let Self { units, gates, before, state, output } = self;
        for at in (0..before.len()).step_by(S::F32_LANES) {
            let [i, f, c, o] = places(units, at);
            let input = cell.logistic(load::<S>(&gates[i..]));
            let forget = cell.logistic(load::<S>(&gates[f..]));
            let candidate = cell.tanh(load::<S>(&gates[c..]));
            let out = cell.logistic(load::<S>(&gates[o..]));
            let entering = simd.mul_f32s(input, candidate);
            let after = multiply_add(simd, load::<S>(&before[at..]), forget, entering);
            store::<S>(&mut gates[i..], input);
            store::<S>(&mut gates[f..], forget);
            store::<S>(&mut gates[c..], candidate);
            store::<S>(&mut gates[o..], out);
            store::<S>(&mut state[at..], after);
            store::<S>(&mut output[at..], simd.mul_f32s(out, cell.tanh(after)));
        }
    }
}

/// The way back through a turn.
pub struct Backward<'a> {
    pub units: usize,
    /// As [`Forward`] left them.
    pub gates: &'a [f32],
    pub before: &'a [f32],
    pub state: &'a [f32],
    /// n x units: gradient of the outputs.
    pub output: &'a [f32],
    /// n x units: gradient of the states after, from later turns; becomes that of the states
    /// before.
    pub carried: &'a mut [f32],
    /// n x 4 units, written: gradient of the pre-activations.
    pub gradient: &'a mut [f32],
}

impl Backward<'_> {
    /// Computes the gradients.
    ///
    /// # Panics
    /// As [`Forward::run`].
    pub fn run(self) {
        assert_eq!(self.units % LANES, 0, "units come in whole vectors");
        dispatch(self);
    }
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let cell = Cell::new(simd);
        let Self { units, gates, before, state, output, carried, gradient } = self;
        for at in (0..before.len()).step_by(S::F32_LANES) {
            let places = places(units, at);
            let [i, f, c, o] = places.map(|place| load::<S>(&gates[place..]));
            let (d_out, before) = (load::<S>(&output[at..]), load::<S>(&before[at..]));
            let squashed = cell.tanh(load::<S>(&state[at..]));
            let passed = simd.mul_f32s(d_out, o);
            let d_state =
                multiply_add(simd, passed, cell.tanh_slope(squashed), load::<S>(&carried[at..]));
            let gradients = [
                simd.mul_f32s(simd.mul_f32s(d_state, c), cell.logistic_slope(i)),
                simd.mul_f32s(simd.mul_f32s(d_state, before), cell.logistic_slope(f)),
                simd.mul_f32s(simd.mul_f32s(d_state, i), cell.tanh_slope(c)),
                simd.mul_f32s(simd.mul_f32s(d_out, squashed), cell.logistic_slope(o)),
            ];
            for (place, value) in places.into_iter().zip(gradients) {
                store::<S>(&mut gradient[place..], value);
            }
            store::<S>(&mut carried[at..], simd.mul_f32s(d_state, f));
        }
    }
}

/// Returns where the gates of the unit at `at` of n x units values stand in n x 4 units.
#[inline(always)]
fn places(units: usize, at: usize) -> [usize; GATES] {
    let first = at / units * GATES * units + at % units;
    [0, 1, 2, 3].map(|gate| first + gate * units)
}
