package kernels_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"diffclip/cuda/kernels"
	"diffclip/internal/golden"
	"diffclip/internal/rng"
	"diffclip/tensor"
)

// TestAttentionAtTheModelsSizes compares with the CPU at 37 and 122 tokens of
// head size 16, around the edges of a tile, and at a head size without kernels of its own.
func TestAttentionAtTheModelsSizes(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	for _, c := range []struct {
		batch, tokens, width, heads int
		causal                      bool
	}{
		{2, 37, 32, 2, false}, {1, 122, 16, 1, false}, {1, 77, 32, 2, true}, {1, 64, 16, 1, true}, {1, 65, 16, 1, false}, {2, 1, 16, 1, true}, {1, 33, 40, 1, true}, {1, 66, 64, 1, false},
	} {
		b := newVM(t)
		y, lse, dqkv := b.attention(c.batch, c.tokens, c.width, c.heads, c.causal)
		qkv, dy := random("qkv", c.batch, c.tokens, 3*c.width), random("dy", c.batch, c.tokens, c.width)
		wantY, wantLSE, wantD := tensor.New(y.Dims()...), tensor.New(lse.Dims()...), tensor.New(dqkv.Dims()...)
		cpu.SelfAttention(wantY, wantLSE, qkv, c.heads, c.causal)
		cpu.SelfAttentionBackward(wantD, dy, wantY, wantLSE, qkv, c.heads, c.causal)
		what := fmt.Sprint(c)
		golden.Near(t, "y "+what, y.Data, wantY.Data, 5e-6)
		golden.Near(t, "lse "+what, lse.Data, wantLSE.Data, 5e-6)
		golden.Near(t, "dqkv "+what, dqkv.Data, wantD.Data, 3e-5)
	}
}

// TestFourAtATime compares with the CPU where rows allow kernels to take four
// elements at a time, and where they do not.
func TestFourAtATime(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	for _, cols := range []int{7, 8, 128, 132} {
		const rows = 11
		shape := []int{rows, cols}
		for name, run := range map[string]func(be tensor.Backend) []*tensor.Tensor{
			"Linear": func(be tensor.Backend) (out []*tensor.Tensor) {
				w := tensor.NewWeight(random("w", cols, 3))
				for act := range tensor.ActSiLU + 1 {
					y, pre := tensor.New(shape...), tensor.New(shape...)
					if act == tensor.NoAct {
						be.Linear(y, nil, random("x", rows, 3), w, nil, act, random("r", rows, cols))
					} else {
						be.Linear(y, pre, random("x", rows, 3), w, random("b", cols), act, nil)
						out = append(out, pre)
					}
					out = append(out, y)
				}
				return out
			},
			"Unary backward": func(be tensor.Backend) (out []*tensor.Tensor) {
				for op := range tensor.Square + 1 {
					x, y, dx := random("x", rows, cols), tensor.New(shape...), random("dx", rows, cols)
					be.Unary(op, y, x)
					be.UnaryBackward(op, dx, random("dy", rows, cols), x, y, op%2 == 0)
					out = append(out, dx)
				}
				return out
			},
			"Binary": func(be tensor.Backend) (out []*tensor.Tensor) {
				for op := range tensor.Mul + 1 {
					z := tensor.New(shape...)
					be.Binary(op, z, random("x", rows, cols), random("y", cols))
					out = append(out, z)
				}
				return out
			},
			"GatherRows": func(be tensor.Backend) []*tensor.Tensor {
				y := tensor.New(20, cols)
				be.GatherRows(y, random("x", rows, cols), random("f", cols), tensor.IDs(make20(-1)))
				return []*tensor.Tensor{y}
			},
			"Copy2D": func(be tensor.Backend) []*tensor.Tensor {
				a, b := random("a", rows, cols), random("b", rows, cols+4)
				be.Copy2D(a, 0, cols, b, 4, cols+4, rows, cols, true)
				be.Copy2D(b, 4, cols+4, a, 0, cols, rows, cols, false)
				odd := random("odd", rows, cols+1) // whose rows begin anywhere
				be.Copy2D(a, 0, cols, odd, 0, cols+1, rows, cols, true)
				be.Copy2D(odd, 0, cols+1, b, 0, cols+4, rows, cols, false)
				be.Copy2D(b, 4, cols+4, a, 0, cols, rows, cols-2, true) // a part of each row
				return []*tensor.Tensor{a, b, odd}
			},
			"LayerNorm": func(be tensor.Backend) []*tensor.Tensor {
				y, mean, rstd := tensor.New(shape...), tensor.New(rows), tensor.New(rows)
				be.LayerNorm(y, mean, rstd, random("x", rows, cols), random("g", cols), random("b", cols), 1e-5)
				return []*tensor.Tensor{y, mean, rstd}
			},
			"WeightedMSE backward": func(be tensor.Backend) []*tensor.Tensor {
				dx := random("dx", rows, cols)
				be.WeightedMSEBackward(dx, random("d", 1), random("x", rows, cols), random("t", rows, cols), random("w", rows), true)
				return []*tensor.Tensor{dx}
			},
		} {
			got, want := run(newVM(t)), run(cpu)
			for i := range want {
				golden.Near(t, fmt.Sprint(name, " ", i, ", ", cols, " columns"), got[i].Data, want[i].Data, 2e-6)
			}
		}
	}
}

