// reduce.cu: sums. No kernel adds to one place from two blocks: each block writes
// a partial sum of its own, and a second launch adds those in order, so that a
// sum has the same bits every time.
#include "device.cuh"

// PART is how many elements make one partial sum of sum_parts and dot_parts.
#define PART 4096

// sum_parts: part[k] = the sum of x[k*PART : (k+1)*PART], by block k
KERNEL(BLOCK) sum_parts(float *part, const float *x, int n) {
    __shared__ float room[BLOCK / 32];
    uint first = blockIdx.x * PART, end = first + smaller(n - first, PART); // (blockIdx.x + 1) * PART may be 2^31
    float sum = 0.f;
    UNROLL_4
    for (uint i = first + threadIdx.x; i < end; i += BLOCK) sum += x[i];
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) part[blockIdx.x] = sum;
}

// dot_parts: part[k] = the sum of a[i]*b[i] over i in [k*PART, (k+1)*PART), by block k
KERNEL(BLOCK) dot_parts(float *part, const float *a, const float *b, int n) {
    __shared__ float room[BLOCK / 32];
    uint first = blockIdx.x * PART, end = first + smaller(n - first, PART); // (blockIdx.x + 1) * PART may be 2^31
    float sum = 0.f;
    UNROLL_4
    for (uint i = first + threadIdx.x; i < end; i += BLOCK) sum = fmaf(a[i], b[i], sum);
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) part[blockIdx.x] = sum;
}

// total: dst[0] (+)= scale * the sum of x, in float64, by a single block
KERNEL(BLOCK) total(float *dst, const float *x, int n, float scale, int acc) {
    __shared__ double room[BLOCK];
    double sum = 0.;
    UNROLL_4
    for (uint i = threadIdx.x; i < n; i += BLOCK) sum += x[i];
    room[threadIdx.x] = sum;
    for (uint half = BLOCK / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) room[threadIdx.x] += room[threadIdx.x + half];
    }
    if (threadIdx.x == 0) store(dst, (float)(scale * room[0]), acc);
}

// add_up is sum + f(first) + f(first+step) + ... below end, in this order; eight of
// them are under way at once.
template <class F> static __device__ __forceinline__ float add_up(float sum, uint first, uint end, uint step, F f) {
    uint r = first;
    for (; r + 7 * step < end; r += 8 * step) {
        float v[8];
        UNROLL
        for (int u = 0; u < 8; u++) v[u] = f(r + u * step);
        UNROLL
        for (int u = 0; u < 8; u++) sum += v[u];
    }
    for (; r < end; r += step) sum += f(r);
    return sum;
}

// column_sums adds up f(row, column) over the rows of blockIdx.y and hands the sum
// to put(column, sum): a block of (32, 8) threads takes 32 columns and every
// (8*gridDim.y)-th row of each thread.
template <class F, class P> static __device__ __forceinline__ void column_sums(int rows, int cols, F f, P put) {
    __shared__ float room[8][32];
    uint c = blockIdx.x * 32 + threadIdx.x;
    float sum = 0.f;
    if (c < cols)
        sum = add_up(0.f, blockIdx.y * 8 + threadIdx.y, rows, gridDim.y * 8, [=](uint r) { return f(r, c); });
    room[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && c < cols) {
        for (int k = 1; k < 8; k++) sum += room[k][threadIdx.x];
        put(c, sum);
    }
}

// column_parts is column_sums into out (gridDim.y, cols).
template <class F> static __device__ __forceinline__ void column_parts(float *out, int rows, int cols, int acc, F f) {
    column_sums(rows, cols, f, [=](uint c, float sum) { store(&out[(place)blockIdx.y * cols + c], sum, acc); });
}

// col_sum: out[y][c] (+)= the sum of x[r][c] over the rows of part y
KERNEL(BLOCK) col_sum(float *out, const float *x, int rows, int cols, int acc) {
    column_parts(out, rows, cols, acc, [=](uint r, uint c) { return x[(place)r * cols + c]; });
}

// col_dot: out[y][c] (+)= the sum of a[r][c]*b[r][c] over the rows of part y
KERNEL(BLOCK) col_dot(float *out, const float *a, const float *b, int rows, int cols, int acc) {
    column_parts(out, rows, cols, acc, [=](uint r, uint c) { return a[(place)r * cols + c] * b[(place)r * cols + c]; });
}

// col_sum_unset: out[y][c] (+)= the sum of x[r][c] over the rows of part y whose ids[r] is negative
KERNEL(BLOCK) col_sum_unset(float *out, const float *x, const int *ids, int rows, int cols, int acc) {
    column_parts(out, rows, cols, acc, [=](uint r, uint c) { return ids[r] < 0 ? x[(place)r * cols + c] : 0.f; });
}

// col_sum_pairs: dst[c] += the sum of x[r][0][c] over all rows, other[c] += that of x[r][1][c]
KERNEL(BLOCK) col_sum_pairs(float *dst, float *other, const float *x, int rows, int cols) {
    column_sums(rows, 2 * cols, [=](uint r, uint c) { return x[(place)r * 2 * cols + c]; },
        [=](uint c, float sum) { store(c < cols ? &dst[c] : &other[c - cols], sum, 1); });
}

// layer_norm_params: the parts of LayerNorm's parameter gradients,
// dgamma[y][c] = the sum of dy[r][c] * (x[r][c]-mean[r])*rstd[r], dbeta[y][c] = that of dy[r][c]
KERNEL(BLOCK) layer_norm_params(float *dgamma, float *dbeta, const float *dy, const float *x, const float *mean, const float *rstd, int rows, int cols) {
    __shared__ float room_g[8][32], room_b[8][32];
    uint c = blockIdx.x * 32 + threadIdx.x;
    float g = 0.f, b = 0.f;
    if (c < cols)
        for (uint r = blockIdx.y * 8 + threadIdx.y; r < rows; r += gridDim.y * 8) {
            float d = dy[(place)r * cols + c];
            g = fmaf(d, (x[(place)r * cols + c] - mean[r]) * rstd[r], g);
            b += d;
        }
    room_g[threadIdx.y][threadIdx.x] = g;
    room_b[threadIdx.y][threadIdx.x] = b;
    __syncthreads();
    if (threadIdx.y == 0 && c < cols) {
        for (int k = 1; k < 8; k++) {
            g += room_g[k][threadIdx.x];
            b += room_b[k][threadIdx.x];
        }
        dgamma[(place)blockIdx.y * cols + c] = g;
        dbeta[(place)blockIdx.y * cols + c] = b;
    }
}
