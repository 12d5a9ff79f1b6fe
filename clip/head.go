package clip

import (
	"context"
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"diffclip/autograd"
	"diffclip/internal/baseline"
	"diffclip/internal/rng"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// textRidge keeps the head finite where the texts of two classes are almost the
// same, as a share of the texts' mean square.
const textRidge = 1e-6

// fitHead sets the head so that comparing images with the texts does what linear
// discriminant analysis of the training samples' features does, with the
// covariance within classes shrunk after Ledoit and Wolf; where there are windows without
// labels, refined on them.
//
// With the texts z_k as rows of Z, the discriminants a_k·f + b_k as A and b, and
// the mean over the classes taken off both, the head's W and c are the smallest
// with Z W = A and Z c = b. The length of an image feature does not matter, so the
// weights are brought to the standard deviation they had at the start. A class without a
// sample gets a row of zeros in A, at which it never wins. With more classes
// than the texts have dimensions the discriminants are met as nearly as can be.
//
// Heard, if set, hears of the windows without labels, which are many.
func (m *Model) fitHead(ctx context.Context, be tensor.Backend, w *rsdata.Windows, samples []rsdata.Sample, unlabelled []rsdata.Pixel, prompts Prompts, heard func(done, total int)) error {
	x, err := m.headInputs(ctx, be, w, rsdata.Pixels(nil, samples), nil)
	if err != nil {
		return err
	}
	y := make([]int, len(samples))
	for i, s := range samples {
		y[i] = int(s.Label) - 1
	}
	lda := &baseline.LDA{Shrinkage: baseline.AutoShrinkage}
	if err := lda.Fit(ctx, x, y); err != nil {
		return err
	}
	if len(unlabelled) > 0 {
		u, err := m.headInputs(ctx, be, w, unlabelled, heard)
		if err != nil {
			return err
		}
		if err := lda.Refine(ctx, x, y, u); err != nil {
			return err
		}
	}
	classes, weights, bias := lda.Discriminants()
	if len(classes) < 2 {
		return errors.New("the head cannot be fitted to one class: give samples of two classes, or leave it as trained")
	}
	return m.setHead(m.texts(be, prompts), classes, weights, bias)
}

// headInputs returns what the head sees of each window, (n, M·D).
func (m *Model) headInputs(ctx context.Context, be tensor.Backend, w *rsdata.Windows, pixels []rsdata.Pixel, heard func(done, total int)) ([][]float64, error) {
	m.Set.Place(be)
	tape := autograd.NewTape(be, autograd.Eval)
	g, err := newGatherer(be, m, w, len(pixels))
	if err != nil {
		return nil, err
	}
	var out [][]float64
	for lo := 0; lo < len(pixels); lo += classifyBatch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if heard != nil {
			heard(lo, len(pixels))
		}
		hi := min(lo+classifyBatch, len(pixels))
		f := m.features(tape, g.gather(pixels[lo:hi], rsdata.Augment{}, rng.New(0, "stage 2/head/timestep", uint64(lo))))
		values, width := f.Value.Host(), f.Dim(1)
		for i := range hi - lo {
			row := make([]float64, width)
			for j := range row {
				row[j] = float64(values[i*width+j])
			}
			out = append(out, row)
		}
		tape.Reset()
	}
	if heard != nil {
		heard(len(pixels), len(pixels))
	}
	return out, nil
}

// texts returns the normalised features of the prompts, (K, D_text); with a linear
// head the classes' own axes.
func (m *Model) texts(be tensor.Backend, prompts Prompts) *mat.Dense {
	if m.linear() {
		k := m.Config.Classes
		z := mat.NewDense(k, k, nil)
		for i := range k {
			z.Set(i, i, 1)
		}
		return z
	}
	tape := autograd.NewTape(be, autograd.Eval)
	v := tape.L2Normalize(m.Text.Forward(tape, prompts))
	rows, cols := v.Dim(0), v.Dim(1)
	z := mat.NewDense(rows, cols, nil)
	for i, x := range v.Value.Host() {
		z.Set(i/cols, i%cols, float64(x))
	}
	return z
}

// setHead solves for the head of fitHead.
func (m *Model) setHead(texts *mat.Dense, classes []int, weights [][]float64, bias []float64) error {
	width := len(weights[0])
	n, dim := texts.Dims()
	learned := mat.NewDense(len(classes), width+1, nil)
	for i := range classes {
		learned.SetRow(i, append(append([]float64(nil), weights[i]...), bias[i]))
	}
	centre(learned)
	a := mat.NewDense(n, width+1, nil)
	for i, k := range classes {
		a.SetRow(k, learned.RawRowView(i))
	}
	z := mat.DenseCopyOf(texts)
	centre(z)
	gram := mat.NewSymDense(n, nil)
	gram.SymOuterK(1, z)
	spread := mat.Trace(gram) / float64(n) // the texts are of length 1
	ridge := textRidge * spread
	for i := range n {
		gram.SetSym(i, i, gram.At(i, i)+ridge)
	}
	var factor mat.Cholesky
	if !(spread > 1e-12) || !factor.Factorize(gram) {
		return errors.New("the texts of the classes are all the same, so no head can tell them apart: give each class a text of its own")
	}
	var dual, head mat.Dense
	if err := factor.SolveTo(&dual, a); err != nil {
		return err
	}
	head.Mul(z.T(), &dual) // (D_text, M·D + 1)
	square := 0.0
	for i := range dim {
		for j := range width {
			square += head.At(i, j) * head.At(i, j)
		}
	}
	if !(square > 0) {
		return errors.New("the features of all classes are the same, so no head can tell them apart")
	}
	scale := m.Config.HeadStd / math.Sqrt(square/float64(dim*width))
	w, b := make([]float32, dim*width), make([]float32, dim)
	for i := range dim {
		for j := range width {
			w[i*width+j] = float32(scale * head.At(i, j))
		}
		b[i] = float32(scale * head.At(i, width))
	}
	m.Head.Weight.Value.Write(w)
	m.Head.Bias.Value.Write(b)
	m.Head.Weight.Changed()
	m.Head.Bias.Changed()
	return nil
}

// centre takes the mean row off every row.
func centre(x *mat.Dense) {
	rows, cols := x.Dims()
	for j := range cols {
		mean := 0.0
		for i := range rows {
			mean += x.At(i, j) / float64(rows)
		}
		for i := range rows {
			x.Set(i, j, x.At(i, j)-mean)
		}
	}
}
