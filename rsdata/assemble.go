package rsdata

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"diffclip/internal/georef"
)

// assembly collects the parts of a dataset of one scene.
type assembly struct {
	name       string
	size       [2]int
	known      *knownScene // nil where the scene is not a known one
	modalities []Modality
	rasters    []Raster
	grid       *georef.Grid

	labels, train, test         []uint8
	labelRef, trainRef, testRef string
	classes                     []Class // from the files, nil where they bring none
	notes, missing              []string
}

// assemble makes a dataset of the arrays in a folder or file.
func assemble(inv *inventory) (*Dataset, error) {
	sizes := inv.sizes()
	if len(sizes) == 0 {
		return nil, inv.nothing()
	}
	size := sizes[0]
	a := &assembly{name: datasetName(inv.root), size: size}
	if len(inv.broken) > 0 {
		return nil, fmt.Errorf("%w (repair or remove the file)", errors.Join(inv.broken...))
	}
	if len(sizes) > 1 && muuflDemo(inv) {
		return assembleMuuflCrop(inv)
	}
	if err := a.misfits(inv); err != nil {
		return nil, err
	}
	if err := a.loadModalities(inv); err != nil {
		return nil, err
	}
	if err := a.loadMaps(inv); err != nil {
		return nil, err
	}
	a.leaveOut(inv)
	a.recognise()
	return a.dataset()
}

// loadModalities reads one raster for each role that is an input.
func (a *assembly) loadModalities(inv *inventory) error {
	known := knownBySize(a.size)
	for _, m := range []struct {
		role role
		name string
	}{{hsiRole, "hsi"}, {imageRole, "image"}, {lidarRole, "lidar"}} {
		found := inv.find(m.role, a.size)
		if len(found) == 0 {
			continue
		}
		switch {
		case known == nil:
		case m.role == hsiRole: // with its water bands and without, the published one
			if i := slices.IndexFunc(found, func(e entry) bool { return e.bands() == known.hsiBands }); i > 0 {
				found[0], found[i] = found[i], found[0]
			}
		case m.role == imageRole && known.lidarFile != "" && found[0].bands() <= maxHeights && len(inv.find(lidarRole, a.size)) == 0:
			m.name = "lidar"
		}
		if len(found) > 1 {
			a.notef("%d arrays could be the %s modality; took %s, left out %s; a scene.json, which diffclip inspect -draft begins, can list them all", len(found), m.name, found[0], listEntries(found[1:]))
		} else if m.name == "image" && len(a.modalities) > 0 {
			a.notef("%s is taken for a modality, image, by its bands, as no name tells what it is: move it away if it is none", found[0])
		}
		c, err := loadRaster(found[0].ref(), a.size, nil)
		if err != nil {
			return err
		}
		a.addModality(m.name, c)
	}
	return nil
}

func listEntries(list []entry) string {
	var names []string
	for _, e := range list {
		names = append(names, e.String())
	}
	return strings.Join(names, ", ")
}

func (a *assembly) notef(format string, args ...any) {
	a.notes = append(a.notes, fmt.Sprintf(format, args...))
}

// addModality adds a raster of the scene's size.
func (a *assembly) addModality(name string, c *content) {
	bands := c.array.Shape[2]
	m := Modality{Name: name, Bands: bands, Wavelengths: c.wavelengths}
	m.Bad = badBands(c.good, bands)
	a.modalities = append(a.modalities, m)
	c.array = narrow(c.array)
	a.rasters = append(a.rasters, c.raster())
	a.place(name, c)
	if note := c.raster().unmarkedNote(); note != "" {
		a.notef("%s: %s", name, note)
	}
	if bands > 3 && bands == a.size[1] {
		a.notef("%s: as many bands as columns, %d: where the first dimension is the bands, as PyTorch has it, move it to the end, in Python with numpy.moveaxis(a, 0, -1)", name, bands)
	}
	for _, note := range c.notes {
		a.notef("%s: %s", name, note)
	}
}

