package tensor

import "diffclip/internal/rng"

// Window says where a window is cut out of scenes whose pixels lie one after the
// other in a raster, (pixels, bands), and how it is changed, as in rsdata.Pixel
// and rsdata.Augment.
type Window struct {
	First         int32 // row of the raster that is the scene's first pixel
	Height, Width int32 // of the scene
	Row, Col      int32 // of the centre
	Symmetry      int32 // 0..7
	Crop          int32 // side of the centre that is resized to the window; 0 for none
}

// Resident is a Backend on a device with memory of its own. It keeps the pixels
// of whole scenes there, and cuts the windows of a batch out of them: a step is
// sent places instead of values.
type Resident interface {
	Backend

	// Hold returns tensors of the given shapes that stay on the device, and has
	// fill write each of them. It keeps those of the last key, and returns them
	// without a call of fill when it is asked for them again. It returns nil where
	// they would leave less than half of the memory that is free to the
	// computation. Their memory comes back when neither it nor anyone else has them.
	Hold(key any, shapes []Shape, fill func(i int, dst *Tensor)) []*Tensor

	// CutWindows cuts windows of side x side pixels out of a raster (pixels,
	// bands), the edge of a scene repeated: dst is (len(at)·side², bands). Row j of
	// a window is its place order[j], counted row by row, or place j where order is
	// nil. The bits are those of rsdata.Windows.GatherAugmented.
	CutWindows(dst, raster *Tensor, at []Window, side int, order []int32)

	// NoiseRows is dst[i] = a·x[ids[i]] + b·ε, where ε are the stream's first
	// dst.Len() normal values. Rows of x are those of len(levels)/2 samples, as many
	// of each, and a and b of sample s are levels[2·s] and levels[2·s+1]. ids may be
	// none, for every row in turn. The bits are those of a processor.
	NoiseRows(dst, x *Tensor, ids Index, levels []float32, s rng.Stream)

	// DrawMasks draws the masks of samples and writes what m holds. Visible are the
	// first m.Keep tokens of rng.Stream.Perm, in its order: s draws permutation i for
	// sample i. Weight gets the given numbers.
	DrawMasks(m *Masks, masked, visible float32, s rng.Stream)
}

// Limited is a Backend on a device with memory of its own, which can run out: a
// method then panics with a DeviceError of NoMemory.
type Limited interface {
	Backend

	// Recover makes the backend fit for use after that. It takes back every tensor
	// of Get, none of which may be used any more, by a tape that has it neither;
	// what was placed stays.
	Recover()
	// MemoryInUse returns the bytes that are taken from the device.
	MemoryInUse() int
}

// CutWindows checks the arguments of Resident.CutWindows.
func (Checks) CutWindows(dst, raster *Tensor, at []Window, side int, order []int32) {
	check(raster.Rank() == 2 && dst.Rank() > 0 && side > 0 && dst.Rows()*dst.Cols() == len(at)*side*side*raster.Cols(),
		"CutWindows", "want a raster (pixels, bands) and room for side·side pixels of each window", dst, raster)
	check(order == nil || len(order) == side*side, "CutWindows", "want an order of all places of a window", dst)
	for _, k := range order {
		check(k >= 0 && int(k) < side*side, "CutWindows", "a place of the order is outside of the window", dst)
	}
	rows := raster.Rows()
	for _, w := range at {
		check(w.First >= 0 && w.Height > 0 && w.Width > 0 && int(w.First)+int(w.Height)*int(w.Width) <= rows, "CutWindows", "a scene is outside of the raster", raster)
		check(w.Symmetry >= 0 && w.Symmetry < 8 && w.Crop >= 0 && int(w.Crop) <= side, "CutWindows", "want a symmetry of 0..7 and a crop of at most the side", dst)
	}
}

// NoiseRows checks the arguments of Resident.NoiseRows and returns the rows of a
// sample.
func (Checks) NoiseRows(dst, x *Tensor, ids Index, levels []float32) (rows int) {
	samples := len(levels) / 2
	ok := dst.Rank() > 0 && x.Rank() > 0 && dst.Cols() == x.Cols() && len(levels)%2 == 0 && samples > 0 && x.Rows()%samples == 0
	check(ok, "NoiseRows", "want rows of one length, and two levels for each sample", dst, x)
	check(ids.None() && dst.Rows() == x.Rows() || !ids.None() && dst.Rows() == ids.Len(), "NoiseRows", "want one id for each row of the result", dst, x)
	check(ids.Drawn == nil || ids.Drawn.Rows == x.Rows(), "NoiseRows", "the list is of other rows", dst, x)
	for _, id := range ids.IDs {
		check(id >= 0 && int(id) < x.Rows(), "NoiseRows", "an id is outside of the rows", dst, x)
	}
	return x.Rows() / samples
}
