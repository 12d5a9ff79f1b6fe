package nn_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden/modeltest"
	"diffclip/internal/safetensors"
	"diffclip/nn"
)

// TestLayersBegin: each layer with the values of its documentation.
func TestLayersBegin(t *testing.T) {
	set := nn.NewSet(3)
	root := set.Root()
	nn.NewLinear(root.Sub("fc"), 16, 64)
	nn.NewEmbedding(root.Sub("token"), 64, 16, 0.02)
	nn.NewConv2d(root.Sub("conv"), 8, 64, autograd.Window(3, 1, 1))
	nn.NewBatchNorm(root.Sub("norm"), 4)
	nn.NewLayerNorm(root.Sub("ln"), 4, 1e-6)
	modeltest.Starts(t, set.Params(), []modeltest.Start{
		{Suffix: "fc.weight", Deviation: modeltest.Xavier},
		{Suffix: "token.weight", Deviation: modeltest.Deviation(0.02)},
		{Suffix: "conv.weight", Deviation: func(in, _ int) float64 { return math.Sqrt(2 / float64(in)) }},
		{Suffix: "norm.weight", Mean: 1}, {Suffix: "ln.weight", Mean: 1}, {Suffix: "bias"},
	})
}

func TestStateInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	set := nn.NewSet(3)
	nn.NewLinear(set.Root().Sub("fc"), 4, 2)
	nn.NewBatchNorm(set.Root().Sub("norm"), 2)
	nn.NewConv2d(set.Root().Sub("conv"), 2, 3, autograd.Window(2, 1, 0))
	if err := nn.WriteState(path, set.State(), map[string]string{"note": "x"}); err != nil {
		t.Fatal(err)
	}
	state, meta, err := nn.ReadState(path)
	if err != nil || meta["note"] != "x" || len(state) != len(set.State()) {
		t.Fatalf("%v, %v, %d tensors", err, meta, len(state))
	}
	for name, want := range set.State() {
		if got := state[name]; got == nil || got.Shape != want.Shape || got.Data[0] != want.Data[0] {
			t.Errorf("%s: %v", name, got)
		}
	}
	deep := []safetensors.Tensor{{Name: "deep", Shape: []int{1, 1, 1, 1, 1}, Data: []float32{1}}}
	if err := safetensors.WriteFile(path, deep, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := nn.ReadState(path); err == nil || !strings.Contains(err.Error(), "5 dimensions") {
		t.Errorf("five dimensions: %v", err)
	}
	if _, _, err := nn.ReadState(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was read")
	}
}
