package rsdata

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"diffclip/internal/numeric"
)

// bandedLabels is the note on labels in a form that is not read.
const bandedLabels = "left out, because it is called labels and has several bands: %s; save one number for each pixel, 0 where nobody knows, such as numpy.argmax over the last dimension, or list it in a scene.json where it is an image"

// leaveOut notes the arrays that could be part of the scene and are not taken for any.
func (a *assembly) leaveOut(inv *inventory) {
	var elsewhere, unknown, labels, shapeless []entry
	for _, e := range inv.entries {
		switch n, err := numeric.Count(e.shape); {
		case e.role != noRole && e.size() != a.size:
			elsewhere = append(elsewhere, e)
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
	if len(elsewhere) > 0 {
		a.notef("left out, because the scene is %d x %d: %s", a.size[0], a.size[1], listEntries(elsewhere))
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
	for _, path := range inv.other {
		if what := advice(path); what != "" {
			a.notef("left out, because it is not read as it is: %s; %s", filepath.Base(path), what)
		}
	}
}

// misfits refuses a scene that has something it needs, such as labels, in another size alone.
func (a *assembly) misfits(inv *inventory) error {
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
	for _, e := range inv.entries {
		if needed[e.role] && e.size() != a.size {
			return a.misfit(inv, e)
		}
	}
	return nil
}

// misfit is the error of an array that the scene needs and that has another size.
func (a *assembly) misfit(inv *inventory, e entry) error {
	like := e
	for _, r := range []role{hsiRole, imageRole, lidarRole, labelRole, trainRole} {
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
		hint = warping(e.ref(), c.grid, a.size, e.isMap())
	}
	return fmt.Errorf("%s: expected %d x %d pixels like %s, found %s: every file of a scene must cover the same pixels; crop, resample or transpose it, move it away, or describe the scene in scene.json%s",
		e.ref(), a.size[0], a.size[1], like, dims(e.shape), hint)
}

// nothing is the error of a folder or file without rasters.
func (inv *inventory) nothing() error {
	if len(inv.broken) > 0 {
		return errors.Join(inv.broken...)
	}
	var found []string
	what := ""
	single := 0 // rasters of one band
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
				if single++; single > 1 {
					what = "; if they are bands of one image, put them into one file, with: gdalbuildvrt -separate bands.vrt FILES, and: gdal_translate bands.vrt bands.tif; else list them in a scene.json"
				}
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
