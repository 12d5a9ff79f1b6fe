// driver.cc: the part of libcuda that is used.
#include "stub.h"
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <vector>

Modes modes;
std::recursive_mutex lock;
static bool started;
static int sticky; // an error of the device: it stays
static thread_local bool current;
static int launches;

int fail(int code, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (modes.log) fprintf(stderr, "cuda stub: %s\n", text);
    return code;
}

bool context() { return current; }

#define NEED_CONTEXT                                                                    \
    if (!started) return NOT_INITIALIZED;                                               \
    if (!current) return fail(INVALID_CONTEXT, "%s: this thread has no context", __func__)

// ------------------------------------------------------------------- memory

static const size_t guard = 256;
static const unsigned char guard_byte = 0xA5;
static char *arena;
static size_t arena_size, arena_used, allocated;

struct Block { size_t wanted, size; };
static std::map<char *, Block> live;
static std::multimap<size_t, char *> spare;

static size_t whole_pages(size_t n) { return (n + 4095) & ~(size_t)4095; }

// Device makes device memory reachable while the "device" runs.
struct Device {
    static int depth;
    Device() { if (depth++ == 0) allow(PROT_READ | PROT_WRITE); }
    ~Device() { if (--depth == 0) allow(PROT_NONE); }
    static void allow(int access) {
        if (modes.protect && arena_used) mprotect(arena, whole_pages(arena_used), access);
    }
};
int Device::depth;

static void poison(char *p, size_t n) {
    for (size_t i = 0; i + 4 <= n; i += 4) *(uint32_t *)(p + i) = 0x7fc0dead; // a NaN
}

static bool guards_hold(char *p, const Block &b) {
    for (size_t i = 1; i <= guard; i++)
        if ((unsigned char)p[-(long)i] != guard_byte) return false;
    for (size_t i = b.wanted; i < b.size + guard; i++)
        if ((unsigned char)p[i] != guard_byte) return false;
    return true;
}

static int check_guards() {
    Device d;
    for (auto &b : live)
        if (!guards_hold(b.first, b.second)) return sticky = fail(ILLEGAL_ADDRESS, "a write beside the %zu bytes at %p", b.second.wanted, (void *)b.first);
    return OK;
}

bool on_device(deviceptr p, size_t bytes) {
    auto b = live.upper_bound((char *)p);
    if (b == live.begin()) return false;
    --b;
    return (char *)p + bytes <= b->first + b->second.wanted;
}

API int cuMemAlloc_v2(deviceptr *p, size_t n) {
    Locked l;
    NEED_CONTEXT;
    if (n == 0) return INVALID_VALUE;
    size_t size = (n + 255) & ~(size_t)255;
    if (allocated + size > (size_t)modes.memory) return OUT_OF_MEMORY;
    Device d;
    char *at;
    auto s = spare.find(size);
    if (s != spare.end()) {
        at = s->second;
        spare.erase(s);
    } else {
        if (arena_used + size + 2 * guard > arena_size) return OUT_OF_MEMORY;
        at = arena + arena_used + guard;
        arena_used += size + 2 * guard;
        Device::allow(PROT_READ | PROT_WRITE);
    }
    memset(at - guard, guard_byte, size + 2 * guard);
    poison(at, n);
    live[at] = {n, size};
    allocated += size;
    *p = (deviceptr)at;
    return OK;
}

static int drain(Stream *s);
static std::set<Stream *> streams;

API int cuMemFree_v2(deviceptr p) {
    Locked l;
    NEED_CONTEXT;
    auto b = live.find((char *)p);
    if (b == live.end()) return fail(INVALID_VALUE, "cuMemFree of an address that is not allocated");
    for (Stream *s : streams)
        if (int r = drain(s)) return r;
    Device d;
    poison(b->first, b->second.wanted);
    spare.insert({b->second.size, b->first});
    allocated -= b->second.size;
    live.erase(b);
    return OK;
}

API int cuMemGetInfo_v2(size_t *free_bytes, size_t *total) {
    *total = modes.memory;
    *free_bytes = modes.memory - allocated;
    return OK;
}

static std::map<void *, size_t> pinned;
static std::vector<void *> given_back; // pinned memory that queued work may still look at

