package rsdata

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// noiseFloor is the least variance of noise in any direction, as a share of the mean over all directions, so that
// bands that neighbours share exactly do not count as free of noise.
const noiseFloor = 1e-4

// fitMNF finds the minimum noise fractions of the scaled bands: the directions in which the variance is largest beside
// that of the noise, which is taken from the differences of neighbouring pixels. What differs from pixel to pixel within
// a field or a crown counts as noise, so that few components hold what tells fields apart, and no label is needed.
// Green, Berman, Switzer and Craig, IEEE TGRS 26 (1988).
//
// A component is divided by the geometric mean of its own deviation and that of its noise: halfway between equal
// deviations, which raise the noise, and equal noise, beside which weak components vanish.
func (m *ModalityScaling) fitMNF(d *Dataset, modality, components int) error {
	bands := len(m.Bands)
	sample := samplePixels(d, pcaSample)
	rows, mean := m.scaledRows(d, modality, sample)
	noise, err := m.noiseCovariance(d, modality, sample)
	if err != nil {
		return err
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(noise, true) {
		return fmt.Errorf("the noise of %d bands could not be diagonalised: ask for no minimum noise fractions", bands)
	}
	white := whitener(&eigen)
	var part, full mat.Dense
	part.Mul(covariance(rows, mean), white)
	full.Mul(white.T(), &part)
	inNoise := mat.NewSymDense(bands, nil) // the covariance in units of the noise
	for i := range bands {
		for j := i; j < bands; j++ {
			inNoise.SetSym(i, j, (full.At(i, j)+full.At(j, i))/2)
		}
	}
	if !eigen.Factorize(inNoise, true) {
		return fmt.Errorf("the covariance of %d bands could not be diagonalised: ask for no minimum noise fractions", bands)
	}
	var vectors, directions mat.Dense
	eigen.VectorsTo(&vectors)
	directions.Mul(white, &vectors)
	m.PCA = noiseFractions(eigen.Values(nil), &directions, mean, components)
	m.Notes = append(m.Notes, fmt.Sprintf("%d minimum noise fractions stand for %d bands, the strongest of %.3g times the variance of its noise", components, bands, m.PCA.NoiseRatio[0]))
	return nil
}

// noiseCovariance returns half the covariance of the differences between the given pixels and their right and lower
// neighbours, raised by the noise floor.
func (m *ModalityScaling) noiseCovariance(d *Dataset, modality int, sample []Pixel) (*mat.SymDense, error) {
	var here, there []Pixel
	for _, p := range sample {
		for _, q := range []Pixel{{p.Scene, p.Row, p.Col + 1}, {p.Scene, p.Row + 1, p.Col}} {
			if sc := d.Scenes[p.Scene]; int(q.Row) < sc.H && int(q.Col) < sc.W {
				here, there = append(here, p), append(there, q)
			}
		}
	}
	bands := len(m.Bands)
	rows, _ := m.scaledRows(d, modality, here)
	others, _ := m.scaledRows(d, modality, there)
	for i, v := range others {
		rows[i] -= v
	}
	if len(here) == 0 {
		return nil, fmt.Errorf("no pixel has a neighbour to take the noise from: ask for principal components")
	}
	noise := covariance(rows, make([]float64, bands))
	noise.ScaleSym(0.5, noise)
	level := mat.Trace(noise) / float64(bands)
	if !(level > 0) {
		return nil, fmt.Errorf("neighbouring pixels do not differ in any of %d bands, so their noise is unknown: ask for principal components", bands)
	}
	for b := range bands {
		noise.SetSym(b, b, noise.At(b, b)+noiseFloor*level)
	}
	return noise, nil
}

// whitener returns the directions of a covariance, as columns, each divided by its deviation.
func whitener(eigen *mat.EigenSym) *mat.Dense {
	values := eigen.Values(nil)
	var w mat.Dense
	eigen.VectorsTo(&w)
	for j, v := range values {
		scale := 1 / math.Sqrt(v)
		for i := range values {
			w.Set(i, j, w.At(i, j)*scale)
		}
	}
	return &w
}

// noiseFractions takes the directions of the largest ratios of variance to noise, largest first, signed as by principal.
// The columns of directions have noise of deviation 1.
func noiseFractions(ratios []float64, directions *mat.Dense, mean []float64, components int) *PCA {
	bands := len(mean)
	p := &PCA{Mean: make([]float32, bands)}
	for b, v := range mean {
		p.Mean[b] = float32(v)
	}
	total, held := 0.0, 0.0
	for _, r := range ratios {
		total += r
	}
	for k := range components {
		col := bands - 1 - k
		c := make([]float32, bands)
		writeDirection(c, directions, col, math.Pow(max(ratios[col], 1e-12), -0.25)) // 1 / sqrt(sqrt(ratio) * 1)
		p.Components = append(p.Components, c)
		p.NoiseRatio = append(p.NoiseRatio, ratios[col])
		held += ratios[col]
	}
	p.Explained = held / total
	return p
}
