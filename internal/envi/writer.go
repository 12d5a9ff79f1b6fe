package envi

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"diffclip/internal/atomicfile"
	"diffclip/internal/georef"
	"diffclip/internal/numeric"
)

// Map says what a classified map to write is. Its values are the indices of Classes;
// 0 is unclassified, and no data.
type Map struct {
	Width, Height int
	Grid          georef.Grid
	Description   string
	Classes       []Class // 1 to 256
}

// Writer writes an ENVI classification row by row.
type Writer struct {
	spec Map
	path string
	file *atomicfile.File
	rows int // rows taken so far
}

// Create begins the map whose data Commit will put at path, and its header at
// HeaderPath(path).
func Create(path string, m Map) (*Writer, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if HeaderPath(path) == path {
		return nil, fmt.Errorf("%s: expected the name of the data file, such as map.dat, found a header's", path)
	}
	file, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &Writer{spec: m, path: path, file: file}, nil
}

// HeaderPath returns the path of the header that belongs to a data file: its
// extension becomes .hdr.
func HeaderPath(data string) string {
	return strings.TrimSuffix(data, filepath.Ext(data)) + ".hdr"
}

func (m *Map) check() error {
	_, err := numeric.Count([]int{m.Height, m.Width})
	switch {
	case err != nil || m.Width < 1 || m.Height < 1 || m.Width > math.MaxInt32 || m.Height > math.MaxInt32:
		return fmt.Errorf("cannot write an ENVI raster of %d x %d pixels", m.Width, m.Height)
	case len(m.Classes) < 1 || len(m.Classes) > 256:
		return fmt.Errorf("a classification of %d classes, want 1 to 256", len(m.Classes))
	}
	return nil
}

// WriteRows appends whole rows, shape (rows, Width). It panics on a length that is
// not whole rows, or too many rows.
func (w *Writer) WriteRows(labels []uint8) error {
	m := &w.spec
	n := len(labels) / m.Width
	if len(labels)%m.Width != 0 || w.rows+n > m.Height {
		panic(fmt.Sprintf("envi.WriteRows: %d values at row %d of a map of %d x %d", len(labels), w.rows, m.Height, m.Width))
	}
	w.rows += n
	if _, err := w.file.Write(labels); err != nil {
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	return nil
}

// Close gives the map up, unless Commit has been called.
func (w *Writer) Close() error { return w.file.Close() }

// Commit puts the data and the header in their places. It fails where rows are
// missing.
func (w *Writer) Commit() error {
	if w.rows != w.spec.Height {
		w.file.Close()
		return fmt.Errorf("cannot write %s: %d rows of %d were given", w.path, w.rows, w.spec.Height)
	}
	if err := w.file.Commit(); err != nil {
		return err
	}
	return atomicfile.WriteFile(HeaderPath(w.path), w.spec.header())
}

// header returns the header's text.
func (m *Map) header() []byte {
	var b bytes.Buffer
	line := func(name string, value any) { fmt.Fprintf(&b, "%s = %v\n", name, value) }
	b.WriteString("ENVI\n")
	if m.Description != "" {
		line("description", "{"+clean(m.Description)+"}")
	}
	line("samples", m.Width)
	line("lines", m.Height)
	line("bands", 1)
	line("header offset", 0)
	line("file type", "ENVI Classification")
	line("data type", 1)
	line("interleave", BIP)
	line("byte order", 0)
	if info := mapInfo(m.Grid); info != "" {
		line("map info", info)
	}
	if wkt := m.Grid.CRS.ESRI(); wkt != "" {
		line("coordinate system string", "{"+clean(wkt)+"}")
	}
	line("data ignore value", 0)
	var names, colors []string
	for _, c := range m.Classes {
		names = append(names, item(c.Name))
		colors = append(colors, fmt.Sprintf("%d, %d, %d", c.R, c.G, c.B))
	}
	line("classes", len(m.Classes))
	line("class names", list(names))
	line("class lookup", list(colors))
	return b.Bytes()
}

// list returns a braced list, an item a line.
func list(items []string) string { return "{\n" + strings.Join(items, ",\n") + "}" }

// clean makes text fit for braces, of which there is no escape.
func clean(s string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("{", "(", "}", ")").Replace(s)), " ")
}

// item makes text fit for a list, where a comma cannot be escaped either.
func item(s string) string { return strings.ReplaceAll(clean(s), ",", ";") }
