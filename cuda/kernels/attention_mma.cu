// attention_mma.cu: self-attention of head size 16 by tensor cores, for precisions
// that round the factors of products. A block takes one head of one sample whole:
// its tokens, at most TOKENS, lie in shared memory as factors of 10 bits.
//
// A warp computes tiles of 16 rows. The sum over a product's inner index may be
// taken in any order, and so may the columns of a result be: the lanes take both
// in the order that loads neighbours together, and that lets the result of the one
// product, softmax's scores, be the left factor of the next without leaving its lane.
//
//  - of head element 2p and 2p+1 lane place p has both: inner index p and p+4;
//  - of 8 tokens lane place p has FIRST(p) and SECOND(p): columns 2p and 2p+1;
//  - a result of 16 columns takes them in turn for its two tiles: lane place p has 4p..4p+3.
//
// Rows are PITCH apart so that all of these loads touch every bank once.
#include "math.cuh"

#define HEAD 16
#define PITCH 40 // two operands of HEAD side by side, and a gap
#define MMA_BLOCK 128
#define MMA_WARPS (MMA_BLOCK / 32)

#define FIRST(place) (place)
#define SECOND(place) (4 + ((place) ^ 2))

#define LOG2_E 1.44269504f
#define LN_2 0.693147181f

struct Lane { uint group, place; };
static __device__ __forceinline__ Lane lane_of_tile() { return {lane_index() / 4, lane_index() % 4}; }

// token_of_column is the token among 8 whose row is the right factor's column.
static __device__ __forceinline__ uint token_of_column(uint column) { return column % 2 ? SECOND(column / 2) : FIRST(column / 2); }

static __device__ __forceinline__ void load_2(uint v[2], const uint *p) {
    uint2 both = *(const uint2 *)p;
    v[0] = both.x;
    v[1] = both.y;
}

// load_left reads rows group and group+8 of a left factor that has HEAD columns, for its two steps of 8.
static __device__ __forceinline__ void load_left(uint a[2][4], const uint *rows, Lane l) {
    UNROLL
    for (int step = 0; step < 2; step++) {
        uint low[2], high[2];
        load_2(low, rows + l.group * PITCH + 8 * step + 2 * l.place);
        load_2(high, rows + (l.group + 8) * PITCH + 8 * step + 2 * l.place);
        a[step][0] = low[0];
        a[step][1] = high[0];
        a[step][2] = low[1];
        a[step][3] = high[1];
    }
}

// read_left is load_left from global memory, times scale, zeros beyond the last token.
static __device__ __forceinline__ void read_left(uint a[2][4], const float *x, uint row, uint first, uint tokens, float scale, Lane l) {
    UNROLL
    for (int high = 0; high < 2; high++) {
        uint i = first + l.group + 8 * high;
        UNROLL
        for (int step = 0; step < 2; step++) {
            float2 v = {0.f, 0.f};
            if (i < tokens) v = *(const float2 *)(x + (place)i * row + 8 * step + 2 * l.place);
            a[step][high] = to_tf32(v.x * scale);
            a[step][high + 2] = to_tf32(v.y * scale);
        }
    }
}

// load_columns reads 8 tokens' rows as the columns of a right factor.
static __device__ __forceinline__ void load_columns(uint b[2][2], const uint *rows, Lane l) {
    const uint *row = rows + token_of_column(l.group) * PITCH + 2 * l.place;
    load_2(b[0], row);
    load_2(b[1], row + 8);
}

// load_rows reads 8 tokens' rows as the rows of a right factor of HEAD columns, in two tiles.
static __device__ __forceinline__ void load_rows(uint b[2][2], const uint *rows, Lane l) {
    uint first[2], second[2];
    load_2(first, rows + FIRST(l.place) * PITCH + 2 * l.group);
    load_2(second, rows + SECOND(l.place) * PITCH + 2 * l.group);
    UNROLL
    for (int tile = 0; tile < 2; tile++) {
        b[tile][0] = first[tile];
        b[tile][1] = second[tile];
    }
}

// scores is d = left * columns, over HEAD elements.
static __device__ __forceinline__ void scores(float d[4], const uint a[2][4], const uint b[2][2]) {
    UNROLL
    for (int i = 0; i < 4; i++) d[i] = 0.f;
    mma_tf32(d, a[0], b[0]);
    mma_tf32(d, a[1], b[1]);
}

