// The whole recurrence of a bidirectional LSTM over the windows of a scan, in one launch.
#pragma once

// Windows of a block, in tiles of 16.
#define RECURRENCE_TILES 4
#define RECURRENCE_WINDOWS (16 * RECURRENCE_TILES)
// Floats or more between rows of the hidden state in shared memory beyond `units`: tiles stay aligned, rows lie in
// different banks.
#define HIDDEN_PADDING(Element) (int)(16 / sizeof(Element))

DEVICE float sigmoid(float x) { return reciprocal(1.0f + exponential(-x)); }
DEVICE float hyperbolic_tangent(float x) { return 2.0f * sigmoid(2.0f * x) - 1.0f; }

// A block runs 64 neighbouring windows (from 64 * block) through one direction, all steps. Each warp owns 16 units: the
// four gates of a unit meet in one lane, cell states never leave registers, and only the hidden state goes through
// shared memory, to be read by all warps at the next step. Window s reads, at step t, row s + 3 t of `projected`.
//
// projected: rows x 2 directions x 4 gates (i, f, c, o) x units, bias included; recurrent: for each direction tiles of
// DEPTH x 16 in the order k, gate, unit; outputs: windows x steps x 2 directions x units. Units a multiple of 16, at
// most 128; windows a multiple of 64; one warp per 16 units.
//
// shared: 2 x 64 x (units + padding) hidden states, then `resident` layers of weights (DEPTH x 4 units each) that need
// not be read from the cache at each step, then `scratch`: 256 floats per warp.
template <class T>
DEVICE void recurrence(int block, int direction, const float *projected, const typename T::Element *recurrent,
                       typename T::Element *outputs, int steps, int units, int resident,
                       typename T::Element *shared, float *scratch) {
    typedef typename T::Element Element;
    const int warp = WARP, unit_tiles = units / 16, depth = units / T::DEPTH, layer = T::DEPTH * 4 * units;
    const int stride = units + HIDDEN_PADDING(Element);
    const long window = (long)block * RECURRENCE_WINDOWS;
    const float *input = projected + ((window * 2 + direction) * 4 * units) + 16 * warp;
    const Element *weights = recurrent + (long)direction * depth * layer;
    Element *hidden = shared, *kept = shared + 2 * RECURRENCE_WINDOWS * stride;
    Element *output = outputs + (window * steps * 2 + direction) * units + 16 * warp;
    scratch += 256 * warp;

    for (long i = threadIdx.x; i < (long)resident * layer; i += blockDim.x) kept[i] = weights[i];
    SYNC();

    typename T::Sums cell[RECURRENCE_TILES];
#pragma unroll
    for (int m = 0; m < RECURRENCE_TILES; m++)
        for (int i = 0; i < T::Sums::SIZE; i++) cell[m].x[i] = 0.0f;

    for (int turn = 0; turn < steps; turn++) {
        const int step = direction == 0 ? turn : steps - 1 - turn;
        const Element *previous = hidden + (turn % 2) * RECURRENCE_WINDOWS * stride;
        Element *next = hidden + (1 - turn % 2) * RECURRENCE_WINDOWS * stride;
        typename T::Sums gates[RECURRENCE_TILES][4];
#pragma unroll
        for (int m = 0; m < RECURRENCE_TILES; m++)
#pragma unroll
            for (int g = 0; g < 4; g++)
                T::load(gates[m][g], input + (long)(16 * m + 3 * step) * 8 * units + g * units, 8 * units);
        // The hidden state before the first step is zero.
        for (int k = 0; k < (turn == 0 ? 0 : depth); k++) {
            const Element *at = (k < resident ? kept : weights) + k * layer + warp * T::DEPTH * 16;
            typename T::Right right[4];
#pragma unroll
            for (int g = 0; g < 4; g++) T::load(right[g], at + g * unit_tiles * T::DEPTH * 16);
#pragma unroll
            for (int m = 0; m < RECURRENCE_TILES; m++) {
                typename T::Left left;
                T::load(left, previous + 16 * m * stride + k * T::DEPTH, stride);
#pragma unroll
                for (int g = 0; g < 4; g++) T::multiply(gates[m][g], left, right[g]);
            }
        }
#pragma unroll
        for (int m = 0; m < RECURRENCE_TILES; m++) {
            for (int i = 0; i < T::Sums::SIZE; i++) {
                const float candidate = hyperbolic_tangent(gates[m][2].x[i]);
                const float kept_state = sigmoid(gates[m][1].x[i]) * cell[m].x[i];
                cell[m].x[i] = kept_state + sigmoid(gates[m][0].x[i]) * candidate;
                gates[m][0].x[i] = sigmoid(gates[m][3].x[i]) * hyperbolic_tangent(cell[m].x[i]);
            }
            T::store(next + 16 * m * stride + 16 * warp, gates[m][0], stride, scratch);
            T::store(output + ((long)(16 * m) * steps + step) * 2 * units, gates[m][0], 2 * steps * units, scratch);
        }
        SYNC();
    }
}
