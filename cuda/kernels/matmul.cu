// matmul.cu: the plain matrix product, for checking cuBLAS and for machines without it.
#include "device.cuh"

// matmul: dst[b] = alpha * op(a[b]) * op(b[b]) + beta * dst[b], op(a) (m, k), op(b) (k, n);
// beta = 0 does not read dst. a is (m, k), or (k, m) if trans_a; b (k, n), or (n, k) if trans_b.
// A block of (32, 8) threads makes a tile of 32 x 32, four rows a thread, and
// brings the operands through shared memory 32 columns at a time.
KERNEL(BLOCK) matmul(float *dst, const float *a, const float *b, int m, int n, int k, int trans_a, int trans_b, float alpha, float beta) {
    __shared__ float ta[32][33], tb[32][33];
    uint tx = threadIdx.x, ty = threadIdx.y;
    uint r0 = blockIdx.y * 32, c0 = blockIdx.x * 32;
    a += (place)blockIdx.z * m * k;
    b += (place)blockIdx.z * k * n;
    dst += (place)blockIdx.z * m * n;
    float sum[4] = {0.f, 0.f, 0.f, 0.f};
    for (uint k0 = 0; k0 < k; k0 += 32) {
        for (uint q = ty; q < 32; q += 8) {
            // ta[i][j] = op(a)[r0+i][k0+j] and tb[i][j] = op(b)[k0+i][c0+j]; tx runs along memory
            uint i = trans_a ? tx : q, j = trans_a ? q : tx;
            ta[i][j] = r0 + i < m && k0 + j < k ? a[trans_a ? (place)(k0 + j) * m + r0 + i : (place)(r0 + i) * k + k0 + j] : 0.f;
            i = trans_b ? tx : q, j = trans_b ? q : tx;
            tb[i][j] = k0 + i < k && c0 + j < n ? b[trans_b ? (place)(c0 + j) * k + k0 + i : (place)(k0 + i) * n + c0 + j] : 0.f;
        }
        __syncthreads();
        for (uint j = 0; j < 32; j++)
            for (uint q = 0; q < 4; q++) sum[q] = fmaf(ta[ty + 8 * q][j], tb[j][tx], sum[q]);
        __syncthreads();
    }
    for (uint q = 0; q < 4; q++) {
        uint r = r0 + ty + 8 * q, c = c0 + tx;
        if (r >= m || c >= n) continue;
        float *p = dst + (place)r * n + c;
        *p = beta == 0.f ? alpha * sum[q] : alpha * sum[q] + beta * *p;
    }
}
