// fiber.cc: the scheduler of fiber.h, and the kernels compiled beneath it.
//
//   g++ -std=c++17 -O2 -ffp-contract=off -DKERNELS_ON_HOST -c fiber.cc
//
// A barrier is passed when every fiber of the block waits at it, a shuffle or
// warp barrier when every fiber of the warp does. A fiber that has left the kernel
// while others wait, or waits at another kind of barrier, is an error.
#include "../kernels.cu"
#include <setjmp.h>
#include <stdlib.h>
#include <tuple>
#include <ucontext.h>
#include <utility>
#include <vector>

namespace fiber {

enum State { READY, AT_BARRIER, AT_WARP_BARRIER, DONE };

struct Fiber {
    State state;
    bool started;
    Dim3 thread;
    uint32_t handed;      // what it brings to a shuffle
    uint32_t given;       // what it takes away
    int lanes;            // whose: XOR of lane numbers
    float fragment[2][6];  // of a and b, of this product and the one before
    int products;
    jmp_buf at;
    ucontext_t start;
    char *stack;
};

static const size_t stack_size = 64 << 10;
static const int max_threads = 1024;

Place here;
static std::vector<Fiber> fibers;
static Fiber *running;
static jmp_buf scheduler;
static void (*body)(const uint64_t *);
static const uint64_t *arguments;

static __attribute__((noinline)) void wait_in(State s) {
    running->state = s;
    if (_setjmp(running->at) == 0) _longjmp(scheduler, 1);
}

void barrier() { wait_in(AT_BARRIER); }

static uint32_t shuffle(uint32_t v, int lanes) {
    running->handed = v;
    running->lanes = lanes;
    wait_in(AT_WARP_BARRIER);
    return running->given;
}

void warp_barrier() { shuffle(0, 0); }
float exchange(float v, int lanes) { return bits_as<float>(shuffle(bits_as<uint32_t>(v), lanes)); }

// product waits once: what the next product hands in goes to other memory, and the
// one after that cannot begin before all have read this one's.
void product(float d[4], const unsigned a[4], const unsigned b[2]) {
    int which = running->products++ % 2, first = (int)(running - fibers.data()) / 32 * 32, lane = (int)(running - fibers.data()) % 32;
    for (int i = 0; i < 6; i++) running->fragment[which][i] = bits_as<float>((i < 4 ? a[i] : b[i - 4]) & ~0x1fffu);
    warp_barrier();
    const Fiber *warp = &fibers[first];
    double sum[4];
    for (int i = 0; i < 4; i++) {
        int row = lane / 4 + i / 2 * 8, col = 2 * (lane % 4) + i % 2;
        sum[i] = d[i];
        for (int k = 0; k < 8; k++)
            sum[i] += (double)warp[row % 8 * 4 + k % 4].fragment[which][row / 8 + k / 4 * 2] * warp[col * 4 + k % 4].fragment[which][4 + k / 4];
    }
    for (int i = 0; i < 4; i++) d[i] = (float)sum[i];
}

static const int votes = -1; // lanes of a ballot
unsigned ballot(bool p) { return shuffle(p, votes); }

// enter runs kernels for ever: where one ends, the fiber waits for the next, so
// that its stack is set up once and not by system calls for each block.
static void enter() {
    for (;;) {
        body(arguments);
        wait_in(DONE);
    }
}

// resume runs a fiber until it waits or ends. No local of a caller lives across the jump.
static __attribute__((noinline)) void resume(Fiber *f) {
    if (_setjmp(scheduler)) return;
    running = f;
    here.thread = f->thread;
    if (!f->started) {
        f->started = true;
        setcontext(&f->start);
    }
    _longjmp(f->at, 1);
}

static void prepare(int n) {
    while ((int)fibers.size() < n) {
        Fiber f{};
        f.stack = (char *)malloc(stack_size);
        fibers.push_back(f);
    }
    for (int i = 0; i < n; i++) {
        Fiber &f = fibers[i];
        f.state = READY;
        f.thread = {i % here.block_size.x, i / here.block_size.x % here.block_size.y, i / (here.block_size.x * here.block_size.y)};
        if (f.started) continue;
        getcontext(&f.start);
        f.start.uc_stack.ss_sp = f.stack;
        f.start.uc_stack.ss_size = stack_size;
        f.start.uc_link = nullptr;
        makecontext(&f.start, enter, 0);
    }
}

// release_warp lets fibers first .. last-1 go on if all wait, with what their shuffle gives.
static bool release_warp(int first, int last) {
    for (int i = first; i < last; i++)
        if (fibers[i].state != AT_WARP_BARRIER) return false;
    uint32_t ballot = 0;
    for (int i = first; i < last; i++) ballot |= (fibers[i].handed & 1) << (i - first);
    for (int i = first; i < last; i++) {
        int from = first + ((i - first) ^ fibers[i].lanes);
        fibers[i].given = fibers[i].lanes == votes ? ballot : from < last ? fibers[from].handed : fibers[i].handed;
        fibers[i].state = READY;
    }
    return true;
}

// release lets those go on whose barrier is complete; false if none can.
static bool release(int n) {
    bool any = false, all = true;
    for (int first = 0; first < n; first += 32) any |= release_warp(first, first + 32 < n ? first + 32 : n);
    for (int i = 0; i < n; i++) all &= fibers[i].state == AT_BARRIER;
    if (all)
        for (int i = 0; i < n; i++) fibers[i].state = READY;
    return any || all;
}

static uint64_t random_state = 0x9e3779b97f4a7c15;
static uint64_t random_word() {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static const char *run_block(int n, Order order) {
    static std::vector<int> turn;
    turn.resize(n);
    for (int i = 0; i < n; i++) turn[i] = order == REVERSE ? n - 1 - i : i;
    prepare(n);
    for (;;) {
        if (order == RANDOM)
            for (int i = n - 1; i > 0; i--) std::swap(turn[i], turn[random_word() % (i + 1)]);
        bool done = true;
        for (int k = 0; k < n; k++)
            if (fibers[turn[k]].state == READY) resume(&fibers[turn[k]]);
        for (int i = 0; i < n; i++) done &= fibers[i].state == DONE;
        if (done) return nullptr;
        if (release(n)) continue;
        for (Fiber &f : fibers) f.started = false; // they are stuck inside of a kernel
        return "divergent barrier: threads of a block wait at different places, or have left";
    }
}

// An entry calls a kernel with arguments read from words.
struct Entry {
    const char *name, *parameters;
    void (*call)(const uint64_t *);
};

template <class T> static T argument(uint64_t word) {
    T v;
    memcpy(&v, &word, sizeof v);
    return v;
}

template <auto F> struct Caller;
template <class... A, void (*F)(A...)> struct Caller<F> {
    template <size_t... I> static void spread(const uint64_t *args, std::index_sequence<I...>) { F(argument<A>(args[I])...); }
    static void call(const uint64_t *args) { spread(args, std::index_sequence_for<A...>{}); }
};

static const Entry entries[] = {
#define KERNEL_ENTRY(name, parameters) {#name, parameters, Caller<&name>::call},
#include "registry.h"
};

static const Entry *find(const char *kernel) {
    for (const Entry &e : entries)
        if (strcmp(e.name, kernel) == 0) return &e;
    return nullptr;
}

const char *parameters(const char *kernel) {
    const Entry *e = find(kernel);
    return e ? e->parameters : nullptr;
}

const char *launch(const char *kernel, Dim3 grid, Dim3 block, const uint64_t *args, Order order) {
    const Entry *e = find(kernel);
    if (!e) return "no such kernel";
    uint64_t n = (uint64_t)block.x * block.y * block.z;
    if (n == 0 || n > max_threads) return "bad block size";
    body = e->call;
    arguments = args;
    here.block_size = block;
    here.grid_size = grid;
    uint64_t blocks = (uint64_t)grid.x * grid.y * grid.z;
    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t b = order == REVERSE ? blocks - 1 - i : i;
        here.block = {(unsigned)(b % grid.x), (unsigned)(b / grid.x % grid.y), (unsigned)(b / grid.x / grid.y)};
        if (const char *wrong = run_block((int)n, order)) return wrong;
    }
    return nullptr;
}

} // namespace fiber
