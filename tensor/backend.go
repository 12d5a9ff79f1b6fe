package tensor

import "diffclip/internal/rng"

// Backend computes. Every method writes its first arguments and reads the
// others; nothing but Get allocates. Backward methods stand beside the forward
// ones; where they take acc, they add to the destination if it is true and
// overwrite it otherwise. Gradients of parameters always add.
//
// Shapes are checked: a mistake panics with a *ShapeError. Matrices are the
// row view of a tensor: (rows, cols) with rows the product of all dimensions
// but the last.
//
// A Backend is used by one goroutine at a time. Lane gives each shard of a
// batch a backend of its own.
//
// Whole backends are this module's own: they draw from streams of internal/rng,
// which no other module can name. One that embeds a Backend and changes some of
// its methods may lie anywhere.
type Backend interface {
	Memory
	Elementwise
	Products
	Attention
	Norms
	Losses
	Rows
	Images
	Updates

	// Name says what computes, as in "cpu/avx512".
	Name() string
	// Lanes is how many independent parts a batch is best cut into. It is a
	// property of the kind of backend, not of the number of threads, so that
	// results do not depend on threads.
	Lanes() int
	// Lane returns the backend of lane i, for memory that lives on from one
	// ForLanes to the next; several lanes may run at once.
	Lane(i int) Backend
	// Grain is how many samples of a batch are best taken through a network
	// together, where cached of them fit the cache of a processor core: a backend
	// without such caches takes the whole batch.
	Grain(cached, batch int) int
	// Ahead is how many steps of training are best made before their losses are
	// read: one where results lie in memory of Go anyway.
	Ahead() int
	// NextStep says that what follows is another step of training. A device may go on
	// with this one while the host prepares the next.
	NextStep()
	// ForLanes calls run once for each lane in [0, n), on as many threads as
	// there are, and returns when all are done. scratch is the backend of the
	// thread that runs the lane: memory taken from it must be given back before
	// run returns, and so is reused, still in that thread's cache, by the next.
	ForLanes(n int, run func(lane int, scratch Backend))
}

// Memory makes and takes back tensors, and moves data.
type Memory interface {
	// Get returns a tensor with undefined content, owned by the caller until Put.
	Get(Shape) *Tensor
	// Put takes back a tensor made by Get.
	Put(*Tensor)
	// Place moves a tensor that lives as long as a model to where the backend
	// computes, with its values. Slices taken of it before do not move with it.
	Place(*Tensor)
	// Copy2D copies rows of cols elements between strided places of two tensors,
	// adding instead of overwriting if acc: element (r, c) goes from
	// src[srcOff+r*srcStride+c] to dst[dstOff+r*dstStride+c].
	Copy2D(dst *Tensor, dstOff, dstStride int, src *Tensor, srcOff, srcStride, rows, cols int, acc bool)
	// Fill sets every element.
	Fill(dst *Tensor, v float32)
	// Normal fills dst with standard normal values from the stream.
	Normal(dst *Tensor, s rng.Stream)
	// Uniform fills dst with values in [0, 1) from the stream.
	Uniform(dst *Tensor, s rng.Stream)
}

// UnaryOp names an element-wise function.
type UnaryOp uint8

// The element-wise functions. GELU is x·Φ(x) with the exact erf; QuickGELU is
// CLIP's x·sigmoid(1.702x).
const (
	ReLU UnaryOp = iota
	GELU
	QuickGELU
	SiLU
	Sigmoid
	Tanh
	Exp
	Square
)

var unaryNames = [...]string{"ReLU", "GELU", "QuickGELU", "SiLU", "Sigmoid", "Tanh", "Exp", "Square"}

// String returns the function's name.
func (op UnaryOp) String() string { return unaryNames[op] }

// BinaryOp names an element-wise function of two operands.
type BinaryOp uint8

// The binary element-wise functions.
const (
	Add BinaryOp = iota
	Sub
	Mul
)

var binaryNames = [...]string{"Add", "Sub", "Mul"}

