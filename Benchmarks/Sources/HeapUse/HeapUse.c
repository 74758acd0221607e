// In C: the module that Swift sees as Glibc does not have malloc.h.
#include "HeapUse.h"

#if defined(__linux__)
#include <features.h>
#endif

#if defined(__GLIBC__)
#include <malloc.h>

long heap_bytes_in_use(void) {
    struct mallinfo2 use = mallinfo2();
    // Large blocks are mapped each by itself and counted apart.
    return (long)(use.uordblks + use.hblkhd);
}
#elif defined(__APPLE__)
#include <malloc/malloc.h>

long heap_bytes_in_use(void) {
    return (long)mstats().bytes_used;
}
#else
long heap_bytes_in_use(void) {
    return -1;
}
#endif
