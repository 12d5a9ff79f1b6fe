// fiber.h: the kernels' dialect for a C++ compiler on the host. A launch runs
// block after block; within a block each CUDA thread is a fiber that runs until
// it meets a barrier or a shuffle. Between two of these the threads may run in
// any order, which the caller chooses: a kernel whose result depends on it has a race.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#define __device__
#define __global__
#define __forceinline__ inline
#define __shared__ static
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(n)

struct Dim3 { unsigned x, y, z; };
struct float2 { float x, y; };
struct uint2 { unsigned x, y; };
struct uint4 { unsigned x, y, z, w; };
struct float4 { float x, y, z, w; };

namespace fiber {

struct Place { Dim3 thread, block, block_size, grid_size; };
extern Place here; // of the running fiber

void barrier();      // __syncthreads
void warp_barrier(); // __syncwarp
// exchange gives what the fiber of lane (own ^ lanes) of the warp handed in; ballot a bit of every lane's.
float exchange(float v, int lanes);
unsigned ballot(bool p);
// product adds to d what the warp's fragments of a and b make: mma_tf32 of device.cuh.
void product(float d[4], const unsigned a[4], const unsigned b[2]);

enum Order { FORWARD, REVERSE, RANDOM };

// launch runs a kernel of host/registry.h; args has a word for each parameter. It
// returns null or what went wrong: an unknown kernel, a bad block, a divergent
// barrier. One launch at a time.
const char *launch(const char *kernel, Dim3 grid, Dim3 block, const uint64_t *args, Order order);

// parameters returns a kernel's parameter letters (p, i, f), null for an unknown kernel.
const char *parameters(const char *kernel);

} // namespace fiber

#define threadIdx (fiber::here.thread)
#define blockIdx (fiber::here.block)
#define blockDim (fiber::here.block_size)
#define gridDim (fiber::here.grid_size)

static inline void __syncthreads() { fiber::barrier(); }
static inline void __syncwarp() { fiber::warp_barrier(); }
static inline float __shfl_xor_sync(unsigned, float v, int lanes) { return fiber::exchange(v, lanes); }
static inline unsigned __ballot_sync(unsigned, bool p) { return fiber::ballot(p); }
static inline void mma_tf32(float d[4], const unsigned a[4], const unsigned b[2]) { fiber::product(d, a, b); }
static inline int __ffs(unsigned v) { return __builtin_ffs(v); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
template <class To, class From> static inline To bits_as(From v) {
    static_assert(sizeof(To) == sizeof(From), "");
    To out;
    memcpy(&out, &v, sizeof out);
    return out;
}
// to_tf32 rounds to 10 bits, halves away from zero.
static inline unsigned to_tf32(float v) {
    unsigned u = bits_as<unsigned>(v);
    return ((u >> 23 & 0xff) == 0xff ? u : u + 0x1000) & ~0x1fffu;
}
// exp2_fast is 2^x; results too small for a normal number are zero.
static inline float exp2_fast(float x) {
    float v = (float)exp2((double)x);
    return v < 1.17549435e-38f ? 0.f : v;
}
static inline float __int_as_float(int v) { return bits_as<float>(v); }
static inline int __float_as_int(float v) { return bits_as<int>(v); }
static inline double __longlong_as_double(long long v) { return bits_as<double>(v); }
static inline long long __double_as_longlong(double v) { return bits_as<long long>(v); }
