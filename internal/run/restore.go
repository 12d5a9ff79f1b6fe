package run

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"diffclip/autograd"
	"diffclip/diffusion"
	"diffclip/internal/figure"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// reverseSteps is how many steps the sampler takes from noise in the pictures.
const reverseSteps = 25

// Reconstructions shows, for one figure per modality, what stage 1 makes of
// windows: as they are, what masking leaves, what noise leaves of that, what the
// model restores at once, and what it restores step by step from pure noise.
func (x *Experiment) Reconstructions(m *diffusion.Model, pixels []rsdata.Pixel) ([]figure.Figure, error) {
	corruptor := diffusion.NewCorruptor(m.Config, x.Config.Seed)
	c := corruptor.NewCorrupted(len(pixels))
	windows := x.Windows.NewBuffers(len(pixels))
	x.Windows.Gather(windows, pixels)
	corruptor.Fill(c, windows, 0)

	panels := make([]panel, len(c.Inputs))
	tape := autograd.NewTape(x.Backend, autograd.Eval)
	for i, v := range m.Restore(tape, c) {
		p := newPanel(x, m, i, &c.Inputs[i])
		p.add("original", nil, p.clean)
		p.add("masked", p.visible, p.clean)
		p.add("noised", p.visible, p.noised(c.Inputs[i].Visible.Data))
		p.add("restored", nil, v.Value.Host())
		p.captions(c.Steps)
		panels[i] = p
	}
	tape.Reset()
	if m.Config.ReferenceOrder {
		return figures(panels), nil // which has no sampler
	}
	steps := m.Config.Encoder.Timesteps
	sampled, err := m.Sample(x.Backend, c, diffusion.SampleConfig{Implicit: true, Steps: min(reverseSteps, steps), Seed: x.Config.Seed, Start: steps - 1})
	if err != nil {
		return nil, err
	}
	for i := range panels {
		panels[i].add("from noise", nil, sampled[i].Data)
	}
	return figures(panels), nil
}

func figures(panels []panel) []figure.Figure {
	out := make([]figure.Figure, len(panels))
	for i := range panels {
		out[i] = &panels[i].figure
	}
	return out
}

// panel draws the windows of one modality.
type panel struct {
	figure  figure.Images
	side    int
	bands   int
	show    [3]int // bands shown as red, green and blue
	low     [3]float32
	high    [3]float32
	order   []int32
	clean   []float32 // (B, L, P)
	visible []bool    // (B, L)
	keep    []int32
	shape   tensor.Shape
}

func newPanel(x *Experiment, m *diffusion.Model, modality int, in *diffusion.CorruptedInput) panel {
	e := m.Config.Encoder
	p := panel{side: e.Window, bands: e.Modalities[modality].Bands, order: e.PixelOrder(), clean: in.Target.Data, keep: in.Keep, shape: in.Target.Shape}
	p.show = shownBands(x.Data.Modalities[modality], &x.Scaling.Modalities[modality])
	for i, band := range p.show {
		p.low[i], p.high[i] = spread(p.clean, p.bands, band)
	}
	k := len(in.Keep) / p.shape.Dim(0)
	p.visible = make([]bool, p.shape.Rows())
	for i, at := range in.Keep {
		p.visible[i/k*p.shape.Dim(1)+int(at)] = true
	}
	name := e.Modalities[modality].Name
	p.figure = figure.Images{Title: "Restored windows: " + name, Zoom: max(4, math.Floor(80/float64(p.side))),
		Note: fmt.Sprintf("Each column is one window of %s. Masked pixels are grey.", name)}
	return p
}

// shownBands returns the model inputs to show: those nearest to red, green and
// blue, the first components, or the only band three times.
func shownBands(m rsdata.Modality, s *rsdata.ModalityScaling) [3]int {
	n := s.OutBands()
	if s.PCA != nil || n < 3 {
		return [3]int{0, min(1, n-1), min(2, n-1)}
	}
	want, ok := rsdata.TrueColorBands(m)
	if !ok {
		want = rsdata.FalseColorBands(m)
	}
	var out [3]int
	for i, band := range want {
		at, found := slices.BinarySearch(s.Bands, int32(band))
		if !found {
			at = min(at, n-1)
		}
		out[i] = at
	}
	return out
}

// spread returns the 2nd and 98th percentile of a band.
func spread(values []float32, bands, band int) (low, high float32) {
	var v []float32
	for i := band; i < len(values); i += bands {
		v = append(v, values[i])
	}
	slices.Sort(v)
	return v[len(v)*2/100], v[(len(v)-1)*98/100]
}

// noised spreads the values of the visible tokens, (B·k, P), over a clean copy.
func (p *panel) noised(visible []float32) []float32 {
	b, l, size := p.shape.Dim(0), p.shape.Dim(1), p.shape.Dim(2)
	out := slices.Clone(p.clean)
	if len(visible) == len(out) {
		return visible // the reference order noises every token
	}
	k := len(p.keep) / b
	for i, at := range p.keep {
		token := i/k*l + int(at)
		copy(out[token*size:(token+1)*size], visible[i*size:(i+1)*size])
	}
	return out
}

// add appends a row of pictures; tokens that visible leaves out are grey.
func (p *panel) add(name string, visible []bool, values []float32) {
	b, l := p.shape.Dim(0), p.shape.Dim(1)
	per := p.shape.Dim(2) / p.bands // pixels of a token
	row := make([]figure.Cell, b)
	for i := range b {
		im := image.NewNRGBA(image.Rect(0, 0, p.side, p.side))
		for token := range l {
			for j := range per {
				at := int(p.order[token*per+j])
				c := color.NRGBA{150, 150, 150, 255}
				if visible == nil || visible[i*l+token] {
					c = p.color(values[((i*l+token)*per+j)*p.bands:])
				}
				im.SetNRGBA(at%p.side, at/p.side, c)
			}
		}
		row[i].Image = im
	}
	p.figure.Rows = append(p.figure.Rows, row)
	p.figure.RowNames = append(p.figure.RowNames, name)
}

func (p *panel) color(pixel []float32) color.NRGBA {
	var c [3]uint8
	for i, band := range p.show {
		v := (pixel[band] - p.low[i]) / max(p.high[i]-p.low[i], 1e-6)
		c[i] = uint8(math.Round(255 * float64(min(max(v, 0), 1))))
	}
	return color.NRGBA{c[0], c[1], c[2], 255}
}

// captions writes each window's timestep over the noised row.
func (p *panel) captions(steps []int32) {
	for i := range p.figure.Rows[2] {
		p.figure.Rows[2][i].Caption = fmt.Sprintf("t = %d", steps[i]+1)
	}
}
