//go:build cgo && linux && !nocuda

#define _GNU_SOURCE
#include "api.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// load opens one library. dlopen and dlerror must run on one thread, as they do
// inside of one call from Go.
void *load(const char *path, int flags, char *message, size_t size) {
    void *lib = dlopen(path, RTLD_NOW | flags);
    if (!lib) snprintf(message, size, "%s", dlerror());
    return lib;
}

int find(void *lib, const char *path, const char *name, void *slot, char *message, size_t size) {
    void *p = dlsym(lib, name);
    if (!p) {
        snprintf(message, size, "%s has no %s: it is too old", path, name);
        return -1;
    }
    memcpy(slot, &p, sizeof p);
    return 0;
}

api *api_open(const char *driver, char *message, size_t size) {
    void *lib = load(driver, RTLD_LOCAL, message, size);
    if (!lib) return NULL;
    api *a = calloc(1, sizeof *a);
#define X(name, args) \
    if (find(lib, driver, #name, &a->name, message, size)) goto fail;
    DRIVER_FUNCTIONS(X)
#undef X
    return a;
fail:
    free(a);
    return NULL;
}

int api_open_blas(api *a, const char *lt, const char *blas, char *message, size_t size) {
    // The loader may not find cuBLASLt beside cuBLAS; loaded before, it is found
    // by its name.
    if (*lt && !load(lt, RTLD_GLOBAL, message, size)) return -1;
    void *lib = load(blas, RTLD_LOCAL, message, size);
    if (!lib) return -1;
#define X(name, args) \
    if (find(lib, blas, #name, &a->name, message, size)) goto fail;
    BLAS_FUNCTIONS(X)
#undef X
    return 0;
fail:
    a->cublasCreate_v2 = NULL;
    return -1;
}

// The number of the last start, and that of whose context is this thread's: spares a
// call of the driver. The address of a context would not do, since a device that is
// started again may have the old one.
static atomic_ulong starts;
static __thread unsigned long current;

int enter(api *a) {
    if (current == a->start && a->start) return 0;
    int r = a->cuCtxSetCurrent(a->context);
    if (!r) current = a->start;
    return r;
}

#define TRY(call)         \
    do {                  \
        int r_ = (call);  \
        if (r_) return r_; \
    } while (0)
#define TRY_BLAS(call)                 \
    do {                               \
        int r_ = (call);               \
        if (r_) return BLAS_ERROR + r_; \
    } while (0)

int api_start(api *a, int device, size_t workspace) {
    int count = 0;
    TRY(a->cuInit(0));
    TRY(a->cuDeviceGetCount(&count));
    if (device >= count) return 101; // CUDA_ERROR_INVALID_DEVICE
    TRY(a->cuDeviceGet(&a->device, device));
    TRY(a->cuDevicePrimaryCtxRetain(&a->context, a->device));
    a->start = atomic_fetch_add(&starts, 1) + 1;
    TRY(enter(a));
    TRY(a->cuStreamCreate(&a->stream, STREAM_NON_BLOCKING));
    for (int i = 0; i < MARKS; i++) TRY(a->cuEventCreate(&a->mark[i], EVENT_DISABLE_TIMING));
    if (!a->cublasCreate_v2) return 0;
    TRY(a->cuMemAlloc_v2(&a->workspace, workspace));
    TRY_BLAS(a->cublasCreate_v2(&a->blas));
    TRY_BLAS(a->cublasSetStream_v2(a->blas, a->stream));
    // Setting the stream takes the workspace back, so it is given afterwards. A
    // workspace of our own makes products repeatable and fit for capture.
    TRY_BLAS(a->cublasSetWorkspace_v2(a->blas, (void *)a->workspace, workspace));
    return 0;
}

void api_stop(api *a) {
    if (a->context && !enter(a)) {
        if (a->stream) a->cuStreamSynchronize(a->stream);
        api_stop_dnn(a);
        if (a->blas) a->cublasDestroy_v2(a->blas);
        if (a->workspace) a->cuMemFree_v2(a->workspace);
        if (a->module) a->cuModuleUnload(a->module);
        for (int i = 0; i < MARKS; i++)
            if (a->mark[i]) a->cuEventDestroy_v2(a->mark[i]);
        if (a->stream) a->cuStreamDestroy_v2(a->stream);
        a->cuDevicePrimaryCtxRelease_v2(a->device);
    }
    free(a); // the libraries stay loaded: NVIDIA's cannot be unloaded safely
}

int api_load(api *a, const void *image, char *log, size_t size) {
    TRY(enter(a));
    int option[2] = {JIT_ERROR_LOG_BUFFER, JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *value[2] = {log, (void *)size};
    return a->cuModuleLoadDataEx(&a->module, image, 2, option, value);
}

int api_function(api *a, const char *name, uint64_t *function) {
    TRY(enter(a));
    void *f = NULL;
    TRY(a->cuModuleGetFunction(&f, a->module, name));
    *function = (uint64_t)(uintptr_t)f;
    return 0;
}

int api_memory(api *a, size_t *free, size_t *total) {
    TRY(enter(a));
    return a->cuMemGetInfo_v2(free, total);
}

int api_alloc(api *a, size_t n, uint64_t *p) {
    TRY(enter(a));
    deviceptr d = 0;
    TRY(a->cuMemAlloc_v2(&d, n));
    *p = d;
    return 0;
}

int api_free(api *a, uint64_t p) {
    TRY(enter(a));
    return a->cuMemFree_v2(p);
}

int api_alloc_host(api *a, size_t n, void **p) {
    TRY(enter(a));
    return a->cuMemAllocHost_v2(p, n);
}

int api_free_host(api *a, void *p) {
    TRY(enter(a));
    return a->cuMemFreeHost(p);
}

static float low(uint64_t w) {
    uint32_t u = (uint32_t)w;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

// product runs a batch of matrix products; the fields are those of
// driver.Product, column-major as cuBLAS wants them.
static int product(api *a, const command *c) {
    const uint64_t *f = c->arg;
    float alpha = low(f[13]), beta = low(f[14]);
    return a->cublasGemmStridedBatchedEx(a->blas, (int)(f[0] & 1), (int)(f[0] >> 1 & 1), (int)f[1], (int)f[2], (int)f[3],
        &alpha, (const void *)f[4], R_32F, (int)f[5], (long long)f[6],
        (const void *)f[7], R_32F, (int)f[8], (long long)f[9],
        &beta, (void *)f[10], R_32F, (int)f[11], (long long)f[12], (int)f[15], (int)f[16], GEMM_DEFAULT);
}

static int launch(api *a, const command *c) {
    void *p[24];
    for (uint32_t i = 0; i < c->nargs; i++) p[i] = (void *)&c->arg[i];
    return a->cuLaunchKernel((void *)(uintptr_t)c->function, c->grid[0], c->grid[1], c->grid[2],
        c->block[0], c->block[1], c->block[2], 0, a->stream, p, NULL);
}

static int queue(api *a, const command *c) {
    switch (c->kind) {
    case LAUNCH: return launch(a, c);
    case PRODUCT: TRY_BLAS(product(a, c)); return 0;
    case UPLOAD: return a->cuMemcpyHtoDAsync_v2(c->arg[0], (const void *)(uintptr_t)c->arg[1], c->arg[2], a->stream);
    case DOWNLOAD: return a->cuMemcpyDtoHAsync_v2((void *)(uintptr_t)c->arg[0], c->arg[1], c->arg[2], a->stream);
    case CONVOLVE: return api_convolve(a, c);
    case SET: return a->cuMemsetD32Async(c->arg[0], (unsigned)c->arg[1], c->arg[2], a->stream);
    }
    return 1; // CUDA_ERROR_INVALID_VALUE
}

int api_run(api *a, const command *c, size_t n, size_t *failed) {
    TRY(enter(a));
    for (*failed = 0; *failed < n; ++*failed) TRY(queue(a, c + *failed));
    return 0;
}

// hold keeps the stream waiting for so many nanoseconds.
static void hold(void *ns) {
    struct timespec t = {0, (long)(uintptr_t)ns};
    nanosleep(&t, NULL);
}

// timed queues commands with an event before the first and after each.
static int timed(api *a, const command *c, size_t n, size_t *failed, void **event) {
    // A short kernel ends before the host has queued the next; the time between
    // would count. So the stream waits until the list is queued.
    const uintptr_t queueing = 6000; // ns for a command, generously
    TRY(a->cuLaunchHostFunc(a->stream, hold, (void *)(queueing * n)));
    TRY(a->cuEventRecord(event[0], a->stream));
    for (*failed = 0; *failed < n; ++*failed) {
        TRY(queue(a, c + *failed));
        TRY(a->cuEventRecord(event[*failed + 1], a->stream));
    }
    *failed = n - 1;
    return a->cuStreamSynchronize(a->stream);
}

int api_time(api *a, const command *c, size_t n, size_t *failed, float *ms) {
    TRY(enter(a));
    *failed = 0;
    void **event = calloc(n + 1, sizeof *event);
    int r = 0;
    for (size_t i = 0; i <= n && !r; i++) r = a->cuEventCreate(&event[i], 0);
    if (!r) r = timed(a, c, n, failed, event);
    for (size_t i = 0; i < n && !r; i++) r = a->cuEventElapsedTime(&ms[i], event[i], event[i + 1]);
    for (size_t i = 0; i <= n; i++)
        if (event[i]) a->cuEventDestroy_v2(event[i]);
    free(event);
    return r;
}

int api_sync(api *a) {
    TRY(enter(a));
    return a->cuStreamSynchronize(a->stream);
}

int api_mark(api *a, int number) {
    TRY(enter(a));
    return a->cuEventRecord(a->mark[number], a->stream);
}

int api_await(api *a, int number) {
    TRY(enter(a));
    return a->cuEventSynchronize(a->mark[number]);
}

int api_capture(api *a, const command *c, size_t n, size_t *failed, uint64_t *graph) {
    TRY(enter(a));
    void *g = NULL, *x = NULL;
    TRY(a->cuStreamBeginCapture_v2(a->stream, STREAM_CAPTURE_MODE_THREAD_LOCAL));
    int run = api_run(a, c, n, failed);
    int end = a->cuStreamEndCapture(a->stream, &g);
    int r = run ? run : end;
    if (!r) r = a->cuGraphInstantiateWithFlags(&x, g, 0);
    if (g) a->cuGraphDestroy(g);
    *graph = (uint64_t)(uintptr_t)x;
    return r;
}

int api_replay(api *a, uint64_t graph) {
    TRY(enter(a));
    return a->cuGraphLaunch((void *)(uintptr_t)graph, a->stream);
}

int api_forget(api *a, uint64_t graph) {
    TRY(enter(a));
    return a->cuGraphExecDestroy((void *)(uintptr_t)graph);
}

const char *api_error_name(api *a, int code) {
    const char *s = NULL;
    a->cuGetErrorName(code, &s);
    return s ? s : "";
}

int api_driver_version(api *a) {
    int v = 0;
    return a->cuDriverGetVersion(&v) ? 0 : v;
}

int api_blas_version(api *a) {
    int v = 0;
    return !a->blas || a->cublasGetVersion_v2(a->blas, &v) ? 0 : v;
}

int api_attribute(api *a, int attribute) {
    int v = 0;
    return a->cuDeviceGetAttribute(&v, attribute, a->device) ? 0 : v;
}

void api_device_name(api *a, char *name, int size) {
    if (a->cuDeviceGetName(name, size, a->device)) *name = 0;
}
