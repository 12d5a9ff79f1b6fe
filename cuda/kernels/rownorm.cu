// rownorm.cu: what is normalised row by row. A warp takes a row: lane l has the
// elements l, l+32, ... A warp beyond the last row leaves as a whole, so that
// the shuffles of the others are complete.
#include "math.cuh"

#define ROW_OF_WARP(rows) \
    uint row = warp_index(), lane = lane_index(); \
    if (row >= (rows)) return; \
    place base = (place)row * cols;

// layer_norm_row is layer_norm of a row of at most WIDE elements, a multiple of four, which is read once.
static __device__ __forceinline__ void layer_norm_row(float *dst, float *mean, float *rstd, const float *x, const float *gamma, const float *beta, uint lane, uint cols, float eps) {
    uint c = 4 * lane;
    bool active = c < cols;
    float v[4] = {}, g[4] = {}, b[4] = {}, squares = 0.f;
    if (active) {
        load_4(v, x + c);
        load_4(g, gamma + c);
        load_4(b, beta + c);
    }
    float m = warp_sum(v[0] + v[1] + (v[2] + v[3])) / cols;
    UNROLL
    for (int i = 0; i < 4; i++) {
        v[i] = active ? v[i] - m : 0.f;
        squares = fmaf(v[i], v[i], squares);
    }
    float s = 1.f / sqrtf(warp_sum(squares) / cols + eps);
    UNROLL
    for (int i = 0; i < 4; i++) v[i] = fmaf(v[i] * s, g[i], b[i]);
    if (active) store_4(dst + c, v);
    if (lane == 0) {
        *mean = m;
        *rstd = s;
    }
}

// layer_norm: dst = (x-mean)*rstd*gamma + beta, rstd = 1/sqrt(variance+eps).
// Mean first, then the squares about it: a large mean cancels nothing.
KERNEL(BLOCK) layer_norm(float *dst, float *mean, float *rstd, const float *x, const float *gamma, const float *beta, int rows, int cols, float eps) {
    ROW_OF_WARP(rows)
    if (cols <= WIDE && cols % 4 == 0 && aligned_16(dst) && aligned_16(x) && aligned_16(gamma) && aligned_16(beta)) {
        layer_norm_row(dst + base, mean + row, rstd + row, x + base, gamma, beta, lane, cols, eps);
        return;
    }
    float sum = 0.f, squares = 0.f;
    for (uint c = lane; c < cols; c += 32) sum += x[base + c];
    float m = warp_sum(sum) / cols;
    for (uint c = lane; c < cols; c += 32) {
        float d = x[base + c] - m;
        squares = fmaf(d, d, squares);
    }
    float s = 1.f / sqrtf(warp_sum(squares) / cols + eps);
    for (uint c = lane; c < cols; c += 32) dst[base + c] = fmaf((x[base + c] - m) * s, gamma[c], beta[c]);
    if (lane == 0) {
        mean[row] = m;
        rstd[row] = s;
    }
}

// layer_norm_backward: with g = dy*gamma and h = (x-mean)*rstd,
// dx (+)= rstd * (g - mean(g) - h*mean(g*h))
KERNEL(BLOCK) layer_norm_backward(float *dx, const float *dy, const float *x, const float *mean, const float *rstd, const float *gamma, int rows, int cols, int acc) {
    ROW_OF_WARP(rows)
    float m = mean[row], s = rstd[row], sum = 0.f, dot = 0.f;
    for (uint c = lane; c < cols; c += 32) {
        float g = dy[base + c] * gamma[c];
        sum += g;
        dot = fmaf(g, (x[base + c] - m) * s, dot);
    }
    sum = warp_sum(sum) / cols;
    dot = warp_sum(dot) / cols;
    for (uint c = lane; c < cols; c += 32) {
        float h = (x[base + c] - m) * s;
        store(&dx[base + c], s * (dy[base + c] * gamma[c] - sum - h * dot), acc);
    }
}

