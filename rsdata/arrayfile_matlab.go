package rsdata

import (
	"fmt"
	"io"
	"regexp"

	"diffclip/internal/matfile"
	"diffclip/internal/numeric"
)

// matArrays is a file of MATLAB, or of HDF5.
type matArrays struct {
	f *matfile.File
	io.Closer
	path string
}

func (m *matArrays) variables() ([]variable, error) {
	infos, err := m.f.Variables()
	if err != nil {
		return nil, err
	}
	var out []variable
	for _, v := range infos {
		if isByLine(v.Name, v.Class, v.Shape) {
			v.Shape = []int{v.Shape[0], v.Shape[2], v.Shape[1]}
		}
		out = append(out, variable{v.Name, v.Class, v.Shape})
	}
	return out, nil
}

func (m *matArrays) read(name string, narrow bool) (*content, error) {
	read := m.f.Read
	if narrow {
		read = m.f.ReadNarrow
	}
	n, err := read(name)
	if err != nil {
		return nil, err
	}
	if n.Array == nil {
		return nil, fmt.Errorf("%s: variable %q is a %s, expected numbers%s", m.path, name, n.Class, fieldHint(n))
	}
	c := &content{array: n.Array, noData: n.NoData}
	if n.Note != "" {
		c.notes = append(c.notes, "it is "+n.Note)
	}
	if isByLine(name, n.Class, n.Shape) {
		if n.Array.Type != numeric.Uint16 {
			return nil, fmt.Errorf("%s: %q is called uint16 and stored as %v: save it as %[3]v without the attribute MATLAB_class, or as uint16", m.path, name, n.Array.Type)
		}
		c.array = linesToPixels(n.Array)
		c.readPRISMA(m.f, prismaCube.FindStringSubmatch(name)[1])
	}
	c.setScale(n.Scale)
	return c, nil
}

// fieldHint says how to reach the numeric fields of a struct.
func fieldHint(n *numeric.Named) string {
	for _, c := range n.Children {
		if c.Array != nil && c.Array.Len() > 1 && n.Class == "struct" {
			return fmt.Sprintf(": name one of its fields, such as %s.%s", n.Name, c.Name)
		}
	}
	return ""
}

// prismaCube is how the spectra are called in the files of the satellite PRISMA, which have them line by line, the bands
// of each one after the other.
var prismaCube = regexp.MustCompile(`/(VNIR|SWIR)_Cube$`)

func isByLine(name, class string, shape []int) bool {
	return len(shape) == 3 && class == "uint16" && prismaCube.MatchString(name)
}

// linesToPixels turns an array of uint16 of shape (H, bands, W) into one of (H, W, bands).
func linesToPixels(a *numeric.Array) *numeric.Array {
	h, bands, w := a.Shape[0], a.Shape[1], a.Shape[2]
	src, dst := a.Data.([]uint16), make([]uint16, a.Len())
	for i := range h * bands {
		row, band := i/bands, i%bands
		for col, v := range src[i*w:][:w] {
			dst[(row*w+col)*bands+band] = v
		}
	}
	return &numeric.Array{Shape: []int{h, w, bands}, Type: a.Type, Data: dst}
}
