package autograd_test

import (
	"sync"
	"testing"

	"diffclip/autograd"
	"diffclip/tensor"
)

// TestRowsFollow: rows of a parameter, and rows of those, compute with its new values
// once it says that it changed, and get no gradient where it is frozen.
func TestRowsFollow(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	p := autograd.NewParam("w", tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 4, 2))
	rows := p.Rows(1, 4)
	tape := autograd.NewTape(be, autograd.Train)
	x := tensor.FromSlice([]float32{1, 10}, 1, 2)
	for name, c := range map[string]struct {
		rows *autograd.Param
		want []float32
	}{
		"rows":         {rows, []float32{43, 65, 87}},
		"rows of rows": {rows.Rows(1, 2), []float32{65}},
	} {
		p.Frozen = false
		copy(p.Value.Data, []float32{1, 2, 3, 4, 5, 6, 7, 8})
		p.Changed()
		for range 2 {
			if got := tape.Linear(tape.Input(x), tape.Param(c.rows), nil).Value.Data; !sameBits(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
			for i := range p.Value.Data {
				p.Value.Data[i] *= 2
			}
			for i := range c.want {
				c.want[i] *= 2
			}
			p.Changed()
		}
		p.Frozen = true
		tape.Backward(tape.Sum(tape.Linear(tape.InputGrad(x), tape.Param(c.rows), nil)))
		if p.Grad != nil || c.rows.Grad != nil {
			t.Errorf("%s: a frozen parameter has a gradient", name)
		}
		tape.Reset()
	}
}

// TestMove: a parameter that is moved, and rows of it, compute with the values that lie
// there, and add to the gradient there.
func TestMove(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	p := autograd.NewParam("w", tensor.New(3, 2))
	rows := p.Rows(1, 3)
	tape := autograd.NewTape(be, autograd.Train)
	x := tape.Input(tensor.FromSlice([]float32{1, 10}, 1, 2))
	for _, w := range []*autograd.Param{p, rows} {
		tape.Linear(x, tape.Param(w), nil) // prepares the old values
	}
	value, grad := tensor.FromSlice([]float32{0, 1, 2, 3, 4, 5, 6}, 7), tensor.New(7)
	p.Move(value, grad, 1)
	all, some := tape.Linear(x, tape.Param(p), nil), tape.Linear(x, tape.Param(rows), nil)
	if !sameBits(all.Value.Data, []float32{21, 43, 65}) || !sameBits(some.Value.Data, []float32{43, 65}) {
		t.Errorf("%v and %v, want 21, 43, 65 and the last two", all.Value.Data, some.Value.Data)
	}
	tape.Backward(tape.Add(tape.Sum(all), tape.Sum(some)))
	if want := []float32{0, 1, 10, 2, 20, 2, 20}; !sameBits(grad.Data, want) {
		t.Errorf("gradient %v, want %v", grad.Data, want)
	}
}

// reducing is a backend that notes which lane adds to each element of a gradient.
type reducing struct {
	*tensor.CPU
	mu    sync.Mutex
	grad  *tensor.Tensor
	lanes []map[int]bool // by element
}

func (r *reducing) ForLanes(n int, run func(lane int, scratch tensor.Backend)) {
	r.CPU.ForLanes(n, func(lane int, scratch tensor.Backend) { run(lane, reducingLane{scratch, r, lane}) })
}

type reducingLane struct {
	tensor.Backend
	all  *reducing
	lane int
}

func (l reducingLane) Axpy(y *tensor.Tensor, s float32, x *tensor.Tensor) {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	for i := range l.all.grad.Data {
		if &l.all.grad.Data[i] == &y.Data[0] {
			for j := range y.Data {
				l.all.lanes[i+j][l.lane] = true
			}
		}
	}
	l.Backend.Axpy(y, s, x)
}

// TestRangesAreOneLanesWork: what shards add to a parameter and to ranges of its rows
// goes to the same memory, which two lanes must not write at once.
func TestRangesAreOneLanesWork(t *testing.T) {
	be := &reducing{CPU: tensor.NewCPU(2)}
	defer be.Close()
	p := autograd.NewParam("w", tensor.New(6, 4))
	p.Grad = tensor.New(6, 4)
	be.grad = p.Grad
	for range p.Grad.Data {
		be.lanes = append(be.lanes, map[int]bool{})
	}
	top := p.Rows(0, 4)
	params := []*autograd.Param{p, top, p.Rows(2, 6), top.Rows(1, 3)}
	tape := autograd.NewTape(be, autograd.Train)
	tape.Backward(tape.Sum(tape.Shards(1, func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var {
		var y []*autograd.Var
		for _, p := range params {
			y = append(y, t.Linear(in[0], t.Param(p), nil))
		}
		return t.Concat(1, y...)
	}, tape.Const(1, 4, 4))))
	for i, lanes := range be.lanes {
		if len(lanes) != 1 {
			t.Fatalf("element %d of the gradient is written by %d lanes", i, len(lanes))
		}
	}
}
