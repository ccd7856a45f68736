// The kernels as they are launched: see the headers for what they compute, engine/cuda/launch.rs for who calls them.
#include "tiles.cuh"

#include "affine.cuh"
#include "embed.cuh"
#include "recurrence.cuh"

KERNEL void embed(const unsigned char *codes, const float *table, const float *bias, float *out, long rows,
                  int channels, int width, int pool, int rectified) {
    const long at = (long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at < rows * channels)
        embed_one(at / channels, (int)(at % channels), codes, table, bias, out, channels, width, pool, rectified);
}

#define AFFINE(name, kind)                                                                                         \
    KERNEL void __launch_bounds__(128)                                                                             \
        name(const float *x, const float *weight, const float *bias, float *out, long rows, int inputs,            \
             int outputs, int taps, int dilation, int shortcut, int rectify_in, int rectify_out) {                 \
        affine<kind>((long)blockIdx.x * WARPS + WARP, blockIdx.y, x, weight, bias, out, rows, inputs, outputs,     \
                     taps, dilation, shortcut, rectify_in, rectify_out);                                           \
    }
AFFINE(affine_f32, Exact)
AFFINE(affine_tf32, Tf32)

// Shared memory: hidden states, resident weights, and for bf16 the scratch, in front.
#define RECURRENCE(name, kind, scratch_floats)                                                                     \
    KERNEL void __launch_bounds__(256)                                                                             \
        name(const float *projected, const kind::Element *recurrent, kind::Element *outputs, int steps, int units, \
             int resident) {                                                                                       \
        extern __shared__ __align__(128) float memory[];                                                           \
        recurrence<kind>(blockIdx.x, blockIdx.y, projected, recurrent, outputs, steps, units, resident,            \
                         (kind::Element *)(memory + scratch_floats), memory);                                      \
    }
RECURRENCE(recurrence_f32, Exact, 0)
RECURRENCE(recurrence_tf32, Tf32, 0)
RECURRENCE(recurrence_bf16, Bf16, 256 * WARPS)
