package conformance

import (
	"slices"
	"sync/atomic"

	"diffclip/internal/rng"
	"diffclip/tensor"
)

var memoryChecks = []check{
	{[]string{"Name"}, func(b *bench) {
		if b.be.Name() == "" {
			b.Error("the backend has no name")
		}
	}},
	{[]string{"Get", "Put"}, func(b *bench) {
		x, y := b.be.Get(tensor.Of(3, 5)), b.be.Get(tensor.Of(3, 5))
		if x.Shape != tensor.Of(3, 5) || len(x.Data) != 15 {
			b.Errorf("Get gave %v with %d values", x.Shape, len(x.Data))
		}
		b.be.Fill(x, 1)
		b.be.Fill(y, 2)
		if x.Data[0] != 1 || x.Data[14] != 1 {
			b.Error("two tensors share memory")
		}
		b.be.Put(x)
		b.be.Put(y)
		for _, s := range []tensor.Shape{tensor.Of(), tensor.Of(0, 7), tensor.Of(2, 1, 9, 4)} {
			if x := b.be.Get(s); x.Shape != s || len(x.Data) != s.Len() {
				b.Errorf("Get(%v) gave %v with %d values", s, x.Shape, len(x.Data))
			}
		}
	}},
	{[]string{"Fill"}, func(b *bench) {
		for _, n := range []int{0, 1, 17, 1000} {
			x := b.dirty(n)
			b.be.Fill(x, -1.5)
			for i, v := range x.Data {
				if v != -1.5 {
					b.Fatalf("element %d of %d is %v", i, n, v)
				}
			}
		}
	}},
	{[]string{"Copy2D"}, checkCopy2D},
	{[]string{"Normal", "Uniform"}, func(b *bench) {
		s := rng.New(7, "conformance", 3)
		want := make([]float32, 1001)
		for name, draw := range map[string]struct {
			be    func(*tensor.Tensor, rng.Stream)
			plain func([]float32, uint64)
		}{"Normal": {b.be.Normal, s.Normal}, "Uniform": {b.be.Uniform, s.Uniform}} {
			x := b.dirty(7, 11, 13)
			draw.be(x, s)
			draw.plain(want, 0)
			if !slices.Equal(x.Data, want) {
				b.Errorf("%s draws other numbers than the stream", name)
			}
		}
	}},
	{[]string{"ForLanes", "Lane", "Lanes"}, func(b *bench) {
		n := b.be.Lanes()
		if n < 1 {
			b.Fatalf("%d lanes", n)
		}
		runs := make([]atomic.Int32, n)
		sums := make([]*tensor.Tensor, n)
		b.be.ForLanes(n, func(lane int, scratch tensor.Backend) {
			runs[lane].Add(1)
			x := scratch.Get(tensor.Of(3))
			scratch.Fill(x, float32(lane))
			sums[lane] = b.be.Lane(lane).Get(tensor.Of())
			scratch.Sum(sums[lane], x, 1)
			scratch.Put(x)
		})
		for lane := range runs {
			if r := runs[lane].Load(); r != 1 || sums[lane].Item() != float32(3*lane) {
				b.Errorf("lane %d ran %d times, and its sum is %v", lane, r, sums[lane].Item())
			}
		}
		b.be.ForLanes(0, func(int, tensor.Backend) { b.Error("none of zero lanes should run") })
	}},
}

func checkCopy2D(b *bench) {
	src := b.random("source", 6, 7)
	for _, acc := range []bool{false, true} {
		dst := b.random("destination", 5, 9)
		want := slices.Clone(dst.Data)
		for r := range 4 {
			for c := range 3 {
				v := src.Data[8+r*7+c]
				if acc {
					v += want[11+r*9+c]
				}
				want[11+r*9+c] = v
			}
		}
		b.be.Copy2D(dst, 11, 9, src, 8, 7, 4, 3, acc)
		if !slices.Equal(dst.Data, want) {
			b.Errorf("acc %v: %v, want %v", acc, dst.Data, want)
		}
	}
	b.be.Copy2D(src, 42, 7, src, 0, 7, 0, 3, false) // nothing to copy
	b.panics("a block outside", func() { b.be.Copy2D(src, 0, 7, src, 1, 7, 6, 7, false) })
}
