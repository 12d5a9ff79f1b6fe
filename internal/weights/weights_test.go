package weights_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/internal/weights"
	"diffclip/nn"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// set has two parameters and a buffer.
func set() *nn.Set {
	s := nn.NewSet(1)
	for _, name := range []string{"b", "a"} {
		s.Root().Param(name, nn.Ones, 2)
	}
	s.Root().Buffer("c", 3, 1)
	return s
}

// has fails unless err says all of what is wanted.
func has(t *testing.T, err error, want ...string) {
	t.Helper()
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("error %v, want one that says %q", err, w)
		}
	}
}

func TestComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	type config struct{ Dim int }
	if err := weights.Write(path, weights.Stage1, set(), map[string]any{weights.Config: config{8}, weights.Classes: []string{"grass"}}); err != nil {
		t.Fatal(err)
	}
	var c config
	var classes []string
	err := weights.Read(path, weights.Stage1, map[string]any{weights.Config: &c, weights.Classes: &classes}, func(state map[string]*tensor.Tensor) error {
		if c.Dim != 8 || len(classes) != 1 || classes[0] != "grass" {
			t.Errorf("configuration %v and classes %q when the model is made", c, classes)
		}
		return set().Load(state).Err()
	})
	if err != nil {
		t.Error(err)
	}
}

// TestReadRefuses: errors name the file, and of several the same one every time.
func TestReadRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	read := func(kind string, facts map[string]any) error {
		return weights.Read(path, kind, facts, func(map[string]*tensor.Tensor) error { return errors.New("cannot be built") })
	}
	has(t, read(weights.Stage1, nil), path, "no such file")
	if err := weights.Write(path, weights.Stage1, set(), map[string]any{weights.Config: 1}); err != nil {
		t.Fatal(err)
	}
	var number int
	var text string
	has(t, read(weights.Stage2, nil), path, "not the weights of stage 2", `"stage 1"`)
	has(t, read(weights.Stage1, nil), path, "cannot be built")
	has(t, read(weights.Stage1, map[string]any{weights.Scaling: &number}), path, "diffclip.scaling in its metadata cannot be read")
	bad := set().State()
	for _, name := range []string{"a", "b", "c"} {
		bad[name].Data[0] = float32(math.Inf(1))
	}
	for range 20 {
		has(t, read(weights.Stage1, map[string]any{weights.Config: &text, weights.Text: &text, weights.Scaling: &text}), weights.Config)
	}
	if err := nn.WriteState(path, bad, map[string]string{weights.Kind: weights.Stage1}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		has(t, read(weights.Stage1, nil), path, `value 0 of tensor "a" is +Inf`, "damaged")
	}
}

// TestWriteRefuses: what Read would refuse, and facts that are no JSON.
func TestWriteRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	s := set()
	has(t, weights.Write(path, weights.Stage1, s, map[string]any{weights.Config: math.NaN()}), path, weights.Config)
	s.Param("b").Value.Data[1] = float32(math.NaN())
	has(t, weights.Write(path, weights.Stage1, s, nil), path+": not written: ", `value 1 of tensor "b" is NaN`)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
}

func TestHold(t *testing.T) {
	state := set().State()
	if err := weights.Hold(5, state); err != nil {
		t.Error(err)
	}
	has(t, weights.Hold(6, state), "at least 6 values, the file holds 5")
}

func TestFit(t *testing.T) {
	e := vit.Default(vit.Modality{Name: "hsi", Bands: 4}, vit.Modality{Name: "height", Bands: 1})
	s := &rsdata.Scaling{Modalities: []rsdata.ModalityScaling{{Bands: make([]int32, 4)}, {Bands: make([]int32, 1)}}}
	if err := weights.Fit(e, s); err != nil {
		t.Error(err)
	}
	even := e
	even.Window = 10
	has(t, weights.Fit(even, s), "windows of 10 pixels, want an odd number")
	has(t, weights.Fit(e, &rsdata.Scaling{}), "reads 2 modalities, the scaling makes 0")
	s.Modalities[0].PCA = &rsdata.PCA{Components: make([][]float32, 3)}
	has(t, weights.Fit(e, s), `4 values per pixel of modality "hsi", the scaling makes 3`)
}

// TestLeastIsNotMore: the least that a file must hold is not more than what a model has, and
// of a large one most of it.
func TestLeastIsNotMore(t *testing.T) {
	for name, change := range map[string]func(*vit.Config){
		"published": func(*vit.Config) {},
		"small":     func(c *vit.Config) { c.Window, c.Dim, c.Heads, c.Depth, c.MLPRatio = 1, 4, 1, 1, 1 },
		"patches":   func(c *vit.Config) { c.Window, c.Patch = 9, 3 },
		"linear":    func(c *vit.Config) { c.Stem = vit.StemLinear },
		"positions": func(c *vit.Config) { c.TrainPositions = true },
	} {
		c := vit.Default(vit.Modality{Name: "hsi", Bands: 144}, vit.Modality{Name: "height", Bands: 1})
		change(&c)
		s := nn.NewSet(1)
		vit.NewEncoder(s.Root(), c)
		held := 0
		for _, x := range s.State() {
			held += x.Len()
		}
		least := weights.OfEncoder(c)
		if least > float64(held) || name == "published" && least < 0.8*float64(held) {
			t.Errorf("%s: a model of at least %.0f values has %d", name, least, held)
		}
	}
}
