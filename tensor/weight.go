package tensor

import (
	"sync"
	"sync/atomic"

	"diffclip/internal/kern"
)

// Weight is the matrix of a linear layer, (out, in) as PyTorch stores it. It
// remembers the form its backend wants it in, so that a weight is prepared once
// after it changes and not at each use.
type Weight struct {
	*Tensor
	generation atomic.Uint64

	mu       sync.Mutex
	packedAt atomic.Uint64 // generation+1 that packed was made from, 0 for never
	packed   kern.Packed
}

// NewWeight returns a Weight over t, which must be a matrix.
func NewWeight(t *Tensor) *Weight {
	check(t.Rank() == 2, "NewWeight", "want (out, in)", t)
	return &Weight{Tensor: t}
}

// Changed must be called after the values were written to, before the next use.
func (w *Weight) Changed() { w.generation.Add(1) }

// transposed returns the weight packed as the right operand of x·Wᵀ. It may be
// called from several goroutines at once.
func (w *Weight) transposed() *kern.Packed {
	want := w.generation.Load() + 1
	if w.packedAt.Load() != want {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.packedAt.Load() != want {
			out, in := w.Dim(0), w.Dim(1)
			w.packed.Pack(w.Data, in, in, out, true)
			w.packedAt.Store(want)
		}
	}
	return &w.packed
}
