package kernels_test

import (
	"math"
	"sync"
	"testing"
	"unsafe"

	"diffclip/cuda/internal/ptxvm"
	"diffclip/cuda/kernels"
	"diffclip/internal/rng"
	"diffclip/tensor"
)

var parsed = sync.OnceValues(func() (*ptxvm.Module, error) { return ptxvm.Parse(kernels.PTX) })

// vm is a Backend whose every operation is interpreted: operands are copied to
// the interpreter's memory, the committed PTX runs, results are copied back. A
// destination that is to be overwritten starts as memory that was never set, so
// that reading it, and leaving a part of it out, are errors.
type vm struct {
	*tensor.CPU // memory and lanes
	t           testing.TB
	module      *ptxvm.Module
	altered     *ptxvm.Kernel // runs in place of the one of its name
	memory      ptxvm.Memory
	k           *kernels.Set
	held        map[*float32]*held
	freed       []uint64
	launches    map[string]int
	rounded     bool // the factors of attention's products
	shifted     int  // which of an operation's operands, from 1 on, lies 4 bytes beside a multiple of 16; 0 for none
}

// held is an operand's copy.
type held struct {
	at        uint64
	host      []float32
	writeBack bool
}

var (
	_      tensor.Backend = (*vm)(nil)
	checks tensor.Checks
)

func newVM(t testing.TB) *vm {
	m, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	b := &vm{CPU: tensor.NewCPU(1), t: t, module: m, held: map[*float32]*held{}, launches: map[string]int{}}
	b.k = kernels.NewSet(b)
	t.Cleanup(b.CPU.Close)
	return b
}

func (b *vm) Launch(k *kernels.Kernel, grid, block kernels.Dim, args []uint64) {
	b.launches[k.Name]++
	code := b.module.Kernel(k.Name)
	if b.altered != nil && b.altered.Name == k.Name {
		code = b.altered
	}
	if code == nil {
		b.t.Fatalf("the PTX has no %s", k.Name)
	}
	if err := code.Run(&b.memory, ptxvm.Launch{Grid: ptxvm.Dim(grid), Block: ptxvm.Dim(block)}, args...); err != nil {
		b.t.Fatal(err)
	}
}

// Scratch gives new memory each time: no operation may rely on another's.
func (b *vm) Scratch(n int) kernels.Ptr {
	at := b.memory.Alloc(n)
	b.freed = append(b.freed, at)
	return kernels.Ptr(at)
}

func (b *vm) hold(t *tensor.Tensor, filled, writeBack bool) kernels.Ptr {
	if t == nil {
		return 0
	}
	key := unsafe.SliceData(t.Data)
	h := b.held[key]
	if h == nil || t.Len() == 0 {
		h = &held{at: b.memory.Alloc(t.Len()), host: t.Data}
		if len(b.held)+1 == b.shifted {
			b.memory.Free(h.at)
			h.at = b.memory.Alloc(t.Len()+1) + 4
		}
		if filled {
			b.must(b.memory.PutFloats(h.at, t.Data))
		}
		b.held[key] = h
	}
	h.writeBack = h.writeBack || writeBack
	return kernels.Ptr(h.at)
}

func (b *vm) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// in is an operand that is read, out one that is overwritten, sum one that is added to.
func (b *vm) in(t *tensor.Tensor) kernels.Ptr  { return b.hold(t, true, false) }
func (b *vm) out(t *tensor.Tensor) kernels.Ptr { return b.hold(t, false, true) }
func (b *vm) sum(t *tensor.Tensor) kernels.Ptr { return b.hold(t, true, true) }

// grad is a destination that is added to if acc.
func (b *vm) grad(t *tensor.Tensor, acc bool) kernels.Ptr { return b.hold(t, acc, true) }

func (b *vm) ints(v []int32) kernels.Ptr {
	if v == nil {
		return 0
	}
	words := make([]uint32, len(v))
	for i, x := range v {
		words[i] = uint32(x)
	}
	return b.words(words)
}

func (b *vm) words(words []uint32) kernels.Ptr {
	p := b.Scratch(len(words))
	b.must(b.memory.Put(uint64(p), words))
	return p
}

// done copies results back.
func (b *vm) done() {
	b.t.Helper()
	for _, h := range b.held {
		if h.writeBack {
			v, err := b.memory.Floats(h.at, len(h.host))
			b.must(err)
			copy(h.host, v)
		}
		b.memory.Free(h.at)
	}
	for _, at := range b.freed {
		b.memory.Free(at)
	}
	clear(b.held)
	b.freed = b.freed[:0]
}

