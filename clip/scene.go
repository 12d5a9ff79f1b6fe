package clip

import (
	"context"
	"fmt"

	"diffclip/autograd"
	"diffclip/internal/rng"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// RowFunc receives a row of a map: the label of each pixel, 1 to K, the
// probability of that label, and those of all classes, (W, K). The slices are
// used again for the next row.
type RowFunc func(row int, labels []uint8, confidence, probabilities []float32) error

// MapScene classifies every pixel of a scene by the window around it and hands
// over the rows from top to bottom.
//
// In evaluation the reducer and the patch embedding depend on the pixel alone,
// so with patches of one pixel they are computed once per pixel instead of once
// in each of the windows that hold it. Some rows of embedded pixels are kept at a
// time, never the scene.
func MapScene(ctx context.Context, c *Classifier, d *rsdata.Dataset, w *rsdata.Windows, scene int, rows RowFunc) error {
	if err := c.checkScene(d, w, scene); err != nil {
		return err
	}
	k := c.Classes()
	m, err := newMapper(c, w, scene, d.Scenes[scene].H, d.Scenes[scene].W, k, c.classify)
	if err != nil {
		return err
	}
	defer m.close()
	labels, confidence := make([]uint8, m.wide), make([]float32, m.wide)
	return m.run(ctx, func(row int, probs []float32) error {
		for i := range labels {
			best := Best(probs[i*k : (i+1)*k])
			labels[i], confidence[i] = uint8(best+1), probs[i*k+best]
		}
		return rows(row, labels, confidence, probs)
	})
}

// checkScene returns an error unless a scene's pixels have windows that the model
// reads.
func (c *Classifier) checkScene(d *rsdata.Dataset, w *rsdata.Windows, scene int) error {
	switch {
	case scene < 0 || scene >= len(d.Scenes):
		return fmt.Errorf("clip: there is no scene %d: dataset %q has %d, counted from 0", scene, d.Name, len(d.Scenes))
	case d.Whole:
		return fmt.Errorf("dataset %q has one sample in each scene: there is nothing to map", d.Name)
	case scene >= w.Scenes():
		return fmt.Errorf("clip: the windows are of %d scenes, dataset %q has %d", w.Scenes(), d.Name, len(d.Scenes))
	}
	if h, wide := w.Size(scene); h != d.Scenes[scene].H || wide != d.Scenes[scene].W {
		return fmt.Errorf("clip: the windows are of a scene of %d x %d pixels, that of dataset %q has %d x %d", h, wide, d.Name, d.Scenes[scene].H, d.Scenes[scene].W)
	}
	return c.model.Config.Encoder.Fits(w)
}

// SceneFeatures hands over the normalised image features of every pixel of a
// scene, (W, D), row by row from top to bottom; the slice is used again for the
// next row. Score compares them with texts.
func SceneFeatures(ctx context.Context, c *Classifier, d *rsdata.Dataset, w *rsdata.Windows, scene int, rows func(row int, features []float32) error) error {
	if err := c.checkScene(d, w, scene); err != nil {
		return err
	}
	m, err := newMapper(c, w, scene, d.Scenes[scene].H, d.Scenes[scene].W, c.Dim(), c.normalise)
	if err != nil {
		return err
	}
	defer m.close()
	return m.run(ctx, rows)
}

// stripPixels is about how many windows of neighbouring rows are classified
// before they are handed over.
const stripPixels = 1024

// embedPixels is how many pixels are reduced and embedded at a time.
const embedPixels = 2048

// mapper walks down a scene in strips of rows.
type mapper struct {
	c            *Classifier
	w            *rsdata.Windows
	scene        int
	height, wide int
	strip        int // rows of a strip

	width  int                                  // values of a pixel that emit makes
	emit   func(v *autograd.Var, dst []float32) // from image features (n, D) to (n, width)
	values []float32                            // (strip, W, width)
	pixels []rsdata.Pixel
	steps  []int32

	// Embedded pixels of the rows that a strip's windows reach: scene row r lies
	// in slot r % slots.
	slots    int
	embedded []*tensor.Tensor // per modality (slots·W, Dim)
	next     int              // first scene row not embedded yet
	raw      []*tensor.Tensor // per modality (embedPixels, bands), for pixels that the host reads
	ids      []int32          // (windows·L) row in embedded
	tokens   tokens           // windowsOfEmbedded, bound once
}

func newMapper(c *Classifier, w *rsdata.Windows, scene, height, wide, width int, emit func(*autograd.Var, []float32)) (*mapper, error) {
	windows := height * wide
	if c.model.Config.Encoder.Patch == 1 {
		windows /= w.Side() * w.Side() // each pixel is read once
	}
	if err := c.prepare(w, windows); err != nil {
		return nil, err
	}
	m := &mapper{c: c, w: w, scene: scene, height: height, wide: wide, width: width, emit: emit}
	m.strip = min(max(1, stripPixels/wide), height)
	m.values = make([]float32, m.strip*wide*width)
	m.pixels = make([]rsdata.Pixel, m.strip*wide)
	m.steps = make([]int32, m.strip*wide)
	m.tokens = m.windowsOfEmbedded
	return m, nil
}

// run goes through strip after strip and hands over their rows.
func (m *mapper) run(ctx context.Context, rows func(row int, values []float32) error) error {
	strip := m.stripWindows
	if m.c.model.Config.Encoder.Patch == 1 {
		strip = m.stripEmbedded
	}
	for first := 0; first < m.height; first += m.strip {
		m.place(first, min(first+m.strip, m.height))
		if err := strip(ctx); err != nil {
			return err
		}
		for r := range len(m.pixels) / m.wide {
			if err := rows(first+r, m.values[r*m.wide*m.width:(r+1)*m.wide*m.width]); err != nil {
				return err
			}
		}
	}
	return nil
}

// close gives the embedded pixels' memory back.
func (m *mapper) close() {
	for _, x := range m.embedded {
		m.c.be.Put(x)
	}
}

// place lists the pixels of the strip of rows lo..hi and their timesteps.
func (m *mapper) place(lo, hi int) {
	m.pixels = m.pixels[:(hi-lo)*m.wide]
	for i := range m.pixels {
		m.pixels[i] = rsdata.Pixel{Scene: int32(m.scene), Row: int32(lo + i/m.wide), Col: int32(i % m.wide)}
	}
	if !m.c.model.Config.RandomTimestep {
		return
	}
	times := rng.New(0, "map/timestep", uint64(m.scene))
	for i := range m.pixels {
		m.steps[i] = int32(times.Intn(uint64(lo*m.wide+i), m.c.model.Config.Encoder.Timesteps))
	}
}

// stripWindows encodes whole windows.
func (m *mapper) stripWindows(ctx context.Context) error {
	return m.c.encode(ctx, m.w, m.pixels, m.width, m.values, m.emit)
}

// stripEmbedded encodes windows put together from embedded pixels.
func (m *mapper) stripEmbedded(ctx context.Context) error {
	half := m.w.Side() / 2
	last := int(m.pixels[len(m.pixels)-1].Row)
	if err := m.embed(ctx, min(last+half, m.height-1)); err != nil {
		return err
	}
	for lo := 0; lo < len(m.pixels); lo += classifyBatch {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+classifyBatch, len(m.pixels))
		v := m.c.overViews(hi-lo, func(view rsdata.Augment) *autograd.Var {
			m.locate(m.pixels[lo:hi], view)
			return m.images(m.steps[lo:hi])
		})
		m.emit(v, m.values[lo*m.width:hi*m.width])
		m.c.tape.Reset()
	}
	return nil
}

