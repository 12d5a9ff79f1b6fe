package run

import (
	"math"
	"strings"
	"testing"

	"diffclip/internal/numeric"
	"diffclip/rsdata"
)

// grown returns an experiment on the same places whose last modality's values are all
// a thousandth larger.
func grown(x *Experiment) *Experiment {
	y, d := *x, *x.Data
	d.Scenes = append([]*rsdata.Scene(nil), d.Scenes...)
	for i, s := range d.Scenes {
		t := *s
		t.Rasters = append([]rsdata.Raster(nil), s.Rasters...)
		last := &t.Rasters[len(t.Rasters)-1]
		last.Scale = make([]numeric.Scale, last.Bands())
		for b := range last.Scale {
			last.Scale[b] = numeric.Scale{Gain: 1.001}
		}
		d.Scenes[i] = &t
	}
	y.Data = &d
	return &y
}

// A run cannot be taken up with the same samples of a raster whose values are others,
// whether it has labels already or not.
func TestOtherValues(t *testing.T) {
	x := small(t)
	m := NewManifest(x)
	if err := m.Same(x); err != nil {
		t.Fatal(err)
	}
	y := grown(x)
	err := m.Same(y)
	if err == nil || !strings.Contains(err.Error(), "lidar of mean ") || !strings.Contains(err.Error(), "-data") {
		t.Errorf("other values of the lidar: error %v", err)
	}
	m.Split.Train, m.Split.Test = 0, 0
	if !m.Relabelled(x) {
		t.Error("a run without labels is not taken up with labels of the same raster")
	}
	if m.Relabelled(y) {
		t.Error("a run without labels is taken up with labels of another raster")
	}
	m.Data.Levels = nil // as in runs that were begun before levels were kept
	if err := m.Same(y); err != nil {
		t.Errorf("a run that keeps no levels: %v", err)
	}
	if !m.Relabelled(y) {
		t.Error("a run without labels that keeps no levels is not taken up with labels")
	}
}

// A level is that of all scenes, without what was not measured.
func TestLevels(t *testing.T) {
	lost, nan := -1.0, float32(math.NaN())
	scene := func(no *float64, v ...float32) *rsdata.Scene {
		return &rsdata.Scene{H: 1, W: len(v), Rasters: []rsdata.Raster{{Array: &numeric.Array{Type: numeric.Float32, Shape: []int{1, len(v), 1}, Data: v}, NoData: no}}}
	}
	d := &rsdata.Dataset{Modalities: []rsdata.Modality{{Name: "dsm", Bands: 1}},
		Scenes: []*rsdata.Scene{scene(&lost, 1, 3, -1), scene(nil, nan, 5, 7)}}
	if got := levelsOf(d); got[0].Mean != 4 || math.Abs(got[0].Deviation-math.Sqrt(5)) > 1e-15 {
		t.Errorf("level %+v, want mean 4 and deviation 2.236", got[0])
	}
	d.Scenes = d.Scenes[:1]
	d.Scenes[0].Rasters[0].Array.Data = []float32{-1, -1, nan}
	if got := levelsOf(d); got[0] != (Level{}) {
		t.Errorf("level of nothing: %+v", got[0])
	}
}

// Of a large scene a few thousand pixels are looked at, spread from its first to its last row.
func TestLevelsOfLargeScenes(t *testing.T) {
	const h, w = 300, 400
	v := make([]float32, h*w)
	for i := range v {
		v[i] = float32(i)
	}
	d := &rsdata.Dataset{Modalities: []rsdata.Modality{{Name: "dsm", Bands: 1}},
		Scenes: []*rsdata.Scene{{H: h, W: w, Rasters: []rsdata.Raster{{Array: &numeric.Array{Type: numeric.Float32, Shape: []int{h, w, 1}, Data: v}}}}}}
	l := levelsOf(d)[0]
	if n := float64(h * w); math.Abs(l.Mean-n/2) > n/1000 || math.Abs(l.Deviation-n/math.Sqrt(12)) > n/1000 {
		t.Errorf("level %+v of 0 to %v", l, n)
	}
}