// weighted adds to sum the product of w, as it came out of scores, and 8 rows of HEAD columns.
static __device__ __forceinline__ void weighted(float sum[2][4], const float w[4], const uint b[2][2]) {
    uint a[4] = {to_tf32(w[0]), to_tf32(w[2]), to_tf32(w[1]), to_tf32(w[3])};
    mma_tf32(sum[0], a, b[0]);
    mma_tf32(sum[1], a, b[1]);
}

// store_tile writes rows group and group+8 of a result, times k of each, where they are tokens.
static __device__ __forceinline__ void store_tile(float *rows, uint pitch, uint first, uint tokens, const float sum[2][4], float low, float high, Lane l) {
    uint i = first + l.group;
    float v[4];
    if (i < tokens) {
        v[0] = sum[0][0] * low, v[1] = sum[1][0] * low, v[2] = sum[0][1] * low, v[3] = sum[1][1] * low;
        store_4(rows + (place)i * pitch + 4 * l.place, v);
    }
    if (i + 8 < tokens) {
        v[0] = sum[0][2] * high, v[1] = sum[1][2] * high, v[2] = sum[0][3] * high, v[3] = sum[1][3] * high;
        store_4(rows + (place)(i + 8) * pitch + 4 * l.place, v);
    }
}

// quad_sum and quad_max are over the four lanes that share a row.
static __device__ __forceinline__ float quad_sum(float v) {
    v += __shfl_xor_sync(0xffffffffu, v, 1);
    return v + __shfl_xor_sync(0xffffffffu, v, 2);
}
static __device__ __forceinline__ float quad_max(float v) {
    v = larger(v, __shfl_xor_sync(0xffffffffu, v, 1));
    return larger(v, __shfl_xor_sync(0xffffffffu, v, 2));
}

// load_operand copies a head's rows to shared memory as factors, times scale, zeros beyond the last token; four threads take a row.
template <int TOKENS> static __device__ __forceinline__ void load_operand(uint (*to)[PITCH], uint at, const float *x, uint row, uint tokens, float scale) {
    for (uint e = threadIdx.x; e < TOKENS * HEAD / 4; e += MMA_BLOCK) {
        uint i = e / 4, c = e % 4 * 4;
        float v[4] = {0.f, 0.f, 0.f, 0.f};
        if (i < tokens) load_4(v, x + (place)i * row + c);
        *(uint4 *)&to[i][at + c] = {to_tf32(v[0] * scale), to_tf32(v[1] * scale), to_tf32(v[2] * scale), to_tf32(v[3] * scale)};
    }
}

// Forward. The queries take scale*log2(e) with them, so that scores are exponents of 2.
template <int TOKENS> static __device__ __forceinline__ void attention_mma(float *y, float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) {
    __shared__ __align__(16) uint kv[TOKENS][PITCH];
    Head h = head_of(qkv, blockIdx.z, blockIdx.y, tokens, width, heads);
    Lane l = lane_of_tile();
    load_operand<TOKENS>(kv, 0, h.k, h.row, tokens, 1.f);
    load_operand<TOKENS>(kv, HEAD, h.v, h.row, tokens, 1.f);
    __syncthreads();
    for (uint first = threadIdx.x / 32 * 16; first < tokens; first += MMA_WARPS * 16) {
        uint q[2][4], end = causal ? smaller(tokens, first + 16) : tokens;
        uint visible[2] = {causal ? first + l.group + 1 : tokens, causal ? first + l.group + 9 : tokens};
        float s[TOKENS / 8][4], top[2] = {NEG_INF, NEG_INF}, total[2] = {0.f, 0.f}, sum[2][4] = {};
        read_left(q, h.q, h.row, first, tokens, scale * LOG2_E, l);
        UNROLL
        for (int n = 0; n < TOKENS / 8; n++)
            if (8 * n < end) {
                uint k[2][2];
                load_columns(k, kv[8 * n], l);
                scores(s[n], q, k);
                UNROLL
                for (int i = 0; i < 4; i++) {
                    uint j = 8 * n + (i % 2 ? SECOND(l.place) : FIRST(l.place));
                    if (j >= smaller(tokens, visible[i / 2])) s[n][i] = NEG_INF;
                    top[i / 2] = larger(top[i / 2], s[n][i]);
                }
            }
        UNROLL
        for (int r = 0; r < 2; r++) top[r] = quad_max(top[r]);
        UNROLL
        for (int n = 0; n < TOKENS / 8; n++)
            if (8 * n < end) {
                uint v[2][2];
                UNROLL
                for (int i = 0; i < 4; i++) {
                    s[n][i] = exp2_fast(s[n][i] - top[i / 2]);
                    total[i / 2] += s[n][i];
                }
                load_rows(v, &kv[8 * n][HEAD], l);
                weighted(sum, s[n], v);
            }
        UNROLL
        for (int r = 0; r < 2; r++) {
            total[r] = quad_sum(total[r]);
            uint i = first + l.group + 8 * r;
            if (l.place == 0 && i < tokens) lse[h.lse + i] = fmaf(top[r], LN_2, log_(total[r]));
        }
        store_tile(y + h.y, h.width, first, tokens, sum, 1.f / total[0], 1.f / total[1], l);
    }
}

