package ptxvm

import "fmt"

// Dim is a size in blocks or threads.
type Dim struct{ X, Y, Z uint32 }

func (d Dim) count() uint64 { return uint64(d.X) * uint64(d.Y) * uint64(d.Z) }

// at returns the place of item i, X running fastest.
func (d Dim) at(i uint64) Dim {
	x, y := uint64(d.X), uint64(d.Y)
	return Dim{uint32(i % x), uint32(i / x % y), uint32(i / x / y)}
}

// DefaultSteps bounds a launch: about a minute's work.
const DefaultSteps = 1 << 32

// maxBlockRegisters bounds what a block takes: clang's PTX counts each value it
// ever makes as a register, a few thousand a thread at most.
const maxBlockRegisters = 1 << 23

// Launch is how a kernel is started.
type Launch struct {
	Grid, Block Dim
	Steps       uint64 // instructions at most, DefaultSteps if 0
}

// thread is the state of a thread between barriers.
type thread struct {
	regs    []uint64
	defined []bool
	pc      int
	state   state
	number  uint32 // in the block
	handed  uint32 // what it brings to a shuffle
}

type state uint8

const (
	ready state = iota
	atBarrier
	atWarp // a warp barrier, a shuffle or a ballot: the instruction before pc tells
	done
)

// run is a launch under way.
type run struct {
	k       *Kernel
	memory  *Memory
	shared  *region
	threads []thread
	regs    []uint64 // what a thread's registers hold at first
	block   uint32
	steps   uint64 // left
	now     access // of the running thread; serial is the launch's
	blockID uint32 // serial number of the block in shared memory

	barriers     uint32
	warpBarriers []uint32
}

// Run starts the kernel on a grid, with a word for each parameter, and returns
// the first thing that goes wrong.
func (k *Kernel) Run(m *Memory, l Launch, args ...uint64) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", k.Name, err)
		}
	}()
	defer catch(&err)
	n := l.Block.count()
	switch {
	case len(args) != len(k.params):
		return fault("%d arguments, the kernel has %d parameters", len(args), len(k.params))
	case n == 0 || n > maxThreads || n > uint64(max(k.MaxThreads, 1)) && k.MaxThreads > 0:
		return fault("a block of %d threads, the kernel is made for %d", n, k.MaxThreads)
	case n*uint64(len(k.regs)) > maxBlockRegisters:
		return fault("%d threads of %d registers, a block has room for %d in all", n, len(k.regs), maxBlockRegisters)
	case l.Grid.count() == 0 || l.Grid.count() >= 1<<21:
		return fault("a grid of %d blocks, from 1 to 2^21 are expected", l.Grid.count())
	}
	m.serial++
	r := newRun(k, m, l, args, int(n))
	for b := range l.Grid.count() {
		r.runBlock(l, b)
	}
	return nil
}

func newRun(k *Kernel, m *Memory, l Launch, args []uint64, n int) *run {
	r := &run{k: k, memory: m, shared: newRegion((k.shared + 3) / 4), threads: make([]thread, n), steps: l.Steps, warpBarriers: make([]uint32, (n+warpSize-1)/warpSize)}
	if r.steps == 0 {
		r.steps = DefaultSteps
	}
	r.shared.gap = make([]bool, len(r.shared.words))
	for i := range r.shared.gap {
		r.shared.gap[i] = true
	}
	for _, a := range k.arrays {
		for b := a.start; b < a.end; b += 4 {
			r.shared.gap[b/4] = false
		}
	}
	r.regs = append(r.regs, k.regs...)
	for i, p := range k.params {
		r.regs[p] = args[i]
		if k.Params[i] != 'p' {
			r.regs[p] = uint64(uint32(args[i]))
		}
	}
	r.set(6, l.Block)
	r.set(9, l.Grid)
	regs, defined := make([]uint64, n*len(r.regs)), make([]bool, n*len(r.regs))
	for i := range r.threads {
		r.threads[i].regs, regs = regs[:len(r.regs)], regs[len(r.regs):]
		r.threads[i].defined, defined = defined[:len(r.regs)], defined[len(r.regs):]
	}
	return r
}

// set writes three special registers.
func (r *run) set(first int, d Dim) {
	for i, v := range [3]uint32{d.X, d.Y, d.Z} {
		r.regs[r.k.special[first+i]] = uint64(v)
	}
}

// runBlock runs block b of the grid to its end.
func (r *run) runBlock(l Launch, b uint64) {
	r.block = uint32(b)
	r.blockID++
	r.set(3, l.Grid.at(b))
	for i := range r.threads {
		t := &r.threads[i]
		r.set(0, l.Block.at(uint64(i)))
		copy(t.regs, r.regs)
		copy(t.defined, r.k.defined)
		t.pc, t.state, t.number = 0, ready, uint32(i)
	}
	for {
		for i := range r.threads {
			if t := &r.threads[i]; t.state == ready {
				r.run(t)
			}
		}
		if r.ended() {
			return
		}
		if !r.releaseWarps() {
			r.releaseBlock()
		}
	}
}

func (r *run) ended() bool {
	for i := range r.threads {
		if r.threads[i].state != done {
			return false
		}
	}
	return true
}

// releaseWarps completes the shuffles and warp barriers of every warp that waits as a whole.
func (r *run) releaseWarps() (any bool) {
	for first := 0; first < len(r.threads); first += warpSize {
		warp := r.threads[first:min(first+warpSize, len(r.threads))]
		waiting := 0
		for i := range warp {
			if warp[i].state == atWarp {
				waiting++
			}
		}
		if waiting == 0 {
			continue
		}
		for i := range warp {
			if warp[i].state != atWarp || warp[i].pc != warp[0].pc || waiting != warpSize {
				r.divergent(&warp[i], "the other lanes of the warp wait at a shuffle, or not all 32 are there")
			}
		}
		r.releaseWarp(first/warpSize, warp)
		any = true
	}
	return any
}

func (r *run) releaseWarp(number int, warp []thread) {
	in := &r.k.code[warp[0].pc-1]
	var votes uint64
	for i := range warp {
		votes |= uint64(warp[i].handed&1) << i
	}
	if in.op == opWarpBarrier {
		r.warpBarriers[number]++
	}
	if in.op == opProduct {
		in.product.multiply(warp)
	}
	for i := range warp {
		t := &warp[i]
		t.state = ready
		switch in.op {
		case opBallot:
			t.regs[in.dst], t.defined[in.dst] = votes, true
		case opShuffle:
			from := i ^ int(t.regs[in.b]&(warpSize-1))
			t.regs[in.dst], t.defined[in.dst] = uint64(warp[from].handed), true
		}
	}
}

// releaseBlock lets all threads pass a barrier, at which all must wait.
func (r *run) releaseBlock() {
	for i := range r.threads {
		if t := &r.threads[i]; t.state != atBarrier || t.pc != r.threads[0].pc {
			r.divergent(t, "others wait at a barrier")
		}
	}
	for i := range r.threads {
		r.threads[i].state = ready
	}
	r.barriers++
}

func (r *run) divergent(t *thread, others string) {
	where := "has left the kernel"
	if t.state != done {
		where = fmt.Sprintf("is at line %d", r.k.code[t.pc-1].line)
	}
	panic(fault("divergent barrier: thread %d of block %d %s while %s", t.number, r.block, where, others))
}
