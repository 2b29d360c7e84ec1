/* What the small C programs share: a number of threads from the command line, and the time that they take. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_THREADS = 1024 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* The first word, or 2. */
static int number_of_threads(int count, char **words) {
    int threads = count > 1 ? atoi(words[1]) : 2;
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "expected 1 to %d threads, found %s\n", MOST_THREADS, words[1]);
        exit(2);
    }
    return threads;
}

/* Seconds until all threads have done `work`, each with the argument of its number. */
static double timed(int threads, void *(*work)(void *), void **arguments) {
    static pthread_t started[MOST_THREADS];
    double began = seconds();
    for (int thread = 0; thread < threads; thread++) {
        if (pthread_create(&started[thread], NULL, work, arguments[thread]) != 0) {
            fprintf(stderr, "cannot start %d threads\n", threads);
            exit(1);
        }
    }
    for (int thread = 0; thread < threads; thread++) {
        pthread_join(started[thread], NULL);
    }
    return seconds() - began;
}
