package tensor

import (
	"math"
	"runtime"

	"diffclip/internal/kern"
	"diffclip/internal/par"
	"diffclip/internal/rng"
)

// cpuLanes is how many parts a batch is cut into. Sixteen keeps sixteen cores
// busy; with fewer cores a lane per part costs one pass over the gradients each.
const cpuLanes = 16

// CPU is the reference backend. The root backend spreads an operation over the
// threads of its pool, in chunks that do not depend on how many there are; a
// lane's backend computes on the calling goroutine alone.
type CPU struct {
	pool  *par.Pool // nil in a lane
	arena Arena
	work  []worker // one per thread
	lanes []*CPU
	part  []float32 // partial sums of chunked reductions

	job     job
	runJob  func(lo, hi, worker int) // made once, so that starting a job allocates nothing
	jobs    jobs
	laneRun laneJob
}

// worker is the scratch memory of one thread.
type worker struct {
	gemm    kern.Workspace
	scratch []float32
	serial  *CPU // a backend for the lanes that this thread runs
}

// floats returns n floats of scratch with undefined content, valid until the
// next call.
func (w *worker) floats(n int) []float32 {
	if cap(w.scratch) < n {
		w.scratch = alignedFloats(n)
	}
	return w.scratch[:n]
}

// job is one operation's operands with the code for a range of its work.
type job interface {
	run(w *worker, lo, hi int)
}

// jobs has a place for each kind of job, so that none is allocated.
type jobs struct {
	unary         unaryJob
	unaryBackward unaryBackwardJob
	binary        binaryJob
	linear        linearJob
	linearInput   linearInputJob
	linearWeight  linearWeightJob
	matmul        matmulJob
	matmulRows    matmulRowsJob
	attention     attentionJob
	attentionBack attentionBackwardJob
	query         queryJob
	layerNorm     layerNormJob
	layerNormBack layerNormBackwardJob
	moments       momentsJob
	affine        affineJob
	batchNormBack batchNormBackwardJob
	colSum        colSumJob
	adam          adamJob
	conv          convJob
	convBackward  convBackwardJob
	gather        gatherJob
}

var (
	_      Backend = (*CPU)(nil)
	checks Checks
)

// NewCPU returns a CPU backend that computes with the given number of threads;
// 0 or less means one for each processor Go may use.
func NewCPU(threads int) *CPU {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	b := &CPU{pool: par.New(threads), work: make([]worker, threads)}
	for i := range b.work {
		b.work[i].serial = newSerial()
	}
	b.runJob = func(lo, hi, worker int) { b.job.run(&b.work[worker], lo, hi) }
	return b
}

// newSerial returns a backend that computes on the calling goroutine.
func newSerial() *CPU {
	b := &CPU{work: make([]worker, 1)}
	b.work[0].serial = b
	return b
}

// Close ends the backend's threads; a second time it does nothing. The backend is not
// to be used afterwards.
func (b *CPU) Close() { b.pool.Close() }

// Name returns "cpu/" and the tier of the kernels.
func (b *CPU) Name() string { return "cpu/" + kern.Active().String() }

// Threads returns the number of threads.
func (b *CPU) Threads() int { return len(b.work) }

// Lanes returns the number of lanes, the same on every machine.
func (b *CPU) Lanes() int { return cpuLanes }

// Grain returns cached: what one core computes stays in its cache.
func (b *CPU) Grain(cached, batch int) int { return cached }

// Ahead is one: a result can be read when it is there.
func (b *CPU) Ahead() int { return 1 }

// NextStep has nothing to do.
func (b *CPU) NextStep() {}

// Lane returns lane i's backend.
func (b *CPU) Lane(i int) Backend {
	for len(b.lanes) <= i {
		b.lanes = append(b.lanes, newSerial())
	}
	return b.lanes[i]
}

type laneJob struct {
	runLane func(lane int, scratch Backend)
}

func (j *laneJob) run(w *worker, lo, hi int) {
	for lane := lo; lane < hi; lane++ {
		j.runLane(lane, w.serial)
	}
}

// ForLanes runs the lanes on the pool's threads.
func (b *CPU) ForLanes(n int, run func(lane int, scratch Backend)) {
	if n > 0 {
		b.Lane(n - 1) // lanes are made here, not by several threads at once
	}
	b.laneRun.runLane = run
	b.do(n, 1, &b.laneRun)
	b.laneRun.runLane = nil
}

// do runs j over [0, n) in chunks of grain.
func (b *CPU) do(n, grain int, j job) {
	if n == 0 {
		return
	}
	if b.pool == nil {
		j.run(&b.work[0], 0, n)
		return
	}
	b.job = j
	b.pool.For(n, grain, b.runJob)
	b.job = nil
}

// reductionGrain cuts a reduction over n rows or images into chunks: one in a lane,
// at most sixteen at the root, each of at least so many, never depending on the
// number of threads.
func (b *CPU) reductionGrain(n, least int) int {
	if b.pool == nil {
		return max(n, 1)
	}
	return max(least, (n+15)/16)
}

// rowsTogether is the least chunk of rows in a reduction.
const rowsTogether = 256

// partials returns zeroed room for one partial result of n floats per chunk.
func (b *CPU) partials(rows, grain, n int) []float32 {
	n *= max(1, (rows+grain-1)/grain)
	if cap(b.part) < n {
		b.part = alignedFloats(n)
	}
	b.part = b.part[:n]
	clear(b.part)
	return b.part
}

// Get returns a tensor with undefined content.
func (b *CPU) Get(s Shape) *Tensor { return b.arena.Get(s) }

// Put takes a tensor back.
func (b *CPU) Put(t *Tensor) { b.arena.Put(t) }

// MemoryInUse returns the bytes that this backend's arenas hold.
func (b *CPU) MemoryInUse() int {
	n := b.arena.Bytes()
	for _, l := range b.lanes {
		n += l.arena.Bytes()
	}
	for i := range b.work {
		if s := b.work[i].serial; s != b {
			n += s.arena.Bytes()
		}
	}
	return n
}

// Place moves a tensor to memory of Go.
func (b *CPU) Place(t *Tensor) {
	if t.buffer != nil {
		*t = Tensor{Shape: t.Shape, Data: t.Host()}
	}
}

// Copy2D copies or adds a strided block.
func (b *CPU) Copy2D(dst *Tensor, dstOff, dstStride int, src *Tensor, srcOff, srcStride, rows, cols int, acc bool) {
	if rows == 0 || cols == 0 {
		return
	}
	checks.Copy2D(dst, dstOff, dstStride, src, srcOff, srcStride, rows, cols)
	for r := range rows {
		d := dst.Data[dstOff+r*dstStride:][:cols]
		s := src.Data[srcOff+r*srcStride:][:cols]
		if acc {
			kern.Add(d, d, s)
		} else {
			copy(d, s)
		}
	}
}

// Fill sets every element to v.
func (b *CPU) Fill(dst *Tensor, v float32) { kern.Fill(dst.Data, v) }

// Normal fills dst with standard normal values.
func (b *CPU) Normal(dst *Tensor, s rng.Stream) { s.Normal(dst.Data, 0) }

// Uniform fills dst with values in [0, 1).
func (b *CPU) Uniform(dst *Tensor, s rng.Stream) { s.Uniform(dst.Data, 0) }

func rsqrt(x float64) float32 { return float32(1 / math.Sqrt(x)) }