// place takes the grid of the first raster that has one for the scene's, and notes what lies elsewhere.
func (a *assembly) place(what string, c *content) {
	if a.grid == nil {
		a.grid = c.grid
	}
	if why := apart(a.grid, c.grid, a.size[0], a.size[1]); why != "" {
		a.notef("%s %s; they are taken pixel on pixel", what, why)
	}
}

// badBands turns a list of good bands into one of bad bands; nil where there is none or all are good.
func badBands(good []bool, bands int) []bool {
	if len(good) != bands || !slices.Contains(good, false) {
		return nil
	}
	bad := make([]bool, bands)
	for b, ok := range good {
		bad[b] = !ok
	}
	return bad
}

// loadMaps reads the label maps that the inventory holds.
func (a *assembly) loadMaps(inv *inventory) error {
	for _, m := range []struct {
		role role
		to   *[]uint8
		ref  *string
	}{{labelRole, &a.labels, &a.labelRef}, {trainRole, &a.train, &a.trainRef}, {testRole, &a.test, &a.testRef}} {
		found := inv.find(m.role, a.size)
		if len(found) == 0 {
			continue
		}
		labels, c, err := loadLabels(found[0].ref(), a.size)
		if err != nil {
			return err
		}
		*m.to, *m.ref = labels, found[0].ref()
		a.place(found[0].short(), c)
		for _, note := range c.notes {
			a.notef("%s: %s", found[0].short(), note)
		}
		if len(c.classNames) > 1 && a.classes == nil {
			a.classes = classesOf(c)
		}
		for _, e := range found[1:] {
			other, _, err := loadLabels(e.ref(), a.size)
			if err != nil {
				return err
			}
			if slices.Max(other) > 1 && !slices.Equal(other, labels) { // not a mask
				a.notef("two different maps could be meant; took %s, left out %s", found[0], e)
			}
		}
	}
	return a.loadRegions(inv)
}

// classesOf turns the class table of a classified map into classes; its entry 0 is unlabelled. Values that have no name,
// or that of another, keep their number for one.
func classesOf(c *content) []Class {
	names := c.classNames[:min(len(c.classNames), MaxClasses+1)]
	out := unnamedClasses(len(names) - 1)
	for i := range out {
		if name := names[i+1]; name != "" && slices.Index(names, name) == i+1 {
			out[i].Name = name
		}
		if i+1 < len(c.classColors) {
			out[i].Color = c.classColors[i+1]
		}
	}
	return out
}

// dataset puts the parts together.
func (a *assembly) dataset() (*Dataset, error) {
	d := &Dataset{Name: a.name, Modalities: a.modalities, Notes: a.notes, Missing: a.missing}
	s := &Scene{Name: a.name, H: a.size[0], W: a.size[1], Rasters: a.rasters, Grid: a.grid}
	d.Scenes = []*Scene{s}
	a.applyMasks()
	a.chooseClasses(d)
	for _, m := range []struct {
		ref    string
		labels []uint8
	}{{a.labelRef, a.labels}, {a.trainRef, a.train}, {a.testRef, a.test}} {
		if m.labels != nil {
			if err := checkLabels(m.ref, m.labels, len(d.Classes), a.size[1], 1); err != nil {
				return nil, err
			}
		}
	}
	if a.known != nil {
		if err := a.known.checkOfficial(a.train, a.test, a.trainRef, a.testRef); err != nil {
			return nil, err
		}
	}
	s.Train, s.Test, s.Labels = a.train, a.test, a.labels
	if s.Labels == nil {
		s.Labels = unionMaps(a.train, a.test)
	}
	if n := bothMaps(s.Train, s.Test); n > 0 {
		d.notef(inBothMaps, n)
	}
	a.report(d)
	if len(d.Modalities) == 0 {
		return nil, fmt.Errorf("%s: no raster to classify: missing is %s", a.name, strings.Join(slices.Concat(d.Missing, d.Notes), "; "))
	}
	d.unlabelUnmeasured()
	return a.withoutAbsent(d)
}