// Backward: with p recomputed from lse, dp = dy.v and delta = dy.y,
// ds = p*(dp-delta), dq[i] = scale * the sum over j of ds[i][j]*k[j],
// dk[j] = scale * the sum over i of ds[i][j]*q[i], dv[j] = the sum over i of p[i][j]*dy[i].
// First rows are queries, then keys. A warp takes ROWS tiles, which share what is loaded.

// Of each query: the exponent that is taken off its scores, infinite beyond the last token, and delta.
struct __align__(8) Query { float lse, delta; };

template <int TOKENS, int ROWS> static __device__ __forceinline__ void attention_mma_dq(float *dqkv, Head h, const float *qkv, uint (*qk)[PITCH], uint (*vg)[PITCH], const Query *of, uint tokens, int causal, float scale, Lane l) {
    uint first = threadIdx.x / 32 * 16 * ROWS;
    if (first >= tokens) return;
    uint q[ROWS][2][4], g[ROWS][2][4], visible[ROWS][2];
    Query own[ROWS][2];
    float sum[ROWS][2][4] = {};
    UNROLL
    for (int m = 0; m < ROWS; m++) {
        load_left(q[m], qk[first + 16 * m], l);
        load_left(g[m], &vg[first + 16 * m][HEAD], l);
        UNROLL
        for (int r = 0; r < 2; r++) {
            uint i = first + 16 * m + l.group + 8 * r;
            own[m][r] = of[i];
            visible[m][r] = causal ? smaller(tokens, i + 1) : tokens;
        }
    }
    uint end = causal ? smaller(tokens, first + 16 * ROWS) : tokens;
    for (uint j = 0; j < end; j += 8) {
        uint k[2][2], v[2][2], rows[2][2];
        load_columns(k, &qk[j][HEAD], l);
        load_columns(v, vg[j], l);
        load_rows(rows, &qk[j][HEAD], l);
        UNROLL
        for (int m = 0; m < ROWS; m++) {
            float s[4], dp[4];
            scores(s, q[m], k);
            scores(dp, g[m], v);
            UNROLL
            for (int i = 0; i < 4; i++) {
                uint key = j + (i % 2 ? SECOND(l.place) : FIRST(l.place));
                float p = key < visible[m][i / 2] ? exp2_fast(s[i] - own[m][i / 2].lse) : 0.f;
                s[i] = p * (dp[i] - own[m][i / 2].delta);
            }
            weighted(sum[m], s, rows);
        }
    }
    UNROLL
    for (int m = 0; m < ROWS; m++) store_tile(dqkv + (h.q - qkv), h.row, first + 16 * m, tokens, sum[m], scale, scale, l);
}

