// Package rsdata holds multimodal remote-sensing scenes and everything between the files on disk and the tensors a
// model sees: opening (Open, Inspect) or building from slices (NewRaster), sampling protocols (Dataset.Split), scaling
// (Fit), windows gathered straight from the scene (Windows), shuffled batches (Batches), and what comes back out: metrics
// and maps.
//
// Labels follow one convention everywhere: class i of Dataset.Classes has label i+1, label 0 is unlabelled.
//
// Read next: package vit, which reads the windows.
package rsdata

import (
	"fmt"
	"image/color"

	"diffclip/internal/georef"
)

// MaxClasses is the largest number of classes: labels are bytes and 0 means unlabelled.
const MaxClasses = 255

// Class is one land-cover class, tree species, or whatever the labels distinguish.
type Class struct {
	Name  string     `json:"name"`
	Color color.RGBA `json:"color"`
}

// Modality is one kind of measurement that every scene of a dataset brings.
type Modality struct {
	Name        string    `json:"name"`                  // "hsi", "lidar", "chm", ...
	Bands       int       `json:"bands"`                 // values per pixel
	Wavelengths []float64 `json:"wavelengths,omitempty"` // band centres in nanometres, nil where unknown
	Bad         []bool    `json:"bad,omitempty"`         // bands that the files advise against, nil where they do not say
}

// Scene is one co-registered raster stack: all modalities and label maps share the pixel grid.
type Scene struct {
	Name    string
	H, W    int
	Rasters []Raster // one per modality of the dataset, in its order

	Labels []uint8 // (H, W), every label known; nil where the files bring none
	Train  []uint8 // (H, W), the official training labels; nil where there are none
	Test   []uint8 // (H, W), the official test labels; nil where there are none

	Shapes  [][]int32 // row*W + col of the pixels that a shape labels, in any order; each pixel is a sample, and Disjoint keeps those of one shape together; nil where labels are not drawn as shapes
	Objects []Object  // labelled objects; where there are any they, not single pixels, are the samples
	Grid    *Grid     // where the scene lies, nil where unknown
}

// Grid says where a scene lies on the ground. Its field Transform holds the six numbers of an affine transform in
// GDAL's order: a pixel at a column and a row has x = t[0] + col·t[1] + row·t[2] and y = t[3] + col·t[4] + row·t[5]. Its
// field CRS is the coordinate system of x and y: CRS.EPSG is its code in the EPSG registry, 0 where unknown, CRS.WKT its
// well-known text, CRS.Geographic whether they are degrees.
type Grid = georef.Grid

// Object is a labelled thing of several pixels, such as a tree crown. It is classified by the window around its
// centre pixel.
type Object struct {
	ID       string
	Label    uint8
	Row, Col int32   // centre pixel
	Pixels   []int32 // row*W + col of the pixels whose centres it covers, increasing
}

// Dataset is one or many scenes with the same modalities and classes.
type Dataset struct {
	Name       string
	Modalities []Modality
	Classes    []Class
	Scenes     []*Scene
	Notes      []string // what was assumed or left out, in plain words
	Missing    []string // what the files lack for the whole scene, in plain words; nil where nothing

	Whole    bool  // each scene is one sample, a picture: windows lie around its centre alone
	Positive uint8 // label of the positive class of a yes-or-no task, 0 where it is none
}

// Pixel is the centre of a window.
type Pixel struct {
	Scene, Row, Col int32
}

// Sample is a labelled window.
type Sample struct {
	Pixel
	Label  uint8
	Object int32 // index in the scene's Objects, -1 where the sample is a single pixel
}

// Pixels appends the centres of samples to dst and returns it.
func Pixels(dst []Pixel, samples []Sample) []Pixel {
	for _, s := range samples {
		dst = append(dst, s.Pixel)
	}
	return dst
}

// ClassName returns the name of a label, "unlabelled" for 0.
func (d *Dataset) ClassName(label uint8) string {
	switch {
	case label == 0:
		return "unlabelled"
	case int(label) > len(d.Classes):
		return fmt.Sprintf("label %d", label)
	}
	return d.Classes[label-1].Name
}

// NumPixels returns how many pixels all scenes hold together.
func (d *Dataset) NumPixels() int {
	n := 0
	for _, s := range d.Scenes {
		n += s.H * s.W
	}
	return n
}

// HasObjects reports whether the dataset's samples are objects.
func (d *Dataset) HasObjects() bool {
	for _, s := range d.Scenes {
		if len(s.Objects) > 0 {
			return true
		}
	}
	return false
}