func (b *vm) Name() string { return "cuda/interpreted" }

func (b *vm) Fill(dst *tensor.Tensor, v float32) {
	b.k.Fill(b.out(dst), dst.Len(), v)
	b.done()
}

func (b *vm) Copy2D(dst *tensor.Tensor, dstOff, dstStride int, src *tensor.Tensor, srcOff, srcStride, rows, cols int, acc bool) {
	if rows == 0 || cols == 0 {
		return
	}
	checks.Copy2D(dst, dstOff, dstStride, src, srcOff, srcStride, rows, cols)
	b.k.Copy2D(b.sum(dst).At(dstOff), dstStride, b.in(src).At(srcOff), srcStride, rows, cols, acc)
	b.done()
}

func (b *vm) stream(s rng.Stream) kernels.Ptr {
	w := kernels.StreamOf(s)
	return b.words(w[:])
}

func (b *vm) Normal(dst *tensor.Tensor, s rng.Stream) {
	b.k.Normal(b.out(dst), dst.Len(), b.stream(s))
	b.done()
}

func (b *vm) Uniform(dst *tensor.Tensor, s rng.Stream) {
	b.k.Uniform(b.out(dst), dst.Len(), b.stream(s))
	b.done()
}

func (b *vm) Unary(op tensor.UnaryOp, dst, x *tensor.Tensor) {
	checks.Unary(op, dst, x)
	b.k.Unary(op, b.out(dst), b.in(x), x.Len())
	b.done()
}

func (b *vm) UnaryBackward(op tensor.UnaryOp, dx, dy, x, y *tensor.Tensor, acc bool) {
	checks.UnaryBackward(op, dx, dy, x, y)
	dyp, xp, yp := b.in(dy), b.in(x), b.in(y)
	b.k.UnaryBackward(op, b.grad(dx, acc), dyp, xp, yp, x.Len(), acc)
	b.done()
}

func (b *vm) Binary(op tensor.BinaryOp, dst, x, y *tensor.Tensor) {
	checks.Binary(op, dst, x, y)
	xp, yp := b.in(x), b.in(y)
	b.k.Binary(op, b.out(dst), xp, yp, x.Len(), max(y.Len(), 1))
	b.done()
}

func (b *vm) Scale(dst, x *tensor.Tensor, s float32) {
	checks.Scale(dst, x)
	xp := b.in(x)
	b.k.Scale(b.out(dst), xp, x.Len(), s)
	b.done()
}

func (b *vm) Axpy(y *tensor.Tensor, s float32, x *tensor.Tensor) {
	checks.Axpy(y, x)
	b.k.Axpy(b.sum(y), s, b.in(x), x.Len())
	b.done()
}

func (b *vm) AxpyBy(y, s, x *tensor.Tensor) {
	checks.AxpyBy(y, s, x)
	b.k.MulAcc(b.sum(y), b.in(x), b.in(s), x.Len(), 1)
	b.done()
}

func (b *vm) MulAcc(dst, x, y *tensor.Tensor) {
	checks.MulAcc(dst, x, y)
	b.k.MulAcc(b.sum(dst), b.in(x), b.in(y), x.Len(), max(y.Len(), 1))
	b.done()
}

func (b *vm) ScaleByScalar(dst, x, s *tensor.Tensor) {
	checks.ScaleByScalar(dst, x, s)
	xp := b.in(x)
	b.k.ScaleByScalar(b.out(dst), xp, b.in(s), x.Len())
	b.done()
}

func (b *vm) SumLeading(dst, x *tensor.Tensor) {
	checks.SumLeading(dst, x)
	if n := dst.Len(); n > 0 {
		b.k.SumLeading(b.sum(dst), b.in(x), x.Len()/n, n)
	}
	b.done()
}

func (b *vm) DotLeading(dst, x, y *tensor.Tensor) {
	checks.DotLeading(dst, x, y)
	if n := dst.Len(); n > 0 {
		b.k.DotLeading(b.sum(dst), b.in(x), b.in(y), x.Len()/n, n)
	}
	b.done()
}

func (b *vm) Sum(dst, x *tensor.Tensor, s float32) {
	checks.Sum(dst, x)
	b.k.Sum(b.out(dst), b.in(x), x.Len(), s, false)
	b.done()
}

