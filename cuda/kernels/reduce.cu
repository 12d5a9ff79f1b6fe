// reduce.cu: sums. No kernel adds to one place from two blocks: each block writes
// a partial sum of its own, and a second launch adds those in order, so that a
// sum has the same bits every time.
#include "device.cuh"

// PART is how many elements make one partial sum of sum_parts and dot_parts.
#define PART 4096

// sum_parts: part[k] = the sum of x[k*PART : (k+1)*PART], by block k
KERNEL(BLOCK) sum_parts(float *part, const float *x, int n) {
    __shared__ float room[BLOCK / 32];
    uint end = smaller(n, (blockIdx.x + 1) * PART);
    float sum = 0.f;
    for (uint i = blockIdx.x * PART + threadIdx.x; i < end; i += BLOCK) sum += x[i];
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) part[blockIdx.x] = sum;
}

// dot_parts: part[k] = the sum of a[i]*b[i] over i in [k*PART, (k+1)*PART), by block k
KERNEL(BLOCK) dot_parts(float *part, const float *a, const float *b, int n) {
    __shared__ float room[BLOCK / 32];
    uint end = smaller(n, (blockIdx.x + 1) * PART);
    float sum = 0.f;
    for (uint i = blockIdx.x * PART + threadIdx.x; i < end; i += BLOCK) sum = fmaf(a[i], b[i], sum);
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) part[blockIdx.x] = sum;
}

// total: dst[0] (+)= scale * the sum of x, in float64, by a single block
KERNEL(BLOCK) total(float *dst, const float *x, int n, float scale, int acc) {
    __shared__ double room[BLOCK];
    double sum = 0.;
    for (uint i = threadIdx.x; i < n; i += BLOCK) sum += x[i];
    room[threadIdx.x] = sum;
    for (uint half = BLOCK / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) room[threadIdx.x] += room[threadIdx.x + half];
    }
    if (threadIdx.x == 0) store(dst, (float)(scale * room[0]), acc);
}

// column_sums adds up f(row, column) over the rows of blockIdx.y: a block of
// (32, 8) threads takes 32 columns and every (8*gridDim.y)-th row of each thread.
// out is (gridDim.y, cols).
template <class F> static __device__ __forceinline__ void column_sums(float *out, int rows, int cols, int acc, F f) {
    __shared__ float room[8][32];
    uint c = blockIdx.x * 32 + threadIdx.x;
    float sum = 0.f;
    if (c < cols)
        for (uint r = blockIdx.y * 8 + threadIdx.y; r < rows; r += gridDim.y * 8) sum += f(r, c);
    room[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && c < cols) {
        for (int k = 1; k < 8; k++) sum += room[k][threadIdx.x];
        store(&out[(place)blockIdx.y * cols + c], sum, acc);
    }
}

// col_sum: out[y][c] (+)= the sum of x[r][c] over the rows of part y
KERNEL(BLOCK) col_sum(float *out, const float *x, int rows, int cols, int acc) {
    column_sums(out, rows, cols, acc, [=](uint r, uint c) { return x[(place)r * cols + c]; });
}

// col_dot: out[y][c] (+)= the sum of a[r][c]*b[r][c] over the rows of part y
KERNEL(BLOCK) col_dot(float *out, const float *a, const float *b, int rows, int cols, int acc) {
    column_sums(out, rows, cols, acc, [=](uint r, uint c) { return a[(place)r * cols + c] * b[(place)r * cols + c]; });
}

// col_sum_unset: out[y][c] (+)= the sum of x[r][c] over the rows of part y whose ids[r] is negative
KERNEL(BLOCK) col_sum_unset(float *out, const float *x, const int *ids, int rows, int cols, int acc) {
    column_sums(out, rows, cols, acc, [=](uint r, uint c) { return ids[r] < 0 ? x[(place)r * cols + c] : 0.f; });
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
