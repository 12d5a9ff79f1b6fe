package clip

import (
	"fmt"
	"math"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/internal/golden/modeltest"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// goldenConfig reads the sizes of a case.
func goldenConfig(c golden.Case) Config {
	e := vit.Config{
		Window: c.Int("window"), Patch: c.Int("patch"), Dim: c.Int("dim"), Heads: c.Int("heads"), Depth: c.Int("depth"),
		MLPRatio: c.Int("mlp_ratio"), Timesteps: 1000, TrainPositions: true,
	}
	for i := range c.Int("modalities") {
		e.Modalities = append(e.Modalities, vit.Modality{Name: fmt.Sprint("m", i), Bands: c.Int(fmt.Sprint("bands", i))})
	}
	if !c.Has("ids") {
		cfg := Default(e, 1)
		cfg.Head, cfg.Classes = HeadLinear, c.Int("classes")
		return cfg
	}
	cfg := Default(e, c.Int("vocabulary"))
	cfg.Text = TextConfig{
		Vocabulary: c.Int("vocabulary"), Context: c.Int("context"), Dim: c.Int("text_dim"), Heads: c.Int("text_heads"),
		Depth: c.Int("text_depth"), MLPRatio: c.Int("text_mlp_ratio"),
	}
	if c.Int("mean_pool") == 1 {
		cfg.Pool = PoolMean
	}
	if c.Int("class_targets") == 1 {
		cfg.Targets = TargetsClass
	}
	return cfg
}

// goldenPrompts reads the classes' prompts, without their padding; none where the
// head is linear.
func goldenPrompts(c golden.Case) Prompts {
	if !c.Has("ids") {
		return nil
	}
	ids, context := c.Int64s("ids"), c.Int("context")
	var out Prompts
	for i, n := range c.Int64s("lengths") {
		var prompt []int32
		for _, id := range ids[i*context : i*context+int(n)] {
			prompt = append(prompt, int32(id))
		}
		out = append(out, prompt)
	}
	return out
}

// goldenBatch prepares the windows and classes of a case as training does.
func goldenBatch(c golden.Case, m *Model) *Batch {
	gathered := &rsdata.Batch{}
	for _, class := range c.Int64s("classes") {
		gathered.Samples = append(gathered.Samples, rsdata.Sample{Label: uint8(class + 1)})
	}
	for i := range m.Config.Encoder.Modalities {
		gathered.Data = append(gathered.Data, c.Float32s(fmt.Sprint("window", i)))
	}
	m.prepare(gathered, nil, goldenPrompts(c), TrainConfig{}, 0)
	batch := gathered.Extra.(*Batch)
	for i, v := range c.Int64s("timesteps") {
		batch.Steps[i] = int32(v)
	}
	return batch
}

// TestModelAgainstPyTorch also proves our shortcuts exact: PyTorch encodes every
// sample's prompt on its own at the full context, and every token in every block.
func TestModelAgainstPyTorch(t *testing.T) {
	family := golden.Load(t, "clip")
	for _, name := range family.Cases() {
		for _, threads := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/threads=%d", name, threads), func(t *testing.T) {
				c := family.Case(t, name)
				m, err := New(goldenConfig(c), 1)
				if err != nil {
					t.Fatal(err)
				}
				modeltest.Load(t, c, m.Set)
				be := tensor.NewCPU(threads)
				defer be.Close()
				batch := goldenBatch(c, m)
				if distinct := len(goldenPrompts(c)); len(batch.Prompts) != distinct {
					t.Errorf("%d prompts are encoded, want the %d distinct ones", len(batch.Prompts), distinct)
				}
				evaluation(t, c, m, be, batch)
				modeltest.Train(t, c, m.Set, be, func(t *autograd.Tape) *autograd.Var { return m.Loss(t, batch) })
			})
		}
	}
}

// evaluation compares a classifier's probabilities with the softmax of PyTorch's
// logits, both with running statistics.
func evaluation(t *testing.T, c golden.Case, m *Model, be tensor.Backend, batch *Batch) {
	t.Helper()
	classifier := NewClassifier(be, m, goldenPrompts(c))
	k := classifier.Classes()
	got := make([]float32, len(batch.Steps)*k)
	classifier.classify(m.Images(classifier.tape, batch), got)
	logits := c.Float32s("eval_logits")
	want := make([]float32, len(logits))
	for row := range batch.Steps {
		var sum float64
		for _, v := range logits[row*k : (row+1)*k] {
			sum += math.Exp(float64(v))
		}
		for i, v := range logits[row*k : (row+1)*k] {
			want[row*k+i] = float32(math.Exp(float64(v)) / sum)
		}
	}
	golden.Near(t, "evaluation", got, want, 1e-5)
}
