// rows.cu: whole rows moved by index.
#include "device.cuh"

// gather_rows: dst[i] = x[ids[i]], or fill where ids[i] is negative
KERNEL(BLOCK) gather_rows(float *dst, const float *x, const float *fill, const int *ids, int rows, int cols) {
    FOR_ALL(i, rows * cols) {
        int id = ids[i / cols];
        uint c = i % cols;
        dst[i] = id >= 0 ? x[(place)id * cols + c] : fill[c];
    }
}

// invert_ids: inverse[ids[i]] = i where ids[i] is not negative. No id may occur
// twice; set inverse to -1 first (fill_ids).
KERNEL(BLOCK) invert_ids(int *inverse, const int *ids, int n) {
    FOR_ALL(i, n) if (ids[i] >= 0) inverse[ids[i]] = i;
}

// fill_ids: dst[i] = v
KERNEL(BLOCK) fill_ids(int *dst, int n, int v) {
    FOR_ALL(i, n) dst[i] = v;
}

// add_rows_once is the transpose of gather_rows for ids of which none occurs
// twice, as in the un-shuffle of a masked auto-encoder: dx[r] += dy[inverse[r]]
// where inverse[r] is not negative.
KERNEL(BLOCK) add_rows_once(float *dx, const float *dy, const int *inverse, int rows, int cols) {
    FOR_ALL(i, rows * cols) {
        int from = inverse[i / cols];
        if (from >= 0) dx[i] += dy[(place)from * cols + i % cols];
    }
}

// add_rows is the transpose of gather_rows for any ids: for i = 0..n-1 in this
// order, dx[ids[i]] += dy[i]. A warp owns row r of dx (rows, cols). It looks at 32 ids
// at a time; a ballot tells every lane which of them are r.
KERNEL(BLOCK) add_rows(float *dx, const float *dy, const int *ids, int n, int rows, int cols) {
    uint r = warp_index(), lane = lane_index();
    if (r >= rows) return;
    for (uint start = 0; start < n; start += 32) {
        bool mine = start + lane < n && ids[start + lane] == (int)r;
        for (uint hits = __ballot_sync(0xffffffffu, mine); hits; hits &= hits - 1) {
            place from = (place)(start + __ffs(hits) - 1) * cols;
            for (uint c = lane; c < cols; c += 32) dx[(place)r * cols + c] += dy[from + c];
        }
    }
}