// TestUnalignedOperands moves each operand of an operation in turn off the multiples
// of 16 bytes that loads of four elements need: an operand may be a part of another.
func TestUnalignedOperands(t *testing.T) {
	for _, k := range kernels.Kernels {
		if code := entry(k.Name); !strings.Contains(code, "global.v4.") && !strings.Contains(code, "global.v2.") {
			continue
		}
		const operands = 8 // of LayerNormBackward
		for shifted := range operands {
			b := newVM(t)
			b.shifted = shifted + 1
			exercise[k.Name](b) // the interpreter refuses loads from other places
		}
	}
}

// TestColumnSumsOfAllLengths: a thread adds up eight rows at a time and then the rest, whatever it is.
func TestColumnSumsOfAllLengths(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	for rows := 1; rows <= 16*8; rows += 5 {
		x, got, want := random("x", rows, 3), random("sum", 3), random("sum", 3)
		newVM(t).SumLeading(got, x)
		cpu.SumLeading(want, x)
		golden.Near(t, fmt.Sprint(rows, " rows"), got.Data, want.Data, 2e-6)
	}
}

// TestTotalKeepsSmallTerms: partial sums are added in float64.
func TestTotalKeepsSmallTerms(t *testing.T) {
	x := tensor.New(3 * 256)
	x.Data[0], x.Data[256], x.Data[512] = 1<<26, 1, -1<<26 // of one thread
	sum := tensor.New()
	newVM(t).Sum(sum, x, 1)
	if sum.Item() != 1 {
		t.Errorf("2^26 + 1 - 2^26 = %v", sum.Item())
	}
}

// TestLayerNormWide compares with the CPU where a warp takes several rows and the
// parameters' gradients are added up on the way.
func TestLayerNormWide(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	for _, c := range []struct {
		rows, cols int
		acc        bool
	}{{1, 4, false}, {4300, 8, true}, {70, 128, true}, {9, 100, false}} {
		b := newVM(t)
		x, dy, gamma := random("x", c.rows, c.cols), random("dy", c.rows, c.cols), random("g", c.cols)
		mean, rstd := tensor.New(c.rows), tensor.New(c.rows)
		cpu.LayerNorm(tensor.New(c.rows, c.cols), mean, rstd, x, gamma, tensor.New(c.cols), 1e-5)
		run := func(be tensor.Backend) (dx, dgamma, dbeta *tensor.Tensor) {
			dx, dgamma, dbeta = random("dx", c.rows, c.cols), random("dg", c.cols), random("db", c.cols)
			be.LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, c.acc)
			return dx, dgamma, dbeta
		}
		dx, dgamma, dbeta := run(b)
		wantX, wantG, wantB := run(cpu)
		what := fmt.Sprint(c)
		golden.Near(t, "dx "+what, dx.Data, wantX.Data, 2e-6)
		golden.Near(t, "dgamma "+what, dgamma.Data, wantG.Data, 2e-6)
		golden.Near(t, "dbeta "+what, dbeta.Data, wantB.Data, 2e-6)
		if b.launches["layer_norm_backward_wide"] != 1 {
			t.Errorf("%s: launched %v", what, b.launches)
		}
	}
}

