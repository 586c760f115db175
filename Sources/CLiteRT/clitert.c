#define _GNU_SOURCE
#include "clitert.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

struct clr_functions clr_functions;

// Lazy and local binding, and never closed, for the reasons that ctensorflow.c gives.
char *clr_open(const char *path) {
  void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    return strdup(reason ? reason : "dlopen failed");
  }
  struct clr_functions found;
#define CLR_LOOK_UP(name, parameters, arguments)                                                                      \
  *(void **)(&found.name) = dlsym(library, "LiteRt" #name);                                                           \
  if (!found.name) {                                                                                                  \
    return strdup("it has no function LiteRt" #name);                                                                 \
  }
  CLR_FUNCTIONS(CLR_LOOK_UP)
  CLR_PROCEDURES(CLR_LOOK_UP)
#undef CLR_LOOK_UP
  clr_functions = found;
  return NULL;
}

// As in tflite/c/common.h. TFLite reads all of it.
struct TfLiteDelegate {
  void *data_;
  TfLiteStatus (*Prepare)(TfLiteContext *context, TfLiteDelegate *delegate);
  void *CopyFromBufferHandle;
  void *CopyToBufferHandle;
  void *FreeBufferHandle;
  int64_t flags;
  void *opaque_delegate_builder;
};

enum { kTfLiteDelegateFlagsAllowDynamicTensors = 1, kTfLiteBuiltinCustom = 32 };

static struct clr_custom_operations custom_operations;

// Where the delegate that is created next leaves the context. LiteRT creates delegates in the thread that compiles.
static _Thread_local TfLiteContext **captured_context;

static bool is_ours(const TfLiteRegistration *registration) {
  if (registration->builtin_code != kTfLiteBuiltinCustom || !registration->custom_name) {
    return false;
  }
  for (const char *const *name = custom_operations.names; *name; name++) {
    if (strcmp(*name, registration->custom_name) == 0) {
      return true;
    }
  }
  return false;
}

// Called for each subgraph, the first one first.
static TfLiteStatus prepare_delegate(TfLiteContext *context, TfLiteDelegate *delegate) {
  if (captured_context && !*captured_context) {
    *captured_context = context;
  }
  TfLiteIntArray *plan = NULL;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk || !plan) {
    return kTfLiteError;
  }
  // A copy: replacing nodes changes the plan, but not the numbers of the nodes.
  TfLiteIntArray *nodes = clr_int_array(plan->data, plan->size);
  if (!nodes) {
    return kTfLiteError;
  }
  TfLiteStatus status = kTfLiteOk;
  for (int i = 0; i < nodes->size && status == kTfLiteOk; i++) {
    TfLiteNode *node = NULL;
    TfLiteRegistration *registration = NULL;
    status = context->GetNodeAndRegistration(context, nodes->data[i], &node, &registration);
    if (status == kTfLiteOk && is_ours(registration)) {
      TfLiteIntArray *one = clr_int_array(&nodes->data[i], 1);
      status = one ? context->ReplaceNodeSubsetsWithDelegateKernels(context, custom_operations.registration, one,
                                                                    delegate)
                   : kTfLiteError;
      free(one);
    }
  }
  free(nodes);
  return status;
}

static void release_delegate(TfLiteDelegate *delegate) { free(delegate); }

static int create_delegate(LiteRtRuntimeContext *context, LiteRtEnvironment environment, LiteRtAccelerator accelerator,
                           LiteRtOptions options, LiteRtDelegateWrapper *wrapper) {
  (void)context, (void)environment, (void)accelerator, (void)options;
  TfLiteDelegate *delegate = calloc(1, sizeof *delegate);
  if (!delegate) {
    return 2;  // kLiteRtStatusErrorMemoryAllocationFailure
  }
  delegate->Prepare = prepare_delegate;
  delegate->flags = kTfLiteDelegateFlagsAllowDynamicTensors;
  int status = LiteRtWrapDelegate(delegate, release_delegate, wrapper);
  if (status != kLiteRtStatusOk) {
    free(delegate);
  }
  return status;
}

static int get_name(LiteRtAccelerator accelerator, const char **name) {
  (void)accelerator;
  *name = "apus";
  return kLiteRtStatusOk;
}

static int get_version(LiteRtAccelerator accelerator, LiteRtApiVersion *version) {
  (void)accelerator;
  *version = (LiteRtApiVersion){1, 0, 0};
  return kLiteRtStatusOk;
}

static int get_hardware_support(LiteRtAccelerator accelerator, int *kinds) {
  (void)accelerator;
  *kinds = kLiteRtHwAcceleratorCpu;
  return kLiteRtStatusOk;
}

LiteRtEnvironment clr_create_environment(struct clr_custom_operations operations) {
  custom_operations = operations;
  const LiteRtEnvOption options[] = {
      {kLiteRtEnvOptionTagAutoRegisterAccelerators, {kLiteRtAnyTypeInt, kLiteRtHwAcceleratorCpu}},
      {kLiteRtEnvOptionTagMinLoggerSeverity, {kLiteRtAnyTypeInt, LITERT_SILENT}},
  };
  LiteRtEnvironment environment = NULL;
  if (LiteRtCreateEnvironment(2, options, &environment) != kLiteRtStatusOk) {
    return NULL;
  }
  LiteRtAccelerator accelerator = NULL;
  if (LiteRtCreateAccelerator(&accelerator) != kLiteRtStatusOk) {
    return NULL;
  }
  LiteRtSetAcceleratorGetName(accelerator, get_name);
  LiteRtSetAcceleratorGetVersion(accelerator, get_version);
  LiteRtSetAcceleratorGetHardwareSupport(accelerator, get_hardware_support);
  LiteRtSetDelegateFunction(accelerator, create_delegate);
  if (LiteRtRegisterAccelerator(environment, accelerator, NULL, NULL) != kLiteRtStatusOk) {
    return NULL;
  }
  return environment;
}

int clr_create_compiled_model(LiteRtEnvironment environment, LiteRtModel model, LiteRtOptions options,
                              LiteRtCompiledModel *compiled, TfLiteContext **context) {
  *context = NULL;
  captured_context = context;
  int status = LiteRtCreateCompiledModel(environment, model, options, compiled);
  captured_context = NULL;
  return status;
}

static void keep(void *payload) { (void)payload; }

int clr_add_text_options(LiteRtOptions options, const char *identifier, const char *text) {
  LiteRtOpaqueOptions opaque = NULL;
  int status = LiteRtCreateOpaqueOptions(identifier, (void *)text, keep, &opaque);
  return status == kLiteRtStatusOk ? LiteRtAddOpaqueOptions(options, opaque) : status;
}

TfLiteIntArray *clr_int_array(const int *values, int count) {
  TfLiteIntArray *array = malloc(sizeof(TfLiteIntArray) + sizeof(int) * (size_t)count);
  if (array) {
    array->size = count;
    if (count > 0) {
      memcpy(array->data, values, sizeof(int) * (size_t)count);
    }
  }
  return array;
}

void clr_report_error(TfLiteContext *context, const char *text) { context->ReportError(context, "%s", text); }
