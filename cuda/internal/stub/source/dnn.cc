// dnn.cc: the part of cuDNN that is used. One sum over all pairs of an element of x
// and a filter that meet in an element of y serves the three passes.
#include "stub.h"
#include <set>
#include <vector>

enum Status { NOT_INITIALIZED_DNN = 1001, BAD_PARAM = 2000, NOT_SUPPORTED = 3000 };

struct Handle { Stream *stream = nullptr; };

// Of a tensor n, c, h, w, and of filters out, in of a group, h, w.
struct Sizes {
    bool set = false;
    int d[4] = {};
    long count() const { return (long)d[0] * d[1] * d[2] * d[3]; }
};
struct Convolution {
    bool set = false;
    int pad[2] = {}, stride[2] = {}, dilation[2] = {}, groups = 1, math = 0;
};

// A descriptor that was destroyed, or is of another kind, is a mistake.
static std::set<const void *> tensors, filters, convolutions;

template <class T> static int create(std::set<const void *> &live, T **out) {
    Locked l;
    *out = new T;
    live.insert(*out);
    return OK;
}
template <class T> static int destroy(std::set<const void *> &live, T *d) {
    Locked l;
    if (!live.erase(d)) return fail(BAD_PARAM, "a cuDNN descriptor that is not there is destroyed");
    delete d;
    return OK;
}
static int set_sizes(std::set<const void *> &live, Sizes *s, int a, int b, int c, int d) {
    Locked l;
    if (!live.count(s) || a <= 0 || b <= 0 || c <= 0 || d <= 0) return fail(BAD_PARAM, "a cuDNN descriptor of %d x %d x %d x %d", a, b, c, d);
    *s = {true, {a, b, c, d}};
    return OK;
}

API size_t cudnnGetVersion() { return modes.dnn; }
API const char *cudnnGetErrorString(int code) {
    switch (code) {
    case NOT_INITIALIZED_DNN: return "CUDNN_STATUS_NOT_INITIALIZED";
    case BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
    case NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
    }
    return "CUDNN_STATUS_UNKNOWN";
}
API int cudnnCreate(Handle **h) {
    if (!context() || modes.nodnn) return NOT_INITIALIZED_DNN;
    *h = new Handle;
    return OK;
}
API int cudnnDestroy(Handle *h) {
    Locked l;
    delete h;
    return tensors.empty() && filters.empty() && convolutions.empty() ? OK : fail(BAD_PARAM, "cuDNN ends before its descriptors");
}
API int cudnnSetStream(Handle *h, Stream *s) { h->stream = s; return OK; }

API int cudnnCreateTensorDescriptor(Sizes **d) { return create(tensors, d); }
API int cudnnDestroyTensorDescriptor(Sizes *d) { return destroy(tensors, d); }
API int cudnnSetTensor4dDescriptor(Sizes *s, int format, int type, int n, int c, int h, int w) {
    return format || type ? NOT_SUPPORTED : set_sizes(tensors, s, n, c, h, w);
}
API int cudnnCreateFilterDescriptor(Sizes **d) { return create(filters, d); }
API int cudnnDestroyFilterDescriptor(Sizes *d) { return destroy(filters, d); }
API int cudnnSetFilter4dDescriptor(Sizes *s, int type, int format, int k, int c, int h, int w) {
    return format || type ? NOT_SUPPORTED : set_sizes(filters, s, k, c, h, w);
}
API int cudnnCreateConvolutionDescriptor(Convolution **d) { return create(convolutions, d); }
API int cudnnDestroyConvolutionDescriptor(Convolution *d) { return destroy(convolutions, d); }
API int cudnnSetConvolution2dDescriptor(Convolution *c, int ph, int pw, int sh, int sw, int dh, int dw, int mode, int type) {
    Locked l;
    if (!convolutions.count(c) || ph < 0 || pw < 0 || sh <= 0 || sw <= 0 || dh <= 0 || dw <= 0) return fail(BAD_PARAM, "a cuDNN convolution without sense");
    if (mode != 1 || type) return NOT_SUPPORTED;
    *c = {true, {ph, pw}, {sh, sw}, {dh, dw}, 1, 0};
    return OK;
}
API int cudnnSetConvolutionGroupCount(Convolution *c, int n) {
    Locked l;
    if (!convolutions.count(c) || !c->set || n <= 0) return BAD_PARAM;
    c->groups = n;
    return OK;
}
API int cudnnSetConvolutionMathType(Convolution *c, int math) {
    Locked l;
    if (!convolutions.count(c) || !c->set) return BAD_PARAM;
    c->math = math;
    return OK;
}

