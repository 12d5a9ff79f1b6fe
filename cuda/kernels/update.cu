// update.cu: the steps of the optimisers, in place over flat buffers.
#include "device.cuh"

// What a step takes from device memory, so that a captured graph can be replayed
// with other numbers. The Go side writes it as hyper.
struct Hyper {
    float lr;
    int step; // 1 for the first
};

// scale_of is what the gradient is multiplied by first: scale[0], or 1 where there is
// none. Where it is not a number no update is made.
static __device__ __forceinline__ float scale_of(const float *scale) { return scale ? *scale : 1.f; }

// What all elements share, made by adam_coefficients.
struct AdamCoefficients {
    float l2, keep, rate1, rate2, step, inverse_sqrt_bias2;
};

// power is b^n in float64, by squaring.
static __device__ __forceinline__ double power(double b, int n) {
    double p = 1;
    for (; n > 0; n /= 2, b *= b)
        if (n % 2) p *= b;
    return p;
}

// adam_coefficients prepares a step of Adam, or of AdamW if decoupled, by one
// thread.
KERNEL(32) adam_coefficients(AdamCoefficients *out, const Hyper *hyper, float beta1, float beta2, float weight_decay, int decoupled) {
    if (threadIdx.x > 0) return;
    double lr = hyper->lr;
    out->l2 = decoupled ? 0.f : weight_decay;
    out->keep = decoupled ? (float)(1 - lr * weight_decay) : 1.f;
    out->rate1 = (float)(1 - (double)beta1);
    out->rate2 = (float)(1 - (double)beta2);
    out->step = (float)(lr / (1 - power(beta1, hyper->step)));
    out->inverse_sqrt_bias2 = (float)(1 / sqrt(1 - power(beta2, hyper->step)));
}

// adam: with G = scale*g + l2*p,
// m = beta1*m + (1-beta1)*G, v = beta2*v + (1-beta2)*G*G,
// p = keep*p - lr/(1-beta1^t) * m / (sqrt(v)/sqrt(1-beta2^t) + eps)
KERNEL(BLOCK) adam(float *p, const float *g, float *m, float *v, const float *scale, const AdamCoefficients *k, int n, float beta1, float beta2, float eps) {
    AdamCoefficients s = *k;
    float grad_scale = scale_of(scale);
    if (grad_scale != grad_scale) return;
    FOR_ALL(i, n) {
        float grad = grad_scale * g[i] + s.l2 * p[i];
        float mi = beta1 * m[i] + s.rate1 * grad;
        float vi = beta2 * v[i] + s.rate2 * grad * grad;
        m[i] = mi;
        v[i] = vi;
        p[i] = s.keep * p[i] - s.step * (mi / (sqrtf(vi) * s.inverse_sqrt_bias2 + eps));
    }
}

// sgd: d = scale*g + weight_decay*p; m = first ? d : momentum*m + d;
// p -= lr * (nesterov ? d + momentum*m : m), or p -= lr*d where m is null
KERNEL(BLOCK) sgd(float *p, const float *g, float *m, const float *scale, const Hyper *hyper, int n, float momentum, float weight_decay, int nesterov, int first) {
    float lr = hyper->lr, grad_scale = scale_of(scale);
    if (grad_scale != grad_scale) return;
    FOR_ALL(i, n) {
        float d = g[i] * grad_scale + weight_decay * p[i];
        if (m) {
            float mi = first ? d : momentum * m[i] + d;
            m[i] = mi;
            d = nesterov ? d + momentum * mi : mi;
        }
        p[i] -= lr * d;
    }
}

// note_step, by one thread: log[0] is the row of log that gets the loss and the norm,
// the root of the sum of the n squares in their order, and moves on by one of rows.
// scale = min(1, most/(norm+1e-6)), 1 where most is 0; NaN where loss or norm is not
// finite, and where it was NaN before.
KERNEL(32) note_step(float *log, float *scale, const float *loss, const float *squares, int n, int rows, float most) {
    if (threadIdx.x > 0) return;
    double sum = 0.;
    for (int i = 0; i < n; i++) sum += squares[i];
    double norm = sqrt(sum), value = *loss;
    int row = (int)log[0];
    log[1 + 2 * row] = *loss;
    log[2 + 2 * row] = (float)norm;
    log[0] = row + 1 == rows ? 0.f : (float)(row + 1);
    double k = most / (norm + 1e-6);
    float old = *scale, s = most > 0.f && k < 1. ? (float)k : 1.f;
    if (value - value != 0. || norm - norm != 0. || old != old) s = __int_as_float(0x7fc00000);
    *scale = s;
}