// layer_norm_backward_wide is layer_norm_backward for rows of at most WIDE elements,
// a multiple of four, that also adds up the parameters' gradients while dy and x
// are at hand: block b writes its part of dgamma and dbeta, (2, cols), to part[b].
KERNEL(BLOCK) layer_norm_backward_wide(float *dx, float *part, const float *dy, const float *x, const float *mean, const float *rstd, const float *gamma, int rows, int cols, int acc) {
    __shared__ __align__(16) float room[BLOCK / 32][2][WIDE];
    uint lane = lane_index(), warp = threadIdx.x / 32, c = 4 * lane;
    bool active = c < cols;
    float k[4] = {}, sum_g[4] = {}, sum_b[4] = {}, inverse = 1.f / cols;
    if (active) load_4(k, gamma + c);
    for (uint row = warp_index(); row < rows; row += gridDim.x * (BLOCK / 32)) {
        place at = (place)row * cols + c;
        float d[4] = {}, h[4] = {}, old[4] = {}, m = mean[row], s = rstd[row], sum = 0.f, dot = 0.f;
        if (active) {
            load_4(d, dy + at);
            load_4(h, x + at);
            if (acc) load_4(old, dx + at);
        }
        UNROLL
        for (int i = 0; i < 4; i++) {
            h[i] = (h[i] - m) * s;
            sum_g[i] = fmaf(d[i], h[i], sum_g[i]);
            sum_b[i] += d[i];
            d[i] *= k[i];
            sum += d[i];
            dot = fmaf(d[i], h[i], dot);
        }
        sum = warp_sum(sum) * inverse;
        dot = warp_sum(dot) * inverse;
        UNROLL
        for (int i = 0; i < 4; i++) d[i] = old[i] + s * (d[i] - sum - h[i] * dot);
        if (active) store_4(dx + at, d);
    }
    store_4(&room[warp][0][c], sum_g);
    store_4(&room[warp][1][c], sum_b);
    __syncthreads();
    uint which = threadIdx.x / WIDE, column = threadIdx.x % WIDE;
    if (column >= cols) return;
    float sum = 0.f;
    for (int w = 0; w < BLOCK / 32; w++) sum += room[w][which][column];
    part[((place)blockIdx.x * 2 + which) * cols + column] = sum;
}

// softmax_row writes one row of softmax(x) and returns ln of the sum of exp(x).
static __device__ __forceinline__ float softmax_row(float *dst, const float *x, uint lane, int cols) {
    float top = NEG_INF, sum = 0.f;
    for (uint c = lane; c < cols; c += 32) top = larger(top, x[c]);
    top = warp_max(top);
    for (uint c = lane; c < cols; c += 32) {
        float e = exp_(x[c] - top);
        dst[c] = e;
        sum += e;
    }
    sum = warp_sum(sum);
    float inverse = 1.f / sum;
    for (uint c = lane; c < cols; c += 32) dst[c] *= inverse;
    return top + log_(sum);
}

// softmax: dst[r] = exp(x[r]) / the sum of exp(x[r])
KERNEL(BLOCK) softmax(float *dst, const float *x, int rows, int cols) {
    ROW_OF_WARP(rows)
    softmax_row(dst + base, x + base, lane, cols);
}

// softmax_backward: dx (+)= y * (dy - the sum of dy*y). A constant added to dy
// changes nothing, so dy is counted from that of the largest y: where one y is
// nearly 1, its dy and the sum would cancel.
KERNEL(BLOCK) softmax_backward(float *dx, const float *dy, const float *y, int rows, int cols, int acc) {
    ROW_OF_WARP(rows)
    float top = NEG_INF, origin = NEG_INF, dot = 0.f;
    for (uint c = lane; c < cols; c += 32) top = larger(top, y[base + c]);
    top = warp_max(top);
    for (uint c = lane; c < cols; c += 32)
        if (y[base + c] == top) origin = larger(origin, dy[base + c]);
    origin = warp_max(origin);
    for (uint c = lane; c < cols; c += 32) dot = fmaf(dy[base + c] - origin, y[base + c], dot);
    dot = warp_sum(dot);
    for (uint c = lane; c < cols; c += 32) {
        float p = y[base + c], g = dy[base + c] - origin;
        store(&dx[base + c], p * (g - dot), acc);
    }
}

// l2_normalize: norm = max(|x|, eps), dst = x/norm
KERNEL(BLOCK) l2_normalize(float *dst, float *norm, const float *x, int rows, int cols, float eps) {
    ROW_OF_WARP(rows)
    float squares = 0.f;
    for (uint c = lane; c < cols; c += 32) squares = fmaf(x[base + c], x[base + c], squares);
    float n = sqrtf(warp_sum(squares));
    n = n < eps ? eps : n; // NaN stays
    float inverse = 1.f / n;
    for (uint c = lane; c < cols; c += 32) dst[base + c] = x[base + c] * inverse;
    if (lane == 0) norm[row] = n;
}

