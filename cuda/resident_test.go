package cuda

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"weak"

	"diffclip/autograd"
	"diffclip/clip"
	"diffclip/cuda/internal/driver"
	"diffclip/diffusion"
	"diffclip/internal/golden"
	"diffclip/internal/resident"
	"diffclip/internal/rng"
	"diffclip/internal/traintest"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// hostPath is a backend that keeps no scene: windows are gathered by the host.
type hostPath struct{ tensor.Backend }

// TestSceneOnTheDevice cuts windows out of a scene that was scaled on its way to
// the device, and wants the bits that the host gathers.
func TestSceneOnTheDevice(t *testing.T) {
	b := open(t, Options{}, "async")
	_, w, samples := traintest.Data(5, 40)
	r, err := resident.New(b, w, resident.Many)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	pixels := append(rsdata.Pixels(nil, samples), rsdata.Pixel{}, rsdata.Pixel{Row: 63, Col: 63})
	augments := make([]rsdata.Augment, len(pixels))
	for i := range augments {
		augments[i] = rsdata.Augment{Symmetry: uint8(i % 8), Crop: uint8(i % 6)}
	}
	want := w.NewBuffers(len(pixels))
	w.GatherAugmented(want, pixels, augments)
	for m := range want {
		dst := b.Get(tensor.Of(len(pixels)*25, w.Bands(m)))
		r.Cut(dst, m, r.Places(nil, pixels, augments), nil)
		if !slices.Equal(dst.Host(), want[m]) {
			t.Errorf("modality %d: other bits than the host's", m)
		}
		row, read := r.Row(m, 0, 7, 3, 20), make([]float32, 17*w.Bands(m))
		w.Read(read, m, 0, 7*64+3)
		if !slices.Equal(row.Host(), read) {
			t.Errorf("modality %d: row 7 differs", m)
		}
	}
	used := b.MemoryInUse()
	if again, err := resident.New(b, w, resident.Many); err != nil || again == nil || b.MemoryInUse() != used {
		t.Errorf("the same scene was copied again: %v, %d bytes in use, before %d", err, b.MemoryInUse(), used)
	}
	if few, err := resident.New(b, w, 100); few != nil || err != nil {
		t.Errorf("for 100 windows the scene was copied: %v", err)
	}
}

// TestSceneThatDoesNotFit: the host gathers, a note says so once, and training goes on.
func TestSceneThatDoesNotFit(t *testing.T) {
	var notes []string
	b := open(t, Options{Note: func(text string) { notes = append(notes, text) }}, "memory=34000000") // cuBLAS has 32 MiB of it
	_, w, _ := traintest.Data(5, 40)
	held := b.Get(tensor.Of(60000))
	for range 2 {
		if r, err := resident.New(b, w, resident.Many); r != nil || err != nil {
			t.Fatalf("%v, %v: want neither a scene nor an error", r, err)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "windows are cut on the processor") {
		t.Errorf("notes %q", notes)
	}
	t.Log(notes)
	b.Put(held) // what nobody uses makes room
	_, other, _ := traintest.Data(5, 40)
	if r, err := resident.New(b, other, resident.Many); r == nil || err != nil {
		t.Errorf("%v, %v: want a scene where memory is kept that nobody uses", r, err)
	}
}

// TestTrainingFromTheDevice trains both stages with the scene on the device, and
// with windows that the host gathers and copies: the bits are the same, and a
// checkpoint of one goes on with the other.
func TestTrainingFromTheDevice(t *testing.T) {
	b := open(t, Options{Precision: F32}, "async", "random")
	held := both(t, b)
	if b.scenes.tensors == nil {
		t.Fatal("the scene is not on the device")
	}
	host := both(t, hostPath{b})
	if !slices.Equal(held.losses, host.losses) || !slices.Equal(held.probs, host.probs) || !maps.EqualFunc(held.values, host.values, slices.Equal[[]float32]) {
		t.Errorf("losses %v\nof windows from the host %v", held.losses, host.losses)
	}
	for name, paths := range map[string][2]tensor.Backend{"device, then host": {b, hostPath{b}}, "host, then device": {hostPath{b}, b}} {
		file := filepath.Join(t.TempDir(), "checkpoint")
		ctx, cancel := context.WithCancel(context.Background())
		if _, err := stage1(ctx, paths[0], train.Hooks{Checkpoint: file, LookEvery: time.Nanosecond, OnStep: func(s train.Step) {
			if s.Done == 7 {
				cancel()
			}
		}}); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		resumed, err := stage1(context.Background(), paths[1], train.Hooks{Checkpoint: file})
		if err != nil {
			t.Fatal(err)
		}
		for value, got := range values(resumed.Set) {
			if !slices.Equal(got, held.values[value]) {
				t.Errorf("%s: %s has other bits than after a run that was not interrupted", name, value)
			}
		}
	}
}

// TestEveryWayToCorrupt trains with patches of several pixels, without noise, in the
// published code's order, and with positions that learn, of which the lists of tokens
// have gradients: from the device and from the host, for the same bits.
func TestEveryWayToCorrupt(t *testing.T) {
	b := open(t, Options{Precision: F32})
	_, w, samples := traintest.Data(9, 8)
	for name, change := range map[string]func(*diffusion.Config){
		"patches":                   func(*diffusion.Config) {},
		"learnt positions":          func(c *diffusion.Config) { c.Encoder.TrainPositions = true },
		"one visible token":         func(c *diffusion.Config) { c.Encoder.TrainPositions, c.MaskRatio = true, 0.85 },
		"no masks":                  func(c *diffusion.Config) { c.Encoder.TrainPositions, c.MaskRatio = true, 0 },
		"the paper's loss":          func(c *diffusion.Config) { c.PaperLoss = true },
		"no noise":                  func(c *diffusion.Config) { c.NoNoise = true },
		"reference order":           func(c *diffusion.Config) { c.ReferenceOrder = true },
		"reference order, no noise": func(c *diffusion.Config) { c.ReferenceOrder, c.NoNoise = true, true },
	} {
		e := smallEncoder()
		e.Window, e.Patch = 9, 3
		cfg := diffusion.Default(e)
		cfg.DecoderDepth = 1
		change(&cfg)
		train := func(be tensor.Backend) map[string][]float32 {
			m, err := diffusion.New(cfg, 3)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), diffusion.TrainConfig{Epochs: 1, Batch: 4, LR: 1e-3, Symmetries: true, Crops: []uint8{7, 9}, Seed: 4}, train.Hooks{}); err != nil {
				t.Fatal(err)
			}
			return values(m.Set)
		}
		if !maps.EqualFunc(train(b), train(hostPath{b}), slices.Equal[[]float32]) {
			t.Errorf("%s: other bits than those of windows from the host", name)
		}
	}
}

