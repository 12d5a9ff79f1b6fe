// masks.cu: masks drawn as rng.Stream.Perm draws them, and the lists of rows that
// come of them, see tensor.Masks.
#include "device.cuh"

// draw_masks: a block a sample, a thread a token of its sequence, of which 0 is the
// class token. The words of the stream sort a sample's tokens, equal ones by
// position; a token's rank is the number of words before its own. The first `keep`
// are visible. What ends in _at, and follows its list, says where in it each row is
// named; visible_at is for the rows of restore that no two samples name.
KERNEL(BLOCK) draw_masks(float *weight, int *rows, int *from, int *places, int *restore, const uint *stream, int samples, int tokens, int keep, float masked, float visible) {
    __shared__ uint words[BLOCK];
    uint b = blockIdx.x, first = b * tokens, all = 1 + tokens, seen = 1 + keep;
    int *rows_at = rows + samples * keep, *from_at = from + samples * keep, *places_at = places + samples * seen;
    int *restore_at = restore + samples * all, *visible_at = restore_at + samples * all;
    for (uint lo = 0; lo < all; lo += BLOCK) {
        uint t = lo + threadIdx.x, own = random_word(stream, first + t - 1), rank = 1;
        for (uint next = 0; next < tokens; next += BLOCK) {
            __syncthreads(); // every thread is done with the words before these
            words[threadIdx.x] = random_word(stream, first + next + threadIdx.x);
            __syncthreads();
            uint n = smaller(BLOCK, tokens - next);
            for (uint i = 0; i < n; i++) rank += words[i] < own || (words[i] == own && 1 + next + i < t);
        }
        if (t >= all) continue;
        if (t == 0) rank = 0;
        bool kept = rank < seen;
        uint token = b * all + t, encoded = b * seen + rank, patch = b * keep + rank - 1;
        restore[token] = kept ? all + encoded : t;
        restore_at[t * samples + b] = kept ? -1 : token;
        places_at[t * samples + b] = kept ? encoded : -1;
        rows_at[t * samples + b] = kept && t > 0 ? patch : -1;
        if (kept) {
            visible_at[encoded] = token;
            places[encoded] = t;
        }
        if (t == 0) continue;
        from_at[first + t - 1] = kept ? patch : -1;
        weight[first + t - 1] = kept ? visible : masked;
        if (kept) {
            rows[patch] = t;
            from[patch] = first + t - 1;
        }
    }
}
