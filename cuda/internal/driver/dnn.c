//go:build cgo && linux && !nocuda

#include "dnn.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define TRY(call)                     \
    do {                              \
        int r_ = (call);              \
        if (r_) return DNN_ERROR + r_; \
    } while (0)

// plan is a convolution of one shape.
typedef struct plan {
    struct plan *next;
    int pass;
    void *x, *w, *y, *bias, *convolution; // descriptors
    size_t workspace;
} plan;

struct dnn {
#define X(result, name, args) result(*name) args;
    DNN_FUNCTIONS(X)
#undef X
    void *handle; // NULL until the first plan
    plan *plans;
};

int api_open_dnn(api *a, const char *path, char *message, size_t size) {
    void *lib = load(path, RTLD_LOCAL, message, size);
    if (!lib) return -1;
    struct dnn *d = calloc(1, sizeof *d);
#define X(result, name, args) \
    if (find(lib, path, #name, &d->name, message, size)) goto fail;
    DNN_FUNCTIONS(X)
#undef X
    if (d->cudnnGetVersion() < DNN_OLDEST) {
        snprintf(message, size, "%s has version %zu, and %d or newer is needed", path, d->cudnnGetVersion(), DNN_OLDEST);
        goto fail;
    }
    a->dnn = d;
    return 0;
fail:
    free(d);
    return 1;
}

static int start(api *a) {
    struct dnn *d = a->dnn;
    if (d->handle) return 0;
    TRY(d->cudnnCreate(&d->handle));
    TRY(d->cudnnSetStream(d->handle, a->stream));
    return 0;
}

// describe fills in the descriptors of a plan.
static int describe(struct dnn *d, plan *p, const convolution *c, int exact) {
    TRY(d->cudnnCreateTensorDescriptor(&p->x));
    TRY(d->cudnnSetTensor4dDescriptor(p->x, TENSOR_NCHW, DATA_FLOAT, c->n, c->c, c->h, c->w));
    TRY(d->cudnnCreateTensorDescriptor(&p->y));
    TRY(d->cudnnSetTensor4dDescriptor(p->y, TENSOR_NCHW, DATA_FLOAT, c->n, c->out, c->oh, c->ow));
    TRY(d->cudnnCreateTensorDescriptor(&p->bias));
    TRY(d->cudnnSetTensor4dDescriptor(p->bias, TENSOR_NCHW, DATA_FLOAT, 1, c->out, 1, 1));
    TRY(d->cudnnCreateFilterDescriptor(&p->w));
    TRY(d->cudnnSetFilter4dDescriptor(p->w, DATA_FLOAT, TENSOR_NCHW, c->out, c->c / c->groups, c->kernel_h, c->kernel_w));
    TRY(d->cudnnCreateConvolutionDescriptor(&p->convolution));
    TRY(d->cudnnSetConvolution2dDescriptor(p->convolution, c->pad_h, c->pad_w, c->stride_h, c->stride_w,
        c->dilation_h, c->dilation_w, CROSS_CORRELATION, DATA_FLOAT));
    TRY(d->cudnnSetConvolutionGroupCount(p->convolution, c->groups));
    TRY(d->cudnnSetConvolutionMathType(p->convolution, exact ? FMA_MATH : DEFAULT_MATH));
    return 0;
}

// measure asks how much memory a plan needs; a shape that cuDNN refuses it refuses here.
static int measure(struct dnn *d, plan *p) {
    switch (p->pass) {
    case FORWARD:
        TRY(d->cudnnGetConvolutionForwardWorkspaceSize(d->handle, p->x, p->w, p->convolution, p->y,
            CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, &p->workspace));
        return 0;
    case BACKWARD_DATA:
        TRY(d->cudnnGetConvolutionBackwardDataWorkspaceSize(d->handle, p->w, p->y, p->convolution, p->x,
            CONVOLUTION_BWD_DATA_ALGO_1, &p->workspace));
        return 0;
    }
    TRY(d->cudnnGetConvolutionBackwardFilterWorkspaceSize(d->handle, p->x, p->y, p->convolution, p->w,
        CONVOLUTION_BWD_FILTER_ALGO_1, &p->workspace));
    return 0;
}

int api_plan(api *a, const convolution *c, int exact, uint64_t *out, size_t *workspace) {
    int r = enter(a);
    if (!r) r = start(a);
    if (r) return r;
    plan *p = calloc(1, sizeof *p);
    p->pass = c->pass;
    p->next = a->dnn->plans;
    a->dnn->plans = p; // even a plan that fails: api_stop_dnn frees its descriptors
    r = describe(a->dnn, p, c, exact);
    if (!r) r = measure(a->dnn, p);
    *out = (uint64_t)(uintptr_t)p;
    *workspace = p->workspace;
    return r;
}

// api_convolve queues a convolution; the fields are those of driver.Convolve.
int api_convolve(api *a, const command *c) {
    struct dnn *d = a->dnn;
    const plan *p = (const plan *)(uintptr_t)c->arg[0];
    void *x = (void *)c->arg[1], *w = (void *)c->arg[2], *y = (void *)c->arg[3], *bias = (void *)c->arg[4], *room = (void *)c->arg[5];
    const float one = 1, beta = c->arg[6] ? 1 : 0;
    switch (p->pass) {
    case FORWARD:
        TRY(d->cudnnConvolutionForward(d->handle, &one, p->x, x, p->w, w, p->convolution,
            CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, room, p->workspace, &beta, p->y, y));
        if (bias) TRY(d->cudnnAddTensor(d->handle, &one, p->bias, bias, &one, p->y, y));
        return 0;
    case BACKWARD_DATA:
        TRY(d->cudnnConvolutionBackwardData(d->handle, &one, p->w, w, p->y, y, p->convolution,
            CONVOLUTION_BWD_DATA_ALGO_1, room, p->workspace, &beta, p->x, x));
        return 0;
    }
    TRY(d->cudnnConvolutionBackwardFilter(d->handle, &one, p->x, x, p->y, y, p->convolution,
        CONVOLUTION_BWD_FILTER_ALGO_1, room, p->workspace, &beta, p->w, w));
    return 0;
}

void api_stop_dnn(api *a) {
    struct dnn *d = a->dnn;
    if (!d) return;
    for (plan *p = d->plans, *next; p; p = next) {
        next = p->next;
        if (p->x) d->cudnnDestroyTensorDescriptor(p->x);
        if (p->y) d->cudnnDestroyTensorDescriptor(p->y);
        if (p->bias) d->cudnnDestroyTensorDescriptor(p->bias);
        if (p->w) d->cudnnDestroyFilterDescriptor(p->w);
        if (p->convolution) d->cudnnDestroyConvolutionDescriptor(p->convolution);
        free(p);
    }
    if (d->handle) d->cudnnDestroy(d->handle);
    free(d);
}

int api_dnn_version(api *a) { return a->dnn ? (int)a->dnn->cudnnGetVersion() : 0; }

const char *api_dnn_error_name(api *a, int code) { return a->dnn->cudnnGetErrorString(code); }
