// Package shp reads ESRI shapefiles: points and polygons from the .shp, their
// attributes from the .dbf, and the CRS from the .prj beside it. The .shx index
// is not needed, since records follow one another. Source: ESRI Shapefile
// Technical Description, July 1998.
package shp

import (
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"strings"

	"diffclip/internal/georef"
)

// Layer is a shapefile as a whole.
type Layer struct {
	Name     string
	CRS      georef.CRS // of the .prj, unknown where there is none
	Fields   []Field    // of the .dbf, nil where there is none
	Features []Feature
}

// Feature is a shape with its attributes, one for each of the layer's Fields. A
// null shape has no points and no polygon.
type Feature struct {
	Points  []Point
	Polygon Polygon
	Values  []Value
}

// Point is a position in map coordinates.
type Point struct{ X, Y float64 }

// FieldIndex returns the index of a field by its name, in either case, or an
// error that lists the fields there are.
func (l *Layer) FieldIndex(name string) (int, error) {
	var names []string
	for i, f := range l.Fields {
		if strings.EqualFold(f.Name, name) {
			return i, nil
		}
		names = append(names, f.Name)
	}
	return 0, fmt.Errorf("%s: no field %q; its fields are %s", l.Name, name, strings.Join(names, ", "))
}

// Open reads the shapefile of the given name, which ends in .shp, and the .dbf,
// .cpg and .prj beside it where they exist.
func Open(fsys fs.FS, name string) (*Layer, error) {
	if !strings.EqualFold(path.Ext(name), ".shp") {
		return nil, fmt.Errorf("%s: expected the name of a .shp file", name)
	}
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	l := &Layer{Name: name}
	if l.Features, err = parseShapes(b); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	side := func(ext string) []byte {
		stem := strings.TrimSuffix(name, path.Ext(name))
		for _, ext := range []string{ext, strings.ToUpper(ext)} {
			if b, err := fs.ReadFile(fsys, stem+ext); err == nil {
				return b
			}
		}
		return nil
	}
	l.CRS = georef.FromWKT(string(side(".prj")))
	if b := side(".dbf"); b != nil {
		t, err := parseTable(b, string(side(".cpg")))
		if err == nil && len(t.rows) != len(l.Features) {
			err = fmt.Errorf("holds %d records for %d shapes: the files do not belong together", len(t.rows), len(l.Features))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: its .dbf: %w", name, err)
		}
		l.Fields = t.fields
		for i := range l.Features {
			l.Features[i].Values = t.rows[i]
		}
	}
	return l, nil
}

const (
	headerBytes = 100
	fileCode    = 9994
)

var shapeNames = map[uint32]string{3: "polyline", 13: "polyline Z", 23: "polyline M", 31: "multipatch"}

// parseShapes reads the records of a .shp file.
func parseShapes(b []byte) ([]Feature, error) {
	be, le := binary.BigEndian, binary.LittleEndian
	if len(b) < headerBytes || be.Uint32(b) != fileCode {
		return nil, fmt.Errorf("expected a shapefile, which begins with the number %d and is at least %d bytes, found another kind of file of %d bytes", fileCode, headerBytes, len(b))
	}
	if want := 2 * int64(be.Uint32(b[24:])); want > int64(len(b)) {
		return nil, fmt.Errorf("the header says %d bytes, but the file has %d: it is truncated", want, len(b))
	}
	var features []Feature
	for rest := b[headerBytes:]; len(rest) > 0; {
		if len(rest) < 8 {
			return nil, fmt.Errorf("shape %d: %w", len(features)+1, io.ErrUnexpectedEOF)
		}
		n := 2 * int64(be.Uint32(rest[4:]))
		if n < 4 || n > int64(len(rest)-8) {
			return nil, fmt.Errorf("shape %d says it has %d bytes, but %d are left: the file is truncated or damaged", len(features)+1, n, len(rest)-8)
		}
		f, err := parseShape(le.Uint32(rest[8:]), rest[12:8+n])
		if err != nil {
			return nil, fmt.Errorf("shape %d: %w", len(features)+1, err)
		}
		features = append(features, f)
		rest = rest[8+n:]
	}
	return features, nil
}

// parseShape reads one shape. Heights (Z) and measures (M) follow the plane
// coordinates, and are left out.
func parseShape(kind uint32, b []byte) (f Feature, err error) {
	switch kind {
	case 0:
	case 1, 11, 21:
		f.Points, err = points(b, 1)
	case 8, 18, 28:
		if len(b) < 36 {
			return f, io.ErrUnexpectedEOF
		}
		f.Points, err = points(b[36:], binary.LittleEndian.Uint32(b[32:]))
	case 5, 15, 25:
		f.Polygon, err = rings(b)
	default:
		name := shapeNames[kind]
		if name == "" {
			name = "not known"
		}
		err = fmt.Errorf("shapes of type %d (%s) are not read; points and polygons are", kind, name)
	}
	return f, err
}

func points(b []byte, n uint32) ([]Point, error) {
	if uint64(len(b)) < 16*uint64(n) {
		return nil, fmt.Errorf("expected %d points of 16 bytes, found %d bytes: the file is damaged", n, len(b))
	}
	out := make([]Point, n)
	for i := range out {
		p := Point{math.Float64frombits(binary.LittleEndian.Uint64(b[16*i:])), math.Float64frombits(binary.LittleEndian.Uint64(b[16*i+8:]))}
		if sum := p.X + p.Y; math.IsNaN(sum) || math.IsInf(sum, 0) {
			return nil, fmt.Errorf("point %d is at (%v, %v): the file is damaged", i+1, p.X, p.Y)
		}
		out[i] = p
	}
	return out, nil
}

// rings reads a polygon: bounding box, counts, where each ring begins, points.
func rings(b []byte) (Polygon, error) {
	le := binary.LittleEndian
	if len(b) < 40 {
		return nil, io.ErrUnexpectedEOF
	}
	parts, n := le.Uint32(b[32:]), le.Uint32(b[36:])
	b = b[40:]
	if uint64(len(b)) < 4*uint64(parts)+16*uint64(n) {
		return nil, fmt.Errorf("expected a polygon of %d rings and %d points, found %d bytes: the file is damaged", parts, n, len(b))
	}
	all, err := points(b[4*parts:], n)
	if err != nil {
		return nil, err
	}
	out := make(Polygon, parts)
	for i := range out {
		from, to := le.Uint32(b[4*i:]), n
		if i+1 < len(out) {
			to = le.Uint32(b[4*i+4:])
		}
		if from > to || to > n {
			return nil, fmt.Errorf("ring %d of %d has points %d to %d of %d: the file is damaged", i+1, parts, from, to, n)
		}
		out[i] = all[from:to]
	}
	return out, nil
}
