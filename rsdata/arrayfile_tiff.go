package rsdata

import (
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
	"diffclip/internal/tiff"
)

type tiffArrays struct {
	*tiff.File
	io.Closer
	opacity *opacity // nil before it is asked for
}

func (t *tiffArrays) variables() ([]variable, error) {
	o, err := t.findOpacity()
	if err != nil {
		return nil, err
	}
	bands := t.Bands
	if o.band >= 0 {
		bands--
	}
	return []variable{{"", t.Type.String(), []int{t.Height, t.Width, bands}}}, nil
}

func (t *tiffArrays) read(name string, narrow bool) (*content, error) {
	if name != "" {
		return nil, fmt.Errorf("%s: a TIFF file holds one image, not a variable %q: leave out the key", t.Name, name)
	}
	o, err := t.findOpacity()
	if err != nil {
		return nil, err
	}
	read := t.ReadAll
	if narrow {
		read = t.ReadNarrow
	}
	a, err := read()
	if err != nil {
		return nil, err
	}
	c := &content{array: a, wavelengths: t.Wavelengths(o.band), notes: o.notes}
	c.notes = slices.Clip(c.notes)
	switch {
	case t.Stacked:
		c.notes = append(c.notes, fmt.Sprintf("the file holds %d images of one size and type, which are taken for its bands, in their order", t.Pages))
	case t.Pages > 1:
		c.notes = append(c.notes, fmt.Sprintf("the file holds %d images that differ in size, type or place, of which the first is read: if they are bands, stack them in one", t.Pages))
	}
	if t.Lost != nil {
		c.notes = append(c.notes, fmt.Sprintf("behind the first image is something that cannot be read: %v", t.Lost))
	}
	if t.HasNoData {
		c.noData = &t.NoData
	}
	c.readProduct(t.Name)
	beside := c.readSidecar(t.Name, t.Type, t.Scale())
	if err := t.hide(c, o); err != nil {
		return nil, err
	}
	if c.array.Shape[2] == 1 {
		c.classNames = beside.ClassNames
		for _, p := range t.Palette {
			c.classColors = append(c.classColors, color.RGBA{p.R, p.G, p.B, 255})
		}
	}
	grid := t.Grid
	if !grid.Placed() {
		grid.Transform = worldFile(t.Name)
	}
	if !grid.Placed() && t.ControlPoints > 1 {
		c.notes = append(c.notes, fmt.Sprintf("where it lies is told by %d control points, which make no grid, so that maps will have no coordinates; gdalwarp %q %q makes one", t.ControlPoints, t.Name, strings.TrimSuffix(t.Name, filepath.Ext(t.Name))+"_on_grid.tif"))
	}
	if grid.Placed() || grid.CRS.Known() {
		c.grid = &grid
	}
	return c, nil
}

// hide takes what an opacity and a mask, in the file or beside it, say of the pixels.
func (t *tiffArrays) hide(c *content, o *opacity) error {
	mask, err := t.ReadMask()
	if err == nil && mask == nil {
		mask, err = maskBeside(t.Name, t.Height, t.Width, t.Bands)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.Name, err)
	}
	c.mask(mask)
	if o.band < 0 {
		return nil
	}
	opaque := make([]bool, t.Height*t.Width)
	for i := range opaque {
		opaque[i] = c.array.At64(i*t.Bands+o.band) != 0
	}
	c.mask(opaque)
	if c.array = withoutBand(c.array, o.band); len(c.hidden) > len(opaque) {
		kept := c.hidden[:0]
		for i, h := range c.hidden {
			if i%t.Bands != o.band {
				kept = append(kept, h)
			}
		}
		c.hidden = kept
	}
	if c.scale != nil {
		c.scale = slices.Delete(c.scale, o.band, o.band+1)
	}
	return nil
}

// opacity is what a file's alpha channel is taken for.
type opacity struct {
	band  int // -1 where all bands are measurements
	notes []string
}

