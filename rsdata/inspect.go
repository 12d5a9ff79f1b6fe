package rsdata

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// Inspection describes the files at a path, whether or not they make a dataset.
type Inspection struct {
	Path    string
	Files   []FileInfo
	Dataset *Dataset // what Open makes of the path, nil where it fails
	Problem error    // why Open fails, nil where it does not
}

// FileInfo describes one file.
type FileInfo struct {
	Path      string
	Format    string // "MATLAB", "HDF5", "NumPy", "TIFF", "ENVI"; "" where the file holds no arrays
	Variables []VariableInfo
	Problem   error // why the file could not be read, nil where it could
}

// VariableInfo describes one array. The range is that of what was measured.
type VariableInfo struct {
	Name     string
	Class    string // MATLAB's class, or the element type
	Shape    []int
	Min, Max float64
	Mean     float64
	Missing  int          // values that are not finite or are the no-data value
	Labels   []LabelCount // of an array that looks like a label map, else nil
	NoData   *float64     // as the values are stored
	CRS      string       // of a georeferenced raster, else ""
	Notes    []string     // what was made of the file that is not plain
	Problem  error        // why the data could not be read, nil where they could
}

// LabelCount says how often a value occurs.
type LabelCount struct{ Value, Count int }

// Inspect describes any file or folder: variables, shapes, types, ranges, labels, and what Open makes of them. The
// error is for a path that cannot be looked into at all; problems of single files are reported beside them.
func Inspect(path string) (*Inspection, error) {
	base, _, err := splitOptions(path)
	if err != nil {
		return nil, err
	}
	file, key := splitRef(base)
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("%w: expected a folder or file", err)
	}
	paths := []string{file}
	if mrnet, ok := findMRNet(file); ok {
		paths = mrnet.examples()
	} else if info.IsDir() {
		paths = nil
		err := filepath.WalkDir(file+string(filepath.Separator), func(p string, e os.DirEntry, err error) error { // which follows a link
			if err == nil && isRegular(p) && !strings.HasPrefix(e.Name(), ".") && !accompanies(p) {
				paths = append(paths, p)
			}
			if len(paths) > maxInspected {
				return filepath.SkipAll
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	in := &Inspection{Path: path}
	for _, p := range paths[:min(len(paths), maxInspected)] {
		in.Files = append(in.Files, inspectFile(p, key))
	}
	in.Dataset, in.Problem = Open(path)
	return in, nil
}

// isRegular reports whether a path is a file, or a link to one.
func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// maxInspected bounds how many files of a folder are described.
const maxInspected = 1000

func inspectFile(path, key string) FileInfo {
	out := FileInfo{Path: path}
	f, format, err := openArrays(path)
	if err != nil {
		var unknown unknownFormatError
		if !errors.As(err, &unknown) {
			out.Problem = err
		}
		return out
	}
	defer f.Close()
	out.Format = format
	vars, err := f.variables()
	if err != nil {
		out.Problem = err
		return out
	}
	if key != "" {
		vars = []variable{{name: key}}
	}
	for _, v := range vars {
		out.Variables = append(out.Variables, inspectVariable(f, v))
	}
	return out
}

func inspectVariable(f arrayFile, v variable) VariableInfo {
	out := VariableInfo{Name: v.name, Class: v.class, Shape: v.shape, Min: math.NaN(), Max: math.NaN(), Mean: math.NaN()}
	if !v.numeric() && v.class != "unreadable" {
		return out
	}
	c, err := f.read(v.name, false) // of what is unreadable the error tells why
	if err != nil {
		out.Problem = err
		return out
	}
	c.hide()
	out.Shape, out.NoData, out.Notes = c.array.Shape, c.noData, c.notes
	if out.Class == "" {
		out.Class = c.array.Type.String()
	}
	if c.grid != nil {
		out.CRS = c.grid.CRS.String()
	}
	out.summarise(c)
	return out
}

// maxDistinct is the most different values of an array that looks like a label map.
const maxDistinct = 64

// summarise computes the range, the mean, and the counts of few whole values.
func (v *VariableInfo) summarise(c *content) {
	var counts [2*MaxClasses + 1]int // of the values from -MaxClasses
	distinct := 0                    // beyond maxDistinct where the values are no labels
	sum, n := 0.0, 0
	a, r := c.array, c.raster()
	for i := range a.Len() {
		x := a.At64(i)
		if !r.Measured(x) {
			v.Missing++
			continue
		}
		if r.Scale != nil {
			x = r.Scale[i%len(r.Scale)].Of(x)
		}
		if n == 0 {
			v.Min, v.Max = x, x
		}
		v.Min, v.Max = min(v.Min, x), max(v.Max, x)
		sum += x
		n++
		switch {
		case distinct > maxDistinct:
		case x != math.Trunc(x) || math.Abs(x) > MaxClasses:
			distinct = maxDistinct + 1
		default:
			k := int(x) + MaxClasses
			if counts[k] == 0 {
				distinct++
			}
			counts[k]++
		}
	}
	if n > 0 {
		v.Mean = sum / float64(n)
	}
	if isMap := rasterShape(a.Shape) && (len(a.Shape) == 2 || a.Shape[2] == 1); !isMap || distinct > maxDistinct {
		return
	}
	for k, count := range counts {
		if count > 0 {
			v.Labels = append(v.Labels, LabelCount{k - MaxClasses, count})
		}
	}
}
