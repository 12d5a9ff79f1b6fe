// rows.cu: whole rows moved by index.
#include "device.cuh"

// gather_rows: dst[i] = x[ids[i]], or fill where ids[i] is negative
KERNEL(BLOCK) gather_rows(float *dst, const float *x, const float *fill, const int *ids, int rows, int cols) {
    if (cols % 4 == 0 && aligned_16(dst) && aligned_16(x) && aligned_16(fill)) {
        uint fours = cols / 4;
        FOR_ALL(q, rows * fours) {
            uint row = q / fours, c = 4 * (q % fours);
            int id = ids[row];
            float v[4];
            load_4(v, id >= 0 ? x + (place)id * cols + c : fill + c);
            store_4(dst + (place)row * cols + c, v);
        }
        return;
    }
    FOR_ALL(i, rows * cols) {
        int id = ids[i / cols];
        uint c = i % cols;
        dst[i] = id >= 0 ? x[(place)id * cols + c] : fill[c];
    }
}

// add_rows is the transpose of gather_rows: dx[r] += dy[p] for each p of row r's
// list, in its order, that is not negative. Row r's list is
// places[starts[r]:starts[r+1]]; where starts is nil, each of the first `shared`
// rows has a list of `samples` places, and each other one of a single place. A warp
// owns WIDE columns of a row; a row of many summands has several loads under way at
// once.
#define AT_ONCE 8

// NO_SUMMAND changes no sum; 0 would make 0 of -0.
#define NO_SUMMAND (-0.f)

// load_summand reads four columns of row p, of row 0 in vain where p is negative: with
// a branch in between, loads would wait for each other.
static __device__ __forceinline__ void load_summand(float v[4], const float *dy, int p, int cols) {
    load_4(v, dy + (place)(p < 0 ? 0 : p) * cols);
    UNROLL
    for (int i = 0; i < 4; i++)
        if (SELECT(p < 0)) v[i] = NO_SUMMAND;
}

static __device__ __forceinline__ void add_row_4(float *dx, const float *dy, const int *places, uint count, int cols) {
    float sum[4];
    load_4(sum, dx);
    uint k = 0;
    for (; k + AT_ONCE <= count; k += AT_ONCE) {
        float v[AT_ONCE][4];
        UNROLL
        for (int u = 0; u < AT_ONCE; u++) load_summand(v[u], dy, places[k + u], cols);
        UNROLL
        for (int u = 0; u < AT_ONCE; u++) add_4(sum, v[u]);
    }
    for (; k < count; k++) {
        float v[4];
        load_summand(v, dy, places[k], cols);
        add_4(sum, v);
    }
    store_4(dx, sum);
}

KERNEL(BLOCK) add_rows(float *dx, const float *dy, const int *starts, const int *places, int rows, int cols, int shared, int samples) {
    uint parts = (cols + WIDE - 1) / WIDE, w = warp_index(), r = w / parts, first = w % parts * WIDE, lane = lane_index();
    if (r >= rows) return;
    uint from = r < shared ? r * samples : shared * samples + r - shared, count = r < shared ? samples : 1;
    if (starts) {
        from = starts[r];
        count = starts[r + 1] - from;
    }
    if (count == 0) return;
    if (cols % 4 == 0 && aligned_16(dx) && aligned_16(dy)) {
        uint c = first + 4 * lane;
        if (c < cols) add_row_4(dx + (place)r * cols + c, dy + c, places + from, count, cols);
        return;
    }
    for (uint c = first + lane; c < smaller(cols, first + WIDE); c += 32) {
        float sum = dx[(place)r * cols + c];
        for (uint k = 0; k < count; k++) {
            int p = places[from + k];
            sum += p < 0 ? NO_SUMMAND : dy[(place)p * cols + c];
        }
        dx[(place)r * cols + c] = sum;
    }
}
