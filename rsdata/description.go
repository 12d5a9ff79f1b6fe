package rsdata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Description is the content of a scene.json: for files that no layout recognises, or to name classes and colours.
// File names are relative to the scene.json; "file.mat:key" picks a variable.
type Description struct {
	Name    string             `json:"name"`
	Classes []ClassDescription `json:"classes"`
	Scenes  []SceneDescription `json:"scenes"`
}

// ClassDescription names a class. The first one has label 1.
type ClassDescription struct {
	Name  string `json:"name"`
	Color string `json:"color,omitempty"` // "#rrggbb"
}

// SceneDescription lists the files of one scene. All scenes of a dataset have the same modalities in the same order.
type SceneDescription struct {
	Name       string                `json:"name"`
	Modalities []ModalityDescription `json:"modalities"`
	Labels     *MapDescription       `json:"labels,omitempty"` // every known label
	Train      *MapDescription       `json:"train,omitempty"`  // official training labels
	Test       *MapDescription       `json:"test,omitempty"`   // official test labels
}

// ModalityDescription is one raster of a scene.
type ModalityDescription struct {
	Name string `json:"name"`
	FileDescription
	Wavelengths []float64 `json:"wavelengths,omitempty"` // nanometres, one per band
	NoData      *float64  `json:"nodata,omitempty"`
}

// MapDescription is a map of labels: a raster, or shapes as "file.shp:field" (see shapeLabels).
type MapDescription struct {
	FileDescription
	First  *int     `json:"first,omitempty"`  // the label of the first class, 1 where it is not said; labels below are none
	NoData *float64 `json:"nodata,omitempty"` // a value that means "unlabelled"
}

// FileDescription is an array in a file, or the part of it that the scene covers.
type FileDescription struct {
	File   string  `json:"file"`
	Origin *[2]int `json:"origin,omitempty"` // row and column of the scene's first pixel in the array
	Size   *[2]int `json:"size,omitempty"`   // rows and columns of the scene, with Origin
}

// maxDescription bounds a scene.json: more than that is something else.
const maxDescription = 4 << 20

// maxName bounds the names of scenes, modalities and classes, which captions show.
const maxName = 200

// openDescription opens the dataset that a scene.json lists.
func openDescription(path string) (*Dataset, error) {
	desc, err := readDescription(path)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Name: desc.Name}
	if d.Name == "" {
		d.Name = datasetName(filepath.Dir(path))
	}
	if d.Classes, err = describedClasses(desc.Classes); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	dir := filepath.Dir(path)
	for i := range desc.Scenes {
		s := &desc.Scenes[i]
		if err := d.describe(dir, s); err != nil {
			return nil, fmt.Errorf("%s: scene %q: %w", path, s.Name, err)
		}
	}
	if len(d.Classes) == 0 {
		if err := d.countClasses(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if !slices.ContainsFunc(d.Scenes, func(s *Scene) bool { return s.Labels != nil }) {
		d.Missing = append(d.Missing, `labels, which scene.json does not list: "labels": {"file": "NAME"} in a scene names a map of whole numbers, 0 for unlabelled, or a shapefile as "NAME.shp:FIELD"`)
		return d, nil
	}
	d.unlabelUnmeasured()
	return d.AtLeast(1)
}

// describedClasses gives the classes without a colour one that is like none of
// those that are given.
func describedClasses(list []ClassDescription) ([]Class, error) {
	var classes []Class
	var given []color.RGBA
	for _, c := range list {
		class := Class{Name: c.Name}
		if c.Color != "" {
			var err error
			if class.Color, err = parseColor(c.Color); err != nil {
				return nil, fmt.Errorf("class %q: %w", c.Name, err)
			}
			given = append(given, class.Color)
		}
		classes = append(classes, class)
	}
	free := freeColors(len(list)-len(given), given...)
	for i := range classes {
		if list[i].Color == "" {
			classes[i].Color, free = free[0], free[1:]
		}
	}
	return classes, nil
}

// readDescription parses a scene.json. A misspelt field is an error, not ignored.
func readDescription(path string) (*Description, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxDescription+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // of editors on Windows
	if len(text) > maxDescription {
		return nil, fmt.Errorf("%s: larger than %d bytes: is this a scene.json?", path, maxDescription)
	}
	var desc Description
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&desc); err != nil {
		return nil, fmt.Errorf("%s: line %d: %s: expected a scene.json with name, classes and scenes", path, errorLine(text, dec.InputOffset(), err), inWords(err))
	}
	switch _, err := dec.Token(); {
	case err != io.EOF:
		return nil, fmt.Errorf("%s: line %d: something follows the closing brace: expected one description", path, 1+bytes.Count(text[:dec.InputOffset()], []byte("\n")))
	case len(desc.Scenes) == 0:
		return nil, fmt.Errorf("%s: lists no scene: expected \"scenes\": [{\"modalities\": [{\"name\": \"hsi\", \"file\": ...}], \"labels\": {\"file\": ...}}]", path)
	case len(desc.Classes) > MaxClasses:
		return nil, fmt.Errorf("%s: %d classes, at most %d are possible", path, len(desc.Classes), MaxClasses)
	}
	if err := desc.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &desc, nil
}

