#define _GNU_SOURCE
#include "ctensorflow.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ctensorflow_internal.h"

struct ctf_functions ctf_functions;
static void (*disable_xla)(void);
static void *opened_library;

// Lazy binding: TensorFlow has tens of thousands of symbols that a server never calls. Local: other engines in this
// process bring libraries of the same names (protobuf, absl). Never closed, not even when functions are missing: what it
// registered to run when the process or a thread ends would be gone.
char *ctf_open(const char *path) {
  void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    return strdup(reason ? reason : "dlopen failed");
  }
  struct ctf_functions found;
#define CTF_LOOK_UP(result, name, parameters, arguments)                                                              \
  *(void **)(&found.name) = dlsym(library, "TF_" #name);                                                              \
  if (!found.name) {                                                                                                  \
    return strdup("it has no function TF_" #name);                                                                    \
  }
  CTF_FUNCTIONS(CTF_LOOK_UP)
#undef CTF_LOOK_UP
  ctf_functions = found;
  opened_library = library;
  // tensorflow::DisableXlaCompilation()
  *(void **)(&disable_xla) = dlsym(library, "_ZN10tensorflow21DisableXlaCompilationEv");
  return NULL;
}

void *ctf_symbol(const char *name) { return opened_library ? dlsym(opened_library, name) : NULL; }

int ctf_disable_xla(void) {
  if (!disable_xla) return 0;
  disable_xla();
  return 1;
}

static pthread_once_t status_once = PTHREAD_ONCE_INIT;
static pthread_key_t status_key;
static _Thread_local TF_Status *thread_status;

static void delete_status(void *status) { TF_DeleteStatus(status); }

static void make_status_key(void) { pthread_key_create(&status_key, delete_status); }

TF_Status *ctf_thread_status(void) {
  if (!thread_status) {
    pthread_once(&status_once, make_status_key);
    thread_status = TF_NewStatus();
    // The key only ends the status with its thread; reading the thread-local variable is faster.
    pthread_setspecific(status_key, thread_status);
  }
  return thread_status;
}

int ctf_memory_file(void) { return memfd_create("tensorflow-start", MFD_CLOEXEC); }
