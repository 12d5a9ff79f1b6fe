// Package roi reads regions of interest as ENVI writes them in text, the form in
// which the 2013 IEEE GRSS Data Fusion Contest gave its training and test pixels.
//
//	; ENVI Output of ROIs (4.8)
//	; Number of ROIs: 2
//	; File Dimension: 1905 x 349
//	;
//	; ROI name: grass_healthy
//	; ROI rgb value: {0, 205, 0}
//	; ROI npts: 198
//	; ROI name: grass_stressed
//	...
//	;    ID    X    Y
//	      1  940   56
//	      2  941   56
//
// Each region's pixels are a block whose ID begins again at 1; the blocks are in
// the order of the names. X and Y count columns and rows from 1.
package roi

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// File is a set of regions.
type File struct {
	Width, Height int // of the image they are in; 0 where the file does not say
	Regions       []Region
}

// Region is the pixels of one class, in the file's order. A pixel may be in it
// more than once.
type Region struct {
	Name     string // "" where the file does not say
	R, G, B  uint8  // meaningful where HasColor
	HasColor bool
	Pixels   []Pixel
}

// Pixel is a position in the image, counted from 0.
type Pixel struct{ Row, Col int }

// parser is the state of reading a file.
type parser struct {
	file     File
	heads    []head // from the comments
	declared int    // number of regions, -1 where not said
	columns  [3]int // where ID, X and Y are
	blocks   [][]Pixel
	lastID   int
}

// head is what the comments say of a region.
type head struct {
	Region
	points int // -1 where not said
}

// Read reads regions from text. Name appears in errors.
func Read(r io.Reader, name string) (*File, error) {
	p := parser{declared: -1, columns: [3]int{0, 1, 2}}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for line := 1; s.Scan(); line++ {
		text := strings.TrimSpace(strings.TrimPrefix(s.Text(), "\ufeff"))
		var err error
		switch {
		case !utf8.ValidString(text) && len(p.blocks) == 0 && !strings.HasPrefix(text, ";"), strings.Contains(text, "\x00"):
			err = fmt.Errorf("expected regions of interest as text, found binary data: export them from ENVI as ASCII")
		case text == "":
		case text[0] == ';':
			err = p.comment(strings.TrimSpace(text[1:]))
		default:
			err = p.point(strings.Fields(text))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, line, err)
		}
	}
	err := s.Err()
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &p.file, nil
}

// mapColumns makes one word of each column of map coordinates.
var mapColumns = strings.NewReplacer("MAP X", "MAPX", "MAP Y", "MAPY")

// comment takes what a comment tells.
func (p *parser) comment(text string) error {
	if fields := strings.Fields(mapColumns.Replace(strings.ToUpper(text))); slices.Contains(fields, "ID") && slices.Contains(fields, "X") && slices.Contains(fields, "Y") {
		p.columns = [3]int{slices.Index(fields, "ID"), slices.Index(fields, "X"), slices.Index(fields, "Y")}
		return nil
	}
	key, value, ok := strings.Cut(text, ":")
	if !ok {
		return nil
	}
	key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
	var err error
	switch key {
	case "number of rois":
		if p.declared, err = strconv.Atoi(value); err != nil || p.declared < 0 {
			return fmt.Errorf("expected the number of regions, found %q", value)
		}
	case "file dimension":
		w, h, _ := strings.Cut(value, "x")
		if p.file.Width, err = strconv.Atoi(strings.TrimSpace(w)); err == nil {
			p.file.Height, err = strconv.Atoi(strings.TrimSpace(h))
		}
		if err != nil || p.file.Width < 1 || p.file.Height < 1 {
			return fmt.Errorf("expected the image's size as columns x rows, found %q", value)
		}
	case "roi name":
		p.heads = append(p.heads, head{Region{Name: strings.ToValidUTF8(value, "?")}, -1})
	case "roi rgb value":
		if len(p.heads) > 0 {
			return p.heads[len(p.heads)-1].color(value)
		}
	case "roi npts":
		if len(p.heads) > 0 {
			last := &p.heads[len(p.heads)-1]
			if last.points, err = strconv.Atoi(value); err != nil || last.points < 0 {
				return fmt.Errorf("expected the number of points, found %q", value)
			}
		}
	}
	return nil
}

