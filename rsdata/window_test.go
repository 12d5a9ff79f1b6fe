package rsdata

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"diffclip/internal/numeric"
)

// wantWindow reads a window the slow way.
func wantWindow(d *Dataset, m int, p Pixel, side int) []float32 {
	s := d.Scenes[p.Scene]
	var out []float32
	for r := -side / 2; r <= side/2; r++ {
		for c := -side / 2; c <= side/2; c++ {
			row, col := min(max(int(p.Row)+r, 0), s.H-1), min(max(int(p.Col)+c, 0), s.W-1)
			for b := range d.Modalities[m].Bands {
				out = append(out, float32(s.Rasters[m].At(row, col, b)))
			}
		}
	}
	return out
}

func TestGatherPadsWithTheEdge(t *testing.T) {
	d := tiny(9, 7)
	for _, side := range []int{1, 3, 5, 11} { // 11 is larger than the scene
		w := NewWindows(d, identity(d), side)
		var pixels []Pixel
		for i := range 9 * 7 {
			pixels = append(pixels, Pixel{0, int32(i / 7), int32(i % 7)})
		}
		dst, augmented := w.NewBuffers(len(pixels)), w.NewBuffers(len(pixels))
		w.Gather(dst, pixels)
		w.GatherAugmented(augmented, pixels, make([]Augment, len(pixels)))
		if !reflect.DeepEqual(augmented, dst) {
			t.Errorf("side %d: windows without a change differ from plain ones", side)
		}
		for m := range dst {
			n := side * side * w.Bands(m)
			for i, p := range pixels {
				if got, want := dst[m][i*n:(i+1)*n], wantWindow(d, m, p, side); !slices.Equal(got, want) {
					t.Fatalf("side %d, modality %d, pixel %v: %v, want %v", side, m, p, got, want)
				}
			}
		}
	}
}

func TestGatherAugmented(t *testing.T) {
	d := tiny(9, 9)
	w := NewWindows(d, identity(d), 3)
	p := []Pixel{{0, 4, 4}}
	gather := func(a Augment) []float32 {
		dst := w.NewBuffers(1)
		w.GatherAugmented(dst, p, []Augment{a})
		return dst[1] // row - col: the window is {0 -1 -2, 1 0 -1, 2 1 0}
	}
	seen := map[string]bool{}
	for sym := range uint8(8) {
		got := gather(Augment{Symmetry: sym})
		sorted := slices.Clone(got)
		slices.Sort(sorted)
		if !slices.Equal(sorted, []float32{-2, -1, -1, 0, 0, 0, 1, 1, 2}) {
			t.Errorf("symmetry %d changes values: %v", sym, got)
		}
		dst := w.NewBuffers(1)
		w.GatherAugmented(dst, p, []Augment{{Symmetry: sym}})
		seen[strings.Trim(strings.Join(strings.Fields(fmt.Sprint(dst[0])), ","), "[]")] = true
	}
	if len(seen) != 8 {
		t.Errorf("%d different symmetries, want 8", len(seen))
	}
	if got, want := gather(Augment{Symmetry: 1}), []float32{-2, -1, 0, -1, 0, 1, 0, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("mirrored left-right: %v, want %v", got, want)
	}
	if got, want := gather(Augment{Symmetry: 4}), []float32{0, 1, 2, -1, 0, 1, -2, -1, 0}; !slices.Equal(got, want) {
		t.Errorf("transposed: %v, want %v", got, want)
	}
	if got, want := gather(Augment{Crop: 3}), gather(Augment{}); !slices.Equal(got, want) {
		t.Errorf("a crop of the full side changes the window: %v, want %v", got, want)
	}
	if got := gather(Augment{Crop: 1}); !slices.Equal(got, make([]float32, 9)) {
		t.Errorf("a crop of one pixel: %v, want its value everywhere", got)
	}
}

// Numbers of torch.nn.functional.interpolate(x, size=5, mode="bilinear", align_corners=False) for a ramp of three.
func TestCropIsBilinear(t *testing.T) {
	d := tiny(9, 9)
	w := NewWindows(d, identity(d), 5)
	dst := w.NewBuffers(1)
	w.GatherAugmented(dst, []Pixel{{0, 4, 4}}, []Augment{{Crop: 3}})
	ramp := []float64{0, 0.4, 1, 1.6, 2} // of 0, 1, 2
	for r := range 5 {
		for c := range 5 {
			want := ramp[r] - ramp[c]
			if got := float64(dst[1][r*5+c]); got-want > 1e-6 || want-got > 1e-6 {
				t.Errorf("row %d, column %d: %v, want %v", r, c, got, want)
			}
		}
	}
}

func TestGatherReadsEveryElementType(t *testing.T) {
	for typ := numeric.Int8; typ <= numeric.Float64; typ++ {
		d := tiny(4, 4)
		a := numeric.New(typ, []int{4, 4, 1})
		d.Scenes[0].Rasters[1].Array = a
		w := NewWindows(d, identity(d), 1)
		dst := w.NewBuffers(1)
		w.Gather(dst, []Pixel{{0, 2, 2}})
		if dst[1][0] != 0 {
			t.Errorf("%v: %v, want 0", typ, dst[1][0])
		}
	}
}

