package clip

import (
	"diffclip/autograd"
	"diffclip/internal/resident"
	"diffclip/internal/rng"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// gatherer puts the windows around pixels into a batch for a model: gathered by
// the host or, where the scene lies on a device, cut out there.
type gatherer struct {
	model   *Model
	windows *rsdata.Windows
	count   int               // how many windows are expected in all
	scene   *resident.Windows // nil where the host gathers
	buffers [][]float32       // for classifyBatch windows, once the host gathers
	views   []rsdata.Augment  // of the batch's windows
	batch   Batch
}

// newGatherer prepares for count windows in all.
func newGatherer(be tensor.Backend, m *Model, w *rsdata.Windows, count int) (*gatherer, error) {
	scene, err := resident.New(be, w, count)
	return &gatherer{model: m, windows: w, count: count, scene: scene}, err
}

// gather returns the batch of at most classifyBatch windows, all changed by view; it
// is used again by the next call.
func (g *gatherer) gather(pixels []rsdata.Pixel, view rsdata.Augment, times rng.Stream) *Batch {
	g.views = g.views[:0]
	for range pixels {
		g.views = append(g.views, view)
	}
	if g.scene == nil {
		if g.buffers == nil {
			g.buffers = g.windows.NewBuffers(classifyBatch)
		}
		g.windows.GatherAugmented(g.buffers, pixels, g.views)
		g.model.arrange(&g.batch, g.buffers, len(pixels))
	} else {
		g.batch.Scene, g.batch.At = g.scene, g.scene.Places(g.batch.At[:0], pixels, g.views)
	}
	g.model.drawSteps(&g.batch, len(pixels), times)
	return &g.batch
}

// arrange places gathered windows, (n, side², bands) per modality, in the model's
// pixel order.
func (m *Model) arrange(out *Batch, data [][]float32, n int) {
	e := m.Config.Encoder
	for k, mod := range e.Modalities {
		rows := n * e.Window * e.Window
		if len(out.Windows) <= k {
			out.Windows = append(out.Windows, tensor.New(rows, mod.Bands))
		} else if out.Windows[k].Rows() != rows {
			out.Windows[k] = tensor.New(rows, mod.Bands)
		}
		e.Arrange(out.Windows[k].Data, data[k], mod.Bands)
	}
}

// drawSteps sets the timesteps of n windows.
func (m *Model) drawSteps(out *Batch, n int, times rng.Stream) {
	if cap(out.Steps) < n {
		out.Steps = make([]int32, n)
	}
	out.Steps = out.Steps[:n]
	for i := range out.Steps {
		out.Steps[i] = 0
		if m.Config.RandomTimestep {
			out.Steps[i] = int32(times.Intn(uint64(i), m.Config.Encoder.Timesteps))
		}
	}
}

// pixels puts the windows of modality i on a tape, (B·L·p², bands), in the model's
// pixel order.
func (m *Model) pixels(t *autograd.Tape, b *Batch, i int) *autograd.Var {
	x := m.plainPixels(t, b, i)
	if b.spectra != nil {
		x = b.spectra.apply(t, i, x)
	}
	return x
}

// plainPixels is pixels without a change of their spectra.
func (m *Model) plainPixels(t *autograd.Tape, b *Batch, i int) *autograd.Var {
	if b.Scene == nil {
		return t.Input(b.Windows[i])
	}
	e := m.Config.Encoder
	x := t.Room(len(b.At)*e.Window*e.Window, e.Modalities[i].Bands)
	b.Scene.Cut(x.Value, i, b.At, m.order)
	return x
}