// color reads {r, g, b}.
func (h *head) color(value string) error {
	var rgb [3]uint8
	parts := strings.Split(strings.Trim(value, "{} "), ",")
	for i, part := range parts {
		v, err := strconv.ParseUint(strings.TrimSpace(part), 10, 8)
		if err != nil || len(parts) != 3 {
			return fmt.Errorf("expected a colour as {red, green, blue} from 0 to 255, found %q", value)
		}
		rgb[i] = uint8(v)
	}
	h.R, h.G, h.B, h.HasColor = rgb[0], rgb[1], rgb[2], true
	return nil
}

// point takes one pixel.
func (p *parser) point(fields []string) error {
	var v [3]int
	for i, column := range p.columns {
		if column >= len(fields) {
			return fmt.Errorf("expected a pixel as ID, X and Y, found %d columns", len(fields))
		}
		var err error
		if v[i], err = strconv.Atoi(fields[column]); err != nil || v[i] < 1 || v[i] > math.MaxInt32 {
			return fmt.Errorf("expected a whole number from 1 for %s, found %.40q", [3]string{"ID", "X", "Y"}[i], fields[column])
		}
	}
	id, x, y := v[0], v[1], v[2]
	if w, h := p.file.Width, p.file.Height; w > 0 && (x > w || y > h) {
		return fmt.Errorf("the pixel X %d, Y %d is outside the image of %d x %d", x, y, w, h)
	}
	switch {
	case id == 1 || len(p.blocks) == 0:
		p.blocks = append(p.blocks, nil)
	case id <= p.lastID:
		return fmt.Errorf("ID %d follows ID %d, expected a larger one, or 1 to begin the next region", id, p.lastID)
	}
	p.lastID = id
	last := &p.blocks[len(p.blocks)-1]
	*last = append(*last, Pixel{Row: y - 1, Col: x - 1})
	return nil
}

// finish joins the blocks to their names. A region that says it has no points
// has no block.
func (p *parser) finish() error {
	if len(p.blocks) == 0 {
		return fmt.Errorf("expected regions of interest, found no pixels")
	}
	if p.heads == nil {
		p.heads = make([]head, len(p.blocks))
		for i := range p.heads {
			p.heads[i].points = -1
		}
	}
	blocks := p.blocks
	for i, h := range p.heads {
		if h.points != 0 {
			if len(blocks) == 0 {
				return fmt.Errorf("the comments name %d regions, but pixels are given for %d", len(p.heads), len(p.blocks))
			}
			h.Pixels, blocks = blocks[0], blocks[1:]
			if h.points > 0 && h.points != len(h.Pixels) {
				return fmt.Errorf("region %d (%s) is said to have %d pixels, but %d are given", i+1, h.Name, h.points, len(h.Pixels))
			}
		}
		p.file.Regions = append(p.file.Regions, h.Region)
	}
	if n := len(p.file.Regions); len(blocks) > 0 || p.declared >= 0 && p.declared != n {
		return fmt.Errorf("pixels are given for %d regions, but the comments name %d and announce %d", len(p.blocks), n, max(p.declared, n))
	}
	return nil
}

// Labels returns the image of the regions, row by row: 0 for pixels in none,
// else the region's number from 1. Where regions overlap, the first one keeps the
// pixel, and conflicts says how often that happened. It fails where a pixel is
// outside the image.
//
//	shape (height, width)
func (f *File) Labels(height, width int) (labels []int, conflicts int, err error) {
	labels = make([]int, height*width)
	for i, region := range f.Regions {
		for _, at := range region.Pixels {
			if at.Row >= height || at.Col >= width {
				return nil, 0, fmt.Errorf("region %d (%s) has the pixel X %d, Y %d, outside the image of %d x %d", i+1, region.Name, at.Col+1, at.Row+1, width, height)
			}
			switch label := &labels[at.Row*width+at.Col]; *label {
			case 0:
				*label = i + 1
			case i + 1:
			default:
				conflicts++
			}
		}
	}
	return labels, conflicts, nil
}
