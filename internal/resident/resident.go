// Package resident keeps the scenes of a data set in the memory of the device
// that computes, where it has one of its own, so that windows are cut out there
// and a training step is sent places instead of values.
//
// Read next: packages diffusion and clip, which take their batches from it.
package resident

import (
	"fmt"
	"math"
	"slices"
	"weak"

	"diffclip/rsdata"
	"diffclip/tensor"
)

// Windows cuts the windows of an rsdata.Windows on a device. Its methods but
// Places are for the goroutine that the backend belongs to.
type Windows struct {
	be      tensor.Resident
	side    int
	sizes   [][2]int32       // per scene: height, width
	first   []int32          // per scene: where its pixels begin in a raster
	rasters []*tensor.Tensor // per modality (pixels of all scenes, bands)
}

// Many is the count of windows of a caller that comes back for more.
const Many = math.MaxInt

// fillPixels is how many pixels are scaled and copied at a time.
const fillPixels = 1 << 16

// New copies the scenes to be's device, or finds them there. It returns nil where
// windows are to be gathered by w: where be computes in memory of Go, the scenes
// do not fit, or the count windows that are wanted have fewer pixels than the
// scenes. The error is the device's.
func New(be tensor.Backend, w *rsdata.Windows, count int) (r *Windows, err error) {
	defer tensor.CatchDevice(&err)
	device, ok := be.(tensor.Resident)
	if !ok {
		return nil, nil
	}
	r = &Windows{be: device, side: w.Side()}
	pixels := 0
	for i := range w.Scenes() {
		h, width := w.Size(i)
		r.sizes = append(r.sizes, [2]int32{int32(h), int32(width)})
		r.first = append(r.first, int32(pixels))
		pixels += h * width
	}
	if count < pixels/(w.Side()*w.Side()) {
		return nil, nil
	}
	var shapes []tensor.Shape
	for m := range w.Modalities() {
		shapes = append(shapes, tensor.Of(pixels, w.Bands(m)))
	}
	r.rasters = device.Hold(weak.Make(w), shapes, func(m int, dst *tensor.Tensor) { r.fill(w, m, dst) })
	if r.rasters == nil {
		return nil, nil
	}
	return r, nil
}

// fill writes the raster of modality m, scaled as w reads it.
func (r *Windows) fill(w *rsdata.Windows, m int, dst *tensor.Tensor) {
	bands := w.Bands(m)
	room := make([]float32, min(fillPixels, dst.Dim(0))*bands)
	for scene, first := range r.first {
		n := int(r.sizes[scene][0]) * int(r.sizes[scene][1])
		for lo := 0; lo < n; lo += fillPixels {
			hi := min(lo+fillPixels, n)
			values := room[:(hi-lo)*bands]
			w.Read(values, m, scene, lo)
			part := dst.RowRange(int(first)+lo, int(first)+hi)
			part.Write(values)
		}
	}
}

// Places appends to dst where the windows around pixels lie, changed by augments;
// none where that is nil. It may be called from any goroutine, and panics where a
// pixel lies outside its scene.
func (r *Windows) Places(dst []tensor.Window, pixels []rsdata.Pixel, augments []rsdata.Augment) []tensor.Window {
	dst = slices.Grow(dst, len(pixels))
	for i, p := range pixels {
		h, width := r.sizes[p.Scene][0], r.sizes[p.Scene][1]
		if p.Row < 0 || p.Col < 0 || p.Row >= h || p.Col >= width {
			panic(fmt.Errorf("resident.Windows.Places: pixel at row %d, column %d of scene %d, which is %d x %d", p.Row, p.Col, p.Scene, h, width))
		}
		w := tensor.Window{First: r.first[p.Scene], Height: h, Width: width, Row: p.Row, Col: p.Col}
		if augments != nil {
			w.Symmetry, w.Crop = int32(augments[i].Symmetry), int32(augments[i].Crop)
		}
		dst = append(dst, w)
	}
	return dst
}

// Cut writes the windows of modality m to dst, (len(at)·side², bands), their
// pixels in the given order of places, row by row where it is nil.
func (r *Windows) Cut(dst *tensor.Tensor, m int, at []tensor.Window, order []int32) {
	r.be.CutWindows(dst, r.rasters[m], at, r.side, order)
}

// Row returns the pixels of columns lo to hi of a scene's row, (hi-lo, bands),
// where they lie.
func (r *Windows) Row(m, scene, row, lo, hi int) tensor.Tensor {
	first := int(r.first[scene]) + row*int(r.sizes[scene][1])
	return r.rasters[m].RowRange(first+lo, first+hi)
}

// Device returns the backend that holds the scenes.
func (r *Windows) Device() tensor.Resident { return r.be }
