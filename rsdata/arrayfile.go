package rsdata

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"diffclip/internal/georef"
	"diffclip/internal/hdf5"
	"diffclip/internal/matfile"
	"diffclip/internal/npy"
	"diffclip/internal/numeric"
	"diffclip/internal/tiff"
)

// variable describes one array of a file without its data.
type variable struct {
	name  string // "" where the file holds one array without a name
	class string // MATLAB's class, or the element type
	shape []int
}

// notNumbers are the classes of variables that Open and Inspect pass over.
var notNumbers = []string{"struct", "cell", "char", "unreadable", "not numbers"}

// numeric reports whether the variable holds numbers that can be read.
func (v variable) numeric() bool { return !slices.Contains(notNumbers, v.class) }

// kind says what the variable is: its class and, where it has one, its shape.
func (v variable) kind() string {
	if v.shape == nil {
		return v.class
	}
	return v.class + ", " + dims(v.shape)
}

// content is one array with what its file says about it.
type content struct {
	array       *numeric.Array
	wavelengths []float64
	noData      *float64        // as the values are stored
	scale       []numeric.Scale // of the values of each band; nil where they are the measurements
	hidden      []bool          // per pixel, or per value: whether a mask hides it; nil where none does, and after hide
	good        []bool          // per band: whether the file recommends it; nil where it does not say
	grid        *georef.Grid
	classNames  []string // of a classified map; index 0 is unlabelled
	classColors []color.RGBA
	colored     bool     // a label map whose classes were told by these colours
	first       *int     // label of the first class; nil where nothing says so and it is 1
	notes       []string // what was made of the file that is not plain
}

// arrayFile is an open file of any format that holds arrays.
type arrayFile interface {
	variables() ([]variable, error)
	// read reads the array that a name or, in MATLAB files, a path leads to. Errors begin with the file's path. Narrow is set where its values need be
	// no more exact than float32, which then take less memory: see numeric.Placement.
	read(name string, narrow bool) (*content, error)
	io.Closer
}

// unknownFormatError is a file that holds no arrays, which a folder may well contain.
type unknownFormatError struct{ path, why string }

func (e unknownFormatError) Error() string {
	text := fmt.Sprintf("%s: %s: expected a MATLAB, HDF5, NumPy, TIFF or ENVI file", e.path, e.why)
	if what := advice(e.path); what != "" {
		text += "; " + what
	}
	return text
}

// openArrays opens a file in the format its content shows, whatever its name says.
func openArrays(path string) (f arrayFile, format string, err error) {
	if strings.EqualFold(filepath.Ext(path), ".hdr") {
		return openENVI(path)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, "", err
	case !info.Mode().IsRegular(): // opening a named pipe would wait for ever
		return nil, "", unknownFormatError{path, "not a regular file"}
	case info.Size() == 0:
		return nil, "", unknownFormatError{path, "the file is empty"}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	head := make([]byte, 132)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	head = head[:n]
	size := info.Size()
	switch {
	case isTIFF(head):
		t, err := tiff.Open(file, size, path)
		return &tiffArrays{File: t, Closer: file}, "TIFF", err
	case bytes.HasPrefix(head, []byte("\x93NUMPY")), bytes.HasPrefix(head, []byte("PK\x03\x04")):
		a, err := npy.Open(file, size, path)
		return &npyArrays{a, file}, "NumPy", err
	case isMatlab(head) || hdf5.Sniff(file, size):
		m, err := matfile.Open(file, size, path)
		if !isMatlab(head) {
			return &matArrays{m, file, path}, "HDF5", err
		}
		return &matArrays{m, file, path}, "MATLAB", err
	}
	if isENVIData(path) {
		file.Close()
		return openENVI(path)
	}
	if strings.EqualFold(filepath.Ext(path), ".mat") {
		m, err := matfile.Open(file, size, path)
		return &matArrays{m, file, path}, "MATLAB", err
	}
	return nil, "", unknownFormatError{path, fmt.Sprintf("begins with %q", head[:min(8, len(head))])}
}

func isTIFF(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	switch string(head[:4]) {
	case "II*\x00", "MM\x00*", "II+\x00", "MM\x00+":
		return true
	}
	return false
}

// isMatlab looks at the version and byte order at the end of a level 5 header.
func isMatlab(head []byte) bool {
	if bytes.HasPrefix(head, []byte("MATLAB")) {
		return true
	}
	return len(head) >= 128 && (string(head[124:128]) == "\x00\x01IM" || string(head[124:128]) == "\x01\x00MI")
}

type npyArrays struct {
	f *npy.File
	io.Closer
}

func (n *npyArrays) variables() ([]variable, error) {
	var out []variable
	for _, name := range n.f.Names() {
		info, err := n.f.Info(name)
		if name != "" && errors.Is(err, npy.ErrNotNumbers) { // class names, say, beside the arrays
			out = append(out, variable{name: name, class: "not numbers"})
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, variable{name, info.Type.String(), info.Shape})
	}
	return out, nil
}

func (n *npyArrays) read(name string, narrow bool) (*content, error) {
	read := n.f.Read
	if narrow {
		read = n.f.ReadNarrow
	}
	a, err := read(name)
	if err != nil {
		return nil, err
	}
	return &content{array: a}, nil
}
