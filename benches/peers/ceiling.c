/* Measures the processor's arithmetic ceiling: f32 operations a second of multiply-adds that depend on nothing but
 * registers, on some threads (2 by default), best of five. Prints GFLOP/s for `portraitist bench --ceiling`.
 *
 *     cc -O2 -march=native -pthread ceiling.c -o ceiling && ./ceiling 2
 *     cc -O2 -mavx2 -mfma  -pthread ceiling.c -o ceiling && ./ceiling 2      (what AVX2 alone could do)
 */
#include "threads.h"

#ifdef __AVX512F__
#define BYTES 64
#elif defined(__AVX2__)
#define BYTES 32
#else
#define BYTES 16
#endif
typedef float Vector __attribute__((vector_size(BYTES)));

enum { LANES = BYTES / sizeof(float), CHAINS = 12 };
static const long REPETITIONS = 100000000;

/* Twelve independent chains: more than latency times multiply-adds per cycle, and they fit into 16 registers. */
static void *work(void *sum) {
    const Vector one = (Vector){0} + 1.0f, factor = one * 0.999f, term = one * 0.001f;
    Vector a = one, b = one * 2, c = one * 3, d = one * 4, e = one * 5, f = one * 6;
    Vector g = one * 7, h = one * 8, i = one * 9, j = one * 10, k = one * 11, l = one * 12;
    for (long repetition = 0; repetition < REPETITIONS; repetition++) {
        a = a * factor + term, b = b * factor + term, c = c * factor + term, d = d * factor + term;
        e = e * factor + term, f = f * factor + term, g = g * factor + term, h = h * factor + term;
        i = i * factor + term, j = j * factor + term, k = k * factor + term, l = l * factor + term;
    }
    *(Vector *)sum = a + b + c + d + e + f + g + h + i + j + k + l;
    return NULL;
}

int main(int count, char **words) {
    int threads = number_of_threads(count, words);
    static Vector sums[MOST_THREADS];
    static void *places[MOST_THREADS];
    for (int thread = 0; thread < threads; thread++) {
        places[thread] = &sums[thread];
    }
    double best = 0, check = 0;
    for (int round = 0; round < 5; round++) {
        double rate = 2.0 * CHAINS * LANES * (double)REPETITIONS * threads / timed(threads, work, places) / 1e9;
        best = rate > best ? rate : best;
    }
    for (int thread = 0; thread < threads; thread++) {
        check += sums[thread][0];
    }
    printf("%.0f GFLOP/s on %d threads, %d lanes (check %g)\n", best, threads, LANES, check);
    return 0;
}
