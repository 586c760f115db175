// LiteRT's C API as far as a server needs it, for a library that is opened at run time.
//
// Nothing of LiteRT is needed to build: the functions are declared here, as of the wheel ai-edge-litert 2.3.0
// (litert/c/litert_*.h, litert/c/internal/litert_accelerator_registration.h, litert_delegate_wrapper.h), and looked up
// by `clr_open`. Before that has returned NULL no `LiteRt` function may be called. Names that start with `clr_` are ours.
//
// LiteRT's own run takes tensors of fixed size only, no strings, and keeps the interpreter to itself. So every compiled
// model is made with a delegate of ours (registered as an accelerator): TFLite hands it the interpreter's
// `TfLiteContext`, through which tensors are read and written as TensorFlow Serving does, and lets it run the custom
// operation ParseExample. The structures are those of tflite/c/common.h, the same since TensorFlow 2.5; fields behind
// the ones that are used are left out where TFLite never copies the structure.
//
// Who owns a pointer, unless a function says otherwise: arguments are borrowed for the call; what a `LiteRtCreate...`
// function gives belongs to the caller, who ends it with the matching `LiteRtDestroy...`.

#ifndef CLITERT_H
#define CLITERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct LiteRtEnvironmentT *LiteRtEnvironment;
typedef struct LiteRtModelT *LiteRtModel;
typedef struct LiteRtOptionsT *LiteRtOptions;
typedef struct LiteRtOpaqueOptionsT *LiteRtOpaqueOptions;
typedef struct LiteRtCompiledModelT *LiteRtCompiledModel;
typedef struct LiteRtTensorBufferT *LiteRtTensorBuffer;
typedef struct LiteRtAcceleratorT *LiteRtAccelerator;
typedef struct LiteRtDelegateWrapperT *LiteRtDelegateWrapper;
typedef struct LiteRtRuntimeContext LiteRtRuntimeContext;
typedef struct LiteRtApiVersion {
  int major, minor, patch;
} LiteRtApiVersion;

enum { kLiteRtStatusOk = 0, kLiteRtStatusCancelled = 100 };
enum { kLiteRtHwAcceleratorCpu = 1 };
enum { kLiteRtEnvOptionTagAutoRegisterAccelerators = 24, kLiteRtEnvOptionTagMinLoggerSeverity = 25 };
enum { kLiteRtAnyTypeInt = 2 };
/// Above LITERT_ERROR (3): nothing is logged. Errors come back as texts.
enum { LITERT_SILENT = 4 };
enum { kLiteRtElementTypeFloat32 = 1 };
enum { LITERT_TENSOR_MAX_RANK = 8 };

typedef struct LiteRtAny {
  int type;
  int64_t int_value;
} LiteRtAny;

typedef struct LiteRtEnvOption {
  int tag;
  LiteRtAny value;
} LiteRtEnvOption;

typedef struct LiteRtLayout {
  unsigned int rank : 7;
  bool has_strides : 1;
  int32_t dimensions[LITERT_TENSOR_MAX_RANK];
  uint32_t strides[LITERT_TENSOR_MAX_RANK];
} LiteRtLayout;

typedef struct LiteRtRankedTensorType {
  int element_type;
  LiteRtLayout layout;
} LiteRtRankedTensorType;

typedef enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 } TfLiteStatus;

typedef enum TfLiteType {
  kTfLiteNoType = 0,
  kTfLiteFloat32 = 1,
  kTfLiteInt32 = 2,
  kTfLiteUInt8 = 3,
  kTfLiteInt64 = 4,
  kTfLiteString = 5,
  kTfLiteBool = 6,
  kTfLiteInt16 = 7,
  kTfLiteComplex64 = 8,
  kTfLiteInt8 = 9,
  kTfLiteFloat16 = 10,
  kTfLiteFloat64 = 11,
  kTfLiteComplex128 = 12,
  kTfLiteUInt64 = 13,
  kTfLiteUInt32 = 16,
  kTfLiteUInt16 = 17,
  kTfLiteBFloat16 = 19,
} TfLiteType;

typedef enum TfLiteAllocationType {
  kTfLiteMemNone = 0,
  kTfLiteMmapRo,
  kTfLiteArenaRw,
  kTfLiteArenaRwPersistent,
  kTfLiteDynamic,
  kTfLitePersistentRo,
  kTfLiteCustom,
} TfLiteAllocationType;

