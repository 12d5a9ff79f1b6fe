package clip

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/baseline"
	"diffclip/internal/rng"
	"diffclip/internal/traintest"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// TestFittedHeadIsLDA: with a fitted head, comparing windows with texts says of every
// window what linear discriminant analysis of the features says, and never a class that
// had no sample.
func TestFittedHeadIsLDA(t *testing.T) {
	t.Run("text", func(t *testing.T) { fits(t, small(), HeadLDA) })
	t.Run("linear", func(t *testing.T) { fits(t, linear(10), HeadLDA) })
	t.Run("unlabelled", func(t *testing.T) { fits(t, small(), HeadEM) })
}

func fits(t *testing.T, c Config, fit HeadFit) {
	be := tensor.NewCPU(2)
	defer be.Close()
	d, w, all := traintest.Data(5, 64*64)
	var samples, rest []rsdata.Sample
	counts := make([]int, len(d.Classes)+1)
	for i, s := range all {
		if counts[s.Label]++; counts[s.Label] <= 8 && s.Label != 3 {
			samples = append(samples, s)
		} else if i%10 == 0 {
			rest = append(rest, s)
		}
	}
	c.Pool = PoolCentre
	if c.Text.Dim > 0 {
		c.Text.Dim = 16 // room for ten classes
	}
	m, err := New(c, 3)
	if err != nil {
		t.Fatal(err)
	}
	ctx, prompts := context.Background(), smallPrompts(len(d.Classes))
	cfg := TrainConfig{Epochs: 20, Batch: 20, LR: 1e-2, Seed: 4, HeadFit: fit}
	for i := range int32(600) {
		cfg.Unlabelled = append(cfg.Unlabelled, rsdata.Pixel{Row: i * 37 % 64, Col: i * 23 % 64})
	}
	var heard []int
	if _, err := m.Train(ctx, be, w, samples, prompts, cfg, train.Hooks{OnFit: func(done, total int) { heard = append(heard, done, total) }}); err != nil {
		t.Fatal(err)
	}
	if n := len(heard); (n > 0) != (fit == HeadEM) || n > 0 && (n < 6 || heard[0] != 0 || heard[n-2] != 600 || heard[n-1] != 600) {
		t.Errorf("fit %s: heard of %v windows", fit, heard)
	}
	square := 0.0
	for _, v := range m.Head.Weight.Value.Data {
		square += float64(v) * float64(v) / float64(m.Head.Weight.Value.Len())
	}
	if got := math.Sqrt(square); math.Abs(got/c.HeadStd-1) > 1e-3 {
		t.Errorf("the head's weights are of deviation %v, want %v as at the start", got, c.HeadStd)
	}
	x, err := m.headInputs(ctx, be, w, rsdata.Pixels(nil, samples), nil)
	if err != nil {
		t.Fatal(err)
	}
	y := make([]int, len(samples))
	for i, s := range samples {
		y[i] = int(s.Label) - 1
	}
	lda := &baseline.LDA{Shrinkage: baseline.AutoShrinkage}
	if err := lda.Fit(t.Context(), x, y); err != nil {
		t.Fatal(err)
	}
	if fit == HeadEM {
		u, err := m.headInputs(ctx, be, w, cfg.Unlabelled, nil)
		if err != nil {
			t.Fatal(err)
		}
		plain := lda.Predict(u)
		if err := lda.Refine(ctx, x, y, u); err != nil {
			t.Fatal(err)
		}
		if slices.Equal(lda.Predict(u), plain) {
			t.Error("the unlabelled windows change nothing, so that this tests nothing")
		}
	}
	if x, err = m.headInputs(ctx, be, w, rsdata.Pixels(nil, rest), nil); err != nil {
		t.Fatal(err)
	}
	_, got, err := NewClassifier(be, m, prompts).Evaluate(ctx, w, rest)
	if err != nil {
		t.Fatal(err)
	}
	agree, seen := 0, map[int]bool{}
	for i, k := range lda.Predict(x) {
		seen[k] = true
		if int(got[i]) == k+1 {
			agree++
		}
	}
	if len(seen) < 6 || agree < len(rest)*99/100 { // ties within rounding
		t.Errorf("%d of %d windows of %d classes get the class of the discriminants", agree, len(rest), len(seen))
	}
}

// TestHeadOfSomeClasses sets the head by discriminants of three of four classes, with
// biases that are all far below zero: the greatest of them wins, and never the fourth
// class. What was computed with the head before is not used again.
func TestHeadOfSomeClasses(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	m, err := New(small(), 3)
	if err != nil {
		t.Fatal(err)
	}
	tape := autograd.NewTape(be, autograd.Eval)
	const n, width = 200, 16
	x := tensor.New(n, width)
	rng.New(1, "x", 0).Normal(x.Data, 0)
	m.Head.Forward(tape, tape.Input(x))
	drawn := make([]float32, 3*width)
	rng.New(1, "weights", 0).Normal(drawn, 0)
	classes, bias := []int{0, 2, 3}, []float64{-50, -51, -49}
	var weights [][]float64
	for i := range classes {
		var row []float64
		for _, v := range drawn[i*width : (i+1)*width] {
			row = append(row, float64(v))
		}
		weights = append(weights, row)
	}
	prompts := smallPrompts(4)
	texts := m.texts(be, prompts)
	if err := m.setHead(texts, classes, weights, bias); err != nil {
		t.Fatal(err)
	}
	scores := tape.MatMul(m.Head.Forward(tape, tape.Input(x)), tape.L2Normalize(m.Text.Forward(tape, prompts)), false, true).Value.Data
	wins := make([]int, 4)
	for i := range n {
		best := 0
		var most float64
		for k := range classes {
			score := bias[k]
			for j, w := range weights[k] {
				score += w * float64(x.Data[i*width+j])
			}
			if k == 0 || score > most {
				best, most = classes[k], score
			}
		}
		if wins[best]++; Best(scores[4*i:4*i+4]) != best {
			t.Errorf("window %d: the head says class %d, the discriminants %d", i, Best(scores[4*i:4*i+4]), best)
		}
	}
	if wins[0] < 20 || wins[2] < 20 || wins[3] < 20 {
		t.Errorf("the classes win %v times", wins)
	}
	same := [][]float64{make([]float64, width), make([]float64, width), make([]float64, width)}
	if err := m.setHead(texts, classes, same, bias); err == nil || !strings.Contains(err.Error(), "features of all classes are the same") {
		t.Errorf("discriminants without a weight: %v", err)
	}
}

func TestHeadThatCannotBeFitted(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	_, w, all := traintest.Data(5, 600)
	var one []rsdata.Sample
	for _, s := range all {
		if s.Label == all[0].Label {
			one = append(one, s)
		}
	}
	same := Prompts{}
	for range 10 {
		same = append(same, []int32{18, 3, 19})
	}
	for _, c := range []struct {
		want    string
		samples []rsdata.Sample
		prompts Prompts
	}{{"one class", one, smallPrompts(10)}, {"text of its own", all[:60], same}} {
		m, err := New(small(), 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.fitHead(context.Background(), be, w, c.samples, nil, c.prompts, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %q", err, c.want)
		}
	}
}
