#include "csystem_allocator.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void csa_set_thresholds(int mmap_threshold, int trim_threshold) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, mmap_threshold);
  mallopt(M_TRIM_THRESHOLD, trim_threshold);
#else
  (void)mmap_threshold, (void)trim_threshold;
#endif
}

void csa_set_heap_count(int count) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, count);
#else
  (void)count;
#endif
}

void csa_trim(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

ptrdiff_t csa_bytes_in_use(void) {
#ifdef __GLIBC__
  struct mallinfo2 info = mallinfo2();
  return (ptrdiff_t)(info.uordblks + info.hblkhd);
#else
  return -1;
#endif
}
