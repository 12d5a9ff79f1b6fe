package rsdata

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"diffclip/internal/atomicfile"
	"diffclip/internal/envi"
	"diffclip/internal/figure"
	"diffclip/internal/georef"
	"diffclip/internal/numeric"
	"diffclip/internal/tiff"
)

// MapSpec says what a classified map is of.
type MapSpec struct {
	Name          string // of the scene, the title of the picture
	Width, Height int
	Classes       []Class // class i has label i+1
	Grid          *Grid   // written into every raster; nil where unknown
	Probabilities bool    // write those of every class as well
}

// MapWriter writes the result of a classification to a folder, some rows at a time:
//
//	map.tif, map.tif.aux.xml  labels as uint8 with a colour table and class names; 0 is unclassified and no data
//	map.img, map.hdr          the same as an ENVI classification
//	confidence.tif            float32, NaN where unclassified
//	probabilities.tif         float32, one band per class, NaN where unclassified; where asked for
//	map.png                   a picture with a legend
//
// Where well-known text is all that is known of the CRS, which GeoTIFF has no place for, confidence.tif and
// probabilities.tif have an .aux.xml too, that holds it.
//
// Rasters too large for a picture are shown thinned out in map.png.
type MapWriter struct {
	dir           string
	staging       *staging // holds the files until all are whole
	spec          MapSpec
	labels        *tiff.Writer
	pair          *envi.Writer
	confidence    *tiff.Writer
	probabilities *tiff.Writer // nil where not asked for
	picture       thumbnail
	rows          int
}

// unclassified is what label 0 is called in files.
const unclassified = "Unclassified"

