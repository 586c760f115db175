#define _GNU_SOURCE
#include "cengine_process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int cengine_process_memory(long size) {
    int memory = memfd_create("apus-engine", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) return -1;
    if (ftruncate(memory, size) == 0 && fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
        return memory;
    }
    int error = errno;
    close(memory);
    errno = error;
    return -1;
}

int cengine_process_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int cengine_process_discard(void *memory, unsigned long size) { return madvise(memory, size, MADV_REMOVE); }

int cengine_process_make_private(void *memory, unsigned long size) {
    void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) return -1;
    memcpy(copy, memory, size);
    if (mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, memory) == memory) return 0;
    int error = errno;
    munmap(copy, size);
    errno = error;
    return -1;
}
