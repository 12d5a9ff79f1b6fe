package rsdata

import (
	"math"
	"strings"
	"testing"
)

// TestNewRasterHoldsEveryElementType: the values are read as they were given.
func TestNewRasterHoldsEveryElementType(t *testing.T) {
	for name, r := range map[string]Raster{
		"int8":    NewRaster(1, 2, 2, []int8{1, 2, 3, 4}),
		"uint8":   NewRaster(1, 2, 2, []uint8{1, 2, 3, 4}),
		"int16":   NewRaster(1, 2, 2, []int16{1, 2, 3, 4}),
		"uint16":  NewRaster(1, 2, 2, []uint16{1, 2, 3, 4}),
		"int32":   NewRaster(1, 2, 2, []int32{1, 2, 3, 4}),
		"uint32":  NewRaster(1, 2, 2, []uint32{1, 2, 3, 4}),
		"int64":   NewRaster(1, 2, 2, []int64{1, 2, 3, 4}),
		"uint64":  NewRaster(1, 2, 2, []uint64{1, 2, 3, 4}),
		"float32": NewRaster(1, 2, 2, []float32{1, 2, 3, 4}),
		"float64": NewRaster(1, 2, 2, []float64{1, 2, 3, 4}),
	} {
		if got := r.Array.Type.String(); got != name {
			t.Errorf("values of type %s are held as %s", name, got)
		}
		if err := r.check(1, 2, 2); err != nil || r.Bands() != 2 || r.Stored(0, 1, 0) != 3 || r.At(0, 1, 1) != 4 {
			t.Errorf("%s: %v, %d bands, %v and %v: want 2 bands, 3 and 4", name, err, r.Bands(), r.Stored(0, 1, 0), r.At(0, 1, 1))
		}
	}
}

// TestValidateNamesWhatIsWrong builds a dataset in memory and breaks one part of it at a time.
func TestValidateNamesWhatIsWrong(t *testing.T) {
	build := func() *Dataset {
		d := tiny(4, 5)
		d.Classes = []Class{{Name: "grass"}, {Name: "water"}}
		s := d.Scenes[0]
		s.Labels = make([]uint8, 4*5)
		s.Labels[7] = 2
		s.Objects = []Object{{ID: "pond", Label: 2, Row: 1, Col: 2, Pixels: []int32{6, 7}}}
		s.Rasters[0].Scale = []Scale{{Gain: 1e-4}, {Gain: 1e-4}, {Gain: 1e-4, Offset: -1}}
		return d
	}
	if err := build().Validate(); err != nil {
		t.Fatalf("a sound dataset: %v", err)
	}
	for want, spoil := range map[string]func(d *Dataset, s *Scene){
		"holds no scene":                   func(d *Dataset, _ *Scene) { d.Scenes = nil },
		"has no modality":                  func(d *Dataset, _ *Scene) { d.Modalities = nil },
		"256 classes, at most 255":         func(d *Dataset, _ *Scene) { d.Classes = make([]Class, 256) },
		`both called "grass"`:              func(d *Dataset, _ *Scene) { d.Classes[1].Name = "grass" },
		"modality 2 has no name":           func(d *Dataset, _ *Scene) { d.Modalities[1].Name = "" },
		"2 wavelengths":                    func(d *Dataset, _ *Scene) { d.Modalities[0].Wavelengths = []float64{450, 550} },
		"scene 1 is nil":                   func(d *Dataset, _ *Scene) { d.Scenes[0] = nil },
		"size 0 x 5":                       func(_ *Dataset, s *Scene) { s.H = 0 },
		"1 rasters for 2 modalities":       func(_ *Dataset, s *Scene) { s.Rasters = s.Rasters[:1] },
		"no values":                        func(_ *Dataset, s *Scene) { s.Rasters[1] = Raster{} },
		"shape [5 4 1], want 4 x 5 x 1":    func(_ *Dataset, s *Scene) { s.Rasters[1] = NewRaster(5, 4, 1, make([]float32, 20)) },
		"19 values for 4 x 5 x 1":          func(_ *Dataset, s *Scene) { s.Rasters[1] = NewRaster(4, 5, 1, make([]float32, 19)) },
		"scales of 1 bands, want 3":        func(_ *Dataset, s *Scene) { s.Rasters[0].Scale = s.Rasters[0].Scale[:1] },
		"the scale of band 2 has gain 0":   func(_ *Dataset, s *Scene) { s.Rasters[0].Scale[1] = Scale{} },
		"the scale of band 3 has gain NaN": func(_ *Dataset, s *Scene) { s.Rasters[0].Scale[2].Gain = math.NaN() },
		"3 training labels for 4 x 5":      func(_ *Dataset, s *Scene) { s.Train = make([]uint8, 3) },
		"labels: label 3 at row 1":         func(_ *Dataset, s *Scene) { s.Labels[7] = 3 },
		`"pond" has its centre at row 4`:   func(_ *Dataset, s *Scene) { s.Objects[0].Row = 4 },
		`"pond" has label 0`:               func(_ *Dataset, s *Scene) { s.Objects[0].Label = 0 },
		`"pond" covers pixel 20 of 4 x 5`:  func(_ *Dataset, s *Scene) { s.Objects[0].Pixels[1] = 20 },
	} {
		d := build()
		spoil(d, d.Scenes[0])
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

// TestUncheckedDatasets: a dataset that nobody validated ends Fit and Split with the
// error that Validate has for it.
func TestUncheckedDatasets(t *testing.T) {
	for want, spoil := range map[string]func(d *Dataset, s *Scene){
		"scene 1 is nil":             func(d *Dataset, _ *Scene) { d.Scenes[0] = nil },
		"size 0 x 5":                 func(_ *Dataset, s *Scene) { s.H = 0 },
		"1 rasters for 2 modalities": func(_ *Dataset, s *Scene) { s.Rasters = s.Rasters[:1] },
		"19 values for 4 x 5 x 1":    func(_ *Dataset, s *Scene) { s.Rasters[1] = NewRaster(4, 5, 1, make([]float32, 19)) },
		"no values":                  func(_ *Dataset, s *Scene) { s.Rasters[1] = Raster{} },
		"labels: label 3 at row 1":   func(_ *Dataset, s *Scene) { s.Labels[7] = 3 },
		"3 labels for 4 x 5":         func(_ *Dataset, s *Scene) { s.Labels = s.Labels[:3] },
	} {
		d := tiny(4, 5)
		d.Classes = []Class{{Name: "grass"}, {Name: "water"}}
		d.Scenes[0].Labels = make([]uint8, 4*5)
		spoil(d, d.Scenes[0])
		valid := d.Validate()
		_, fit := Fit(d, DefaultScaling())
		_, split := d.Split(SplitConfig{Protocol: Random, Shots: 1, Window: 3})
		if valid == nil || !strings.Contains(valid.Error(), want) {
			t.Errorf("Validate: %v, want %q", valid, want)
		}
		rasters, labels := fit != nil && strings.Contains(fit.Error(), want), split != nil && strings.Contains(split.Error(), want)
		if !rasters && !labels {
			t.Errorf("Fit: %v, Split: %v, want %q", fit, split, want)
		}
	}
}

func TestClassName(t *testing.T) {
	d := &Dataset{Classes: []Class{{Name: "grass"}, {Name: "water"}}}
	for label, want := range []string{"unlabelled", "grass", "water", "label 3"} {
		if got := d.ClassName(uint8(label)); got != want {
			t.Errorf("label %d is called %q, want %q", label, got, want)
		}
	}
}
