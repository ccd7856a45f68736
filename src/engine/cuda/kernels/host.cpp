// The kernels on a CPU, for tests. In one kind a warp is a thread and a tile an array; in the other, Exact as it is
// compiled for GPUs, each of a warp's 32 lanes is a thread.
//
// usage: host lanes|tiles8|tiles16 KERNEL NUMBER...  operands on standard input, one after another, the result on standard output.
#include <barrier>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#define DEVICE inline
#define LANE ((int)threadIdx.x % lanes)
#define WARP ((int)threadIdx.x / lanes)
#define SYNC() all_warps->arrive_and_wait()

struct Index {
    long x;
};
static thread_local Index threadIdx;
static Index blockDim;
static int lanes;
static std::barrier<> *all_warps;

struct float2 {
    float x, y;
};
struct float4 {
    float x, y, z, w;
};

static inline float exponential(float x) { return std::exp(x); }
static inline float reciprocal(float x) { return 1.0f / x; }

template <int D>
struct Host {
    typedef float Element;
    static const int DEPTH = D, LANES = 1;
    struct Sums {
        static const int SIZE = 256;
        float x[SIZE];
    };
    struct Left {
        float x[16 * D];
    };
    struct Right {
        float x[16 * D];
    };
    static void load(Left &tile, const float *from, int stride) {
        for (int i = 0; i < 16 * D; i++) tile.x[i] = from[i / D * stride + i % D];
    }
    static void load(Right &tile, const float *from) { memcpy(tile.x, from, sizeof tile.x); }
    static void load(Sums &tile, const float *from, int stride) {
        for (int i = 0; i < 256; i++) tile.x[i] = from[i / 16 * stride + i % 16];
    }
    static void rectify(Left &tile) {
        for (float &value : tile.x) value = std::fmax(value, 0.0f);
    }
    static void multiply(Sums &sums, const Left &left, const Right &right) {
        for (int i = 0; i < 256; i++)
            for (int k = 0; k < D; k++) sums.x[i] += left.x[i / 16 * D + k] * right.x[16 * k + i % 16];
    }
    static void store(float *to, const Sums &tile, int stride, float *) {
        for (int i = 0; i < 256; i++) to[i / 16 * stride + i % 16] = tile.x[i];
    }
};

#include "tiles.cuh"

struct Lanes : Exact {
    static const int LANES = 32;
};

#include "affine.cuh"
#include "embed.cuh"
#include "recurrence.cuh"

template <class T>
static std::vector<T> operand(long count) {
    std::vector<T> values(count);
    if (fread(values.data(), sizeof(T), count, stdin) != (size_t)count) exit(1);
    return values;
}

// Runs the threads of a block at once.
template <class F>
static void block(int count, F kernel) {
    std::barrier<> barrier(count);
    all_warps = &barrier;
    blockDim.x = count;
    std::vector<std::thread> threads;
    for (int t = 0; t < count; t++)
        threads.emplace_back([=] {
            threadIdx.x = t;
            kernel();
        });
    for (std::thread &thread : threads) thread.join();
}

// rows channels width pool rectified; codes, table, bias.
static std::vector<float> run_embed(const long *n) {
    const long rows = n[0], channels = n[1];
    auto codes = operand<unsigned char>(rows + n[2] + n[3] - 2);
    auto table = operand<float>(n[2] * 4 * channels), bias = operand<float>(channels);
    std::vector<float> out(rows * channels, NAN);
    for (long i = 0; i < rows * channels; i++)
        embed_one(i / channels, i % channels, codes.data(), table.data(), bias.data(), out.data(), channels, n[2],
                  n[3], n[4]);
    return out;
}

// rows inputs outputs taps dilation shortcut rectify_in rectify_out; x, weight, bias. Lanes need not meet: one after
// another does.
template <class T>
static std::vector<float> run_affine(const long *n) {
    const long rows = n[0], inputs = n[1], outputs = n[2], taps = n[3], dilation = n[4];
    auto x = operand<float>((rows + (taps - 1) * dilation) * inputs);
    auto weight = operand<float>(taps * inputs * outputs), bias = operand<float>(16 * outputs);
    std::vector<float> out(rows * outputs, NAN);
    for (long warp = 0; 32 * warp < rows + 64; warp++)
        for (int group = 0; 64 * group < outputs; group++)
            for (threadIdx.x = 0; threadIdx.x < lanes; threadIdx.x++)
                affine<T>(warp, group, x.data(), weight.data(), bias.data(), out.data(), rows, inputs, outputs, taps,
                          dilation, n[5], n[6], n[7]);
    return out;
}

// windows steps units resident; projected, recurrent.
template <class T>
static std::vector<float> run_recurrence(const long *n) {
    const long windows = n[0], steps = n[1], units = n[2];
    auto projected = operand<float>((windows + 3 * (steps - 1)) * 8 * units), recurrent = operand<float>(8 * units * units);
    std::vector<float> out(windows * steps * 2 * units, NAN);
    std::vector<float> shared(2 * 64 * (units + 4) + n[3] * T::DEPTH * 4 * units, NAN), scratch(256 * units / 16);
    for (int at = 0; at < windows / 64; at++)
        for (int direction = 0; direction < 2; direction++)
            block(units / 16 * lanes, [&] {
                recurrence<T>(at, direction, projected.data(), recurrent.data(), out.data(), steps, units, n[3],
                              shared.data(), scratch.data());
            });
    return out;
}

template <class T>
static std::vector<float> run(const char *kernel, const long *n) {
    lanes = T::LANES;
    if (!strcmp(kernel, "affine")) return run_affine<T>(n);
    if (!strcmp(kernel, "recurrence")) return run_recurrence<T>(n);
    return run_embed(n);
}

int main(int count, char **words) {
    if (count < 3) return 2;
    std::vector<long> numbers;
    for (int i = 3; i < count; i++) numbers.push_back(atol(words[i]));
    const char *kind = words[1], *kernel = words[2];
    std::vector<float> out = !strcmp(kind, "lanes")     ? run<Lanes>(kernel, numbers.data())
                             : !strcmp(kind, "tiles16") ? run<Host<16>>(kernel, numbers.data())
                                                        : run<Host<8>>(kernel, numbers.data());
    return fwrite(out.data(), sizeof(float), out.size(), stdout) != out.size();
}
