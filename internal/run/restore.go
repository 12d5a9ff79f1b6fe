package run

import (
	"fmt"
	"math"

	"diffclip/autograd"
	"diffclip/diffusion"
	"diffclip/internal/figure"
	"diffclip/internal/study"
	"diffclip/rsdata"
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
		visible := study.Visible(&c.Inputs[i])
		p.add("original", nil, c.Inputs[i].Target.Data)
		p.add("masked", visible, c.Inputs[i].Target.Data)
		if !m.Config.NoNoise {
			p.add("noised", visible, study.Noised(&c.Inputs[i]))
			p.captions(c.Steps)
		}
		p.add("restored", nil, v.Value.Host())
		panels[i] = p
	}
	tape.Reset()
	if m.Config.ReferenceOrder || m.Config.NoNoise {
		return figures(panels), nil // which have no sampler
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
	painter *study.Painter
	windows int
}

func newPanel(x *Experiment, m *diffusion.Model, modality int, in *diffusion.CorruptedInput) panel {
	e := m.Config.Encoder
	name := e.Modalities[modality].Name
	return panel{
		painter: study.NewPainter(x.Data.Modalities[modality], &x.Scaling.Modalities[modality], e, in.Target.Data),
		windows: in.Target.Dim(0),
		figure: figure.Images{Title: "Restored windows: " + name, Zoom: windowZoom(e.Window),
			Note: fmt.Sprintf("Each column is one window of %s. Masked pixels are grey. Colours span the windows as they are, from black to full; noise that goes beyond them is cut off there.", name)},
	}
}

// windowZoom draws windows about 80 pixels wide.
func windowZoom(side int) float64 { return max(4, math.Floor(80/float64(side))) }

// add appends a row of pictures; tokens that visible leaves out are grey.
func (p *panel) add(name string, visible []bool, values []float32) {
	row := make([]figure.Cell, p.windows)
	size, tokens := len(values)/p.windows, len(visible)/p.windows
	for i := range row {
		var shown []bool
		if visible != nil {
			shown = visible[i*tokens : (i+1)*tokens]
		}
		row[i].Image = p.painter.Window(values[i*size:(i+1)*size], shown)
	}
	p.figure.Rows = append(p.figure.Rows, row)
	p.figure.RowNames = append(p.figure.RowNames, name)
}

// captions writes each window's timestep over the last row.
func (p *panel) captions(steps []int32) {
	last := p.figure.Rows[len(p.figure.Rows)-1]
	for i := range last {
		last[i].Caption = fmt.Sprintf("t = %d", steps[i]+1)
	}
}

// shownTimesteps are shares of T at which a window is noised and restored.
var shownTimesteps = []float64{0.001, 0.1, 0.25, 0.5, 0.75, 1}

// Timesteps shows, for one figure per modality, the middle one of some windows
// noised more and more, and what stage 1 restores from it. Colours are stretched
// over that window as it is and as it is noised, so that both can be seen.
func (x *Experiment) Timesteps(m *diffusion.Model, pixels []rsdata.Pixel) ([]figure.Figure, error) {
	r, err := study.NewRestorer(x.Backend, m, x.Windows, x.Config.Seed)
	if err != nil {
		return nil, err
	}
	e := m.Config.Encoder
	steps := make([]int, len(shownTimesteps))
	restored := make([][]study.Restored, len(steps)) // by timestep and modality
	for n, share := range shownTimesteps {
		steps[n] = max(int(math.Round(share*float64(e.Timesteps))), 1)
		if restored[n], err = r.At(pixels, steps[n]-1, m.Config.MaskRatio); err != nil {
			return nil, err
		}
	}
	out := make([]figure.Figure, len(e.Modalities))
	for i := range out {
		windows := make([]study.Restored, len(steps))
		var seen []float32
		for n := range steps {
			windows[n] = restored[n][i].Window(len(pixels)/2, len(pixels))
			seen = append(seen, windows[n].Seen()...)
		}
		painter := study.NewPainter(x.Data.Modalities[i], &x.Scaling.Modalities[i], e, append(seen, windows[0].Clean...))
		panel := timestepPanel(e.Modalities[i].Name, e.Window)
		panel.Rows = [][]figure.Cell{{{Image: painter.Window(windows[0].Clean, nil), Caption: "original"}}, {{}}}
		for n, w := range windows {
			panel.Rows[0] = append(panel.Rows[0], figure.Cell{Image: painter.Window(w.Noised, w.Visible), Caption: fmt.Sprintf("t = %d", steps[n])})
			panel.Rows[1] = append(panel.Rows[1], figure.Cell{Image: painter.Window(w.Restored, nil), Caption: fmt.Sprintf("error %.2f", restored[n][i].Error())})
		}
		out[i] = panel
	}
	return out, nil
}

func timestepPanel(name string, side int) *figure.Images {
	return &figure.Images{Title: "One window at several timesteps: " + name, Zoom: windowZoom(side), RowNames: []string{"noised", "restored"},
		Note: fmt.Sprintf("One window of %s with the same pixels masked, noised more from left to right, and below what the model restores. The error is the root mean square over the masked pixels of this and some other windows, in units of the scaled input.", name)}
}