// randomScene is a scene with the modalities of smallEncoder.
func randomScene(h, w int) *rsdata.Dataset {
	d, s := &rsdata.Dataset{Name: "random"}, &rsdata.Scene{Name: "random", H: h, W: w}
	for _, m := range smallEncoder().Modalities {
		values := make([]float32, h*w*m.Bands)
		rng.New(1, m.Name, 0).Uniform(values, 0)
		d.Modalities = append(d.Modalities, rsdata.Modality{Name: m.Name, Bands: m.Bands})
		s.Rasters = append(s.Rasters, rsdata.NewRaster(h, w, m.Bands, values))
	}
	d.Scenes = []*rsdata.Scene{s}
	return d
}

// TestMapFromTheDevice maps a small scene, pixel by pixel where patches are of one
// pixel and window by window where they are larger: with the bits of windows from
// the host, and close to the processor's.
func TestMapFromTheDevice(t *testing.T) {
	b := open(t, Options{Precision: F32}, "async")
	cpu := tensor.NewCPU(0)
	defer cpu.Close()
	d := randomScene(9, 14)
	scaling, err := rsdata.Fit(d, rsdata.DefaultScaling())
	if err != nil {
		t.Fatal(err)
	}
	for _, patch := range []int{1, 3} {
		e := smallEncoder()
		e.Window, e.Patch = 3*patch, patch
		w := rsdata.NewWindows(d, scaling, e.Window)
		mapped := func(be tensor.Backend) []float32 {
			cfg := clip.Default(e, 0)
			cfg.Head, cfg.Classes, cfg.HeadStd = clip.HeadLinear, 5, 2
			m, err := clip.New(cfg, 3)
			if err != nil {
				t.Fatal(err)
			}
			var all []float32
			err = clip.MapScene(context.Background(), clip.NewClassifier(be, m, nil), d, w, 0, func(_ int, _ []uint8, _, probabilities []float32) error {
				all = append(all, probabilities...)
				return nil
			})
			if err != nil || len(all) != 9*14*5 {
				t.Fatalf("%d probabilities, %v", len(all), err)
			}
			return all
		}
		held, host, want := mapped(b), mapped(hostPath{b}), mapped(cpu)
		if b.scenes.key != any(weak.Make(w)) || b.scenes.tensors == nil {
			t.Errorf("patches of %d: the scene is not on the device", patch)
		}
		if !slices.Equal(held, host) {
			t.Errorf("patches of %d: other bits than those of windows from the host", patch)
		}
		golden.Near(t, fmt.Sprintf("probabilities with patches of %d", patch), held, want, 1e-5)
	}
}

// TestMasksAreDrawnInPlace: a step of stage 1 from the device allocates nothing, in Go or
// on the device, and its lists of commands are graphs already.
func TestMasksAreDrawnInPlace(t *testing.T) {
	l := &ledger{}
	b := newBackend(l, Options{}, driver.TF32)
	if err := b.load(); err != nil {
		t.Fatal(err)
	}
	_, w, samples := traintest.Data(5, 20)
	scene, err := resident.New(b, w, resident.Many)
	if err != nil || scene == nil {
		t.Fatal(scene, err)
	}
	cfg := diffusion.Default(smallEncoder())
	m, err := diffusion.New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	m.Set.Place(b)
	tape, corruptor := autograd.NewTape(b, autograd.Train), diffusion.NewCorruptor(cfg, 4)
	batch := &rsdata.Batch{Pixels: rsdata.Pixels(nil, samples)}
	room := [2]*diffusion.Corrupted{corruptor.NewResident(scene, len(samples)), corruptor.NewResident(scene, len(samples))}
	at := uint64(0)
	step := func() {
		c := room[at%2]
		corruptor.FillBatch(c, batch, at)
		at++
		tape.Reset()
		m.Set.ZeroGrad()
		tape.Backward(m.Loss(tape, c))
		b.NextStep()
	}
	for range 6 {
		step()
	}
	memory, graphs := b.MemoryInUse(), l.fresh
	if n := testing.AllocsPerRun(20, step); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
	if b.MemoryInUse() != memory || l.fresh != graphs || graphs == 0 {
		t.Errorf("%d bytes in use, before %d; %d graphs made, before %d", b.MemoryInUse(), memory, l.fresh, graphs)
	}
}
