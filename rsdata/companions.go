package rsdata

import (
	"regexp"
	"strings"

	"diffclip/internal/envi"
	"diffclip/internal/numeric"
	"diffclip/internal/spectral"
)

// wavelengthName is how the wavelengths of the bands are called, without HDF5's groups.
var wavelengthName = regexp.MustCompile(`(?i)(^|/)(cent(er|re)_?|band_?)?wave_?lengths?(_nm)?$`)

// readCompanions takes what else is in the file of a raster and tells of it: the wavelengths of its bands, where one array
// is called so and has as many values, and NEON's text that says where a flight lies.
func (c *content) readCompanions(f arrayFile) {
	if len(c.array.Shape) != 3 || c.array.Shape[2] < 2 {
		return
	}
	vars, err := f.variables()
	if err != nil {
		return // reading the raster has told
	}
	var wavelengths, places []string
	for _, v := range vars {
		n, err := numeric.Count(v.shape)
		switch {
		case err == nil && n == c.array.Shape[2] && v.numeric() && wavelengthName.MatchString(v.name):
			wavelengths = append(wavelengths, v.name)
		case v.class == "char" && strings.HasSuffix(v.name, "/Map_Info"):
			places = append(places, v.name)
		}
	}
	if len(wavelengths) == 1 && c.wavelengths == nil {
		if w, err := f.read(wavelengths[0], false); err == nil {
			c.wavelengths = nanometres(float64s(w.array))
		}
	}
	if mat, ok := f.(*matArrays); ok && len(places) == 1 && c.grid == nil {
		if text, err := mat.f.Read(places[0]); err == nil {
			items := strings.Split(text.Text, ",")
			for i := range items {
				items[i] = strings.TrimSpace(items[i])
			}
			if grid, err := envi.MapInfo(items); err == nil {
				c.grid = &grid
			}
		}
	}
}

// nanometres turns wavelengths whose unit nothing tells into nanometres.
func nanometres(w []float64) []float64 {
	for i, v := range w {
		scale, _ := spectral.Nanometres("", v)
		w[i] *= scale
	}
	return w
}

// checkWavelengths leaves out wavelengths that are none: of another number than the bands, or not all above zero.
func (c *content) checkWavelengths() {
	if c.wavelengths == nil {
		return
	}
	ok := len(c.wavelengths) == c.array.Shape[2]
	for _, v := range c.wavelengths {
		ok = ok && v > 0 && v-v == 0
	}
	if !ok {
		c.wavelengths = nil
		c.notes = append(c.notes, "its file lists wavelengths that are not one number above zero for each band, and are left out")
	}
}
