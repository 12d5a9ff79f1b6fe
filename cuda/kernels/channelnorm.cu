// channelnorm.cu: what is normalised per channel or per group of channels, on x (N, C, S):
// samples, channels, places (S = 1 for x (N, C)). A block takes a channel or a
// group, and adds up in two passes about the mean.
#include "device.cuh"

// batch_norm_moments: mean[ch] and rstd[ch] = 1/sqrt(biased variance + eps), by block ch.
// Sums are taken about the channel's first element: a large offset cancels nothing.
KERNEL(BLOCK) batch_norm_moments(float *mean, float *rstd, const float *x, int n, int c, int s, float eps) {
    __shared__ float room[2][BLOCK / 32];
    uint ch = blockIdx.x, count = n * s;
    float first = x[(place)ch * s], sum = 0.f, squares = 0.f;
    UNROLL_4
    for (uint k = threadIdx.x; k < count; k += BLOCK) sum += x[((place)(k / s) * c + ch) * s + k % s] - first;
    float m = block_sum(sum, room[0]) / count;
    UNROLL_4
    for (uint k = threadIdx.x; k < count; k += BLOCK) {
        float d = x[((place)(k / s) * c + ch) * s + k % s] - first - m;
        squares = fmaf(d, d, squares);
    }
    squares = block_sum(squares, room[1]);
    if (threadIdx.x == 0) {
        mean[ch] = first + m;
        rstd[ch] = 1.f / sqrtf(squares / count + eps);
    }
}

// channel_affine: dst = (x-mean)*rstd*gamma + beta per channel, clamped at zero if relu
KERNEL(BLOCK) channel_affine(float *dst, const float *x, const float *mean, const float *rstd, const float *gamma, const float *beta, int n, int c, int s, int relu) {
    FOR_ALL(i, n * c * s) {
        uint ch = i / s % c;
        float y = fmaf((x[i] - mean[ch]) * rstd[ch], gamma[ch], beta[ch]);
        dst[i] = relu && y < 0.f ? 0.f : y;
    }
}

// channel_sums: with g = dy where the clamp let it through and h = (x-mean)*rstd,
// sums[0][ch] = the sum of g, sums[1][ch] = that of g*h, by block ch;
// dbeta and dgamma (may be null) += them
KERNEL(BLOCK) channel_sums(float *sums, float *dgamma, float *dbeta, const float *dy, const float *x, const float *y, const float *mean, const float *rstd, int n, int c, int s, int relu) {
    __shared__ float room[2][BLOCK / 32];
    uint ch = blockIdx.x, count = n * s;
    float sum = 0.f, dot = 0.f, m = mean[ch], r = rstd[ch];
    UNROLL_4
    for (uint k = threadIdx.x; k < count; k += BLOCK) {
        place i = ((place)(k / s) * c + ch) * s + k % s;
        float g = relu && y[i] <= 0.f ? 0.f : dy[i];
        sum += g;
        dot = fmaf(g, (x[i] - m) * r, dot);
    }
    sum = block_sum(sum, room[0]);
    dot = block_sum(dot, room[1]);
    if (threadIdx.x == 0) {
        sums[ch] = sum;
        sums[c + ch] = dot;
        if (dgamma) {
            dgamma[ch] += dot;
            dbeta[ch] += sum;
        }
    }
}

// channel_backward: with g, h and sums as in channel_sums and m = n*s,
// dx (+)= gamma*rstd * (g - sums[0]/m - h*sums[1]/m), or gamma*rstd*g where the statistics were given (batch = 0)
KERNEL(BLOCK) channel_backward(float *dx, const float *dy, const float *x, const float *y, const float *mean, const float *rstd, const float *gamma, const float *sums, int n, int c, int s, int relu, int batch, int acc) {
    float m = (float)(n * s);
    FOR_ALL(i, n * c * s) {
        uint ch = i / s % c;
        float g = relu && y[i] <= 0.f ? 0.f : dy[i];
        if (batch) g -= sums[ch] / m + (x[i] - mean[ch]) * rstd[ch] * (sums[c + ch] / m);
        store(&dx[i], gamma[ch] * rstd[ch] * g, acc);
    }
}

