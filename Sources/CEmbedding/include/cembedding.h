// Instructions that Swift cannot ask for: prefetches, and the vector units' conversions. Each function has a
// portable form, and takes the processor's own where there is one.
#ifndef CEMBEDDING_H
#define CEMBEDDING_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Asks for the cache line of an address that will be read soon. Any address is allowed; nothing is read.
static inline void cembedding_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/// `count` IEEE half-precision numbers at `source`, at any alignment, to single precision. Exact.
void cembedding_decode_fp16(const void *source, float *target, size_t count);

/// `count` numbers to IEEE half precision, rounded to the nearest, ties to even; too large ones become infinite.
void cembedding_encode_fp16(const float *source, void *target, size_t count);

/// The same without the processor's own conversions, for processors that have none.
void cembedding_decode_fp16_portable(const void *source, float *target, size_t count);
void cembedding_encode_fp16_portable(const float *source, void *target, size_t count);

/// `count` signed bytes, each times `factor`.
void cembedding_decode_int8(const void *source, float *target, size_t count, float factor);

#pragma clang assume_nonnull end

#endif