// check wants every scene to list modalities that can be told apart, as scenes can.
func (d *Description) check() error {
	names := map[string]bool{}
	for i := range d.Scenes {
		s := &d.Scenes[i]
		if s.Name == "" {
			s.Name = fmt.Sprintf("scene %d", i+1)
		}
		switch {
		case names[s.Name]:
			return fmt.Errorf("two scenes are called %q: give each a name of its own", s.Name)
		case len(s.Modalities) == 0:
			return fmt.Errorf("scene %q lists no modality", s.Name)
		}
		names[s.Name] = true
		if err := s.checkModalities(); err != nil {
			return fmt.Errorf("scene %q: %w", s.Name, err)
		}
	}
	for _, c := range d.Classes {
		names[c.Name] = true
	}
	for name := range names {
		if len(name) > maxName {
			return fmt.Errorf("a name of %d bytes, %.20q...: want at most %d", len(name), name, maxName)
		}
	}
	return nil
}

func (s *SceneDescription) checkModalities() error {
	names := map[string]bool{}
	for _, m := range s.Modalities {
		switch {
		case m.File == "":
			return errors.New(`a modality has no "file"`)
		case m.Name == "":
			return errors.New(`a modality has no "name"`)
		case len(m.Name) > maxName:
			return fmt.Errorf("a modality with a name of %d bytes, %.20q...: want at most %d", len(m.Name), m.Name, maxName)
		case names[m.Name]:
			return fmt.Errorf("two modalities are called %q: give each a name of its own", m.Name)
		}
		names[m.Name] = true
		for _, v := range m.Wavelengths {
			if v <= 0 {
				return fmt.Errorf("modality %q has a wavelength of %v, want nanometres", m.Name, v)
			}
		}
		if err := m.check(); err != nil {
			return fmt.Errorf("modality %q: %w", m.Name, err)
		}
	}
	for _, l := range []*MapDescription{s.Labels, s.Train, s.Test} {
		if l == nil {
			continue
		}
		if err := l.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(s.Modalities, func(m ModalityDescription) bool { return m.File == l.File }) {
			return fmt.Errorf("%s is listed as labels and as a modality: what is to be learned cannot be an input", l.File)
		}
	}
	return nil
}

func (f *FileDescription) check() error {
	if f.Size != nil && f.Origin == nil {
		return fmt.Errorf("%s: a \"size\" without an \"origin\": state the row and column where the scene begins, [0, 0] at the corner", f.File)
	}
	return nil
}

