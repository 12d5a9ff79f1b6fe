// elementwise.cu: arithmetic on single elements. Memory bounds all of these, so
// one kernel serves several functions: the switch costs nothing beside a load.
#include "math.cuh"

// The order of tensor.UnaryOp.
enum Unary { RELU, GELU, QUICK_GELU, SILU, SIGMOID, TANH, EXP, SQUARE };

// gated is x * sigmoid(slope * x): SiLU for slope 1, QuickGELU for 1.702.
static __device__ __forceinline__ float gated(float x, float slope) { return x * sigmoid_(slope * x); }
static __device__ __forceinline__ float gated_slope(float x, float slope) {
    float s = sigmoid_(slope * x);
    return fmaf(slope * x * s, 1.f - s, s);
}

static __device__ __forceinline__ float apply(int op, float x) {
    switch (op) {
    case RELU: return x > 0.f ? x : x != x ? x : 0.f;
    case GELU: return x * normal_cdf(x);
    case QUICK_GELU: return gated(x, 1.702f);
    case SILU: return gated(x, 1.f);
    case SIGMOID: return sigmoid_(x);
    case TANH: return tanh_(x);
    case EXP: return exp_(x);
    default: return x * x;
    }
}

// slope is the derivative at x, where y = op(x).
static __device__ __forceinline__ float slope(int op, float x, float y) {
    switch (op) {
    case RELU: return y > 0.f ? 1.f : 0.f;
    case GELU: return fmaf(x, normal_density(x), normal_cdf(x));
    case QUICK_GELU: return gated_slope(x, 1.702f);
    case SILU: return gated_slope(x, 1.f);
    case SIGMOID: return y * (1.f - y);
    case TANH: return 1.f - y * y;
    case EXP: return y;
    default: return 2.f * x;
    }
}

// unary: dst[i] = op(x[i])
KERNEL(BLOCK) unary(float *dst, const float *x, int n, int op) {
    FOR_ALL(i, n) dst[i] = apply(op, x[i]);
}

// unary_backward: dx[i] (+)= dy[i] * op'(x[i]), y[i] = op(x[i])
KERNEL(BLOCK) unary_backward(float *dx, const float *dy, const float *x, const float *y, int n, int op, int acc) {
    if (n % 4 == 0 && aligned_16(dx) && aligned_16(dy) && aligned_16(x) && aligned_16(y)) {
        FOR_ALL(q, n / 4) {
            place i = 4 * (place)q;
            float d[4], a[4], b[4];
            load_4(d, dy + i);
            load_4(a, x + i);
            load_4(b, y + i);
            UNROLL
            for (int k = 0; k < 4; k++) d[k] *= slope(op, a[k], b[k]);
            put_4(dx + i, d, acc);
        }
        return;
    }
    FOR_ALL(i, n) {
        float s = slope(op, x[i], y[i]);
        store(&dx[i], dy[i] * s, acc);
    }
}

// The order of tensor.BinaryOp.
enum Binary { ADD, SUB, MUL };

static __device__ __forceinline__ float combine(int op, float v, float w) { return op == ADD ? v + w : op == SUB ? v - w : v * w; }

// binary: dst[i] = op(a[i], b[i % period])
KERNEL(BLOCK) binary(float *dst, const float *a, const float *b, int n, int period, int op) {
    if (n % 4 == 0 && period % 4 == 0 && aligned_16(dst) && aligned_16(a) && aligned_16(b)) {
        FOR_ALL(q, n / 4) {
            place i = 4 * (place)q;
            float v[4], w[4];
            load_4(v, a + i);
            load_4(w, b + 4 * q % period);
            UNROLL
            for (int k = 0; k < 4; k++) v[k] = combine(op, v[k], w[k]);
            store_4(dst + i, v);
        }
        return;
    }
    FOR_ALL(i, n) dst[i] = combine(op, a[i], b[i % period]);
}

// scale: dst[i] = s * x[i]
KERNEL(BLOCK) scale(float *dst, const float *x, int n, float s) {
    FOR_ALL(i, n) dst[i] = s * x[i];
}

// axpy: y[i] += s * x[i]
KERNEL(BLOCK) axpy(float *y, const float *x, int n, float s) {
    FOR_ALL(i, n) y[i] = fmaf(s, x[i], y[i]);
}

// mul_acc: dst[i] += a[i] * b[i % period]
KERNEL(BLOCK) mul_acc(float *dst, const float *a, const float *b, int n, int period) {
    FOR_ALL(i, n) dst[i] = fmaf(a[i], b[i % period], dst[i]);
}

// scale_by_scalar: dst[i] = x[i] * s[0]
KERNEL(BLOCK) scale_by_scalar(float *dst, const float *x, const float *s, int n) {
    FOR_ALL(i, n) dst[i] = x[i] * s[0];
}

// add_scalar: dst[i] (+)= s * v[0]
KERNEL(BLOCK) add_scalar(float *dst, const float *v, int n, float s, int acc) {
    FOR_ALL(i, n) store(&dst[i], s * v[0], acc);
}

// The order of tensor.Activation.
enum Activation { NO_ACT, ACT_RELU, ACT_GELU, ACT_QUICK_GELU, ACT_SILU };

static __device__ __forceinline__ float activate(int act, float z) {
    switch (act) {
    case ACT_RELU: return apply(RELU, z);
    case ACT_GELU: return apply(GELU, z);
    case ACT_QUICK_GELU: return apply(QUICK_GELU, z);
    case ACT_SILU: return apply(SILU, z);
    }
    return z;
}

// bias_act ends a linear layer after the matrix product x:
// z = x[i] + bias[i % cols]; pre[i] = z; dst[i] = act(z) + residual[i].
// bias, pre and residual may be null; dst and pre may be x.
KERNEL(BLOCK) bias_act(float *dst, float *pre, const float *x, const float *bias, const float *residual, int n, int cols, int act) {
    if (cols % 4 == 0 && aligned_16(dst) && aligned_16(pre) && aligned_16(x) && aligned_16(bias) && aligned_16(residual)) {
        FOR_ALL(q, n / 4) {
            place i = 4 * (place)q;
            float z[4], b[4] = {}, r[4] = {};
            load_4(z, x + i);
            if (residual) load_4(r, residual + i);
            if (bias) load_4(b, bias + 4 * q % cols);
            add_4(z, b);
            if (pre) store_4(pre + i, z);
            UNROLL
            for (int k = 0; k < 4; k++) z[k] = activate(act, z[k]) + r[k];
            store_4(dst + i, z);
        }
        return;
    }
    FOR_ALL(i, n) {
        float z = x[i];
        if (bias) z += bias[i % cols];
        if (pre) pre[i] = z;
        z = activate(act, z);
        if (residual) z += residual[i];
        dst[i] = z;
    }
}
