// Package table reads small tables of comma-separated values (label lists,
// species tables, split definitions) and writes tables in Markdown.
package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

// Table is a table in memory. All rows have the same number of cells.
type Table struct {
	Name    string
	Columns []string // nil where the file has no header
	Rows    [][]string

	lines []int // of each row in the file
}

// Open reads the named file as Read does.
func Open(fsys fs.FS, name string) (*Table, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return Read(file, name)
}

// Read reads a table in UTF-8, with or without a byte order mark, its cells
// separated by commas, or by semicolons or tabs where the first line has more of
// them. The first line is a header where all its cells are distinct and none is
// empty or a number. Name appears in errors.
func Read(r io.Reader, name string) (*Table, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) || bytes.IndexByte(b, 0) >= 0 {
		return nil, fmt.Errorf("%s: expected a text table in UTF-8, found UTF-16 or binary data: save it as CSV in UTF-8", name)
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	c := csv.NewReader(bytes.NewReader(b))
	c.Comma = separator(b)
	t := &Table{Name: name}
	for {
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, explain(err, c.FieldsPerRecord, len(row)))
		}
		line, _ := c.FieldPos(0)
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if len(t.lines) == 0 && t.Columns == nil && isHeader(row) {
			t.Columns = row
			continue
		}
		t.Rows, t.lines = append(t.Rows, row), append(t.lines, line)
	}
	if len(t.Rows) == 0 {
		return nil, fmt.Errorf("%s: expected a table, found no rows", name)
	}
	return t, nil
}

// explain puts an error of encoding/csv, which names the line, in better words.
func explain(err error, want, got int) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) && parse.Err == csv.ErrFieldCount {
		return fmt.Errorf("line %d: expected %d cells as in the first line, found %d", parse.StartLine, want, got)
	}
	return err
}

// separator returns what separates the cells of the first line.
func separator(b []byte) rune {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	best := ','
	for _, c := range ";\t" {
		if bytes.Count(line, []byte(string(c))) > bytes.Count(line, []byte(string(best))) {
			best = c
		}
	}
	return best
}

func isHeader(row []string) bool {
	seen := map[string]bool{}
	for _, cell := range row {
		if _, err := strconv.ParseFloat(cell, 64); err == nil || cell == "" || seen[cell] {
			return false
		}
		seen[cell] = true
	}
	return true
}

// Column returns the index of a column by its name, in either case.
func (t *Table) Column(name string) (int, error) {
	for i, c := range t.Columns {
		if strings.EqualFold(c, name) {
			return i, nil
		}
	}
	if t.Columns == nil {
		return 0, fmt.Errorf("%s: no column %q: the file has no header", t.Name, name)
	}
	return 0, fmt.Errorf("%s: no column %q; its columns are %s", t.Name, name, strings.Join(t.Columns, ", "))
}

// Line returns the line of the file on which a row begins, from 1.
func (t *Table) Line(row int) int { return t.lines[row] }
