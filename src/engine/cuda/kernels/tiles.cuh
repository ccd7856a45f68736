// Matrix tiles held by a warp: what the kernels are written in.
//
// The kernels know only whole tiles, loaded, multiplied and stored by all 32 lanes together: left 16 x DEPTH, right
// DEPTH x 16, sums 16 x 16. Which lane holds what is the tile's own affair; lanes hold the same places of all their
// sums, so that element-wise work goes over `x[0..SIZE)`. Three kinds:
//
//   Exact  f32 on the ordinary cores
//   Tf32   tensor cores, factors rounded to 10 bits of mantissa, f32 sums
//   Bf16   tensor cores, factors rounded to 7 bits, f32 sums
//
// Right tiles are packed: DEPTH x 16 values one after another. Tests compile the kernels with a C++ compiler, with
// Exact and with a fourth kind, a plain array (host.cpp).
#pragma once

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <mma.h>

#define KERNEL extern "C" __global__
#define DEVICE __device__ __forceinline__
#define LANE (threadIdx.x % 32)
#define WARP (threadIdx.x / 32)
#define WARPS (blockDim.x / 32)
#define SYNC() __syncthreads()

DEVICE float exponential(float x) { return __expf(x); }
DEVICE float reciprocal(float x) { return __fdividef(1.0f, x); }
#endif

struct Exact {
    typedef float Element;
    static const int DEPTH = 8;

    // Row lane / 8 + 4 r and columns 2 (lane % 8) + {0, 1}, r = 0..3: rows of neighbouring lanes lie in different
    // banks of shared memory.
    struct Sums {
        static const int SIZE = 8;
        float x[SIZE];
    };
    // Factors stay in memory and are read as they are used.
    struct Left {
        const float *at;
        int stride;
        bool rectified;
    };
    struct Right {
        const float *at;
    };

    static DEVICE void load(Left &tile, const float *from, int stride) {
        tile.at = from + (LANE / 8) * stride;
        tile.stride = stride;
        tile.rectified = false;
    }
    static DEVICE void load(Right &tile, const float *from) { tile.at = from + 2 * (LANE % 8); }
    static DEVICE void load(Sums &tile, const float *from, int stride) {
        const float *at = from + (LANE / 8) * stride + 2 * (LANE % 8);
#pragma unroll
        for (int r = 0; r < 4; r++) {
            tile.x[2 * r] = at[4 * r * stride];
            tile.x[2 * r + 1] = at[4 * r * stride + 1];
        }
    }
    static DEVICE void rectify(Left &tile) { tile.rectified = true; }
    static DEVICE void multiply(Sums &sums, const Left &left, const Right &right) {
#pragma unroll
        for (int k = 0; k < DEPTH; k += 4) {
            float2 columns[4];
#pragma unroll
            for (int i = 0; i < 4; i++) columns[i] = *(const float2 *)(right.at + 16 * (k + i));
#pragma unroll
            for (int r = 0; r < 4; r++) {
                const float4 row = *(const float4 *)(left.at + 4 * r * left.stride + k);
                float values[4] = {row.x, row.y, row.z, row.w};
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    if (left.rectified) values[i] = fmaxf(values[i], 0.0f);
                    sums.x[2 * r] = fmaf(values[i], columns[i].x, sums.x[2 * r]);
                    sums.x[2 * r + 1] = fmaf(values[i], columns[i].y, sums.x[2 * r + 1]);
                }
            }
        }
    }
    static DEVICE void store(float *to, const Sums &tile, int stride, float *) {
        float *at = to + (LANE / 8) * stride + 2 * (LANE % 8);
#pragma unroll
        for (int r = 0; r < 4; r++) {
            at[4 * r * stride] = tile.x[2 * r];
            at[4 * r * stride + 1] = tile.x[2 * r + 1];
        }
    }
};

#ifdef __CUDACC__
namespace wmma = nvcuda::wmma;

struct Tf32 {
    typedef float Element;
    static const int DEPTH = 8;
    struct Sums : wmma::fragment<wmma::accumulator, 16, 16, 8, float> {
        static const int SIZE = wmma::fragment<wmma::accumulator, 16, 16, 8, float>::num_elements;
    };
    typedef wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> Left;
    typedef wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::row_major> Right;

    static DEVICE void load(Left &tile, const float *from, int stride) {
        wmma::load_matrix_sync(tile, from, stride);
#pragma unroll
        for (int i = 0; i < tile.num_elements; i++) tile.x[i] = wmma::__float_to_tf32(tile.x[i]);
    }
    // Rounded when packed.
    static DEVICE void load(Right &tile, const float *from) { wmma::load_matrix_sync(tile, from, 16); }
    static DEVICE void load(Sums &tile, const float *from, int stride) {
        wmma::load_matrix_sync(tile, from, stride, wmma::mem_row_major);
    }
    static DEVICE void rectify(Left &tile) {
#pragma unroll
        for (int i = 0; i < tile.num_elements; i++) tile.x[i] = fmaxf(tile.x[i], 0.0f);
    }
    static DEVICE void multiply(Sums &sums, const Left &left, const Right &right) {
        wmma::mma_sync(sums, left, right, sums);
    }
    static DEVICE void store(float *to, const Sums &tile, int stride, float *) {
        wmma::store_matrix_sync(to, tile, stride, wmma::mem_row_major);
    }
};

struct Bf16 {
    typedef __nv_bfloat16 Element;
    static const int DEPTH = 16;
    struct Sums : wmma::fragment<wmma::accumulator, 16, 16, 16, float> {
        static const int SIZE = wmma::fragment<wmma::accumulator, 16, 16, 16, float>::num_elements;
    };
    typedef wmma::fragment<wmma::matrix_a, 16, 16, 16, __nv_bfloat16, wmma::row_major> Left;
    typedef wmma::fragment<wmma::matrix_b, 16, 16, 16, __nv_bfloat16, wmma::row_major> Right;

    static DEVICE void load(Left &tile, const Element *from, int stride) { wmma::load_matrix_sync(tile, from, stride); }
    static DEVICE void load(Right &tile, const Element *from) { wmma::load_matrix_sync(tile, from, 16); }
    static DEVICE void load(Sums &tile, const float *from, int stride) {
        wmma::load_matrix_sync(tile, from, stride, wmma::mem_row_major);
    }
    static DEVICE void multiply(Sums &sums, const Left &left, const Right &right) {
        wmma::mma_sync(sums, left, right, sums);
    }
    // Sums can only be stored as f32: they are rounded on the way, in 16 x 16 values of the warp's own.
    static DEVICE void store(Element *to, const Sums &tile, int stride, float *scratch) {
        wmma::store_matrix_sync(scratch, tile, 16, wmma::mem_row_major);
        __syncwarp();
#pragma unroll
        for (int i = LANE; i < 256; i += 32) to[(i / 16) * stride + i % 16] = __float2bfloat16(scratch[i]);
        __syncwarp();
    }
};
#endif
