// A layer of the convolutional model: width-1 or dilated width-3 convolution with everything around it.
#pragma once

// Rows and columns of the output that a warp computes, in tiles of 16.
#define AFFINE_ROWS 2
#define AFFINE_COLUMNS 4

// out[r][n] = bias[n] + sum over taps, k of f(x[r + tap * dilation][k]) * w[tap][k][n] (+ x[r + dilation][n] with
// `shortcut`), f the ReLU with `rectify_in`; `rectify_out` puts a ReLU around all.
//
// x: rows + (taps - 1) * dilation rows of `inputs`; weight: tiles of DEPTH x 16 in the order tap, k, n; bias: 16 equal
// rows of `outputs`; out: rows x outputs. Rows at least 32; inputs and outputs multiples of 16. A warp whose rows
// reach past the end takes the last 32: some are computed twice, to the same value.
template <class T>
DEVICE void affine(long warp, int group, const float *x, const float *weight, const float *bias, float *out, long rows,
                   int inputs, int outputs, int taps, int dilation, int shortcut, int rectify_in, int rectify_out) {
    long row = warp * 16 * AFFINE_ROWS;
    if (row >= rows) return;
    if (row > rows - 16 * AFFINE_ROWS) row = rows - 16 * AFFINE_ROWS;
    const int first = group * AFFINE_COLUMNS, all = outputs / 16, depth = inputs / T::DEPTH;

    typename T::Sums sums[AFFINE_ROWS][AFFINE_COLUMNS];
#pragma unroll
    for (int n = 0; n < AFFINE_COLUMNS; n++) {
        if (first + n >= all) continue;
        const int column = 16 * (first + n);
#pragma unroll
        for (int m = 0; m < AFFINE_ROWS; m++) {
            T::load(sums[m][n], bias + column, outputs);
            if (!shortcut) continue;
            typename T::Sums passed;
            T::load(passed, x + (row + 16 * m + dilation) * inputs + column, inputs);
            for (int i = 0; i < T::Sums::SIZE; i++) sums[m][n].x[i] += passed.x[i];
        }
    }
    for (int tap = 0; tap < taps; tap++) {
        for (int k = 0; k < depth; k++) {
            typename T::Left left[AFFINE_ROWS];
#pragma unroll
            for (int m = 0; m < AFFINE_ROWS; m++) {
                T::load(left[m], x + (row + 16 * m + tap * dilation) * inputs + k * T::DEPTH, inputs);
                if (rectify_in) T::rectify(left[m]);
            }
#pragma unroll
            for (int n = 0; n < AFFINE_COLUMNS; n++) {
                if (first + n >= all) continue;
                typename T::Right right;
                T::load(right, weight + ((long)(tap * depth + k) * all + first + n) * T::DEPTH * 16);
#pragma unroll
                for (int m = 0; m < AFFINE_ROWS; m++) T::multiply(sums[m][n], left[m], right);
            }
        }
    }
#pragma unroll
    for (int n = 0; n < AFFINE_COLUMNS; n++) {
        if (first + n >= all) continue;
#pragma unroll
        for (int m = 0; m < AFFINE_ROWS; m++) {
            if (rectify_out)
                for (int i = 0; i < T::Sums::SIZE; i++) sums[m][n].x[i] = fmaxf(sums[m][n].x[i], 0.0f);
            T::store(out + (row + 16 * m) * outputs + 16 * (first + n), sums[m][n], outputs, (float *)0);
        }
    }
}
