package rsdata

import (
	"fmt"
	"image/color"
	"math"

	"diffclip/internal/rng"
)

// SyntheticConfig describes a synthetic scene.
type SyntheticConfig struct {
	H, W  int     // pixels of one metre
	Bands int     // hyperspectral bands between 400 and 2400 nm
	Noise float64 // standard deviation of the sensor's noise, in reflectance
	Seed  uint64
}

// DefaultSynthetic describes the demo scene.
func DefaultSynthetic() SyntheticConfig {
	return SyntheticConfig{H: 160, W: 220, Bands: 48, Noise: 0.008, Seed: 1}
}

// The classes of the synthetic scene, as labels.
const (
	synWater uint8 = iota + 1
	synMeadow
	synWoods
	synOrchard
	synSoil
	synTiledRoof
	synRoad
	synParking
	synFlatRoof
	synGreenRoof
)

var syntheticClasses = []Class{
	{"Water", color.RGBA{65, 105, 225, 255}},
	{"Meadow", color.RGBA{124, 205, 80, 255}},
	{"Woods", color.RGBA{16, 100, 40, 255}},
	{"Orchard", color.RGBA{170, 160, 30, 255}},
	{"Bare soil", color.RGBA{160, 110, 70, 255}},
	{"Tiled roof", color.RGBA{205, 80, 50, 255}},
	{"Road", color.RGBA{90, 90, 96, 255}},
	{"Parking lot", color.RGBA{240, 200, 60, 255}},
	{"Flat roof", color.RGBA{186, 172, 214, 255}},
	{"Green roof", color.RGBA{0, 190, 170, 255}},
}

// Synthetic makes a town at a river: two modalities, "hsi" (reflectance times 10000, uint16) and "lidar" (metres above
// the lowest ground, float32). Everything follows from cfg.
//
// Some classes share their materials, so that no pixel-wise classifier can be right about them. A flat roof is covered
// with the asphalt of the roads and a green roof with the grass of the meadows: only height separates them. A parking
// lot is asphalt with rows of cars where a road is asphalt with a car here and there, and an orchard is the trees of
// the woods in rows on grass: only the neighbourhood separates them. Spots are painted at a third of a metre, so that
// pixels at borders are mixed; fields and roofs differ in brightness, slopes in illumination, buildings and trees
// cast shadows.
//
// It panics where the scene is smaller than 64 x 64 pixels or has less than 4 bands.
func Synthetic(cfg SyntheticConfig) *Dataset {
	if cfg.H < 64 || cfg.W < 64 || cfg.Bands < 4 {
		panic(fmt.Errorf("rsdata.Synthetic: %d x %d pixels, %d bands, want at least 64 x 64 and 4", cfg.H, cfg.W, cfg.Bands))
	}
	p := newPainting(cfg)
	p.paintLandscape()
	p.paintTown()
	p.castLight()
	s := &Scene{Name: "river town", H: cfg.H, W: cfg.W}
	wavelengths := make([]float64, cfg.Bands)
	for b := range wavelengths {
		wavelengths[b] = 400 + 2000*float64(b)/float64(cfg.Bands-1)
	}
	s.Rasters = []Raster{p.sense(wavelengths, cfg), p.surface(cfg)}
	s.Labels = p.labels()
	return &Dataset{
		Name:       "synthetic",
		Modalities: []Modality{{Name: "hsi", Bands: cfg.Bands, Wavelengths: wavelengths}, {Name: "lidar", Bands: 1}},
		Classes:    append([]Class(nil), syntheticClasses...),
		Scenes:     []*Scene{s},
		Notes:      []string{fmt.Sprintf("a synthetic scene, seed %d: made up, not measured", cfg.Seed)},
	}
}

// sense mixes the spectra of each pixel's spots and adds noise.
func (p *painting) sense(wavelengths []float64, cfg SyntheticConfig) Raster {
	bands := len(wavelengths)
	var curves [numMaterials][]float64
	for m := range curves {
		curves[m] = make([]float64, bands)
		for b, nm := range wavelengths {
			curves[m][b] = material(m).reflectance(nm)
		}
	}
	noise := rng.New(cfg.Seed, "synthetic/noise", 0)
	draws := make([]float32, bands)
	values := make([]uint16, cfg.H*cfg.W*bands)
	for i := range cfg.H * cfg.W {
		var share [numMaterials]float64 // of the light that reaches the sensor
		for _, at := range p.spots(i) {
			share[p.material[at]] += float64(p.light[at]) / (sub * sub)
		}
		noise.Normal(draws, uint64(i*bands))
		for b, nm := range wavelengths {
			v := 0.0
			for m, f := range share {
				if f != 0 {
					v += f * curves[m][b]
				}
			}
			sigma := cfg.Noise
			if inWater(nm) {
				sigma *= 4
			}
			v += sigma * float64(draws[b])
			values[i*bands+b] = uint16(math.Round(1e4 * min(max(v, 0), 1.5)))
		}
	}
	return NewRaster(cfg.H, cfg.W, bands, values)
}

// surface averages the heights of each pixel's spots, to whole centimetres.
func (p *painting) surface(cfg SyntheticConfig) Raster {
	noise := rng.New(cfg.Seed, "synthetic/lidar", 0)
	values := make([]float32, cfg.H*cfg.W)
	noise.Normal(values, 0)
	for i := range values {
		sum := 0.0
		for _, at := range p.spots(i) {
			sum += float64(p.ground[at] + p.height[at])
		}
		values[i] = float32(math.Round(100*sum/(sub*sub)+5*float64(values[i])) / 100)
	}
	return NewRaster(cfg.H, cfg.W, 1, values)
}

// labels labels the pixels whose spots all belong to one class; borders and gardens stay unlabelled.
func (p *painting) labels() []uint8 {
	out := make([]uint8, p.h*p.w)
	for i := range out {
		spots := p.spots(i)
		out[i] = p.class[spots[0]]
		for _, at := range spots {
			if p.class[at] != out[i] {
				out[i] = 0
			}
		}
	}
	return out
}
