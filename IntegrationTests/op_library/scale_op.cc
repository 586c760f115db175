// An op library as a user would write one: ApusTestScale multiplies its input by three. Built by test_op_libraries.py.
#include <stdlib.h>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

static void scale(void *kernel, TF_OpKernelContext *context) {
  (void)kernel;
  TF_Status *status = TF_NewStatus();
  TF_Tensor *input = nullptr;
  TF_GetInput(context, 0, &input, status);
  if (TF_GetCode(status) == TF_OK) {
    int64_t count = TF_TensorElementCount(input);
    int64_t *dims = static_cast<int64_t *>(malloc(sizeof *dims * TF_NumDims(input) + 1));
    for (int index = 0; index < TF_NumDims(input); ++index) {
      dims[index] = TF_Dim(input, index);
    }
    TF_Tensor *output =
        TF_AllocateOutput(context, 0, TF_FLOAT, dims, TF_NumDims(input), sizeof(float) * count, status);
    if (TF_GetCode(status) == TF_OK) {
      const float *from = static_cast<const float *>(TF_TensorData(input));
      float *to = static_cast<float *>(TF_TensorData(output));
      for (int64_t index = 0; index < count; ++index) {
        to[index] = 3 * from[index];
      }
      TF_DeleteTensor(output);
    }
    free(dims);
    TF_DeleteTensor(input);
  }
  if (TF_GetCode(status) != TF_OK) {
    TF_OpKernelContext_Failure(context, status);
  }
  TF_DeleteStatus(status);
}

static void leave_shape_open(TF_ShapeInferenceContext *context, TF_Status *status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

__attribute__((constructor)) static void register_op(void) {
  TF_Status *status = TF_NewStatus();
  TF_OpDefinitionBuilder *op = TF_NewOpDefinitionBuilder("ApusTestScale");
  TF_OpDefinitionBuilderAddInput(op, "x: float");
  TF_OpDefinitionBuilderAddOutput(op, "y: float");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, leave_shape_open);
  TF_RegisterOpDefinition(op, status);
  TF_RegisterKernelBuilder("ApusTestScale", TF_NewKernelBuilder("ApusTestScale", "CPU", nullptr, scale, nullptr), status);
  TF_DeleteStatus(status);
}
