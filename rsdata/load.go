package rsdata

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"diffclip/internal/numeric"
)

// splitRef divides "file.mat:key" into file and key. A name that exists as it stands has no key.
func splitRef(ref string) (path, key string) {
	if _, err := os.Stat(ref); err == nil {
		return ref, ""
	}
	i := strings.LastIndexByte(ref, ':')
	if i <= 0 || i < len(filepath.VolumeName(ref)) {
		return ref, ""
	}
	if strings.ContainsAny(ref[i:], `/\`) { // a folder's name, or a path of groups in a file that exists
		if info, err := os.Stat(ref[:i]); err != nil || info.IsDir() {
			return ref, ""
		}
	}
	return ref[:i], filepath.ToSlash(ref[i+1:]) // joining the path to a folder has turned slashes round on Windows
}

// loadArray reads the array that "file" or "file:key" names. Without a key the file must hold one array that fits,
// which accept decides. Narrow is arrayFile's.
func loadArray(ref string, accept func(variable) bool, want string, narrow bool) (*content, error) {
	path, key := splitRef(ref)
	f, format, err := openArrays(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if key == "" {
		vars, err := f.variables()
		if err != nil {
			return nil, err
		}
		if key, err = soleVariable(path, vars, accept, want); err != nil {
			return nil, err
		}
	}
	c, err := f.read(key, narrow)
	if err != nil {
		return nil, err
	}
	c.readCompanions(f)
	if format != "ENVI" {
		annotateFromHeader(c, path)
	}
	return c, nil
}

// soleVariable returns the name of the only array that fits.
func soleVariable(path string, vars []variable, accept func(variable) bool, want string) (string, error) {
	var fit []variable
	var all []string
	for _, v := range vars {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s (%s)", v.name, v.kind())))
		if v.numeric() && accept(v) {
			fit = append(fit, v)
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0].name, nil
	case len(vars) == 0:
		return "", fmt.Errorf("%s: holds no arrays, expected %s: choose another file", path, want)
	case len(fit) == 0:
		return "", fmt.Errorf("%s: expected %s, found %s: choose another file, or name a variable as file:key", path, want, strings.Join(all, ", "))
	}
	return "", fmt.Errorf("%s: %d arrays could be %s: %s: name one as file:key", path, len(fit), want, strings.Join(all, ", "))
}

// loadRaster reads a modality. Size, where not zero, is what it must cover; noData, where not nil, overrules the file's.
func loadRaster(ref string, size [2]int, noData *float64) (*content, error) {
	c, err := loadArray(ref, func(v variable) bool { return rasterShape(v.shape) }, "a raster of rows x columns x bands, at least 2 x 2 pixels", true)
	if err != nil {
		return nil, err
	}
	if err := c.asRaster(ref, size); err != nil {
		return nil, err
	}
	if noData != nil {
		c.noData = noData
	}
	c.array = narrow(c.array)
	c.hide()
	c.checkWavelengths()
	return c, nil
}

// asRaster makes the array (H, W, bands).
func (c *content) asRaster(ref string, size [2]int) error {
	a := c.array
	if len(a.Shape) == 2 {
		a.Shape = []int{a.Shape[0], a.Shape[1], 1}
	}
	if len(a.Shape) != 3 || a.Len() == 0 {
		return fmt.Errorf("%s: found an array of %s, expected rows x columns x bands", ref, dims(a.Shape))
	}
	if size == [2]int{} || size == [2]int{a.Shape[0], a.Shape[1]} {
		return nil
	}
	want := fmt.Sprintf("%d x %d pixels", size[0], size[1])
	hint := "every file of a scene must cover the same pixels: crop or resample it, or state its \"origin\" in scene.json"
	if size == [2]int{a.Shape[1], a.Shape[0]} {
		hint = "rows and columns seem swapped: transpose it"
	} else if size == [2]int{a.Shape[1], a.Shape[2]} {
		hint = "the bands seem to come first: move them to the last dimension"
	}
	return fmt.Errorf("%s: expected %s, found %s: %s", ref, want, dims(a.Shape), hint)
}

// loadLabels reads a label map of a size: whole numbers, negative ones unlabelled.
func loadLabels(ref string, size [2]int) ([]uint8, *content, error) {
	c, err := loadArray(ref, func(v variable) bool {
		return rasterShape(v.shape) && (len(v.shape) == 2 || v.shape[2] == 1 || isColored(v))
	}, "a label map of rows x columns", false)
	if err != nil {
		return nil, nil, err
	}
	labels, err := labelsOf(c, ref, size)
	return labels, c, err
}

// labelsOf turns an array into a label map.
func labelsOf(c *content, ref string, size [2]int) ([]uint8, error) {
	if err := c.asRaster(ref, size); err != nil {
		return nil, err
	}
	if err := c.decolor(ref); err != nil {
		return nil, err
	}
	c.hide()
	if n := c.array.Shape[2]; n != 1 {
		return nil, fmt.Errorf("%s: expected one label per pixel, found %d bands", ref, n)
	}
	w, first := c.array.Shape[1], 1
	if c.first != nil {
		first = *c.first
	}
	c.setApart()
	out := make([]uint8, c.array.Len())
	for i := range out {
		v := c.array.At64(i)
		label := v - float64(first-1)
		switch {
		case c.noData != nil && v == *c.noData, v != v, label < 1 && v == math.Trunc(v): // unlabelled
		case v != math.Trunc(v):
			return nil, fmt.Errorf("%s: label %v at row %d, column %d is not a whole number: is this a label map?", ref, v, i/w, i%w)
		case label > MaxClasses:
			return nil, fmt.Errorf("%s: label %v at row %d, column %d, expected 0 (unlabelled) to %d: is this a label map?", ref, v, i/w, i%w, MaxClasses+first-1)
		default:
			out[i] = uint8(label)
		}
	}
	return out, nil
}

// checkLabels makes sure that a label map keeps to the classes and labels something. First is the number that its file
// gives the first class.
func checkLabels(ref string, labels []uint8, classes, w, first int) error {
	any := false
	for i, l := range labels {
		if int(l) > classes {
			want := fmt.Sprintf("0 (unlabelled) to %d", classes)
			if first != 1 {
				want = fmt.Sprintf("%d to %d, or unlabelled", first, first+classes-1)
			}
			return fmt.Errorf("%s: label %d at row %d, column %d, expected %s: wrong label file, or classes missing from scene.json", ref, int(l)+first-1, i/w, i%w, want)
		}
		any = any || l != 0
	}
	if !any {
		return fmt.Errorf("%s: no pixel is labelled: wrong variable or a damaged file", ref)
	}
	return nil
}

// crop returns a window of a (H, W, bands) array.
func crop(a *numeric.Array, row, col, h, w int) *numeric.Array {
	bands := a.Shape[2]
	out := numeric.New(a.Type, []int{h, w, bands})
	for r := range h {
		from, to := ((row+r)*a.Shape[1]+col)*bands, r*w*bands
		copyValues(out, to, a, from, w*bands)
	}
	return out
}

// copyValues copies n elements between arrays of one type.
func copyValues(dst *numeric.Array, to int, src *numeric.Array, from, n int) {
	switch s := src.Data.(type) {
	case []int8:
		copy(dst.Data.([]int8)[to:to+n], s[from:])
	case []uint8:
		copy(dst.Data.([]uint8)[to:to+n], s[from:])
	case []int16:
		copy(dst.Data.([]int16)[to:to+n], s[from:])
	case []uint16:
		copy(dst.Data.([]uint16)[to:to+n], s[from:])
	case []int32:
		copy(dst.Data.([]int32)[to:to+n], s[from:])
	case []uint32:
		copy(dst.Data.([]uint32)[to:to+n], s[from:])
	case []int64:
		copy(dst.Data.([]int64)[to:to+n], s[from:])
	case []uint64:
		copy(dst.Data.([]uint64)[to:to+n], s[from:])
	case []float32:
		copy(dst.Data.([]float32)[to:to+n], s[from:])
	case []float64:
		copy(dst.Data.([]float64)[to:to+n], s[from:])
	default:
		panic(fmt.Errorf("rsdata: raster data is %T, not a slice of an element type", s))
	}
}
