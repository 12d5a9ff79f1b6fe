// update.cu: the steps of the optimisers, in place over flat buffers.
#include "device.cuh"

// What a step takes from device memory, so that a captured graph can be replayed
// with other numbers. The Go side writes it as hyper.
struct Hyper {
    float lr, grad_scale; // the gradient is multiplied by grad_scale first
    int step;             // 1 for the first
};

// What all elements share, made by adam_coefficients.
struct AdamCoefficients {
    float grad_scale, l2, keep, rate1, rate2, step, inverse_sqrt_bias2;
};

// power is b^n in float64, by squaring.
static __device__ __forceinline__ double power(double b, int n) {
    double p = 1;
    for (; n > 0; n /= 2, b *= b)
        if (n % 2) p *= b;
    return p;
}

// adam_coefficients prepares a step of Adam, or of AdamW if decoupled, by one
// thread. advance adds one to the step count first, for a graph that is replayed.
KERNEL(32) adam_coefficients(AdamCoefficients *out, Hyper *hyper, float beta1, float beta2, float weight_decay, int decoupled, int advance) {
    if (threadIdx.x > 0) return;
    int step = hyper->step + advance;
    if (advance) hyper->step = step;
    double lr = hyper->lr;
    out->grad_scale = hyper->grad_scale;
    out->l2 = decoupled ? 0.f : weight_decay;
    out->keep = decoupled ? (float)(1 - lr * weight_decay) : 1.f;
    out->rate1 = (float)(1 - (double)beta1);
    out->rate2 = (float)(1 - (double)beta2);
    out->step = (float)(lr / (1 - power(beta1, step)));
    out->inverse_sqrt_bias2 = (float)(1 / sqrt(1 - power(beta2, step)));
}

// adam: with G = grad_scale*g + l2*p,
// m = beta1*m + (1-beta1)*G, v = beta2*v + (1-beta2)*G*G,
// p = keep*p - lr/(1-beta1^t) * m / (sqrt(v)/sqrt(1-beta2^t) + eps)
KERNEL(BLOCK) adam(float *p, const float *g, float *m, float *v, const AdamCoefficients *k, int n, float beta1, float beta2, float eps) {
    AdamCoefficients s = *k;
    FOR_ALL(i, n) {
        float grad = s.grad_scale * g[i] + s.l2 * p[i];
        float mi = beta1 * m[i] + s.rate1 * grad;
        float vi = beta2 * v[i] + s.rate2 * grad * grad;
        m[i] = mi;
        v[i] = vi;
        p[i] = s.keep * p[i] - s.step * (mi / (sqrtf(vi) * s.inverse_sqrt_bias2 + eps));
    }
}

// sgd: d = grad_scale*g + weight_decay*p; m = first ? d : momentum*m + d;
// p -= lr * (nesterov ? d + momentum*m : m), or p -= lr*d where m is null
KERNEL(BLOCK) sgd(float *p, const float *g, float *m, const Hyper *hyper, int n, float momentum, float weight_decay, int nesterov, int first) {
    float lr = hyper->lr, grad_scale = hyper->grad_scale;
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

// clip: hyper.grad_scale *= min(1, max_norm/(norm+1e-6)) for norm = hyper.grad_scale*sqrt(squares[0]), by
// one thread: gradients longer than max_norm are shortened to it, without the host's help
KERNEL(32) clip(Hyper *hyper, const float *squares, float max_norm) {
    if (threadIdx.x > 0) return;
    float norm = hyper->grad_scale * sqrtf(squares[0]), k = max_norm / (norm + 1e-6f);
    if (k < 1.f) hyper->grad_scale *= k;
}
