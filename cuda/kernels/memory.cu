// memory.cu: setting and moving elements.
#include "device.cuh"

// fill: dst[i] = v
KERNEL(BLOCK) fill(float *dst, int n, float v) {
    FOR_ALL(i, n) dst[i] = v;
}

// copy_2d: dst[r*dst_stride + c] (+)= src[r*src_stride + c]
KERNEL(BLOCK) copy_2d(float *dst, int dst_stride, const float *src, int src_stride, int rows, int cols, int acc) {
    if (cols % 4 == 0 && dst_stride % 4 == 0 && src_stride % 4 == 0 && aligned_16(dst) && aligned_16(src)) {
        uint fours = cols / 4;
        FOR_ALL(q, rows * fours) {
            uint r = q / fours, c = 4 * (q % fours);
            float v[4];
            load_4(v, src + (place)r * src_stride + c);
            put_4(dst + (place)r * dst_stride + c, v, acc);
        }
        return;
    }
    FOR_ALL(i, rows * cols) {
        uint r = i / cols, c = i % cols;
        store(&dst[(place)r * dst_stride + c], src[(place)r * src_stride + c], acc);
    }
}

// transpose: dst[b][c][r] = x[b][r][c]. A block of (32, 8) threads turns a tile
// of 32 x 32 in shared memory, so that it reads and writes whole lines; the odd
// row length keeps a column's elements in different banks.
KERNEL(BLOCK) transpose(float *dst, const float *x, int rows, int cols) {
    __shared__ float tile[32][33];
    uint c0 = blockIdx.x * 32, r0 = blockIdx.y * 32;
    place matrix = (place)blockIdx.z * rows * cols;
    for (uint k = threadIdx.y; k < 32; k += 8) {
        uint r = r0 + k, c = c0 + threadIdx.x;
        if (r < rows && c < cols) tile[k][threadIdx.x] = x[matrix + (place)r * cols + c];
    }
    __syncthreads();
    for (uint k = threadIdx.y; k < 32; k += 8) {
        uint r = r0 + threadIdx.x, c = c0 + k;
        if (r < rows && c < cols) dst[matrix + (place)c * rows + r] = tile[threadIdx.x][k];
    }
}