func (b *vm) AddScalar(dst, v *tensor.Tensor, s float32, acc bool) {
	checks.AddScalar(v)
	b.k.AddScalar(b.grad(dst, acc), b.in(v), dst.Len(), s, acc)
	b.done()
}

func (b *vm) Linear(dst, pre, x *tensor.Tensor, w *tensor.Weight, bias *tensor.Tensor, act tensor.Activation, residual *tensor.Tensor) {
	checks.Linear(dst, pre, x, w, bias, act, residual)
	in, out, rows := w.Dim(1), w.Dim(0), x.Rows()
	z := b.Scratch(rows * out)
	b.k.MatMul(z, b.in(x), b.in(w.Tensor), 1, rows, out, in, false, true, 1, 0)
	rp := b.in(residual)
	b.k.BiasAct(b.out(dst), b.out(pre), z, b.in(bias), rp, rows*out, out, act)
	b.done()
}

func (b *vm) ActBackward(act tensor.Activation, dy, pre *tensor.Tensor) {
	b.k.ActBackward(act, b.sum(dy), b.in(pre), dy.Len())
	b.done()
}

func beta(acc bool) float32 {
	if acc {
		return 1
	}
	return 0
}

func (b *vm) LinearBackwardInput(dx, dy *tensor.Tensor, w *tensor.Weight, acc bool) {
	checks.LinearBackwardInput(dx, dy, w)
	b.k.MatMul(b.grad(dx, acc), b.in(dy), b.in(w.Tensor), 1, dx.Rows(), w.Dim(1), w.Dim(0), false, false, 1, beta(acc))
	b.done()
}

func (b *vm) LinearBackwardWeight(dw, dbias, dy, x *tensor.Tensor, acc bool) {
	checks.LinearBackwardWeight(dw, dbias, dy, x)
	b.k.MatMul(b.grad(dw, acc), b.in(dy), b.in(x), 1, dy.Cols(), x.Cols(), x.Rows(), true, false, 1, beta(acc))
	if dbias != nil {
		b.k.SumLeading(b.sum(dbias), b.in(dy), dy.Rows(), dy.Cols())
	}
	b.done()
}

func (b *vm) MatMul(dst, x, y *tensor.Tensor, transX, transY bool, alpha, beta float32) {
	batch, m, n, k := checks.MatMul(dst, x, y, transX, transY)
	b.k.MatMul(b.grad(dst, beta != 0), b.in(x), b.in(y), batch, m, n, k, transX, transY, alpha, beta)
	b.done()
}

func (b *vm) Transpose(dst, x *tensor.Tensor) {
	checks.Transpose(dst, x)
	if rows, cols := x.Dim(-2), x.Dim(-1); x.Len() > 0 {
		b.k.Transpose(b.out(dst), b.in(x), x.Len()/(rows*cols), rows, cols)
	}
	b.done()
}

func (b *vm) SelfAttention(y, lse, qkv *tensor.Tensor, heads int, causal bool) {
	checks.SelfAttention("SelfAttention", y, lse, qkv, heads)
	b.k.SelfAttention(b.out(y), b.out(lse), b.in(qkv), kernels.Heads{Batch: y.Dim(0), Tokens: y.Dim(1), Width: y.Dim(2), Heads: heads}, causal, b.rounded)
	b.done()
}

func (b *vm) SelfAttentionBackward(dqkv, dy, y, lse, qkv *tensor.Tensor, heads int, causal bool) {
	checks.SelfAttentionBackward(dqkv, dy, y, lse, qkv, heads)
	b.k.SelfAttentionBackward(b.out(dqkv), b.in(dy), b.in(y), b.in(lse), b.in(qkv), kernels.Heads{Batch: y.Dim(0), Tokens: y.Dim(1), Width: y.Dim(2), Heads: heads}, causal, b.rounded)
	b.done()
}

func (b *vm) QueryAttention(y, probs, q, kv *tensor.Tensor, n []int32, heads int) {
	checks.QueryAttention("QueryAttention", y, probs, q, kv, n, heads)
	b.k.QueryAttention(b.out(y), b.out(probs), b.in(q), b.in(kv), b.ints(n), kernels.Heads{Batch: q.Dim(0), Tokens: kv.Dim(1), Width: q.Dim(1), Heads: heads})
	b.done()
}

