package autograd

import (
	"sync"

	"diffclip/tensor"
)

// lane collects the parameter gradients of the shards that one lane computes.
type lane struct {
	be      tensor.Backend
	grads   []*tensor.Tensor // by parameter id
	touched []*Param
	clean   []bool // by parameter id: not touched since the last reset

	nonFinite *NonFinite
}

// grad returns the lane's accumulator for p, and whether it holds something to
// add to: at first touch its content is undefined.
func (l *lane) grad(p *Param) (g *tensor.Tensor, acc bool) {
	for len(l.grads) <= p.id {
		l.grads = append(l.grads, nil)
		l.clean = append(l.clean, true)
	}
	g, acc = l.grads[p.id], !l.clean[p.id]
	if g == nil {
		g = l.be.Get(p.Value.Shape)
		l.grads[p.id] = g
	}
	if !acc {
		l.clean[p.id] = false
		l.touched = append(l.touched, p)
	}
	return g, acc
}

// shards is a part of the graph computed slice by slice over the batch.
type shards struct {
	parent *Tape
	body   func(t *Tape, lo, hi int, in []*Var) *Var
	in     []*Var
	out    *Var
	sum    bool // the body returns a loss to add up, not rows to join

	batch, grain, count int
	nlanes              int

	lanes   []*lane
	subs    []*Tape           // one per shard, or per lane where only one is alive at a time
	views   [][]tensor.Tensor // per sub-tape: headers of the input slices, their gradients, the result's gradient
	vars    [][]*Var          // per sub-tape: its inputs
	results []*Var            // per shard: what the body returned
	losses  []*tensor.Tensor  // per shard, of one element
	dins    []*tensor.Tensor  // gradients of the inputs; of a sum, for a loss gradient of one
	accs    []bool            // whether dins hold something to add to
	dout    *tensor.Tensor    // gradient of out
	params  []*Param          // touched by any lane, in the order of the lanes
	targets []*tensor.Tensor  // the parent's gradient of each
	scale   *tensor.Tensor    // of the parameter gradients: the gradient of a sum, nil for 1
	keep    bool              // shards stay alive until backward
	mu      sync.Mutex

	forwardFn, backwardFn, reduceFn func(lane int, scratch tensor.Backend)
}

var opShards *Op

func init() { opShards = register("Shards", shardsBackward) }

// Shards computes body on slices of at most grain samples of the inputs, whose
// first dimension is the batch, and joins the results along it. Slices are
// spread over the backend's lanes and run in parallel; a whole slice of a deep
// network stays in the cache where the batch would not. The result does not
// depend on the number of threads. lo and hi are the slice's samples.
//
// body must compute each sample on its own (no batch statistics) and must not
// write to anything outside of its tape. It may use Recompute, but not Shards.
// Where one slice and one lane are all there is, as on a device, body computes on
// t itself.
func (t *Tape) Shards(grain int, body func(t *Tape, lo, hi int, in []*Var) *Var, in ...*Var) *Var {
	return t.shards(grain, false, body, in)
}

// ShardSum is Shards for a body that returns a loss, a scalar: the result is
// the sum over the slices. When recording it computes each slice's gradient
// right after its value, so that only one slice per lane is alive at a time.
func (t *Tape) ShardSum(grain int, body func(t *Tape, lo, hi int, in []*Var) *Var, in ...*Var) *Var {
	return t.shards(grain, true, body, in)
}

func (t *Tape) shards(grain int, sum bool, body func(t *Tape, lo, hi int, in []*Var) *Var, in []*Var) *Var {
	if t.lane != nil || t.parent != nil {
		fail("Shards", "not inside of shards or of Recompute: cut the batch outside", in...)
	}
	if len(in) == 0 || grain < 1 {
		panic("autograd: Shards wants at least one input and a positive grain")
	}
	for _, v := range in {
		if v.param != nil || v.Shape().Rank() < 1 || v.Dim(0) != in[0].Dim(0) {
			fail("Shards", "inputs share their first dimension; parameters are used inside", in...)
		}
	}
	if t.ngroups == len(t.groups) {
		t.groups = append(t.groups, newShards(t))
	}
	s := t.groups[t.ngroups]
	t.ngroups++
	s.start(grain, sum, body, in)
	if s.count == 1 && t.be.Lanes() == 1 {
		return s.whole()
	}
	return s.forward()
}

// whole runs body over the whole batch, as a part of the graph like any other:
// no gradient is made apart and added, nothing is copied. Of a sum, too, all
// values then wait for Backward.
func (s *shards) whole() *Var {
	out := s.body(s.parent, 0, s.batch, s.in)
	if s.sum && out.Value.Len() != 1 {
		fail("ShardSum", "a slice's loss must have one element", out)
	}
	if !s.sum && (out.Shape().Rank() < 1 || out.Dim(0) != s.batch) {
		fail("Shards", "a slice's result must have its samples as first dimension", s.in[0], out)
	}
	return out
}

func newShards(t *Tape) *shards {
	s := &shards{parent: t}
	s.forwardFn, s.backwardFn, s.reduceFn = s.forwardLane, s.backwardLane, s.reduceLane
	return s
}

