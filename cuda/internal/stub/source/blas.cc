// blas.cc: the part of cuBLAS that is used.
#include "stub.h"
#include <vector>

struct Handle { Stream *stream = nullptr; };

API int cublasCreate_v2(Handle **h) {
    if (!context() || modes.noblas) return 1;
    *h = new Handle;
    return 0;
}
API int cublasDestroy_v2(Handle *h) { delete h; return 0; }
API int cublasGetVersion_v2(Handle *, int *v) { *v = 130000; return 0; }
API int cublasSetStream_v2(Handle *h, Stream *s) { h->stream = s; return 0; }
API int cublasSetWorkspace_v2(Handle *, void *p, size_t n) { return on_device((deviceptr)p, n) ? 0 : 7; }

enum { FAST_16BF = 75, FAST_TF32 = 77 };

float rounded(float v, int bits) {
    uint32_t drop = 23 - bits, u = bits_as<uint32_t>(v);
    if ((u >> 23 & 255) == 255) return v; // not finite
    u += (1u << (drop - 1)) - 1 + (u >> drop & 1);
    return bits_as<float>(u & ~((1u << drop) - 1));
}

// factor returns op(x), (rows, cols) column-major, as rows side by side in memory.
static std::vector<float> factor(const float *x, int trans, int rows, int cols, int stride, int bits) {
    std::vector<float> out((size_t)rows * cols);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) {
            float v = trans ? x[(size_t)r * stride + c] : x[(size_t)c * stride + r];
            out[(size_t)r * cols + c] = bits ? rounded(v, bits) : v;
        }
    return out;
}

// multiply is C = alpha op(A) op(B) + beta C, column-major: op(A) (m, k), op(B) (k, n).
static void multiply(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc, int bits) {
    std::vector<float> rows = factor(a, ta, m, k, lda, bits), cols = factor(b, !tb, n, k, ldb, bits), sum(m);
    // cols holds op(B) transposed, so that both run along k
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) {
            const float *x = &rows[(size_t)i * k], *y = &cols[(size_t)j * k];
            float part[8] = {};
            int q = 0;
            for (; q + 8 <= k; q += 8)
                for (int u = 0; u < 8; u++) part[u] += x[q + u] * y[q + u];
            for (; q < k; q++) part[0] += x[q] * y[q];
            float s = ((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7]));
            float *out = &c[(size_t)j * ldc + i];
            *out = beta == 0 ? alpha * s : alpha * s + beta * *out; // beta 0: what is there is not read
        }
}

API int cublasGemmStridedBatchedEx(Handle *h, int ta, int tb, int m, int n, int k, const void *alpha, const void *A, int at, int lda, long long sa,
    const void *B, int bt, int ldb, long long sb, const void *beta, void *C, int ct, int ldc, long long sc, int batch, int compute, int) {
    if (m < 0 || n < 0 || k < 0 || lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m || at || bt || ct) return 7;
    long long last = batch - 1;
    long long size_a = 4 * (last * sa + (long long)((ta ? m : k) - 1) * lda + (ta ? k : m));
    long long size_b = 4 * (last * sb + (long long)((tb ? k : n) - 1) * ldb + (tb ? n : k));
    long long size_c = 4 * (last * sc + (long long)(n - 1) * ldc + m);
    Locked l;
    if (!on_device((deviceptr)A, size_a) || !on_device((deviceptr)B, size_b) || !on_device((deviceptr)C, size_c)) return 7;
    int bits = !modes.tf32 ? 0 : compute == FAST_TF32 ? 10 : compute == FAST_16BF ? 7 : 0;
    float al = *(const float *)alpha, be = *(const float *)beta;
    return submit(h->stream, [=] {
        for (int i = 0; i < batch; i++)
            multiply(ta, tb, m, n, k, al, (const float *)A + i * sa, lda, (const float *)B + i * sb, ldb, be, (float *)C + i * sc, ldc, bits);
        return 0;
    });
}
