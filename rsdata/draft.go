package rsdata

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"diffclip/internal/georef"
	"diffclip/internal/shp"
)

// Draft describes the arrays of a folder as a scene.json does, for the user to
// correct: every raster of the scene's size is a modality, named by what it seems
// to hold or by its file, and the classes are those that the label maps count, or
// without such a map those that a shapefile names. A value that looks like "not
// measured" and that no file names is described as that. Notes say what was left
// out and what is doubtful. It is an error where the folder holds no raster.
func Draft(dir string) (d *Description, notes []string, err error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, nil, fmt.Errorf("%s: expected a folder with the files of a scene", dir)
	}
	inv, err := takeInventory(dir)
	if err != nil {
		return nil, nil, err
	}
	size, ok := inv.largest()
	if !ok {
		return nil, nil, inv.nothing()
	}
	s := &sketch{size: size, scene: SceneDescription{Name: datasetName(dir)}}
	rasters := slices.DeleteFunc(slices.Clone(inv.entries), func(e entry) bool { return !e.isRaster() || e.size() != size || e.isQuickLook() })
	rank := func(e entry) int { // maps and reports show the first; labels go before what only looks like them
		if e.role == labelRole {
			return 2*e.bands() + 1
		}
		return 2 * e.bands()
	}
	slices.SortStableFunc(rasters, func(a, b entry) int { return rank(b) - rank(a) })
	for _, e := range rasters {
		if err := s.add(e); err != nil {
			return nil, nil, err
		}
	}
	if s.scene.Labels == nil && s.scene.Train == nil {
		s.scene.Labels, s.classes = inv.draftShapes()
	}
	d = &Description{Name: s.scene.Name, Classes: []ClassDescription{}, Scenes: []SceneDescription{s.scene}}
	for _, c := range s.classes {
		d.Classes = append(d.Classes, ClassDescription{c.Name, fmt.Sprintf("#%02x%02x%02x", c.Color.R, c.Color.G, c.Color.B)})
	}
	return d, append(s.notes, s.leftOut(inv)...), nil
}

// sketch is a draft in the making.
type sketch struct {
	size    [2]int
	scene   SceneDescription
	classes []Class
	grid    *georef.Grid // of the first raster that has one
	notes   []string
}

// add describes an array as a label map or a modality.
func (s *sketch) add(e entry) error {
	if e.isBandedLabels() {
		s.notes = append(s.notes, fmt.Sprintf(bandedLabels, e))
		return nil
	}
	file := FileDescription{File: e.short()}
	to := map[role]**MapDescription{labelRole: &s.scene.Labels, trainRole: &s.scene.Train, testRole: &s.scene.Test}[e.mapRole()]
	if to == nil || *to != nil {
		c, err := loadRaster(e.ref(), s.size, nil)
		if err != nil {
			return err
		}
		m := ModalityDescription{Name: s.scene.free(e), FileDescription: file}
		if v, n := c.raster().unmarked(); n > 0 && n < s.size[0]*s.size[1] {
			m.NoData = &v
			s.notes = append(s.notes, fmt.Sprintf("%s: %d of %d pixels hold %.9g, which the draft takes for \"not measured\"; take its \"nodata\" out if it was", m.Name, n, s.size[0]*s.size[1], v))
		}
		if s.grid == nil {
			s.grid = c.grid
		}
		s.scene.Modalities = append(s.scene.Modalities, m)
		return nil
	}
	*to = &MapDescription{FileDescription: file}
	labels, c, err := loadLabels(e.ref(), s.size)
	if err != nil {
		return err
	}
	for _, note := range c.notes {
		s.notes = append(s.notes, e.short()+": "+note)
	}
	if found := countedClasses(labels, c); len(found) > len(s.classes) {
		s.classes = found
	}
	return nil
}

