// dnn.h: the part of cuDNN that is used, declared as api.h declares the rest:
// convolutions, by the calls that cuDNN 9 still exports beside its graphs.
#ifndef DIFFCLIP_CUDA_DNN_H
#define DIFFCLIP_CUDA_DNN_H
#include "api.h"

#define DNN_FUNCTIONS(X)                                                       \
    X(size_t, cudnnGetVersion, (void))                                         \
    X(const char *, cudnnGetErrorString, (int))                                \
    X(int, cudnnCreate, (void **))                                             \
    X(int, cudnnDestroy, (void *))                                             \
    X(int, cudnnSetStream, (void *, void *))                                   \
    X(int, cudnnCreateTensorDescriptor, (void **))                             \
    X(int, cudnnSetTensor4dDescriptor, (void *, int, int, int, int, int, int)) \
    X(int, cudnnDestroyTensorDescriptor, (void *))                             \
    X(int, cudnnCreateFilterDescriptor, (void **))                             \
    X(int, cudnnSetFilter4dDescriptor, (void *, int, int, int, int, int, int)) \
    X(int, cudnnDestroyFilterDescriptor, (void *))                             \
    X(int, cudnnCreateConvolutionDescriptor, (void **))                        \
    X(int, cudnnSetConvolution2dDescriptor,                                    \
      (void *, int, int, int, int, int, int, int, int))                        \
    X(int, cudnnSetConvolutionGroupCount, (void *, int))                       \
    X(int, cudnnSetConvolutionMathType, (void *, int))                         \
    X(int, cudnnDestroyConvolutionDescriptor, (void *))                        \
    X(int, cudnnGetConvolutionForwardWorkspaceSize,                            \
      (void *, const void *, const void *, const void *, const void *, int, size_t *)) \
    X(int, cudnnGetConvolutionBackwardDataWorkspaceSize,                       \
      (void *, const void *, const void *, const void *, const void *, int, size_t *)) \
    X(int, cudnnGetConvolutionBackwardFilterWorkspaceSize,                     \
      (void *, const void *, const void *, const void *, const void *, int, size_t *)) \
    X(int, cudnnConvolutionForward,                                            \
      (void *, const void *, const void *, const void *, const void *, const void *, const void *, \
       int, void *, size_t, const void *, const void *, void *))               \
    X(int, cudnnConvolutionBackwardData,                                       \
      (void *, const void *, const void *, const void *, const void *, const void *, const void *, \
       int, void *, size_t, const void *, const void *, void *))               \
    X(int, cudnnConvolutionBackwardFilter,                                     \
      (void *, const void *, const void *, const void *, const void *, const void *, const void *, \
       int, void *, size_t, const void *, const void *, void *))               \
    X(int, cudnnAddTensor,                                                     \
      (void *, const void *, const void *, const void *, const void *, const void *, void *))

// Constants of the headers, under the headers' names. The algorithms are those of
// which NVIDIA says that they give the same bits each time.
enum {
    DNN_OLDEST = 90000,
    TENSOR_NCHW = 0,
    DATA_FLOAT = 0,
    CROSS_CORRELATION = 1,
    DEFAULT_MATH = 0, // tensor cores may round factors to TF32
    FMA_MATH = 3,
    CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM = 1,
    CONVOLUTION_BWD_DATA_ALGO_1 = 1,
    CONVOLUTION_BWD_FILTER_ALGO_1 = 1,
};

// convolution is the size of a convolution, x (n, c, h, w) and y (n, out, oh, ow),
// and which of its three products is meant. It is driver.Convolution.
enum { FORWARD = 1, BACKWARD_DATA, BACKWARD_FILTER };
typedef struct {
    int32_t pass, n, c, h, w, out, oh, ow, groups;
    int32_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
} convolution;

// api_open_dnn loads cuDNN. It returns 0, or -1 where there is none and 1 where
// there is one that does not fit: message says why, and a has no cuDNN.
int api_open_dnn(api *a, const char *path, char *message, size_t size);

// api_plan makes ready what CONVOLVE needs for one shape, with factors as they are
// if exact; the workspace is in bytes. It stays until api_stop. The first call starts cuDNN.
int api_plan(api *a, const convolution *c, int exact, uint64_t *plan, size_t *workspace);

int api_dnn_version(api *a);
const char *api_dnn_error_name(api *a, int code);
#endif
