package rsdata

import (
	"fmt"
	"slices"

	"diffclip/internal/numeric"
	"diffclip/internal/tiff"
)

// raster returns a modality of one scene.
func (c *content) raster() Raster { return Raster{Array: c.array, NoData: c.noData, Scale: c.scale} }

// setScale takes what a file says of its values: a scale for each band, or one for all. Every method of scaling would
// undo the same scale in all files. It matters where files differ: one scene of counts beside one of reflectances, a
// model of one flight that maps the next.
func (c *content) setScale(scale []numeric.Scale) {
	bands := 1
	if len(c.array.Shape) == 3 {
		bands = c.array.Shape[2]
	}
	if len(scale) == 1 {
		scale = slices.Repeat(scale, bands)
	}
	if len(scale) != bands || !slices.ContainsFunc(scale, func(s numeric.Scale) bool { return s != numeric.Stored }) {
		return
	}
	for b, s := range scale {
		if !s.Usable() {
			c.notes = append(c.notes, fmt.Sprintf("the file says that the values of band %d are to be multiplied by %v and raised by %v, which cannot be: all bands are taken as they are stored", b+1, s.Gain, s.Offset))
			return
		}
	}
	c.scale = scale
	c.notes = append(c.notes, "the values are "+inScale(scale)+", as the file says")
}

// inScale says in words what is done to stored values.
func inScale(scale []numeric.Scale) string {
	low, high := scale[0], scale[0]
	for _, s := range scale {
		low.Gain, high.Gain = min(low.Gain, s.Gain), max(high.Gain, s.Gain)
		low.Offset, high.Offset = min(low.Offset, s.Offset), max(high.Offset, s.Offset)
	}
	span := func(a, b float64) string {
		if a == b {
			return fmt.Sprintf("%.6g", a)
		}
		return fmt.Sprintf("%.6g to %.6g", a, b)
	}
	text := "the stored ones"
	if low.Gain != 1 || high.Gain != 1 {
		text += " times " + span(low.Gain, high.Gain)
	}
	if low.Offset != 0 || high.Offset != 0 {
		text += " plus " + span(low.Offset, high.Offset)
	}
	return text
}

// readSidecar takes scales and no-data values from the file that GDAL keeps beside a raster, which overrules what the
// raster itself says, and that is the scale given.
func (c *content) readSidecar(path string, t numeric.Type, scale []numeric.Scale) tiff.Sidecar {
	beside, scale := tiff.ReadSidecar(path, t), slices.Clone(scale)
	bands := c.array.Shape[2]
	none := make([]*float64, bands)
	for _, b := range beside.Bands {
		if b.Band < 0 || b.Band >= bands {
			continue
		}
		none[b.Band] = b.NoData
		if b.Gain == nil && b.Offset == nil {
			continue
		}
		if scale == nil {
			scale = slices.Repeat([]numeric.Scale{numeric.Stored}, bands)
		}
		if b.Gain != nil {
			scale[b.Band].Gain = *b.Gain
		}
		if b.Offset != nil {
			scale[b.Band].Offset = *b.Offset
		}
	}
	c.setNoData(none)
	c.setScale(scale)
	return beside
}

// setNoData takes a no-data value for each band, nil where nothing is said of it. One is that of all bands, also of those
// of which nothing is said: GDAL writes it beside a TIFF for the first band alone. Where they differ, values are hidden.
func (c *content) setNoData(none []*float64) {
	var one *float64
	differ := false
	for _, v := range none {
		differ = differ || one != nil && v != nil && *v != *one
		if one == nil {
			one = v
		}
	}
	if !differ {
		if one != nil {
			c.noData = one
		}
		return
	}
	measured := make([]bool, c.array.Len())
	for i := range measured {
		v := none[i%len(none)]
		measured[i] = v == nil || c.array.At64(i) != *v
	}
	c.mask(measured)
}
