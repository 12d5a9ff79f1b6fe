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
