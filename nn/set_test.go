package nn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/tensor"
)

var small = BlockConfig{Dim: 8, Heads: 2, Hidden: 12, Act: autograd.ActGELU, Eps: 1e-6}

func same(x, y []float32) bool {
	for i := range x {
		if math.Float32bits(x[i]) != math.Float32bits(y[i]) {
			return false
		}
	}
	return len(x) == len(y)
}

func TestStateDictNames(t *testing.T) {
	set := NewSet(1)
	NewBlock(set.Root().Sub("blocks").Index(0), small)
	NewBatchNorm(set.Root().Sub("bn"), 3)
	NewConv2d(set.Root().Sub("conv"), 4, 6, autograd.Conv{KernelH: 3, KernelW: 2, Groups: 2})
	NewEmbedding(set.Root().Sub("token"), 5, 4, 0.02)
	NewLinearInit(set.Root().Sub("head"), 3, 2, KaimingUniform, nil)
	want := map[string]tensor.Shape{
		"blocks.0.norm1.weight": tensor.Of(8), "blocks.0.norm1.bias": tensor.Of(8),
		"blocks.0.attn.qkv.weight": tensor.Of(24, 8), "blocks.0.attn.qkv.bias": tensor.Of(24),
		"blocks.0.attn.proj.weight": tensor.Of(8, 8), "blocks.0.attn.proj.bias": tensor.Of(8),
		"blocks.0.norm2.weight": tensor.Of(8), "blocks.0.norm2.bias": tensor.Of(8),
		"blocks.0.mlp.fc1.weight": tensor.Of(12, 8), "blocks.0.mlp.fc1.bias": tensor.Of(12),
		"blocks.0.mlp.fc2.weight": tensor.Of(8, 12), "blocks.0.mlp.fc2.bias": tensor.Of(8),
		"bn.weight": tensor.Of(3), "bn.bias": tensor.Of(3), "bn.running_mean": tensor.Of(3), "bn.running_var": tensor.Of(3),
		"conv.weight": tensor.Of(6, 2, 3, 2), "conv.bias": tensor.Of(6), "token.weight": tensor.Of(5, 4), "head.weight": tensor.Of(2, 3),
	}
	state := set.State()
	if p := set.Param("conv.bias"); p == nil || p.Name != "conv.bias" || set.Param("blocks") != nil {
		t.Errorf("parameters by name: %v, and one that is none: %v", p, set.Param("blocks"))
	}
	for name, shape := range want {
		if x := state[name]; x == nil || x.Shape != shape {
			t.Errorf("%s is %v, want %v", name, x, shape)
		}
	}
	if len(state) != len(want) {
		t.Errorf("%d names, want %d", len(state), len(want))
	}
}

func TestLoadReport(t *testing.T) {
	set := NewSet(1)
	a, w := set.Root().Param("a", Zeros, 2), set.Root().Param("w", Zeros, 3, 2)
	set.Root().Param("missing", Zeros, 1)
	set.Root().Buffer("statistic", 1, 2)
	if n := set.Count(); n != 2+6+1 {
		t.Errorf("%d trained values, want 9: buffers are not trained", n)
	}
	r := set.Load(map[string]*tensor.Tensor{
		"a":         tensor.FromSlice([]float32{1, 2}, 2),
		"w":         tensor.New(2, 3),
		"statistic": tensor.FromSlice([]float32{5, 6}, 2),
		"extra":     tensor.New(1),
		"another":   tensor.New(1),
	})
	if r.Loaded != 2 || !slices.Equal(r.Missing, []string{"missing"}) || !slices.Equal(r.Unexpected, []string{"another", "extra"}) ||
		!slices.Equal(r.Misshaped, []string{"w: model (3, 2), state (2, 3)"}) {
		t.Errorf("report %+v", r)
	}
	err := r.Err()
	for _, want := range []string{"1 missing: missing", "2 unexpected: another, extra", "1 of another shape: w: model (3, 2), state (2, 3)"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}
	if !same(a.Value.Data, []float32{1, 2}) || !same(w.Value.Data, make([]float32, 6)) || set.Buffers()[0].Value.Data[1] != 6 {
		t.Error("what fits was not loaded, or what does not fit was")
	}
	if err := set.Load(set.State()).Err(); err != nil {
		t.Errorf("a set's own state does not fit: %v", err)
	}
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for want, r := range map[string]*LoadReport{
		"weights do not fit the model: 8 missing: a, b, c, d, e, f, g, h":            {Missing: names},
		"weights do not fit the model: 9 missing: a, b, c, d, e, f, g, h and 1 more": {Missing: append(names, "i")},
	} {
		if got := r.Err().Error(); got != want {
			t.Errorf("error %q, want %q", got, want)
		}
	}
}