func (b *vm) QueryAttentionBackward(dq, dkv, dy, probs, q, kv *tensor.Tensor, n []int32, heads int) {
	checks.QueryAttentionBackward(dq, dkv, dy, probs, q, kv, n, heads)
	b.k.QueryAttentionBackward(b.out(dq), b.out(dkv), b.in(dy), b.in(probs), b.in(q), b.in(kv), b.ints(n), kernels.Heads{Batch: q.Dim(0), Tokens: kv.Dim(1), Width: q.Dim(1), Heads: heads})
	b.done()
}

func (b *vm) LayerNorm(dst, mean, rstd, x, gamma, beta *tensor.Tensor, eps float32) {
	checks.LayerNorm(dst, mean, rstd, x, gamma, beta)
	b.k.LayerNorm(b.out(dst), b.out(mean), b.out(rstd), b.in(x), b.in(gamma), b.in(beta), x.Rows(), x.Cols(), eps)
	b.done()
}

func (b *vm) LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *tensor.Tensor, acc bool) {
	checks.LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma)
	b.k.LayerNormBackward(b.grad(dx, acc), b.sum(dgamma), b.sum(dbeta), b.in(dy), b.in(x), b.in(mean), b.in(rstd), b.in(gamma), x.Rows(), x.Cols(), acc)
	b.done()
}

func planes(x *tensor.Tensor) kernels.Planes {
	n, c, s := checks.Channels(x)
	return kernels.Planes{N: n, C: c, S: s}
}

func (b *vm) BatchNorm(dst, mean, rstd, x, gamma, beta *tensor.Tensor, eps float32, relu bool) {
	checks.BatchNorm(x, mean, rstd)
	b.k.BatchNorm(b.out(dst), b.out(mean), b.out(rstd), b.in(x), b.in(gamma), b.in(beta), planes(x), eps, relu)
	b.done()
}

func (b *vm) BatchNormBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *tensor.Tensor, relu, acc bool) {
	checks.ChannelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma)
	b.k.BatchNormBackward(b.grad(dx, acc), b.sum(dgamma), b.sum(dbeta), b.in(dy), b.in(x), b.in(y), b.in(mean), b.in(rstd), b.in(gamma), planes(x), relu, acc)
	b.done()
}

func (b *vm) ChannelAffine(dst, x, mean, rstd, gamma, beta *tensor.Tensor, relu bool) {
	checks.ChannelAffine(dst, x, mean, rstd, gamma, beta)
	b.k.ChannelAffine(b.out(dst), b.in(x), b.in(mean), b.in(rstd), b.in(gamma), b.in(beta), planes(x), relu)
	b.done()
}

func (b *vm) ChannelAffineBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *tensor.Tensor, relu, acc bool) {
	checks.ChannelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma)
	b.k.ChannelAffineBackward(b.grad(dx, acc), b.sum(dgamma), b.sum(dbeta), b.in(dy), b.in(x), b.in(y), b.in(mean), b.in(rstd), b.in(gamma), planes(x), relu, acc)
	b.done()
}

func (b *vm) MoveStats(runningMean, runningVar, mean, rstd *tensor.Tensor, n int, eps, momentum float32) {
	checks.MoveStats(runningMean, runningVar, mean, rstd)
	b.k.MoveStats(b.sum(runningMean), b.sum(runningVar), b.in(mean), b.in(rstd), mean.Len(), n, eps, momentum)
	b.done()
}

func (b *vm) InvStd(rstd, variance *tensor.Tensor, eps float32) {
	checks.InvStd(rstd, variance)
	v := b.in(variance)
	b.k.InvStd(b.out(rstd), v, variance.Len(), eps)
	b.done()
}

func (b *vm) GroupNorm(dst, mean, rstd, x, gamma, beta *tensor.Tensor, groups int, eps float32) {
	checks.GroupNorm(dst, mean, rstd, x, gamma, beta, groups)
	b.k.GroupNorm(b.out(dst), b.out(mean), b.out(rstd), b.in(x), b.in(gamma), b.in(beta), planes(x), groups, eps)
	b.done()
}

func (b *vm) GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *tensor.Tensor, groups int, acc bool) {
	checks.GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, groups)
	b.k.GroupNormBackward(b.grad(dx, acc), b.sum(dgamma), b.sum(dbeta), b.in(dy), b.in(x), b.in(mean), b.in(rstd), b.in(gamma), planes(x), groups, acc)
	b.done()
}

