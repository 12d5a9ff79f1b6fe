package rsdata

import (
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"strings"

	"diffclip/internal/envi"
)

type enviArrays struct {
	*envi.File
	io.Closer
}

func openENVI(path string) (arrayFile, string, error) {
	f, closer, err := envi.OpenFile(path)
	if err != nil {
		return nil, "", err
	}
	return &enviArrays{f, closer}, "ENVI", nil
}

// enviHeader returns the ENVI header beside a data file, and false where there is none.
func enviHeader(path string) (string, bool) {
	header, data, err := envi.Pair(path)
	if err != nil || filepath.Clean(data) != filepath.Clean(path) {
		return "", false
	}
	_, err = os.Stat(header)
	return header, err == nil
}

// describedByHeader reports whether a file is listed through its ENVI header, or is a header that only accompanies a
// file of another format, such as a TIFF.
func describedByHeader(path string) bool {
	if !strings.EqualFold(filepath.Ext(path), ".hdr") {
		if _, ok := enviHeader(path); !ok {
			return false
		}
		f, format, err := openArrays(path)
		if err == nil {
			f.Close()
		}
		return err == nil && format == "ENVI"
	}
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	for _, ext := range []string{".tif", ".tiff", ".TIF", ".TIFF"} {
		if exists(stem + ext) {
			return true
		}
	}
	return false
}

func (e *enviArrays) variables() ([]variable, error) {
	return []variable{{"", e.Format.Type.String(), []int{e.Height, e.Width, e.Bands}}}, nil
}

func (e *enviArrays) read(name string, narrow bool) (*content, error) {
	if name != "" {
		return nil, fmt.Errorf("%s: an ENVI file holds one image, not a variable %q: leave out the key", e.Name, name)
	}
	read := e.ReadAll
	if narrow {
		read = e.ReadNarrow
	}
	a, err := read()
	if err != nil {
		return nil, err
	}
	c := &content{array: a}
	annotate(c, e.Header)
	if e.HasNoData {
		c.noData = &e.NoData
	}
	if e.Grid.Placed() || e.Grid.CRS.Known() {
		c.grid = &e.Grid
	}
	return c, nil
}

// annotate copies what a header says about bands and classes.
func annotate(c *content, h *envi.Header) {
	c.wavelengths, c.good = h.Wavelengths, h.Good
	for _, k := range h.Classes {
		c.classNames = append(c.classNames, k.Name)
		c.classColors = append(c.classColors, color.RGBA{k.R, k.G, k.B, 255})
	}
}