// notef adds a remark to d.Notes.
func (d *Dataset) notef(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// Validate checks that the parts of a dataset fit together: every scene brings every modality at its own size, label
// maps cover the scene, no label exceeds the classes, objects lie inside. Open and Synthetic return valid datasets;
// it is for those who build one themselves, of NewRaster's rasters.
func (d *Dataset) Validate() error {
	switch {
	case len(d.Scenes) == 0:
		return fmt.Errorf("dataset %q holds no scene", d.Name)
	case len(d.Modalities) == 0:
		return fmt.Errorf("dataset %q has no modality", d.Name)
	case len(d.Classes) > MaxClasses:
		return fmt.Errorf("dataset %q has %d classes, at most %d are possible", d.Name, len(d.Classes), MaxClasses)
	}
	if err := named("modality", d.Modalities, func(m Modality) string { return m.Name }); err != nil {
		return fmt.Errorf("dataset %q: %w", d.Name, err)
	}
	if err := named("class", d.Classes, func(c Class) string { return c.Name }); err != nil {
		return fmt.Errorf("dataset %q: %w", d.Name, err)
	}
	for _, m := range d.Modalities {
		if m.Bands < 1 {
			return fmt.Errorf("dataset %q: modality %q has %d bands, want at least 1", d.Name, m.Name, m.Bands)
		}
		if m.Wavelengths != nil && len(m.Wavelengths) != m.Bands || m.Bad != nil && len(m.Bad) != m.Bands {
			return fmt.Errorf("dataset %q: modality %q lists %d wavelengths and %d bad-band flags for %d bands", d.Name, m.Name, len(m.Wavelengths), len(m.Bad), m.Bands)
		}
	}
	return d.eachScene(func(s *Scene) error {
		if err := d.validateRasters(s); err != nil {
			return err
		}
		return d.validateLabels(s)
	})
}

// eachScene returns the first error of check, with the scene's name.
func (d *Dataset) eachScene(check func(*Scene) error) error {
	for i, s := range d.Scenes {
		if s == nil {
			return fmt.Errorf("dataset %q: scene %d is nil", d.Name, i+1)
		}
		if s.H < 1 || s.W < 1 {
			return fmt.Errorf("dataset %q, scene %q: size %d x %d, want at least 1 x 1", d.Name, s.Name, s.H, s.W)
		}
		if err := check(s); err != nil {
			return fmt.Errorf("dataset %q, scene %q: %w", d.Name, s.Name, err)
		}
	}
	return nil
}

// named returns an error unless each of a list has a name of its own.
func named[T any](what string, list []T, name func(T) string) error {
	seen := map[string]int{}
	for i, item := range list {
		n := name(item)
		if n == "" {
			return fmt.Errorf("%s %d has no name", what, i+1)
		}
		if before, taken := seen[n]; taken {
			return fmt.Errorf("%s %d and %s %d are both called %q: give each a name of its own", what, before, what, i+1, n)
		}
		seen[n] = i + 1
	}
	return nil
}

func (d *Dataset) validateRasters(s *Scene) error {
	if len(s.Rasters) != len(d.Modalities) {
		return fmt.Errorf("%d rasters for %d modalities", len(s.Rasters), len(d.Modalities))
	}
	for m, r := range s.Rasters {
		if err := r.check(s.H, s.W, d.Modalities[m].Bands); err != nil {
			return fmt.Errorf("modality %q: %w", d.Modalities[m].Name, err)
		}
	}
	return nil
}

func (d *Dataset) validateLabels(s *Scene) error {
	for _, l := range []struct {
		name string
		data []uint8
	}{{"labels", s.Labels}, {"training labels", s.Train}, {"test labels", s.Test}} {
		if l.data != nil && len(l.data) != s.H*s.W {
			return fmt.Errorf("%d %s for %d x %d pixels", len(l.data), l.name, s.H, s.W)
		}
		for i, v := range l.data {
			if int(v) > len(d.Classes) {
				return fmt.Errorf("%s: label %d at row %d, column %d, but there are %d classes", l.name, v, i/s.W, i%s.W, len(d.Classes))
			}
		}
	}
	for i, shape := range s.Shapes {
		for _, p := range shape {
			if p < 0 || int(p) >= s.H*s.W {
				return fmt.Errorf("shape %d has pixel %d, outside %d x %d pixels", i+1, p, s.H, s.W)
			}
		}
	}
	for _, o := range s.Objects {
		if o.Row < 0 || o.Col < 0 || int(o.Row) >= s.H || int(o.Col) >= s.W {
			return fmt.Errorf("object %q has its centre at row %d, column %d, outside %d x %d pixels", o.ID, o.Row, o.Col, s.H, s.W)
		}
		if o.Label == 0 || int(o.Label) > len(d.Classes) {
			return fmt.Errorf("object %q has label %d, want 1..%d", o.ID, o.Label, len(d.Classes))
		}
		for _, p := range o.Pixels {
			if p < 0 || int(p) >= s.H*s.W {
				return fmt.Errorf("object %q covers pixel %d of %d x %d: want 0 to %d, row·W + column", o.ID, p, s.H, s.W, s.H*s.W-1)
			}
		}
	}
	return nil
}
