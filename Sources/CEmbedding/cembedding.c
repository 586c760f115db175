#include "cembedding.h"

#include <string.h>

// ---- IEEE half precision, portable ----

static float half_to_float(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 0x1F;
  uint32_t fraction = half & 0x3FF;
  uint32_t bits;
  float value;
  if (exponent == 0) {
    // Zeros and subnormal numbers: fraction times 2^-24, which single precision holds exactly.
    value = (float)fraction * 0x1p-24f;
    memcpy(&bits, &value, 4);
    bits |= sign;
  } else if (exponent == 0x1F) {
    // A NaN comes out quiet, as from the processor.
    bits = sign | 0x7F800000 | fraction << 13 | (fraction ? 0x400000 : 0);
  } else {
    bits = sign | (exponent + 112) << 23 | fraction << 13;
  }
  memcpy(&value, &bits, 4);
  return value;
}

static uint16_t float_to_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00 | (magnitude >> 13 & 0x3FF));
  // 65520 is half way between the largest number and what would be the next.
  if (magnitude >= 0x477FF000) return sign | 0x7C00;
  if (magnitude < 0x38800000) {
    // Below 2^-14: in units of 2^-24; adding 0.5 puts that unit into the lowest bit, and rounds as the processor does.
    float absolute, shifted;
    memcpy(&absolute, &magnitude, 4);
    shifted = absolute + 0.5f;
    uint32_t sum;
    memcpy(&sum, &shifted, 4);
    return (uint16_t)(sign | (sum - 0x3F000000));
  }
  uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
  return (uint16_t)(sign | (rounded - 0x38000000) >> 13);
}

void cembedding_decode_fp16_portable(const void *source, float *target, size_t count) {
  const unsigned char *from = source;
  for (size_t i = 0; i < count; i++) {
    uint16_t half;
    memcpy(&half, from + 2 * i, 2);
    target[i] = half_to_float(half);
  }
}

void cembedding_encode_fp16_portable(const float *source, void *target, size_t count) {
  unsigned char *to = target;
  for (size_t i = 0; i < count; i++) {
    uint16_t half = float_to_half(source[i]);
    memcpy(to + 2 * i, &half, 2);
  }
}

// Vectorised by the compiler with what every processor of the kind has.
void cembedding_decode_int8(const void *source, float *target, size_t count, float factor) {
  const signed char *from = source;
  for (size_t i = 0; i < count; i++) target[i] = (float)from[i] * factor;
}

// ---- x86 ----

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

enum { ASKED = 1, HAS_F16C = 2 };

static unsigned ask_features(void) {
  unsigned a, b, c, d, features = ASKED;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return features;
  // The system must keep the wide registers, too.
  if (c & bit_F16C && c & bit_AVX && c & bit_OSXSAVE) {
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6) == 6) features |= HAS_F16C;
  }
  return features;
}

static inline unsigned features(void) {
  // Threads that ask at once get the same answer.
  static unsigned known;
  unsigned features = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (__builtin_expect(features == 0, 0)) {
    features = ask_features();
    __atomic_store_n(&known, features, __ATOMIC_RELAXED);
  }
  return features;
}

__attribute__((target("avx,f16c"))) static void decode_f16c(const void *source, float *target, size_t count) {
  const unsigned char *from = source;
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(target + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(from + 2 * i))));
  cembedding_decode_fp16_portable(from + 2 * i, target + i, count - i);
}

__attribute__((target("avx,f16c"))) static void encode_f16c(const float *source, void *target, size_t count) {
  unsigned char *to = target;
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm_storeu_si128((__m128i *)(to + 2 * i), _mm256_cvtps_ph(_mm256_loadu_ps(source + i), _MM_FROUND_TO_NEAREST_INT));
  cembedding_encode_fp16_portable(source + i, to + 2 * i, count - i);
}

void cembedding_decode_fp16(const void *source, float *target, size_t count) {
  if (__builtin_expect(features() & HAS_F16C, 1))
    decode_f16c(source, target, count);
  else
    cembedding_decode_fp16_portable(source, target, count);
}

void cembedding_encode_fp16(const float *source, void *target, size_t count) {
  if (__builtin_expect(features() & HAS_F16C, 1))
    encode_f16c(source, target, count);
  else
    cembedding_encode_fp16_portable(source, target, count);
}

// ---- others ----

#else

void cembedding_decode_fp16(const void *source, float *target, size_t count) {
#if defined(__aarch64__)
  const unsigned char *from = source;
  for (size_t i = 0; i < count; i++) {
    __fp16 half;
    memcpy(&half, from + 2 * i, 2);
    target[i] = half;
  }
#else
  cembedding_decode_fp16_portable(source, target, count);
#endif
}

void cembedding_encode_fp16(const float *source, void *target, size_t count) {
#if defined(__aarch64__)
  unsigned char *to = target;
  for (size_t i = 0; i < count; i++) {
    __fp16 half = source[i];
    memcpy(to + 2 * i, &half, 2);
  }
#else
  cembedding_encode_fp16_portable(source, target, count);
#endif
}

#endif
