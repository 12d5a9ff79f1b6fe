package rsdata

import (
	"fmt"
	"slices"

	"diffclip/internal/numeric"
)

// Windows gathers scaled square windows straight from the scenes, edge-padded. It keeps no copy of the data (where a
// modality is projected to principal components it keeps those). All methods are safe for concurrent use.
type Windows struct {
	side    int
	sizes   [][2]int       // per scene: H, W
	sources [][]source     // per modality and scene
	bands   []int          // per modality: values per pixel
	scratch chan []float32 // spare buffers for the centres that GatherAugmented resizes
}

// NewWindows prepares windows of the given odd side. It panics where the side is not odd and positive or the scaling
// does not fit the dataset (see Scaling.Check).
func NewWindows(d *Dataset, s *Scaling, side int) *Windows {
	if side < 1 || side%2 == 0 {
		panic(fmt.Errorf("rsdata.NewWindows: side %d, want an odd number of pixels from 1", side))
	}
	if err := s.Check(d); err != nil {
		panic(fmt.Errorf("rsdata.NewWindows: %w", err))
	}
	w := &Windows{side: side, scratch: make(chan []float32, 16)}
	for _, sc := range d.Scenes {
		w.sizes = append(w.sizes, [2]int{sc.H, sc.W})
	}
	for m := range s.Modalities {
		ms := &s.Modalities[m]
		perScene := make([]source, len(d.Scenes))
		for i, sc := range d.Scenes {
			perScene[i] = newSource(sc.Rasters[m], ms)
		}
		w.sources = append(w.sources, perScene)
		w.bands = append(w.bands, ms.OutBands())
	}
	return w
}

// Side returns the side of a window in pixels.
func (w *Windows) Side() int { return w.side }

// Modalities returns how many modalities a window has.
func (w *Windows) Modalities() int { return len(w.bands) }

// Bands returns the values per pixel of modality m.
func (w *Windows) Bands(m int) int { return w.bands[m] }

// Scenes returns how many scenes the windows are of.
func (w *Windows) Scenes() int { return len(w.sizes) }

// Size returns the height and the width of a scene.
func (w *Windows) Size(scene int) (h, width int) { return w.sizes[scene][0], w.sizes[scene][1] }

// Read writes whole pixels of modality m of a scene, row by row from pixel first on, as a window has them: dst holds
// Bands(m) values of each. It panics where there are not so many.
func (w *Windows) Read(dst []float32, m, scene, first int) {
	h, width := w.Size(scene)
	if n := len(dst) / w.bands[m]; first < 0 || first+n > h*width || n*w.bands[m] != len(dst) {
		panic(fmt.Errorf("rsdata.Windows.Read: %d values from pixel %d on, in a scene of %d x %d pixels of %d bands", len(dst), first, h, width, w.bands[m]))
	}
	w.sources[m][scene].read(dst, first)
}

// NewBuffers allocates a destination for n windows: per modality (n, side*side, bands).
func (w *Windows) NewBuffers(n int) [][]float32 {
	dst := make([][]float32, len(w.bands))
	for m, b := range w.bands {
		dst[m] = make([]float32, n*w.side*w.side*b)
	}
	return dst
}

// Gather writes the windows around pixels: dst[m] is (len(pixels), side*side, bands of m), row-major, scaled, the
// edge repeated outside the scene. dst[m] may be longer; a nil dst[m] skips the modality. It allocates nothing. It
// panics where dst has the wrong size or a pixel lies outside its scene.
func (w *Windows) Gather(dst [][]float32, pixels []Pixel) {
	area := w.side * w.side
	w.checkDst("Gather", dst, len(pixels), area)
	half := w.side / 2
	for m, out := range dst {
		if out == nil {
			continue
		}
		bands := w.bands[m]
		for i, p := range pixels {
			h, width := w.size("Gather", p)
			src := w.sources[m][p.Scene]
			for r := range w.side {
				row := clamp(int(p.Row)+r-half, h) * width
				line := out[(i*area+r*w.side)*bands:]
				first := int(p.Col) - half
				if first >= 0 && first+w.side <= width {
					src.read(line[:w.side*bands], row+first)
					continue
				}
				for c := range w.side {
					src.read(line[c*bands:(c+1)*bands], row+clamp(first+c, width))
				}
			}
		}
	}
}

// checkDst panics unless dst has room for n windows of the given positions.
func (w *Windows) checkDst(op string, dst [][]float32, n, positions int) {
	if len(dst) != len(w.bands) {
		panic(fmt.Errorf("rsdata.Windows.%s: %d buffers for %d modalities", op, len(dst), len(w.bands)))
	}
	for m, out := range dst {
		if out != nil && len(out) < n*positions*w.bands[m] {
			panic(fmt.Errorf("rsdata.Windows.%s: modality %d: %d values for %d windows of %d positions and %d bands", op, m, len(out), n, positions, w.bands[m]))
		}
	}
}

// Check returns an error unless every pixel lies in its scene: where others are asked for, methods of Windows panic.
func (w *Windows) Check(pixels []Pixel) error {
	for _, p := range pixels {
		if err := w.check(p); err != nil {
			return err
		}
	}
	return nil
}

