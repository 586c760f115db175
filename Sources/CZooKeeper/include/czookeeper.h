// What discovery needs of ZooKeeper's C client, libzookeeper_mt.so.2 (Debian's package libzookeeper-mt2), opened at run time.
//
// Nothing of it is needed to build, and a server without ZooKeeper does not need it: its functions, the layouts of its
// structs and its numbers, all part of its stable ABI, are declared in czookeeper.c as of version 3.8.0, and looked up by
// `czk_open`. Before that has returned NULL no other function here may be called.
//
// A handle is one session. The library has two threads for each; all calls back come from one of them, one after the other.
// Requests and sessions are named by numbers of the caller's, never by pointers, so that a late call back finds nothing
// instead of freed memory.

#ifndef CZOOKEEPER_H
#define CZOOKEEPER_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Opens the library, unless it is open, and looks up its functions. Not for concurrent use.
///
/// Returns NULL on success, else the reason, to be freed by the caller.
char *_Nullable czk_open(void);

enum czk_state {
  czk_state_expired = -112,
  czk_state_auth_failed = -113,
  czk_state_connecting = 1,
  czk_state_associating = 2,
  czk_state_connected = 3,
};

enum czk_event {
  czk_event_session = -1,
  czk_event_not_watching = -2,
  czk_event_created = 1,
  czk_event_deleted = 2,
  czk_event_changed = 3,
  czk_event_children = 4,
};

/// Codes of answers; there are more.
enum czk_code {
  czk_ok = 0,
  czk_connection_loss = -4,
  czk_operation_timeout = -7,
  czk_bad_arguments = -8,
  czk_invalid_state = -9,
  czk_no_node = -101,
  czk_no_auth = -102,
  czk_no_children_for_ephemerals = -108,
  czk_node_exists = -110,
  czk_not_empty = -111,
  czk_session_expired = -112,
  czk_auth_failed = -115,
  czk_closing = -116,
  czk_session_moved = -118,
  czk_throttled = -127,
};

/// An answer. Pointers are valid for the call back; what a request does not ask for is NULL and 0.
struct czk_answer {
  int code;
  const void *_Nullable bytes;
  int32_t byte_count;
  const char *_Nullable const *_Nullable names;
  int32_t name_count;
  /// The session that an ephemeral node lives with; 0 for others.
  int64_t owner;
};

/// `id` is the session's number with the servers; 0 while there is none.
typedef void (*czk_on_event)(uintptr_t session, int type, int state, const char *_Nullable path, int64_t id);
typedef void (*czk_on_answer)(uintptr_t request, const struct czk_answer *answer);

/// Begins a session: `servers` is `HOST:PORT,HOST:PORT`. Resolves names, so it may block.
///
/// Returns NULL with a number of errno's when that fails. `on_event` may be called before this returns.
void *_Nullable czk_start(const char *servers, int timeout_ms, uintptr_t session, czk_on_event on_event,
                          int *error);
/// Ends the session, and so its ephemeral nodes. Waits for the library's threads: not for use in call backs. Requests that
/// are under way may get an answer, or none.
void czk_close(void *handle);

// Each returns czk_ok when it is under way; else there is no answer. Bytes and texts are copied.

/// With scheme `digest`, of `NAME:PASSWORD`. Also sent whenever the session connects again.
int czk_authenticate(void *handle, const char *identity, size_t count);
int czk_get(void *handle, const char *path, int watches, uintptr_t request, czk_on_answer on_answer);
int czk_exists(void *handle, const char *path, int watches, uintptr_t request, czk_on_answer on_answer);
int czk_children(void *handle, const char *path, int watches, uintptr_t request, czk_on_answer on_answer);
int czk_set(void *handle, const char *path, const void *_Nullable bytes, int count, uintptr_t request,
            czk_on_answer on_answer);
/// Access: all for everybody; for the authenticated only, and reading for everybody, where `is_restricted`.
int czk_create(void *handle, const char *path, const void *_Nullable bytes, int count, int is_ephemeral,
               int is_restricted, uintptr_t request, czk_on_answer on_answer);
int czk_delete(void *handle, const char *path, uintptr_t request, czk_on_answer on_answer);

/// What a code means; lives as long as the process.
const char *czk_text(int code);

#pragma clang assume_nonnull end

#endif