func TestMissingValuesBecomeTheFill(t *testing.T) {
	d := tiny(4, 4)
	none := 11.0
	d.Scenes[0].Rasters[0].NoData = &none
	b := d.Scenes[0].Rasters[1].Array.Data.([]float32)
	b[0], b[1] = nan32, -1/(b[0]*0) // NaN and an infinity
	w := NewWindows(d, identity(d), 1)
	dst := w.NewBuffers(3)
	w.Gather(dst, []Pixel{{0, 0, 0}, {0, 0, 1}, {0, 1, 0}})
	if want := []float32{0, 1, 2, 10, -1, 12, 100, 101, 102}; !slices.Equal(dst[0], want) {
		t.Errorf("with no-data 11: %v, want %v", dst[0], want)
	}
	if want := []float32{-1, -1, 1}; !slices.Equal(dst[1], want) {
		t.Errorf("with NaN and infinity: %v, want %v", dst[1], want)
	}
}

func TestGatherAllocatesNothing(t *testing.T) {
	d := Synthetic(DefaultSynthetic())
	s, err := Fit(d, DefaultScaling())
	if err != nil {
		t.Fatal(err)
	}
	w := NewWindows(d, s, 11)
	pixels := []Pixel{{0, 0, 0}, {0, 80, 100}, {0, 159, 219}}
	dst := w.NewBuffers(3)
	augments := []Augment{{3, 9}, {7, 0}, {0, 5}}
	for name, f := range map[string]func(){
		"Gather":          func() { w.Gather(dst, pixels) },
		"GatherAugmented": func() { w.GatherAugmented(dst, pixels, augments) },
	} {
		if n := testing.AllocsPerRun(10, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestWindowsDoNotCopyTheScene(t *testing.T) {
	d := Synthetic(DefaultSynthetic())
	s, err := Fit(d, DefaultScaling())
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := NewWindows(d, s, 11)
	runtime.ReadMemStats(&after)
	stored := d.Scenes[0].Rasters[0].Array
	if used, scene := after.TotalAlloc-before.TotalAlloc, uint64(stored.Len()*stored.Type.Size()); used > scene/100 {
		t.Errorf("%d bytes allocated for windows into a scene of %d", used, scene)
	}
	runtime.KeepAlive(w)
}

func TestGatherFromManyGoroutines(t *testing.T) {
	d := tiny(20, 20)
	w := NewWindows(d, identity(d), 5)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			dst := w.NewBuffers(1)
			for i := range 400 {
				p := Pixel{0, int32((i + g) % 20), int32(i / 20)}
				w.Gather(dst, []Pixel{p})
				if want := wantWindow(d, 0, p, 5); !slices.Equal(dst[0], want) {
					t.Errorf("pixel %v: %v, want %v", p, dst[0], want)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestCheckPixels(t *testing.T) {
	d := tiny(5, 4)
	w := NewWindows(d, identity(d), 3)
	if err := w.Check([]Pixel{{0, 0, 0}, {0, 4, 3}}); err != nil {
		t.Error(err)
	}
	for want, p := range map[string]Pixel{
		"row 5, column 0 of scene 0, which is 5 x 4": {0, 5, 0},
		"row 0, column 4":  {0, 0, 4},
		"row -1, column 0": {0, -1, 0},
		"row 0, column -1": {0, 0, -1},
		"scene 1, of 1":    {1, 0, 0},
		"scene -1, of 1":   {-1, 0, 0},
	} {
		if err := w.Check([]Pixel{{}, p}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one that says %q", p, err, want)
		}
	}
}

func TestWindowMistakesPanic(t *testing.T) {
	d := tiny(5, 5)
	w := NewWindows(d, identity(d), 3)
	dst := w.NewBuffers(1)
	in := []Pixel{{0, 0, 0}}
	for name, f := range map[string]func(){
		"even side":         func() { NewWindows(d, identity(d), 4) },
		"other dataset":     func() { NewWindows(&Dataset{}, identity(d), 3) },
		"row outside":       func() { w.Gather(dst, []Pixel{{0, 5, 0}}) },
		"scene outside":     func() { w.Gather(dst, []Pixel{{1, 0, 0}}) },
		"short buffer":      func() { w.Gather(dst, []Pixel{{0, 0, 0}, {0, 0, 0}}) },
		"one buffer":        func() { w.Gather(dst[:1], in) },
		"symmetry":          func() { w.GatherAugmented(dst, in, []Augment{{Symmetry: 8}}) },
		"crop":              func() { w.GatherAugmented(dst, in, []Augment{{Crop: 5}}) },
		"augments too few":  func() { w.GatherAugmented(dst, in, nil) },
		"batches of none":   func() { NewBatches(w, nil, BatchConfig{Size: 1}) },
		"batches outside":   func() { NewBatches(w, []Sample{{Pixel: Pixel{0, 0, 5}}}, BatchConfig{Size: 1}) },
		"batches of size 0": func() { NewBatches(w, make([]Sample, 1), BatchConfig{}) },
	} {
		func() {
			defer func() {
				if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), "rsdata.") {
					t.Errorf("%s: no panic with an error that names the operation (got %v)", name, err)
				}
			}()
			f()
		}()
	}
}

func BenchmarkGather(b *testing.B) {
	d := Synthetic(SyntheticConfig{H: 160, W: 220, Bands: 144, Seed: 1})
	s, err := Fit(d, DefaultScaling())
	if err != nil {
		b.Fatal(err)
	}
	w := NewWindows(d, s, 11)
	var pixels []Pixel
	for i := range 256 {
		pixels = append(pixels, Pixel{0, int32(i * 37 % 160), int32(i * 53 % 220)})
	}
	dst := w.NewBuffers(len(pixels))
	b.ReportAllocs()
	for b.Loop() {
		w.Gather(dst, pixels)
	}
	b.ReportMetric(float64(b.N*len(pixels))/b.Elapsed().Seconds(), "windows/s")
}