func (b *vm) Softmax(dst, x *tensor.Tensor) {
	checks.Softmax(dst, x)
	xp := b.in(x)
	b.k.Softmax(b.out(dst), xp, x.Rows(), x.Cols())
	b.done()
}

func (b *vm) SoftmaxBackward(dx, dy, y *tensor.Tensor, acc bool) {
	checks.SoftmaxBackward(dx, dy, y)
	dyp, yp := b.in(dy), b.in(y)
	b.k.SoftmaxBackward(b.grad(dx, acc), dyp, yp, y.Rows(), y.Cols(), acc)
	b.done()
}

func (b *vm) L2Normalize(dst, norm, x *tensor.Tensor, eps float32) {
	checks.L2Normalize(dst, norm, x)
	b.k.L2Normalize(b.out(dst), b.out(norm), b.in(x), x.Rows(), x.Cols(), eps)
	b.done()
}

func (b *vm) L2NormalizeBackward(dx, dy, y, norm *tensor.Tensor, eps float32, acc bool) {
	checks.L2NormalizeBackward(dx, dy, y, norm)
	b.k.L2NormalizeBackward(b.grad(dx, acc), b.in(dy), b.in(y), b.in(norm), y.Rows(), y.Cols(), eps, acc)
	b.done()
}

func (b *vm) CrossEntropy(loss, probs, logits *tensor.Tensor, targets []int32) {
	checks.CrossEntropy(loss, probs, logits, targets)
	b.k.CrossEntropy(b.out(loss), b.out(probs), b.in(logits), b.ints(targets), logits.Rows(), logits.Cols())
	b.done()
}

func (b *vm) CrossEntropyBackward(dlogits, dloss, probs *tensor.Tensor, targets []int32, acc bool) {
	checks.CrossEntropyBackward(dlogits, dloss, probs, targets)
	b.k.CrossEntropyBackward(b.grad(dlogits, acc), b.in(dloss), b.in(probs), b.ints(targets), probs.Rows(), probs.Cols(), acc)
	b.done()
}

func (b *vm) SoftCrossEntropy(loss, probs, logits, targets *tensor.Tensor) {
	checks.SoftCrossEntropy(loss, probs, logits, targets)
	b.k.SoftCrossEntropy(b.out(loss), b.out(probs), b.in(logits), b.in(targets), logits.Rows(), logits.Cols())
	b.done()
}

func (b *vm) SoftCrossEntropyBackward(dlogits, dloss, probs, targets *tensor.Tensor, acc bool) {
	checks.SoftCrossEntropyBackward(dlogits, dloss, probs, targets)
	b.k.SoftCrossEntropyBackward(b.grad(dlogits, acc), b.in(dloss), b.in(probs), b.in(targets), probs.Rows(), probs.Cols(), acc)
	b.done()
}

func (b *vm) WeightedMSE(loss, x, target, w *tensor.Tensor) {
	checks.WeightedMSE(loss, x, target, w)
	b.k.WeightedMSE(b.out(loss), b.in(x), b.in(target), b.in(w), x.Rows(), x.Cols())
	b.done()
}

func (b *vm) WeightedMSEBackward(dx, dloss, x, target, w *tensor.Tensor, acc bool) {
	checks.WeightedMSEBackward(dx, dloss, x, target, w)
	b.k.WeightedMSEBackward(b.grad(dx, acc), b.in(dloss), b.in(x), b.in(target), b.in(w), x.Rows(), x.Cols(), acc)
	b.done()
}

// index is a list of rows.
func (b *vm) index(x tensor.Index) kernels.Ptr {
	if x.Drawn != nil {
		return b.in(&x.Drawn.Words)
	}
	return b.ints(x.IDs)
}

func (b *vm) GatherRows(dst, x, fill *tensor.Tensor, ids tensor.Index) {
	checks.GatherRows(dst, x, fill, ids)
	b.k.GatherRows(b.out(dst), b.in(x), b.in(fill), b.index(ids), ids.Len(), x.Cols())
	b.done()
}

func (b *vm) ScatterAddRows(dx, dfill, dy *tensor.Tensor, ids tensor.Index) {
	checks.ScatterAddRows(dx, dfill, dy, ids)
	if ids.Len() > 0 && dfill != nil {
		b.k.SumUnset(b.sum(dfill), b.in(dy), b.index(ids), ids.Len(), dy.Cols())
	}
	if d := ids.Drawn; d != nil && d.Len > 0 && dx != nil {
		b.k.ScatterAddDrawn(b.sum(dx), b.in(dy), b.in(&d.Words).At(d.Len), d.Rows, dy.Cols(), d.Shared, d.Samples)
	} else if ids.Len() > 0 && dx != nil {
		lists := kernels.RowLists(nil).Sort(ids.IDs, dx.Rows())
		b.k.ScatterAddRows(b.sum(dx), b.in(dy), b.words(lists), dx.Rows(), dy.Cols())
	}
	b.done()
}

