package reproduce

import (
	"fmt"
	"math"
	"slices"

	"diffclip/internal/figure"
	"diffclip/rsdata"
)

// bars draws the first figure of merit of every method, ours beside the paper's,
// one chart for each setting.
func bars(p *Panel) []figure.Figure {
	var out []figure.Figure
	for _, setting := range p.settings() {
		ours, paper := figure.BarSeries{Name: "here"}, figure.BarSeries{Name: "printed in the paper"}
		f := &figure.Bars{Title: p.title(setting), Value: figure.Axis{Label: p.Study.Metrics[0] + " (%)", Min: 0, Max: 100}, Format: "%.1f"}
		anyOurs, anyPaper := false, false
		for _, row := range p.Rows {
			if row.Setting != setting {
				continue
			}
			m := p.Study.Metrics[0]
			f.Categories = append(f.Categories, row.Method)
			ours.Values, ours.Err = append(ours.Values, 100*row.value(m)), append(ours.Err, errorBar(row, m))
			paper.Values = append(paper.Values, 100*row.paper(m))
			anyOurs, anyPaper = anyOurs || !math.IsNaN(row.value(m)), anyPaper || !math.IsNaN(row.paper(m))
		}
		if anyOurs {
			f.Series = append(f.Series, ours)
			f.Note = "Error bars are the standard deviation over seeds."
		}
		if anyPaper {
			f.Series = append(f.Series, paper)
		}
		if !anyOurs {
			f.Title = p.with(setting) + ", as printed in the paper"
		}
		if len(f.Series) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// shotCurves draws the first figure of merit over the number of shots, a line for
// each method that was run; with one setting alone, bars.
func shotCurves(p *Panel) []figure.Figure {
	m := p.Study.Metrics[0]
	f := &figure.Lines{Title: p.title(""), Note: "Error bars are the standard deviation over seeds.",
		X: figure.Axis{Label: "training samples per class", Log: true}, Y: figure.Axis{Label: m + " (%)"}}
	for _, row := range p.Rows {
		if len(row.Cells) == 0 {
			continue
		}
		i := slices.IndexFunc(f.Series, func(s figure.Series) bool { return s.Name == row.Method })
		if i < 0 {
			i = len(f.Series)
			f.Series = append(f.Series, figure.Series{Name: row.Method})
		}
		s := &f.Series[i]
		s.X, s.Y, s.Err = append(s.X, row.X), append(s.Y, 100*row.value(m)), append(s.Err, errorBar(row, m))
		if !slices.Contains(f.X.Ticks, row.X) {
			f.X.Ticks = append(f.X.Ticks, row.X)
		}
	}
	return append([]figure.Figure{f}, bars(p)...)
}

// sweepCurves draws every figure of merit over what a setting varies.
func sweepCurves(p *Panel) []figure.Figure {
	var out []figure.Figure
	for _, setting := range p.settings() {
		f := &figure.Lines{Title: p.title(setting), Note: "Error bars are the standard deviation over seeds.", X: figure.Axis{Label: setting}, Y: figure.Axis{Label: "%"}}
		for _, m := range p.Study.Metrics {
			s := figure.Series{Name: m}
			for _, row := range p.Rows {
				if row.Setting == setting && len(row.Cells) > 0 {
					s.X, s.Y, s.Err = append(s.X, row.X), append(s.Y, 100*row.value(m)), append(s.Err, errorBar(row, m))
				}
			}
			f.X.Ticks = s.X
			f.Series = append(f.Series, s)
		}
		out = append(out, f)
	}
	return out
}

// mapFigures shows the ground truth and the map of each method.
func mapFigures(p *Panel) []figure.Figure {
	d := p.Scene.Data
	var out []figure.Figure
	for i, scene := range d.Scenes {
		truth := scene.Labels
		if truth == nil {
			truth = bothMaps(scene)
		}
		cells := []figure.Cell{{Image: rsdata.LabelImage(truth, scene.W, d.Classes), Caption: "ground truth"}}
		for _, row := range p.Rows {
			if len(row.Cells) == 0 || len(row.Cells[0].Maps) <= i || len(row.Cells[0].Maps[i]) != scene.H*scene.W {
				continue
			}
			cells = append(cells, figure.Cell{Image: rsdata.LabelImage(row.Cells[0].Maps[i], scene.W, d.Classes),
				Caption: fmt.Sprintf("%s, OA %.1f %%", row.Method, 100*row.Cells[0].value("OA"))})
		}
		title := p.Data
		if scene.Name != p.Data {
			title += ": " + scene.Name
		}
		f := &figure.Images{Title: p.titled(title), Legend: rsdata.Legend(d.Classes), Zoom: mapZoom(scene.W),
			Note: "The first map is the ground truth, with unlabelled pixels left out; each other map is that of a method from the first seed, with its accuracy there."}
		columns := mapColumns(scene)
		for chunk := range slices.Chunk(cells, columns) {
			f.Rows = append(f.Rows, chunk)
		}
		out = append(out, f)
	}
	return out
}

// bothMaps joins the official training and test labels of a scene.
func bothMaps(s *rsdata.Scene) []uint8 {
	out := make([]uint8, s.H*s.W)
	for _, labels := range [][]uint8{s.Test, s.Train} {
		for i, l := range labels {
			if l != 0 {
				out[i] = l
			}
		}
	}
	return out
}

// mapWidth is about how wide a row of maps is drawn.
const mapWidth = 960

// mapColumns puts narrow scenes side by side and wide ones below each other.
func mapColumns(s *rsdata.Scene) int {
	return min(max(int(mapWidth/(float64(s.W)*mapZoom(s.W))), 1), 4)
}

// mapZoom halves the maps of wide scenes and enlarges those of small ones, above which
// no caption had room.
func mapZoom(width int) float64 {
	if width > mapWidth {
		return 0.5
	}
	return float64(max(mapWidth/4/width, 1))
}

// settings lists the settings of a panel, in order.
func (p *Panel) settings() []string {
	var out []string
	for _, row := range p.Rows {
		if !slices.Contains(out, row.Setting) {
			out = append(out, row.Setting)
		}
	}
	return out
}

// title names a panel and, where there are many, a setting of it.
func (p *Panel) title(setting string) string { return p.titled(p.with(setting)) }

func (p *Panel) with(setting string) string {
	if setting == "" {
		return p.Name()
	}
	return p.Name() + ", " + setting
}

// titled says of a picture, which others see without the page, that it is of a quick run.
func (p *Panel) titled(title string) string {
	if p.Quick {
		return title + " (quick run)"
	}
	return title
}

// Name is the panel's name for people.
func (p *Panel) Name() string {
	if p.Scene == nil {
		return p.Study.Mean.name
	}
	return p.Data
}

func errorBar(row *Row, metric string) float64 {
	if s, ok := row.Ours[metric]; ok && !math.IsNaN(s.Std) {
		return 100 * s.Std
	}
	return 0
}
