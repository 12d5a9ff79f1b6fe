package tensor_test

import (
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"diffclip/tensor"
)

func TestShape(t *testing.T) {
	s := tensor.Of(2, 3, 4)
	if s.Rank() != 3 || s.Len() != 24 || s.Rows() != 6 || s.Cols() != 4 || s.Dim(-1) != 4 || s.Dim(0) != 2 {
		t.Errorf("%v: rank %d, length %d, rows %d, columns %d", s, s.Rank(), s.Len(), s.Rows(), s.Cols())
	}
	if scalar := tensor.Of(); scalar.Len() != 1 || scalar.Rows() != 1 || scalar.Cols() != 1 || scalar.String() != "()" {
		t.Errorf("scalar %v", scalar)
	}
	if s.String() != "(2, 3, 4)" || !slices.Equal(s.Dims(), []int{2, 3, 4}) || s.WithDim(-2, 7) != tensor.Of(2, 7, 4) || s != tensor.Of(2, 3, 4) {
		t.Errorf("%v, %v", s, s.WithDim(-2, 7))
	}
	for _, c := range []struct {
		t    tensor.Shape
		want bool
	}{{tensor.Of(), true}, {tensor.Of(4), true}, {tensor.Of(3, 4), true}, {s, true}, {tensor.Of(2), false}, {tensor.Of(1, 4), false}, {tensor.Of(1, 2, 3, 4), false}} {
		if s.HasSuffix(c.t) != c.want {
			t.Errorf("%v ends in %v: want %v", s, c.t, c.want)
		}
	}
}

func TestProgrammersMistakesPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"five dimensions":        func() { tensor.Of(1, 2, 3, 4, 5) },
		"a negative dimension":   func() { tensor.Of(2, -1) },
		"no such dimension":      func() { tensor.Of(2, 3).Dim(2) },
		"no such last dimension": func() { tensor.Of(2, 3).WithDim(-3, 1) },
		"too few values":         func() { tensor.FromSlice(make([]float32, 5), 2, 3) },
		"a view of another size": func() { tensor.New(2, 3).View(7) },
		"an item of many":        func() { tensor.New(2).Item() },
		"a weight of rank 3":     func() { tensor.NewWeight(tensor.New(2, 3, 4)) },
		"values past the end":    func() { new(tensor.Arena).Get(tensor.Of(3)).Slice(2, tensor.Of(2)) }, // where there is memory
		"rows past the end":      func() { tensor.New(2, 0).RowRange(1, 3) },
		"too few to write":       func() { tensor.New(2, 3).Write(make([]float32, 5)) },
		"too few to read to":     func() { tensor.New(2, 3).Read(make([]float32, 5)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestShapeErrorNamesEverything(t *testing.T) {
	e := &tensor.ShapeError{Op: "Linear", Shapes: []tensor.Shape{tensor.Of(2, 3), tensor.Of(4)}, Reason: "want a match"}
	if want := "Linear: shapes (2, 3), (4) do not fit: want a match"; e.Error() != want {
		t.Errorf("%q, want %q", e.Error(), want)
	}
}

func TestViewsShareAndClonesDoNot(t *testing.T) {
	x := tensor.New(2, 3)
	v, c := x.View(3, 2), x.Clone()
	v.Data[4] = 1
	if x.Data[4] != 1 || c.Data[4] != 0 || v.Shape != tensor.Of(3, 2) || c.Shape != x.Shape {
		t.Errorf("%v, %v, %v", x, v, c)
	}
}

// memory stands in for a device's.
type memory []float32

func (m memory) Read(dst []float32, offset int)  { copy(dst, m[offset:]) }
func (m memory) Write(offset int, src []float32) { copy(m[offset:], src) }
func (m memory) Zero(offset, n int)              { clear(m[offset : offset+n]) }

// TestPartsOfABuffer: a part of a part of a tensor on a device lies where both begin.
func TestPartsOfABuffer(t *testing.T) {
	m := memory{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	x := tensor.OnBuffer(m, 2, tensor.Of(4, 2)) // 2..9
	rows := x.RowRange(1, 4)                    // 4..9
	part := rows.Slice(3, tensor.Of(2))         // 7, 8
	item := part.Slice(1, tensor.Of())
	if b, at := part.Buffer(); b == nil || at != 7 || !slices.Equal(part.Host(), []float32{7, 8}) || !slices.Equal(part.Clone().Data, []float32{7, 8}) || item.Item() != 8 {
		t.Errorf("from %d on: %v, clone %v, item %v, want 7 and 8", at, part.Host(), part.Clone().Data, item.Item())
	}
	part.Write([]float32{-7, -8})
	rows = x.RowRange(0, 1)
	rows.Zero()
	if want := (memory{0, 1, 0, 0, 4, 5, 6, -7, -8, 9, 10, 11}); !slices.Equal(m, want) {
		t.Errorf("after writing: %v, want %v", m, want)
	}
}

// TestPlaceTakesFromADevice: what was placed on a device comes to memory of Go, with its
// values, and leaves the device alone from then on.
func TestPlaceTakesFromADevice(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	m := memory{0, 1, 2, 3, 4}
	x := tensor.OnBuffer(m, 1, tensor.Of(3))
	be.Place(&x)
	be.Scale(&x, &x, 2)
	if b, _ := x.Buffer(); b != nil || x.Shape != tensor.Of(3) || !slices.Equal(x.Data, []float32{2, 4, 6}) || m[1] != 1 {
		t.Errorf("%v of %v, where the device has %v", x.Data, x.Shape, m)
	}
}

// TestSumsKeepSmallTerms: what lies blocks apart is added in float64, so that a million
// ones beside a number that swallows each of them still count.
func TestSumsKeepSmallTerms(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	const n, most = 1 << 20, 1 << 15 // of whose square a one is 2^-30
	x, y := tensor.New(n), tensor.New(n)
	be.Fill(x, 1)
	copy(y.Data, x.Data)
	x.Data[0], y.Data[0] = most*most, most
	sum, squares, dot := tensor.New(), tensor.New(), tensor.New()
	be.Sum(sum, x, 1)
	be.SumSquares(squares, y)
	be.DotLeading(dot, y, y)
	for name, got := range map[string]float32{"Sum": sum.Item(), "SumSquares": squares.Item(), "DotLeading": dot.Item()} {
		if missing := most*most + n - 1 - float64(got); math.Abs(missing) > 4096 { // those of the first block
			t.Errorf("%s: %v of %d ones are missing", name, missing, n-1)
		}
	}
}

// TestCatchDevice: the failure of a device becomes an error, any other panic goes on.
func TestCatchDevice(t *testing.T) {
	cause := errors.New("no memory is left")
	run := func(panics any) (err error) {
		defer tensor.CatchDevice(&err)
		if panics != nil {
			panic(panics)
		}
		return nil
	}
	if err := run(&tensor.DeviceError{Err: cause}); !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
	if err := run(nil); err != nil {
		t.Errorf("error %v without a panic", err)
	}
	defer func() {
		if got := recover(); got != "a mistake" {
			t.Errorf("a panic of another kind came out as %v", got)
		}
	}()
	run("a mistake")
}

// TestArenaUsesSlabsUp takes tensors until slabs end, at every remainder.
func TestArenaUsesSlabsUp(t *testing.T) {
	for first := range 6 {
		var a tensor.Arena
		for range first {
			a.Get(tensor.Of(80))
		}
		for range 850 {
			a.Get(tensor.Of(64))
		}
	}
}

// TestArena takes tensors of many sizes: each begins on a cache line and is
// alone in its memory, and what is put back is given out again.
func TestArena(t *testing.T) {
	var a tensor.Arena
	sizes := []int{0, 1, 63, 64, 65, 80, 81, 96, 127, 128, 129, 1000, 4096, 4097, 70001}
	var held []*tensor.Tensor
	for _, n := range sizes {
		for range 2 {
			x := a.Get(tensor.Of(n))
			if len(x.Data) != n || uintptr(unsafe.Pointer(unsafe.SliceData(x.Data)))%64 != 0 {
				t.Errorf("%d elements: %d at %p", n, len(x.Data), x.Data)
			}
			for i := range x.Data {
				x.Data[i] = float32(len(held))
			}
			held = append(held, x)
		}
	}
	for i, x := range held {
		for _, v := range x.Data {
			if v != float32(i) {
				t.Fatalf("tensor %d of length %d was overwritten by %v", i, x.Len(), v)
			}
		}
	}
	bytes, used := a.Bytes(), 0
	for _, n := range sizes {
		used += 2 * 4 * max(n, 64)
	}
	if bytes < used || bytes > used*5/4 {
		t.Errorf("%d bytes for %d, want at most a quarter more", bytes, used)
	}
	for _, x := range held {
		a.Put(x)
	}
	slices.Reverse(sizes)
	for _, n := range sizes {
		a.Get(tensor.Of(n))
		a.Get(tensor.Of(1, n))
	}
	if a.Bytes() != bytes {
		t.Errorf("%d bytes the second time, want %d", a.Bytes(), bytes)
	}
	if n := testing.AllocsPerRun(100, func() { a.Put(a.Get(tensor.Of(70))) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestWeightIsPreparedByWhoeverComesFirst uses a changed weight from several
// lanes at once.
func TestWeightIsPreparedByWhoeverComesFirst(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	w := tensor.NewWeight(tensor.New(5, 3))
	x := tensor.FromSlice([]float32{1, 1, 1}, 1, 3)
	be.Lane(3)
	for round := range 4 {
		be.Fill(w.Tensor, float32(round))
		w.Changed()
		var lanes sync.WaitGroup
		for i := range 4 {
			lane := be.Lane(i)
			lanes.Go(func() {
				y := lane.Get(tensor.Of(1, 5))
				lane.Linear(y, nil, x, w, nil, tensor.NoAct, nil)
				if y.Data[4] != float32(3*round) {
					t.Errorf("round %d: %v, want %d", round, y.Data[4], 3*round)
				}
			})
		}
		lanes.Wait()
	}
}
