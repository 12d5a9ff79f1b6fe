package rsdata

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
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
	if err := a.misfits(inv, sizes); err != nil {
		return nil, err
	}
	for _, r := range []role{hsiRole, lidarRole} {
		found := inv.find(r, size)
		if len(found) == 0 {
			continue
		}
		k := knownBySize(size)
		if k != nil && r == hsiRole { // with its water bands and without, the published one
			if i := slices.IndexFunc(found, func(e entry) bool { return e.bands() == k.hsiBands }); i > 0 {
				found[0], found[i] = found[i], found[0]
			}
		}
		name := found[0].modality()
		if k != nil && k.lidarFile != "" && r == lidarRole && found[0].bands() <= maxHeights {
			name = "lidar"
		}
		if len(found) > 1 {
			a.notef("%d arrays could be the %s modality; took %s, left out %s; a scene.json, which diffclip inspect -draft begins, can list them all", len(found), name, found[0], listEntries(found[1:]))
		}
		c, err := loadRaster(found[0].ref(), size, nil)
		if err != nil {
			return nil, err
		}
		a.addModality(name, c)
	}
	if err := a.loadMaps(inv); err != nil {
		return nil, err
	}
	a.leaveOut(inv)
	for _, path := range inv.other {
		if what := advice(path); what != "" {
			a.notef("left out, because it is not read as it is: %s; %s", filepath.Base(path), what)
		}
	}
	a.recognise()
	return a.dataset()
}

// bandedLabels is the note on labels in a form that is not read.
const bandedLabels = "left out, because it is called labels and has several bands: %s; save one number for each pixel, 0 where nobody knows, such as numpy.argmax over the last dimension, or list it in a scene.json where it is an image"

// leaveOut notes the arrays that could be part of the scene and are not taken for any.
func (a *assembly) leaveOut(inv *inventory) {
	var unknown, labels, shapeless []entry
	for _, e := range inv.entries {
		switch n, err := numeric.Count(e.shape); {
		case e.role != noRole || !e.numeric():
		case !e.isRaster():
			if err == nil && n >= a.size[0]*a.size[1] {
				shapeless = append(shapeless, e)
			}
		case e.size() != a.size:
		case e.isBandedLabels():
			labels = append(labels, e)
		default:
			unknown = append(unknown, e)
		}
	}
	if len(unknown) > 0 {
		a.notef("left out, because no name tells what it is: %s; list it in a scene.json, which diffclip inspect -draft begins", listEntries(unknown))
	}
	if len(labels) > 0 {
		a.notef(bandedLabels, listEntries(labels))
	}
	if len(shapeless) > 0 {
		a.notef("left out, because a raster has rows, columns and bands, and a map of labels rows and columns: %s; reshape it", listEntries(shapeless))
	}
}

// misfits notes the arrays of another size, or refuses a scene whose spectra and labels do not match.
func (a *assembly) misfits(inv *inventory, sizes [][2]int) error {
	var others []entry
	for _, e := range inv.entries {
		if e.role != noRole && e.size() != a.size {
			others = append(others, e)
		}
	}
	if len(others) == 0 {
		return nil
	}
	needed := map[role]bool{hsiRole: true, labelRole: true, trainRole: true, testRole: true, lidarRole: true}
	for _, e := range inv.entries {
		if e.role != noRole && e.size() == a.size {
			needed[e.role] = false
			if e.role == trainRole || e.role == testRole {
				needed[labelRole] = false
			}
			if e.role == labelRole {
				needed[trainRole], needed[testRole] = false, false
			}
		}
	}
	for _, e := range others {
		if needed[e.role] {
			return a.misfit(inv, e)
		}
	}
	a.notef("left out, because the scene is %d x %d: %s", a.size[0], a.size[1], listEntries(others))
	return nil
}

// misfit is the error of an array that the scene needs and that has another size.
func (a *assembly) misfit(inv *inventory, e entry) error {
	like := e
	for _, r := range []role{hsiRole, lidarRole, labelRole, trainRole} {
		if found := inv.find(r, a.size); len(found) > 0 {
			like = found[0]
			break
		}
	}
	hint := ""
	switch {
	case e.size() == [2]int{a.size[1], a.size[0]}:
		hint = " (rows and columns seem swapped)"
	case like.bands() > 1 && e.size() == [2]int{like.shape[1], like.shape[2]}:
		hint = fmt.Sprintf(" (the bands of %s seem to come first: move them to the last dimension)", like.short())
	}
	if c, err := loadRaster(like.ref(), a.size, nil); err == nil && hint == "" {
		hint = warping(e.ref(), c.grid, a.size, e.role != lidarRole && e.role != hsiRole)
	}
	return fmt.Errorf("%s: expected %d x %d pixels like %s, found %s: every file of a scene must cover the same pixels; crop, resample or transpose it, move it away, or describe the scene in scene.json%s",
		e.ref(), a.size[0], a.size[1], like, dims(e.shape), hint)
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
		d.notef("%d pixels are in the training and in the test map; they do not test", n)
	}
	a.report(d)
	if len(d.Modalities) == 0 {
		return nil, fmt.Errorf("%s: no raster to classify: missing is %s", a.name, strings.Join(slices.Concat(d.Missing, d.Notes), "; "))
	}
	return a.withoutAbsent(d)
}

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

// nothing is the error of a folder or file without rasters.
func (inv *inventory) nothing() error {
	if len(inv.broken) > 0 {
		return errors.Join(inv.broken...)
	}
	var found []string
	what := ""
	for _, e := range inv.entries {
		found = append(found, e.String())
		switch e.class {
		case "struct":
			what = fmt.Sprintf("; the array in a field is named as %s.FIELD", e.ref())
		case "cell":
			what = fmt.Sprintf("; the array in a cell is named as %s{1}", e.ref())
		default:
			switch {
			case e.isBandedLabels():
				what = "; what is called labels has one band; if these are spectra, list them in a scene.json"
			case e.isRaster():
				what = "; no name tells what one band alone is: list it in a scene.json"
			case e.numeric():
				what = "; a raster has rows, columns and bands, and at least 2 x 2 pixels: reshape the array"
			}
		}
	}
	for _, p := range inv.other {
		found = append(found, filepath.Base(p))
	}
	if len(found) > 8 {
		found = append(found[:8], fmt.Sprintf("... (%d in all)", len(found)))
	}
	if found == nil {
		found = []string{"no files"}
	}
	if len(inv.other) == 1 {
		if help := advice(inv.other[0]); help != "" {
			what = "; " + help
		}
	}
	return fmt.Errorf("%s: expected a scene (a raster in a MATLAB, HDF5, NumPy, TIFF or ENVI file, or a scene.json), found %s%s", inv.root, strings.Join(found, ", "), what)
}
