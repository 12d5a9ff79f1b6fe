package run

import (
	"slices"
	"strings"
	"testing"

	"diffclip/clip"
	"diffclip/optim/train"
	"diffclip/vit"
)

// TestVariants takes every variant through its stages, shortened, and classifies.
func TestVariants(t *testing.T) {
	x := small(t)
	shorten := func(x *Experiment) {
		x.Config.Pretrain.Epochs, x.Config.Pretrain.Batch, x.Config.Finetune.Epochs = 1, 20, 2
	}
	shorten(x)
	common, _, err := x.Pretrain(t.Context(), train.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range Variants() {
		y := x.As(v)
		if err := y.Config.Check(); err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		shorten(y)
		state := common.Set.State()
		switch {
		case v.Scratch:
			state = nil
		case v.Own:
			m, _, err := y.Pretrain(t.Context(), train.Hooks{})
			if err != nil {
				t.Fatalf("%s: %v", v.Name, err)
			}
			if (m.Classifier != nil) != (v.Name == "lds2ae") {
				t.Errorf("%s: stage 1 learns classes: %v", v.Name, m.Classifier != nil)
			}
			state = m.Set.State()
		}
		before := map[string][]float32{}
		for name, p := range state {
			before[name] = slices.Clone(p.Host())
		}
		m, _, err := y.Finetune(t.Context(), state, train.Hooks{})
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		for name, p := range m.Set.State() {
			if same := slices.Equal(p.Host(), before[name]); v.Name == "probe" && strings.HasPrefix(name, "encoder.") && !same {
				t.Errorf("the linear probe moved %s", name)
			}
		}
		if linear := m.Config.Head == clip.HeadLinear; linear != slices.Contains([]string{"no-text", "probe", "lds2ae"}, v.Name) {
			t.Errorf("%s: linear head: %v", v.Name, linear)
		}
		c, err := y.Evaluate(t.Context(), m)
		if err != nil || c.Total() != int64(len(x.Split.Test)) {
			t.Errorf("%s: %d windows classified, %v", v.Name, c.Total(), err)
		}
	}
	if x.Config.Classifier.Head != clip.HeadText || x.Config.NeedsLabels() {
		t.Error("a variant changed the experiment that it was made of")
	}
	if _, err := FindVariant("none"); err == nil || !strings.Contains(err.Error(), "lds2ae") {
		t.Errorf("an unknown variant: %v", err)
	}
}

// LDS2AE has the published stem and noise, whatever those of the run beside which it is set.
func TestLDS2AEIsAsDescribed(t *testing.T) {
	c, err := Preset("best")
	if err != nil {
		t.Fatal(err)
	}
	c.Encoder(func(e *vit.Config) { e.Stem, e.Timesteps = vit.StemLinear, 50 })
	LDS2AE(&c)
	published := vit.Default()
	for _, e := range []vit.Config{c.Diffusion.Encoder, c.Classifier.Encoder} {
		if e.Stem != published.Stem || e.Timesteps != published.Timesteps || e.Dim != published.Dim {
			t.Errorf("stem %q, %d timesteps, width %d: want %q, %d and %d as published", e.Stem, e.Timesteps, e.Dim, published.Stem, published.Timesteps, published.Dim)
		}
	}
	if fit := c.Finetune.HeadFit; fit != "" {
		t.Errorf("its head is fitted by %q: want it trained", fit)
	}
}
