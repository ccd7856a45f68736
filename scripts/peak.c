/* The f32 peak of one core: fused multiply-adds on registers alone, as many independent sums as the scan's
   product kernel has (8 x 3 vectors), so that neither latency nor memory counts. Prints GFLOP/s. */

#include <stdio.h>
#include <time.h>

#if defined(__AVX512F__)
#define BYTES 64
#define SUMS 24
#else
#define BYTES 32
#define SUMS 12
#endif
#define LANES (BYTES / (int)sizeof(float))

typedef float vector __attribute__((vector_size(BYTES)));

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* Contracted to fused multiply-adds by -ffp-contract=fast, the default of gcc. */
static float turn(long rounds, float scale, float step) {
    vector sums[SUMS], factor, term;
    for (int lane = 0; lane < LANES; lane++) {
        factor[lane] = scale;
        term[lane] = step;
    }
    for (int i = 0; i < SUMS; i++) sums[i] = term * (float)i;
    for (long round = 0; round < rounds; round++) {
#pragma GCC unroll 24
        for (int i = 0; i < SUMS; i++) sums[i] = sums[i] * factor + term;
    }
    float all = 0;
    for (int i = 0; i < SUMS; i++)
        for (int lane = 0; lane < LANES; lane++) all += sums[i][lane];
    return all;
}

int main(int count, char **arguments) {
    const long rounds = 1000000;
    double flop = 2.0 * rounds * SUMS * LANES, best = 0, begin = seconds();
    volatile float keep;
    (void)arguments;
    /* Half a second: the core reaches its clock; the best turn is that without interruption. */
    do {
        double before = seconds();
        keep = turn(rounds, 0.5f + 1e-3f * count, 1.0f);
        double rate = flop / (seconds() - before);
        if (rate > best) best = rate;
    } while (seconds() - begin < 0.5);
    (void)keep;
    printf("%.2f\n", best * 1e-9);
    return 0;
}
