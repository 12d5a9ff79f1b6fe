package clip

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/internal/traintest"
	"diffclip/nn"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

func TestProbabilitiesSumToOne(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	_, w, samples := traintest.Data(5, 300) // more than one gathering
	m, err := New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	c := NewClassifier(be, m, smallPrompts(4))
	pixels := rsdata.Pixels(nil, samples)
	probs := make([]float32, len(pixels)*4)
	if err := c.Probabilities(context.Background(), w, pixels, probs); err != nil {
		t.Fatal(err)
	}
	for i := range pixels {
		sum := 0.0
		for _, p := range probs[i*4 : i*4+4] {
			if !(p > 0 && p < 1) {
				t.Fatalf("window %d: probability %v", i, p)
			}
			sum += float64(p)
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Fatalf("window %d: probabilities sum to %v", i, sum)
		}
	}
	alone := make([]float32, 4)
	if err := c.Probabilities(context.Background(), w, pixels[280:281], alone); err != nil || !slices.Equal(alone, probs[280*4:281*4]) {
		t.Errorf("alone %v, %v, among others %v", alone, err, probs[280*4:281*4])
	}
}

func TestProbabilitiesRefuse(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	_, w, samples := traintest.Data(5, 4)
	_, other, _ := traintest.Data(7, 4)
	m, err := New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	c := NewClassifier(be, m, smallPrompts(3))
	pixels := rsdata.Pixels(nil, samples)
	if err := c.Probabilities(context.Background(), w, pixels, make([]float32, 11)); err == nil || !strings.Contains(err.Error(), "room for 11") {
		t.Errorf("too little room: %v", err)
	}
	if err := c.Probabilities(context.Background(), other, pixels, make([]float32, 12)); err == nil || !strings.Contains(err.Error(), "windows of 7") {
		t.Errorf("another window: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Probabilities(ctx, w, pixels, make([]float32, 12)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestClassifierTakesOtherWindows: one that read the windows of a scene reads those of
// another as a new one does.
func TestClassifierTakesOtherWindows(t *testing.T) {
	d, e := noise(6, 6), noise(7, 6)
	c, w := mapped(t, d, 5, 1, PoolClass)
	fresh, v := mapped(t, e, 5, 1, PoolClass)
	pixels := []rsdata.Pixel{{Row: 2, Col: 3}, {Row: 5, Col: 0}}
	features := func(c *Classifier, w *rsdata.Windows) []float32 {
		t.Helper()
		out := make([]float32, len(pixels)*c.Dim())
		if err := c.Features(t.Context(), w, pixels, out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	first, want := features(c, w), features(fresh, v)
	if got := features(c, v); !slices.Equal(got, want) || slices.Equal(got, first) {
		t.Errorf("features %v, want %v; those of the other scene are %v", got, want, first)
	}
}

// TestTimestepsOfEvaluation: where they are drawn at random, no batch repeats those of
// the one before.
func TestTimestepsOfEvaluation(t *testing.T) {
	c, w := mappedAs(t, noise(6, 6), 5, 1, func(c *Config) { c.RandomTimestep = true })
	pixels := make([]rsdata.Pixel, 2*classifyBatch) // the same window in two batches
	if err := c.Features(t.Context(), w, pixels, make([]float32, len(pixels)*c.Dim())); err != nil {
		t.Fatal(err)
	}
	second := slices.Clone(c.gather.batch.Steps)
	c.calls = 0
	if err := c.Features(t.Context(), w, pixels[:classifyBatch], make([]float32, classifyBatch*c.Dim())); err != nil {
		t.Fatal(err)
	}
	if first := c.gather.batch.Steps; slices.Equal(first, second) {
		t.Error("two batches have the same timesteps")
	}
}

// TestTally: rows are the true classes, columns those of the largest probability.
func TestTally(t *testing.T) {
	samples := []rsdata.Sample{{Label: 1}, {Label: 1}, {Label: 3}}
	confusion, predicted := Tally(3, samples, []float32{0.2, 0.7, 0.1, 0.8, 0.1, 0.1, 0.1, 0.6, 0.3})
	if want := [][]int64{{1, 1, 0}, {0, 0, 0}, {0, 1, 0}}; !reflect.DeepEqual(confusion.Counts, want) || !slices.Equal(predicted, []uint8{2, 1, 2}) {
		t.Errorf("counts %v, labels %v", confusion.Counts, predicted)
	}
	if none, _ := Tally(3, nil, nil); none.Classes() != 3 || none.Total() != 0 {
		t.Errorf("of no samples: counts %v, want none in three classes", none.Counts)
	}
}

// TestEvaluateRefusesOtherLabels: as those of a dataset with more classes than the model.
func TestEvaluateRefusesOtherLabels(t *testing.T) {
	d := noise(30, 60)
	c, w := mapped(t, d, 5, 1, PoolClass)
	for _, label := range []uint8{0, uint8(c.Classes() + 1)} {
		samples := []rsdata.Sample{{Label: 1}, {Pixel: rsdata.Pixel{Row: 2, Col: 3}, Label: label}}
		if _, _, err := c.Evaluate(t.Context(), w, samples); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("row 2, column 3 has label %d", label)) {
			t.Errorf("label %d: error %v", label, err)
		}
	}
}

// TestPixelsOutsideTheScene: are an error, of features and probabilities alike.
func TestPixelsOutsideTheScene(t *testing.T) {
	c, w := mapped(t, noise(30, 60), 5, 1, PoolClass)
	pixels := []rsdata.Pixel{{}, {Row: 30}}
	for name, err := range map[string]error{
		"probabilities": c.Probabilities(t.Context(), w, pixels, make([]float32, 2*c.Classes())),
		"features":      c.Features(t.Context(), w, pixels, make([]float32, 2*c.Dim())),
	} {
		if err == nil || !strings.Contains(err.Error(), "pixel at row 30, column 0 of scene 0, which is 30 x 60") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestBest(t *testing.T) {
	for _, c := range []struct {
		p    []float32
		want int
	}{{[]float32{0.2, 0.5, 0.3}, 1}, {[]float32{0.4, 0.2, 0.4}, 0}, {[]float32{1}, 0}} {
		if got := Best(c.p); got != c.want {
			t.Errorf("Best(%v) = %d, want %d", c.p, got, c.want)
		}
	}
}

// TestTextDoesNotSeeItsPadding: what other prompts a prompt is encoded with, and
// so its padding, its shard and its place there, do not change its feature.
func TestTextDoesNotSeeItsPadding(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	e := NewTextEncoder(nn.NewSet(1).Root(), small().Text)
	tape := autograd.NewTape(be, autograd.Eval)
	prompts := smallPrompts(5)
	long := make([]int32, e.Config.Context)
	together := e.Forward(tape, append(slices.Clone(prompts), long)).Value.Clone()
	for i, p := range prompts {
		alone := e.Forward(tape, [][]int32{p}).Value
		golden.Near(t, "prompt", together.Data[i*8:(i+1)*8], alone.Data, 1e-6)
	}
	if golden := together.Data; slices.Equal(golden[:8], golden[8:16]) {
		t.Error("two prompts have one feature")
	}
}

func TestTextRefusesPrompts(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	e := NewTextEncoder(nn.NewSet(1).Root(), small().Text)
	for want, prompts := range map[string][][]int32{
		"no prompts":               nil,
		"prompt 1 has 78 tokens":   {make([]int32, 78)},
		"prompt 2 has 0 tokens":    {{1, 2}, {}},
		"prompt 1 has token id 20": {{1, 20}},
		"prompt 1 has token id -1": {{-1}},
	} {
		func() {
			defer func() {
				if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), want) {
					t.Errorf("panic %v, want %q", err, want)
				}
			}()
			e.Forward(autograd.NewTape(be, autograd.Eval), prompts)
		}()
	}
}

// TestLoadEncoder takes the encoder of stage 1 and nothing else.
func TestLoadEncoder(t *testing.T) {
	from, err := New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	state := maps.Clone(from.Set.State())
	state["decoders.0.mask_token"] = tensor.New(8)
	load := func(change func(map[string]*tensor.Tensor)) (*Model, error) {
		to, err := New(small(), 2)
		if err != nil {
			t.Fatal(err)
		}
		s := maps.Clone(state)
		change(s)
		return to, to.LoadEncoder(s)
	}
	to, err := load(func(map[string]*tensor.Tensor) {})
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range to.Set.State() {
		random := strings.HasSuffix(name, "reduce1.weight") || strings.HasSuffix(name, "qkv.weight") || name == "head.weight"
		if same := slices.Equal(got.Data, state[name].Data); random && same != isEncoder(name) {
			t.Errorf("%s was taken: %v", name, same)
		}
	}
	const name = "encoder.stems.1.norm2.running_var"
	if _, err := load(func(s map[string]*tensor.Tensor) { delete(s, name) }); err == nil || !strings.Contains(err.Error(), "1 missing: "+name) {
		t.Errorf("missing: %v", err)
	}
	if _, err := load(func(s map[string]*tensor.Tensor) { s[name] = tensor.New(9) }); err == nil || !strings.Contains(err.Error(), "of another shape: "+name) {
		t.Errorf("another shape: %v", err)
	}
	if _, err := load(func(s map[string]*tensor.Tensor) { s["encoder.extra"] = tensor.New(1) }); err == nil || !strings.Contains(err.Error(), "unexpected: encoder.extra") {
		t.Errorf("unexpected: %v", err)
	}
	if _, err := load(func(s map[string]*tensor.Tensor) { s["head.bias"] = tensor.New(3) }); err != nil {
		t.Errorf("another head stands in the way: %v", err)
	}
}

// TestImageFeaturesOfManyModalities: one and five modalities work as two do.
func TestImageFeaturesOfManyModalities(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	for _, n := range []int{1, 2, 5} {
		c := small()
		c.Encoder.Modalities = nil
		var x []*tensor.Tensor
		for i := range n {
			c.Encoder.Modalities = append(c.Encoder.Modalities, vit.Modality{Name: string(rune('a' + i)), Bands: i + 1})
			x = append(x, tensor.New(2*25, i+1))
		}
		m, err := New(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		tape := autograd.NewTape(be, autograd.Eval)
		if got := m.Images(tape, &Batch{Windows: x, Steps: []int32{0, 0}}).Shape(); got != tensor.Of(2, 8) || m.Head.Weight.Value.Dim(1) != 8*n {
			t.Errorf("%d modalities: features %v, head %v", n, got, m.Head.Weight.Value.Shape)
		}
	}
}
