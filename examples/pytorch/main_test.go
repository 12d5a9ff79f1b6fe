package main

import (
	"path/filepath"
	"testing"

	"diffclip/nn"
)

func TestRun(t *testing.T) {
	worst, err := run("xor.safetensors", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if worst > 1e-6 {
		t.Errorf("an output differs by %g from PyTorch's, want at most 1e-6", worst)
	}
}

func TestOtherWeightsAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.safetensors")
	set := nn.NewSet(0)
	nn.NewLinear(set.Root().Sub("fc"), 3, 4)
	if err := nn.WriteState(path, set.State(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := run(path, t.Output()); err == nil {
		t.Error("the weights of another network were taken")
	}
}
