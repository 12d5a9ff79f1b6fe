package nn

import (
	"fmt"
	"strconv"

	"diffclip/autograd"
	"diffclip/tensor"
)

// Param is a trained tensor.
type Param = autograd.Param

// Set holds a model's parameters and buffers in the order they were made.
// Flatten puts them all into one buffer, which an optimiser walks in one pass.
type Set struct {
	seed    uint64
	params  []*Param
	buffers []Buffer
	fixed   []*tensor.Tensor
	names   map[string]bool
	flat    *Flat
}

// Buffer is a tensor that belongs to a model but is not trained, as the running
// statistics of a BatchNorm.
type Buffer struct {
	Name  string
	Value *tensor.Tensor
}

// NewSet returns an empty set whose parameters are initialised from seed. A
// parameter's initial value depends on the seed and its name alone.
func NewSet(seed uint64) *Set { return &Set{seed: seed, names: map[string]bool{}} }

// Params returns the parameters in the order they were made.
func (s *Set) Params() []*Param { return s.params }

// Buffers returns the buffers in the order they were made.
func (s *Set) Buffers() []Buffer { return s.buffers }

// Count returns the number of trained values.
func (s *Set) Count() int {
	n := 0
	for _, p := range s.params {
		n += p.Value.Len()
	}
	return n
}

// Param returns the parameter with the given name, or nil.
func (s *Set) Param(name string) *Param {
	for _, p := range s.params {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Root returns the scope with no prefix.
func (s *Set) Root() Scope { return Scope{set: s} }

func (s *Set) claim(name string) {
	if s.names[name] {
		panic(fmt.Sprintf("nn: two parameters are called %q", name))
	}
	if s.flat != nil {
		panic(fmt.Sprintf("nn: parameter %q made after Flatten", name))
	}
	s.names[name] = true
}

// Scope is a place in the tree of names.
type Scope struct {
	set    *Set
	prefix string
}

// Sub returns the scope called name below s.
func (s Scope) Sub(name string) Scope { return Scope{s.set, s.prefix + name + "."} }

// Index returns the scope called by number i below s.
func (s Scope) Index(i int) Scope { return s.Sub(strconv.Itoa(i)) }

// Param makes a parameter called name with the given shape and initial values.
func (s Scope) Param(name string, init Init, dims ...int) *Param {
	full := s.prefix + name
	s.set.claim(full)
	v := tensor.New(dims...)
	init(v, s.set.seed, full)
	p := autograd.NewParam(full, v)
	s.set.params = append(s.set.params, p)
	return p
}

// Buffer makes a buffer called name, filled with v.
func (s Scope) Buffer(name string, v float32, dims ...int) *tensor.Tensor {
	full := s.prefix + name
	s.set.claim(full)
	t := tensor.New(dims...)
	fill(t, v)
	s.set.buffers = append(s.set.buffers, Buffer{full, t})
	return t
}

// Fixed notes that t, a table that is made anew with the model and not saved,
// moves with it to where it computes.
func (s Scope) Fixed(t *tensor.Tensor) { s.set.fixed = append(s.set.fixed, t) }

// Flat is one buffer with all values and one with all gradients. Each parameter
// begins on a cache line; the gaps stay zero.
type Flat struct {
	Value, Grad *tensor.Tensor
	Params      []*Param
	Offset      []int // of each parameter
}

// Flatten moves every parameter and its gradient into one buffer each. It may be
// called again; no parameter can be added afterwards.
func (s *Set) Flatten() *Flat {
	if s.flat != nil {
		return s.flat
	}
	const line = 16
	f := &Flat{Params: s.params}
	n := 0
	for _, p := range s.params {
		f.Offset = append(f.Offset, n)
		n += (p.Value.Len() + line - 1) &^ (line - 1)
	}
	f.Value, f.Grad = tensor.New(n), tensor.New(n)
	for i, p := range s.params {
		lo, hi := f.Offset[i], f.Offset[i]+p.Value.Len()
		p.Value.Read(f.Value.Data[lo:hi])
		p.Move(f.Value, f.Grad, lo)
	}
	s.flat = f
	return f
}

// Place flattens the set and moves it, buffers and fixed tables included, to where
// be computes.
func (s *Set) Place(be tensor.Backend) {
	f := s.Flatten()
	be.Place(f.Value)
	be.Place(f.Grad)
	for i, p := range f.Params {
		p.Move(f.Value, f.Grad, f.Offset[i])
	}
	for _, b := range s.buffers {
		be.Place(b.Value)
	}
	for _, t := range s.fixed {
		be.Place(t)
	}
}

// ZeroGrad clears every gradient.
func (s *Set) ZeroGrad() {
	if s.flat != nil {
		s.flat.Grad.Zero()
		return
	}
	for _, p := range s.params {
		p.ZeroGrad()
	}
}

// Freeze stops, or allows again, the training of every parameter whose name
// matches.
func (s *Set) Freeze(frozen bool, match func(name string) bool) {
	for _, p := range s.params {
		if match(p.Name) {
			p.Frozen = frozen
		}
	}
}
