package optim

import (
	"fmt"

	"diffclip/nn"
	"diffclip/tensor"
)

// Average is an optimiser that keeps the mean of the model's values after each of
// its later updates (Polyak and Juditsky 1992; for networks Izmailov et al. 2018).
// Buffers, as the running statistics of batch norms, are averaged with the
// parameters. The mean is part of the state, so that a resumed run has the same.
type Average struct {
	Optimizer
	set    *nn.Set
	from   int              // updates before the first that counts
	values []*tensor.Tensor // the flat parameters, then the buffers
	means  []*tensor.Tensor
	names  []string // of the means in the state
	home   tensor.Buffer
}

// NewAverage adds the mean over all updates after the first from to opt, an
// optimiser of the same set.
func NewAverage(opt Optimizer, set *nn.Set, from int) *Average {
	a := &Average{Optimizer: opt, set: set, from: from}
	a.add("average", set.Flatten().Value)
	for _, b := range set.Buffers() {
		a.add("average."+b.Name, b.Value)
	}
	return a
}

// Squares returns those of the optimiser. The means are moved with its moments, so
// that a device without room for them says so in its first step.
func (a *Average) Squares(be tensor.Backend) *tensor.Tensor {
	a.follow(be)
	return a.Optimizer.Squares(be)
}

func (a *Average) add(name string, value *tensor.Tensor) {
	a.names = append(a.names, name)
	a.values = append(a.values, value)
	a.means = append(a.means, tensor.New(value.Dims()...))
}

// Step makes one update and takes it into the mean.
func (a *Average) Step(be tensor.Backend, lr float64, scale *tensor.Tensor) {
	a.Optimizer.Step(be, lr, scale)
	n := a.Steps() - a.from
	if n < 1 {
		return
	}
	a.follow(be)
	for i, mean := range a.means {
		d := be.Get(mean.Shape)
		be.Binary(tensor.Sub, d, a.values[i], mean) // nothing where a value stays, so that its mean is the value itself
		be.Axpy(mean, 1/float32(n), d)
		be.Put(d)
	}
}

// follow moves the means to where the parameters are.
func (a *Average) follow(be tensor.Backend) {
	home, _ := a.values[0].Buffer()
	if home == a.home {
		return
	}
	for _, m := range a.means {
		be.Place(m)
	}
	a.home = home
}

// Adopt gives the model the mean, unless no update counted yet.
func (a *Average) Adopt(be tensor.Backend) {
	if a.Steps() <= a.from {
		return
	}
	a.follow(be)
	for i, v := range a.values {
		be.Copy2D(v, 0, v.Len(), a.means[i], 0, v.Len(), 1, v.Len(), false)
	}
	for _, p := range a.set.Params() {
		p.Changed()
	}
}

// State returns the state of the optimiser and the means.
func (a *Average) State() map[string]*tensor.Tensor {
	s := a.Optimizer.State()
	for i, name := range a.names {
		s[name] = a.means[i]
	}
	return s
}

// SetState restores the optimiser and the means. Where something does not fit it
// changes nothing.
func (a *Average) SetState(state map[string]*tensor.Tensor, steps int) error {
	for i, name := range a.names {
		if m := state[name]; m == nil || m.Len() != a.means[i].Len() {
			return fmt.Errorf("optim: state has no %q of %d values", name, a.means[i].Len())
		}
	}
	if err := a.Optimizer.SetState(state, steps); err != nil {
		return err
	}
	for i, name := range a.names {
		a.means[i].Write(state[name].Host())
	}
	return nil
}