// String returns the function's name.
func (op BinaryOp) String() string { return binaryNames[op] }

// Elementwise is the arithmetic on single elements and its reductions.
type Elementwise interface {
	// Unary is dst = op(x).
	Unary(op UnaryOp, dst, x *Tensor)
	// UnaryBackward is dx (+)= dy · op'(x), with y = op(x) at hand.
	UnaryBackward(op UnaryOp, dx, dy, x, y *Tensor, acc bool)
	// Binary is dst = op(a, b), where b's shape is a suffix of a's and b is
	// repeated over a's leading dimensions.
	Binary(op BinaryOp, dst, a, b *Tensor)
	// Scale is dst = s·x.
	Scale(dst, x *Tensor, s float32)
	// Axpy is y += s·x.
	Axpy(y *Tensor, s float32, x *Tensor)
	// AxpyBy is y += s[0]·x for a one-element tensor s.
	AxpyBy(y, s, x *Tensor)
	// MulAcc is dst += a · b with b broadcast as in Binary.
	MulAcc(dst, a, b *Tensor)
	// ScaleByScalar is dst = x · s[0] for a one-element tensor s.
	ScaleByScalar(dst, x, s *Tensor)
	// SumLeading is dst += the sum of x over its leading dimensions, dst's shape
	// being a suffix of x's.
	SumLeading(dst, x *Tensor)
	// DotLeading is dst += the sum of a·b over the leading dimensions, or over all
	// where dst has one element.
	DotLeading(dst, a, b *Tensor)
	// Sum is dst[0] = s · the sum of x, accumulated in float64 over fixed blocks.
	Sum(dst, x *Tensor, s float32)
	// AddScalar is dst (+)= s·v[0] in every element, the backward of Sum.
	AddScalar(dst *Tensor, v *Tensor, s float32, acc bool)
}

// Activation of a linear layer.
type Activation uint8

// The activations a linear layer can end with.
const (
	NoAct Activation = iota
	ActReLU
	ActGELU
	ActQuickGELU
	ActSiLU
)

// Products are the matrix products.
type Products interface {
	// Linear is dst = act(x·Wᵀ + bias) + residual, for x (rows, in), W (out, in),
	// bias (out) or nil, residual as dst or nil. An activation and a
	// residual exclude each other. With an activation pre may be given: it
	// receives x·Wᵀ + bias; otherwise it is nil.
	Linear(dst, pre, x *Tensor, w *Weight, bias *Tensor, act Activation, residual *Tensor)
	// ActBackward turns dy into the gradient before the activation, in place:
	// dy = dy · act'(pre).
	ActBackward(act Activation, dy, pre *Tensor)
	// LinearBackwardInput is dx (+)= dy·W.
	LinearBackwardInput(dx, dy *Tensor, w *Weight, acc bool)
	// LinearBackwardWeight is dw (+)= dyᵀ·x and, if dbias is not nil, dbias += the
	// column sums of dy.
	LinearBackwardWeight(dw, dbias, dy, x *Tensor, acc bool)
	// MatMul is dst = alpha·op(a)·op(b) + beta·dst for matrices, or for each of
	// the leading dimension's matrices where all three have rank 3.
	MatMul(dst, a, b *Tensor, transA, transB bool, alpha, beta float32)
	// Transpose swaps the last two dimensions.
	Transpose(dst, x *Tensor)
}

