// device.cuh: the dialect that the kernels are written in. It is CUDA C's own
// spelling, so that a kernel reads as in any textbook, with three compilers
// behind it:
//
//   clang --cuda-device-only   writes the committed PTX, without the toolkit's headers
//   nvcc                       has all of it built in (nobody has tried yet)
//   g++ -DKERNELS_ON_HOST      makes plain C++, one fiber per thread (host/fiber.h)
//
// Only operations that IEEE 754 rounds exactly are used: + - * / sqrt and fma,
// never the approximate instructions; attention in reduced precision alone has
// tensor cores and exp2_fast. Together with -ffp-contract=off (no fused
// operation but the written fmaf) the three give the same bits.
#pragma once

#define KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads)

// UNROLL stands before a loop over an array that must live in registers, UNROLL_4
// before one whose loads wait for nothing: four are then under way at once. SELECT is
// a condition that chooses between values, where clang must not make a branch of it.
#if defined(KERNELS_ON_HOST)
#define UNROLL
#define UNROLL_4
#define SELECT(condition) (condition)
#else
#define SELECT(condition) __builtin_unpredictable(condition)
#define UNROLL _Pragma("unroll")
#define UNROLL_4 _Pragma("unroll 4")
#endif

#if defined(KERNELS_ON_HOST)
#include "host/fiber.h"
#elif defined(__clang__)
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __align__(n) __attribute__((aligned(n)))
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(n) __attribute__((launch_bounds(n)))

struct Dim3 { unsigned x, y, z; };
#define READ_DIM3(name, sreg) \
    static __device__ __forceinline__ Dim3 name() { \
        return {(unsigned)__nvvm_read_ptx_sreg_##sreg##_x(), (unsigned)__nvvm_read_ptx_sreg_##sreg##_y(), (unsigned)__nvvm_read_ptx_sreg_##sreg##_z()}; \
    }
READ_DIM3(read_tid, tid)
READ_DIM3(read_ctaid, ctaid)
READ_DIM3(read_ntid, ntid)
READ_DIM3(read_nctaid, nctaid)
#define threadIdx read_tid()
#define blockIdx read_ctaid()
#define blockDim read_ntid()
#define gridDim read_nctaid()

static __device__ __forceinline__ void __syncwarp() { __nvvm_bar_warp_sync(0xffffffffu); }
static __device__ __forceinline__ float __shfl_xor_sync(unsigned mask, float v, int lanes) { return __nvvm_shfl_sync_bfly_f32(mask, v, lanes, 31); }
static __device__ __forceinline__ unsigned __ballot_sync(unsigned mask, bool p) { return __nvvm_vote_ballot_sync(mask, p); }
static __device__ __forceinline__ int __ffs(unsigned v) { return __builtin_ffs(v); }
static __device__ __forceinline__ unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
static __device__ __forceinline__ float sqrtf(float x) { return __nvvm_sqrt_rn_f(x); }
static __device__ __forceinline__ double sqrt(double x) { return __nvvm_sqrt_rn_d(x); }
static __device__ __forceinline__ float fmaf(float a, float b, float c) { return __nvvm_fma_rn_f(a, b, c); }
static __device__ __forceinline__ float fabsf(float a) { return __builtin_fabsf(a); }
static __device__ __forceinline__ float __int_as_float(int v) { return __builtin_bit_cast(float, v); }
static __device__ __forceinline__ int __float_as_int(float v) { return __builtin_bit_cast(int, v); }
static __device__ __forceinline__ double __longlong_as_double(long long v) { return __builtin_bit_cast(double, v); }
static __device__ __forceinline__ long long __double_as_longlong(double v) { return __builtin_bit_cast(long long, v); }
// mma_tf32 is d += a*b by the tensor cores for a warp: a (16, 8), b (8, 8), d (16, 8),
// spread over the lanes as the PTX manual says for mma.m16n8k8.
static __device__ __forceinline__ void mma_tf32(float d[4], const unsigned a[4], const unsigned b[2]) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
// to_tf32 rounds to 10 bits, halves away from zero.
static __device__ __forceinline__ unsigned to_tf32(float v) {
    unsigned u;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(u) : "f"(v));
    return u;
}
// exp2_fast is 2^x to two units in the last place; results too small for a normal number are zero.
static __device__ __forceinline__ float exp2_fast(float x) { return __nvvm_ex2_approx_ftz_f(x); }
typedef float float4 __attribute__((ext_vector_type(4)));
typedef float float2 __attribute__((ext_vector_type(2)));
typedef unsigned uint2 __attribute__((ext_vector_type(2)));
typedef unsigned uint4 __attribute__((ext_vector_type(4)));
#endif

