package rng

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// Uniform fills dst with the values offset, offset+1, ... of a uniform distribution on [0, 1). Value i is the
// upper 24 bits of word i times 2^-24.
func (s Stream) Uniform(dst []float32, offset uint64) {
	s.fill(dst, offset, uniform)
}

// Normal fills dst with the values offset, offset+1, ... of a standard normal distribution. Values 2*i and 2*i+1
// are the cosine and the sine part of a Box-Muller pair made from the words 2*i (radius) and 2*i+1 (angle). The
// same bits come out on every machine. No magnitude exceeds 6.77.
func (s Stream) Normal(dst []float32, offset uint64) {
	s.fill(dst, offset, normal)
}

// distribution turns the four words of a block into four values.
type distribution int

const (
	uniform distribution = iota
	normal
)

// fill writes the values offset, offset+1, ... of a distribution, cutting the first and the last four as needed.
func (s Stream) fill(dst []float32, offset uint64, d distribution) {
	i := offset / 4
	if skip := offset % 4; skip != 0 {
		var edge [4]float32
		s.four(&edge, i, d)
		dst = dst[copy(dst, edge[skip:]):]
		i++
	}
	for ; len(dst) >= 4; i++ {
		s.four((*[4]float32)(dst), i, d)
		dst = dst[4:]
	}
	if len(dst) > 0 {
		var edge [4]float32
		s.four(&edge, i, d)
		copy(dst, edge[:])
	}
}

// four writes the values 4*i to 4*i+3 of a distribution.
func (s Stream) four(out *[4]float32, i uint64, d distribution) {
	w0, w1, w2, w3 := s.block(i)
	switch d {
	case uniform:
		uniform4(out, w0, w1, w2, w3)
	case normal:
		out[0], out[1] = boxMuller(w0, w1)
		out[2], out[3] = boxMuller(w2, w3)
	}
}

func uniform4(out *[4]float32, w0, w1, w2, w3 uint32) {
	const scale = 1.0 / (1 << 24)
	out[0] = float32(w0>>8) * scale
	out[1] = float32(w1>>8) * scale
	out[2] = float32(w2>>8) * scale
	out[3] = float32(w3>>8) * scale
}

// boxMuller returns r*cos(angle) and r*sin(angle) with r = sqrt(-2 ln u), u = (radius+1/2) * 2^-32 and an angle
// uniform on the circle. Products are rounded before they are added, so that no machine fuses them; the two
// polynomials are summed in halves, which the processor can overlap.
func boxMuller(radius, angle uint32) (x, y float32) {
	r := math.Sqrt(-2 * logUnit(radius))

	// The lowest bit of the angle chooses the half of the circle, the other 31 a place in [-pi/2, pi/2).
	a := (float64(int32(angle)>>1) + 0.5) * (math.Pi / (1 << 31))
	r = math.Float64frombits(math.Float64bits(r) ^ uint64(angle)<<63)
	z := a * a
	zz := z * z
	cos := (1 + float64(z*c1)) + float64(zz*((c2+float64(z*c3))+float64(zz*((c4+float64(z*c5))+float64(zz*c6)))))
	sin := (1 + float64(z*s1)) + float64(zz*((s2+float64(z*s3))+float64(zz*((s4+float64(z*s5))+float64(zz*s6)))))
	return float32(r * cos), float32(r * a * sin)
}

// Taylor coefficients of cos(a) and sin(a)/a in powers of a*a. On [-pi/2, pi/2] the terms left out are below 7e-9.
const (
	c1 = -1.0 / 2
	c2 = 1.0 / 24
	c3 = -1.0 / 720
	c4 = 1.0 / 40320
	c5 = -1.0 / 3628800
	c6 = 1.0 / 479001600

	s1 = -1.0 / 6
	s2 = 1.0 / 120
	s3 = -1.0 / 5040
	s4 = 1.0 / 362880
	s5 = -1.0 / 39916800
	s6 = 1.0 / 6227020800
)

// logUnit returns the natural logarithm of (w+1/2) * 2^-32 with a relative error below 3e-9: ln m + e ln 2 with
// m in [sqrt(1/2), sqrt(2)) and ln m = 2 artanh(t), t = (m-1)/(m+1).
func logUnit(w uint32) float64 {
	const sqrtHalf = 0x3fe6a09e667f3bcd // the bits of sqrt(1/2)
	b := math.Float64bits(float64(w)+0.5) - sqrtHalf
	e := float64(int64(b)>>52 - 32)
	m := math.Float64frombits(b&(1<<52-1) + sqrtHalf)
	t := (m - 1) / (m + 1)
	z := t * t
	zz := z * z
	series := (1 + float64(z*(1.0/3))) + float64(zz*((1.0/5+float64(z*(1.0/7)))+float64(zz*(1.0/9))))
	return float64(e*math.Ln2) + float64(2*t*series)
}

// Intn returns the i-th number of a uniform distribution on [0, n): the upper half of the 128-bit product of n
// and Uint64At(i), whose bias is below n * 2^-64. It panics when n < 1.
func (s Stream) Intn(i uint64, n int) int {
	if n < 1 {
		panic(fmt.Errorf("rng: Intn(%d, %d): the bound must be at least 1", i, n))
	}
	hi, _ := bits.Mul64(s.Uint64At(i), uint64(n))
	return int(hi)
}

// Perm fills dst with the i-th random permutation of [0, len(dst)): the order that sorts the words i*len(dst),
// i*len(dst)+1, ... in increasing order, equal words by index. All permutations of a stream should have the same
// length, else they share words. It allocates when len(dst) > 512.
func (s Stream) Perm(dst []int32, i uint64) {
	var small [512]uint64
	keys := small[:0]
	if len(dst) > len(small) {
		keys = make([]uint64, 0, len(dst))
	}
	keys = keys[:len(dst)]
	var word [4]uint32
	first := i * uint64(len(dst))
	for j := range keys {
		at := first + uint64(j)
		if j == 0 || at%4 == 0 {
			word[0], word[1], word[2], word[3] = s.block(at / 4)
		}
		keys[j] = uint64(word[at%4])<<32 | uint64(j)
	}
	slices.Sort(keys)
	for j, key := range keys {
		dst[j] = int32(uint32(key))
	}
}