// inWords says what is wrong with a JSON file without Go's names for its types.
func inWords(err error) string {
	var kind *json.UnmarshalTypeError
	if !errors.As(err, &kind) {
		return err.Error()
	}
	want := map[reflect.Kind]string{reflect.Slice: "a list", reflect.Array: "a list", reflect.Struct: "an object", reflect.String: "a text"}[kind.Type.Kind()]
	if want == "" {
		want = "a number"
	}
	return fmt.Sprintf("%q is of the kind %s, want %s", kind.Field, kind.Value, want)
}

// errorLine returns the line of a JSON error.
func errorLine(text []byte, offset int64, err error) int {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) {
		offset = syntax.Offset
	} else if errors.As(err, &kind) {
		offset = kind.Offset
	}
	return 1 + bytes.Count(text[:min(offset, int64(len(text)))], []byte("\n"))
}

// describe loads one scene and adds it to d.
func (d *Dataset) describe(dir string, desc *SceneDescription) error {
	s := &Scene{Name: desc.Name}
	first := len(d.Scenes) == 0
	if !first && len(desc.Modalities) != len(d.Modalities) {
		return fmt.Errorf("%d modalities, the first scene has %d: every scene needs the same", len(desc.Modalities), len(d.Modalities))
	}
	for m, md := range desc.Modalities {
		c, err := md.load(dir, [2]int{s.H, s.W}, md.NoData)
		if err != nil {
			return fmt.Errorf("modality %q: %w%s", md.Name, err, warping(md.path(dir), s.Grid, [2]int{s.H, s.W}, false))
		}
		shape := c.array.Shape
		s.H, s.W = shape[0], shape[1]
		mod := Modality{Name: md.Name, Bands: shape[2], Wavelengths: c.wavelengths, Bad: badBands(c.good, shape[2])}
		if md.Wavelengths != nil {
			mod.Wavelengths = nanometres(md.Wavelengths)
		}
		switch {
		case first:
			d.Modalities = append(d.Modalities, mod)
		case d.Modalities[m].Name != mod.Name || d.Modalities[m].Bands != mod.Bands:
			return fmt.Errorf("modality %d is %q with %d bands, in the first scene %q with %d: every scene needs the same", m+1, mod.Name, mod.Bands, d.Modalities[m].Name, d.Modalities[m].Bands)
		}
		s.Rasters = append(s.Rasters, c.raster())
		if s.Grid == nil && c.grid != nil {
			s.Grid = c.grid
		}
		d.noteApart(md.Name, s, c)
		if note := c.raster().unmarkedNote(); note != "" {
			c.notes = append(c.notes, note)
		}
		for _, note := range c.notes {
			d.notef("scene %q: %s: %s", s.Name, md.Name, note)
		}
	}
	for _, l := range []struct {
		name string
		file *MapDescription
		to   *[]uint8
	}{{"labels", desc.Labels, &s.Labels}, {"train", desc.Train, &s.Train}, {"test", desc.Test, &s.Test}} {
		if l.file == nil {
			continue
		}
		labels, err := d.describedMap(l.file, dir, s)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		*l.to = labels
	}
	if s.Labels == nil {
		s.Labels = unionMaps(s.Train, s.Test)
	}
	if n := bothMaps(s.Train, s.Test); n > 0 {
		d.notef("scene %q: "+inBothMaps, s.Name, n)
	}
	d.Scenes = append(d.Scenes, s)
	return nil
}

// path joins a file name, with its key, to the folder of the scene.json.
func (f *FileDescription) path(dir string) string {
	if filepath.IsAbs(f.File) {
		return f.File
	}
	return filepath.Join(dir, f.File)
}

