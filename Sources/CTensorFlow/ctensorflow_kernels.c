#include "ctensorflow_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctensorflow_internal.h"

struct ctf_kernel_functions ctf_kernel_functions;

char *ctf_find_kernel_functions(void) {
  struct ctf_kernel_functions found;
#define CTF_LOOK_UP(result, name, parameters, arguments)                                                              \
  *(void **)(&found.name) = ctf_symbol("TF_" #name);                                                                  \
  if (!found.name) {                                                                                                  \
    return strdup("it has no function TF_" #name);                                                                    \
  }
  CTF_KERNEL_FUNCTIONS(CTF_LOOK_UP)
#undef CTF_LOOK_UP
  ctf_kernel_functions = found;
  return NULL;
}

// libstdc++'s std::function: two words for what is called or a pointer to it, then how to copy and end that, then how
// to call it. Moving one copies the four words and leaves the last two of the other empty.
struct ctf_done {
  void *callee[2];
  int (*manage)(void *destination, const void *source, int operation);
  void *invoke;
};

// std::_Manager_operation
enum { ctf_destroy = 3 };

ctf_done *ctf_take_done(TF_AsyncOpKernelDoneCallback *done) {
  ctf_done *lent = (ctf_done *)done;
  ctf_done *taken = malloc(sizeof(ctf_done));
  if (!taken) abort();
  *taken = *lent;
  lent->manage = NULL;
  lent->invoke = NULL;
  return taken;
}

void ctf_finish(ctf_done *done) {
  TF_RunAsyncOpKernelDoneCallback((TF_AsyncOpKernelDoneCallback *)done);
  if (done->manage) done->manage(done, done, ctf_destroy);
  free(done);
}

static _Thread_local void *thread_run;

void *ctf_thread_run(void) { return thread_run; }

void ctf_set_thread_run(void *run) { thread_run = run; }