// TestConvolutionWeightFitsLinear loads the weight of a 1x1 convolution and
// computes with it: prepared forms of the old weight must not be used.
func TestConvolutionWeightFitsLinear(t *testing.T) {
	set := NewSet(1)
	l := NewLinear(set.Root().Sub("fc"), 2, 3)
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Eval)
	x := tape.Input(tensor.FromSlice([]float32{1, 10}, 1, 2))
	l.Forward(tape, x)
	r := set.Load(map[string]*tensor.Tensor{"fc.weight": tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 3, 2, 1, 1), "fc.bias": tensor.New(3)})
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	if got := l.Forward(tape, x).Value.Data; !same(got, []float32{21, 43, 65}) {
		t.Errorf("result %v, want [21 43 65]", got)
	}
	scale := set.Root().Param("scale", Zeros, 1)
	if r := set.Load(map[string]*tensor.Tensor{"scale": tensor.FromSlice([]float32{7})}); len(r.Misshaped) != 0 || scale.Value.Item() != 7 {
		t.Errorf("a scalar does not fit one value: %+v", r)
	}
	if r := set.Load(map[string]*tensor.Tensor{"fc.weight": tensor.New(3, 2, 3, 3)}); len(r.Misshaped) != 1 {
		t.Errorf("a 3x3 convolution's weight fits a linear layer: %+v", r)
	}
}

// TestFlattenKeepsValuesAndViews compares a block before and after, through the
// joint projection and through its parts.
func TestFlattenKeepsValuesAndViews(t *testing.T) {
	set := NewSet(1)
	block := NewBlock(set.Root(), small)
	before := map[string][]float32{}
	for _, p := range set.Params() {
		before[p.Name] = slices.Clone(p.Value.Data)
	}
	query := block.Attn.query.Weight
	f := set.Flatten()
	if set.Flatten() != f {
		t.Error("flattened twice")
	}
	for i, p := range set.Params() {
		if !same(p.Value.Data, before[p.Name]) {
			t.Errorf("%s has other values", p.Name)
		}
		if f.Offset[i]%16 != 0 || &f.Value.Data[f.Offset[i]] != &p.Value.Data[0] || &f.Grad.Data[f.Offset[i]] != &p.Grad.Data[0] {
			t.Errorf("%s does not lie in the flat buffer on a cache line", p.Name)
		}
	}
	if &query.Value.Data[0] != &block.Attn.QKV.Weight.Value.Data[0] || &query.Grad.Data[0] != &block.Attn.QKV.Weight.Grad.Data[0] {
		t.Error("the query's weight is no longer a part of the joint one")
	}
	set.ZeroGrad()
	defer func() {
		if recover() == nil {
			t.Error("a parameter could be added after Flatten")
		}
	}()
	set.Root().Param("late", Zeros, 1)
}

// gradients trains nothing: it returns every parameter's gradient of Σy·w for
// fixed weights, and the value of y.
func gradients(t *testing.T, set *Set, x *tensor.Tensor, forward func(tape *autograd.Tape, x *autograd.Var) *autograd.Var) (y, dx []float32, grads map[string][]float32) {
	t.Helper()
	be := tensor.NewCPU(2)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	in := tape.InputGrad(x)
	out := forward(tape, in)
	y = slices.Clone(out.Value.Data)
	w := tensor.New(out.Shape().Dims()...)
	Normal(1)(w, 9, "upstream")
	for _, p := range set.Params() {
		p.Grad = nil
	}
	tape.Backward(tape.Sum(tape.Mul(out, tape.Input(w))))
	grads = map[string][]float32{}
	for _, p := range set.Params() {
		if p.Grad != nil {
			grads[p.Name] = slices.Clone(p.Grad.Data)
		}
	}
	return y, slices.Clone(in.Grad().Data), grads
}

func TestFreezeStopsGradients(t *testing.T) {
	set := NewSet(1)
	block := NewBlock(set.Root(), small)
	x := tensor.New(2, 3, 8)
	Normal(1)(x, 1, "x")
	forward := func(tape *autograd.Tape, x *autograd.Var) *autograd.Var { return block.Forward(tape, x) }
	y, dx, all := gradients(t, set, x, forward)
	for _, part := range []string{"attn", "mlp.fc1", "norm", "weight", "bias"} {
		match := func(name string) bool { return strings.Contains(name, part) }
		set.Freeze(true, match)
		y2, dx2, some := gradients(t, set, x, forward)
		if !same(y, y2) || !same(dx, dx2) {
			t.Errorf("freezing %s changes the result or the input's gradient", part)
		}
		for name, g := range all {
			if match(name) == (some[name] != nil) || some[name] != nil && !same(some[name], g) {
				t.Errorf("%s frozen: the gradient of %s is not as it should be", part, name)
			}
		}
		set.Freeze(false, match)
	}
}

func TestNamesAreUnique(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two parameters of one name")
		}
	}()
	set := NewSet(1)
	set.Root().Param("a", Zeros, 1)
	set.Root().Buffer("a", 0, 1)
}

// placing is a backend that notes what is moved to it.
type placing struct {
	*tensor.CPU
	placed []*tensor.Tensor
}

func (p *placing) Place(t *tensor.Tensor) { p.placed = append(p.placed, t) }

// TestPlaceMovesEverything: values, gradients, buffers and the tables that are not saved.
func TestPlaceMovesEverything(t *testing.T) {
	set := NewSet(1)
	attention := NewAttention(set.Root().Sub("attn"), 4, 2, false)
	norm := NewBatchNorm(set.Root().Sub("norm"), 3)
	be := &placing{CPU: tensor.NewCPU(1)}
	defer be.Close()
	set.Place(be)
	flat := set.Flatten()
	for name, want := range map[string]*tensor.Tensor{
		"values": flat.Value, "gradients": flat.Grad, "running mean": norm.Stats.Mean, "running variance": norm.Stats.Var,
		"table of attention": attention.ownHead,
	} {
		if !slices.Contains(be.placed, want) {
			t.Errorf("the %s are not moved", name)
		}
	}
}