// TestAttentionByTensorCores compares with the CPU where factors are rounded to 10
// bits: each to 5e-4 of itself, of which a sum of many keeps less.
func TestAttentionByTensorCores(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	for _, tokens := range []int{1, 9, 37, 64, 65, 77, 122, 128} {
		for _, causal := range []bool{false, true} {
			const batch, width, heads = 2, 32, 2
			b := newVM(t)
			b.rounded = true
			y, lse, dqkv := b.attention(batch, tokens, width, heads, causal)
			qkv, dy := random("qkv", batch, tokens, 3*width), random("dy", batch, tokens, width)
			wantY, wantLSE, wantD := tensor.New(y.Dims()...), tensor.New(lse.Dims()...), tensor.New(dqkv.Dims()...)
			cpu.SelfAttention(wantY, wantLSE, qkv, heads, causal)
			cpu.SelfAttentionBackward(wantD, dy, wantY, wantLSE, qkv, heads, causal)
			for _, c := range []struct {
				name      string
				got, want *tensor.Tensor
			}{{"y", y, wantY}, {"lse", lse, wantLSE}, {"dqkv", dqkv, wantD}} {
				if d := distance(c.got.Data, c.want.Data); !(d < 1e-3) {
					t.Errorf("%d tokens, causal %v: %s is off by %.2g of its length", tokens, causal, c.name, d)
				}
			}
		}
	}
}

// TestTensorCoresRoundToNearest reads the rounding of each factor off attention over
// one token, whose score and result are that factor: to 10 bits, so by at most 2^-11
// of itself, where a device that is given more bits drops them, and loses twice as much.
func TestTensorCoresRoundToNearest(t *testing.T) {
	const batch, width = 64, 16
	b := newVM(t)
	b.rounded = true
	off := func(what string, got, want float32) {
		t.Helper()
		if d := math.Abs(float64(got-want) / float64(want)); !(d <= 0x1.01p-11) {
			t.Errorf("%s is %v, want %v: off by %.2g of itself", what, got, want, d)
		}
	}
	values := random("factors", batch, width)
	qkv, dy := tensor.New(batch, 1, 3*width), random("dy", batch, 1, width)
	for i := range batch {
		qkv.Data[i*3*width], qkv.Data[i*3*width+width] = values.Data[i*width], 4 // q and k: the score is q
		copy(qkv.Data[i*3*width+2*width:], values.Data[i*width:][:width])        // v
	}
	y, lse, dqkv := tensor.New(batch, 1, width), tensor.New(batch, 1, 1), tensor.New(batch, 1, 3*width)
	b.SelfAttention(y, lse, qkv, 1, false)
	b.SelfAttentionBackward(dqkv, dy, y, lse, qkv, 1, false)
	for i := range batch {
		off("a score", lse.Data[i], values.Data[i*width])
		for c := range width {
			off("v", y.Data[i*width+c], values.Data[i*width+c])
			off("dv", dqkv.Data[i*3*width+2*width+c], dy.Data[i*width+c])
		}
	}

	// Of two tokens, one with the score 0 and v = 0, the other with a score below and v = 1.
	two := tensor.New(batch, 2, 3*width)
	for i := range batch {
		row := two.Data[i*6*width:]
		row[0], row[width], row[2*width] = -0.05*float32(i+1), 4, 1
	}
	y, lse = tensor.New(batch, 2, width), tensor.New(batch, 1, 2)
	b.SelfAttention(y, lse, two, 1, false)
	for i := range batch {
		sum := math.Exp(float64(lse.Data[2*i])) // 1 + p
		off("p", y.Data[2*i*width], float32((sum-1)/sum))
	}
}

