// TensorFlow's C API for operations and kernels of our own (tensorflow/c/ops.h and kernels.h, as of TensorFlow 2.21),
// for a library that `ctf_open` has opened. `ctf_find_kernel_functions` looks these functions up, when the first model
// needs them; before it has returned NULL none of them may be called. Who owns what: see ctensorflow.h.

#ifndef CTENSORFLOW_KERNELS_H
#define CTENSORFLOW_KERNELS_H

#include "ctensorflow.h"

#pragma clang assume_nonnull begin

typedef struct TF_AsyncOpKernelDoneCallback TF_AsyncOpKernelDoneCallback;
typedef struct TF_KernelBuilder TF_KernelBuilder;
typedef struct TF_OpDefinitionBuilder TF_OpDefinitionBuilder;
typedef struct TF_OpKernelConstruction TF_OpKernelConstruction;
typedef struct TF_OpKernelContext TF_OpKernelContext;
typedef struct TF_ShapeHandle TF_ShapeHandle;
typedef struct TF_ShapeInferenceContext TF_ShapeInferenceContext;

/// Makes what the other two functions get as `kernel`; NULL after `TF_OpKernelConstruction_Failure`.
typedef void *_Nullable (*_Nonnull ctf_create_kernel)(TF_OpKernelConstruction *construction);
typedef void (*_Nonnull ctf_compute)(void *_Nullable kernel, TF_OpKernelContext *context);
/// `done` is gone when the function returns, unless `ctf_take_done` was called before.
typedef void (*_Nonnull ctf_compute_async)(void *_Nullable kernel, TF_OpKernelContext *context,
                                           TF_AsyncOpKernelDoneCallback *done);
typedef void (*_Nonnull ctf_delete_kernel)(void *_Nullable kernel);
typedef void (*_Nonnull ctf_infer_shapes)(TF_ShapeInferenceContext *context, TF_Status *status);