/// `malloc` makes one, `free` ends it.
typedef struct TfLiteIntArray {
  int size;
  int data[];
} TfLiteIntArray;

typedef struct TfLiteDelegate TfLiteDelegate;

typedef struct TfLiteTensor {
  TfLiteType type;
  /// Of a tensor of kTfLiteDynamic: from `malloc`, freed by TFLite.
  void *_Nullable data;
  TfLiteIntArray *_Nullable dims;
  struct {
    float scale;
    int32_t zero_point;
  } params;
  TfLiteAllocationType allocation_type;
  size_t bytes;
  const void *_Nullable allocation;
  const char *_Nullable name;
  TfLiteDelegate *_Nullable delegate;
  int buffer_handle;
  bool data_is_stale;
  bool is_variable;
  struct {
    int type;
    void *_Nullable params;
  } quantization;
  void *_Nullable sparsity;
  const TfLiteIntArray *_Nullable dims_signature;
} TfLiteTensor;

typedef struct TfLiteNode {
  TfLiteIntArray *inputs;
  TfLiteIntArray *outputs;
  TfLiteIntArray *_Nullable intermediates;
  TfLiteIntArray *_Nullable temporaries;
  /// What `init` of its registration returned.
  void *_Nullable user_data;
  void *_Nullable builtin_data;
  const void *_Nullable custom_initial_data;
  int custom_initial_data_size;
} TfLiteNode;

typedef struct TfLiteContext TfLiteContext;

/// Passed to TFLite by value: all fields have to be here.
typedef struct TfLiteRegistration {
  void *_Nullable (*_Nullable init)(TfLiteContext *context, const char *_Nullable buffer, size_t length);
  void (*_Nullable free)(TfLiteContext *context, void *_Nullable buffer);
  TfLiteStatus (*_Nullable prepare)(TfLiteContext *context, TfLiteNode *node);
  TfLiteStatus (*_Nullable invoke)(TfLiteContext *context, TfLiteNode *node);
  const char *_Nullable (*_Nullable profiling_string)(const TfLiteContext *context, const TfLiteNode *node);
  int32_t builtin_code;
  const char *_Nullable custom_name;
  int version;
  void *_Nullable registration_external;
  void *_Nullable async_kernel;
  uint64_t inplace_operator;
} TfLiteRegistration;

struct TfLiteContext {
  size_t tensors_size;
  TfLiteStatus (*GetExecutionPlan)(TfLiteContext *context, TfLiteIntArray *_Nullable *_Nonnull execution_plan);
  TfLiteTensor *tensors;
  void *impl_;
  /// Takes `new_size` over.
  TfLiteStatus (*ResizeTensor)(TfLiteContext *context, TfLiteTensor *tensor, TfLiteIntArray *new_size);
  void (*ReportError)(TfLiteContext *context, const char *format, ...);
  TfLiteStatus (*AddTensors)(TfLiteContext *context, int count, int *_Nullable first);
  TfLiteStatus (*GetNodeAndRegistration)(TfLiteContext *context, int node_index, TfLiteNode *_Nullable *_Nonnull node,
                                         TfLiteRegistration *_Nullable *_Nonnull registration);
  TfLiteStatus (*ReplaceNodeSubsetsWithDelegateKernels)(TfLiteContext *context, TfLiteRegistration registration,
                                                        const TfLiteIntArray *nodes, TfLiteDelegate *delegate);
};

/// What the `init` of a registration that replaces nodes gets as its buffer.
typedef struct TfLiteDelegateParams {
  TfLiteDelegate *delegate;
  TfLiteIntArray *nodes_to_replace;
  TfLiteIntArray *input_tensors;
  TfLiteIntArray *output_tensors;
} TfLiteDelegateParams;

