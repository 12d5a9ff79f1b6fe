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

// accompanies reports whether a file is not an array of its own but goes with one: the data of an ENVI header, which are
// listed as the header; a header beside a file of another format, such as a TIFF; overviews and a mask, which GDAL keeps
// beside an image.
func accompanies(path string) bool {
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(path, ext)
	switch strings.ToLower(ext) {
	case ".ovr", ".msk":
		return exists(stem)
	case ".hdr":
		for _, ext := range []string{".tif", ".tiff", ".TIF", ".TIFF"} {
			if exists(stem + ext) {
				return true
			}
		}
		_, data, err := envi.Pair(path)
		return err == nil && !isFormat(data, "ENVI")
	}
	return isENVIData(path) && isFormat(path, "ENVI")
}

// isENVIData reports whether a file is the one that an ENVI header beside it describes. A picture or a note of the same
// name is not.
func isENVIData(path string) bool {
	header, ok := enviHeader(path)
	if !ok {
		return false
	}
	_, data, err := envi.Pair(header)
	if err != nil {
		return false
	}
	a, errA := os.Stat(path)
	b, errB := os.Stat(data)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// isFormat reports whether a file can be opened and is of a format.
func isFormat(path, want string) bool {
	f, format, err := openArrays(path)
	if err == nil {
		f.Close()
	}
	return err == nil && format == want
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
	c.readSidecar(e.Name, e.Format.Type, e.Scale)
	measured, err := maskBeside(e.Name, e.Height, e.Width, e.Bands)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Name, err)
	}
	c.mask(measured)
	if e.Grid.Placed() || e.Grid.CRS.Known() {
		c.grid = &e.Grid
	}
	return c, nil
}

// annotateFromHeader copies what an ENVI header beside a file of another format says.
func annotateFromHeader(c *content, path string) {
	if header, ok := enviHeader(path); ok {
		if h, err := envi.ReadHeader(header); err == nil {
			annotate(c, h)
		}
	}
}

// annotate copies what a header says about bands and classes, where nothing is known of them.
func annotate(c *content, h *envi.Header) {
	if c.wavelengths == nil {
		c.wavelengths = h.Wavelengths
	}
	c.good = h.Good
	if c.classNames != nil || h.Classes == nil {
		return
	}
	c.classColors = nil
	for _, k := range h.Classes {
		c.classNames = append(c.classNames, k.Name)
		c.classColors = append(c.classColors, color.RGBA{k.R, k.G, k.B, 255})
	}
}
