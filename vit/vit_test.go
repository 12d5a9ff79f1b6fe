package vit

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/internal/golden/modeltest"
	"diffclip/internal/rng"
	"diffclip/nn"
	"diffclip/tensor"
)

func small() Config {
	return Config{
		Modalities: []Modality{{"hsi", 6}, {"lidar", 1}}, Window: 6, Patch: 2, Dim: 8, Heads: 2, Depth: 2, MLPRatio: 2, Timesteps: 10,
	}
}

func TestPixelOrder(t *testing.T) {
	c := Config{Window: 4, Patch: 2}
	want := []int32{0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15}
	if got := c.PixelOrder(); !slices.Equal(got, want) {
		t.Errorf("patches of 2: %v, want %v", got, want)
	}
	c = Config{Window: 3, Patch: 1}
	if got := c.PixelOrder(); !slices.Equal(got, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8}) {
		t.Errorf("patches of 1: %v", got)
	}
	c = Config{Window: 6, Patch: 3}
	if c.Tokens() != 4 || c.PatchPixels() != 9 || c.PixelOrder()[9] != 3 {
		t.Errorf("patches of 3: %d tokens of %d pixels, %v", c.Tokens(), c.PatchPixels(), c.PixelOrder())
	}
}

func TestSinCosPositions(t *testing.T) {
	const side, dim = 3, 8
	p := SinCosPositions(side, dim)
	if p.Shape != tensor.Of(10, 8) || slices.ContainsFunc(p.Data[:dim], func(v float32) bool { return v != 0 }) {
		t.Fatalf("shape %v, row 0 %v, want zeros", p.Shape, p.Data[:dim])
	}
	// Token 5 is at row 1, column 2; frequencies are 1 and 1/100.
	var want []float32
	for _, at := range []float64{2, 1} {
		for _, f := range []func(float64) float64{math.Sin, math.Cos} {
			want = append(want, float32(f(at)), float32(f(at/100)))
		}
	}
	golden.Near(t, "token 5", p.Data[6*dim:7*dim], want, 1e-7)
}

