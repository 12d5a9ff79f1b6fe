package study

import (
	"image"
	"image/color"
	"math"
	"slices"

	"diffclip/internal/figure"
	"diffclip/rsdata"
	"diffclip/vit"
)

// Painter turns windows of one modality, scaled as the model reads them, into
// pictures.
type Painter struct {
	side, bands int
	order       []int32
	show        [3]int // bands shown as red, green and blue
	low, high   [3]float32
}

// NewPainter stretches colours between the 2nd and 98th percentile of sample,
// (..., bands).
func NewPainter(m rsdata.Modality, s *rsdata.ModalityScaling, e vit.Config, sample []float32) *Painter {
	p := &Painter{side: e.Window, bands: s.OutBands(), order: e.PixelOrder(), show: shownBands(m, s)}
	for i, band := range p.show {
		p.low[i], p.high[i] = spread(sample, p.bands, band)
	}
	return p
}

// shownBands returns the model inputs to show: those nearest to red, green and
// blue, the first components, or of one or two bands the first three times.
func shownBands(m rsdata.Modality, s *rsdata.ModalityScaling) [3]int {
	n := s.OutBands()
	if s.PCA == nil && n < 3 {
		return [3]int{}
	}
	if s.PCA != nil {
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

// hidden is what stands for a masked token.
var hidden = color.NRGBA{150, 150, 150, 255}

// Window draws one window, (L, P); tokens that visible leaves out are grey, nil
// shows all.
func (p *Painter) Window(values []float32, visible []bool) *image.NRGBA {
	im := image.NewNRGBA(image.Rect(0, 0, p.side, p.side))
	per := len(p.order) // pixels of a token
	if visible != nil {
		per /= len(visible)
	}
	for i, at := range p.order {
		c := hidden
		if visible == nil || visible[i/per] {
			c = p.color(values[i*p.bands:])
		}
		im.SetNRGBA(int(at)%p.side, int(at)/p.side, c)
	}
	return im
}

func (p *Painter) color(pixel []float32) color.NRGBA {
	var c [3]uint8
	for i, band := range p.show {
		v := (pixel[band] - p.low[i]) / max(p.high[i]-p.low[i], 1e-6)
		c[i] = uint8(math.Round(255 * float64(min(max(v, 0), 1))))
	}
	return color.NRGBA{c[0], c[1], c[2], 255}
}

// AttentionImage draws the shares of a window's patches, (L), in the colours of
// figure.Sequential; the largest is the lightest.
func AttentionImage(e vit.Config, shares []float32) *image.NRGBA {
	im := image.NewNRGBA(image.Rect(0, 0, e.Window, e.Window))
	top := max(slices.Max(shares), 1e-12)
	for i, at := range e.PixelOrder() {
		c := figure.Sequential(float64(shares[i/e.PatchPixels()] / top))
		im.SetNRGBA(int(at)%e.Window, int(at)/e.Window, color.NRGBA{c.R, c.G, c.B, 255})
	}
	return im
}
