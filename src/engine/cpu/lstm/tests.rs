use super::*;
use proptest::prelude::*;

/// One cell in f64.
fn reference(gates: [f32; 4], state: f32) -> (f64, f64) {
    let sigmoid = |x: f32| 1.0 / (1.0 + (-f64::from(x)).exp());
    let [i, f, candidate, o] = gates;
    let state = f64::from(state) * sigmoid(f) + sigmoid(i) * f64::from(candidate).tanh();
    (state, state.tanh() * sigmoid(o))
}

fn one(gates: [f32; 4], state: f32) -> (f32, f32) {
    let wide: Vec<f32> = gates.iter().flat_map(|&gate| [gate; LANES]).collect();
    let wide = exponents(&wide, LANES);
    let (mut states, mut outputs) = ([state; LANES], [0.0; LANES]);
    cells(LANES, &wide, &mut states, &mut outputs);
    assert!(states.iter().all(|s| s.to_bits() == states[0].to_bits()));
    (states[0], outputs[0])
}

proptest! {
    #[test]
    fn the_cell_equals_the_textbook(
        gates in prop::array::uniform4(-30f32..30.0), scale in 0f32..1.0, state in -8f32..8.0
    ) {
        let gates = gates.map(|gate| gate * scale);
        let (state_found, output) = one(gates, state);
        let (state_wanted, output_wanted) = reference(gates, state);
        // A sum of the size of the state before is rounded once or twice.
        let size = 1.0 + f64::from(state.abs());
        prop_assert!((f64::from(state_found) - state_wanted).abs() < 4e-7 * size);
        prop_assert!((f64::from(output) - output_wanted).abs() < 4e-7);
    }
}

#[test]
fn saturated_gates_stay_finite_and_zeros_stay_zero() {
    for gate in [f32::MAX, 1e30, 200.0, 88.0, -88.0, -200.0, -1e30, f32::MIN] {
        let (state, output) = one([gate; 4], 1.0);
        let (state_wanted, output_wanted) = reference([gate; 4], 1.0);
        assert!((f64::from(state) - state_wanted).abs() < 1e-6, "{gate}: {state}");
        assert!((f64::from(output) - output_wanted).abs() < 1e-6, "{gate}: {output}");
    }
    assert_eq!(one([0.0; 4], 0.0), (0.0, 0.0));
}

#[test]
fn a_step_multiplies_adds_and_activates_each_window_by_itself() {
    let (rows, units) = (11, 5);
    let value = |i: usize| ((i * 37 % 101) as f32 / 50.0) - 1.0;
    let recurrent: Vec<f32> = (0..units * GATES * units).map(value).collect();
    let recurrence = Recurrence::new(&recurrent, units);
    let wide = recurrence.units();
    let input: Vec<f32> = (0..rows * GATES * units).map(|i| value(i + 7)).collect();
    let padded_input = exponents(&input, units);
    let pad = |start: usize| -> Vec<f32> {
        let row = |r: usize| {
            (0..wide).map(move |u| if u < units { value(start + r * units + u) } else { 0.0 })
        };
        (0..rows).flat_map(row).collect()
    };
    let (previous, state) = (pad(3), pad(50));
    let mut gates = vec![0.0; rows * GATES * wide];
    let (mut new_state, mut output) = (state.clone(), vec![9.0; rows * wide]);
    let projected = Input { values: &padded_input, place: |row| row * GATES * wide };
    recurrence.step(rows, projected, Some(&previous), &mut gates, &mut new_state, &mut output);
    for r in 0..rows {
        for u in 0..units {
            let gate = |g: usize| {
                let column = g * units + u;
                let sum: f32 = (0..units)
                    .map(|k| previous[r * wide + k] * recurrent[k * GATES * units + column])
                    .sum();
                sum + input[r * GATES * units + column]
            };
            let wanted = reference([gate(0), gate(1), gate(2), gate(3)], state[r * wide + u]);
            assert!((f64::from(new_state[r * wide + u]) - wanted.0).abs() < 1e-5);
            assert!((f64::from(output[r * wide + u]) - wanted.1).abs() < 1e-5);
        }
        assert!(output[r * wide + units..][..wide - units].iter().all(|&h| h == 0.0));
    }
}

/// CPUs of several kinds take part in one project: their results differ by rounding alone.
#[cfg(target_arch = "x86_64")]
#[test]
fn narrower_vectors_give_the_same_within_rounding() {
    let gates: Vec<f32> = (0..GATES * LANES).map(|i| ((i * 29 % 83) as f32 - 41.0) / 4.0).collect();
    let start: Vec<f32> = (0..LANES).map(|i| i as f32 / 8.0 - 1.0).collect();
    let (mut state, mut output) = (start.clone(), vec![0.0; LANES]);
    cells(LANES, &gates, &mut state, &mut output);
    let other = |run: &dyn Fn(Cells<'_>)| {
        let (mut narrow_state, mut narrow_output) = (start.clone(), vec![0.0; LANES]);
        run(Cells {
            units: LANES,
            gates: &gates,
            state: &mut narrow_state,
            output: &mut narrow_output,
        });
        let pairs = state.iter().zip(&narrow_state).chain(output.iter().zip(&narrow_output));
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
    };
    other(&|cells| cells.with_simd(pulp::Scalar128b));
    if let Some(avx2) = pulp::x86::V3::try_new() {
        other(&|cells| Simd::vectorize(avx2, cells));
    }
}
