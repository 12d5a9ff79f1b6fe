package clip

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/nn"
)

// TextConfig sizes the text encoder.
type TextConfig struct {
	Vocabulary int `json:"vocabulary"` // token ids
	Context    int `json:"context"`    // longest prompt, in tokens
	Dim        int `json:"dim"`
	Heads      int `json:"heads"`
	Depth      int `json:"depth"`
	MLPRatio   int `json:"mlp_ratio"`
}

// DefaultText returns the published sizes for a vocabulary: context 77, 3 causal
// blocks of width 128 with 8 heads and an MLP of four times the width.
func DefaultText(vocabulary int) TextConfig {
	return TextConfig{Vocabulary: vocabulary, Context: 77, Dim: 128, Heads: 8, Depth: 3, MLPRatio: 4}
}

// CheckPrompts returns an error unless there is a prompt and an encoder of these
// sizes can read every one. It names the first that it cannot, counted from 1.
func (c TextConfig) CheckPrompts(prompts [][]int32) error {
	if len(prompts) == 0 {
		return fmt.Errorf("clip: no prompts: want one for each class")
	}
	for i, p := range prompts {
		if len(p) < 1 || len(p) > c.Context {
			return fmt.Errorf("clip: prompt %d has %d tokens: the text encoder reads 1 to %d", i+1, len(p), c.Context)
		}
		for _, id := range p {
			if id < 0 || int(id) >= c.Vocabulary {
				return fmt.Errorf("clip: prompt %d has token id %d: the text encoder knows ids 0 to %d", i+1, id, c.Vocabulary-1)
			}
		}
	}
	return nil
}

// TextEncoder is CLIP's causal text transformer, T_θ of Eq. (10), trained from
// scratch.
type TextEncoder struct {
	Tokens     *nn.Embedding
	Positions  *nn.Param // (Context, Dim)
	Blocks     nn.Blocks
	Norm       *nn.LayerNorm
	Projection *nn.Linear // without bias

	Config TextConfig
	batch  promptBatch
	body   func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var
}

// promptBatch holds the index slices of one forward pass.
type promptBatch struct {
	ids     []int32 // (P·T) padded with 0
	ends    []int32 // (P) row of each prompt's end token within its shard
	lengths []int32 // (P)
}

// promptShard is how many prompts go through the text transformer together on a
// processor.
const promptShard = 2

// NewTextEncoder makes a text encoder in scope s.
func NewTextEncoder(s nn.Scope, c TextConfig) *TextEncoder {
	e := &TextEncoder{
		Tokens:    nn.NewEmbedding(s.Sub("token_embedding"), c.Vocabulary, c.Dim, 0.02),
		Positions: s.Param("positional_embedding", nn.Normal(0.01), c.Context, c.Dim),
		Config:    c,
	}
	for i := range c.Depth {
		e.Blocks = append(e.Blocks, nn.NewBlock(s.Sub("blocks").Index(i), nn.BlockConfig{
			Dim: c.Dim, Heads: c.Heads, Hidden: c.Dim * c.MLPRatio, Act: autograd.ActQuickGELU, Causal: true, Eps: 1e-5,
		}))
	}
	e.Norm = nn.NewLayerNorm(s.Sub("ln_final"), c.Dim, 1e-5)
	e.Projection = nn.NewLinearInit(s.Sub("text_projection"), c.Dim, c.Dim, nn.Normal(invSqrt(c.Dim)), nil)
	e.body = e.shard
	return e
}

// Forward encodes prompts, at least one, of token ids that begin with start-of-text
// and end with end-of-text: (len(prompts), Dim), not yet normalised. Attention is
// causal and the feature is read at end-of-text, so prompts run at the length of
// the longest and not at the context's; what follows a prompt's end cannot matter.
// It panics if a prompt is empty or longer than the context, or an id is not in
// the vocabulary.
//
// Eq. (10): v_text = T_θ(y)
func (e *TextEncoder) Forward(t *autograd.Tape, prompts [][]int32) *autograd.Var {
	together := t.Backend().Grain(promptShard, len(prompts))
	width := e.fill(prompts, together)
	x := e.Tokens.Forward(t, e.batch.ids)                    // (P·T, D)
	x = t.Reshape(x, len(prompts), width, e.Config.Dim)      // (P, T, D)
	x = t.Add(x, t.Slice(t.Param(e.Positions), 0, 0, width)) // (P, T, D)
	x = t.Shards(together, e.body, x)                        // (P, D)
	return e.Projection.Forward(t, e.Norm.Forward(t, x))     // (P, D)
}

func (e *TextEncoder) shard(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var {
	last := len(e.Blocks) - 1
	return e.Blocks[last].ForwardToken(t, e.Blocks[:last].Forward(t, in[0]), e.batch.ends[lo:hi], e.batch.lengths[lo:hi])
}

// fill lays out the prompts' ids for shards of so many, and returns the length
// of the longest.
func (e *TextEncoder) fill(prompts [][]int32, together int) int {
	b := &e.batch
	if err := e.Config.CheckPrompts(prompts); err != nil {
		panic(err)
	}
	width := 0
	for _, p := range prompts {
		width = max(width, len(p))
	}
	b.ids = resize(b.ids, len(prompts)*width)
	b.ends, b.lengths = resize(b.ends, len(prompts)), resize(b.lengths, len(prompts))
	clear(b.ids)
	for i, p := range prompts {
		copy(b.ids[i*width:], p)
		b.lengths[i] = int32(len(p))
		b.ends[i] = int32(i%together*width + len(p) - 1)
	}
	return width
}

func resize(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}
