package rsdata

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// PCA projects scaled bands onto their principal components, each divided by its standard deviation, or onto their
// minimum noise fractions (see fitMNF).
type PCA struct {
	Mean       []float32   `json:"mean"`       // per band kept, of the scaled values
	Components [][]float32 `json:"components"` // (components, bands kept), rows already divided by the standard deviation
	Explained  float64     `json:"explained"`  // share of the variance the components hold; of minimum noise fractions, in units of the noise

	NoiseRatio []float64 `json:"noise_ratio,omitempty"` // minimum noise fractions: variance of each over that of its noise
}

func (p *PCA) check(bands int) error {
	if len(p.Mean) != bands || len(p.Components) == 0 || len(p.Components) > bands {
		return fmt.Errorf("%d principal components over %d bands, want 1..%d over %d", len(p.Components), len(p.Mean), bands, bands)
	}
	for _, c := range p.Components {
		if len(c) != bands {
			return fmt.Errorf("a principal component has %d weights for %d bands", len(c), bands)
		}
	}
	return nil
}

// project writes the components of one pixel's scaled bands to dst.
func (p *PCA) project(dst, scaled []float32) {
	for k, c := range p.Components {
		sum := 0.0
		for b, w := range c {
			sum += float64(w) * float64(scaled[b]-p.Mean[b])
		}
		dst[k] = float32(sum)
	}
}

// pcaSample bounds how many pixels the covariance is taken from.
const pcaSample = 1 << 14

// fitPCA diagonalises the covariance of the scaled bands over evenly spaced pixels.
func (m *ModalityScaling) fitPCA(d *Dataset, modality, components int) error {
	bands := len(m.Bands)
	rows, mean := m.scaledRows(d, modality, samplePixels(d, pcaSample))
	var eigen mat.EigenSym
	if !eigen.Factorize(covariance(rows, mean), true) {
		return fmt.Errorf("the covariance of %d bands could not be diagonalised: ask for no principal components", bands)
	}
	m.PCA = principal(&eigen, mean, components)
	m.Notes = append(m.Notes, fmt.Sprintf("%d principal components hold %.2f%% of the variance of %d bands", len(m.PCA.Components), 100*m.PCA.Explained, bands))
	return nil
}

// scaledRows returns the scaled bands of pixels, (len(pixels), bands), and their mean.
func (m *ModalityScaling) scaledRows(d *Dataset, modality int, pixels []Pixel) (rows []float32, mean []float64) {
	bands := len(m.Bands)
	rows = make([]float32, len(pixels)*bands)
	raw := make([]float32, m.InBands)
	mean = make([]float64, bands)
	for i, p := range pixels {
		sc := d.Scenes[p.Scene]
		row := rows[i*bands : (i+1)*bands]
		readPixel(raw, sc.Rasters[modality], int(p.Row)*sc.W+int(p.Col))
		m.scaleRaw(row, raw)
		for b, v := range row {
			mean[b] += float64(v)
		}
	}
	for b := range mean {
		mean[b] /= float64(len(pixels))
	}
	return rows, mean
}

// covariance returns the covariance matrix of rows (n, len(mean)).
func covariance(rows []float32, mean []float64) *mat.SymDense {
	bands := len(mean)
	sums := make([]float64, bands*bands) // upper triangle
	dev := make([]float64, bands)
	n := len(rows) / bands
	for i := range n {
		for b, v := range rows[i*bands : (i+1)*bands] {
			dev[b] = float64(v) - mean[b]
		}
		for a, x := range dev {
			line := sums[a*bands : (a+1)*bands]
			for b := a; b < bands; b++ {
				line[b] += x * dev[b]
			}
		}
	}
	for i := range sums {
		sums[i] /= float64(n)
	}
	return mat.NewSymDense(bands, sums)
}

// principal takes the components of the largest eigenvalues, largest first, signed so that the weight of largest
// magnitude is positive.
func principal(eigen *mat.EigenSym, mean []float64, components int) *PCA {
	bands := len(mean)
	values := eigen.Values(nil) // increasing
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	p := &PCA{Mean: make([]float32, bands)}
	total, held := 0.0, 0.0
	for b, v := range mean {
		p.Mean[b] = float32(v)
		total += max(0, values[b])
	}
	for k := range components {
		col := bands - 1 - k
		if values[col] <= 1e-12*values[bands-1] {
			break
		}
		held += values[col]
		c := make([]float32, bands)
		writeDirection(c, &vectors, col, 1/math.Sqrt(values[col]))
		p.Components = append(p.Components, c)
	}
	p.Explained = held / total
	return p
}

// writeDirection writes a column of vectors times scale, signed so that the weight of largest magnitude is positive.
func writeDirection(dst []float32, vectors *mat.Dense, col int, scale float64) {
	largest := 0.0
	for b := range dst {
		if v := vectors.At(b, col); math.Abs(v) > math.Abs(largest) {
			largest = v
		}
	}
	if largest < 0 {
		scale = -scale
	}
	for b := range dst {
		dst[b] = float32(vectors.At(b, col) * scale)
	}
}