// CreateMap begins the files in dir, which exists. Nothing appears there before Commit, and what a program that was
// killed has left there of a map is removed. It is an error where another program writes to dir. Close the writer in any
// case.
func CreateMap(dir string, spec MapSpec) (*MapWriter, error) {
	if len(spec.Classes) == 0 || len(spec.Classes) > MaxClasses {
		return nil, fmt.Errorf("%s: a map of %d classes: want 1 to %d", dir, len(spec.Classes), MaxClasses)
	}
	if err := vacant(dir); err != nil {
		return nil, err
	}
	staging, err := newStaging(dir)
	if err != nil {
		return nil, err
	}
	m := &MapWriter{dir: dir, staging: staging, spec: spec, picture: newThumbnail(spec.Width, spec.Height)}
	if err := m.create(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// mapFiles are what a map may consist of, in the order in which they are put in place.
var mapFiles = []string{"probabilities.tif.aux.xml", "probabilities.tif", "confidence.tif.aux.xml", "confidence.tif", "map.img", "map.hdr", "map.png", "map.tif.aux.xml", "map.tif"}

// keptBeside are what GDAL, and programs that use it, keep beside the files of a map and would show in place of a new
// one: overviews, masks, statistics and colours.
var keptBeside = []string{"map.tif.ovr", "map.tif.msk", "map.img.ovr", "map.img.aux.xml", "confidence.tif.ovr", "probabilities.tif.ovr"}

// MapFiles returns the names of the files that a map may consist of, and of what others keep beside them.
func MapFiles() []string { return slices.Concat(mapFiles, keptBeside) }

// vacant returns an error where a folder or a device has the name of one of the files.
func vacant(dir string) error {
	for _, name := range mapFiles {
		path := filepath.Join(dir, name)
		if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() && info.Mode()&os.ModeSymlink == 0 {
			return fmt.Errorf("cannot write %s: it exists and is not a file; choose another folder", path)
		}
	}
	return nil
}

func (m *MapWriter) create() (err error) {
	var grid georef.Grid
	if m.spec.Grid != nil {
		grid = *m.spec.Grid
	}
	size := tiff.Spec{Width: m.spec.Width, Height: m.spec.Height, Grid: grid}
	zero, nan := 0.0, math.NaN()

	labels := size
	labels.Type, labels.NoData = numeric.Uint8, &zero
	pair := envi.Map{Width: m.spec.Width, Height: m.spec.Height, Grid: grid, Description: m.spec.Name}
	for _, c := range m.fileClasses() {
		labels.Palette = append(labels.Palette, c.Color)
		pair.Classes = append(pair.Classes, envi.Class{Name: c.Name, R: c.Color.R, G: c.Color.G, B: c.Color.B})
	}
	if m.labels, err = tiff.Create(m.path("map.tif"), labels); err != nil {
		return err
	}
	if m.pair, err = envi.Create(m.path("map.img"), pair); err != nil {
		return err
	}
	confidence := size
	confidence.Type, confidence.NoData, confidence.BandNames = numeric.Float32, &nan, []string{"confidence"}
	if m.confidence, err = tiff.Create(m.path("confidence.tif"), confidence); err != nil {
		return err
	}
	if !m.spec.Probabilities {
		return nil
	}
	probabilities := confidence
	probabilities.Bands, probabilities.BandNames = len(m.spec.Classes), nil
	for _, c := range m.spec.Classes {
		probabilities.BandNames = append(probabilities.BandNames, c.Name)
	}
	m.probabilities, err = tiff.Create(m.path("probabilities.tif"), probabilities)
	return err
}

// path is where a file is until Commit puts it in its place.
func (m *MapWriter) path(name string) string { return filepath.Join(m.staging.dir, name) }

// fileClasses are the classes by label, with label 0 in black.
func (m *MapWriter) fileClasses() []tiff.Class {
	classes := []tiff.Class{{Name: unclassified}}
	for _, c := range m.spec.Classes {
		classes = append(classes, tiff.Class{Name: c.Name, Color: tiff.Color{R: c.Color.R, G: c.Color.G, B: c.Color.B}})
	}
	return classes
}

// WriteRows appends whole rows: labels (rows, Width), the confidence of each, and, where the spec asks for them, the
// probabilities (rows, Width, classes), else nil. Where a label is 0 the other two are written as NaN. It panics on
// lengths that do not match or a label without a class.
func (m *MapWriter) WriteRows(labels []uint8, confidence, probabilities []float32) error {
	k := 0
	if m.spec.Probabilities {
		k = len(m.spec.Classes)
	}
	if len(labels)%m.spec.Width != 0 || len(confidence) != len(labels) || len(probabilities) != k*len(labels) {
		panic(fmt.Errorf("rsdata: MapWriter.WriteRows: %d labels, %d confidences, %d probabilities for rows of %d pixels and %d classes",
			len(labels), len(confidence), len(probabilities), m.spec.Width, k))
	}
	nan := float32(math.NaN())
	masked := append([]float32(nil), confidence...)
	shares := append([]float32(nil), probabilities...)
	for i, l := range labels {
		if int(l) > len(m.spec.Classes) {
			panic(fmt.Errorf("rsdata: MapWriter.WriteRows: label %d of %d classes", l, len(m.spec.Classes)))
		}
		if l == 0 {
			masked[i] = nan
			for c := range k {
				shares[i*k+c] = nan
			}
		}
	}
	for row := 0; row < len(labels)/m.spec.Width; row++ {
		m.picture.add(m.rows+row, labels[row*m.spec.Width:(row+1)*m.spec.Width])
	}
	m.rows += len(labels) / m.spec.Width
	err := errors.Join(m.labels.WriteRows(labels), m.pair.WriteRows(labels), m.confidence.WriteRows(masked))
	if m.probabilities != nil {
		err = errors.Join(err, m.probabilities.WriteRows(shares))
	}
	return err
}

// Commit finishes the files and, once all are whole, puts them in their places, map.tif last. It fails where rows are
// missing or the disk is full; then the folder keeps what it had.
func (m *MapWriter) Commit() error {
	if m.rows != m.spec.Height {
		return fmt.Errorf("%s: %d of %d rows of the map were written", filepath.Join(m.dir, "map.tif"), m.rows, m.spec.Height)
	}
	if err := m.finish(); err != nil {
		return err
	}
	stale := slices.Clone(keptBeside)
	for _, name := range mapFiles {
		if !m.has(name) {
			stale = append(stale, name)
		}
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(m.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove what an earlier map left: %w", err)
		}
	}
	for _, name := range mapFiles {
		if !m.has(name) {
			continue
		}
		if err := atomicfile.Rename(m.path(name), filepath.Join(m.dir, name)); err != nil {
			return fmt.Errorf("cannot write %s: %w", filepath.Join(m.dir, name), err)
		}
	}
	return m.staging.remove()
}

// has reports whether the map consists of the file, among others.
func (m *MapWriter) has(name string) bool {
	switch name {
	case "probabilities.tif":
		return m.spec.Probabilities
	case "confidence.tif.aux.xml":
		return m.wkt() != ""
	case "probabilities.tif.aux.xml":
		return m.spec.Probabilities && m.wkt() != ""
	}
	return true
}

// wkt is the well-known text of the CRS where a GeoTIFF cannot tell it otherwise, else "".
func (m *MapWriter) wkt() string {
	if g := m.spec.Grid; g != nil && g.CRS.GeoKeys() == nil {
		return g.CRS.WKT
	}
	return ""
}

// finish completes every file.
func (m *MapWriter) finish() error {
	if m.probabilities != nil {
		if err := m.probabilities.Commit(); err != nil {
			return err
		}
	}
	if err := m.confidence.Commit(); err != nil {
		return err
	}
	if err := m.pair.Commit(); err != nil {
		return err
	}
	if err := writePicture(m.path("map.png"), m.figure(), 2); err != nil {
		return err
	}
	for _, name := range []string{"confidence.tif", "probabilities.tif"} {
		if !m.has(name + ".aux.xml") {
			continue
		}
		if err := tiff.WriteCRSSidecar(m.path(name), m.wkt()); err != nil {
			return err
		}
	}
	if err := tiff.WriteClassSidecar(m.path("map.tif"), m.fileClasses(), m.wkt()); err != nil {
		return err
	}
	return m.labels.Commit()
}

func (m *MapWriter) figure() figure.Figure {
	im := LabelImage(m.picture.labels, m.picture.width, m.spec.Classes)
	return &figure.Images{Title: m.spec.Name, Rows: [][]figure.Cell{{{Image: im}}}, Legend: Legend(m.spec.Classes),
		Zoom: max(1, math.Floor(440/float64(m.picture.width)))}
}

// Close gives up what has not been committed.
func (m *MapWriter) Close() error {
	var err error
	if m.labels != nil {
		err = errors.Join(err, m.labels.Close())
	}
	if m.pair != nil {
		err = errors.Join(err, m.pair.Close())
	}
	if m.confidence != nil {
		err = errors.Join(err, m.confidence.Close())
	}
	if m.probabilities != nil {
		err = errors.Join(err, m.probabilities.Close())
	}
	return errors.Join(err, m.staging.remove())
}
