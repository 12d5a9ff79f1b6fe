package cuda

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/resident"
	"diffclip/internal/train"
	"diffclip/internal/train/traintest"
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
	defer b.Put(held)
	for range 2 {
		if r, err := resident.New(b, w, resident.Many); r != nil || err != nil {
			t.Fatalf("%v, %v: want neither a scene nor an error", r, err)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "windows are cut on the processor") {
		t.Errorf("notes %q", notes)
	}
	t.Log(notes)
}

// TestTrainingFromTheDevice trains both stages with the scene on the device, and
// with windows that the host gathers and copies: the bits are the same, and a
// checkpoint of one goes on with the other.
func TestTrainingFromTheDevice(t *testing.T) {
	b := open(t, Options{Precision: F32}, "async", "random")
	held, host := both(t, b), both(t, hostPath{b})
	if !slices.Equal(held.losses, host.losses) || !slices.Equal(held.probs, host.probs) || !maps.EqualFunc(held.values, host.values, slices.Equal[[]float32]) {
		t.Errorf("losses %v\nof windows from the host %v", held.losses, host.losses)
	}
	whole, err := stage1(context.Background(), b, train.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	for name, paths := range map[string][2]tensor.Backend{"device, then host": {b, hostPath{b}}, "host, then device": {hostPath{b}, b}} {
		file := filepath.Join(t.TempDir(), "checkpoint")
		ctx, cancel := context.WithCancel(context.Background())
		if _, err := stage1(ctx, paths[0], train.Hooks{Checkpoint: file, OnStep: func(s train.Step) {
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
		if !maps.EqualFunc(values(resumed.Set), values(whole.Set), slices.Equal[[]float32]) {
			t.Errorf("%s: other bits than those of a run that was not interrupted", name)
		}
	}
}