func image(x *tensor.Tensor, out int, c tensor.ConvShape) kernels.Image {
	return kernels.Image{N: x.Dim(0), C: x.Dim(1), H: x.Dim(2), W: x.Dim(3), Out: out, ConvShape: c}
}

func (b *vm) Conv2D(dst, x, w, bias *tensor.Tensor, c tensor.ConvShape) {
	checks.Conv2D(dst, x, w, bias, c)
	b.k.Conv2D(b.out(dst), b.in(x), b.in(w), b.in(bias), image(x, w.Dim(0), c))
	b.done()
}

func (b *vm) Conv2DBackward(dx, dw, dbias, dy, x, w *tensor.Tensor, c tensor.ConvShape, acc bool) {
	checks.Conv2DBackward(dx, dw, dbias, dy, x, w, c)
	b.k.Conv2DBackward(b.grad(dx, acc), b.sum(dw), b.sum(dbias), b.in(dy), b.in(x), b.in(w), image(x, w.Dim(0), c), acc)
	b.done()
}

func (b *vm) MaxPool2D(dst, index, x *tensor.Tensor, c tensor.ConvShape) {
	checks.MaxPool2D(dst, index, x, c)
	b.k.MaxPool2D(b.out(dst), b.out(index), b.in(x), image(x, 0, c))
	b.done()
}

func (b *vm) MaxPool2DBackward(dx, dy, index *tensor.Tensor, acc bool) {
	checks.MaxPool2DBackward(dx, dy, index)
	if n := dy.Dim(0) * dy.Dim(1); n > 0 {
		b.k.MaxPool2DBackward(b.grad(dx, acc), b.in(dy), b.in(index), n, dx.Len()/n, dy.Len()/n, acc)
	}
	b.done()
}

func (b *vm) AvgPool2D(dst, x *tensor.Tensor, c tensor.ConvShape) {
	checks.AvgPool2D(dst, x, c)
	b.k.AvgPool2D(b.out(dst), b.in(x), image(x, 0, c))
	b.done()
}

func (b *vm) AvgPool2DBackward(dx, dy *tensor.Tensor, c tensor.ConvShape, acc bool) {
	checks.AvgPool2DBackward(dx, dy, c)
	b.k.AvgPool2DBackward(b.grad(dx, acc), b.in(dy), image(dx, 0, c), acc)
	b.done()
}

func (b *vm) hyper(lr float32, step int) kernels.Ptr {
	return b.words([]uint32{math.Float32bits(lr), uint32(step)})
}

func (b *vm) Adam(p, g, m, v, scale *tensor.Tensor, c tensor.AdamConfig) {
	checks.Adam(p, g, m, v, scale, c)
	b.k.Adam(b.sum(p), b.in(g), b.sum(m), b.sum(v), b.in(scale), b.hyper(c.LR, c.Step), p.Len(), kernels.AdamConfig{
		Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps, WeightDecay: c.WeightDecay, Decoupled: c.Decoupled,
	})
	b.done()
}

func (b *vm) SGD(p, g, m, scale *tensor.Tensor, lr, momentum, weightDecay float32, nesterov, first bool) {
	checks.SGD(p, g, m, scale)
	b.k.SGD(b.sum(p), b.in(g), b.grad(m, !first), b.in(scale), b.hyper(lr, 1), p.Len(), momentum, weightDecay, nesterov, first)
	b.done()
}

func (b *vm) NoteStep(log, scale, loss, squares *tensor.Tensor, most float64) {
	checks.NoteStep(log, scale, loss, squares)
	b.k.NoteStep(b.sum(log), b.sum(scale), b.in(loss), b.in(squares), squares.Len(), log.Len()/2, float32(most))
	b.done()
}

func (b *vm) SumSquares(dst, x *tensor.Tensor) {
	checks.SumSquares(dst, x)
	xp := b.in(x)
	b.k.Dot(b.out(dst), xp, xp, x.Len(), false)
	b.done()
}