// TestTensorCoresWithLargeScores: each row of a tile has a maximum of its own, here far from its neighbours'.
func TestTensorCoresWithLargeScores(t *testing.T) {
	const tokens, width = 16, 16
	qkv := random("qkv", 1, tokens, 3*width)
	for i := range tokens {
		for c := range width {
			qkv.Data[i*3*width+c], qkv.Data[i*3*width+width+c] = 0, 1
		}
		qkv.Data[i*3*width] = -400 * float32(i) // scores -100·i, the same for all keys
	}
	b := newVM(t)
	b.rounded = true
	y, lse := tensor.New(1, tokens, width), tensor.New(1, 1, tokens)
	b.SelfAttention(y, lse, qkv, 1, false)
	for i := range tokens {
		want := math.Log(tokens) - 100*float64(i)
		if d := math.Abs(float64(lse.Data[i]) - want); !(d <= 1e-3*math.Abs(want)) {
			t.Errorf("lse of row %d is %v, want %v", i, lse.Data[i], want)
		}
		mean := 0.0
		for j := range tokens {
			mean += float64(qkv.Data[j*3*width+2*width]) / tokens
		}
		if d := math.Abs(float64(y.Data[i*width]) - mean); !(d <= 1e-3) {
			t.Errorf("row %d has %v, want the mean %v", i, y.Data[i*width], mean)
		}
	}
}

// TestUnalignedAttention: where 16 bytes cannot be read at once, the other kernels compute.
func TestUnalignedAttention(t *testing.T) {
	r := &recorder{}
	s := kernels.NewSet(r)
	h := kernels.Heads{Batch: 1, Tokens: 5, Width: 16, Heads: 1}
	s.SelfAttention(1<<40, 1<<41, 1<<42+4, h, false, true)
	s.SelfAttentionBackward(1<<40+8, 1<<41, 1<<42, 1<<43, 1<<44, h, false, true)
	s.SelfAttention(1<<40, 1<<41, 1<<42, kernels.Heads{Batch: 1, Tokens: 129, Width: 16, Heads: 1}, false, true)
	if want := []string{"self_attention_16", "self_attention_dq_16", "self_attention_dkv_16", "self_attention_16"}; !slices.Equal(r.names, want) {
		t.Errorf("launched %v, want %v", r.names, want)
	}
}

// recorder is a device that notes what it is to launch.
type recorder struct{ names []string }

func (*recorder) Scratch(int) kernels.Ptr { return 1 << 40 }
func (r *recorder) Launch(k *kernels.Kernel, _, _ kernels.Dim, _ []uint64) {
	r.names = append(r.names, k.Name)
}

// distance is |got-want| / |want|.
func distance(got, want []float32) float64 {
	var off, all float64
	for i := range want {
		d := float64(got[i]) - float64(want[i])
		off += d * d
		all += float64(want[i]) * float64(want[i])
	}
	return math.Sqrt(off / all)
}

// TestAttentionWithLargeScores: the running maximum must keep exponents in range.
func TestAttentionWithLargeScores(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	b := newVM(t)
	qkv := random("qkv", 1, 70, 48)
	for i := range qkv.Data {
		qkv.Data[i] *= 30
	}
	y, lse := tensor.New(1, 70, 16), tensor.New(1, 1, 70)
	wantY, wantLSE := tensor.New(1, 70, 16), tensor.New(1, 1, 70)
	b.SelfAttention(y, lse, qkv, 1, false)
	cpu.SelfAttention(wantY, wantLSE, qkv, 1, false)
	golden.Near(t, "y", y.Data, wantY.Data, 1e-3) // scores of thousands are rounded to 1e-4
	golden.Near(t, "lse", lse.Data, wantLSE.Data, 1e-6)
}