// findOpacity looks whether the band that is marked as alpha, if any, tells how opaque pixels are. GDAL marks the last
// of four bands of bytes so unless it is told otherwise, and with that the near infrared of many an aerial photograph.
// An opacity is at its greatest at most of the pixels where it is not zero; what is measured is not.
func (t *tiffArrays) findOpacity() (*opacity, error) {
	if t.opacity != nil {
		return t.opacity, nil
	}
	t.opacity = &opacity{band: -1}
	if t.Alpha < 0 {
		return t.opacity, nil
	}
	most, opaque, visible := 0.0, 0, 0
	rows := max(t.BlockRows(), 64)
	for row := 0; row < t.Height; row += rows {
		a, err := t.ReadRows(row, min(rows, t.Height-row))
		if err != nil {
			return nil, err
		}
		for i := t.Alpha; i < a.Len(); i += t.Bands {
			v := a.At64(i)
			if v > most {
				most, opaque = v, 0
			}
			if v == most && v > 0 {
				opaque++
			}
			if v != 0 {
				visible++
			}
		}
	}
	band := t.Alpha + 1
	if opaque > visible/2 {
		t.opacity.band = t.Alpha
		t.opacity.notes = []string{fmt.Sprintf("band %d is an alpha channel: it is no measurement, and where it is 0, at %d of %d pixels, nothing was measured", band, t.Height*t.Width-visible, t.Height*t.Width)}
	} else {
		t.opacity.notes = []string{fmt.Sprintf("band %d is marked as an alpha channel, but its values vary as those of a measurement do, and it is taken for one; gdal_translate -b picks bands", band)}
	}
	return t.opacity, nil
}

// withoutBand copies all bands but one of a (H, W, bands) array.
func withoutBand(a *numeric.Array, band int) *numeric.Array {
	bands := a.Shape[2]
	out := numeric.New(a.Type, []int{a.Shape[0], a.Shape[1], bands - 1})
	for i := range a.Shape[0] * a.Shape[1] {
		copyValues(out, i*(bands-1), a, i*bands, band)
		copyValues(out, i*(bands-1)+band, a, i*bands+band+1, bands-1-band)
	}
	return out
}

// maskBeside reads the mask that GDAL keeps beside an image, path + ".msk": true where the image was measured, per pixel,
// or per value where each band has a mask of its own. It is nil where there is none.
func maskBeside(path string, h, w, bands int) ([]bool, error) {
	f, closer, err := tiff.OpenFile(path + ".msk")
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	own := ownMasks(f)
	if f.Height != h || f.Width != w || f.Bands != 1 && (f.Bands != bands || !slices.Contains(own, true)) {
		return nil, fmt.Errorf("its mask %s.msk has %d x %d pixels and %d bands, expected %d x %d and one, or one of GDAL's for each of %d: remove it, or make it anew with gdal_translate",
			filepath.Base(path), f.Height, f.Width, f.Bands, h, w, bands)
	}
	a, err := f.ReadAll()
	if err != nil {
		return nil, err
	}
	measured := make([]bool, a.Len())
	for i := range measured {
		measured[i] = a.At64(i) != 0 || f.Bands > 1 && !own[i%f.Bands]
	}
	return measured, nil
}

// ownMasks tells for which bands of an image a file of masks holds one: GDAL makes room for all, and flags those that it
// has written.
func ownMasks(f *tiff.File) []bool {
	own := make([]bool, f.Bands)
	for _, item := range f.Metadata {
		var band int
		if _, err := fmt.Sscanf(item.Name, "INTERNAL_MASK_FLAGS_%d", &band); err == nil && band >= 1 && band <= f.Bands {
			own[band-1] = true
		}
	}
	return own
}

// worldFile returns the transform that a world file beside a TIFF gives, zeros where there is none that can be used.
func worldFile(path string) georef.Affine {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	for _, ext := range []string{".tfw", ".TFW", ".tifw", ".wld"} {
		text, err := readSmall(stem + ext)
		if err != nil {
			continue
		}
		if a, err := georef.ParseWorldFile(text); err == nil {
			return a
		}
	}
	return georef.Affine{}
}

// readSmall reads the first few lines of a file.
func readSmall(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 4<<10))
	return string(text), err
}