func (s *shards) start(grain int, sum bool, body func(t *Tape, lo, hi int, in []*Var) *Var, in []*Var) {
	t := s.parent
	s.body, s.sum, s.grain = body, sum, grain
	s.in = append(s.in[:0], in...)
	s.batch = in[0].Dim(0)
	s.count = (s.batch + grain - 1) / grain
	s.nlanes = min(t.be.Lanes(), s.count)
	s.keep = !sum && t.recording()
	tapes := s.nlanes
	if s.keep {
		tapes = s.count
	}
	for len(s.lanes) < s.nlanes {
		s.lanes = append(s.lanes, &lane{be: t.be.Lane(len(s.lanes))})
	}
	for len(s.subs) < tapes {
		s.subs = append(s.subs, &Tape{parent: t})
		s.views = append(s.views, nil)
		s.vars = append(s.vars, nil)
	}
	for len(s.results) < s.count {
		s.results = append(s.results, nil)
		s.losses = append(s.losses, nil)
	}
}

// span returns the shards of a lane.
func (s *shards) span(lane int) (lo, hi int) {
	return lane * s.count / s.nlanes, (lane + 1) * s.count / s.nlanes
}

// open prepares a sub-tape for one shard and places its inputs on it.
func (s *shards) open(lane, shard int, scratch tensor.Backend) (sub *Tape, in []*Var) {
	i, be := lane, scratch
	if s.keep {
		i, be = shard, s.lanes[lane].be
	}
	sub = s.subs[i]
	sub.Reset()
	sub.be, sub.lane, sub.mode, sub.quiet, sub.Trace = be, s.lanes[lane], s.parent.mode, s.parent.quiet, s.parent.Trace
	n := len(s.in)
	if len(s.views[i]) != 2*n+1 {
		s.views[i] = make([]tensor.Tensor, 2*n+1)
	}
	views := s.views[i]
	in = s.vars[i][:0]
	lo, hi := shard*s.grain, min((shard+1)*s.grain, s.batch)
	for k, v := range s.in {
		views[k] = v.Value.RowRange(lo, hi)
		x := sub.Input(&views[k])
		x.needs = v.needs
		if s.sum && v.needs && sub.recording() {
			views[n+k] = s.dins[k].RowRange(lo, hi)
			x.grad, x.fresh, x.lent = &views[n+k], true, true
		}
		in = append(in, x)
	}
	s.vars[i] = in
	return sub, in
}

func (s *shards) forward() *Var {
	t := s.parent
	if s.batch == 0 {
		fail("Shards", "an empty batch", s.in...)
	}
	s.out = nil
	if s.sum {
		s.prepareSum()
	}
	t.be.ForLanes(s.nlanes, s.forwardFn)
	if s.sum {
		s.out = t.result(tensor.Of())
		s.addLosses()
	}
	s.adoptTrace()
	if n := t.recordAlways(opShards, s.out, s.in...); n != nil {
		n.group = s
	}
	return s.out
}

// addLosses adds up the shards' losses, in float64 where there are several.
func (s *shards) addLosses() {
	be := s.parent.be
	if s.count == 1 {
		be.Copy2D(s.out.Value, 0, 1, s.losses[0], 0, 1, 1, 1, false)
		return
	}
	total := 0.0
	for i := range s.losses[:s.count] {
		total += float64(s.losses[i].Item())
	}
	be.Fill(s.out.Value, float32(total))
}

// prepareSum makes room for the gradients of the inputs.
func (s *shards) prepareSum() {
	t := s.parent
	s.dins = s.dins[:0]
	for _, v := range s.in {
		var g *tensor.Tensor
		if v.needs && t.recording() {
			g = t.be.Get(v.Shape())
		}
		s.dins = append(s.dins, g)
	}
}

func (s *shards) forwardLane(i int, scratch tensor.Backend) {
	first, last := s.span(i)
	for shard := first; shard < last; shard++ {
		sub, in := s.open(i, shard, scratch)
		lo, hi := shard*s.grain, min((shard+1)*s.grain, s.batch)
		out := sub.ownResult(s.body(sub, lo, hi, in))
		if s.sum {
			if out.Value.Len() != 1 {
				fail("ShardSum", "a slice's loss must have one element", out)
			}
			l := &s.losses[shard]
			if *l == nil {
				*l = s.lanes[i].be.Get(tensor.Of())
			}
			sub.be.Copy2D(*l, 0, 1, out.Value, 0, 1, 1, 1, false)
			if sub.recording() && out.needs {
				g, _ := sub.gradOf(out)
				sub.be.Fill(g, 1)
				sub.run(out)
			}
			settle(sub.be, in)
		} else {
			s.place(sub.be, lo, hi, out)
			s.results[shard] = out
		}
		if l := s.lanes[i]; l.nonFinite == nil {
			l.nonFinite = sub.nonFinite
		}
		if !s.keep {
			sub.Reset()
		}
	}
}

// settle zeroes the gradients of inputs that nothing depended on.
func settle(be tensor.Backend, in []*Var) {
	for _, v := range in {
		if v.fresh {
			be.Fill(v.grad, 0)
			v.fresh = false
		}
	}
}

