#ifndef LARDER_SYSTEM_CLOCKS_H
#define LARDER_SYSTEM_CLOCKS_H

// In C: which module the Swift compiler takes `timespec` from depends on what else a batch of files imports.
#include <stdint.h>
#include <time.h>

static inline int64_t clock_nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/// Nanoseconds since some moment before all processes began, the same for all of them, and never set.
static inline int64_t monotonic_nanoseconds(void) { return clock_nanoseconds(CLOCK_MONOTONIC); }

/// How long all threads of this process have run.
static inline int64_t process_cpu_nanoseconds(void) { return clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }

/// How long the calling thread has run.
static inline int64_t thread_cpu_nanoseconds(void) { return clock_nanoseconds(CLOCK_THREAD_CPUTIME_ID); }

#endif
