package gradcheck

import (
	"testing"

	"diffclip/tensor"
)

// Ledger is a backend that knows which tensors were taken from it and not given
// back, those of its lanes aside.
type Ledger struct {
	tensor.Backend
	t   testing.TB
	out map[*tensor.Tensor]bool
}

// NewLedger returns a Ledger over be. It fails t where a tensor is given back that
// is not out.
func NewLedger(t testing.TB, be tensor.Backend) *Ledger {
	return &Ledger{be, t, map[*tensor.Tensor]bool{}}
}

// Get notes the tensor.
func (l *Ledger) Get(s tensor.Shape) *tensor.Tensor {
	x := l.Backend.Get(s)
	l.out[x] = true
	return x
}

// Put forgets the tensor.
func (l *Ledger) Put(x *tensor.Tensor) {
	l.t.Helper()
	if !l.out[x] {
		l.t.Errorf("a tensor of shape %v is given back twice", x.Shape)
	}
	delete(l.out, x)
	l.Backend.Put(x)
}

// Out returns the number of tensors that are out.
func (l *Ledger) Out() int { return len(l.out) }

// Has reports whether x is out.
func (l *Ledger) Has(x *tensor.Tensor) bool { return l.out[x] }