// F(name, parameters, arguments): functions that return a LiteRtStatus, in alphabetical order.
#define CLR_FUNCTIONS(F)                                                                                              \
  /* Takes `opaque` over. */                                                                                          \
  F(AddOpaqueOptions, (LiteRtOptions options, LiteRtOpaqueOptions opaque), (options, opaque))                         \
  F(CompiledModelClearErrors, (LiteRtCompiledModel model), (model))                                                   \
  /* The text is the caller's, to be freed by `free`. */                                                              \
  F(CompiledModelGetErrorMessages, (LiteRtCompiledModel model, char *_Nullable *_Nonnull text), (model, text))        \
  /* Dimensions from 1; at least one. */                                                                              \
  F(CompiledModelResizeInputTensorNonStrict,                                                                          \
    (LiteRtCompiledModel model, size_t signature, size_t input, const int *dimensions, size_t rank),                  \
    (model, signature, input, dimensions, rank))                                                                      \
  F(CreateAccelerator, (LiteRtAccelerator _Nullable *_Nonnull accelerator), (accelerator))                            \
  /* Keeps `model`, whose memory must outlive it. */                                                                  \
  F(CreateCompiledModel,                                                                                              \
    (LiteRtEnvironment environment, LiteRtModel model, LiteRtOptions options,                                         \
     LiteRtCompiledModel _Nullable *_Nonnull compiled),                                                               \
    (environment, model, options, compiled))                                                                          \
  F(CreateEnvironment,                                                                                                \
    (int count, const LiteRtEnvOption *options, LiteRtEnvironment _Nullable *_Nonnull environment),                   \
    (count, options, environment))                                                                                    \
  /* Keeps `bytes`, which must outlive the model. */                                                                  \
  F(CreateModelFromBuffer,                                                                                            \
    (LiteRtEnvironment environment, const void *bytes, size_t count, LiteRtModel _Nullable *_Nonnull model),          \
    (environment, bytes, count, model))                                                                               \
  F(CreateOpaqueOptions,                                                                                              \
    (const char *identifier, void *payload, void (*release)(void *_Nullable payload),                                 \
     LiteRtOpaqueOptions _Nullable *_Nonnull options),                                                                \
    (identifier, payload, release, options))                                                                          \
  F(CreateOptions, (LiteRtOptions _Nullable *_Nonnull options), (options))                                            \
  /* `memory` is 64-byte aligned and outlives the buffer. */                                                          \
  F(CreateTensorBufferFromHostMemory,                                                                                 \
    (const LiteRtRankedTensorType *type, void *memory, size_t count, void (*_Nullable release)(void *_Nullable),      \
     LiteRtTensorBuffer _Nullable *_Nonnull buffer),                                                                  \
    (type, memory, count, release, buffer))                                                                           \
  F(GetCompiledModelOutputTensorLayouts,                                                                              \
    (LiteRtCompiledModel model, size_t signature, size_t count, LiteRtLayout *_Nullable layouts, bool allocate),      \
    (model, signature, count, layouts, allocate))                                                                     \
  /* Takes `accelerator` over, also when it fails. */                                                                 \
  F(RegisterAccelerator,                                                                                              \
    (LiteRtEnvironment environment, LiteRtAccelerator accelerator, void *_Nullable data,                              \
     void (*_Nullable release)(void *_Nullable)),                                                                     \
    (environment, accelerator, data, release))                                                                        \
  F(RunCompiledModel,                                                                                                 \
    (LiteRtCompiledModel model, size_t signature, size_t input_count, LiteRtTensorBuffer _Nullable *_Nullable inputs, \
     size_t output_count, LiteRtTensorBuffer _Nullable *_Nullable outputs),                                           \
    (model, signature, input_count, inputs, output_count, outputs))                                                   \
  F(SetAcceleratorGetHardwareSupport,                                                                                 \
    (LiteRtAccelerator accelerator, int (*get)(LiteRtAccelerator accelerator, int *kinds)),                           \
    (accelerator, get))                                                                                               \
  F(SetAcceleratorGetName,                                                                                            \
    (LiteRtAccelerator accelerator,                                                                                   \
     int (*get)(LiteRtAccelerator accelerator, const char *_Nullable *_Nonnull name)),                                \
    (accelerator, get))                                                                                               \
  F(SetAcceleratorGetVersion,                                                                                         \
    (LiteRtAccelerator accelerator, int (*get)(LiteRtAccelerator accelerator, LiteRtApiVersion *version)),            \
    (accelerator, get))                                                                                               \
  /* `is_cancelled` is called before each operation of a run. */                                                      \
  F(SetCompiledModelCancellationFunction,                                                                             \
    (LiteRtCompiledModel model, void *data, bool (*is_cancelled)(void *_Nullable data)),                              \
    (model, data, is_cancelled))                                                                                      \
  F(SetDelegateFunction,                                                                                              \
    (LiteRtAccelerator accelerator,                                                                                   \
     int (*create)(LiteRtRuntimeContext *_Nullable context, LiteRtEnvironment environment,                            \
                   LiteRtAccelerator accelerator, LiteRtOptions options,                                              \
                   LiteRtDelegateWrapper _Nullable *_Nonnull wrapper)),                                               \
    (accelerator, create))                                                                                            \
  F(SetOptionsHardwareAccelerators, (LiteRtOptions options, int kinds), (options, kinds))                             \
  /* `release` is called with the delegate when the wrapper ends. */                                                  \
  F(WrapDelegate,                                                                                                     \
    (TfLiteDelegate * delegate, void (*release)(TfLiteDelegate * delegate),                                           \
     LiteRtDelegateWrapper _Nullable *_Nonnull wrapper),                                                              \
    (delegate, release, wrapper))

