// TensorFlow's C API as far as a server needs it, for a library that is opened at run time.
//
// Nothing of TensorFlow is needed to build: the functions are declared here, as of TensorFlow 2.21
// (tensorflow/c/c_api.h, tf_tensor.h, tf_tstring.h, tf_status.h, tf_buffer.h), and looked up by `ctf_open`. Before
// that has returned NULL no `TF_` function may be called. Names that start with `ctf_` are ours. What operations of our
// own need is in ctensorflow_kernels.h.
//
// Who owns a pointer, unless a function says otherwise: arguments are borrowed for the call; what a `TF_New...`,
// `TF_Allocate...` or `TF_Load...` function returns belongs to the caller, who ends it with the matching
// `TF_Delete...`; other returned pointers are lent by the object they were asked of.

#ifndef CTENSORFLOW_H
#define CTENSORFLOW_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct TF_DeviceList TF_DeviceList;
typedef struct TF_Status TF_Status;
typedef struct TF_Graph TF_Graph;
typedef struct TF_Library TF_Library;
typedef struct TF_Operation TF_Operation;
typedef struct TF_Server TF_Server;
typedef struct TF_Session TF_Session;
typedef struct TF_SessionOptions TF_SessionOptions;
typedef struct TF_Tensor TF_Tensor;

/// Bytes and how they are freed. `TF_DeleteBuffer` frees those that `TF_NewBuffer` made.
typedef struct TF_Buffer {
  const void *_Nullable data;
  size_t length;
  void (*_Nullable data_deallocator)(void *_Nullable data, size_t length);
} TF_Buffer;

/// One output of an operation of a graph; lives as long as the graph.
typedef struct TF_Output {
  TF_Operation *_Nullable oper;
  int index;
} TF_Output;

/// One element of a string tensor. Only its size matters here; `TF_String...` functions read and write it.
typedef struct TF_TString {
  uint64_t opaque[3];
} TF_TString;

/// Frees tensor memory once no tensor uses it any more; called on any thread.
typedef void (*ctf_deallocator)(void *_Nullable data, size_t length, void *_Nullable argument);

