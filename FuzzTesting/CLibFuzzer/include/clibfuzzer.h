// libFuzzer as a library (its documentation calls this "using libFuzzer as a library"): SwiftPM gives an executable its
// own main, so that libFuzzer's cannot be used.
#ifndef CLIBFUZZER_H
#define CLIBFUZZER_H

#include <stddef.h>
#include <stdint.h>

/// Runs the fuzzer with the arguments of a libFuzzer program until it is done; `test` returns 0.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *bytes, size_t count));

#endif