// inBothMaps is the note on the pixels that bothMaps counts.
const inBothMaps = "%d pixels are in the training and in the test map; they do not test"

// bothMaps counts the pixels labelled in both maps.
func bothMaps(train, test []uint8) int {
	n := 0
	for i := range train {
		if test != nil && train[i] != 0 && test[i] != 0 {
			n++
		}
	}
	return n
}

// applyMasks turns training and test masks of zeros and ones into label maps.
func (a *assembly) applyMasks() {
	if a.labels == nil || slices.Max(a.labels) < 2 {
		return
	}
	for _, m := range [][]uint8{a.train, a.test} {
		if m != nil && slices.Max(m) == 1 {
			for i := range m {
				m[i] *= a.labels[i]
			}
		}
	}
}

// mostLabel returns the highest label of any map, 0 where nothing is labelled.
func (a *assembly) mostLabel() int {
	most := uint8(0)
	for _, m := range [][]uint8{a.labels, a.train, a.test} {
		for _, l := range m {
			most = max(most, l)
		}
	}
	return int(most)
}

// chooseClasses takes the classes that the files name, else the published ones of a known scene, else makes names up.
func (a *assembly) chooseClasses(d *Dataset) {
	var present [MaxClasses + 1]bool
	most := a.mostLabel()
	for _, m := range [][]uint8{a.labels, a.train, a.test} {
		for _, l := range m {
			present[l] = true
		}
	}
	present[0] = false
	bands := 0
	if len(a.modalities) > 0 {
		bands = a.modalities[0].Bands
	}
	switch {
	case len(a.classes) >= most && a.classes != nil:
		d.Classes = a.classes
	case a.known != nil:
		d.Classes = slices.Clone(a.known.classes)
	case most > 0 && indianCrop(a.size, bands, present[:]):
		d.Classes = slices.Clone(indianPines.classes)
		d.Name = "Indian Pines (crop)"
		d.notef("labels 2, 6, 10 and 11 are taken for those of Indian Pines")
	case most > 0:
		d.Classes = unnamedClasses(most)
		d.notef("the files do not name the classes; give names and colours in scene.json")
	}
}

// report says what a usable dataset lacks.
func (a *assembly) report(d *Dataset) {
	has := func(name string) bool {
		return slices.ContainsFunc(d.Modalities, func(m Modality) bool { return m.Name == name })
	}
	if k := a.known; k != nil {
		if !has("hsi") {
			d.Missing = append(d.Missing, fmt.Sprintf("the hyperspectral image of %s: an array of %d x %d x %d, usually in %s", k.name, k.h, k.w, k.hsiBands, k.hsiFile))
		}
		if !has("lidar") && k.lidarFile != "" {
			d.Missing = append(d.Missing, fmt.Sprintf("the heights of %s: an array of %d x %d or with bands, usually in %s", k.name, k.h, k.w, k.lidarFile))
		}
		if d.Scenes[0].Labels == nil {
			d.Missing = append(d.Missing, fmt.Sprintf("the labels of %s: a map of %d x %d with 0 to %d, usually in %s", k.name, k.h, k.w, len(k.classes), k.labelFile))
		}
		return
	}
	if len(d.Modalities) == 0 {
		d.Missing = append(d.Missing, fmt.Sprintf("a raster of %d x %d pixels", a.size[0], a.size[1]))
	}
	if d.Scenes[0].Labels == nil {
		d.Missing = append(d.Missing, fmt.Sprintf("labels: a map of %d x %d whole numbers, 0 for unlabelled", a.size[0], a.size[1]))
	}
}

// withoutAbsent leaves out the classes that no label has, but for known scenes of which every class must be there.
func (a *assembly) withoutAbsent(d *Dataset) (*Dataset, error) {
	if d.Scenes[0].Labels == nil || a.known != nil {
		return d, nil
	}
	return d.AtLeast(1)
}

// datasetName names a dataset after its folder or file.
func datasetName(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}