// Shape is what the descriptors of a call say together.
struct Shape {
    Sizes x, w, y;
    Convolution c;
};

static int shape(const Sizes *x, const Sizes *w, const Sizes *y, const Convolution *c, Shape *out) {
    if (!tensors.count(x) || !filters.count(w) || !tensors.count(y) || !convolutions.count(c) || !x->set || !w->set || !y->set || !c->set)
        return fail(BAD_PARAM, "a cuDNN descriptor that is not there, not set or of another kind");
    bool ok = x->d[0] == y->d[0] && w->d[0] == y->d[1] && x->d[1] == w->d[1] * c->groups && w->d[0] % c->groups == 0;
    for (int i = 0; i < 2; i++)
        ok = ok && y->d[2 + i] == (x->d[2 + i] + 2 * c->pad[i] - c->dilation[i] * (w->d[2 + i] - 1) - 1) / c->stride[i] + 1;
    if (!ok) return fail(BAD_PARAM, "sizes of a cuDNN convolution that do not fit");
    *out = {*x, *w, *y, *c};
    return OK;
}

// The algorithm of each pass that the tests expect is the deterministic one.
static int measure(const Sizes *x, const Sizes *w, const Sizes *y, const Convolution *c, int algorithm, size_t *bytes) {
    Locked l;
    Shape s;
    if (int r = shape(x, w, y, c, &s)) return r;
    if (algorithm != 1) return fail(BAD_PARAM, "algorithm %d of cuDNN does not repeat its bits", algorithm);
    if (modes.refuse && c->groups > 1) return NOT_SUPPORTED;
    *bytes = 4 * w->count() + 2; // of no use here, but it must be there, and its size need not be of whole elements
    return OK;
}

API int cudnnGetConvolutionForwardWorkspaceSize(Handle *, const Sizes *x, const Sizes *w, const Convolution *c, const Sizes *y, int algorithm, size_t *n) {
    return measure(x, w, y, c, algorithm, n);
}
API int cudnnGetConvolutionBackwardDataWorkspaceSize(Handle *, const Sizes *w, const Sizes *y, const Convolution *c, const Sizes *x, int algorithm, size_t *n) {
    return measure(x, w, y, c, algorithm, n);
}
API int cudnnGetConvolutionBackwardFilterWorkspaceSize(Handle *, const Sizes *x, const Sizes *y, const Convolution *c, const Sizes *w, int algorithm, size_t *n) {
    return measure(x, w, y, c, algorithm, n);
}

// meet calls f with the places in x, w and y of every product of the convolution.
template <class F> static void meet(const Shape &s, F f) {
    const int *x = s.x.d, *w = s.w.d, *y = s.y.d, per_out = w[0] / s.c.groups;
    for (long i = 0; i < s.y.count(); i++) {
        int ox = i % y[3], oy = i / y[3] % y[2], o = i / (y[3] * y[2]) % y[1], n = i / ((long)y[3] * y[2] * y[1]);
        for (int k = 0; k < w[1]; k++)
            for (int ky = 0; ky < w[2]; ky++)
                for (int kx = 0; kx < w[3]; kx++) {
                    int iy = oy * s.c.stride[0] - s.c.pad[0] + ky * s.c.dilation[0], ix = ox * s.c.stride[1] - s.c.pad[1] + kx * s.c.dilation[1];
                    if (iy < 0 || iy >= x[2] || ix < 0 || ix >= x[3]) continue;
                    long from = (((long)n * x[1] + o / per_out * w[1] + k) * x[2] + iy) * x[3] + ix;
                    f(from, (((long)o * w[1] + k) * w[2] + ky) * w[3] + kx, i);
                }
    }
}

static bool there(const void *p, const Sizes &s) { return on_device((deviceptr)p, 4 * s.count()); }

