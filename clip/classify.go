package clip

import (
	"context"
	"fmt"

	"diffclip/autograd"
	"diffclip/internal/rng"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// Classifier compares windows with the texts of the classes, which it encodes
// once, or, where the model's head is linear, reads the classes off the head. It is
// used by one goroutine at a time, as its backend is; one is made anew where the model
// was trained further.
type Classifier struct {
	model *Model
	be    tensor.Backend
	tape  *autograd.Tape
	text  *tensor.Tensor // (K, D) normalised; nil with a linear head
	scale float32        // 1/τ

	sum    *tensor.Tensor // (n, D) of overViews
	gather *gatherer
	calls  uint64 // batches so far, for timesteps drawn at random
}

// classifyBatch is how many windows are gathered and classified at a time.
const classifyBatch = 256

// scoreBatch is how many features are compared with the texts at a time.
const scoreBatch = 4096

// NewClassifier encodes the prompts with a trained model; one with a linear head
// has no use for them. It panics with the error of TextConfig.CheckPrompts where the
// model cannot read them.
func NewClassifier(be tensor.Backend, m *Model, prompts Prompts) *Classifier {
	m.Set.Place(be)
	c := &Classifier{model: m, be: be, tape: autograd.NewTape(be, autograd.Eval)}
	if m.linear() {
		return c
	}
	z := c.tape.L2Normalize(m.Text.Forward(c.tape, prompts))
	c.text = z.Value.Clone()
	be.Place(c.text)
	c.scale = c.tape.Exp(c.tape.Param(m.LogitScale)).Value.Item()
	c.tape.Reset()
	return c
}

// Classes returns K, the number of prompts or of the linear head's classes.
func (c *Classifier) Classes() int {
	if c.model.linear() {
		return c.model.Config.Classes
	}
	return c.text.Dim(0)
}

// Dim returns D, the width of a feature: K with a linear head.
func (c *Classifier) Dim() int { return c.model.Head.Weight.Value.Dim(0) }

// Probabilities fills probs (len(pixels), K) with p(y | x), that of Eq. (15) over
// the classes' texts or that of a linear head, for the windows around pixels.
func (c *Classifier) Probabilities(ctx context.Context, w *rsdata.Windows, pixels []rsdata.Pixel, probs []float32) error {
	if err := c.model.Config.Encoder.Fits(w); err != nil {
		return err
	}
	k := c.Classes()
	if len(probs) != len(pixels)*k {
		return fmt.Errorf("clip: room for %d probabilities, want %d windows of %d classes", len(probs), len(pixels), k)
	}
	return c.encode(ctx, w, pixels, k, probs, c.classify)
}

// Features fills dst (len(pixels), Dim) with the normalised image features z of
// Eq. (11) for the windows around pixels. Those of a linear head are its logits.
func (c *Classifier) Features(ctx context.Context, w *rsdata.Windows, pixels []rsdata.Pixel, dst []float32) error {
	if err := c.model.Config.Encoder.Fits(w); err != nil {
		return err
	}
	if len(dst) != len(pixels)*c.Dim() {
		return fmt.Errorf("clip: room for %d values, want %d windows of %d", len(dst), len(pixels), c.Dim())
	}
	return c.encode(ctx, w, pixels, c.Dim(), dst, c.normalise)
}

// encode gathers windows batch by batch and lets emit turn their image features
// (n, D) into values, width of each window.
func (c *Classifier) encode(ctx context.Context, w *rsdata.Windows, pixels []rsdata.Pixel, width int, dst []float32, emit func(*autograd.Var, []float32)) error {
	if err := w.Check(pixels); err != nil {
		return fmt.Errorf("clip: %w", err)
	}
	if err := c.prepare(w, len(pixels)); err != nil {
		return err
	}
	for lo := 0; lo < len(pixels); lo += classifyBatch {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+classifyBatch, len(pixels))
		times := rng.New(0, "evaluation/timestep", c.calls)
		c.calls++
		v := c.overViews(hi-lo, func(view rsdata.Augment) *autograd.Var {
			return c.model.Images(c.tape, c.gather.gather(pixels[lo:hi], view, times))
		})
		emit(v, dst[lo*width:hi*width])
		c.tape.Reset()
	}
	return nil
}

// prepare makes ready for count windows in all.
func (c *Classifier) prepare(w *rsdata.Windows, count int) error {
	if c.gather != nil && c.gather.windows == w && c.gather.count >= count {
		return nil
	}
	var err error
	c.gather, err = newGatherer(c.be, c.model, w, count)
	return err
}

// normalise writes z of image features (n, D).
func (c *Classifier) normalise(v *autograd.Var, dst []float32) { c.unit(v).Value.Read(dst) }

// unit returns z of image features (n, D); logits stay as they are.
func (c *Classifier) unit(v *autograd.Var) *autograd.Var {
	if c.model.linear() {
		return v
	}
	return c.tape.L2Normalize(v)
}

// Score fills probs (n, K) with p(y | x) of Eq. (15) for normalised image features
// (n, Dim), as Features and SceneFeatures give them.
func (c *Classifier) Score(features, probs []float32) error {
	k, d := c.Classes(), c.Dim()
	n := len(features) / d
	if len(features) != n*d || len(probs) != n*k {
		return fmt.Errorf("clip: %d values and room for %d probabilities, want %d and %d of each window", len(features), len(probs), d, k)
	}
	for lo := 0; lo < n; lo += scoreBatch {
		hi := min(lo+scoreBatch, n)
		c.compare(c.tape.Input(tensor.FromSlice(features[lo*d:hi*d], hi-lo, d)), probs[lo*k:hi*k])
		c.tape.Reset()
	}
	return nil
}

// classify compares image features (n, D) with the texts.
func (c *Classifier) classify(v *autograd.Var, probs []float32) {
	c.compare(c.unit(v), probs)
}

// compare is classify for features that are normalised already.
func (c *Classifier) compare(z *autograd.Var, probs []float32) {
	t, logits := c.tape, z
	if !c.model.linear() {
		logits = t.Scale(t.MatMul(z, t.Input(c.text), false, true), c.scale)
	}
	t.Softmax(logits).Value.Read(probs)
}

// Evaluate classifies labelled windows and counts the outcomes. It is an error where a
// label is none of the classes.
func (c *Classifier) Evaluate(ctx context.Context, w *rsdata.Windows, samples []rsdata.Sample) (*rsdata.Confusion, []uint8, error) {
	k := c.Classes()
	for _, s := range samples {
		if s.Label == 0 || int(s.Label) > k {
			return nil, nil, fmt.Errorf("clip: a window at row %d, column %d has label %d, but the classifier has classes 1 to %d", s.Row, s.Col, s.Label, k)
		}
	}
	probs := make([]float32, len(samples)*k)
	if err := c.Probabilities(ctx, w, rsdata.Pixels(nil, samples), probs); err != nil {
		return nil, nil, err
	}
	confusion, predicted := Tally(k, samples, probs)
	return confusion, predicted, nil
}

// Tally counts the outcomes of samples with their probabilities of k classes, (n, k),
// and returns the label of each: that of the largest.
func Tally(k int, samples []rsdata.Sample, probs []float32) (*rsdata.Confusion, []uint8) {
	confusion := rsdata.NewConfusion(k)
	predicted := make([]uint8, len(samples))
	for i, s := range samples {
		best := Best(probs[i*k : (i+1)*k])
		predicted[i] = uint8(best + 1)
		confusion.Add(int(s.Label)-1, best)
	}
	return confusion, predicted
}

// Best returns the index of the largest probability, the first of equals.
func Best(p []float32) int {
	best := 0
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	return best
}
