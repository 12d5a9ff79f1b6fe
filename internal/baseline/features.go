package baseline

import "diffclip/rsdata"

// side is the side of the square of pixels, around a sample's centre, whose mean a classifier sees.
const side = 3

// Features turns pixels into the vectors that a classifier sees: the mean of the 3 x 3 pixels around each, of every
// modality, side by side. Bands are standardised, or projected to whitened principal components or to minimum noise
// fractions. Mean, deviation and components come from all ground of the dataset, that of training, test and unlabelled
// samples alike, as the scaling of the networks does (rsdata.Fit); no label is read. Its methods are safe for
// concurrent use.
type Features struct {
	windows *rsdata.Windows
	width   int // number of features
}

// Projection is how many components to keep of each modality that has more bands: all bands where both are 0.
type Projection struct {
	PCA int // whitened principal components
	MNF int // minimum noise fractions
}

// NewFeatures fits the features of a dataset.
func NewFeatures(d *rsdata.Dataset, p Projection) (*Features, error) {
	scaling, err := rsdata.Fit(d, rsdata.ScalingConfig{Method: rsdata.Standardise, PCA: p.PCA, MNF: p.MNF})
	if err != nil {
		return nil, err
	}
	f := &Features{windows: rsdata.NewWindows(d, scaling, side)}
	for m := range f.windows.Modalities() {
		f.width += f.windows.Bands(m)
	}
	return f, nil
}

// At returns the features of pixels, a row for each. It panics where a pixel lies outside its scene.
func (f *Features) At(pixels []rsdata.Pixel) [][]float64 {
	const chunk = 256 // windows gathered at a time, so that the memory stays small
	out := make([][]float64, len(pixels))
	windows := f.windows.NewBuffers(min(chunk, len(pixels)))
	for lo := 0; lo < len(pixels); lo += chunk {
		hi := min(lo+chunk, len(pixels))
		f.windows.Gather(windows, pixels[lo:hi])
		for i := lo; i < hi; i++ {
			row := make([]float64, 0, f.width)
			for m, values := range windows {
				bands := f.windows.Bands(m)
				row = appendMean(row, values[(i-lo)*side*side*bands:][:side*side*bands], bands)
			}
			out[i] = row
		}
	}
	return out
}

// appendMean appends the mean over the pixels of a window, (side*side, bands).
func appendMean(row []float64, window []float32, bands int) []float64 {
	for b := range bands {
		sum := 0.0
		for p := b; p < len(window); p += bands {
			sum += float64(window[p])
		}
		row = append(row, sum/(side*side))
	}
	return row
}