API int cuMemAllocHost_v2(void **p, size_t n) {
    Locked l;
    NEED_CONTEXT;
    *p = aligned_alloc(4096, whole_pages(n ? n : 1));
    if (*p) pinned[*p] = n;
    return *p ? OK : OUT_OF_MEMORY;
}
// What is given back holds nothing of use from then on.
API int cuMemFreeHost(void *p) {
    Locked l;
    auto h = pinned.find(p);
    if (h == pinned.end()) return fail(INVALID_VALUE, "cuMemFreeHost of an address that is not allocated");
    poison((char *)p, h->second);
    pinned.erase(h);
    given_back.push_back(p);
    return OK;
}

// ------------------------------------------------------------------- work

struct Graph { std::vector<std::function<int()>> work; };
struct Stream {
    std::deque<std::function<int()>> queue;
    Graph *capture = nullptr;
};

static void perform(const std::function<int()> &work) {
    if (sticky) return;
    Device d;
    if (int r = work()) sticky = r;
}

int submit(Stream *s, std::function<int()> work) {
    if (s->capture) s->capture->work.push_back(std::move(work));
    else if (modes.async) s->queue.push_back(std::move(work));
    else perform(work);
    return OK; // as on a device, a fault shows when somebody waits
}

static int drain(Stream *s) {
    while (s && !s->queue.empty()) {
        auto work = std::move(s->queue.front());
        s->queue.pop_front();
        perform(work);
    }
    for (void *p : given_back) free(p);
    given_back.clear();
    return sticky ? sticky : check_guards();
}

API int cuStreamCreate(Stream **s, unsigned) {
    Locked l;
    NEED_CONTEXT;
    streams.insert(*s = new Stream);
    return OK;
}
API int cuStreamDestroy_v2(Stream *s) {
    Locked l;
    drain(s);
    streams.erase(s);
    delete s;
    return OK;
}
API int cuStreamSynchronize(Stream *s) {
    Locked l;
    NEED_CONTEXT;
    if (s->capture) return fail(CAPTURE_UNSUPPORTED, "waiting inside of a capture");
    return drain(s);
}

API int cuMemcpyHtoDAsync_v2(deviceptr to, const void *from, size_t n, Stream *s) {
    Locked l;
    NEED_CONTEXT;
    if (!on_device(to, n)) return fail(INVALID_VALUE, "an upload of %zu bytes to memory that is not the device's", n);
    return submit(s, [=] { memcpy((void *)to, from, n); return OK; });
}
API int cuMemcpyDtoHAsync_v2(void *to, deviceptr from, size_t n, Stream *s) {
    Locked l;
    NEED_CONTEXT;
    if (!on_device(from, n)) return fail(INVALID_VALUE, "a download of %zu bytes from memory that is not the device's", n);
    return submit(s, [=] { memcpy(to, (void *)from, n); return OK; });
}
API int cuMemsetD32Async(deviceptr to, unsigned word, size_t n, Stream *s) {
    Locked l;
    NEED_CONTEXT;
    if (!on_device(to, 4 * n)) return fail(INVALID_VALUE, "setting %zu words of memory that is not the device's", n);
    return submit(s, [=] { for (size_t i = 0; i < n; i++) ((unsigned *)to)[i] = word; return OK; });
}

// ------------------------------------------------------------------- graphs

API int cuStreamBeginCapture_v2(Stream *s, int) {
    Locked l;
    NEED_CONTEXT;
    if (s->capture) return CAPTURE_INVALIDATED;
    s->capture = new Graph;
    return OK;
}
API int cuStreamEndCapture(Stream *s, Graph **g) {
    Locked l;
    if (!s->capture) return CAPTURE_INVALIDATED;
    *g = s->capture;
    s->capture = nullptr;
    return OK;
}
API int cuGraphInstantiateWithFlags(Graph **x, Graph *g, unsigned long long) {
    *x = new Graph(*g);
    return OK;
}
API int cuGraphLaunch(Graph *x, Stream *s) {
    Locked l;
    NEED_CONTEXT;
    for (auto &work : x->work) submit(s, work);
    return OK;
}
API int cuGraphExecDestroy(Graph *x) {
    delete x;
    return OK;
}
API int cuGraphDestroy(Graph *g) {
    delete g;
    return OK;
}

