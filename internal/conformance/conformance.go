// Package conformance holds any implementation of tensor.Backend to what the interface says: every method against
// the float64 references of package gradcheck, destinations that held rubbish, destinations that are added to,
// operands that do not fit.
//
// A backend's test calls Run; nothing here knows which backend it is.
package conformance

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"diffclip/autograd/gradcheck"
	"diffclip/internal/golden"
	"diffclip/tensor"
)

// Run checks every method of be. tol is the relative error, as golden.Near measures it, that a result may have;
// gradients may have ten times as much.
func Run(t *testing.T, be tensor.Backend, tol float64) {
	covered := map[string]bool{}
	for _, group := range [][]check{memoryChecks, elementwiseChecks, productChecks, attentionChecks, normChecks, lossChecks, imageChecks, updateChecks} {
		for _, c := range group {
			for _, m := range c.methods {
				covered[m] = true
			}
			t.Run(c.methods[0], func(t *testing.T) { c.run(&bench{t, be, tol}) })
		}
	}
	t.Run("NaN", func(t *testing.T) { checkNaN(&bench{t, be, tol}) })
	if d, ok := be.(drawer); ok {
		t.Run("DrawMasks", func(t *testing.T) { checkMasks(&bench{t, be, tol}, d) })
	}
	t.Run("mistakes", func(t *testing.T) { checkMistakes(&bench{t, be, tol}) })
	methods := reflect.TypeFor[tensor.Backend]()
	for i := range methods.NumMethod() {
		if name := methods.Method(i).Name; !covered[name] {
			t.Errorf("method %s has no check", name)
		}
	}
}

// check is one or a few methods that are checked together.
type check struct {
	methods []string
	run     func(b *bench)
}

// bench is what a check works with.
type bench struct {
	*testing.T
	be  tensor.Backend
	tol float64
}

// random returns a tensor of the backend with normal values that depend on the name.
func (b *bench) random(name string, dims ...int) *tensor.Tensor {
	x := b.be.Get(tensor.Of(dims...))
	x.Write(gradcheck.Values("conformance/"+name, x.Len()))
	return x
}

// dirty returns a tensor full of NaN: a method that overwrites must not look at it.
func (b *bench) dirty(dims ...int) *tensor.Tensor {
	x := b.be.Get(tensor.Of(dims...))
	b.be.Fill(x, float32(math.NaN()))
	return x
}

// like returns a dirty tensor of x's shape.
func (b *bench) like(x *tensor.Tensor) *tensor.Tensor { return b.dirty(x.Dims()...) }

// wide returns x in float64.
func wide(x *tensor.Tensor) []float64 { return gradcheck.Float64s(x.Host()) }

// near compares a result.
func (b *bench) near(what string, got *tensor.Tensor, want []float64) {
	b.Helper()
	golden.Near(b, what, got.Host(), gradcheck.Float32s(want), b.tol)
}

// reference is a computation in float64.
type reference = func(in [][]float64) []float64

// gradient compares what backward writes with the gradient of Σ dy·f(in) with respect to in[i]: into a destination
// of rubbish if it can overwrite, and added to a destination that holds something.
func (b *bench) gradient(what string, f reference, in []*tensor.Tensor, i int, dy *tensor.Tensor, overwrites bool, backward func(dst *tensor.Tensor, acc bool)) {
	b.Helper()
	values := make([][]float64, len(in))
	for k, x := range in {
		values[k] = wide(x)
	}
	b.gradientIs(what, gradcheck.Gradient(values, i, wide(dy), f), in[i].Shape, overwrites, backward)
}

// gradientIs is gradient for one that is known.
func (b *bench) gradientIs(what string, want []float64, shape tensor.Shape, overwrites bool, backward func(dst *tensor.Tensor, acc bool)) {
	b.Helper()
	if overwrites {
		dst := b.dirty(shape.Dims()...)
		backward(dst, false)
		golden.Near(b, "gradient of "+what, dst.Host(), gradcheck.Float32s(want), 10*b.tol)
	}
	base := b.random("base of "+what, shape.Dims()...)
	sum := slices.Clone(want)
	for k, v := range base.Host() {
		sum[k] += float64(v)
	}
	backward(base, true)
	golden.Near(b, "added gradient of "+what, base.Host(), gradcheck.Float32s(sum), 10*b.tol)
}

// panics fails unless f panics with a ShapeError.
func (b *bench) panics(what string, f func()) {
	b.Helper()
	defer func() {
		b.Helper()
		if _, ok := recover().(*tensor.ShapeError); !ok {
			b.Errorf("%s: no ShapeError", what)
		}
	}()
	f()
}

// nearGradient compares a gradient that is written, never added.
func (b *bench) nearGradient(what string, got *tensor.Tensor, want []float64) {
	b.Helper()
	golden.Near(b, "gradient of "+what, got.Host(), gradcheck.Float32s(want), 10*b.tol)
}
