// attention.cu: multi-head attention softmax(q.k/sqrt(d)).v, fused: scores live in
// registers and are never written. Packed qkv is (B, T, 3*D), the heads side by
// side within each of q, k, v, d = D/heads elements each.
//
// The tiled kernels are made for one head size, a block for 64 tokens of one head
// of one sample, a thread for each of its tokens; the others' rows come through
// shared memory, 64 at a time. The running maximum and sum make one pass do: Milakov, Gimelshein:
// Online normalizer calculation for softmax. 2018; Dao et al.: FlashAttention. 2022.
// The row kernels take any head size, a warp for each token, and at most MAX_TOKENS tokens.
#include "math.cuh"

#define TILE 64
#define CHUNK 8 // scores that share one rescaling

#define MAX_TOKENS 1024
#define ROW_WARPS 4

// A head of a sample: q, k, v and the gradients beside them have rows of 3*D, y and dy of D.
struct Head {
    const float *q, *k, *v;
    place y, lse; // offsets of the head's first element
    uint row;     // 3*D
    uint width;   // D
};

static __device__ __forceinline__ Head head_of(const float *qkv, uint sample, uint head, int tokens, int width, int heads) {
    const float *q = qkv + (place)sample * tokens * 3 * width + head * (width / heads);
    return {q, q + width, q + 2 * width, (place)sample * tokens * width + head * (width / heads), ((place)sample * heads + head) * tokens, 3 * (uint)width, (uint)width};
}

// load_tile copies rows first .. first+TILE-1 of x into shared memory, zeros beyond the last token.
template <int D> static __device__ __forceinline__ void load_tile(float (*tile)[D], const float *x, uint row, uint first, uint tokens) {
    for (uint e = threadIdx.x; e < TILE * D; e += TILE) {
        uint j = e / D, c = e % D;
        tile[j][c] = first + j < tokens ? x[(place)(first + j) * row + c] : 0.f;
    }
}

// load_row copies D elements, from shared memory four at a time.
template <int D> static __device__ __forceinline__ void load_row(float *dst, const float *row) {
    UNROLL
    for (int c = 0; c < D; c += 4) load_4(dst + c, row + c);
}

template <int D> static __device__ __forceinline__ float dot(const float *a, const float *b) {
    float sum = 0.f;
    UNROLL
    for (int c = 0; c < D; c++) sum = fmaf(a[c], b[c], sum);
    return sum;
}

// add_scaled: sum += k * row
template <int D> static __device__ __forceinline__ void add_scaled(float *sum, float k, const float *row) {
    UNROLL
    for (int c = 0; c < D; c++) sum[c] = fmaf(k, row[c], sum[c]);
}

template <int D> static __device__ __forceinline__ void clear(float *sum) {
    UNROLL
    for (int c = 0; c < D; c++) sum[c] = 0.f;
}

// read_token and write_token move a token's D elements from and to global memory.
template <int D> static __device__ __forceinline__ void read_token(float *dst, const float *token, bool active) {
    UNROLL
    for (int c = 0; c < D; c++) dst[c] = active ? token[c] : 0.f;
}
template <int D> static __device__ __forceinline__ void write_token(float *token, const float *src, float k) {
    UNROLL
    for (int c = 0; c < D; c++) token[c] = src[c] * k;
}

// Forward: y[i] = the sum over keys j of p[i][j]*v[j], p = softmax(scale*q.k), lse[i] = ln of the sum of exp(scale*q[i].k[j]).
template <int D> static __device__ __forceinline__ void attention_tile(float *y, float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) {
    __shared__ __align__(16) float k[TILE][D], v[TILE][D];
    Head h = head_of(qkv, blockIdx.z, blockIdx.y, tokens, width, heads);
    uint i = blockIdx.x * TILE + threadIdx.x;
    bool active = i < tokens;
    uint visible = !active ? 0 : causal ? i + 1 : tokens;
    uint end = causal ? smaller(tokens, (blockIdx.x + 1) * TILE) : tokens;
    float q[D], other[D], sum[D], top = NEG_INF, total = 0.f;
    read_token<D>(q, h.q + (place)i * h.row, active);
    clear<D>(sum);
    for (uint first = 0; first < end; first += TILE) {
        __syncthreads();
        load_tile<D>(k, h.k, h.row, first, tokens);
        load_tile<D>(v, h.v, h.row, first, tokens);
        __syncthreads();
        for (uint j = 0; j < TILE && first + j < visible; j += CHUNK) {
            float s[CHUNK], before = top;
            UNROLL
            for (int u = 0; u < CHUNK; u++) {
                load_row<D>(other, k[j + u]);
                s[u] = first + j + u < visible ? scale * dot<D>(q, other) : NEG_INF;
                top = larger(top, s[u]);
            }
            float keep = exp_(before - top);
            total *= keep;
            UNROLL
            for (int c = 0; c < D; c++) sum[c] *= keep;
            UNROLL
            for (int u = 0; u < CHUNK; u++) {
                float p = exp_(s[u] - top);
                total += p;
                load_row<D>(other, v[j + u]);
                add_scaled<D>(sum, p, other);
            }
        }
    }
    if (!active) return;
    write_token<D>(y + h.y + (place)i * h.width, sum, 1.f / total);
    lse[h.lse + i] = top + log_(total);
}

