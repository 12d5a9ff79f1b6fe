// images.cu: convolution and pooling of small networks, on (N, C, H, W). They run
// where cuDNN is missing, and check it where it is not: one thread or block for
// each result, in the order of the formula, and nothing is added from two sides.
#include "device.cuh"

// A window of (kh, kw) elements that lie dh and dw apart moves by sh and sw over
// an image (h, w) with a border of ph and pw; it has (oh, ow) places.
#define WINDOW int h, int w, int oh, int ow, int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw

// conv_2d: dst[b][o][y][x] = bias[o] + the sum over i, ky, kx of
// weight[o][i][ky][kx] * in[b][first(o)+i][y*sh-ph+ky*dh][x*sw-pw+kx*dw], the
// input channels first(o) .. first(o)+ci-1 being those of o's group. bias may be null.
KERNEL(BLOCK) conv_2d(float *dst, const float *in, const float *weight, const float *bias, int n, int channels, int out, int groups, WINDOW) {
    uint per_in = channels / groups, per_out = out / groups;
    FOR_ALL(i, n * out * oh * ow) {
        int x = i % ow, y = i / ow % oh;
        uint o = i / (ow * oh) % out, b = i / (ow * oh) / out;
        float sum = bias ? bias[o] : 0.f;
        for (uint k = 0; k < per_in; k++) {
            const float *plane = in + ((place)b * channels + o / per_out * per_in + k) * h * w;
            const float *filter = weight + ((place)o * per_in + k) * kh * kw;
            for (int ky = 0; ky < kh; ky++) {
                int iy = y * sh - ph + ky * dh;
                if (iy < 0 || iy >= h) continue;
                for (int kx = 0; kx < kw; kx++) {
                    int ix = x * sw - pw + kx * dw;
                    if (ix >= 0 && ix < w) sum = fmaf(filter[ky * kw + kx], plane[iy * w + ix], sum);
                }
            }
        }
        dst[i] = sum;
    }
}

// conv_2d_input: the gradient of conv_2d's input. A thread has one element of dx
// and visits the places whose window holds it.
KERNEL(BLOCK) conv_2d_input(float *dx, const float *dy, const float *weight, int n, int channels, int out, int groups, WINDOW, int acc) {
    uint per_in = channels / groups, per_out = out / groups;
    FOR_ALL(i, n * channels * h * w) {
        int ix = i % w, iy = i / w % h;
        uint ch = i / (w * h) % channels, b = i / (w * h) / channels;
        float sum = 0.f;
        for (uint o = ch / per_in * per_out; o < (ch / per_in + 1) * per_out; o++) {
            const float *plane = dy + ((place)b * out + o) * oh * ow;
            const float *filter = weight + ((place)o * per_in + ch % per_in) * kh * kw;
            for (int ky = 0; ky < kh; ky++) {
                int top = iy + ph - ky * dh, y = top / sh;
                if (top < 0 || top % sh != 0 || y >= oh) continue;
                for (int kx = 0; kx < kw; kx++) {
                    int left = ix + pw - kx * dw, x = left / sw;
                    if (left >= 0 && left % sw == 0 && x < ow) sum = fmaf(filter[ky * kw + kx], plane[y * ow + x], sum);
                }
            }
        }
        store(&dx[i], sum, acc);
    }
}

// conv_2d_weight: dw[o][k][ky][kx] += the sum over b, y, x of dy * the input under that element, by a block
KERNEL(BLOCK) conv_2d_weight(float *dweight, const float *dy, const float *in, int n, int channels, int out, int groups, WINDOW) {
    __shared__ float room[BLOCK / 32];
    uint per_in = channels / groups, per_out = out / groups, i = blockIdx.x;
    int kx = i % kw, ky = i / kw % kh;
    uint k = i / (kw * kh) % per_in, o = i / (kw * kh) / per_in;
    float sum = 0.f;
    for (uint j = threadIdx.x; j < n * oh * ow; j += BLOCK) {
        int ix = j % ow * sw - pw + kx * dw, iy = j / ow % oh * sh - ph + ky * dh;
        uint b = j / (ow * oh);
        if (ix < 0 || ix >= w || iy < 0 || iy >= h) continue;
        float v = in[(((place)b * channels + o / per_out * per_in + k) * h + iy) * w + ix];
        sum = fmaf(dy[((place)b * out + o) * oh * ow + j % (ow * oh)], v, sum);
    }
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) dweight[i] += sum;
}

