// Tells ThreadSanitizer of the locks that it cannot see: preloaded by scripts/soak. Linux only.
//
// Swift's `Mutex` is inlined into its user as long as nobody else wants it, and there ThreadSanitizer sees its atomics. When
// it is contended, `_lockSlow` and `_unlockSlow` of libswiftSynchronization take over, which are not instrumented and let the
// kernel hand the lock on (FUTEX_LOCK_PI). Without this file every contended mutex is reported as a race.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

// Not there in the programs around the tests, such as the shell.
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// Synchronization._MutexHandle._lockSlow(Swift.UInt32) -> ()
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
// Synchronization._MutexHandle._unlockSlow() -> ()
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    SWIFT void (*next)(uint32_t, SELF void *) = dlsym(RTLD_NEXT, LOCK);
    next(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF void *mutex) {
    SWIFT void (*next)(SELF void *) = dlsym(RTLD_NEXT, UNLOCK);
    if (__tsan_release) __tsan_release(mutex);
    next(mutex);
}