func TestConfigCheck(t *testing.T) {
	d := Default(Modality{"hsi", 144}, Modality{"lidar", 1})
	if err := d.Check(); err != nil || d.Tokens() != 121 {
		t.Errorf("published sizes: %v, %d tokens, want 121", err, d.Tokens())
	}
	d.Modalities = nil
	if want := (Config{Window: 11, Patch: 1, Dim: 128, Heads: 8, Depth: 4, MLPRatio: 2, Timesteps: 1000}); !reflect.DeepEqual(d, want) {
		t.Errorf("published sizes: %+v, want %+v", d, want)
	}
	largest := Config{Modalities: small().Modalities, Window: 4096, Patch: 1, Dim: 65536, Heads: 8, Depth: 1024, MLPRatio: 256, Timesteps: 65536}
	if err := largest.Check(); err != nil {
		t.Errorf("the largest sizes: %v", err)
	}
	for want, change := range map[string]func(*Config){
		"no modalities":          func(c *Config) { c.Modalities = nil },
		"window of 0":            func(c *Config) { c.Window = 0 },
		"patches of 0":           func(c *Config) { c.Patch = 0 },
		"patches of 4":           func(c *Config) { c.Patch = 4 },
		"with 3 heads":           func(c *Config) { c.Heads = 3 },
		"with 0 heads":           func(c *Config) { c.Heads = 0 },
		"width 0":                func(c *Config) { c.Dim = 0 },
		"width 6":                func(c *Config) { c.Dim = 6 },
		"depth 0":                func(c *Config) { c.Depth = 0 },
		"MLP ratio 0":            func(c *Config) { c.MLPRatio = 0 },
		"timesteps 0":            func(c *Config) { c.Timesteps = 0 },
		"70000 timesteps":        func(c *Config) { c.Timesteps = 70000 },
		"window of 5001":         func(c *Config) { c.Window, c.Patch = 5001, 1 },
		"width 80000":            func(c *Config) { c.Dim = 80000 },
		"depth 100000":           func(c *Config) { c.Depth = 100000 },
		"MLP ratio 1000":         func(c *Config) { c.MLPRatio = 1000 },
		`modality "lidar" has 0`: func(c *Config) { c.Modalities = []Modality{{"hsi", 6}, {"lidar", 0}} },
		`two modalities`:         func(c *Config) { c.Modalities = []Modality{{"hsi", 6}, {"hsi", 6}} },
	} {
		c := small()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

// TestInitialValues: as published, but for the biases of the reducers, which begin at zero.
func TestInitialValues(t *testing.T) {
	c := small()
	c.Dim, c.Modalities[0].Bands = 32, 24
	set := nn.NewSet(1)
	NewEncoder(set.Root(), c)
	uniform := func(in, _ int) float64 { return 1 / math.Sqrt(3*float64(in)) } // up to 1/√in, PyTorch's default
	modeltest.Starts(t, set.Params(), []modeltest.Start{
		{Suffix: "reduce1.weight", Deviation: uniform}, {Suffix: "reduce2.weight", Deviation: uniform},
		{Suffix: "cls_token", Deviation: modeltest.Deviation(0.02)},
		{Suffix: "pos_embed", Values: SinCosPositions(3, c.Dim).Data},
		{Suffix: "time1.weight", Deviation: modeltest.Deviation(0.02)}, {Suffix: "time2.weight", Deviation: modeltest.Deviation(0.02)},
		{Suffix: "norm.weight", Mean: 1}, {Suffix: "norm1.weight", Mean: 1}, {Suffix: "norm2.weight", Mean: 1},
		{Suffix: "bias"}, {Suffix: "weight", Deviation: modeltest.Xavier},
	})
}

type windows struct{ side, bands0, bands1 int }

func (w windows) Side() int       { return w.side }
func (w windows) Modalities() int { return 2 }
func (w windows) Bands(m int) int { return []int{w.bands0, w.bands1}[m] }

func TestFits(t *testing.T) {
	c := small()
	if err := c.Fits(windows{6, 6, 1}); err != nil {
		t.Error(err)
	}
	for want, w := range map[string]windows{"windows of 5": {5, 6, 1}, "windows of 7": {7, 6, 1}, `6 values per pixel of modality "hsi", the data has 7`: {6, 7, 1}, `"lidar", the data has 2`: {6, 6, 2}} {
		if err := c.Fits(w); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one that says %q", w, err, want)
		}
	}
	one := small()
	one.Modalities = one.Modalities[:1]
	if err := one.Fits(windows{6, 6, 1}); err == nil || !strings.Contains(err.Error(), "2 modalities") {
		t.Errorf("another number of modalities: %v", err)
	}
}

// TestClassAndMeanArePartsOfForward: the shortcut for the class token and the
// mean over the patches agree with the whole output.
func TestClassAndMeanArePartsOfForward(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	c := small()
	e := NewEncoder(nn.NewSet(1).Root(), c)
	const batch = 3
	n := 1 + c.Tokens()
	x := tensor.New(batch, n, c.Dim)
	rng.New(1, "x", 0).Normal(x.Data, 0)
	tape := autograd.NewTape(be, autograd.Eval)
	full := e.Forward(tape, tape.Input(x)).Value
	class := e.ForwardClass(tape, tape.Input(x), []int32{0, int32(n), int32(2 * n)}).Value
	mean := e.ForwardMean(tape, tape.Input(x)).Value
	var wantClass, wantMean []float32
	for b := range batch {
		sample := full.Data[b*n*c.Dim : (b+1)*n*c.Dim]
		wantClass = append(wantClass, sample[:c.Dim]...)
		for j := range c.Dim {
			sum := 0.0
			for i := 1; i < n; i++ {
				sum += float64(sample[i*c.Dim+j])
			}
			wantMean = append(wantMean, float32(sum/float64(n-1)))
		}
	}
	golden.Near(t, "class token", class.Data, wantClass, 1e-6)
	golden.Near(t, "mean", mean.Data, wantMean, 1e-6)
}

// TestForwardCentreWeighsTheCentre: the weights fall with the distance from the
// centre, the same in every direction, and ForwardCentre sums the patches by them.
func TestForwardCentreWeighsTheCentre(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	c := small()
	c.Window, c.Patch = 5, 1
	w := c.CentreWeights()
	total := 0.0
	for i, v := range w {
		total += float64(v)
		dr, dc := float64(i/5-2), float64(i%5-2)
		if want := float64(w[12]) * math.Exp(-(dr*dr+dc*dc)/4.5); math.Abs(float64(v)-want) > 1e-7 {
			t.Errorf("weight %d is %v, want %v", i, v, want)
		}
	}
	if math.Abs(total-1) > 1e-6 {
		t.Errorf("the weights add up to %v", total)
	}
	for _, patch := range []int{3, 64} { // their own weights, e^-455 at 64, are 0 in float32
		if w := (Config{Window: 2 * patch, Patch: patch}).CentreWeights(); !slices.Equal(w, []float32{0.25, 0.25, 0.25, 0.25}) {
			t.Errorf("four patches of %d around the centre weigh %v", patch, w)
		}
	}
	e := NewEncoder(nn.NewSet(1).Root(), c)
	const batch = 2
	n := 1 + c.Tokens()
	x := tensor.New(batch, n, c.Dim)
	rng.New(1, "x", 0).Normal(x.Data, 0)
	tape := autograd.NewTape(be, autograd.Eval)
	full := e.Forward(tape, tape.Input(x)).Value
	var want []float32
	for b := range batch {
		for j := range c.Dim {
			sum := 0.0
			for i, v := range w {
				sum += float64(v) * float64(full.Data[(b*n+1+i)*c.Dim+j])
			}
			want = append(want, float32(sum))
		}
	}
	golden.Near(t, "centre", e.ForwardCentre(tape, tape.Input(x)).Value.Data, want, 1e-6)
}

// TestLinearStemKeepsAngles: with as many values in a token as in a patch or more, an untrained linear stem keeps every
// scalar product of patches; and it has no statistics.
func TestLinearStemKeepsAngles(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	c := small()
	c.Stem, c.Dim = StemLinear, 24
	set := nn.NewSet(1)
	stem := NewEncoder(set.Root(), c).Stems[0]
	if n := len(set.Buffers()); n != 0 || stem.Reducer != nil {
		t.Errorf("%d buffers, reducer %v: want neither", n, stem.Reducer)
	}
	const n = 5
	x := tensor.New(n*c.PatchPixels(), 6)
	rng.New(1, "x", 0).Normal(x.Data, 0)
	tape := autograd.NewTape(be, autograd.Train)
	in := tape.Input(x)
	patches := tape.Reshape(in, n, c.PatchPixels()*6)
	y := stem.Patches(tape, in)
	want := tape.MatMul(patches, patches, false, true).Value
	golden.Near(t, "scalar products", tape.MatMul(y, y, false, true).Value.Data, want.Data, 1e-5)
}

// TestVisibleOfEverythingIsAll: with every token kept, in any order, the three
// ways of embedding a window agree.
func TestVisibleOfEverythingIsAll(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	c := small()
	stem := NewEncoder(nn.NewSet(1).Root(), c).Stems[0]
	const batch = 2
	l := c.Tokens()
	token := c.PatchPixels() * 6
	x := tensor.New(batch*l*c.PatchPixels(), 6)
	rng.New(1, "x", 0).Normal(x.Data, 0)
	shuffled := tensor.New(batch*l*c.PatchPixels(), 6)
	var rows, from []int32
	for b := range batch {
		keep := make([]int32, l)
		rng.New(1, "keep", 0).Perm(keep, uint64(b))
		for i, at := range keep {
			rows, from = append(rows, 1+at), append(from, int32(b*l)+at)
			copy(shuffled.Data[(b*l+i)*token:(b*l+i+1)*token], x.Data[int(from[b*l+i])*token:])
		}
	}
	steps := []int32{3, 9}
	tape := autograd.NewTape(be, autograd.Eval)
	all := stem.All(tape, tape.Input(x), steps).Value
	visible := stem.Visible(tape, tape.Input(shuffled), tensor.IDs(rows), steps).Value
	ofAll := stem.VisibleOfAll(tape, tape.Input(x), tensor.IDs(from), steps).Value
	want := tensor.New(batch, 1+l, c.Dim)
	for b := range batch {
		for i := range 1 + l {
			src := i
			if i > 0 {
				src = int(rows[b*l+i-1])
			}
			copy(want.Data[(b*(1+l)+i)*c.Dim:(b*(1+l)+i+1)*c.Dim], all.Data[(b*(1+l)+src)*c.Dim:])
		}
	}
	golden.Near(t, "Visible", visible.Data, want.Data, 1e-6)
	golden.Near(t, "VisibleOfAll", ofAll.Data, want.Data, 1e-6)
	if a, b := all.Data[:c.Dim], all.Data[(1+l)*c.Dim:(2+l)*c.Dim]; slices.Equal(a, b) {
		t.Error("two timesteps give the same class token")
	}
}

func TestArrangeFollowsPixelOrder(t *testing.T) {
	for _, patch := range []int{1, 2} {
		c := small()
		c.Patch = patch
		const n, bands = 3, 2
		area := c.Window * c.Window
		src, dst := make([]float32, (n+1)*area*bands), make([]float32, n*area*bands)
		for i := range src {
			src[i] = float32(i)
		}
		c.Arrange(dst, src, bands)
		for i := range n * area {
			from := i/area*area + int(c.PixelOrder()[i%area])
			if !slices.Equal(dst[i*bands:(i+1)*bands], src[from*bands:(from+1)*bands]) {
				t.Fatalf("patches of %d: pixel %d is %v, want that of %d", patch, i, dst[i*bands:(i+1)*bands], from)
			}
		}
		func() {
			defer func() {
				if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), "215 values") {
					t.Errorf("patches of %d: a pixel is missing, and what was said is %v", patch, err)
				}
			}()
			c.Arrange(dst, src[:len(dst)-1], bands) // behind them lie others, in the same memory
		}()
	}
}

// The last block's shares are those of the encoder that ran through; an earlier
// block sees less of it.
func TestAttentionOfABlock(t *testing.T) {
	c := small()
	e := NewEncoder(nn.NewSet(1).Root(), c)
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Eval)
	x := tensor.New(2, 1+c.Tokens(), c.Dim)
	nn.Normal(1)(x, 1, "x")
	rows := []int32{0, int32(1 + c.Tokens())}
	first := e.Attention(tape, tape.Input(x), 0, rows).Value
	golden.Near(t, "first block", first.Data, e.Blocks[0].TokenAttention(tape, tape.Input(x), rows).Value.Data, 0)
	last := e.Attention(tape, tape.Input(x), 1, rows).Value
	golden.Near(t, "last block", last.Data, e.Blocks[1].TokenAttention(tape, e.Blocks[0].Forward(tape, tape.Input(x)), rows).Value.Data, 0)
	if slices.Equal(first.Data, last.Data) {
		t.Error("two blocks share their attention alike")
	}
}
