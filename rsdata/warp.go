package rsdata

import (
	"fmt"
	"path/filepath"
	"strings"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
)

// warping returns the command that brings a raster of another size onto a scene's grid, to end the error that it does
// not fit; "" where one of them does not say where it lies. Labels take the nearest value, measurements the mean.
func warping(ref string, grid *georef.Grid, size [2]int, labels bool) string {
	path, key := splitRef(ref)
	if grid == nil || !grid.Placed() || !grid.Transform.IsNorthUp() || grid.CRS.EPSG == 0 || key != "" {
		return ""
	}
	c, err := loadArray(path, func(v variable) bool { return rasterShape(v.shape) }, "a raster", true)
	if err != nil || c.grid == nil || !c.grid.Placed() || !c.grid.CRS.Known() || c.asRaster(path, size) == nil {
		return ""
	}
	method, outside := "average", ""
	if labels {
		method = "near"
	} else if c.noData == nil && c.array.Type == numeric.Float32 {
		outside = " -dstnodata nan"
	}
	x0, y0 := grid.ToMap(0, float64(size[0]))
	x1, y1 := grid.ToMap(float64(size[1]), 0)
	out := strings.TrimSuffix(path, filepath.Ext(path)) + "_on_grid.tif"
	return fmt.Sprintf("; both say where they lie, so this does it: gdalwarp -t_srs EPSG:%d -te %.12g %.12g %.12g %.12g -ts %d %d -r %s%s %q %q",
		grid.CRS.EPSG, min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1), size[1], size[0], method, outside, path, out)
}
