package nn

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"diffclip/internal/rng"
	"diffclip/tensor"
)

// Init fills a new parameter. Random initialisers draw from the stream of the
// parameter's name, so that a value does not depend on what else is made.
type Init func(t *tensor.Tensor, seed uint64, name string)

// Zeros fills with zero.
func Zeros(*tensor.Tensor, uint64, string) {}

// Ones fills with one.
func Ones(t *tensor.Tensor, _ uint64, _ string) { fill(t, 1) }

// Constant fills with v.
func Constant(v float32) Init { return func(t *tensor.Tensor, _ uint64, _ string) { fill(t, v) } }

func fill(t *tensor.Tensor, v float32) {
	for i := range t.Data {
		t.Data[i] = v
	}
}

// Normal draws from a normal distribution with mean 0.
func Normal(std float64) Init {
	return func(t *tensor.Tensor, seed uint64, name string) {
		rng.New(seed, name, 0).Normal(t.Data, 0)
		for i, v := range t.Data {
			t.Data[i] = float32(float64(v) * std)
		}
	}
}

// TruncNormal draws from a normal distribution cut off at two standard
// deviations: its inverse distribution function at uniform values between those
// of the ends.
func TruncNormal(std float64) Init {
	return func(t *tensor.Tensor, seed uint64, name string) {
		rng.New(seed, name, 0).Uniform(t.Data, 0)
		lo := (1 + math.Erf(-2/math.Sqrt2)) / 2
		for i, u := range t.Data {
			p := lo + float64(u)*(1-2*lo)
			t.Data[i] = float32(std * math.Sqrt2 * math.Erfinv(2*p-1))
		}
	}
}

// Uniform draws from [-a, a).
func Uniform(a float64) Init {
	return func(t *tensor.Tensor, seed uint64, name string) {
		rng.New(seed, name, 0).Uniform(t.Data, 0)
		for i, u := range t.Data {
			t.Data[i] = float32(a * (2*float64(u) - 1))
		}
	}
}

// fans returns the number of inputs and outputs of a weight (out, in, kernel...).
func fans(t *tensor.Tensor) (in, out float64) {
	field := 1
	for i := 2; i < t.Rank(); i++ {
		field *= t.Dim(i)
	}
	return float64(t.Dim(1) * field), float64(t.Dim(0) * field)
}

// XavierUniform draws from [-a, a) with a = √(6/(in+out)) (Glorot and Bengio 2010).
func XavierUniform(t *tensor.Tensor, seed uint64, name string) {
	in, out := fans(t)
	Uniform(math.Sqrt(6/(in+out)))(t, seed, name)
}

// Orthogonal draws a weight (out, in) whose columns are of length 1 and orthogonal
// to one another, or its rows where those are fewer: the orthogonal factor of
// normal values (Saxe, McClelland and Ganguli 2014). A layer that is not narrower
// than its input then keeps the input's lengths and angles.
func Orthogonal(t *tensor.Tensor, seed uint64, name string) {
	out, in := t.Dim(0), t.Dim(1)
	count, length := in, out // vectors and their length
	at := func(v, i int) int { return i*in + v }
	if out < in {
		count, length = out, in
		at = func(v, i int) int { return v*in + i }
	}
	drawn := make([]float32, count*length)
	rng.New(seed, name, 0).Normal(drawn, 0)
	x := mat.NewDense(length, count, nil)
	for v := range count {
		for i := range length {
			x.Set(i, v, float64(drawn[v*length+i]))
		}
	}
	var qr mat.QR
	qr.Factorize(x)
	var q, r mat.Dense
	qr.QTo(&q)
	qr.RTo(&r)
	for v := range count {
		sign := math.Copysign(1, r.At(v, v)) // a positive diagonal makes every direction as likely
		for i := range length {
			t.Data[at(v, i)] = float32(sign * q.At(i, v))
		}
	}
}

// KaimingUniform draws a weight from [-a, a) with a = 1/√in, PyTorch's default
// for linear and convolution layers (He et al. 2015 with slope √5).
func KaimingUniform(t *tensor.Tensor, seed uint64, name string) {
	in, _ := fans(t)
	Uniform(1/math.Sqrt(in))(t, seed, name)
}

// KaimingNormal draws from a normal distribution with std √(2/in), for layers
// followed by a ReLU (He et al. 2015).
func KaimingNormal(t *tensor.Tensor, seed uint64, name string) {
	in, _ := fans(t)
	Normal(math.Sqrt(2/in))(t, seed, name)
}

// CopyOf starts at the values of src, which has the parameter's shape.
func CopyOf(src *tensor.Tensor) Init {
	return func(t *tensor.Tensor, _ uint64, name string) {
		if t.Shape != src.Shape {
			panic(&tensor.ShapeError{Op: "CopyOf " + name, Shapes: []tensor.Shape{t.Shape, src.Shape}})
		}
		copy(t.Data, src.Data)
	}
}