// l2_normalize_backward: dx (+)= (dy - y*(dy.y))/norm; a row that was shorter than
// eps was divided by a constant: dx (+)= dy/norm
KERNEL(BLOCK) l2_normalize_backward(float *dx, const float *dy, const float *y, const float *norm, int rows, int cols, float eps, int acc) {
    ROW_OF_WARP(rows)
    float n = norm[row], along = 0.f;
    for (uint c = lane; c < cols; c += 32) along = fmaf(dy[base + c], y[base + c], along);
    along = n > eps ? warp_sum(along) : 0.f;
    for (uint c = lane; c < cols; c += 32) store(&dx[base + c], (dy[base + c] - along * y[base + c]) / n, acc);
}

// cross_entropy: probs = softmax(logits), row_loss[r] = -log probs[r][targets[r]]
KERNEL(BLOCK) cross_entropy(float *row_loss, float *probs, const float *logits, const int *targets, int rows, int cols) {
    ROW_OF_WARP(rows)
    float lse = softmax_row(probs + base, logits + base, lane, cols);
    if (lane == 0) row_loss[row] = lse - logits[base + targets[row]];
}

// cross_entropy_backward: dlogits[r][c] (+)= dloss[0]/rows * (probs[r][c] - (c == targets[r]))
KERNEL(BLOCK) cross_entropy_backward(float *dlogits, const float *dloss, const float *probs, const int *targets, int rows, int cols, int acc) {
    float g = dloss[0] / rows;
    FOR_ALL(i, rows * cols) {
        float hit = targets[i / cols] == i % cols ? 1.f : 0.f;
        store(&dlogits[i], g * (probs[i] - hit), acc);
    }
}

// soft_cross_entropy: row_loss[r] = the sum over c of targets[r][c] * -log softmax(logits)[r][c]
KERNEL(BLOCK) soft_cross_entropy(float *row_loss, float *probs, const float *logits, const float *targets, int rows, int cols) {
    ROW_OF_WARP(rows)
    float lse = softmax_row(probs + base, logits + base, lane, cols), sum = 0.f;
    for (uint c = lane; c < cols; c += 32) sum = fmaf(targets[base + c], lse - logits[base + c], sum);
    sum = warp_sum(sum);
    if (lane == 0) row_loss[row] = sum;
}

// soft_cross_entropy_backward: dlogits[r] (+)= dloss[0]/rows * (probs[r] * the sum of targets[r] - targets[r])
KERNEL(BLOCK) soft_cross_entropy_backward(float *dlogits, const float *dloss, const float *probs, const float *targets, int rows, int cols, int acc) {
    ROW_OF_WARP(rows)
    float g = dloss[0] / rows, mass = 0.f;
    for (uint c = lane; c < cols; c += 32) mass += targets[base + c];
    mass = warp_sum(mass);
    for (uint c = lane; c < cols; c += 32) store(&dlogits[base + c], g * (probs[base + c] * mass - targets[base + c]), acc);
}

// weighted_mse: row_loss[r] = w[r] * the sum over c of (x[r][c]-target[r][c])^2
KERNEL(BLOCK) weighted_mse(float *row_loss, const float *x, const float *target, const float *w, int rows, int cols) {
    ROW_OF_WARP(rows)
    float sum = 0.f;
    for (uint c = lane; c < cols; c += 32) {
        float d = x[base + c] - target[base + c];
        sum = fmaf(d, d, sum);
    }
    sum = warp_sum(sum);
    if (lane == 0) row_loss[row] = w[row] == 0.f ? 0.f : w[row] * sum; // a row that does not count may hold anything
}

// weighted_mse_backward: dx[r][c] (+)= dloss[0] * 2 * w[r]/cols * (x[r][c]-target[r][c])
KERNEL(BLOCK) weighted_mse_backward(float *dx, const float *dloss, const float *x, const float *target, const float *w, int rows, int cols, int acc) {
    if (cols % 4 == 0 && aligned_16(dx) && aligned_16(x) && aligned_16(target)) {
        FOR_ALL(q, rows * cols / 4) {
            place i = 4 * (place)q;
            float k = dloss[0] * 2.f * w[4 * q / cols] / cols, v[4], t[4];
            load_4(v, x + i);
            load_4(t, target + i);
            UNROLL
            for (int e = 0; e < 4; e++) v[e] = k * (v[e] - t[e]);
            put_4(dx + i, v, acc);
        }
        return;
    }
    FOR_ALL(i, rows * cols) {
        float k = dloss[0] * 2.f * w[i / cols] / cols;
        store(&dx[i], k * (x[i] - target[i]), acc);
    }
}