typedef unsigned int uint;

// FOR_ALL(i, n) visits i = 0..n-1 once over all threads of the grid.
#define FOR_ALL(i, n) for (uint i = blockIdx.x * blockDim.x + threadIdx.x; i < (uint)(n); i += gridDim.x * blockDim.x)

// Indices are 32 bits wide, places in memory 64: no tensor has 2^31 elements.
typedef unsigned long long place;

static __device__ __forceinline__ float larger(float a, float b) { return a > b ? a : b; }
static __device__ __forceinline__ int smaller(int a, int b) { return a < b ? a : b; }

// load_4 reads four floats in one instruction; p must be a multiple of 16 bytes.
static __device__ __forceinline__ void load_4(float v[4], const float *p) {
    float4 all = *(const float4 *)p;
    v[0] = all.x;
    v[1] = all.y;
    v[2] = all.z;
    v[3] = all.w;
}

static __device__ __forceinline__ void store_4(float *p, const float v[4]) { *(float4 *)p = {v[0], v[1], v[2], v[3]}; }

static __device__ __forceinline__ void add_4(float sum[4], const float v[4]) {
    UNROLL
    for (int i = 0; i < 4; i++) sum[i] += v[i];
}

// WIDE is how many columns a warp takes four at a time.
#define WIDE 128

// aligned_16 reports whether load_4 and store_4 may be used.
static __device__ __forceinline__ bool aligned_16(const void *p) { return (place)p % 16 == 0; }

// store is *p = v, or *p += v.
static __device__ __forceinline__ void store(float *p, float v, int acc) { *p = acc ? *p + v : v; }

static __device__ __forceinline__ void put_4(float *p, float v[4], int acc) {
    if (acc) {
        float old[4];
        load_4(old, p);
        UNROLL
        for (int i = 0; i < 4; i++) v[i] = old[i] + v[i];
    }
    store_4(p, v);
}

// A warp is 32 threads that run together. A row-wise kernel gives a warp to each row.
static __device__ __forceinline__ uint warp_index() { return (blockIdx.x * blockDim.x + threadIdx.x) / 32; }
static __device__ __forceinline__ uint lane_index() { return threadIdx.x % 32; }

// warp_sum gives every lane the sum of v over the warp, in a fixed order.
static __device__ __forceinline__ float warp_sum(float v) {
    for (int lanes = 16; lanes > 0; lanes /= 2) v += __shfl_xor_sync(0xffffffffu, v, lanes);
    return v;
}

static __device__ __forceinline__ float warp_max(float v) {
    for (int lanes = 16; lanes > 0; lanes /= 2) v = larger(v, __shfl_xor_sync(0xffffffffu, v, lanes));
    return v;
}

// BLOCK is the number of threads of every kernel that gives a block to each result.
#define BLOCK 256

#define NEG_INF (-__builtin_inff())

// block_sum gives every thread of a block of BLOCK threads the sum of v, in a
// fixed order. room holds one value per warp; each sum of a kernel has its own.
static __device__ __forceinline__ float block_sum(float v, float *room) {
    v = warp_sum(v);
    if (lane_index() == 0) room[threadIdx.x / 32] = v;
    __syncthreads();
    float sum = 0.f;
    for (int w = 0; w < BLOCK / 32; w++) sum += room[w];
    return sum;
}
