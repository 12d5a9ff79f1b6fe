package optim

import (
	"fmt"

	"diffclip/nn"
	"diffclip/tensor"
)

// Optimizer updates a model's parameters from their gradients.
type Optimizer interface {
	// Step makes one update with learning rate lr on backend be, multiplying every
	// gradient by scale first: one element, as Log.Note returns it, or nil for 1.
	// Frozen parameters stay.
	Step(be tensor.Backend, lr float64, scale *tensor.Tensor)
	// Squares returns sums of squares that add up to the square of the Euclidean
	// norm of all gradients of parameters that are not frozen. The tensor is the
	// optimiser's, and valid until the next call.
	Squares(be tensor.Backend) *tensor.Tensor
	// Steps returns the number of updates made.
	Steps() int
	// State returns the optimiser's tensors by name, for a checkpoint; SetState
	// restores them and the number of updates.
	State() map[string]*tensor.Tensor
	SetState(state map[string]*tensor.Tensor, steps int) error
}

// run is a range of the flat buffer that is updated with one call.
type run struct {
	value, grad, m, v *tensor.Tensor
	square            *tensor.Tensor // one element: the sum of squares of grad
	missed            int            // updates that its parameters were frozen for
}

// base is what all optimisers share.
type base struct {
	flat  *nn.Flat
	m, v  *tensor.Tensor // first and second moments, nil where not used
	steps int
	// missed counts the updates for which each parameter was frozen: a thawed one
	// begins with its first update, as in PyTorch.
	missed []int

	runs    []run // of parameters that are not frozen
	frozen  []bool
	squares *tensor.Tensor // room for a sum of each range
	summed  tensor.Tensor  // the part of it that runs uses
	home    tensor.Buffer  // where the parameters were when runs was made
}

// follow moves the moments to where the parameters are.
func (b *base) follow(be tensor.Backend) {
	home, _ := b.flat.Value.Buffer()
	if home == b.home {
		return
	}
	for _, t := range b.moments() {
		be.Place(t.Tensor)
	}
	be.Place(b.squares)
	b.home, b.frozen = home, nil
}

func newBase(set *nn.Set, moments int) base {
	b := base{flat: set.Flatten()}
	b.missed = make([]int, len(b.flat.Params))
	b.squares = tensor.New(max(len(b.flat.Params), 1))
	n := b.flat.Value.Len()
	if moments > 0 {
		b.m = tensor.New(n)
	}
	if moments > 1 {
		b.v = tensor.New(n)
	}
	return b
}

// begin counts an update and returns the ranges to make it in.
func (b *base) begin(be tensor.Backend) []run {
	b.steps++
	b.follow(be)
	runs := b.trained()
	for i, frozen := range b.frozen {
		if frozen {
			b.missed[i]++
		}
	}
	return runs
}

// trained returns the ranges to update, merging neighbours that have made equally
// many updates. They are found anew when a parameter was frozen or thawed.
func (b *base) trained() []run {
	if b.frozen != nil && !b.changed() {
		return b.runs
	}
	b.frozen, b.runs = b.frozen[:0], b.runs[:0]
	f := b.flat
	first := -1 // parameter of the range that is open
	for i, p := range f.Params {
		b.frozen = append(b.frozen, p.Frozen)
		if first >= 0 && (p.Frozen || b.missed[i] != b.missed[first]) {
			b.add(first, f.Offset[i])
			first = -1
		}
		if !p.Frozen && first < 0 {
			first = i
		}
	}
	if first >= 0 {
		b.add(first, f.Value.Len())
	}
	if n := len(b.runs); n > 0 {
		b.summed = b.squares.Slice(0, tensor.Of(n))
	} else {
		b.squares.Zero()
	}
	return b.runs
}

func (b *base) changed() bool {
	for i, p := range b.flat.Params {
		if p.Frozen != b.frozen[i] {
			return true
		}
	}
	return len(b.frozen) != len(b.flat.Params)
}

// add appends the range from a parameter's first value to hi.
func (b *base) add(param, hi int) {
	lo := b.flat.Offset[param]
	part := func(t *tensor.Tensor) *tensor.Tensor {
		if t == nil {
			return nil
		}
		s := t.Slice(lo, tensor.Of(hi-lo))
		return &s
	}
	square := b.squares.Slice(len(b.runs), tensor.Of())
	b.runs = append(b.runs, run{part(b.flat.Value), part(b.flat.Grad), part(b.m), part(b.v), &square, b.missed[param]})
}

func (b *base) finish() {
	for _, p := range b.flat.Params {
		if !p.Frozen {
			p.Changed()
		}
	}
}

// Steps returns the number of updates made.
func (b *base) Steps() int { return b.steps }

// moment is a moment's tensor with its name in the state.
type moment struct {
	name string
	*tensor.Tensor
}