func (f *FileDescription) load(dir string, size [2]int, noData *float64) (*content, error) {
	want := size
	if f.Origin != nil {
		want = [2]int{}
	}
	c, err := loadRaster(f.path(dir), want, noData)
	if err != nil || f.Origin == nil {
		return c, err
	}
	at, part := *f.Origin, size
	if f.Size != nil {
		part = *f.Size
	}
	h, w := c.array.Shape[0], c.array.Shape[1]
	switch {
	case part == [2]int{}:
		return nil, fmt.Errorf("%s: an \"origin\" without a \"size\" in the first modality: state the rows and columns of the scene", f.File)
	case at[0] < 0 || at[1] < 0 || part[0] < 1 || part[1] < 1 || at[0] > h-part[0] || at[1] > w-part[1]:
		return nil, fmt.Errorf("%s: a window of %d x %d at row %d, column %d does not fit in %d x %d pixels", f.File, part[0], part[1], at[0], at[1], h, w)
	case size != [2]int{} && part != size:
		return nil, fmt.Errorf("%s: size %d x %d, but the scene is %d x %d", f.File, part[0], part[1], size[0], size[1])
	}
	c.array = crop(c.array, at[0], at[1], part[0], part[1])
	if c.grid != nil {
		g := *c.grid
		g.Transform = g.Transform.Shift(float64(at[1]), float64(at[0]))
		c.grid = &g
	}
	return c, nil
}

// describedMap reads a label map, or draws one of shapes.
func (d *Dataset) describedMap(f *MapDescription, dir string, s *Scene) (labels []uint8, err error) {
	if isShapes(f.File) {
		labels, err = d.describedShapes(f, dir, s)
	} else {
		var c *content
		if c, err = f.load(dir, [2]int{s.H, s.W}, f.NoData); err != nil {
			return nil, fmt.Errorf("%w%s", err, warping(f.path(dir), s.Grid, [2]int{s.H, s.W}, true))
		}
		d.noteApart(f.File, s, c)
		c.first = f.First
		if labels, err = labelsOf(c, f.File, [2]int{s.H, s.W}); err == nil {
			err = c.described(labels, d.Classes, f.File, s.W)
		}
		for _, note := range c.notes {
			d.notef("scene %q: %s: %s", s.Name, f.File, note)
		}
	}
	if err != nil {
		return nil, err
	}
	classes := len(d.Classes)
	if classes == 0 {
		classes = MaxClasses
	}
	first := 1
	if f.First != nil {
		first = *f.First
	}
	return labels, checkLabels(f.File, labels, classes, s.W, first)
}

func (d *Dataset) describedShapes(f *MapDescription, dir string, s *Scene) ([]uint8, error) {
	switch {
	case f.Origin != nil || f.Size != nil:
		return nil, fmt.Errorf("%s: an \"origin\" or \"size\" is for rasters; shapes lie where their coordinates say", f.File)
	case f.First != nil || f.NoData != nil:
		return nil, fmt.Errorf("%s: a \"first\" or \"nodata\" is for rasters; the classes of shapes are told by their field", f.File)
	}
	labels, notes, err := shapeLabels(f.path(dir), s, d.Classes)
	d.Notes = append(d.Notes, notes...)
	return labels, err
}

// noteApart notes a raster that lies elsewhere than its scene.
func (d *Dataset) noteApart(what string, s *Scene, c *content) {
	if why := apart(s.Grid, c.grid, s.H, s.W); why != "" {
		d.notef("scene %q: %s %s; they are taken pixel on pixel", s.Name, what, why)
	}
}

// countClasses makes up names for as many classes as the labels have.
func (d *Dataset) countClasses() error {
	most := uint8(0)
	for _, s := range d.Scenes {
		for _, l := range [][]uint8{s.Labels, s.Train, s.Test} {
			if l != nil {
				most = max(most, slices.Max(l))
			}
		}
	}
	d.Classes = unnamedClasses(int(most))
	if most > 0 {
		d.notef("no classes are listed; the labels go up to %d", most)
	}
	return nil
}

// parseColor reads "#rrggbb".
func parseColor(s string) (color.RGBA, error) {
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
	if err != nil || len(s) != 7 || s[0] != '#' {
		return color.RGBA{}, fmt.Errorf("colour %q, expected \"#rrggbb\"", s)
	}
	return rgb(uint8(v>>16), uint8(v>>8), uint8(v)), nil
}
