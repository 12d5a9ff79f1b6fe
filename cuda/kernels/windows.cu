// windows.cu: windows cut out of scenes that lie on the device, and noised.
#include "device.cuh"

// Window is tensor.Window: where a window is cut out of the raster, and how it is changed.
struct Window {
    int first, height, width, row, col, symmetry, crop;
};

static __device__ __forceinline__ int within(int i, int n) { return i < 0 ? 0 : i < n ? i : n - 1; }

// tap finds the two places lo and hi, of `from` in a row, that place i of `to`
// reads, and the weight of the second: (i+1/2)·from/to - 1/2, as a fraction of
// integers.
static __device__ __forceinline__ float tap(int *lo, int *hi, int i, int from, int to) {
    int above = (2 * i + 1) * from - to, below = 2 * to;
    if (above < 0) above = 0;
    above = smaller(above, (from - 1) * below);
    *lo = above / below;
    *hi = smaller(*lo + 1, from - 1);
    return (float)(above - *lo * below) / (float)below;
}

// pixel_of returns the raster's row of a window's place (r, c) in a square of the
// given side around its centre; the edge of the scene is repeated.
static __device__ __forceinline__ uint pixel_of(const Window *w, int r, int c, int side) {
    int row = within(w->row + r - side / 2, w->height), col = within(w->col + c - side / 2, w->width);
    return (uint)w->first + (uint)row * (uint)w->width + (uint)col;
}

// cut_windows: dst[s][j] = place order[j] of window s, or place j where order is
// nil, in all bands; a warp a place. A window is mirrored, transposed and resized
// as rsdata.Augment says, in the processor's order of operations.
KERNEL(BLOCK) cut_windows(float *dst, const float *raster, const int *at, const int *order, int n, int side, int bands) {
    uint i = warp_index(), area = side * side;
    if (i >= n * area) return;
    int k = i % area;
    if (order) k = order[k];
    const Window *w = (const Window *)at + i / area;
    int r = k / side, c = k % side;
    if (w->symmetry & 4) {
        int swap = r;
        r = c;
        c = swap;
    }
    if (w->symmetry & 2) r = side - 1 - r;
    if (w->symmetry & 1) c = side - 1 - c;
    float *out = dst + (place)i * bands;
    int crop = w->crop;
    if (crop == 0 || crop == side) {
        const float *in = raster + (place)pixel_of(w, r, c, side) * bands;
        for (uint b = lane_index(); b < bands; b += 32) out[b] = in[b];
        return;
    }
    int r0, r1, c0, c1;
    float fr = tap(&r0, &r1, r, crop, side), fc = tap(&c0, &c1, c, crop, side);
    const float *v00 = raster + (place)pixel_of(w, r0, c0, crop) * bands, *v01 = raster + (place)pixel_of(w, r0, c1, crop) * bands;
    const float *v10 = raster + (place)pixel_of(w, r1, c0, crop) * bands, *v11 = raster + (place)pixel_of(w, r1, c1, crop) * bands;
    for (uint b = lane_index(); b < bands; b += 32) {
        float top = v00[b] + fc * (v01[b] - v00[b]), bottom = v10[b] + fc * (v11[b] - v10[b]);
        out[b] = top + fr * (bottom - top);
    }
}
