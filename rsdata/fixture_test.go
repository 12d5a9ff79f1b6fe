package rsdata

import (
	"fmt"
)

// tiny returns a dataset of one scene whose two modalities hold their own coordinates: "a" (uint16, 3 bands) is
// 100*row + 10*col + band and "b" (float32, 1 band) is row - col.
func tiny(h, w int) *Dataset {
	a, b := make([]uint16, h*w*3), make([]float32, h*w)
	for i := range h * w {
		r, c := i/w, i%w
		for k := range 3 {
			a[i*3+k] = uint16(100*r + 10*c + k)
		}
		b[i] = float32(r - c)
	}
	return &Dataset{
		Name:       "tiny",
		Modalities: []Modality{{Name: "a", Bands: 3}, {Name: "b", Bands: 1}},
		Scenes: []*Scene{{Name: "tiny", H: h, W: w, Rasters: []Raster{
			NewRaster(h, w, 3, a),
			NewRaster(h, w, 1, b),
		}}},
	}
}

// identity is the scaling that changes nothing.
func identity(d *Dataset) *Scaling {
	s := &Scaling{}
	for _, m := range d.Modalities {
		ms := ModalityScaling{Name: m.Name, Method: GlobalMinMax, InBands: m.Bands}
		for b := range m.Bands {
			ms.Bands = append(ms.Bands, int32(b))
			ms.Offset, ms.Gain, ms.Fill = append(ms.Offset, 0), append(ms.Gain, 1), append(ms.Fill, -1)
		}
		s.Modalities = append(s.Modalities, ms)
	}
	return s
}

// checkered returns a tiny dataset in which class k+1 fills stripes of columns.
func checkered(h, w, classes, stripe int) *Dataset {
	d := tiny(h, w)
	for k := range classes {
		d.Classes = append(d.Classes, Class{Name: fmt.Sprintf("class %c", 'A'+k)})
	}
	s := d.Scenes[0]
	s.Labels = make([]uint8, h*w)
	for i := range s.Labels {
		s.Labels[i] = uint8(i%w/stripe%classes + 1)
	}
	return d
}