// Backward, with p recomputed from lse, dp = dy.v and delta = dy.y (the sum over j of p*dp):
// ds = scale * p * (dp - delta); dq[i] = the sum over j of ds[i][j]*k[j].
template <int D> static __device__ __forceinline__ void attention_dq_tile(float *dqkv, const float *dy, const float *y, const float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) {
    __shared__ __align__(16) float k[TILE][D], v[TILE][D];
    Head h = head_of(qkv, blockIdx.z, blockIdx.y, tokens, width, heads);
    uint i = blockIdx.x * TILE + threadIdx.x;
    bool active = i < tokens;
    uint visible = !active ? 0 : causal ? i + 1 : tokens;
    uint end = causal ? smaller(tokens, (blockIdx.x + 1) * TILE) : tokens;
    float q[D], grad[D], key[D], other[D], sum[D];
    read_token<D>(q, h.q + (place)i * h.row, active);
    read_token<D>(grad, dy + h.y + (place)i * h.width, active);
    read_token<D>(other, y + h.y + (place)i * h.width, active);
    clear<D>(sum);
    float delta = dot<D>(grad, other), log_sum = active ? lse[h.lse + i] : 0.f;
    for (uint first = 0; first < end; first += TILE) {
        __syncthreads();
        load_tile<D>(k, h.k, h.row, first, tokens);
        load_tile<D>(v, h.v, h.row, first, tokens);
        __syncthreads();
        for (uint j = 0; j < TILE && first + j < visible; j++) {
            load_row<D>(key, k[j]);
            load_row<D>(other, v[j]);
            float p = exp_(scale * dot<D>(q, key) - log_sum);
            add_scaled<D>(sum, scale * p * (dot<D>(grad, other) - delta), key);
        }
    }
    if (!active) return;
    write_token<D>(dqkv + (h.q - qkv) + (place)i * h.row, sum, 1.f);
}

// dk[j] = the sum over queries i of ds[i][j]*q[i], dv[j] = that of p[i][j]*dy[i]; the thread's token is now a key.
template <int D> static __device__ __forceinline__ void attention_dkv_tile(float *dqkv, const float *dy, const float *y, const float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) {
    __shared__ __align__(16) float q[TILE][D], grad[TILE][D];
    __shared__ float log_sum[TILE], delta[TILE];
    Head h = head_of(qkv, blockIdx.z, blockIdx.y, tokens, width, heads);
    uint j = blockIdx.x * TILE + threadIdx.x;
    bool active = j < tokens;
    float k[D], v[D], query[D], other[D], dk[D], dv[D];
    read_token<D>(k, h.k + (place)j * h.row, active);
    read_token<D>(v, h.v + (place)j * h.row, active);
    clear<D>(dk);
    clear<D>(dv);
    for (uint first = causal ? blockIdx.x * TILE : 0; first < tokens; first += TILE) { // causal: earlier queries see none of these keys
        __syncthreads();
        load_tile<D>(q, h.q, h.row, first, tokens);
        load_tile<D>(grad, dy + h.y, h.width, first, tokens);
        __syncthreads();
        uint mine = first + threadIdx.x;
        load_row<D>(query, grad[threadIdx.x]);
        read_token<D>(other, y + h.y + (place)mine * h.width, mine < tokens);
        delta[threadIdx.x] = dot<D>(query, other);
        log_sum[threadIdx.x] = mine < tokens ? lse[h.lse + mine] : 0.f;
        __syncthreads();
        if (!active) continue;
        for (uint i = causal && first < j ? j - first : 0; i < TILE && first + i < tokens; i++) {
            load_row<D>(query, q[i]);
            load_row<D>(other, grad[i]);
            float p = exp_(scale * dot<D>(query, k) - log_sum[i]);
            add_scaled<D>(dk, scale * p * (dot<D>(other, v) - delta[i]), query);
            add_scaled<D>(dv, p, other);
        }
    }
    if (!active) return;
    float *out = dqkv + (h.k - qkv) + (place)j * h.row;
    write_token<D>(out, dk, 1.f);
    write_token<D>(out + h.width, dv, 1.f);
}

