package rsdata

import (
	"fmt"
	"math"

	"diffclip/internal/georef"
)

// apart says how a raster's grid differs from that of its scene of h x w pixels: where it lies by more than half a pixel,
// or its coordinate system. It returns "" where they agree or one of them is unknown.
func apart(scene, raster *georef.Grid, h, w int) string {
	if scene == nil || raster == nil {
		return ""
	}
	if a, b := scene.CRS, raster.CRS; a.EPSG != 0 && b.EPSG != 0 && a.EPSG != b.EPSG {
		return fmt.Sprintf("is in %v, the scene in %v", b, a)
	}
	far := 0.0
	for _, corner := range [3][2]float64{{0, 0}, {float64(w), 0}, {0, float64(h)}} {
		col, row, ok := scene.ToPixel(raster.ToMap(corner[0], corner[1]))
		if !ok || !raster.Placed() {
			return ""
		}
		far = max(far, math.Hypot(col-corner[0], row-corner[1]))
	}
	if far <= 0.5 {
		return ""
	}
	return fmt.Sprintf("lies up to %.3g pixels away from the scene", far)
}
