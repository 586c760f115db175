#define _GNU_SOURCE
#include "czookeeper.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of zookeeper.h and zookeeper.jute.h, version 3.8.0.

struct zk_stat {
  int64_t czxid, mzxid, ctime, mtime;
  int32_t version, cversion, aversion;
  int64_t ephemeral_owner;
  int32_t data_length, num_children;
  int64_t pzxid;
};

struct zk_names {
  int32_t count;
  char **data;
};

struct zk_acl {
  int32_t permissions;
  char *scheme;
  char *id;
};

struct zk_acls {
  int32_t count;
  struct zk_acl *data;
};

struct zk_client_id {
  int64_t client_id;
  char password[16];
};

enum { permission_read = 1, permission_all = 31, flag_ephemeral = 1, any_version = -1, log_nothing = 0 };

typedef void (*zk_watcher)(void *handle, int type, int state, const char *path, void *context);
typedef void (*zk_on_void)(int code, const void *data);
typedef void (*zk_on_stat)(int code, const struct zk_stat *stat, const void *data);
typedef void (*zk_on_data)(int code, const char *value, int count, const struct zk_stat *stat, const void *data);
typedef void (*zk_on_names)(int code, const struct zk_names *names, const void *data);
typedef void (*zk_on_text)(int code, const char *text, const void *data);

// F(name, result, parameters): the functions that are looked up, and what they are.
#define FUNCTIONS(F)                                                                                                  \
  F(zookeeper_init, void *,                                                                                           \
    (const char *servers, zk_watcher watcher, int timeout, const struct zk_client_id *id, void *context, int flags))  \
  F(zookeeper_close, int, (void *handle))                                                                             \
  F(zoo_client_id, const struct zk_client_id *, (void *handle))                                                       \
  F(zoo_get_context, const void *, (void *handle))                                                                    \
  F(zoo_set_debug_level, void, (int level))                                                                           \
  F(zoo_add_auth, int,                                                                                                \
    (void *handle, const char *scheme, const char *identity, int count, zk_on_void done, const void *data))           \
  F(zoo_aget, int, (void *handle, const char *path, int watches, zk_on_data done, const void *data))                  \
  F(zoo_aexists, int, (void *handle, const char *path, int watches, zk_on_stat done, const void *data))               \
  F(zoo_aget_children, int, (void *handle, const char *path, int watches, zk_on_names done, const void *data))        \
  F(zoo_aset, int,                                                                                                    \
    (void *handle, const char *path, const char *bytes, int count, int version, zk_on_stat done, const void *data))   \
  F(zoo_acreate, int,                                                                                                 \
    (void *handle, const char *path, const char *bytes, int count, const struct zk_acls *acls, int flags,             \
     zk_on_text done, const void *data))                                                                              \
  F(zoo_adelete, int, (void *handle, const char *path, int version, zk_on_void done, const void *data))               \
  F(zerror, const char *, (int code))

#define MEMBER(name, result, parameters) result(*name) parameters;
static struct {
  bool is_open;
  FUNCTIONS(MEMBER)
} zk;
#undef MEMBER

static char *missing(const char *name) {
  char *text = NULL;
  return asprintf(&text, "it has no function %s", name) < 0 ? strdup("a function is missing") : text;
}

