package rsdata

import (
	"fmt"

	"diffclip/internal/numeric"
)

// indianPines is the AVIRIS scene of north-western Indiana at 20 m, 200 bands after water absorption is left out.
var indianPines = knownScene{
	name: "Indian Pines", h: 145, w: 145, hsiBands: 200, rawBands: 220,
	hsiFile: "Indian_pines_corrected.mat", labelFile: "Indian_pines_gt.mat",
	classes: []Class{
		{"Alfalfa", rgb(255, 69, 0)}, {"Corn-notill", rgb(255, 200, 40)}, {"Corn-mintill", rgb(240, 160, 90)}, {"Corn", rgb(255, 235, 120)},
		{"Grass-pasture", rgb(124, 205, 80)}, {"Grass-trees", rgb(34, 139, 34)}, {"Grass-pasture-mowed", rgb(170, 225, 130)},
		{"Hay-windrowed", rgb(205, 190, 112)}, {"Oats", rgb(250, 128, 114)}, {"Soybean-notill", rgb(65, 105, 225)},
		{"Soybean-mintill", rgb(0, 170, 200)}, {"Soybean-clean", rgb(120, 180, 255)}, {"Wheat", rgb(222, 120, 40)},
		{"Woods", rgb(0, 100, 0)}, {"Buildings-Grass-Trees-Drives", rgb(160, 82, 160)}, {"Stone-Steel-Towers", rgb(120, 120, 130)},
	},
}

// paviaUniversity is the ROSIS scene of the engineering school at Pavia, Italy, at 1.3 m.
var paviaUniversity = knownScene{
	name: "Pavia University", h: 610, w: 340, hsiBands: 103, rawBands: 115, span: [2]float64{430, 860},
	hsiFile: "PaviaU.mat", labelFile: "PaviaU_gt.mat",
	classes: []Class{
		{"Asphalt", rgb(128, 128, 136)}, {"Meadows", rgb(50, 205, 50)}, {"Gravel", rgb(0, 200, 220)}, {"Trees", rgb(0, 110, 0)},
		{"Painted metal sheets", rgb(230, 0, 230)}, {"Bare soil", rgb(165, 82, 40)}, {"Bitumen", rgb(128, 0, 128)},
		{"Self-blocking bricks", rgb(230, 40, 40)}, {"Shadows", rgb(240, 220, 60)},
	},
}

// salinas is the AVIRIS scene of the Salinas Valley, California, at 3.7 m.
var salinas = knownScene{
	name: "Salinas", h: 512, w: 217, hsiBands: 204, rawBands: 224,
	hsiFile: "Salinas_corrected.mat", labelFile: "Salinas_gt.mat",
	classes: []Class{
		{"Brocoli green weeds 1", rgb(34, 139, 34)}, {"Brocoli green weeds 2", rgb(110, 190, 90)}, {"Fallow", rgb(205, 170, 125)},
		{"Fallow rough plow", rgb(160, 110, 70)}, {"Fallow smooth", rgb(230, 200, 160)}, {"Stubble", rgb(240, 220, 80)},
		{"Celery", rgb(0, 200, 150)}, {"Grapes untrained", rgb(128, 0, 128)}, {"Soil vinyard develop", rgb(139, 69, 19)},
		{"Corn senesced green weeds", rgb(255, 165, 0)}, {"Lettuce romaine 4wk", rgb(180, 255, 120)}, {"Lettuce romaine 5wk", rgb(120, 220, 60)},
		{"Lettuce romaine 6wk", rgb(60, 170, 30)}, {"Lettuce romaine 7wk", rgb(20, 110, 20)}, {"Vinyard untrained", rgb(200, 60, 120)},
		{"Vinyard vertical trellis", rgb(65, 105, 225)},
	},
}

// indianCrop reports whether labels are a piece of Indian Pines that keeps the numbers of the whole scene, as the
// 70 x 70 demonstration crop with its four classes does.
func indianCrop(size [2]int, bands int, present []bool) bool {
	if size != [2]int{70, 70} || bands != 200 {
		return false
	}
	for l, in := range present {
		if in && l != 2 && l != 6 && l != 10 && l != 11 {
			return false
		}
	}
	return true
}

// SplitSpectrum returns the dataset with its first modality divided into two at a band: for scenes that bring one
// modality alone. The halves are copies.
func (d *Dataset) SplitSpectrum(at int) (*Dataset, error) {
	m := d.Modalities[0]
	if at < 1 || at >= m.Bands {
		return nil, fmt.Errorf("dataset %q: modality %q has %d bands and cannot be divided before band %d: name a band from 2 to %d", d.Name, m.Name, m.Bands, at+1, m.Bands)
	}
	out := *d
	first, second := Modality{Name: m.Name + "-1", Bands: at}, Modality{Name: m.Name + "-2", Bands: m.Bands - at}
	if m.Wavelengths != nil {
		first.Wavelengths, second.Wavelengths = m.Wavelengths[:at:at], m.Wavelengths[at:]
	}
	if m.Bad != nil {
		first.Bad, second.Bad = m.Bad[:at:at], m.Bad[at:]
	}
	out.Modalities = append([]Modality{first, second}, d.Modalities[1:]...)
	out.Scenes = nil
	for _, s := range d.Scenes {
		c, r := *s, s.Rasters[0]
		c.Rasters = append([]Raster{r.takeBands(0, at), r.takeBands(at, m.Bands)}, s.Rasters[1:]...)
		out.Scenes = append(out.Scenes, &c)
	}
	out.Notes = append([]string(nil), d.Notes...)
	out.notef("the bands of %s are divided in two modalities: 1-%d and %d-%d", m.Name, at, at+1, m.Bands)
	return &out, nil
}

// takeBands returns a copy of the bands [lo, hi).
func (r Raster) takeBands(lo, hi int) Raster {
	out := Raster{Array: takeBands(r.Array, lo, hi), NoData: r.NoData}
	if r.Scale != nil {
		out.Scale = r.Scale[lo:hi]
	}
	return out
}

// takeBands copies the bands [lo, hi) of a (H, W, bands) array.
func takeBands(a *numeric.Array, lo, hi int) *numeric.Array {
	n, bands := hi-lo, a.Shape[2]
	out := numeric.New(a.Type, []int{a.Shape[0], a.Shape[1], n})
	for i := range a.Shape[0] * a.Shape[1] {
		copyValues(out, i*n, a, i*bands+lo, n)
	}
	return out
}