// Attention is multi-head scaled dot-product attention, softmax(q·kᵀ/√d)·v.
type Attention interface {
	// SelfAttention reads packed qkv (B, T, 3·D), heads side by side in each of
	// q, k, v, and writes dst (B, T, D) and the row-wise log-sum-exp of the
	// scores lse (B, heads, T), from which backward recomputes probabilities.
	// Causal: token i sees tokens 0..i.
	SelfAttention(dst, lse, qkv *Tensor, heads int, causal bool)
	// SelfAttentionBackward overwrites dqkv.
	SelfAttentionBackward(dqkv, dy, y, lse, qkv *Tensor, heads int, causal bool)
	// QueryAttention is attention of one query row per sample, q (B, D), over
	// kv (B, T, 2·D); sample b sees its first n[b] keys (all T if n is nil).
	// probs (B, heads, T) is kept for backward.
	QueryAttention(dst, probs, q, kv *Tensor, n []int32, heads int)
	// QueryAttentionBackward overwrites dq and dkv.
	QueryAttentionBackward(dq, dkv, dy, probs, q, kv *Tensor, n []int32, heads int)
}

// Norms are the normalisations.
type Norms interface {
	// LayerNorm is dst = (x-mean)·rstd·gamma + beta per row; mean and rstd have
	// one element a row and are kept for backward.
	LayerNorm(dst, mean, rstd, x, gamma, beta *Tensor, eps float32)
	// LayerNormBackward is dx (+)= ...; dgamma and dbeta add and may be nil.
	LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *Tensor, acc bool)
	// BatchNorm normalises each channel over the batch: x is (N, C), or (N, C,
	// spatial...) with the channel in dimension 1. mean and rstd (C) are
	// computed from x, by the biased variance; relu clamps the result at zero.
	BatchNorm(dst, mean, rstd, x, gamma, beta *Tensor, eps float32, relu bool)
	// BatchNormBackward takes y, the forward result, to undo the clamp.
	BatchNormBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *Tensor, relu, acc bool)
	// ChannelAffine is dst = (x-mean)·rstd·gamma + beta with given statistics
	// (evaluation), clamped at zero if relu.
	ChannelAffine(dst, x, mean, rstd, gamma, beta *Tensor, relu bool)
	// ChannelAffineBackward is the backward of ChannelAffine: statistics are constants.
	ChannelAffineBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *Tensor, relu, acc bool)
	// MoveStats moves running statistics towards those of a batch, of which mean
	// and rstd were computed over n values a channel: running = (1-momentum)·running
	// + momentum·batch, with the unbiased variance.
	MoveStats(runningMean, runningVar, mean, rstd *Tensor, n int, eps, momentum float32)
	// InvStd is rstd = 1/√(variance+eps).
	InvStd(rstd, variance *Tensor, eps float32)
	// GroupNorm normalises x (N, C, spatial...) over groups of C/groups channels
	// per sample; groups = C is instance norm. mean and rstd are (N, groups);
	// gamma and beta (C) may be nil.
	GroupNorm(dst, mean, rstd, x, gamma, beta *Tensor, groups int, eps float32)
	// GroupNormBackward is its backward; dgamma and dbeta may be nil.
	GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *Tensor, groups int, acc bool)
	// Softmax is per row.
	Softmax(dst, x *Tensor)
	// SoftmaxBackward is dx (+)= y·(dy - Σ dy·y).
	SoftmaxBackward(dx, dy, y *Tensor, acc bool)
	// L2Normalize is dst = x/max(‖x‖, eps) per row; norm keeps the clamped norms.
	L2Normalize(dst, norm, x *Tensor, eps float32)
	// L2NormalizeBackward is its backward (rows below eps count as divided by a constant).
	L2NormalizeBackward(dx, dy, y, norm *Tensor, eps float32, acc bool)
}

// Losses are the reductions a training step ends with. All write a one-element
// loss, and their backward takes its gradient dloss, one element too.
type Losses interface {
	// CrossEntropy is the mean over rows of -log softmax(logits)[target]; probs
	// keeps the softmax.
	CrossEntropy(loss, probs, logits *Tensor, targets []int32)
	// CrossEntropyBackward is its backward.
	CrossEntropyBackward(dlogits, dloss, probs *Tensor, targets []int32, acc bool)
	// SoftCrossEntropy has a distribution per row as its target.
	SoftCrossEntropy(loss, probs, logits, targets *Tensor)
	// SoftCrossEntropyBackward is its backward.
	SoftCrossEntropyBackward(dlogits, dloss, probs, targets *Tensor, acc bool)
	// WeightedMSE is Σ_r w[r]·mean_c (x[r,c]-target[r,c])².
	WeightedMSE(loss, x, target, w *Tensor)
	// WeightedMSEBackward is dx (+)= dloss·2·w[r]/C·(x-target).
	WeightedMSEBackward(dx, dloss, x, target, w *Tensor, acc bool)
}

