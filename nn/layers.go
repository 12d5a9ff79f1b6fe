package nn

import (
	"math"

	"diffclip/autograd"
	"diffclip/tensor"
)

// Linear is x·Wᵀ + b.
type Linear struct {
	Weight *Param // (out, in)
	Bias   *Param // (out), nil for none
}

// NewLinear makes a linear layer with Xavier-uniform weights and zero bias, the
// usual start of a vision transformer's layers.
func NewLinear(s Scope, in, out int) *Linear {
	return NewLinearInit(s, in, out, XavierUniform, Zeros)
}

// NewLinearInit makes a linear layer with given initialisers; a nil bias
// initialiser means no bias.
func NewLinearInit(s Scope, in, out int, weight, bias Init) *Linear {
	l := &Linear{Weight: s.Param("weight", weight, out, in)}
	if bias != nil {
		l.Bias = s.Param("bias", bias, out)
	}
	return l
}

func (l *Linear) vars(t *autograd.Tape) (w, b *autograd.Var) {
	w = t.Param(l.Weight)
	if l.Bias != nil {
		b = t.Param(l.Bias)
	}
	return w, b
}

// Forward is x·Wᵀ + b: (..., in) to (..., out).
func (l *Linear) Forward(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	w, b := l.vars(t)
	return t.Linear(x, w, b)
}

// ForwardAct is act(x·Wᵀ + b).
func (l *Linear) ForwardAct(t *autograd.Tape, x *autograd.Var, act autograd.Activation) *autograd.Var {
	w, b := l.vars(t)
	return t.LinearAct(x, w, b, act)
}

// ForwardAdd is x·Wᵀ + b + residual.
func (l *Linear) ForwardAdd(t *autograd.Tape, x, residual *autograd.Var) *autograd.Var {
	w, b := l.vars(t)
	return t.LinearAdd(x, w, b, residual)
}

// LayerNorm normalises the last dimension.
type LayerNorm struct {
	Weight, Bias *Param
	Eps          float32
}

// NewLayerNorm makes a layer norm over rows of dim values.
func NewLayerNorm(s Scope, dim int, eps float32) *LayerNorm {
	return &LayerNorm{s.Param("weight", Ones, dim), s.Param("bias", Zeros, dim), eps}
}

// Forward normalises each row of x.
func (l *LayerNorm) Forward(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	return t.LayerNorm(x, t.Param(l.Weight), t.Param(l.Bias), l.Eps)
}

// BatchNorm normalises each channel over the batch in training and by running
// statistics in evaluation.
type BatchNorm struct {
	Weight, Bias *Param
	Stats        autograd.BatchStats
	Eps          float32
	// Fixed uses the running statistics in training too.
	Fixed bool
}

// NewBatchNorm makes a batch norm over the given channels, with PyTorch's
// momentum 0.1 and eps 1e-5.
func NewBatchNorm(s Scope, channels int) *BatchNorm {
	return &BatchNorm{
		Weight: s.Param("weight", Ones, channels),
		Bias:   s.Param("bias", Zeros, channels),
		Stats: autograd.BatchStats{
			Mean:     s.Buffer("running_mean", 0, channels),
			Var:      s.Buffer("running_var", 1, channels),
			Momentum: 0.1,
		},
		Eps: 1e-5,
	}
}

// Forward normalises x, (N, C) or (N, C, H, W); relu clamps the result at zero.
func (l *BatchNorm) Forward(t *autograd.Tape, x *autograd.Var, relu bool) *autograd.Var {
	return t.BatchNorm(x, t.Param(l.Weight), t.Param(l.Bias), &l.Stats, l.Eps, t.Training() && !l.Fixed, relu)
}

// Embedding is a table of rows taken by index.
type Embedding struct {
	Weight *Param // (rows, dim)
}

// NewEmbedding makes a table of normal values with the given standard deviation.
func NewEmbedding(s Scope, rows, dim int, std float64) *Embedding {
	return &Embedding{s.Param("weight", Normal(std), rows, dim)}
}

// Forward takes the rows ids: (len(ids), dim). ids must stay unchanged until
// the tape's backward pass.
func (l *Embedding) Forward(t *autograd.Tape, ids []int32) *autograd.Var {
	return t.GatherRows(t.Param(l.Weight), nil, tensor.IDs(ids))
}

// Conv2d is a convolution over images (N, C, H, W).
type Conv2d struct {
	Weight, Bias *Param // (out, in/groups, kh, kw), (out); Bias nil for none
	Shape        autograd.Conv
}

// NewConv2d makes a convolution with He-normal weights and zero bias.
func NewConv2d(s Scope, in, out int, c autograd.Conv) *Conv2d {
	return &Conv2d{s.Param("weight", KaimingNormal, out, in/c.Groups, c.KernelH, c.KernelW), s.Param("bias", Zeros, out), c}
}

// Forward convolves x.
func (l *Conv2d) Forward(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	var b *autograd.Var
	if l.Bias != nil {
		b = t.Param(l.Bias)
	}
	return t.Conv2D(x, t.Param(l.Weight), b, l.Shape)
}

// SinusoidTable returns the sinusoidal features of the numbers 0..n-1, (n, dim):
// cosines in the first half of a row, sines in the second, at frequencies
// 10000^(-i/(dim/2)) (Vaswani et al. 2017, in the layout of diffusion models).
func SinusoidTable(n, dim int) *tensor.Tensor {
	out := tensor.New(n, dim)
	half := dim / 2
	for i := range half {
		f := math.Exp(-math.Log(10000) * float64(i) / float64(half))
		for p := range n {
			sin, cos := math.Sincos(float64(p) * f)
			out.Data[p*dim+i] = float32(cos)
			out.Data[p*dim+half+i] = float32(sin)
		}
	}
	return out
}
