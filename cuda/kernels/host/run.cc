// run.cc: the kernels as a program, for the tests. It reads launches from
// standard input and answers each with what memory then holds.
//
//   request:  kernel name (64 bytes), then int32: grid x y z, block x y z, order,
//             number of memory regions; for each its number of words and the words;
//             number of arguments; for each its region, -1 for a plain one, and 8
//             bytes: an offset in bytes into the region, or the argument
//   answer:   int32 length of a message, 0 for success, and the message;
//             else the regions' words, in order
//
//   g++ -std=c++17 -O2 -ffp-contract=off -DKERNELS_ON_HOST run.cc fiber.cc -o run
#include "fiber.h"
#include <stdio.h>
#include <stdlib.h>
#include <vector>

static void get(void *p, size_t n) {
    if (n > 0 && fread(p, 1, n, stdin) != n) exit(1);
}

static int32_t get_int() {
    int32_t v;
    get(&v, sizeof v);
    return v;
}

static Dim3 get_dim() {
    Dim3 d;
    get(&d, sizeof d);
    return d;
}

int main() {
    char name[64];
    while (fread(name, 1, sizeof name, stdin) == sizeof name) {
        Dim3 grid = get_dim(), block = get_dim();
        auto order = (fiber::Order)get_int();
        std::vector<std::vector<uint32_t>> regions(get_int());
        for (auto &r : regions) {
            r.resize(get_int());
            get(r.data(), 4 * r.size());
        }
        std::vector<uint64_t> args(get_int());
        for (auto &a : args) {
            int32_t region = get_int();
            get(&a, sizeof a);
            if (region >= 0) a += (uint64_t)regions.at(region).data();
        }
        const char *wrong = fiber::launch(name, grid, block, args.data(), order);
        int32_t length = wrong ? strlen(wrong) : 0;
        fwrite(&length, sizeof length, 1, stdout);
        if (wrong) fwrite(wrong, 1, length, stdout);
        else
            for (auto &r : regions) fwrite(r.data(), 4, r.size(), stdout);
        fflush(stdout);
    }
}
