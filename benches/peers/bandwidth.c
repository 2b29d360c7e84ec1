/* Measures how fast some threads (2 by default) read memory, each a part of its own that no cache holds: GB/s, best of
 * five. On a virtual machine it tells the states apart that docs/performance.md speaks of.
 *
 *     cc -O3 -march=native -pthread bandwidth.c -o bandwidth && ./bandwidth 2
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef float Vector __attribute__((vector_size(64)));

enum { VECTORS = (100 << 20) / sizeof(Vector), PASSES = 4, MOST_THREADS = 64 };

/* Four sums, so that additions do not wait for each other. */
static void *work(void *memory) {
    const Vector *values = memory;
    Vector a = {0}, b = {0}, c = {0}, d = {0};
    for (int pass = 0; pass < PASSES; pass++) {
        for (long i = 0; i < VECTORS; i += 4) {
            a += values[i], b += values[i + 1], c += values[i + 2], d += values[i + 3];
        }
        __asm__ volatile("" ::: "memory"); /* The next pass reads again. */
    }
    *(Vector *)memory = a + b + c + d;
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
    static void *memory[MOST_THREADS];
    static pthread_t started[MOST_THREADS];
    for (int thread = 0; thread < threads; thread++) {
        memory[thread] = aligned_alloc(1 << 21, 104 << 20);
        if (memory[thread] == NULL) {
            fprintf(stderr, "no memory for %d threads\n", threads);
            return 1;
        }
        memset(memory[thread], 0, 104 << 20);
    }
    double best = 0;
    for (int round = 0; round < 5; round++) {
        double began = seconds();
        for (int thread = 0; thread < threads; thread++) {
            if (pthread_create(&started[thread], NULL, work, memory[thread]) != 0) {
                fprintf(stderr, "cannot start %d threads\n", threads);
                return 1;
            }
        }
        for (int thread = 0; thread < threads; thread++) {
            pthread_join(started[thread], NULL);
        }
        double rate = (double)VECTORS * sizeof(Vector) * PASSES * threads / (seconds() - began) / 1e9;
        best = rate > best ? rate : best;
    }
    printf("%.0f GB/s on %d threads\n", best, threads);
    return 0;
}
