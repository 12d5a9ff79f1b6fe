package rsdata

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"diffclip/internal/numeric"
)

func TestSyntheticIsDeterministicAndValid(t *testing.T) {
	a, b := Synthetic(DefaultSynthetic()), Synthetic(DefaultSynthetic())
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	other := DefaultSynthetic()
	other.Seed++
	c := Synthetic(other)
	for m := range a.Modalities {
		if !sameValues(a.Scenes[0].Rasters[m].Array, b.Scenes[0].Rasters[m].Array) {
			t.Errorf("modality %d differs between two scenes of one seed", m)
		}
		if sameValues(a.Scenes[0].Rasters[m].Array, c.Scenes[0].Rasters[m].Array) {
			t.Errorf("modality %d is the same for two seeds", m)
		}
	}
	if !slices.Equal(a.Scenes[0].Labels, b.Scenes[0].Labels) {
		t.Error("labels differ between two scenes of one seed")
	}
	for seed := range uint64(4) {
		cfg := DefaultSynthetic()
		cfg.Seed = seed
		d := Synthetic(cfg)
		for k, list := range d.byClass(d.labelled()) {
			if len(list) < 200 {
				t.Errorf("seed %d: class %s has %d labelled pixels, want at least 200", seed, d.Classes[k].Name, len(list))
			}
		}
	}
}

func sameValues(a, b *numeric.Array) bool {
	for i := range a.Len() {
		if a.At64(i) != b.At64(i) {
			return false
		}
	}
	return true
}

func TestSyntheticSpectraArePlausible(t *testing.T) {
	for _, m := range []material{grass, foliage} {
		if ndvi := (m.reflectance(800) - m.reflectance(670)) / (m.reflectance(800) + m.reflectance(670)); ndvi < 0.6 {
			t.Errorf("material %d: NDVI %.2f, want a red edge", m, ndvi)
		}
		if m.reflectance(1450) > 0.6*m.reflectance(1650) || m.reflectance(1940) > 0.6*m.reflectance(2200) {
			t.Errorf("material %d: no leaf-water absorption", m)
		}
	}
	if r := clearWater.reflectance(900); r > 0.02 {
		t.Errorf("water reflects %.3f in the near infrared", r)
	}
	for nm := 450.0; nm < 1300; nm += 50 {
		if bareSoil.reflectance(nm+50) <= bareSoil.reflectance(nm) {
			t.Errorf("the soil line falls at %.0f nm", nm)
		}
	}
}

// A quadratic discriminant is given every true label of the scene to learn from and is tested on the same pixels. Even
// so it cannot be right from single pixels, while a few statistics of the window around them are enough.
func TestSyntheticNeedsTheWindow(t *testing.T) {
	d := Synthetic(DefaultSynthetic())
	scaling, err := Fit(d, ScalingConfig{Method: Standardise})
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Collect(d.labelled())
	labels := make([]int, len(all))
	for i, s := range all {
		labels[i] = int(s.Label) - 1
	}
	pixel, spectrum, window := features(d, scaling, all)
	pixelwise := quadraticAccuracy(pixel, labels, len(d.Classes))
	spectral := quadraticAccuracy(spectrum, labels, len(d.Classes))
	windowed := quadraticAccuracy(window, labels, len(d.Classes))
	t.Logf("accuracy from the spectrum of the pixel %.3f, with its height %.3f, from the window %.3f", spectral, pixelwise, windowed)
	if pixelwise > 0.85 || spectral > pixelwise-0.05 || windowed < pixelwise+0.1 || windowed < 0.95 {
		t.Errorf("accuracies %.3f (spectrum), %.3f (pixel), %.3f (window): want the pixel at most 0.85, clearly above its spectrum, and the window at least 0.95", spectral, pixelwise, windowed)
	}
}

// features returns per sample eight broad bands and the height of the pixel, the bands alone, and both with their mean
// and deviation over the window.
func features(d *Dataset, s *Scaling, all []Sample) (pixel, spectrum, window [][]float64) {
	const broad = 8
	w := NewWindows(d, s, 11)
	buf := w.NewBuffers(1)
	for _, smp := range all {
		w.Gather(buf, []Pixel{smp.Pixel})
		values := make([][]float64, 121)
		for at := range values {
			v := make([]float64, broad+1)
			per := w.Bands(0) / broad
			for b := range broad * per {
				v[b/per] += float64(buf[0][at*w.Bands(0)+b]) / float64(per)
			}
			v[broad] = float64(buf[1][at])
			values[at] = v
		}
		mean, dev := make([]float64, broad+1), make([]float64, broad+1)
		for _, v := range values {
			for j := range v {
				mean[j] += v[j] / 121
			}
		}
		for _, v := range values {
			for j := range v {
				dev[j] += (v[j] - mean[j]) * (v[j] - mean[j]) / 121
			}
		}
		for j := range dev {
			dev[j] = math.Sqrt(dev[j])
		}
		centre := values[60]
		pixel = append(pixel, centre)
		spectrum = append(spectrum, centre[:broad])
		window = append(window, slices.Concat(centre, mean, dev))
	}
	return pixel, spectrum, window
}

// quadraticAccuracy fits one Gaussian per class and returns the share of samples it assigns rightly.
func quadraticAccuracy(x [][]float64, labels []int, classes int) float64 {
	n := len(x[0])
	type gaussian struct {
		mean  []float64
		chol  mat.Cholesky
		prior float64
	}
	g := make([]gaussian, classes)
	for k := range g {
		g[k].mean = make([]float64, n)
		count := 0.0
		for i, l := range labels {
			if l == k {
				count++
				for j, v := range x[i] {
					g[k].mean[j] += v
				}
			}
		}
		for j := range n {
			g[k].mean[j] /= count
		}
		cov := mat.NewSymDense(n, nil)
		dev := mat.NewVecDense(n, nil)
		for i, l := range labels {
			if l == k {
				for j, v := range x[i] {
					dev.SetVec(j, v-g[k].mean[j])
				}
				cov.SymRankOne(cov, 1/count, dev)
			}
		}
		for j := range n {
			cov.SetSym(j, j, cov.At(j, j)+1e-4)
		}
		g[k].chol.Factorize(cov)
		g[k].prior = math.Log(count)
	}
	right := 0
	dev, solved := mat.NewVecDense(n, nil), mat.NewVecDense(n, nil)
	for i, l := range labels {
		best, arg := math.Inf(-1), -1
		for k := range g {
			for j, v := range x[i] {
				dev.SetVec(j, v-g[k].mean[j])
			}
			if err := g[k].chol.SolveVecTo(solved, dev); err != nil {
				continue
			}
			if score := g[k].prior - 0.5*g[k].chol.LogDet() - 0.5*mat.Dot(dev, solved); score > best {
				best, arg = score, k
			}
		}
		if arg == l {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}

func BenchmarkSynthetic(b *testing.B) {
	for b.Loop() {
		Synthetic(DefaultSynthetic())
	}
}
