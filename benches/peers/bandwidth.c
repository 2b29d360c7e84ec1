/* Measures how fast some threads (2 by default) read memory, each a part of its own that no cache holds: GB/s, best of
 * five. On a virtual machine it tells the states apart that docs/performance.md speaks of.
 *
 *     cc -O3 -march=native -pthread bandwidth.c -o bandwidth && ./bandwidth 2
 */
#include "threads.h"

#include <string.h>

typedef float Vector __attribute__((vector_size(64)));

enum { VECTORS = (100 << 20) / sizeof(Vector), PASSES = 4 };

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

int main(int count, char **words) {
    int threads = number_of_threads(count, words);
    static void *memory[MOST_THREADS];
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
        double rate = (double)VECTORS * sizeof(Vector) * PASSES * threads / timed(threads, work, memory) / 1e9;
        best = rate > best ? rate : best;
    }
    printf("%.0f GB/s on %d threads\n", best, threads);
    return 0;
}