// self_attention_D, self_attention_dq_D, self_attention_dkv_D for head size D, the models' 16. dq and dkv write their parts of dqkv.
#define TILED(D) \
    KERNEL(TILE) self_attention_##D(float *y, float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) { \
        attention_tile<D>(y, lse, qkv, tokens, width, heads, causal, scale); \
    } \
    KERNEL(TILE) self_attention_dq_##D(float *dqkv, const float *dy, const float *y, const float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) { \
        attention_dq_tile<D>(dqkv, dy, y, lse, qkv, tokens, width, heads, causal, scale); \
    } \
    KERNEL(TILE) self_attention_dkv_##D(float *dqkv, const float *dy, const float *y, const float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) { \
        attention_dkv_tile<D>(dqkv, dy, y, lse, qkv, tokens, width, heads, causal, scale); \
    }
TILED(16)

// A warp of ROW_WARPS in a block takes token i of one head of one sample.
#define TOKEN_OF_WARP \
    uint lane = lane_index(), warp = threadIdx.x / 32; \
    uint i = blockIdx.x * ROW_WARPS + warp, d = width / heads; \
    if (i >= tokens) return; \
    Head h = head_of(qkv, blockIdx.z, blockIdx.y, tokens, width, heads);

static __device__ __forceinline__ float long_dot(const float *a, const float *b, uint d) {
    float sum = 0.f;
    for (uint c = 0; c < d; c++) sum = fmaf(a[c], b[c], sum);
    return sum;
}

// weighted_rows: dst[c] = the sum over j in [from, to) of weight[j] * x[j*row + c], a lane for each c
static __device__ __forceinline__ void weighted_rows(float *dst, const float *weight, const float *x, uint row, uint from, uint to, uint d, uint lane) {
    for (uint c = lane; c < d; c += 32) {
        float sum = 0.f;
        for (uint j = from; j < to; j++) sum = fmaf(weight[j], x[(place)j * row + c], sum);
        dst[c] = sum;
    }
}

// self_attention: the forward pass of any head size
KERNEL(32 * ROW_WARPS) self_attention(float *y, float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) {
    __shared__ float scores[ROW_WARPS][MAX_TOKENS];
    TOKEN_OF_WARP
    float *p = scores[warp], top = NEG_INF, sum = 0.f;
    uint visible = causal ? i + 1 : tokens;
    for (uint j = lane; j < visible; j += 32) {
        float s = scale * long_dot(h.q + (place)i * h.row, h.k + (place)j * h.row, d);
        p[j] = s;
        top = larger(top, s);
    }
    top = warp_max(top);
    for (uint j = lane; j < visible; j += 32) {
        float e = exp_(p[j] - top);
        p[j] = e;
        sum += e;
    }
    sum = warp_sum(sum);
    float inverse = 1.f / sum;
    for (uint j = lane; j < visible; j += 32) p[j] *= inverse;
    __syncwarp();
    weighted_rows(y + h.y + (place)i * h.width, p, h.v, h.row, 0, visible, d, lane);
    if (lane == 0) lse[h.lse + i] = top + log_(sum);
}

// self_attention_dq: the gradient of q for any head size; the warp's token is a query
KERNEL(32 * ROW_WARPS) self_attention_dq(float *dqkv, const float *dy, const float *y, const float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) {
    __shared__ float grads[ROW_WARPS][MAX_TOKENS];
    TOKEN_OF_WARP
    float *ds = grads[warp], log_sum = lse[h.lse + i];
    const float *grad = dy + h.y + (place)i * h.width;
    float delta = long_dot(grad, y + h.y + (place)i * h.width, d);
    uint visible = causal ? i + 1 : tokens;
    for (uint j = lane; j < visible; j += 32) {
        float p = exp_(scale * long_dot(h.q + (place)i * h.row, h.k + (place)j * h.row, d) - log_sum);
        ds[j] = scale * p * (long_dot(grad, h.v + (place)j * h.row, d) - delta);
    }
    __syncwarp();
    weighted_rows(dqkv + (h.q - qkv) + (place)i * h.row, ds, h.k, h.row, 0, visible, d, lane);
}

