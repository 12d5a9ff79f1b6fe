package optim

import "diffclip/tensor"

// Log notes what the steps of a training came to where they are computed, so that
// the host need not wait for a device after each. A gradient that is too long is
// shortened there too, and an update from numbers that are not finite left out.
type Log struct {
	rows  int
	log   *tensor.Tensor // as tensor.Updates.NoteStep has it
	scale *tensor.Tensor
	next  int // row of the next step
	noted int // steps that were not read
	host  []float32
	out   []Noted
}

// Noted is what a step came to.
type Noted struct {
	Loss float64
	Norm float64 // of the gradient, before it was shortened
}

// Finite reports whether the step was followed by an update.
func (n Noted) Finite() bool { return n.Loss-n.Loss == 0 && n.Norm-n.Norm == 0 }

// NewLog returns a log of as many steps as a backend is best let go ahead.
func NewLog(be tensor.Backend) *Log {
	l := &Log{rows: be.Ahead()}
	l.log, l.scale = tensor.New(1+2*l.rows), tensor.FromSlice([]float32{1}, 1)
	l.host = make([]float32, l.log.Len())
	be.Place(l.log)
	be.Place(l.scale)
	return l
}

// Note notes the loss of a step, one element, and the norm of the gradient that opt
// is to follow. It returns the scale for opt.Step: it brings the norm down to most
// at most (0 for no limit), as torch.nn.utils.clip_grad_norm_ does, and holds back
// this update and all later ones where the loss or the norm is not finite. It panics
// if the log is full.
func (l *Log) Note(be tensor.Backend, opt Optimizer, loss *tensor.Tensor, most float64) *tensor.Tensor {
	if l.Full() {
		panic("optim: a log that is full was not read")
	}
	be.NoteStep(l.log, l.scale, loss, opt.Squares(be), most)
	l.next = (l.next + 1) % l.rows
	l.noted++
	return l.scale
}

// Full reports whether the log must be read before the next step.
func (l *Log) Full() bool { return l.noted == l.rows }

// Read waits for the steps that were noted since the last call and returns them in
// their order. The slice is valid until the next call.
func (l *Log) Read() []Noted {
	l.out = l.out[:0]
	if l.noted == 0 {
		return l.out
	}
	l.log.Read(l.host)
	for ; l.noted > 0; l.noted-- {
		row := (l.next - l.noted + l.rows) % l.rows
		l.out = append(l.out, Noted{float64(l.host[1+2*row]), float64(l.host[2+2*row])})
	}
	return l.out
}