// TestNoiseIsTheStreams draws an odd number of values of several streams, bit for bit.
func TestNoiseIsTheStreams(t *testing.T) {
	b := newVM(t)
	for _, s := range []rng.Stream{{}, rng.New(42, "noise", 7), rng.New(math.MaxUint64, "", math.MaxUint64)} {
		got, want := tensor.New(10007), make([]float32, 10007)
		b.Normal(got, s)
		s.Normal(want, 0)
		if !slices.Equal(got.Data, want) {
			t.Error("Normal draws other values than the stream")
		}
		b.Uniform(got, s)
		s.Uniform(want, 0)
		if !slices.Equal(got.Data, want) {
			t.Error("Uniform draws other values than the stream")
		}
	}
}

// TestScatterInOrder wants the bits of the sum in order, for rows of any length and
// for one with more summands than are loaded at once.
func TestScatterInOrder(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	b := newVM(t)
	for _, ids := range [][]int32{make20(-1), make20(3), {8, -1, 3, 0, 7, -1}, {-1, -1}, slices.Repeat([]int32{4, 4, 1}, 9)} {
		for _, cols := range []int{1, 5, 8, 132, 260} {
			dx, dfill, dy := random("dx", 9, cols), random("df", cols), random("dy", len(ids), cols)
			wantX, wantF := dx.Clone(), dfill.Clone()
			b.ScatterAddRows(dx, dfill, dy, tensor.IDs(ids))
			cpu.ScatterAddRows(wantX, wantF, dy, tensor.IDs(ids))
			if !slices.Equal(dx.Data, wantX.Data) {
				t.Errorf("ids %v, %d columns: dx differs from the sum in order", ids, cols)
			}
			golden.Near(t, "dfill", dfill.Data, wantF.Data, 1e-6)
		}
	}
}

func TestRowLists(t *testing.T) {
	var l kernels.RowLists
	for range 2 { // in used room too
		l = l.Sort([]int32{2, -1, 0, 2, 2}, 4)
		if want := (kernels.RowLists{0, 1, 1, 4, 4, 2, 0, 3, 4, 0}); !slices.Equal(l, want) {
			t.Errorf("lists %v, want %v", l, want)
		}
		l = l.Sort([]int32{1, 1, 1, 1, 0, 0}, 9)
	}
}

// TestLargeOffsets: sums about a far mean must not cancel.
func TestLargeOffsets(t *testing.T) {
	b := newVM(t)
	x := random("x", 8, 3, 50)
	want := tensor.New(8, 3, 50)
	gamma, beta := tensor.FromSlice([]float32{1, 1, 1}, 3), tensor.New(3)
	b.BatchNorm(want, tensor.New(3), tensor.New(3), x, gamma, beta, 1e-5, false)
	far := x.Clone()
	for i := range far.Data {
		far.Data[i] = float32(math.Round(float64(far.Data[i])*256)/256) + 4096 // exact in both
		x.Data[i] = far.Data[i] - 4096
	}
	near, got := tensor.New(8, 3, 50), tensor.New(8, 3, 50)
	b.BatchNorm(near, tensor.New(3), tensor.New(3), x, gamma, beta, 1e-5, false)
	b.BatchNorm(got, tensor.New(3), tensor.New(3), far, gamma, beta, 1e-5, false)
	golden.Near(t, "BatchNorm far from zero", got.Data, near.Data, 3e-4) // float32 has 2e-4 of a deviation left there for the mean
	b.LayerNorm(near.View(24, 50), tensor.New(24), tensor.New(24), x.View(24, 50), random("g", 50), random("b", 50), 1e-5)
	b.LayerNorm(got.View(24, 50), tensor.New(24), tensor.New(24), far.View(24, 50), random("g", 50), random("b", 50), 1e-5)
	golden.Near(t, "LayerNorm far from zero", got.Data, near.Data, 1e-3)
}
