// math.cuh: exp, log, tanh and the normal distribution for float32, from exactly
// rounded operations only, so that every machine gives the same bits. Each
// polynomial interpolates its function at Chebyshev nodes, which is within a
// small factor of the best of its degree. accuracy_test.go holds each function
// to the error given here.
#pragma once
#include "device.cuh"

// exp_ is e^x to 2 units in the last place: 0 below, infinity above what a float32 holds.
// x = n ln 2 + r with |r| <= ln 2 / 2, and e^x = 2^n e^r, e^r = 1 + r + r^2 p(r).
static __device__ __forceinline__ float exp_(float x) {
    x = x < -104.f ? -104.f : x > 89.f ? 89.f : x;        // NaN stays
    float shifted = fmaf(x, 1.44269504f, 12582912.f);     // adding 1.5*2^23 rounds to an integer
    int n = __float_as_int(shifted) - 0x4b400000;
    float whole = shifted - 12582912.f;
    float r = fmaf(whole, -1.42860677e-06f, fmaf(whole, -0.693145752f, x)); // ln 2 in two parts, the first short
    float p = 0.0013926376f;
    p = fmaf(p, r, 0.0083633335f);
    p = fmaf(p, r, 0.041666552f);
    p = fmaf(p, r, 0.16666576f);
    p = fmaf(p, r, 0.5f);
    p = fmaf(r * r, p, r) + 1.f;
    int half = n >> 1;                                     // 2^n in two factors, each a float32
    return p * __int_as_float((half + 127) << 23) * __int_as_float((n - half + 127) << 23);
}

// log_ is ln x for a positive normal x, to 3 units in the last place, and NaN for NaN.
// x = 2^e m with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh(t), t = (m-1)/(m+1).
static __device__ __forceinline__ float log_(float x) {
    int b = __float_as_int(x) - 0x3f3504f3;                // the bits of sqrt(1/2)
    float e = (float)(b >> 23);
    float m = __int_as_float((b & 0x7fffff) + 0x3f3504f3);
    float t = (m - 1.f) / (m + 1.f), z = t * t;
    float p = fmaf(z, 0.11111111f, 0.14285714f);
    p = fmaf(p, z, 0.2f);
    p = fmaf(p, z, 0.33333333f);
    float odd = 2.f * t;
    float log_m = fmaf(odd * z, p, odd);
    float y = fmaf(e, 0.693145752f, fmaf(e, 1.42860677e-06f, log_m));
    return x == x ? y : x;
}

// tanh_ is the hyperbolic tangent to 3 units in the last place.
static __device__ __forceinline__ float tanh_(float x) {
    float a = fabsf(x);
    if (a < 0.6f) {                                        // x + x^3 p(x^2): nothing cancels near 0
        float z = x * x;
        float p = -0.0062629880f;
        p = fmaf(p, z, 0.021105967f);
        p = fmaf(p, z, -0.053872593f);
        p = fmaf(p, z, 0.13332902f);
        p = fmaf(p, z, -0.33333331f);
        return fmaf(x * z, p, x);
    }
    float t = 1.f - 2.f / (exp_(2.f * a) + 1.f);
    return x < 0.f ? -t : t;
}

static __device__ __forceinline__ float sigmoid_(float x) { return 1.f / (1.f + exp_(-x)); }

// normal_density is exp(-x^2/2)/sqrt(2 pi).
static __device__ __forceinline__ float normal_density(float x) { return 0.39894228f * exp_(-0.5f * x * x); }

// normal_cdf is (1 + erf(x/sqrt(2)))/2, to 1e-6 of the value down to x = -5.
// Its tail is exp(-a^2/2) times a smooth function of u = 1/(1 + 0.35 a), a = |x|.
static __device__ __forceinline__ float normal_cdf(float x) {
    float a = fabsf(x), u = 1.f / fmaf(0.35f, a, 1.f);
    float p = -0.029732276f;
    p = fmaf(p, u, 0.14678399f);
    p = fmaf(p, u, -0.26141053f);
    p = fmaf(p, u, 0.16551016f);
    p = fmaf(p, u, -0.027321910f);
    p = fmaf(p, u, 0.10721250f);
    p = fmaf(p, u, 0.11942510f);
    p = fmaf(p, u, 0.13991433f);
    p = fmaf(p, u, 0.13961864f);
    float tail = p * u * exp_(-0.5f * a * a);
    return x > 0.f ? 1.f - tail : tail;
}
