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
// once.
type Classifier struct {
	model *Model
	be    tensor.Backend
	tape  *autograd.Tape
	text  *tensor.Tensor // (K, D) normalised
	scale float32        // 1/τ

	batch   Batch
	buffers [][]float32
	seed    uint64
	calls   uint64
}

// classifyBatch is how many windows are gathered and classified at a time.
const classifyBatch = 256

// NewClassifier encodes the prompts with a trained model.
func NewClassifier(be tensor.Backend, m *Model, prompts Prompts) *Classifier {
	m.Set.Place(be)
	c := &Classifier{model: m, be: be, tape: autograd.NewTape(be, autograd.Eval)}
	z := c.tape.L2Normalize(m.Text.Forward(c.tape, prompts))
	c.text = z.Value.Clone()
	c.scale = c.tape.Exp(c.tape.Param(m.LogitScale)).Value.Item()
	c.tape.Reset()
	return c
}

// Classes returns K, the number of prompts.
func (c *Classifier) Classes() int { return c.text.Dim(0) }

// Probabilities fills probs (len(pixels), K) with p(y | x) of Eq. (15) over the
// classes' texts, for the windows around pixels.
func (c *Classifier) Probabilities(ctx context.Context, w *rsdata.Windows, pixels []rsdata.Pixel, probs []float32) error {
	if err := c.model.Config.Encoder.Fits(w); err != nil {
		return err
	}
	k := c.Classes()
	if len(probs) != len(pixels)*k {
		return fmt.Errorf("clip: room for %d probabilities, want %d windows of %d classes", len(probs), len(pixels), k)
	}
	if c.buffers == nil {
		c.buffers = w.NewBuffers(classifyBatch)
	}
	for lo := 0; lo < len(pixels); lo += classifyBatch {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+classifyBatch, len(pixels))
		w.Gather(c.buffers, pixels[lo:hi])
		c.model.windows(&c.batch, c.buffers, hi-lo, rng.New(c.seed, "evaluation/timestep", c.calls))
		c.calls++
		c.classify(c.model.Images(c.tape, c.batch.Windows, c.batch.Steps), probs[lo*k:hi*k])
		c.tape.Reset()
	}
	return nil
}

// classify compares image features (n, D) with the texts.
func (c *Classifier) classify(v *autograd.Var, probs []float32) {
	t := c.tape
	z := t.L2Normalize(v)
	logits := t.Scale(t.MatMul(z, t.Input(c.text), false, true), c.scale)
	t.Softmax(logits).Value.Read(probs)
}

// Evaluate classifies labelled windows and counts the outcomes.
func (c *Classifier) Evaluate(ctx context.Context, w *rsdata.Windows, samples []rsdata.Sample) (*rsdata.Confusion, []uint8, error) {
	k := c.Classes()
	probs := make([]float32, len(samples)*k)
	if err := c.Probabilities(ctx, w, rsdata.Pixels(nil, samples), probs); err != nil {
		return nil, nil, err
	}
	confusion := rsdata.NewConfusion(k)
	predicted := make([]uint8, len(samples))
	for i, s := range samples {
		best := Best(probs[i*k : (i+1)*k])
		predicted[i] = uint8(best + 1)
		confusion.Add(int(s.Label)-1, best)
	}
	return confusion, predicted, nil
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