// F(result, name, parameters, arguments), in alphabetical order.
#define CTF_FUNCTIONS(F)                                                                                              \
  /* NULL when memory is not to be had. The memory belongs to the tensor. */                                          \
  F(TF_Tensor *_Nullable, AllocateTensor,                                                                             \
    (int type, const int64_t *_Nullable dims, int rank, size_t length), (type, dims, rank, length))                   \
  F(void, CloseSession, (TF_Session *_Nonnull session, TF_Status *_Nonnull status), (session, status))                \
  F(void, DeleteBuffer, (TF_Buffer *_Nonnull buffer), (buffer))                                                       \
  /* Takes the graph; it stays until the sessions on it are gone, too. */                                             \
  F(void, DeleteDeviceList, (TF_DeviceList *_Nonnull list), (list))                                                   \
  F(void, DeleteGraph, (TF_Graph *_Nonnull graph), (graph))                                                           \
  F(void, DeleteSession, (TF_Session *_Nonnull session, TF_Status *_Nonnull status), (session, status))               \
  F(void, DeleteSessionOptions, (TF_SessionOptions *_Nonnull options), (options))                                     \
  F(void, DeleteStatus, (TF_Status *_Nonnull status), (status))                                                       \
  F(void, DeleteTensor, (TF_Tensor *_Nonnull tensor), (tensor))                                                       \
  F(int, DeviceListCount, (const TF_DeviceList *_Nonnull list), (list))                                               \
  /* -1 after a failure; for a CPU a number that means nothing. */                                                    \
  F(int64_t, DeviceListMemoryBytes,                                                                                   \
    (const TF_DeviceList *_Nonnull list, int index, TF_Status *_Nonnull status), (list, index, status))               \
  F(const char *_Nullable, DeviceListName,                                                                            \
    (const TF_DeviceList *_Nonnull list, int index, TF_Status *_Nonnull status), (list, index, status))               \
  F(int64_t, Dim, (const TF_Tensor *_Nonnull tensor, int index), (tensor, index))                                     \
  F(int, GetCode, (const TF_Status *_Nonnull status), (status))                                                       \
  F(TF_Operation *_Nullable, GraphOperationByName,                                                                    \
    (TF_Graph *_Nonnull graph, const char *_Nonnull name), (graph, name))                                             \
  /* Registers the operations and kernels of a shared object; stays open whatever becomes of the handle. */            \
  F(TF_Library *_Nullable, LoadLibrary, (const char *_Nonnull path, TF_Status *_Nonnull status), (path, status))      \
  /* Fills `meta_graph`, an empty buffer of the caller, with the loaded tensorflow.MetaGraphDef. */                   \
  F(TF_Session *_Nullable, LoadSessionFromSavedModel,                                                                 \
    (const TF_SessionOptions *_Nonnull options, const TF_Buffer *_Nullable run_options, const char *_Nonnull folder,  \
     const char *_Nonnull const *_Nullable tags, int tag_count, TF_Graph *_Nonnull graph,                             \
     TF_Buffer *_Nullable meta_graph,                                                                                 \
     TF_Status *_Nonnull status),                                                                                     \
    (options, run_options, folder, tags, tag_count, graph, meta_graph, status))                                       \
  /* Valid until the status is used again. */                                                                         \
  F(const char *_Nonnull, Message, (const TF_Status *_Nonnull status), (status))                                      \
  F(TF_Buffer *_Nonnull, NewBuffer, (void), ())                                                                       \
  F(TF_Graph *_Nonnull, NewGraph, (void), ())                                                                         \
  /* A server of the distributed runtime, as a serialized tensorflow.ServerDef describes it. There is no way to end   \
     one but to end the process. */                                                                                   \
  F(TF_Server *_Nullable, NewServer,                                                                                  \
    (const void *_Nonnull proto, size_t length, TF_Status *_Nonnull status), (proto, length, status))                 \
  /* The graph stays while there is a session on it. NULL after a failure. */                                         \
  F(TF_Session *_Nullable, NewSession,                                                                                \
    (TF_Graph *_Nonnull graph, const TF_SessionOptions *_Nonnull options, TF_Status *_Nonnull status),                \
    (graph, options, status))                                                                                         \
  F(TF_SessionOptions *_Nonnull, NewSessionOptions, (void), ())                                                       \
  F(TF_Status *_Nonnull, NewStatus, (void), ())                                                                       \
  /* Gives `data` away: `deallocator` is called for it once, at once if it had to be copied (which is so when it is   \
     not 64-byte aligned) or does not make a tensor (then NULL is returned). */                                       \
  F(TF_Tensor *_Nullable, NewTensor,                                                                                  \
    (int type, const int64_t *_Nullable dims, int rank, void *_Nonnull data, size_t length,                           \
     ctf_deallocator deallocator,                                                                                     \
     void *_Nullable argument),                                                                                       \
    (type, dims, rank, data, length, deallocator, argument))                                                          \
  F(int, NumDims, (const TF_Tensor *_Nonnull tensor), (tensor))                                                       \
  F(int, OperationNumOutputs, (TF_Operation *_Nonnull operation), (operation))                                        \
  F(void, ServerStart, (TF_Server *_Nonnull server, TF_Status *_Nonnull status), (server, status))                    \
  F(TF_DeviceList *_Nullable, SessionListDevices,                                                                     \
    (TF_Session *_Nonnull session, TF_Status *_Nonnull status), (session, status))                                    \
  /* The tensors in `output_values` belong to the caller; all are NULL after a failure. */                            \
  F(void, SessionRun,                                                                                                 \
    (TF_Session *_Nonnull session, const TF_Buffer *_Nullable run_options, const TF_Output *_Nullable inputs,         \
     TF_Tensor *_Nullable const *_Nullable input_values, int input_count, const TF_Output *_Nullable outputs,         \
     TF_Tensor *_Nullable *_Nullable output_values, int output_count,                                                 \
     const TF_Operation *_Nonnull const *_Nullable targets, int target_count, TF_Buffer *_Nullable run_metadata,      \
     TF_Status *_Nonnull status),                                                                                     \
    (session, run_options, inputs, input_values, input_count, outputs, output_values, output_count, targets,          \
     target_count, run_metadata, status))                                                                             \
  F(void, SetConfig,                                                                                                  \
    (TF_SessionOptions *_Nonnull options, const void *_Nullable proto, size_t length, TF_Status *_Nonnull status),    \
    (options, proto, length, status))                                                                                 \
  /* Which runtime runs the session: empty for the one of this process, or "grpc://host:port". */                     \
  F(void, SetTarget, (TF_SessionOptions *_Nonnull options, const char *_Nonnull target), (options, target))           \
  F(void, StringCopy,                                                                                                 \
    (TF_TString *_Nonnull string, const char *_Nullable source, size_t length), (string, source, length))             \
  F(void, StringDealloc, (TF_TString *_Nonnull string), (string))                                                     \
  F(const char *_Nonnull, StringGetDataPointer, (const TF_TString *_Nonnull string), (string))                        \
  F(size_t, StringGetSize, (const TF_TString *_Nonnull string), (string))                                             \
  F(void, StringInit, (TF_TString *_Nonnull string), (string))                                                        \
  F(size_t, TensorByteSize, (const TF_Tensor *_Nonnull tensor), (tensor))                                             \
  F(void *_Nullable, TensorData, (const TF_Tensor *_Nonnull tensor), (tensor))                                        \
  /* Replaces what `tensor` is by what a serialized tensorflow.TensorProto says. */                                   \
  F(void, TensorFromProto,                                                                                            \
    (const TF_Buffer *_Nonnull proto, TF_Tensor *_Nonnull tensor, TF_Status *_Nonnull status),                        \
    (proto, tensor, status))                                                                                          \
  F(int, TensorType, (const TF_Tensor *_Nonnull tensor), (tensor))                                                    \
  F(const char *_Nonnull, Version, (void), ())

/// The functions of the opened library. Written once, by `ctf_open`.
struct ctf_functions {
#define CTF_MEMBER(result, name, parameters, arguments) result (*_Nonnull name) parameters;
  CTF_FUNCTIONS(CTF_MEMBER)
#undef CTF_MEMBER
};
extern struct ctf_functions ctf_functions;

// TF_NewStatus() and the others, as TensorFlow declares them.
#define CTF_WRAPPER(result, name, parameters, arguments)                                                              \
  static inline result TF_##name parameters { return ctf_functions.name arguments; }
CTF_FUNCTIONS(CTF_WRAPPER)
#undef CTF_WRAPPER

/// Opens the library at `path` and looks up every function.
///
/// Returns NULL on success, else the reason, to be freed by the caller. After a failure another path may be tried;
/// after a success it must not be called again. Not for concurrent use.
char *_Nullable ctf_open(const char *path);

/// Makes every compilation with XLA fail from now on, in the whole process. Returns 0 when the library has no such switch,
/// which is not part of its C API.
int ctf_disable_xla(void);

/// A status of the calling thread, with whatever was last set in it: for functions that set it also when they succeed,
/// and whose outcome is read before the next call. Deleted when the thread ends.
TF_Status *ctf_thread_status(void);

/// A nameless file in memory (`memfd_create`), or -1.
int ctf_memory_file(void);

#pragma clang assume_nonnull end

#endif