func (b *base) moments() []moment {
	var all []moment
	if b.m != nil {
		all = append(all, moment{"m", b.m})
	}
	if b.v != nil {
		all = append(all, moment{"v", b.v})
	}
	return all
}

// missedName is how the state calls the updates that each parameter missed.
const missedName = "missed"

// State returns the moments, and how many updates each parameter was frozen for.
func (b *base) State() map[string]*tensor.Tensor {
	missed := tensor.New(len(b.missed))
	for i, n := range b.missed {
		missed.Data[i] = float32(n) // exact below 2^24 updates
	}
	s := map[string]*tensor.Tensor{missedName: missed}
	for _, own := range b.moments() {
		s[own.name] = own.Tensor
	}
	return s
}

// SetState restores what State returned and the number of updates. Where something
// does not fit it changes nothing.
func (b *base) SetState(state map[string]*tensor.Tensor, steps int) error {
	if steps < 0 {
		return fmt.Errorf("optim: state after %d updates: want none or more", steps)
	}
	for _, own := range b.moments() {
		if err := fits(state, own.name, own.Len()); err != nil {
			return err
		}
	}
	if err := fits(state, missedName, len(b.missed)); err != nil {
		return err
	}
	missed := state[missedName].Host()
	for i, n := range missed {
		if !(n >= 0 && int(n) <= steps && n == float32(int(n))) {
			return fmt.Errorf("optim: state says that %s missed %v of %d updates", b.flat.Params[i].Name, n, steps)
		}
	}
	for i, n := range missed {
		b.missed[i] = int(n)
	}
	for _, own := range b.moments() {
		own.Write(state[own.name].Host())
	}
	b.steps, b.frozen = steps, nil
	return nil
}

// fits returns an error unless the state has so many values of a name.
func fits(state map[string]*tensor.Tensor, name string, n int) error {
	switch t := state[name]; {
	case t == nil:
		return fmt.Errorf("optim: state has no %q: want %d values", name, n)
	case t.Len() != n:
		return fmt.Errorf("optim: state %q has %d values, want %d", name, t.Len(), n)
	}
	return nil
}

// AdamConfig holds Adam's constants.
type AdamConfig struct {
	Beta1, Beta2, Eps float64
	WeightDecay       float64
	Decoupled         bool // AdamW: decay the weights, not the gradient
}

// DefaultAdam returns PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, no decay.
func DefaultAdam() AdamConfig { return AdamConfig{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8} }

// Adam is the method of Kingma and Ba (2015), with L2 decay added to the
// gradient as in torch.optim.Adam, or decoupled as in AdamW (Loshchilov and
// Hutter 2019).
type Adam struct {
	base
	cfg AdamConfig
}

// NewAdam returns an Adam optimiser over all parameters of set, which it
// flattens.
func NewAdam(set *nn.Set, cfg AdamConfig) *Adam { return &Adam{newBase(set, 2), cfg} }

// Step makes one update.
func (a *Adam) Step(be tensor.Backend, lr float64, scale *tensor.Tensor) {
	runs := a.begin(be)
	c := tensor.AdamConfig{
		LR: float32(lr), Beta1: float32(a.cfg.Beta1), Beta2: float32(a.cfg.Beta2), Eps: float32(a.cfg.Eps),
		WeightDecay: float32(a.cfg.WeightDecay), Decoupled: a.cfg.Decoupled,
	}
	for _, r := range runs {
		c.Step = a.steps - r.missed
		be.Adam(r.value, r.grad, r.m, r.v, scale, c)
	}
	a.finish()
}

// SGDConfig holds the constants of stochastic gradient descent.
type SGDConfig struct {
	Momentum, WeightDecay float64
	Nesterov              bool
}

// SGD is stochastic gradient descent with momentum, as torch.optim.SGD.
type SGD struct {
	base
	cfg SGDConfig
}

// NewSGD returns an SGD optimiser over all parameters of set, which it flattens.
func NewSGD(set *nn.Set, cfg SGDConfig) *SGD {
	moments := 0
	if cfg.Momentum != 0 {
		moments = 1
	}
	return &SGD{newBase(set, moments), cfg}
}

// Step makes one update.
func (s *SGD) Step(be tensor.Backend, lr float64, scale *tensor.Tensor) {
	for _, r := range s.begin(be) {
		be.SGD(r.value, r.grad, r.m, scale, float32(lr), float32(s.cfg.Momentum), float32(s.cfg.WeightDecay), s.cfg.Nesterov, s.steps-r.missed == 1)
	}
	s.finish()
}

// Squares returns the sum of squares of the gradients of each range that is
// updated, in one tensor.
func (b *base) Squares(be tensor.Backend) *tensor.Tensor {
	b.follow(be)
	for _, r := range b.trained() {
		be.SumSquares(r.square, r.grad)
	}
	if len(b.runs) == 0 {
		return b.squares // all are frozen: a single zero
	}
	return &b.summed
}
