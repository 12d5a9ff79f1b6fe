package tiff

import (
	"encoding/binary"
	"fmt"

	"diffclip/internal/georef"
)

// readGrid reads the GeoTIFF tags, OGC 19-008r4. Of several tie points without a
// scale, control points of a warped image, none is used: such a grid has no transform.
func readGrid(d *directory) (g georef.Grid, points int, err error) {
	if g.CRS, err = readCRS(d); err != nil {
		return g, 0, err
	}
	matrix, err := d.doubles(tagTransformation)
	if err != nil {
		return g, 0, err
	}
	scale, err := d.doubles(tagPixelScale)
	if err != nil {
		return g, 0, err
	}
	tie, err := d.doubles(tagTiepoint)
	if err != nil {
		return g, 0, err
	}
	switch {
	case len(scale) >= 2 && len(tie) >= 6:
		g.Transform = georef.NorthUp(tie[3], tie[4], scale[0], scale[1]).Shift(-tie[0], -tie[1])
	case len(matrix) == 16:
		g.Transform = georef.Affine{matrix[3], matrix[0], matrix[1], matrix[7], matrix[4], matrix[5]}
	default:
		return g, len(tie) / 6, nil
	}
	if !g.Placed() {
		return g, 0, fmt.Errorf("the georeferencing cannot be used: the transform from pixels to the map is %v; mend it, or take it out with: gdal_edit.py -unsetgt", g.Transform)
	}
	if g.CRS.Keys.PixelIsPoint() {
		g.Transform = g.Transform.Shift(-0.5, -0.5)
	}
	return g, 0, nil
}

func readCRS(d *directory) (georef.CRS, error) {
	dir, err := d.numbers(tagGeoKeys)
	if err != nil || dir == nil {
		return georef.CRS{}, err
	}
	k := &georef.GeoKeys{Directory: make([]uint16, len(dir))}
	for i, v := range dir {
		k.Directory[i] = uint16(v)
	}
	if err := k.Check(); err != nil {
		return georef.CRS{}, err
	}
	if k.Doubles, err = d.doubles(tagGeoDoubles); err != nil {
		return georef.CRS{}, err
	}
	if k.ASCII, err = d.text(tagGeoASCII); err != nil {
		return georef.CRS{}, err
	}
	return georef.FromKeys(k), nil
}

// gridFields returns the fields that say what readGrid reads.
func gridFields(g georef.Grid) []field {
	var out []field
	keys := g.CRS.GeoKeys()
	if g.Placed() {
		a := g.Transform
		if keys.PixelIsPoint() {
			a = a.Shift(0.5, 0.5)
		}
		if a.IsNorthUp() && a[1] > 0 && a[5] < 0 {
			out = append(out, doublesField(tagPixelScale, a[1], -a[5], 0), doublesField(tagTiepoint, 0, 0, 0, a[0], a[3], 0))
		} else {
			out = append(out, doublesField(tagTransformation, a[1], a[2], 0, a[0], a[4], a[5], 0, a[3], 0, 0, 0, 0, 0, 0, 0, 1))
		}
	}
	if keys != nil {
		out = append(out, shortsField(tagGeoKeys, keys.Directory...))
		if len(keys.Doubles) > 0 {
			out = append(out, doublesField(tagGeoDoubles, keys.Doubles...))
		}
		if keys.ASCII != "" {
			out = append(out, textField(tagGeoASCII, keys.ASCII))
		}
	}
	return out
}

// readPalette reads the colour table of a palette image. Its 16-bit intensities
// are scaled to 8 bits.
func readPalette(d *directory) ([]Color, error) {
	kind, err := d.number(tagPhotometric, photometricBlackIsZero)
	if err != nil || kind != photometricPalette {
		return nil, err
	}
	b, e, err := d.value(tagColorMap)
	if err != nil {
		return nil, err
	}
	if e.kind != typeShort || e.count%3 != 0 || e.count > 3<<16 {
		return nil, fmt.Errorf("the palette image has no usable colour map: %d numbers of field type %d", e.count, e.kind)
	}
	n := int(e.count / 3)
	high := func(i int) uint8 { return uint8(d.order.Uint16(b[2*i:]) >> 8) }
	palette := make([]Color, n)
	for i := range palette {
		palette[i] = Color{high(i), high(n + i), high(2*n + i)}
	}
	return palette, nil
}

// paletteField returns the colour map of an 8-bit palette image.
func paletteField(palette []Color) field {
	all := make([]uint16, 3*256)
	for i, c := range palette {
		all[i], all[256+i], all[512+i] = uint16(c.R)*257, uint16(c.G)*257, uint16(c.B)*257
	}
	return shortsField(tagColorMap, all...)
}

// Values of PhotometricInterpretation.
const (
	photometricBlackIsZero = 1
	photometricPalette     = 3
	photometricYCbCr       = 6
)

// field is one directory entry to write.
type field struct {
	tag, kind uint16
	count     uint64
	data      []byte // little-endian
}

func shortsField(tag uint16, v ...uint16) field {
	f := field{tag: tag, kind: typeShort, count: uint64(len(v))}
	for _, x := range v {
		f.data = binary.LittleEndian.AppendUint16(f.data, x)
	}
	return f
}

func textField(tag uint16, s string) field {
	return field{tag: tag, kind: typeASCII, count: uint64(len(s) + 1), data: append([]byte(s), 0)}
}
