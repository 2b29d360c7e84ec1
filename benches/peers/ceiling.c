/* Measures the processor's arithmetic ceiling: f32 operations a second of multiply-adds that depend on nothing but
 * registers, on some threads (2 by default), best of five. Prints GFLOP/s for `portraitist bench --ceiling`.
 *
 *     cc -O2 -march=native -pthread ceiling.c -o ceiling && ./ceiling 2
 *     cc -O2 -mavx2 -mfma  -pthread ceiling.c -o ceiling && ./ceiling 2      (what AVX2 alone could do)
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef __AVX512F__
#define BYTES 64
#elif defined(__AVX2__)
#define BYTES 32
#else
#define BYTES 16
#endif
typedef float Vector __attribute__((vector_size(BYTES)));

enum { LANES = BYTES / sizeof(float), CHAINS = 12, MOST_THREADS = 1024 };
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

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

int main(int count, char **words) {
    int threads = count > 1 ? atoi(words[1]) : 2;
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "expected 1 to %d threads, found %s\n", MOST_THREADS, words[1]);
        return 2;
    }
    static Vector sums[MOST_THREADS];
    static pthread_t started[MOST_THREADS];
    double best = 0, check = 0;
    for (int round = 0; round < 5; round++) {
        double began = seconds();
        for (int thread = 0; thread < threads; thread++) {
            if (pthread_create(&started[thread], NULL, work, &sums[thread]) != 0) {
                fprintf(stderr, "cannot start %d threads\n", threads);
                return 1;
            }
        }
        for (int thread = 0; thread < threads; thread++) {
            pthread_join(started[thread], NULL);
            check += sums[thread][0];
        }
        double rate = 2.0 * CHAINS * LANES * (double)REPETITIONS * threads / (seconds() - began) / 1e9;
        best = rate > best ? rate : best;
    }
    printf("%.0f GFLOP/s on %d threads, %d lanes (check %g)\n", best, threads, LANES, check);
    return 0;
}