// place copies a shard's result to its rows of the joined one. The first shard
// to finish knows the shape and makes it.
func (s *shards) place(be tensor.Backend, lo, hi int, r *Var) {
	if r.Shape().Rank() < 1 || r.Dim(0) != hi-lo {
		fail("Shards", "a slice's result must have its samples as first dimension", s.in[0], r)
	}
	joined := r.Shape().WithDim(0, s.batch)
	s.mu.Lock()
	if s.out == nil {
		s.out = s.parent.result(joined)
	}
	s.mu.Unlock()
	dst, n := s.out.Value, r.Value.Len()
	if dst.Shape != joined {
		fail("Shards", "slices return rows of different shapes", s.out, r)
	}
	be.Copy2D(dst, lo*(n/(hi-lo)), n, r.Value, 0, n, 1, n, false)
}

func shardsBackward(t *Tape, n *node) {
	s := n.group
	s.scale = nil
	if s.sum {
		s.scale = n.out.grad
		s.backwardSum()
	} else {
		s.backwardRows(n.out.grad)
	}
	s.reduce()
}

// backwardSum scales the gradients that forward has already computed.
func (s *shards) backwardSum() {
	t := s.parent
	for i, v := range s.in {
		g := s.dins[i]
		if g == nil {
			continue
		}
		s.dins[i] = nil
		t.be.ScaleByScalar(g, g, s.scale)
		t.addGrad(v, g)
	}
}

func (s *shards) backwardRows(dout *tensor.Tensor) {
	t := s.parent
	s.dout = dout
	s.dins, s.accs = s.dins[:0], s.accs[:0]
	for i := range s.in {
		g, acc := t.inputGrad(s.in, i)
		s.dins, s.accs = append(s.dins, g), append(s.accs, acc)
	}
	t.be.ForLanes(s.nlanes, s.backwardFn)
	s.adoptTrace()
	s.dins = s.dins[:0]
}

func (s *shards) backwardLane(i int, _ tensor.Backend) {
	first, last := s.span(i)
	for shard := first; shard < last; shard++ {
		sub, in, out := s.subs[shard], s.vars[shard], s.results[shard]
		lo, hi := shard*s.grain, min((shard+1)*s.grain, s.batch)
		views := s.views[shard]
		for k, v := range in {
			if s.dins[k] != nil {
				views[len(in)+k] = s.dins[k].RowRange(lo, hi)
				v.grad, v.fresh, v.lent = &views[len(in)+k], !s.accs[k], true
			}
		}
		if out.needs {
			last := len(views) - 1
			views[last] = s.dout.RowRange(lo, hi)
			out.grad, out.lent = &views[last], true
			sub.run(out)
		}
		settle(sub.be, in)
		if l := s.lanes[i]; l.nonFinite == nil {
			l.nonFinite = sub.nonFinite
		}
		sub.Reset()
	}
}

// reduce adds the lanes' parameter gradients, lane by lane, so that the order
// of the sum is fixed.
func (s *shards) reduce() {
	s.params = s.params[:0]
	s.targets = s.targets[:0]
	for i, l := range s.lanes[:s.nlanes] {
		for _, p := range l.touched {
			if !touchedBefore(s.lanes[:i], p) {
				s.params = append(s.params, p)
				s.targets = append(s.targets, p.grad())
			}
		}
	}
	s.parent.be.ForLanes(s.nlanes, s.reduceFn)
}

func touchedBefore(lanes []*lane, p *Param) bool {
	for _, l := range lanes {
		if p.id < len(l.clean) && !l.clean[p.id] {
			return true
		}
	}
	return false
}

func (s *shards) reduceLane(i int, be tensor.Backend) {
	for k, p := range s.params {
		if p.root().id%s.nlanes != i {
			continue // a parameter and its ranges of rows are one lane's work
		}
		for _, l := range s.lanes[:s.nlanes] {
			if p.id >= len(l.clean) || l.clean[p.id] {
				continue
			}
			if s.scale == nil {
				be.Axpy(s.targets[k], 1, l.grads[p.id])
			} else {
				be.AxpyBy(s.targets[k], s.scale, l.grads[p.id])
			}
		}
	}
}

// adoptTrace reports the first non-finite value of the earliest lane.
func (s *shards) adoptTrace() {
	for _, l := range s.lanes[:s.nlanes] {
		if s.parent.nonFinite == nil {
			s.parent.nonFinite = l.nonFinite
		}
		l.nonFinite = nil
	}
}

// reset gives back what the shards still hold and forgets the lanes' gradients.
func (s *shards) reset() {
	for _, sub := range s.subs {
		sub.Reset()
	}
	for i, g := range s.dins {
		if g != nil && s.sum {
			s.parent.be.Put(g)
			s.dins[i] = nil
		}
	}
	s.dins = s.dins[:0]
	for _, l := range s.lanes {
		for _, p := range l.touched {
			l.clean[p.id] = true
		}
		l.touched = l.touched[:0]
	}
	s.body, s.out, s.dout = nil, nil, nil
}
