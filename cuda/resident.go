package cuda

import (
	"fmt"
	"math"
	"unsafe"

	"diffclip/cuda/kernels"
	"diffclip/internal/rng"
	"diffclip/tensor"
)

var (
	_ tensor.Resident = (*Backend)(nil)
	_ tensor.Limited  = (*Backend)(nil)
)

// scenes are the tensors of Hold.
type scenes struct {
	key     any
	tensors []*tensor.Tensor // nil if they did not fit
}

// Hold returns tensors that stay on the device.
func (b *Backend) Hold(key any, shapes []tensor.Shape, fill func(i int, dst *tensor.Tensor)) []*tensor.Tensor {
	if b.scenes.key == key {
		return b.scenes.tensors
	}
	b.scenes = scenes{} // the last ones make room
	var all []*tensor.Tensor
	if b.fits(shapes) {
		for i, s := range shapes {
			t := tensor.OnBuffer(b.keep(b.take(s.Len())), 0, s)
			fill(i, &t)
			all = append(all, &t)
		}
	}
	b.scenes = scenes{key, all}
	return all
}

// fits reports whether tensors of the given shapes leave half of the free memory,
// and says so where they do not.
func (b *Backend) fits(shapes []tensor.Shape) bool {
	bytes := 0
	for _, s := range shapes {
		n := s.Len()
		if n > math.MaxInt32 {
			b.note("the pixels of a modality are %d values, and a device takes fewer than %d: windows are cut on the processor and copied", n, int64(1)<<31)
			return false
		}
		_, capacity := class(n)
		bytes += 4 * capacity
	}
	free, _ := b.dev.Memory()
	if 2*bytes > free {
		b.trim()
		free, _ = b.dev.Memory()
	}
	if 2*bytes > free {
		b.note("the scene takes %s, and %s of the memory of %s are free, half of which must be left: windows are cut on the processor and copied", size(bytes), size(free), b.info.Name)
		return false
	}
	return true
}

// note tells the caller of Open what it may want to know.
func (b *Backend) note(format string, args ...any) {
	if b.onNote != nil {
		b.onNote(fmt.Sprintf(format, args...))
	}
}

// CutWindows cuts windows out of a raster.
func (b *Backend) CutWindows(dst, raster *tensor.Tensor, at []tensor.Window, side int, order []int32) {
	checks.CutWindows(dst, raster, at, side, order)
	if dst.Len() > 0 {
		b.k.CutWindows(b.out(dst), b.in(raster), b.windows(at), b.ints(order), len(at), side, raster.Cols())
	}
	b.done()
}

// windows copies the records of windows, which are nothing but int32.
func (b *Backend) windows(at []tensor.Window) kernels.Ptr {
	var _ [kernels.WindowWords * 4]byte = [unsafe.Sizeof(tensor.Window{})]byte{}
	return b.words(unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(at))), len(at)*kernels.WindowWords))
}

// NoiseRows is dst[i] = a·x[ids[i]] + b·ε.
func (b *Backend) NoiseRows(dst, x *tensor.Tensor, ids tensor.Index, levels []float32, s rng.Stream) {
	rows := checks.NoiseRows(dst, x, ids, levels)
	if dst.Len() > 0 {
		stream := kernels.StreamOf(s)
		level := b.words(unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(levels))), len(levels)))
		b.k.NoiseRows(b.out(dst), b.in(x), b.index(ids), level, b.words(stream[:]), dst.Rows(), dst.Cols(), rows)
	}
	b.done()
}

// DrawMasks draws masks and the lists that come of them.
func (b *Backend) DrawMasks(m *tensor.Masks, masked, visible float32, s rng.Stream) {
	checks.DrawMasks(m)
	stream := kernels.StreamOf(s)
	b.k.DrawMasks(b.out(&m.Weight), b.out(&m.Rows.Words), b.out(&m.From.Words), b.out(&m.Places.Words), b.out(&m.Restore.Words), b.words(stream[:]), m.Samples, m.Tokens, m.Keep, masked, visible)
	b.done()
}