char *czk_open(void) {
  if (zk.is_open) {
    return NULL;
  }
  // Never closed: its threads may be anywhere in it.
  void *library = dlopen("libzookeeper_mt.so.2", RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    return strdup(reason ? reason : "dlopen failed");
  }
  __typeof__(zk) found = {.is_open = true};
#define LOOK_UP(name, result, parameters)                                                                             \
  *(void **)(&found.name) = dlsym(library, #name);                                                                    \
  if (!found.name) {                                                                                                  \
    return missing(#name);                                                                                            \
  }
  FUNCTIONS(LOOK_UP)
#undef LOOK_UP
  zk = found;
  // It would write to standard error; what happens comes as events and codes.
  zk.zoo_set_debug_level(log_nothing);
  return NULL;
}

// ---- Sessions ----

// What the library keeps as a session's context. Freed when no call back can come any more.
struct session {
  uintptr_t number;
  czk_on_event on_event;
};

static void watch(void *handle, int type, int state, const char *path, void *context) {
  const struct session *session = context;
  const struct zk_client_id *id = zk.zoo_client_id(handle);
  session->on_event(session->number, type, state, path && *path ? path : NULL, id ? id->client_id : 0);
}

void *czk_start(const char *servers, int timeout_ms, uintptr_t number, czk_on_event on_event, int *error) {
  struct session *session = malloc(sizeof *session);
  if (!session) {
    *error = ENOMEM;
    return NULL;
  }
  *session = (struct session){.number = number, .on_event = on_event};
  errno = 0;
  void *handle = zk.zookeeper_init(servers, watch, timeout_ms, NULL, session, 0);
  *error = handle ? 0 : errno ? errno : EINVAL;
  if (!handle) {
    free(session);
  }
  return handle;
}

void czk_close(void *handle) {
  struct session *session = (struct session *)zk.zoo_get_context(handle);
  zk.zookeeper_close(handle);
  free(session);
}

static void authenticated(int code, const void *data) { (void)code, (void)data; }

int czk_authenticate(void *handle, const char *identity, size_t count) {
  // A failure comes as an event of the session's.
  return zk.zoo_add_auth(handle, "digest", identity, (int)count, authenticated, NULL);
}

// ---- Requests ----

// The library hands back one pointer: of this, which its call back frees.
struct request {
  uintptr_t number;
  czk_on_answer on_answer;
};

static struct request *new_request(uintptr_t number, czk_on_answer on_answer) {
  struct request *request = malloc(sizeof *request);
  if (request) {
    *request = (struct request){.number = number, .on_answer = on_answer};
  }
  return request;
}

static void end(const void *data, const struct czk_answer *answer) {
  struct request *request = (struct request *)data;
  request->on_answer(request->number, answer);
  free(request);
}

// What could not be begun has no call back.
static int begun(int code, struct request *request) {
  if (code != czk_ok) {
    free(request);
  }
  return code;
}

static void done(int code, const void *data) { end(data, &(struct czk_answer){.code = code}); }

static void got_stat(int code, const struct zk_stat *stat, const void *data) {
  end(data, &(struct czk_answer){.code = code, .owner = code == czk_ok && stat ? stat->ephemeral_owner : 0});
}

static void got_data(int code, const char *value, int count, const struct zk_stat *stat, const void *data) {
  struct czk_answer answer = {.code = code};
  if (code == czk_ok) {
    // A node without a value has the length -1.
    answer.bytes = count > 0 ? value : NULL;
    answer.byte_count = count > 0 && value ? count : 0;
    answer.owner = stat ? stat->ephemeral_owner : 0;
  }
  end(data, &answer);
}

static void got_names(int code, const struct zk_names *names, const void *data) {
  struct czk_answer answer = {.code = code};
  if (code == czk_ok && names && names->count > 0) {
    answer.names = (const char *const *)names->data;
    answer.name_count = names->count;
  }
  end(data, &answer);
}

static void got_text(int code, const char *text, const void *data) {
  (void)text;
  end(data, &(struct czk_answer){.code = code});
}

enum { system_error = -1 };

#define REQUEST(call)                                                                                                 \
  do {                                                                                                                \
    struct request *request = new_request(number, on_answer);                                                         \
    return request ? begun(call, request) : system_error;                                                             \
  } while (false)

int czk_get(void *handle, const char *path, int watches, uintptr_t number, czk_on_answer on_answer) {
  REQUEST(zk.zoo_aget(handle, path, watches, got_data, request));
}

int czk_exists(void *handle, const char *path, int watches, uintptr_t number, czk_on_answer on_answer) {
  REQUEST(zk.zoo_aexists(handle, path, watches, got_stat, request));
}

int czk_children(void *handle, const char *path, int watches, uintptr_t number, czk_on_answer on_answer) {
  REQUEST(zk.zoo_aget_children(handle, path, watches, got_names, request));
}

int czk_set(void *handle, const char *path, const void *bytes, int count, uintptr_t number, czk_on_answer on_answer) {
  REQUEST(zk.zoo_aset(handle, path, bytes ? bytes : "", count, any_version, got_stat, request));
}

int czk_create(void *handle, const char *path, const void *bytes, int count, int is_ephemeral, int is_restricted,
               uintptr_t number, czk_on_answer on_answer) {
  struct zk_acl everybody = {permission_all, "world", "anyone"};
  struct zk_acl restricted[] = {{permission_all, "auth", ""}, {permission_read, "world", "anyone"}};
  struct zk_acls acls = is_restricted ? (struct zk_acls){2, restricted} : (struct zk_acls){1, &everybody};
  REQUEST(zk.zoo_acreate(handle, path, bytes ? bytes : "", count, &acls, is_ephemeral ? flag_ephemeral : 0, got_text,
                         request));
}

int czk_delete(void *handle, const char *path, uintptr_t number, czk_on_answer on_answer) {
  REQUEST(zk.zoo_adelete(handle, path, any_version, done, request));
}

const char *czk_text(int code) {
  const char *text = zk.zerror(code);
  return text ? text : "unknown error";
}
