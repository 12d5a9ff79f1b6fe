// api.h: every NVIDIA entry point that is used, declared by hand, so that the
// program is built without NVIDIA's headers and starts without its libraries.
// Handles are void*, device addresses 64-bit integers, enumerations int: that is
// how x86-64 and arm64 Linux pass them. Names carry the version suffix that the
// headers hide behind macros (cuMemAlloc is cuMemAlloc_v2). abi.cc holds the
// declarations against the headers, where a machine has them.
#ifndef DIFFCLIP_CUDA_API_H
#define DIFFCLIP_CUDA_API_H
#include <stddef.h>
#include <stdint.h>

typedef unsigned long long deviceptr;

#define DRIVER_FUNCTIONS(X)                                                    \
    X(cuInit, (unsigned))                                                      \
    X(cuDriverGetVersion, (int *))                                             \
    X(cuDeviceGetCount, (int *))                                               \
    X(cuDeviceGet, (int *, int))                                               \
    X(cuDeviceGetName, (char *, int, int))                                     \
    X(cuDeviceGetAttribute, (int *, int, int))                                 \
    X(cuDevicePrimaryCtxRetain, (void **, int))                                \
    X(cuDevicePrimaryCtxRelease_v2, (int))                                     \
    X(cuCtxSetCurrent, (void *))                                               \
    X(cuGetErrorName, (int, const char **))                                    \
    X(cuMemGetInfo_v2, (size_t *, size_t *))                                   \
    X(cuMemAlloc_v2, (deviceptr *, size_t))                                    \
    X(cuMemFree_v2, (deviceptr))                                               \
    X(cuMemAllocHost_v2, (void **, size_t))                                    \
    X(cuMemFreeHost, (void *))                                                 \
    X(cuMemcpyHtoDAsync_v2, (deviceptr, const void *, size_t, void *))         \
    X(cuMemcpyDtoHAsync_v2, (void *, deviceptr, size_t, void *))               \
    X(cuMemsetD32Async, (deviceptr, unsigned, size_t, void *))                 \
    X(cuStreamCreate, (void **, unsigned))                                     \
    X(cuStreamDestroy_v2, (void *))                                            \
    X(cuStreamSynchronize, (void *))                                           \
    X(cuModuleLoadDataEx, (void **, const void *, unsigned, int *, void **))   \
    X(cuModuleUnload, (void *))                                                \
    X(cuModuleGetFunction, (void **, void *, const char *))                    \
    X(cuLaunchKernel, (void *, unsigned, unsigned, unsigned, unsigned,         \
                       unsigned, unsigned, unsigned, void *, void **, void **)) \
    X(cuStreamBeginCapture_v2, (void *, int))                                  \
    X(cuStreamEndCapture, (void *, void **))                                   \
    X(cuGraphInstantiateWithFlags, (void **, void *, unsigned long long))      \
    X(cuGraphLaunch, (void *, void *))                                         \
    X(cuGraphExecDestroy, (void *))                                            \
    X(cuGraphDestroy, (void *))                                                \
    X(cuLaunchHostFunc, (void *, void (*)(void *), void *))                    \
    X(cuEventCreate, (void **, unsigned))                                      \
    X(cuEventRecord, (void *, void *))                                         \
    X(cuEventSynchronize, (void *))                                            \
    X(cuEventElapsedTime, (float *, void *, void *))                           \
    X(cuEventDestroy_v2, (void *))

#define BLAS_FUNCTIONS(X)                                                      \
    X(cublasCreate_v2, (void **))                                              \
    X(cublasDestroy_v2, (void *))                                              \
    X(cublasGetVersion_v2, (void *, int *))                                    \
    X(cublasSetStream_v2, (void *, void *))                                    \
    X(cublasSetWorkspace_v2, (void *, void *, size_t))                         \
    X(cublasGemmStridedBatchedEx,                                              \
      (void *, int, int, int, int, int, const void *, const void *, int, int,  \
       long long, const void *, int, int, long long, const void *, void *,     \
       int, int, long long, int, int, int))

enum { MARKS = 2 };

// api holds the addresses of one set of libraries and what was opened in it.
typedef struct {
#define X(name, args) int(*name) args;
    DRIVER_FUNCTIONS(X)
    BLAS_FUNCTIONS(X)
#undef X
    void *context, *stream, *module, *blas;
    void *mark[MARKS];
    unsigned long start; // see enter
    deviceptr workspace;
    struct dnn *dnn; // cuDNN, where there is one: dnn.h
    int device;
} api;

// Constants of the headers, under the headers' names.
enum {
    DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
    DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
    DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
    STREAM_NON_BLOCKING = 1,
    EVENT_DISABLE_TIMING = 2,
    STREAM_CAPTURE_MODE_THREAD_LOCAL = 1,
    JIT_ERROR_LOG_BUFFER = 5,
    JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6,
    R_32F = 0,
    GEMM_DEFAULT = -1,
};

// command is one piece of work for the stream: plain words and no pointer of Go,
// so that a list of them may be handed to C. It is driver.Command.
enum { LAUNCH = 1, PRODUCT, UPLOAD, DOWNLOAD, SET, CONVOLVE };
typedef struct {
    uint32_t kind, nargs;
    uint32_t grid[3], block[3];
    uint64_t function;
    uint64_t arg[24]; // of a kernel, or the fields of another kind
} command;

// api_open loads the driver. Where something is missing it returns NULL and says
// what in message.
api *api_open(const char *driver, char *message, size_t size);

// api_open_blas loads cuBLAS, and before it the cuBLASLt that it needs unless the
// path is empty. Where something is missing it returns -1, and a has no cuBLAS.
int api_open_blas(api *a, const char *lt, const char *blas, char *message, size_t size);

// Each of these makes the context current on the thread that calls, and returns
// the driver's code, or cuBLAS's plus BLAS_ERROR, or cuDNN's plus DNN_ERROR.
enum { BLAS_ERROR = 100000, DNN_ERROR = 200000 };
int api_start(api *a, int device, size_t workspace);
void api_stop(api *a);
int api_load(api *a, const void *image, char *log, size_t size);
int api_function(api *a, const char *name, uint64_t *function);
int api_memory(api *a, size_t *free, size_t *total);
int api_alloc(api *a, size_t n, uint64_t *p);
int api_free(api *a, uint64_t p);
int api_alloc_host(api *a, size_t n, void **p);
int api_free_host(api *a, void *p);
int api_run(api *a, const command *c, size_t n, size_t *failed);
// api_time runs commands, waits, and writes the milliseconds of each to ms.
int api_time(api *a, const command *c, size_t n, size_t *failed, float *ms);
int api_sync(api *a);
// api_mark sets one of MARKS marks in the stream, api_await waits until it is reached.
int api_mark(api *a, int number);
int api_await(api *a, int number);
int api_capture(api *a, const command *c, size_t n, size_t *failed, uint64_t *graph);
int api_replay(api *a, uint64_t graph);
int api_forget(api *a, uint64_t graph);
const char *api_error_name(api *a, int code);
int api_driver_version(api *a);
int api_blas_version(api *a);
int api_attribute(api *a, int attribute);
void api_device_name(api *a, char *name, int size);

// What api.c and dnn.c share: opening a library, looking a function up in it, making
// the context current on the thread that calls. No library sees these names.
#pragma GCC visibility push(hidden)
void *load(const char *path, int flags, char *message, size_t size);
int find(void *lib, const char *path, const char *name, void *slot, char *message, size_t size);
int enter(api *a);
int api_convolve(api *a, const command *c);
void api_stop_dnn(api *a);
#pragma GCC visibility pop
#endif