// plane_sums: dst[ch] += the sum of x[b][ch][k] over samples b and places k, by block ch: a convolution's bias gradient
KERNEL(BLOCK) plane_sums(float *dst, const float *x, int n, int c, int s) {
    __shared__ float room[BLOCK / 32];
    uint ch = blockIdx.x;
    float sum = 0.f;
    for (uint k = threadIdx.x; k < n * s; k += BLOCK) sum += x[((place)(k / s) * c + ch) * s + k % s];
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) dst[ch] += sum;
}

// max_pool_2d: dst = the maximum of each window, index = its flat place in x. NaN counts as the largest.
KERNEL(BLOCK) max_pool_2d(float *dst, int *index, const float *x, int planes, WINDOW) {
    FOR_ALL(i, planes * oh * ow) {
        int x0 = i % ow * sw - pw, y0 = i / ow % oh * sh - ph;
        uint plane = i / (ow * oh) * h * w;
        float best = NEG_INF;
        int at = -1;
        for (int ky = 0; ky < kh; ky++) {
            int iy = y0 + ky * dh;
            if (iy < 0 || iy >= h) continue;
            for (int kx = 0; kx < kw; kx++) {
                int ix = x0 + kx * dw;
                if (ix < 0 || ix >= w) continue;
                float v = x[plane + iy * w + ix];
                if (at < 0 || v > best || v != v) {
                    best = v;
                    at = plane + iy * w + ix;
                }
            }
        }
        dst[i] = best;
        index[i] = at;
    }
}

// max_pool_2d_backward: dx[e] (+)= the sum of dy[i] over the places i of e's plane with index[i] == e
KERNEL(BLOCK) max_pool_2d_backward(float *dx, const float *dy, const int *index, int planes, int size, int places, int acc) {
    FOR_ALL(e, planes * size) {
        uint first = e / size * places;
        float sum = 0.f;
        for (uint i = first; i < first + places; i++)
            if (index[i] == (int)e) sum += dy[i];
        store(&dx[e], sum, acc);
    }
}

// avg_pool_2d: dst = the mean of each window, zeros outside of the image counted
KERNEL(BLOCK) avg_pool_2d(float *dst, const float *x, int planes, WINDOW) {
    FOR_ALL(i, planes * oh * ow) {
        int x0 = i % ow * sw - pw, y0 = i / ow % oh * sh - ph;
        const float *plane = x + (place)(i / (ow * oh)) * h * w;
        float sum = 0.f;
        for (int ky = 0; ky < kh; ky++) {
            int iy = y0 + ky * dh;
            if (iy < 0 || iy >= h) continue;
            for (int kx = 0; kx < kw; kx++) {
                int ix = x0 + kx * dw;
                if (ix >= 0 && ix < w) sum += plane[iy * w + ix];
            }
        }
        dst[i] = sum / (kh * kw);
    }
}

// avg_pool_2d_backward: dx[e] (+)= the sum of dy/(kh*kw) over the places whose window holds e
KERNEL(BLOCK) avg_pool_2d_backward(float *dx, const float *dy, int planes, WINDOW, int acc) {
    FOR_ALL(i, planes * h * w) {
        int ix = i % w, iy = i / w % h;
        const float *plane = dy + (place)(i / (w * h)) * oh * ow;
        float sum = 0.f;
        for (int ky = 0; ky < kh; ky++) {
            int top = iy + ph - ky * dh, y = top / sh;
            if (top < 0 || top % sh != 0 || y >= oh) continue;
            for (int kx = 0; kx < kw; kx++) {
                int left = ix + pw - kx * dw, x = left / sw;
                if (left >= 0 && left % sw == 0 && x < ow) sum += plane[y * ow + x];
            }
        }
        store(&dx[i], sum / (kh * kw), acc);
    }
}
