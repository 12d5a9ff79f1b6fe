package run

import "diffclip/rsdata"

// NearestMean classifies the test windows by their centre pixel alone: each goes
// to the class whose training pixels have the nearest mean, all modalities side
// by side. It shows what a scene gives away without its neighbourhoods.
func (x *Experiment) NearestMean() *rsdata.Confusion {
	k := len(x.Data.Classes)
	features, width := x.centres(rsdata.Pixels(nil, x.Split.Train))
	means, counts := make([]float64, k*width), make([]float64, k)
	for i, s := range x.Split.Train {
		class := int(s.Label) - 1
		counts[class]++
		for j, v := range features[i*width : (i+1)*width] {
			means[class*width+j] += float64(v)
		}
	}
	for i := range means {
		means[i] /= max(counts[i/width], 1)
	}
	confusion := rsdata.NewConfusion(k)
	features, _ = x.centres(rsdata.Pixels(nil, x.Split.Test))
	for i, s := range x.Split.Test {
		confusion.Add(int(s.Label)-1, nearest(features[i*width:(i+1)*width], means))
	}
	return confusion
}

// centres returns the scaled values of single pixels, (len(pixels), width).
func (x *Experiment) centres(pixels []rsdata.Pixel) (values []float32, width int) {
	n := x.Windows.Modalities()
	for m := range n {
		width += x.Windows.Bands(m)
	}
	values = make([]float32, len(pixels)*width)
	side := x.Windows.Side()
	at := make([]int32, len(pixels))
	for i := range at {
		at[i] = int32(side/2*side + side/2)
	}
	offset := 0
	for m := range n {
		bands := x.Windows.Bands(m)
		dst, keep := make([][]float32, n), make([][]int32, n)
		dst[m], keep[m] = make([]float32, len(pixels)*bands), at
		x.Windows.GatherPositions(dst, pixels, keep)
		for i := range pixels {
			copy(values[i*width+offset:], dst[m][i*bands:(i+1)*bands])
		}
		offset += bands
	}
	return values, width
}

// nearest returns the row of means, (K, len(v)), at the smallest distance.
func nearest(v []float32, means []float64) int {
	best, least := 0, 0.0
	for k := range len(means) / len(v) {
		d := 0.0
		for j, m := range means[k*len(v) : (k+1)*len(v)] {
			d += (float64(v[j]) - m) * (float64(v[j]) - m)
		}
		if k == 0 || d < least {
			best, least = k, d
		}
	}
	return best
}