// run checks and submits a pass; sum(total, x, w, y) adds one product to the total of size.
template <class F> static int run(Handle *h, const Shape &s, int algorithm, const void *x, const void *w, const void *y, void *room, size_t bytes,
    const void *alpha, const void *beta, void *out, long size, F sum) {
    if (!there(x, s.x) || !there(w, s.w) || !there(y, s.y)) return fail(BAD_PARAM, "a cuDNN convolution of memory that is not the device's");
    if (algorithm != 1 || bytes < 4 * (size_t)s.w.count() + 2 || !on_device((deviceptr)room, bytes)) return fail(BAD_PARAM, "a cuDNN convolution with no room to work");
    if (modes.refuselate && s.c.groups > 1) return NOT_SUPPORTED;
    float a = *(const float *)alpha, b = *(const float *)beta;
    int bits = modes.tf32 && s.c.math != 3 ? 10 : 0; // unless FMA_MATH is asked for
    return submit(h->stream, [=] {
        memset(room, 0x55, bytes);
        auto factor = [=](const void *p, long i) { float v = ((const float *)p)[i]; return (double)(bits ? rounded(v, bits) : v); };
        std::vector<double> total(size);
        meet(s, [&](long i, long j, long k) { sum(total, i, j, k, factor); });
        float *to = (float *)out;
        for (long i = 0; i < size; i++) to[i] = b == 0 ? a * (float)total[i] : a * (float)total[i] + b * to[i]; // beta 0: what is there is not read
        return OK;
    });
}

API int cudnnConvolutionForward(Handle *h, const void *alpha, const Sizes *xd, const void *x, const Sizes *wd, const void *w, const Convolution *c,
    int algorithm, void *room, size_t bytes, const void *beta, const Sizes *yd, void *y) {
    Locked l;
    Shape s;
    if (int r = shape(xd, wd, yd, c, &s)) return r;
    return run(h, s, algorithm, x, w, y, room, bytes, alpha, beta, y, s.y.count(),
        [=](std::vector<double> &t, long i, long j, long k, auto factor) { t[k] += factor(x, i) * factor(w, j); });
}
API int cudnnConvolutionBackwardData(Handle *h, const void *alpha, const Sizes *wd, const void *w, const Sizes *yd, const void *y, const Convolution *c,
    int algorithm, void *room, size_t bytes, const void *beta, const Sizes *xd, void *x) {
    Locked l;
    Shape s;
    if (int r = shape(xd, wd, yd, c, &s)) return r;
    return run(h, s, algorithm, x, w, y, room, bytes, alpha, beta, x, s.x.count(),
        [=](std::vector<double> &t, long i, long j, long k, auto factor) { t[i] += factor(y, k) * factor(w, j); });
}
API int cudnnConvolutionBackwardFilter(Handle *h, const void *alpha, const Sizes *xd, const void *x, const Sizes *yd, const void *y, const Convolution *c,
    int algorithm, void *room, size_t bytes, const void *beta, const Sizes *wd, void *w) {
    Locked l;
    Shape s;
    if (int r = shape(xd, wd, yd, c, &s)) return r;
    return run(h, s, algorithm, x, w, y, room, bytes, alpha, beta, w, s.w.count(),
        [=](std::vector<double> &t, long i, long j, long k, auto factor) { t[j] += factor(x, i) * factor(y, k); });
}

API int cudnnAddTensor(Handle *h, const void *alpha, const Sizes *ad, const void *A, const void *beta, const Sizes *cd, void *C) {
    Locked l;
    if (!tensors.count(ad) || !tensors.count(cd) || !ad->set || !cd->set) return fail(BAD_PARAM, "a cuDNN descriptor that is not there or not set");
    Sizes s = *ad, t = *cd;
    if (s.d[0] != 1 || s.d[1] != t.d[1] || s.d[2] != 1 || s.d[3] != 1) return NOT_SUPPORTED;
    if (!there(A, s) || !there(C, t)) return fail(BAD_PARAM, "a sum by cuDNN of memory that is not the device's");
    float a = *(const float *)alpha, b = *(const float *)beta;
    return submit(h->stream, [=] {
        long plane = (long)t.d[2] * t.d[3];
        for (long i = 0; i < t.count(); i++) ((float *)C)[i] = a * ((const float *)A)[i / plane % t.d[1]] + b * ((float *)C)[i];
        return OK;
    });
}