// self_attention_dkv: the gradients of k and v for any head size; the warp's token i is a key
KERNEL(32 * ROW_WARPS) self_attention_dkv(float *dqkv, const float *dy, const float *y, const float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) {
    __shared__ float probs[ROW_WARPS][MAX_TOKENS], grads[ROW_WARPS][MAX_TOKENS];
    TOKEN_OF_WARP
    float *p = probs[warp], *ds = grads[warp];
    uint from = causal ? i : 0; // the first query that sees this key
    for (uint j = from + lane; j < tokens; j += 32) {
        const float *grad = dy + h.y + (place)j * h.width;
        float delta = long_dot(grad, y + h.y + (place)j * h.width, d);
        p[j] = exp_(scale * long_dot(h.q + (place)j * h.row, h.k + (place)i * h.row, d) - lse[h.lse + j]);
        ds[j] = scale * p[j] * (long_dot(grad, h.v + (place)i * h.row, d) - delta);
    }
    __syncwarp();
    float *dk = dqkv + (h.k - qkv) + (place)i * h.row;
    weighted_rows(dk, ds, h.q, h.row, from, tokens, d, lane);
    weighted_rows(dk + h.width, p, dy + h.y, h.width, from, tokens, d, lane);
}

// One query row per sample, q (B, D), over kv (B, T, 2*D): warp w of all takes head w % heads of sample w / heads.
// The sample sees its first n[b] keys, all if n is null.
#define HEAD_OF_WARP \
    uint lane = lane_index(), w = warp_index(), d = width / heads; \
    if (w >= batch * heads) return; \
    uint b = w / heads, head = w % heads, visible = n ? n[b] : tokens, row = 2 * width; \
    place at = (place)b * width + head * d, first = (place)b * tokens * row + head * d; \
    const float *k = kv + first, *v = k + width, *query = q + at;

// query_attention: y[b] = probs[b] . v, probs = softmax(scale * q.k), zero for keys that are not seen
KERNEL(32 * ROW_WARPS) query_attention(float *y, float *probs, const float *q, const float *kv, const int *n, int batch, int tokens, int width, int heads, float scale) {
    HEAD_OF_WARP
    float *p = probs + (place)w * tokens, top = NEG_INF, sum = 0.f;
    for (uint j = lane; j < visible; j += 32) {
        float s = scale * long_dot(query, k + (place)j * row, d);
        p[j] = s;
        top = larger(top, s);
    }
    top = warp_max(top);
    for (uint j = lane; j < visible; j += 32) {
        float e = exp_(p[j] - top);
        p[j] = e;
        sum += e;
    }
    float inverse = 1.f / warp_sum(sum);
    for (uint j = lane; j < tokens; j += 32) p[j] = j < visible ? p[j] * inverse : 0.f;
    __syncwarp();
    weighted_rows(y + at, p, v, row, 0, visible, d, lane);
}

// query_attention_backward: dp = v.dy, ds = scale * p * (dp - the sum of p*dp), dv = p*dy, dk = ds*q, dq = the sum of ds*k
KERNEL(32 * ROW_WARPS) query_attention_backward(float *dq, float *dkv, const float *dy, const float *probs, const float *q, const float *kv, const int *n, int batch, int tokens, int width, int heads, float scale) {
    __shared__ float grads[ROW_WARPS][MAX_TOKENS];
    HEAD_OF_WARP
    const float *p = probs + (place)w * tokens, *grad = dy + at;
    float *ds = grads[threadIdx.x / 32], *dk = dkv + first, *dv = dk + width, mean = 0.f;
    for (uint j = lane; j < visible; j += 32) {
        float dp = long_dot(v + (place)j * row, grad, d);
        ds[j] = dp;
        mean = fmaf(p[j], dp, mean);
    }
    mean = warp_sum(mean);
    for (uint j = lane; j < visible; j += 32) ds[j] = scale * p[j] * (ds[j] - mean);
    __syncwarp();
    for (uint j = 0; j < tokens; j++)
        for (uint c = lane; c < d; c += 32) {
            dk[(place)j * row + c] = j < visible ? ds[j] * query[c] : 0.f;
            dv[(place)j * row + c] = j < visible ? p[j] * grad[c] : 0.f;
        }
    weighted_rows(dq + at, ds, k, row, 0, visible, d, lane);
}