// ------------------------------------------------------------------- time

typedef std::chrono::steady_clock Clock;
struct Event {
    Clock::time_point at;
    bool recorded = false;
    Stream *queued = nullptr; // where it is still to come
};

API int cuLaunchHostFunc(Stream *s, void (*f)(void *), void *data) {
    Locked l;
    NEED_CONTEXT;
    return submit(s, [=] { f(data); return OK; });
}
API int cuEventCreate(Event **e, unsigned) {
    NEED_CONTEXT;
    *e = new Event;
    return OK;
}
API int cuEventRecord(Event *e, Stream *s) {
    Locked l;
    NEED_CONTEXT;
    e->queued = s;
    return submit(s, [=] { e->at = Clock::now(); e->recorded = true; e->queued = nullptr; return OK; });
}
// The work behind the event stays undone.
API int cuEventSynchronize(Event *e) {
    Locked l;
    NEED_CONTEXT;
    while (e->queued && !e->queued->queue.empty() && !sticky) {
        auto work = std::move(e->queued->queue.front());
        e->queued->queue.pop_front();
        perform(work);
    }
    return sticky ? sticky : check_guards();
}
API int cuEventElapsedTime(float *ms, Event *from, Event *to) {
    if (!from->recorded || !to->recorded) return INVALID_HANDLE;
    *ms = std::chrono::duration<float, std::milli>(to->at - from->at).count();
    return OK;
}
API int cuEventDestroy_v2(Event *e) {
    delete e;
    return OK;
}

// ------------------------------------------------------------------- kernels

struct Module { std::string text; };
struct Function {
    std::string name, parameters;
    unsigned most; // threads of a block
};

API int cuModuleLoadDataEx(Module **m, const void *image, unsigned, int *, void **) {
    Locked l;
    NEED_CONTEXT;
    if (modes.oldptx) return UNSUPPORTED_PTX;
    const char *text = (const char *)image;
    if (!strstr(text, ".version") || !strstr(text, ".target")) return fail(INVALID_PTX, "the image is not PTX");
    *m = new Module{text};
    return OK;
}
API int cuModuleUnload(Module *m) {
    delete m;
    return OK;
}

// ptx_parameters reads the parameters of the entry that begins at from, as letters.
static std::string ptx_parameters(const std::string &text, size_t from) {
    std::string letters;
    size_t end = text.find(')', from);
    for (size_t p = text.find(".param .", from); p < end; p = text.find(".param .", p + 1)) {
        std::string type = text.substr(p + 8, 3);
        letters += type == "u64" ? 'p' : type == "u32" ? 'i' : type == "f32" ? 'f' : '?';
    }
    return letters;
}

// A kernel exists where PTX and source both have it and agree on its parameters:
// stale PTX is found here.
API int cuModuleGetFunction(Function **f, Module *m, const char *name) {
    Locked l;
    size_t at = m->text.find(std::string(".entry ") + name + "(");
    const char *source = fiber::parameters(name);
    if (at == std::string::npos || !source) return fail(NOT_FOUND, "no kernel %s in %s", name, source ? "the PTX" : "the source");
    std::string ptx = ptx_parameters(m->text, at);
    if (ptx != source) return fail(INVALID_PTX, "%s has parameters %s in the PTX and %s in the source: the PTX is stale", name, ptx.c_str(), source);
    size_t threads = m->text.find(".maxntid", at);
    *f = new Function{name, ptx, threads == std::string::npos ? 1024u : (unsigned)atoi(m->text.c_str() + threads + 8)};
    return OK;
}