// Rows moves whole rows by index.
type Rows interface {
	// GatherRows is dst[i] = x[ids[i]], or fill where ids[i] is negative.
	GatherRows(dst, x, fill *Tensor, ids Index)
	// ScatterAddRows is dx[ids[i]] += dy[i], and dfill += dy[i] where ids[i] is
	// negative; either destination may be nil. Rows are added in the order of i.
	ScatterAddRows(dx, dfill, dy *Tensor, ids Index)
}

// ConvShape describes a 2-D convolution or pooling window.
type ConvShape struct {
	KernelH, KernelW     int
	StrideH, StrideW     int
	PadH, PadW           int
	DilationH, DilationW int // 1 for none
	Groups               int // convolution only; 1 for none
}

// Out returns the output size for an input of h x w.
func (c ConvShape) Out(h, w int) (oh, ow int) {
	oh = (h+2*c.PadH-c.DilationH*(c.KernelH-1)-1)/c.StrideH + 1
	ow = (w+2*c.PadW-c.DilationW*(c.KernelW-1)-1)/c.StrideW + 1
	return oh, ow
}

// Images are the operations of small convolutional networks, on (N, C, H, W).
type Images interface {
	// Conv2D is a cross-correlation; w is (out, in/groups, kh, kw), bias (out) or nil.
	Conv2D(dst, x, w, bias *Tensor, c ConvShape)
	// Conv2DBackward adds to dw and dbias (may be nil); dx may be nil.
	Conv2DBackward(dx, dw, dbias, dy, x, w *Tensor, c ConvShape, acc bool)
	// MaxPool2D keeps the flat index of each maximum in index, as float bits of an int32.
	MaxPool2D(dst, index, x *Tensor, c ConvShape)
	// MaxPool2DBackward is its backward.
	MaxPool2DBackward(dx, dy, index *Tensor, acc bool)
	// AvgPool2D divides by the full window, padding included, as PyTorch does by default.
	AvgPool2D(dst, x *Tensor, c ConvShape)
	// AvgPool2DBackward is its backward.
	AvgPool2DBackward(dx, dy *Tensor, c ConvShape, acc bool)
}

// AdamConfig holds one Adam step's numbers, in PyTorch's names.
type AdamConfig struct {
	LR, Beta1, Beta2, Eps, WeightDecay float32
	Decoupled                          bool // AdamW
	Step                               int  // 1 for the first
}

// Updates are the optimiser's steps, in place over flat buffers. The gradient is
// multiplied by scale[0] first, if scale is not nil. Where that is not a number no
// update is made: nothing changes.
type Updates interface {
	// Adam updates p, m, v from g.
	Adam(p, g, m, v, scale *Tensor, c AdamConfig)
	// SGD updates p and its momentum buffer m (nil for none) from g.
	SGD(p, g, m, scale *Tensor, lr, momentum, weightDecay float32, nesterov, first bool)
	// NoteStep is what happens between the gradients of a step and its update,
	// without a word to the host. It writes the loss and the norm of the gradient,
	// which is the root of the sum of squares, to the next row of log, and sets
	// scale to what brings the norm down to most, 1 where it is no larger or most is
	// 0. Where loss or norm is not finite, scale is NaN, and so it stays. log is
	// (1+2·rows): the next row, which comes back to 0 after the last, and the rows.
	NoteStep(log, scale, loss, squares *Tensor, most float64)
	// SumSquares is dst[0] = Σ x², accumulated in float64 over fixed blocks.
	SumSquares(dst, x *Tensor)
}