// images is Model.Images for windows of embedded pixels.
func (m *mapper) images(steps []int32) *autograd.Var {
	t, model := m.c.tape, m.c.model
	model.classTokens(t, steps)
	return model.Head.Forward(t, model.encode(t, m.tokens))
}

// windowsOfEmbedded is tokens of embedded pixels.
func (m *mapper) windowsOfEmbedded(t *autograd.Tape, i, lo, hi int, in []*autograd.Var) *autograd.Var {
	model := m.c.model
	l := model.Config.Encoder.Tokens()
	patches := t.GatherRows(t.Input(m.embedded[i]), nil, tensor.IDs(m.ids[lo*l:hi*l])) // (B'·L, D)
	return model.Encoder.Stems[i].AllOf(t, in[i], patches)
}

// locate finds the embedded row of every pixel of the windows, changed by view, the
// edge repeated outside the scene.
func (m *mapper) locate(pixels []rsdata.Pixel, view rsdata.Augment) {
	side, half := m.w.Side(), m.w.Side()/2
	m.ids = m.ids[:0]
	for _, p := range pixels {
		for k := range side * side {
			r, c := view.Source(k/side, k%side, side)
			row := min(max(int(p.Row)+r-half, 0), m.height-1) % m.slots
			col := min(max(int(p.Col)+c-half, 0), m.wide-1)
			m.ids = append(m.ids, int32(row*m.wide+col))
		}
	}
}

// embed reduces and embeds the pixels of the rows up to last.
func (m *mapper) embed(ctx context.Context, last int) error {
	if m.embedded == nil {
		m.allocate()
	}
	for ; m.next <= last; m.next++ {
		for lo := 0; lo < m.wide; lo += embedPixels {
			if err := ctx.Err(); err != nil {
				return err
			}
			m.embedRow(m.next, lo, min(lo+embedPixels, m.wide))
		}
	}
	return nil
}

func (m *mapper) allocate() {
	m.slots = min(m.strip+m.w.Side()-1, m.height)
	for i := range m.w.Modalities() {
		m.embedded = append(m.embedded, m.c.be.Get(tensor.Of(m.slots*m.wide, m.c.model.Config.Encoder.Dim)))
		m.raw = append(m.raw, tensor.New(min(embedPixels, m.wide), m.w.Bands(i)))
	}
}

// embedRow embeds the pixels lo..hi of a row.
func (m *mapper) embedRow(row, lo, hi int) {
	t, d := m.c.tape, m.c.model.Config.Encoder.Dim
	for i, stem := range m.c.model.Encoder.Stems {
		x := m.rowPixels(i, row, lo, hi)
		at := (row%m.slots*m.wide + lo) * d
		y := stem.Patches(t, t.Input(&x)).Value
		m.c.be.Copy2D(m.embedded[i], at, y.Len(), y, 0, y.Len(), 1, y.Len(), false)
	}
	t.Reset()
}

// rowPixels returns the pixels lo..hi of a row in modality i, (hi-lo, bands).
func (m *mapper) rowPixels(i, row, lo, hi int) tensor.Tensor {
	if scene := m.c.gather.scene; scene != nil {
		return scene.Row(i, m.scene, row, lo, hi)
	}
	x := m.raw[i].RowRange(0, hi-lo)
	m.w.Read(x.Data, i, m.scene, row*m.wide+lo)
	return x
}
