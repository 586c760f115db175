/// CRC-32C by the processor's own instructions, which Swift has no names for.

#ifndef CCHECKSUMS_H
#define CCHECKSUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor has them: SSE 4.2 of x86-64, the CRC extension of 64-bit ARM.
bool cch_has_crc32c(void);

/// Goes on with the checksum over `count` bytes: `crc` is inverted as the standard has it, and so is what comes back.
/// Only where `cch_has_crc32c` says so.
uint32_t cch_crc32c(uint32_t crc, const void *_Nullable bytes, size_t count);

#endif