// group_norm: block b normalises group b % groups of sample b / groups, size = C/groups*s elements;
// gamma and beta (C) may be null. mean and rstd are (N, groups).
KERNEL(BLOCK) group_norm(float *dst, float *mean, float *rstd, const float *x, const float *gamma, const float *beta, int groups, int size, int s, float eps) {
    __shared__ float room[2][BLOCK / 32];
    place base = (place)blockIdx.x * size;
    uint first_channel = blockIdx.x % groups * (size / s);
    float first = x[base], sum = 0.f, squares = 0.f;
    for (uint k = threadIdx.x; k < size; k += BLOCK) sum += x[base + k] - first;
    float m = block_sum(sum, room[0]) / size;
    for (uint k = threadIdx.x; k < size; k += BLOCK) {
        float d = x[base + k] - first - m;
        squares = fmaf(d, d, squares);
    }
    float r = 1.f / sqrtf(block_sum(squares, room[1]) / size + eps);
    for (uint k = threadIdx.x; k < size; k += BLOCK) {
        float y = (x[base + k] - first - m) * r;
        uint ch = first_channel + k / s;
        dst[base + k] = gamma ? fmaf(y, gamma[ch], beta[ch]) : y;
    }
    if (threadIdx.x == 0) {
        mean[blockIdx.x] = first + m;
        rstd[blockIdx.x] = r;
    }
}

// group_norm_backward: per group, with g = dy*gamma and h = (x-mean)*rstd,
// dx (+)= rstd * (g - mean(g) - h*mean(g*h))
KERNEL(BLOCK) group_norm_backward(float *dx, const float *dy, const float *x, const float *mean, const float *rstd, const float *gamma, int groups, int size, int s, int acc) {
    __shared__ float room[2][BLOCK / 32];
    place base = (place)blockIdx.x * size;
    uint first_channel = blockIdx.x % groups * (size / s);
    float m = mean[blockIdx.x], r = rstd[blockIdx.x], sum = 0.f, dot = 0.f;
    for (uint k = threadIdx.x; k < size; k += BLOCK) {
        float g = gamma ? dy[base + k] * gamma[first_channel + k / s] : dy[base + k];
        sum += g;
        dot = fmaf(g, (x[base + k] - m) * r, dot);
    }
    sum = block_sum(sum, room[0]) / size;
    dot = block_sum(dot, room[1]) / size;
    for (uint k = threadIdx.x; k < size; k += BLOCK) {
        float g = gamma ? dy[base + k] * gamma[first_channel + k / s] : dy[base + k];
        store(&dx[base + k], r * (g - sum - (x[base + k] - m) * r * dot), acc);
    }
}

// group_norm_params: dgamma[ch] += the sum of dy*(x-mean)*rstd over samples and places, dbeta[ch] += that of dy, by block ch
KERNEL(BLOCK) group_norm_params(float *dgamma, float *dbeta, const float *dy, const float *x, const float *mean, const float *rstd, int n, int c, int s, int groups) {
    __shared__ float room[2][BLOCK / 32];
    uint ch = blockIdx.x, count = n * s, group = ch / (c / groups);
    float sum = 0.f, dot = 0.f;
    for (uint k = threadIdx.x; k < count; k += BLOCK) {
        place i = ((place)(k / s) * c + ch) * s + k % s;
        uint g = k / s * groups + group;
        sum += dy[i];
        dot = fmaf(dy[i], (x[i] - mean[g]) * rstd[g], dot);
    }
    sum = block_sum(sum, room[0]);
    dot = block_sum(dot, room[1]);
    if (threadIdx.x == 0) {
        dgamma[ch] += dot;
        dbeta[ch] += sum;
    }
}

// move_stats: running = (1-momentum)*running + momentum*batch for mean and
// unbiased variance; the batch's biased variance is 1/rstd^2 - eps, over n values
KERNEL(BLOCK) move_stats(float *running_mean, float *running_var, const float *mean, const float *rstd, int c, int n, float eps, float momentum) {
    double m = momentum, unbias = n > 1 ? (double)n / (n - 1) : 1.;
    FOR_ALL(ch, c) {
        double r = rstd[ch], v = (1 / (r * r) - eps) * unbias;
        running_mean[ch] = (float)((1 - m) * running_mean[ch] + m * mean[ch]);
        running_var[ch] = (float)((1 - m) * running_var[ch] + m * v);
    }
}

// inv_std: rstd = 1/sqrt(variance+eps)
KERNEL(BLOCK) inv_std(float *rstd, const float *variance, int n, float eps) {
    FOR_ALL(i, n) rstd[i] = (float)(1 / sqrt((double)variance[i] + eps));
}
