#include "cchecksums.h"

#include <string.h>

#if defined(__x86_64__)

#include <nmmintrin.h>

bool cch_has_crc32c(void) { return __builtin_cpu_supports("sse4.2"); }

__attribute__((target("sse4.2"))) uint32_t cch_crc32c(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  uint64_t state = crc;
  for (; count >= 8; count -= 8, at += 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    state = _mm_crc32_u64(state, word);
  }
  uint32_t rest = (uint32_t)state;
  for (; count > 0; count--) rest = _mm_crc32_u8(rest, *at++);
  return rest;
}

#elif defined(__aarch64__) && defined(__linux__)

#include <arm_acle.h>
#include <sys/auxv.h>

// HWCAP_CRC32 of asm/hwcap.h.
bool cch_has_crc32c(void) { return (getauxval(AT_HWCAP) & (1 << 7)) != 0; }

__attribute__((target("crc"))) uint32_t cch_crc32c(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  for (; count >= 8; count -= 8, at += 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    crc = __crc32cd(crc, word);
  }
  for (; count > 0; count--) crc = __crc32cb(crc, *at++);
  return crc;
}

#else

bool cch_has_crc32c(void) { return false; }

uint32_t cch_crc32c(uint32_t crc, const void *bytes, size_t count) {
  (void)bytes, (void)count;
  return crc;
}

#endif
