package autograd_test

import (
	"math"
	"slices"
	"testing"

	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/tensor"
)

// model is a small classifier of sequences: two transformer blocks, the last
// for one token alone, a head.
type model struct {
	set    *nn.Set
	blocks [2]*nn.Block
	norm   *nn.LayerNorm
	head   *nn.Linear

	batch, tokens int
	x             *tensor.Tensor
	targets       []int32
	redo          bool // recompute the first block

	shard, sum func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var
	first      func(t *autograd.Tape, in []*autograd.Var) *autograd.Var
	rows       []int32 // the last token of each sample of a slice
}

const modelDim = 8

func newModel(batch int) *model {
	m := &model{set: nn.NewSet(1), batch: batch, tokens: 5}
	s := m.set.Root()
	cfg := nn.BlockConfig{Dim: modelDim, Heads: 2, Hidden: 16, Act: autograd.ActGELU, Eps: 1e-5}
	for i := range m.blocks {
		m.blocks[i] = nn.NewBlock(s.Sub("blocks").Index(i), cfg)
	}
	m.norm, m.head = nn.NewLayerNorm(s.Sub("norm"), modelDim, 1e-5), nn.NewLinear(s.Sub("head"), modelDim, 3)
	m.x = tensor.New(batch, m.tokens, modelDim)
	nn.Normal(1)(m.x, 1, "x")
	for i := range batch {
		m.targets = append(m.targets, int32(i%3))
		m.rows = append(m.rows, int32(i*m.tokens+m.tokens-1))
	}
	m.first = func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return m.blocks[0].Forward(t, in[0]) }
	m.shard = func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var { return m.logits(t, hi-lo, in[0]) }
	// The mean over the batch is the sum of the slices' means by their share.
	m.sum = func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var {
		return t.Scale(t.CrossEntropy(m.logits(t, hi-lo, in[0]), m.targets[lo:hi]), float32(hi-lo)/float32(m.batch))
	}
	return m
}

// logits maps n sequences to their class scores, (n, 3).
func (m *model) logits(t *autograd.Tape, n int, x *autograd.Var) *autograd.Var {
	if m.redo {
		x = t.Recompute(m.first, x)
	} else {
		x = m.blocks[0].Forward(t, x)
	}
	y := m.blocks[1].ForwardToken(t, x, m.rows[:n], nil)
	return m.head.Forward(t, m.norm.Forward(t, y))
}

// The ways to compute the loss; grain 0 does not cut.
const (
	whole = iota
	inShards
	inSums
)

func (m *model) loss(t *autograd.Tape, x *autograd.Var, how, grain int) *autograd.Var {
	switch how {
	case inShards:
		return t.CrossEntropy(t.Shards(grain, m.shard, x), m.targets)
	case inSums:
		return t.ShardSum(grain, m.sum, x)
	}
	return t.CrossEntropy(m.logits(t, m.batch, x), m.targets)
}

// result is what one backward pass gives: loss, gradient of the input, and all
// parameters' gradients.
func (m *model) result(t testing.TB, be tensor.Backend, how, grain int, scale float32) (loss float32, dx, grads []float32) {
	t.Helper()
	m.set.Flatten()
	m.set.ZeroGrad()
	tape := autograd.NewTape(be, autograd.Train)
	defer tape.Reset()
	x := tape.InputGrad(m.x)
	l := m.loss(tape, x, how, grain)
	if scale != 1 {
		l = tape.Scale(l, scale)
	}
	tape.Backward(l)
	return l.Value.Item(), slices.Clone(x.Grad().Data), slices.Clone(m.set.Flatten().Grad.Data)
}

func sameBits(x, y []float32) bool {
	for i := range x {
		if math.Float32bits(x[i]) != math.Float32bits(y[i]) {
			return false
		}
	}
	return len(x) == len(y)
}

// trainer makes one step of Adam, everything made beforehand.
type trainer struct {
	*model
	be   tensor.Backend
	tape *autograd.Tape
	opt  *optim.Adam
}

func newTrainer(m *model, be tensor.Backend) *trainer {
	return &trainer{m, be, autograd.NewTape(be, autograd.Train), optim.NewAdam(m.set, optim.DefaultAdam())}
}

func (r *trainer) step(how int) float32 {
	r.set.ZeroGrad()
	loss := r.loss(r.tape, r.tape.InputGrad(r.x), how, 3)
	r.tape.Backward(loss)
	v := loss.Value.Item()
	r.tape.Reset()
	r.opt.Step(r.be, 1e-2, nil)
	return v
}
