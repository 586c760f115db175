/// The C library's allocator: what glibc lets one set and ask. With other C libraries the settings do nothing.

#ifndef CSYSTEM_ALLOCATOR_H
#define CSYSTEM_ALLOCATOR_H

#include <stddef.h>

#pragma clang assume_nonnull begin

/// Sets glibc's limits (`mallopt`): blocks of at least `mmap_threshold` bytes get a mapping of their own, which goes back
/// to the system when they are freed; smaller ones come from a heap, of which `trim_threshold` free bytes at its end go
/// back by themselves.
void csa_set_thresholds(int mmap_threshold, int trim_threshold);

/// Sets how many heaps glibc makes at most from now on (`mallopt`).
void csa_set_heap_count(int count);

/// Gives free heap memory back to the system (`malloc_trim`). Takes milliseconds, in which nobody can allocate from the heap
/// that it is at.
void csa_trim(void);

/// Bytes that are allocated and not freed (`mallinfo2`), in heaps and mappings of their own; -1 where nobody can tell.
ptrdiff_t csa_bytes_in_use(void);

#pragma clang assume_nonnull end

#endif