func (w *Windows) check(p Pixel) error {
	if p.Scene < 0 || int(p.Scene) >= len(w.sizes) {
		return fmt.Errorf("pixel of scene %d, of %d, counted from 0", p.Scene, len(w.sizes))
	}
	if s := w.sizes[p.Scene]; p.Row < 0 || p.Col < 0 || int(p.Row) >= s[0] || int(p.Col) >= s[1] {
		return fmt.Errorf("pixel at row %d, column %d of scene %d, which is %d x %d", p.Row, p.Col, p.Scene, s[0], s[1])
	}
	return nil
}

// size returns the size of a pixel's scene; it panics where the pixel lies outside.
func (w *Windows) size(op string, p Pixel) (h, width int) {
	if err := w.check(p); err != nil {
		panic(fmt.Errorf("rsdata.Windows.%s: %w", op, err))
	}
	return w.Size(int(p.Scene))
}

func clamp(i, n int) int { return min(max(i, 0), n-1) }

// source reads scaled pixels of one modality of one scene.
type source interface {
	// read writes consecutive pixels, from pixel index first, as many as dst holds.
	read(dst []float32, first int)
}

func newSource(r Raster, m *ModalityScaling) source {
	var s source
	m = m.ofStored(r.Scale)
	switch d := r.Array.Data.(type) {
	case []int8:
		s = newScaled(d, r, m)
	case []uint8:
		s = newScaled(d, r, m)
	case []int16:
		s = newScaled(d, r, m)
	case []uint16:
		s = newScaled(d, r, m)
	case []int32:
		s = newScaled(d, r, m)
	case []uint32:
		s = newScaled(d, r, m)
	case []int64:
		s = newScaled(d, r, m)
	case []uint64:
		s = newScaled(d, r, m)
	case []float32:
		s = newScaled(d, r, m)
	case []float64:
		s = newScaled(d, r, m)
	default:
		panic(fmt.Errorf("rsdata.NewWindows: raster data is %T, not a slice of an element type", d))
	}
	if m.PCA != nil {
		return projectAll(s, r, m)
	}
	return s
}

// ofStored returns the scaling that does to stored values what m does to what they measure.
func (m *ModalityScaling) ofStored(scale []numeric.Scale) *ModalityScaling {
	if scale == nil {
		return m
	}
	out := *m
	out.Offset, out.Gain = slices.Clone(m.Offset), slices.Clone(m.Gain)
	for j, b := range m.Bands {
		s := scale[b]
		out.Offset[j] = float32((float64(m.Offset[j]) - s.Offset) / s.Gain)
		out.Gain[j] = float32(float64(m.Gain[j]) * s.Gain)
	}
	return &out
}

// scaled applies a ModalityScaling to the raw values while it reads them.
type scaled[T numeric.Number] struct {
	raw     []T
	in      int // bands of the file
	m       *ModalityScaling
	none    float32 // the no-data value
	checked bool    // whether a value may be missing: floats, or a no-data value is set
	subset  bool    // whether bands were left out
}

func newScaled[T numeric.Number](raw []T, r Raster, m *ModalityScaling) *scaled[T] {
	s := &scaled[T]{raw: raw, in: m.InBands, m: m, none: r.none(), subset: len(m.Bands) != m.InBands}
	s.checked = r.Array.Type.IsFloat() || r.NoData != nil
	return s
}

func (s *scaled[T]) read(dst []float32, first int) {
	out := len(s.m.Bands)
	for src := s.raw[first*s.in:]; len(dst) >= out; src = src[s.in:] {
		s.pixel(dst[:out], src[:s.in])
		dst = dst[out:]
	}
}

// pixel scales the bands kept of one pixel.
func (s *scaled[T]) pixel(dst []float32, src []T) {
	offset, gain := s.m.Offset[:len(dst)], s.m.Gain[:len(dst)]
	if s.subset {
		bands := s.m.Bands[:len(dst)]
		for j := range dst {
			dst[j] = (float32(src[bands[j]]) - offset[j]) * gain[j]
		}
	} else {
		src := src[:len(dst)]
		for j := range dst {
			dst[j] = (float32(src[j]) - offset[j]) * gain[j]
		}
	}
	if s.checked {
		for j, v := range dst {
			if v-v != 0 || missing(float32(src[s.m.Bands[j]]), s.none) {
				dst[j] = s.m.Fill[j]
			}
		}
	}
	if s.m.Clip {
		for j, v := range dst {
			dst[j] = min(max(v, 0), 1)
		}
	}
}

// scaleRaw scales one pixel whose raw bands are given as float32, missing ones as NaN.
func (m *ModalityScaling) scaleRaw(dst, raw []float32) {
	s := scaled[float32]{in: m.InBands, m: m, none: nan32, checked: true, subset: len(m.Bands) != m.InBands}
	s.pixel(dst, raw)
}

// projected holds the principal components of a scene.
type projected struct {
	values []float32 // (H*W, bands)
	bands  int
}

func (p *projected) read(dst []float32, first int) { copy(dst, p.values[first*p.bands:]) }

// projectAll computes the principal components of every pixel once: a window would otherwise repeat the projection of
// each pixel side*side times.
func projectAll(s source, r Raster, m *ModalityScaling) *projected {
	n := r.Array.Shape[0] * r.Array.Shape[1]
	p := &projected{bands: m.OutBands(), values: make([]float32, n*m.OutBands())}
	row := make([]float32, len(m.Bands))
	for i := range n {
		s.read(row, i)
		m.PCA.project(p.values[i*p.bands:(i+1)*p.bands], row)
	}
	return p
}