template <int TOKENS, int ROWS> static __device__ __forceinline__ void attention_mma_dkv(float *dqkv, Head h, const float *qkv, uint (*qk)[PITCH], uint (*vg)[PITCH], const Query *of, uint tokens, int causal, Lane l) {
    uint first = threadIdx.x / 32 * 16 * ROWS;
    if (first >= tokens) return;
    uint k[ROWS][2][4], v[ROWS][2][4];
    float dk[ROWS][2][4] = {}, dv[ROWS][2][4] = {};
    UNROLL
    for (int m = 0; m < ROWS; m++) {
        load_left(k[m], &qk[first + 16 * m][HEAD], l);
        load_left(v[m], vg[first + 16 * m], l);
    }
    for (uint i = causal ? first : 0; i < tokens; i += 8) { // causal: earlier queries see none of these keys
        uint q[2][2], g[2][2], q_rows[2][2], g_rows[2][2];
        load_columns(q, qk[i], l);
        load_columns(g, &vg[i][HEAD], l);
        load_rows(q_rows, qk[i], l);
        load_rows(g_rows, &vg[i][HEAD], l);
        Query query[2] = {of[i + FIRST(l.place)], of[i + SECOND(l.place)]};
        UNROLL
        for (int m = 0; m < ROWS; m++) {
            float p[4], dp[4];
            scores(p, k[m], q);
            scores(dp, v[m], g);
            UNROLL
            for (int e = 0; e < 4; e++) {
                uint key = first + 16 * m + l.group + e / 2 * 8, at = i + (e % 2 ? SECOND(l.place) : FIRST(l.place));
                p[e] = !causal || key <= at ? exp2_fast(p[e] - query[e % 2].lse) : 0.f;
                dp[e] = p[e] * (dp[e] - query[e % 2].delta);
            }
            weighted(dv[m], p, g_rows);
            weighted(dk[m], dp, q_rows);
        }
    }
    UNROLL
    for (int m = 0; m < ROWS; m++) {
        store_tile(dqkv + (h.k - qkv), h.row, first + 16 * m, tokens, dk[m], LN_2, LN_2, l); // q has scale*log2(e) in it
        store_tile(dqkv + (h.k - qkv) + h.width, h.row, first + 16 * m, tokens, dv[m], 1.f, 1.f, l);
    }
}

template <int TOKENS> static __device__ __forceinline__ void attention_mma_backward(float *dqkv, const float *dy, const float *y, const float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) {
    __shared__ __align__(16) uint qk[TOKENS][PITCH], vg[TOKENS][PITCH];
    __shared__ Query of[TOKENS];
    Head h = head_of(qkv, blockIdx.z, blockIdx.y, tokens, width, heads);
    load_operand<TOKENS>(qk, 0, h.q, h.row, tokens, scale * LOG2_E);
    load_operand<TOKENS>(qk, HEAD, h.k, h.row, tokens, 1.f);
    load_operand<TOKENS>(vg, 0, h.v, h.row, tokens, 1.f);
    for (uint e = threadIdx.x; e < TOKENS * HEAD / 4; e += MMA_BLOCK) { // dy as load_operand does it, and beside it delta
        uint i = e / 4, c = e % 4 * 4;
        float v[4] = {0.f, 0.f, 0.f, 0.f}, out[4] = {0.f, 0.f, 0.f, 0.f}, delta = 0.f;
        if (i < tokens) {
            load_4(v, dy + h.y + (place)i * h.width + c);
            load_4(out, y + h.y + (place)i * h.width + c);
        }
        UNROLL
        for (int k = 0; k < 4; k++) delta = fmaf(v[k], out[k], delta);
        *(uint4 *)&vg[i][HEAD + c] = {to_tf32(v[0]), to_tf32(v[1]), to_tf32(v[2]), to_tf32(v[3])};
        delta = quad_sum(delta);
        if (c == 0) of[i] = {i < tokens ? lse[h.lse + i] * LOG2_E : -NEG_INF, delta};
    }
    __syncthreads();
    constexpr int rows = TOKENS / (16 * MMA_WARPS);
    attention_mma_dq<TOKENS, rows>(dqkv, h, qkv, qk, vg, of, tokens, causal, scale, lane_of_tile());
    attention_mma_dkv<TOKENS, rows>(dqkv, h, qkv, qk, vg, of, tokens, causal, lane_of_tile());
}

// self_attention_mma_N, self_attention_mma_backward_N for at most N tokens.
#define BY_TENSOR_CORES(N) \
    KERNEL(MMA_BLOCK) self_attention_mma_##N(float *y, float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) { \
        attention_mma<N>(y, lse, qkv, tokens, width, heads, causal, scale); \
    } \
    KERNEL(MMA_BLOCK) self_attention_mma_backward_##N(float *dqkv, const float *dy, const float *y, const float *lse, const float *qkv, int tokens, int width, int heads, int causal, float scale) { \
        attention_mma_backward<N>(dqkv, dy, y, lse, qkv, tokens, width, heads, causal, scale); \
    }
BY_TENSOR_CORES(64)
BY_TENSOR_CORES(128)
