#ifndef LARDER_HEAP_USE_H
#define LARDER_HEAP_USE_H

/// The bytes that the program has allocated and not freed, as the allocator counts them, its own headers included; -1 where
/// it does not say.
long heap_bytes_in_use(void);

#endif
