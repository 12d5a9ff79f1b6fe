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
    FOR_ALL(i, n) {
        float s = slope(op, x[i], y[i]);
        store(&dx[i], dy[i] * s, acc);
    }
}

// The order of tensor.BinaryOp.
enum Binary { ADD, SUB, MUL };

// binary: dst[i] = op(a[i], b[i % period])
KERNEL(BLOCK) binary(float *dst, const float *a, const float *b, int n, int period, int op) {
    FOR_ALL(i, n) {
        float v = a[i], w = b[i % period];
        dst[i] = op == ADD ? v + w : op == SUB ? v - w : v * w;
    }
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

// bias_act ends a linear layer after the matrix product x:
// z = x[i] + bias[i % cols]; pre[i] = z; dst[i] = act(z) + residual[i].
// bias, pre and residual may be null; dst and pre may be x.
KERNEL(BLOCK) bias_act(float *dst, float *pre, const float *x, const float *bias, const float *residual, int n, int cols, int act) {
    FOR_ALL(i, n) {
        float z = x[i];
        if (bias) z += bias[i % cols];
        if (pre) pre[i] = z;
        switch (act) {
        case ACT_RELU: z = apply(RELU, z); break;
        case ACT_GELU: z = apply(GELU, z); break;
        case ACT_QUICK_GELU: z = apply(QUICK_GELU, z); break;
        case ACT_SILU: z = apply(SILU, z); break;
        }
        if (residual) z += residual[i];
        dst[i] = z;
    }
}
