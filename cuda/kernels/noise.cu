// noise.cu: the streams of package internal/rng, bit for bit. Word i of a stream
// depends on i alone, so each thread makes its own four values from a counter;
// no state is kept, and a replayed graph draws new values when stream[2], the
// step, is overwritten.
#include "device.cuh"

// philox turns counter block i of a stream {key0, key1, step0, step1} into four random words.
// Philox4x32-10; Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011.
static __device__ __forceinline__ void philox(uint w[4], uint i, const uint *stream) {
    uint c0 = i, c1 = 0, c2 = stream[2], c3 = stream[3], k0 = stream[0], k1 = stream[1];
    for (int round = 0; round < 10; round++) {
        uint high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
        uint high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    w[0] = c0;
    w[1] = c1;
    w[2] = c2;
    w[3] = c3;
}

// random_word is word i of a stream.
static __device__ __forceinline__ uint random_word(const uint *stream, uint i) {
    uint w[4];
    philox(w, i / 4, stream);
    uint low = i & 1 ? w[1] : w[0], high = i & 1 ? w[3] : w[2];
    return i & 2 ? high : low;
}

// log_unit is ln of (w+1/2) * 2^-32, in the arithmetic of rng.logUnit.
static __device__ __forceinline__ double log_unit(uint w) {
    const long long sqrt_half = 0x3fe6a09e667f3bcdll;
    long long b = __double_as_longlong((double)w + 0.5) - sqrt_half;
    double e = (double)((b >> 52) - 32);
    double m = __longlong_as_double((b & 0xfffffffffffffll) + sqrt_half);
    double t = (m - 1) / (m + 1), z = t * t, zz = z * z;
    double series = (1 + z * (1.0 / 3)) + zz * ((1.0 / 5 + z * (1.0 / 7)) + zz * (1.0 / 9));
    return e * 0.693147180559945309417232 + 2 * t * series;
}

// box_muller is r*cos(angle), r*sin(angle) with r = sqrt(-2 ln u), in the arithmetic of rng.boxMuller.
static __device__ __forceinline__ void box_muller(float *x, float *y, uint radius, uint angle) {
    double r = sqrt(-2 * log_unit(radius));
    double a = ((double)((int)angle >> 1) + 0.5) * (3.14159265358979323846264 / 2147483648.0);
    r = __longlong_as_double(__double_as_longlong(r) ^ (long long)((unsigned long long)angle << 63));
    double z = a * a, zz = z * z;
    double cos = (1 + z * (-1.0 / 2)) + zz * ((1.0 / 24 + z * (-1.0 / 720)) + zz * ((1.0 / 40320 + z * (-1.0 / 3628800)) + zz * (1.0 / 479001600)));
    double sin = (1 + z * (-1.0 / 6)) + zz * ((1.0 / 120 + z * (-1.0 / 5040)) + zz * ((1.0 / 362880 + z * (-1.0 / 39916800)) + zz * (1.0 / 6227020800.0)));
    *x = (float)(r * cos);
    *y = (float)(r * a * sin);
}

// uniform: dst[i] = the upper 24 bits of word i, times 2^-24
KERNEL(BLOCK) uniform(float *dst, int n, const uint *stream) {
    FOR_ALL(i, (n + 3) / 4) {
        uint w[4];
        philox(w, i, stream);
        for (uint k = 0; k < 4; k++)
            if (4 * i + k < n) dst[4 * i + k] = (float)(w[k] >> 8) * (1.f / (1 << 24));
    }
}

// normal: dst[2i], dst[2i+1] = Box and Muller's pair of the words 2i (radius) and 2i+1 (angle)
KERNEL(BLOCK) normal(float *dst, int n, const uint *stream) {
    FOR_ALL(i, (n + 3) / 4) {
        uint w[4];
        float v[4];
        philox(w, i, stream);
        box_muller(&v[0], &v[1], w[0], w[1]);
        box_muller(&v[2], &v[3], w[2], w[3]);
        for (uint k = 0; k < 4; k++)
            if (4 * i + k < n) dst[4 * i + k] = v[k];
    }
}

// noise_rows: dst[i] = a·x[ids[i]] + b·ε, with row ids[i], or i where ids is nil,
// in sample ids[i]/rows, whose a and b lie side by side in levels. ε are the
// stream's first n·cols normal values. A thread makes four.
KERNEL(BLOCK) noise_rows(float *dst, const float *x, const int *ids, const float *levels, const uint *stream, int n, int cols, int rows) {
    uint total = n * cols;
    FOR_ALL(i, (total + 3) / 4) {
        uint w[4];
        float v[4];
        philox(w, i, stream);
        box_muller(&v[0], &v[1], w[0], w[1]);
        box_muller(&v[2], &v[3], w[2], w[3]);
        for (uint k = 0; k < 4; k++) {
            uint at = 4 * i + k;
            if (at >= total) break;
            uint row = at / cols, from = ids ? (uint)ids[row] : row;
            const float *level = levels + 2 * (from / rows);
            dst[at] = level[0] * x[(place)from * cols + at % cols] + level[1] * v[k];
        }
    }
}
