package cuda

import (
	"unsafe"

	"diffclip/cuda/internal/driver"
	"diffclip/cuda/kernels"
	"diffclip/tensor"
)

// writeBack is a destination in memory of Go and its copy on the device.
type writeBack struct {
	host []float32
	k    *block
}

// in returns the address of an operand: 0 for none.
func (b *Backend) in(t *tensor.Tensor) kernels.Ptr {
	if t == nil {
		return 0
	}
	if p, ok := b.on(t); ok {
		return p
	}
	return b.copyIn(t).at
}

// out returns the address of a destination. What it holds is there too: a method
// may add to it.
func (b *Backend) out(t *tensor.Tensor) kernels.Ptr {
	if t == nil {
		return 0
	}
	if p, ok := b.on(t); ok {
		return p
	}
	k := b.copyIn(t)
	b.returned = append(b.returned, writeBack{t.Data, k})
	return k.at
}

// on returns the address of a tensor that lies on the device.
func (b *Backend) on(t *tensor.Tensor) (kernels.Ptr, bool) {
	buffer, offset := t.Buffer()
	if buffer == nil {
		return 0, false
	}
	k := buffer.(*block)
	if k.b != b {
		panic("cuda: a tensor of another device")
	}
	return k.at.At(offset), true
}

// copyIn copies a tensor of Go's to the device for the operation in progress.
func (b *Backend) copyIn(t *tensor.Tensor) *block {
	k := b.take(t.Len())
	b.temporary = append(b.temporary, k)
	k.Write(0, t.Data)
	return k
}

// ints copies indices to the device for the operation in progress; nil is 0.
func (b *Backend) ints(v []int32) kernels.Ptr {
	if v == nil {
		return 0
	}
	return b.words(unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(v))), len(v)))
}

// index returns the address of a list of rows, wherever it lies; 0 for none.
func (b *Backend) index(x tensor.Index) kernels.Ptr {
	if x.Drawn != nil {
		return b.in(&x.Drawn.Words)
	}
	return b.ints(x.IDs)
}

// ownWords copies words to memory of their own.
func (b *Backend) ownWords(v []uint32) kernels.Ptr {
	k := b.take(len(v))
	b.temporary = append(b.temporary, k)
	if len(v) > 0 {
		part, at := b.stage.take(b, 4*len(v))
		copy(unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(part))), len(v)), v)
		b.queue(driver.Upload(driver.Ptr(k.at), at, 4*len(v)))
	}
	return k.at
}

// done ends an operation: destinations in memory of Go get their results, and
// copies are given back.
func (b *Backend) done() {
	b.args.open = false
	for _, w := range b.returned {
		w.k.Read(w.host, 0)
	}
	for _, k := range b.temporary {
		b.pool.give(k)
	}
	b.returned, b.temporary = b.returned[:0], b.temporary[:0]
}
