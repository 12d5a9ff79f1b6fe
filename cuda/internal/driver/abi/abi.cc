// abi.cc: holds the hand-written declarations of api.h against NVIDIA's headers,
// on a machine that has them. It is compiled and never run:
//
//   g++ -std=c++17 -fsyntax-only -I/usr/local/cuda/include cuda/internal/driver/abi/abi.cc
//
// Where cudnn.h is not in that folder, -I names its folder too; without it cuDNN's
// part is left out.
//
// An argument is passed alike where both declarations give it the same size and
// the same kind of register.
#include <cublas_v2.h>
#include <cuda.h>
#include <type_traits>

#include "../dnn.h"
#if __has_include(<cudnn.h>)
#include <cudnn.h>
#endif

template <class A, class B> constexpr bool alike() {
    return sizeof(A) == sizeof(B) && std::is_floating_point<A>::value == std::is_floating_point<B>::value && !std::is_class<A>::value && !std::is_class<B>::value;
}

template <class F, class G> struct Same : std::false_type {};
template <class R, class... A, class S, class... B> struct Same<R (*)(A...), S (*)(B...)> {
    template <bool count, class = void> struct Each : std::false_type {};
    template <class T> struct Each<true, T> : std::bool_constant<alike<R, S>() && (alike<A, B>() && ...)> {};
    static constexpr bool value = Each<sizeof...(A) == sizeof...(B)>::value;
};

// The C++ headers overload this one; the exported function is the one with a compute type.
typedef cublasStatus_t (*GemmStridedBatchedEx)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void *,
    const void *, cudaDataType, int, long long, const void *, cudaDataType, int, long long, const void *,
    void *, cudaDataType, int, long long, int, cublasComputeType_t, cublasGemmAlgo_t);
#define REAL(name) typedef decltype(&::name) real_##name;
REAL(cublasCreate_v2) REAL(cublasDestroy_v2) REAL(cublasGetVersion_v2) REAL(cublasSetStream_v2) REAL(cublasSetWorkspace_v2)
typedef decltype(static_cast<GemmStridedBatchedEx>(&::cublasGemmStridedBatchedEx)) real_cublasGemmStridedBatchedEx;

#define X(name, args) static_assert(Same<decltype(&::name), decltype(api::name)>::value, "the declaration of " #name " differs from the header's");
DRIVER_FUNCTIONS(X)
#undef X
#define X(name, args) static_assert(Same<real_##name, decltype(api::name)>::value, "the declaration of " #name " differs from the header's");
BLAS_FUNCTIONS(X)
#undef X

// Two enumerations are compared as the numbers that they are passed as.
constexpr bool same(int header, int ours) { return header == ours; }
static_assert(same(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT) &&
    same(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) &&
    same(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR), "device attributes");
static_assert(same(CU_STREAM_NON_BLOCKING, STREAM_NON_BLOCKING) && same(CU_EVENT_DISABLE_TIMING, EVENT_DISABLE_TIMING) && same(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL, STREAM_CAPTURE_MODE_THREAD_LOCAL), "streams");
static_assert(same(CU_JIT_ERROR_LOG_BUFFER, JIT_ERROR_LOG_BUFFER) && same(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, JIT_ERROR_LOG_BUFFER_SIZE_BYTES), "options of the compiler");
static_assert(same(CUDA_R_32F, R_32F) && same(CUBLAS_GEMM_DEFAULT, GEMM_DEFAULT) && same(CUBLAS_OP_T, 1), "cuBLAS");
static_assert(same(CUBLAS_COMPUTE_32F, 68) && same(CUBLAS_COMPUTE_32F_FAST_TF32, 77) && same(CUBLAS_COMPUTE_32F_FAST_16BF, 75), "command.go: Compute");
static_assert(same(CUDA_ERROR_OUT_OF_MEMORY, 2) && same(CUDA_ERROR_STUB_LIBRARY, 34) && same(CUDA_ERROR_NO_DEVICE, 100) && same(CUDA_ERROR_INVALID_DEVICE, 101) &&
    same(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, 222) && same(CUBLAS_STATUS_ALLOC_FAILED, 3), "driver.go: codes");

#ifdef CUDNN_VERSION
struct Dnn {
#define X(result, name, args) result(*name) args;
    DNN_FUNCTIONS(X)
#undef X
};
#define X(result, name, args) static_assert(Same<decltype(&::name), decltype(Dnn::name)>::value, "the declaration of " #name " differs from the header's");
DNN_FUNCTIONS(X)
#undef X
static_assert(CUDNN_VERSION >= DNN_OLDEST, "the headers are of a cuDNN that is not used");
static_assert(same(CUDNN_TENSOR_NCHW, TENSOR_NCHW) && same(CUDNN_DATA_FLOAT, DATA_FLOAT) && same(CUDNN_CROSS_CORRELATION, CROSS_CORRELATION) &&
    same(CUDNN_DEFAULT_MATH, DEFAULT_MATH) && same(CUDNN_FMA_MATH, FMA_MATH), "cuDNN's descriptors");
static_assert(same(CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM) &&
    same(CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, CONVOLUTION_BWD_DATA_ALGO_1) &&
    same(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, CONVOLUTION_BWD_FILTER_ALGO_1), "cuDNN's algorithms");
static_assert(same(CUDNN_STATUS_SUCCESS, 0) && same(CUDNN_STATUS_NOT_SUPPORTED, 3000) && same(CUDNN_STATUS_INTERNAL_ERROR, 4000), "driver.go: cuDNN's codes");
#endif