API int cuLaunchKernel(Function *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned, Stream *s, void **parameters, void **) {
    Locked l;
    NEED_CONTEXT;
    unsigned long threads = (unsigned long)bx * by * bz;
    if (!gx || !gy || !gz || gy > 65535 || gz > 65535 || !threads || threads > f->most)
        return fail(INVALID_VALUE, "%s: a grid of %u x %u x %u blocks of %lu threads", f->name.c_str(), gx, gy, gz, threads);
    std::vector<uint64_t> args;
    for (size_t i = 0; i < f->parameters.size(); i++) {
        uint64_t word = 0;
        memcpy(&word, parameters[i], f->parameters[i] == 'p' ? 8 : 4);
        args.push_back(word);
    }
    return submit(s, [=]() mutable {
        if (modes.lose && ++launches >= modes.lose) return fail(LAUNCH_FAILED, "the device is lost, as asked for");
        const char *wrong = fiber::launch(f->name.c_str(), {gx, gy, gz}, {bx, by, bz}, args.data(), modes.order);
        return wrong ? fail(LAUNCH_FAILED, "%s: %s", f->name.c_str(), wrong) : OK;
    });
}

// ------------------------------------------------------------------- the rest

static bool mode(const std::string &all, const char *name, long *value = nullptr) {
    size_t n = strlen(name);
    for (size_t from = 0; from <= all.size();) {
        size_t end = all.find(',', from);
        if (end == std::string::npos) end = all.size();
        std::string word = all.substr(from, end - from);
        if (word == name) return true;
        if (value && word.compare(0, n, name) == 0 && word[n] == '=') return *value = atol(word.c_str() + n + 1), true;
        from = end + 1;
    }
    return false;
}

static void read_modes() {
    const char *text = getenv("DIFFCLIP_CUDA_STUB");
    std::string all = text ? text : "";
    long driver = 13000;
    modes.dnn = 90600;
    modes.capability = 80;
    modes.memory = 8l << 30;
    mode(all, "memory", &modes.memory);
    mode(all, "lose", &modes.lose);
    mode(all, "driver", &driver);
    mode(all, "dnn", &modes.dnn);
    mode(all, "capability", &modes.capability);
    modes.driver = (int)driver;
    modes.async = mode(all, "async");
    modes.protect = mode(all, "protect");
    modes.tf32 = mode(all, "tf32");
    modes.nodevice = mode(all, "nodevice");
    modes.toolkit = mode(all, "toolkit");
    modes.oldptx = mode(all, "oldptx");
    modes.noblas = mode(all, "noblas");
    modes.nodnn = mode(all, "nodnn");
    modes.refuse = mode(all, "refuse");
    modes.refuselate = mode(all, "refuselate");
    modes.log = mode(all, "log");
    modes.order = mode(all, "reverse") ? fiber::REVERSE : mode(all, "random") ? fiber::RANDOM : fiber::FORWARD;
}

__attribute__((constructor)) static void loaded() { read_modes(); }

API int cuInit(unsigned) {
    Locked l;
    if (started) return OK;
    if (modes.toolkit) return TOOLKIT;
    if (modes.nodevice) return NO_DEVICE;
    arena_size = 16ul << 30;
    arena = (char *)mmap(nullptr, arena_size, modes.protect ? PROT_NONE : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED) return OUT_OF_MEMORY;
    started = true;
    return OK;
}
API int cuDriverGetVersion(int *v) { *v = modes.driver; return OK; }
API int cuDeviceGetCount(int *n) { *n = 1; return started ? OK : NOT_INITIALIZED; }
API int cuDeviceGet(int *d, int i) { *d = i; return OK; }
API int cuDeviceGetName(char *name, int n, int) { snprintf(name, n, "stub"); return OK; }
API int cuDeviceGetAttribute(int *v, int attribute, int) {
    *v = attribute == 75 ? modes.capability / 10 : attribute == 76 ? modes.capability % 10 : attribute == 16 ? 4 : 1024;
    return OK;
}
API int cuDevicePrimaryCtxRetain(void **c, int) { *c = &started; return OK; }
API int cuDevicePrimaryCtxRelease_v2(int) { return OK; }
API int cuCtxSetCurrent(void *c) { current = c != nullptr; return OK; }
API int cuGetErrorName(int code, const char **name) {
    static const std::map<int, const char *> names{
        {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"}, {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"}, {NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
        {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT"}, {INVALID_PTX, "CUDA_ERROR_INVALID_PTX"}, {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},
        {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"}, {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"}};
    auto n = names.find(code);
    *name = n == names.end() ? "CUDA_ERROR_UNKNOWN" : n->second;
    return OK;
}
