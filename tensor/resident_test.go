package tensor_test

import (
	"testing"

	"diffclip/tensor"
)

// TestResidentMistakes: places outside of a raster, and rows outside of the samples,
// are refused before a device reads them.
func TestResidentMistakes(t *testing.T) {
	var checks tensor.Checks
	raster := tensor.New(12, 3)
	cut := func(change func(w *tensor.Window)) func() {
		w := tensor.Window{Height: 3, Width: 4, Symmetry: 7, Crop: 2}
		change(&w)
		return func() { checks.CutWindows(tensor.New(4, 3), raster, []tensor.Window{w}, 2, nil) }
	}
	one := []tensor.Window{{Height: 3, Width: 4}}
	order := func(order ...int32) func() {
		return func() { checks.CutWindows(tensor.New(4, 3), raster, one, 2, order) }
	}
	x := tensor.New(6, 3) // three rows of each of two samples
	levels := make([]float32, 4)
	noise := func(rows int, ids []int32, levels []float32) func() {
		return func() { checks.NoiseRows(tensor.New(rows, 3), x, tensor.IDs(ids), levels) }
	}
	for _, f := range []func(){
		cut(func(*tensor.Window) {}), order(3, 1, 0, 2), noise(6, nil, levels), noise(2, []int32{5, 0}, levels), noise(0, []int32{}, levels),
	} {
		f()
	}
	for name, f := range map[string]func(){
		"a scene before the raster": cut(func(w *tensor.Window) { w.First = -1 }),
		"a scene past its end":      cut(func(w *tensor.Window) { w.First = 1 }),
		"a scene of 2^32 pixels":    cut(func(w *tensor.Window) { w.Height, w.Width = 1<<16, 1<<16 }),
		"a scene of no rows":        cut(func(w *tensor.Window) { w.Height = 0 }),
		"a scene of no columns":     cut(func(w *tensor.Window) { w.Width = 0 }),
		"symmetry 8":                cut(func(w *tensor.Window) { w.Symmetry = 8 }),
		"symmetry -1":               cut(func(w *tensor.Window) { w.Symmetry = -1 }),
		"a crop beyond the window":  cut(func(w *tensor.Window) { w.Crop = 3 }),
		"a negative crop":           cut(func(w *tensor.Window) { w.Crop = -1 }),
		"an order of three places":  order(0, 1, 2),
		"place 4 of four":           order(0, 1, 2, 4),
		"place -1":                  order(0, 1, 2, -1),
		"a window that has no room": func() { checks.CutWindows(tensor.New(3, 3), raster, one, 2, nil) },
		"no side":                   func() { checks.CutWindows(tensor.New(0, 3), raster, one, 0, nil) },
		"half a pair of levels":     noise(6, nil, levels[:3]),
		"no levels":                 noise(6, nil, nil),
		"samples of unequal rows":   noise(6, nil, make([]float32, 8)),
		"too few rows":              noise(5, nil, levels),
		"an id too few":             noise(2, []int32{5}, levels),
		"id 6 of six":               noise(2, []int32{5, 6}, levels),
		"id -1":                     noise(2, []int32{5, -1}, levels),
		"rows of another length":    func() { checks.NoiseRows(tensor.New(6, 2), x, tensor.Index{}, levels) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(*tensor.ShapeError); !ok {
					t.Errorf("%s: no ShapeError", name)
				}
			}()
			f()
		}()
	}
}