// leftOut says which files are not in the draft and could be part of the scene, and what it lacks.
func (s *sketch) leftOut(inv *inventory) (notes []string) {
	for _, e := range inv.entries {
		switch {
		case !e.isRaster():
		case e.isQuickLook():
			notes = append(notes, fmt.Sprintf("left out, because it is called a quick look: %s", e))
		case e.size() != s.size:
			notes = append(notes, fmt.Sprintf("left out, because the scene is %d x %d: %s%s", s.size[0], s.size[1], e, warping(e.ref(), s.grid, s.size, e.mapRole() == labelRole)))
		}
	}
	for _, path := range inv.other {
		named := s.scene.Labels != nil && strings.HasPrefix(s.scene.Labels.File, filepath.Base(path)+":")
		if what := advice(path); what != "" && !named {
			notes = append(notes, fmt.Sprintf("left out, because it is not read as it is: %s; %s", filepath.Base(path), what))
		}
	}
	if s.scene.Labels == nil && s.scene.Train == nil {
		notes = append(notes, `no labels found; for them, add "labels": {"file": "NAME"} to the scene, behind its modalities`)
	}
	return notes
}

// largest returns the size of the scene, or of the largest raster where nothing
// tells what the rasters are.
func (inv *inventory) largest() (size [2]int, ok bool) {
	if sizes := inv.sizes(); len(sizes) > 0 {
		return sizes[0], true
	}
	for _, e := range inv.entries {
		if s := size; e.isRaster() && e.size()[0]*e.size()[1] > s[0]*s[1] {
			size, ok = e.size(), true
		}
	}
	return size, ok
}

// isRaster reports whether an array can be a raster or a map.
func (e entry) isRaster() bool {
	return rasterShape(e.shape) && e.numeric()
}

// mapRole returns which label map an array seems to be. One whose name tells
// nothing is one of labels where it holds a few whole numbers alone.
func (e entry) mapRole() role {
	if e.role != noRole || e.bands() != 1 {
		return e.role
	}
	for _, v := range inspectFile(e.path, e.name).Variables {
		n := len(v.Labels)
		if n < 2 {
			continue
		}
		first, last := v.Labels[0].Value, v.Labels[n-1].Value
		if first == 0 || first == -1 || n > 2 && last == filler && v.Labels[n-2].Value < lowFiller && first > 0 {
			return labelRole
		}
	}
	return noRole
}

// free returns a name for a modality that no other of the scene has.
func (s *SceneDescription) free(e entry) string {
	base := strings.TrimSuffix(filepath.Base(e.path), filepath.Ext(e.path))
	switch {
	case e.role == hsiRole:
		base = "hsi"
	case e.name != "":
		base = e.name
	}
	name := base
	for n := 2; slices.ContainsFunc(s.Modalities, func(m ModalityDescription) bool { return m.Name == name }); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name
}

// countedClasses names the classes of a label map: as its file does, else by number.
func countedClasses(labels []uint8, c *content) []Class {
	if len(c.classNames) > 1 {
		return classesOf(c)
	}
	return unnamedClasses(int(slices.Max(labels)))
}

// draftShapes takes the first shapefile with a field of classes for the labels, and the classes that it names.
func (inv *inventory) draftShapes() (*MapDescription, []Class) {
	for _, path := range inv.other {
		if !isShapes(path) {
			continue
		}
		layer, err := shp.Open(os.DirFS(filepath.Dir(path)), filepath.Base(path))
		if err != nil {
			continue // opening the draft tells
		}
		if field, names := classField(layer); field != "" {
			classes := unnamedClasses(len(names))
			for i, name := range names {
				classes[i].Name = name
			}
			return &MapDescription{FileDescription: FileDescription{File: filepath.Base(path) + ":" + field}}, classes
		}
	}
	return nil, nil
}

// classField guesses which field of text tells the class: the one of the fewest values that are more than one. It
// returns them in order, and "" where none will do.
func classField(layer *shp.Layer) (field string, names []string) {
	for k, f := range layer.Fields {
		if f.Type != 'C' {
			continue
		}
		var found []string
		for _, feature := range layer.Features {
			if v := feature.Values[k]; !v.Null {
				found = append(found, strings.TrimSpace(v.Text))
			}
		}
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
		found = slices.CompactFunc(found, strings.EqualFold) // as labels are told
		if n := len(found); n > 1 && n <= MaxClasses && (names == nil || n < len(names)) {
			field, names = f.Name, found
		}
	}
	return field, names
}
