// Calls of Linux for engine processes that Swift's Glibc module does not show.
#ifndef CENGINE_PROCESS_H
#define CENGINE_PROCESS_H

#include <spawn.h>

/// Memory to be shared with another process: `size` bytes of zeros that take no memory until they are written, whose size
/// nobody can change. A descriptor, closed on exec; -1 with errno set when it cannot be had.
int cengine_process_memory(long size);

/// In the process to be started: closes every descriptor from `first` on.
int cengine_process_close_from(posix_spawn_file_actions_t *actions, int first);

/// Gives the pages behind a shared mapping back to the system; they read as zeros then.
int cengine_process_discard(void *memory, unsigned long size);

/// Puts a copy of the pages of a shared mapping, which nobody else sees, in its place at once. -1 with errno set when there
/// is no memory for it.
int cengine_process_make_private(void *memory, unsigned long size);

#endif