// F(result, name, parameters, arguments), in alphabetical order.
#define CTF_KERNEL_FUNCTIONS(F)                                                                                       \
  /* The tensor is the caller's to delete; its memory is the output's. NULL after a failure. */                       \
  F(TF_Tensor *_Nullable, AllocateOutput,                                                                             \
    (TF_OpKernelContext *_Nonnull context, int index, int type, const int64_t *_Nullable dims, int rank,              \
     size_t length, TF_Status *_Nonnull status),                                                                      \
    (context, index, type, dims, rank, length, status))                                                               \
  F(void, DeleteShapeHandle, (TF_ShapeHandle *_Nonnull shape), (shape))                                               \
  F(int, ExpectedOutputDataType, (TF_OpKernelContext *_Nonnull context, int index), (context, index))                 \
  /* The tensor is the caller's to delete. */                                                                         \
  F(void, GetInput,                                                                                                   \
    (TF_OpKernelContext *_Nonnull context, int index, TF_Tensor *_Nullable *_Nonnull tensor,                          \
     TF_Status *_Nonnull status),                                                                                     \
    (context, index, tensor, status))                                                                                 \
  /* Fills `op_def`, an empty buffer of the caller; fails with NOT_FOUND for an operation that is not registered. */   \
  F(void, GraphGetOpDef,                                                                                              \
    (TF_Graph *_Nonnull graph, const char *_Nonnull operation, TF_Buffer *_Nonnull op_def,                            \
     TF_Status *_Nonnull status),                                                                                     \
    (graph, operation, op_def, status))                                                                               \
  F(TF_KernelBuilder *_Nonnull, NewAsyncKernelBuilder,                                                                \
    (const char *_Nonnull operation, const char *_Nonnull device, ctf_create_kernel create,                           \
     ctf_compute_async compute, ctf_delete_kernel end),                                                               \
    (operation, device, create, compute, end))                                                                        \
  F(TF_KernelBuilder *_Nonnull, NewKernelBuilder,                                                                     \
    (const char *_Nonnull operation, const char *_Nonnull device, ctf_create_kernel create, ctf_compute compute,      \
     ctf_delete_kernel end),                                                                                          \
    (operation, device, create, compute, end))                                                                        \
  F(TF_OpDefinitionBuilder *_Nonnull, NewOpDefinitionBuilder, (const char *_Nonnull name), (name))                    \
  F(int, NumInputs, (TF_OpKernelContext *_Nonnull context), (context))                                                \
  F(int, NumOutputs, (TF_OpKernelContext *_Nonnull context), (context))                                               \
  F(void, OpDefinitionBuilderAddAttr,                                                                                 \
    (TF_OpDefinitionBuilder *_Nonnull builder, const char *_Nonnull text), (builder, text))                           \
  F(void, OpDefinitionBuilderAddInput,                                                                                \
    (TF_OpDefinitionBuilder *_Nonnull builder, const char *_Nonnull text), (builder, text))                           \
  F(void, OpDefinitionBuilderAddOutput,                                                                               \
    (TF_OpDefinitionBuilder *_Nonnull builder, const char *_Nonnull text), (builder, text))                           \
  F(void, OpDefinitionBuilderSetIsStateful,                                                                           \
    (TF_OpDefinitionBuilder *_Nonnull builder, _Bool is_stateful), (builder, is_stateful))                            \
  F(void, OpDefinitionBuilderSetShapeInferenceFunction,                                                               \
    (TF_OpDefinitionBuilder *_Nonnull builder, ctf_infer_shapes infer), (builder, infer))                             \
  F(void, OpKernelConstruction_Failure,                                                                               \
    (TF_OpKernelConstruction *_Nonnull construction, TF_Status *_Nonnull status), (construction, status))             \
  /* A serialized tensorflow.NodeDef; the buffer is the caller's to delete. */                                        \
  F(TF_Buffer *_Nullable, OpKernelConstruction_GetNodeDef,                                                            \
    (TF_OpKernelConstruction *_Nonnull construction, TF_Status *_Nonnull status), (construction, status))             \
  F(void, OpKernelContext_Failure, (TF_OpKernelContext *_Nonnull context, TF_Status *_Nonnull status),                \
    (context, status))                                                                                                \
  /* Takes the builder. */                                                                                            \
  F(void, RegisterKernelBuilder,                                                                                      \
    (const char *_Nonnull name, TF_KernelBuilder *_Nonnull builder, TF_Status *_Nonnull status),                      \
    (name, builder, status))                                                                                          \
  /* Takes the builder. Ends the process when there is an operation of that name. */                                  \
  F(void, RegisterOpDefinition, (TF_OpDefinitionBuilder *_Nonnull builder, TF_Status *_Nonnull status),               \
    (builder, status))                                                                                                \
  F(void, RunAsyncOpKernelDoneCallback, (TF_AsyncOpKernelDoneCallback *_Nonnull done), (done))                        \
  /* The tensor stays the caller's to delete. */                                                                      \
  F(void, SetOutput,                                                                                                  \
    (TF_OpKernelContext *_Nonnull context, int index, const TF_Tensor *_Nonnull tensor, TF_Status *_Nonnull status),  \
    (context, index, tensor, status))                                                                                 \
  F(void, SetStatus, (TF_Status *_Nonnull status, int code, const char *_Nonnull message), (status, code, message))   \
  /* The shape is the caller's to delete. */                                                                          \
  F(TF_ShapeHandle *_Nonnull, ShapeInferenceContextScalar, (TF_ShapeInferenceContext *_Nonnull context), (context))   \
  F(void, ShapeInferenceContextSetOutput,                                                                             \
    (TF_ShapeInferenceContext *_Nonnull context, int index, TF_ShapeHandle *_Nonnull shape,                           \
     TF_Status *_Nonnull status),                                                                                     \
    (context, index, shape, status))                                                                                  \
  /* All outputs. */                                                                                                  \
  F(void, ShapeInferenceContextSetUnknownShape,                                                                       \
    (TF_ShapeInferenceContext *_Nonnull context, TF_Status *_Nonnull status), (context, status))

/// The functions of the opened library. Written once, by `ctf_find_kernel_functions`.
struct ctf_kernel_functions {
#define CTF_MEMBER(result, name, parameters, arguments) result (*_Nonnull name) parameters;
  CTF_KERNEL_FUNCTIONS(CTF_MEMBER)
#undef CTF_MEMBER
};
extern struct ctf_kernel_functions ctf_kernel_functions;

// TF_SetOutput() and the others, as TensorFlow declares them.
#define CTF_WRAPPER(result, name, parameters, arguments)                                                              \
  static inline result TF_##name parameters { return ctf_kernel_functions.name arguments; }
CTF_KERNEL_FUNCTIONS(CTF_WRAPPER)
#undef CTF_WRAPPER

/// Looks up every function. Returns NULL on success, else the reason, to be freed by the caller. Not for concurrent use.
char *_Nullable ctf_find_kernel_functions(void);

/// What `ctf_take_done` took.
typedef struct ctf_done ctf_done;

/// Takes over what tells TensorFlow that an asynchronous kernel is done, so that it can be told when the kernel's
/// function has returned, from any thread. TensorFlow lends a `std::function<void()>` of its caller's, which ends with
/// the call, and has no function to keep it. So it is moved out, as libstdc++ moves one.
ctf_done *ctf_take_done(TF_AsyncOpKernelDoneCallback *done);

/// Tells TensorFlow; to be called once. What the graph does next may run before it returns.
void ctf_finish(ctf_done *done);

/// What the calling thread has been told to remember of the run it is in; NULL at first.
void *_Nullable ctf_thread_run(void);
void ctf_set_thread_run(void *_Nullable run);

#pragma clang assume_nonnull end

#endif