// The same for functions that return nothing.
#define CLR_PROCEDURES(F)                                                                                             \
  F(DestroyCompiledModel, (LiteRtCompiledModel model), (model))                                                       \
  F(DestroyModel, (LiteRtModel model), (model))                                                                       \
  F(DestroyOptions, (LiteRtOptions options), (options))                                                               \
  F(DestroyTensorBuffer, (LiteRtTensorBuffer buffer), (buffer))

/// The functions of the opened library. Written once, by `clr_open`.
struct clr_functions {
#define CLR_MEMBER(name, parameters, arguments) int(*_Nonnull name) parameters;
  CLR_FUNCTIONS(CLR_MEMBER)
#undef CLR_MEMBER
#define CLR_MEMBER(name, parameters, arguments) void(*_Nonnull name) parameters;
  CLR_PROCEDURES(CLR_MEMBER)
#undef CLR_MEMBER
};
extern struct clr_functions clr_functions;

// LiteRtCreateModelFromBuffer() and the others, as LiteRT declares them.
#define CLR_WRAPPER(name, parameters, arguments)                                                                      \
  static inline int LiteRt##name parameters { return clr_functions.name arguments; }
CLR_FUNCTIONS(CLR_WRAPPER)
#undef CLR_WRAPPER
#define CLR_WRAPPER(name, parameters, arguments)                                                                      \
  static inline void LiteRt##name parameters { clr_functions.name arguments; }
CLR_PROCEDURES(CLR_WRAPPER)
#undef CLR_WRAPPER

/// Opens the library at `path` and looks up every function.
///
/// Returns NULL on success, else the reason, to be freed by the caller. After a failure another path may be tried;
/// after a success it must not be called again. Not for concurrent use.
char *_Nullable clr_open(const char *path);

/// Runs nodes of the custom operations `names` (NULL-terminated), each by a kernel of its own. The `init` of
/// `registration` gets the `TfLiteDelegateParams` with the one node that it stands for.
struct clr_custom_operations {
  const char *_Nullable const *_Nonnull names;
  TfLiteRegistration registration;
};

/// An environment for the CPU whose compiled models can be looked into: see `clr_create_compiled_model`. It lives as
/// long as the process. NULL when LiteRT cannot make one.
LiteRtEnvironment _Nullable clr_create_environment(struct clr_custom_operations operations);

/// `LiteRtCreateCompiledModel` in an environment of `clr_create_environment`, that also tells the context of the
/// model's first subgraph, which lives as long as the compiled model.
int clr_create_compiled_model(LiteRtEnvironment environment, LiteRtModel model, LiteRtOptions options,
                              LiteRtCompiledModel _Nullable *_Nonnull compiled,
                              TfLiteContext *_Nullable *_Nonnull context);

/// Adds options that LiteRT reads from a text (TOML), under an identifier: `xnnpack` for the CPU,
/// `runtime_options_string` for the interpreter. `text` must live as long as the process.
int clr_add_text_options(LiteRtOptions options, const char *identifier, const char *text);

/// An array for TFLite to own. NULL when memory is not to be had.
TfLiteIntArray *_Nullable clr_int_array(const int *_Nullable values, int count);

/// The numbers of an array.
static inline const int *clr_int_array_data(const TfLiteIntArray *array) { return array->data; }

/// Reports an error of a custom operation, so that it is part of the run's error messages.
void clr_report_error(TfLiteContext *context, const char *text);

#pragma clang assume_nonnull end

#endif
