package conformance

import (
	"slices"
	"sync/atomic"

	"diffclip/autograd/gradcheck"
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
		if x.Shape != tensor.Of(3, 5) || len(x.Host()) != 15 {
			b.Errorf("Get gave %v with %d values", x.Shape, len(x.Host()))
		}
		b.be.Fill(x, 1)
		b.be.Fill(y, 2)
		if v := x.Host(); v[0] != 1 || v[14] != 1 {
			b.Error("two tensors share memory")
		}
		b.be.Put(x)
		b.be.Put(y)
		for _, s := range []tensor.Shape{tensor.Of(), tensor.Of(0, 7), tensor.Of(2, 1, 9, 4)} {
			if x := b.be.Get(s); x.Shape != s || len(x.Host()) != s.Len() {
				b.Errorf("Get(%v) gave %v with %d values", s, x.Shape, len(x.Host()))
			}
		}
	}},
	{[]string{"Place"}, func(b *bench) {
		want := gradcheck.Values("conformance/placed", 40)
		x := tensor.FromSlice(slices.Clone(want), 8, 5)
		b.be.Place(x)
		b.be.Place(x) // again is nothing
		part := x.RowRange(2, 4)
		if !slices.Equal(x.Host(), want) || !slices.Equal(part.Host(), want[10:20]) {
			b.Error("a tensor lost its values on the way")
		}
		part.Zero()
		b.be.Scale(x, x, 2)
		for i := range want {
			want[i] *= 2
			if i >= 10 && i < 20 {
				want[i] = 0
			}
		}
		if !slices.Equal(x.Host(), want) {
			b.Errorf("after clearing a part: %v, want %v", x.Host(), want)
		}
	}},
	{[]string{"Fill"}, func(b *bench) {
		for _, n := range []int{0, 1, 17, 1000} {
			x := b.dirty(n)
			b.be.Fill(x, -1.5)
			for i, v := range x.Host() {
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
			if !slices.Equal(x.Host(), want) {
				b.Errorf("%s draws other numbers than the stream", name)
			}
		}
	}},
	{[]string{"ForLanes", "Lane", "Lanes", "Grain", "Ahead", "NextStep"}, func(b *bench) {
		n := b.be.Lanes()
		if n < 1 {
			b.Fatalf("%d lanes", n)
		}
		if n := b.be.Ahead(); n < 1 {
			b.Errorf("goes %d steps ahead", n)
		}
		x := b.dirty(3)
		for step := range 5 { // what a step left is there in the next
			want := []float32{float32(step), 1, 2}
			x.Write(want)
			b.be.NextStep()
			if got := x.Host(); !slices.Equal(got, want) {
				b.Errorf("after step %d: %v, want %v", step, got, want)
			}
		}
		if g := b.be.Grain(4, 64); g != 4 && g != 64 {
			b.Errorf("a grain of %d samples", g)
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
		want, from := dst.Clone().Data, src.Host()
		for r := range 4 {
			for c := range 3 {
				v := from[8+r*7+c]
				if acc {
					v += want[11+r*9+c]
				}
				want[11+r*9+c] = v
			}
		}
		b.be.Copy2D(dst, 11, 9, src, 8, 7, 4, 3, acc)
		if !slices.Equal(dst.Host(), want) {
			b.Errorf("acc %v: %v, want %v", acc, dst.Host(), want)
		}
	}
	b.be.Copy2D(src, 42, 7, src, 0, 7, 0, 3, false) // nothing to copy
	b.panics("a block outside", func() { b.be.Copy2D(b.dirty(60), 0, 7, src, 1, 7, 6, 7, false) })
	b.panics("a block outside of the destination", func() { b.be.Copy2D(src, 1, 7, b.dirty(60), 0, 7, 6, 7, false) })
}
