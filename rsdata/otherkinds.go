package rsdata

import (
	"path/filepath"
	"strings"
)

// What to do with files that are not read.
const (
	convertRaster = "convert it with: gdal_translate {in} {out}.tif"
	convertShapes = "convert it with: ogr2ogr -lco ENCODING=UTF-8 {out}.shp {in}, and name that as labels in a scene.json"
	nameShapes    = "shapes can be labels: name it in a scene.json as \"labels\": {\"file\": \"{in}:FIELD\"}, which diffclip inspect -draft begins"
	gridPoints    = "make a raster of heights of it first, for instance with: pdal"
)

// otherKinds are files that people keep with a scene and that are not read as they are, by their endings.
var otherKinds = map[string]string{
	".asc": convertRaster, ".bil": convertRaster, ".ecw": convertRaster, ".flt": convertRaster, ".grd": convertRaster, ".hdf": convertRaster, ".img": convertRaster,
	".jp2": convertRaster, ".nc": convertRaster, ".ntf": convertRaster, ".pix": convertRaster, ".sid": convertRaster, ".vrt": convertRaster,
	".geojson": convertShapes, ".gml": convertShapes, ".gpkg": convertShapes, ".kml": convertShapes,
	".shp": nameShapes, ".las": gridPoints, ".laz": gridPoints,
}

// advice says how a file that is not read can be used, "" where it is of no kind that could be part of a scene.
func advice(path string) string {
	ext := strings.ToLower(filepath.Ext(path))
	text := strings.ReplaceAll(otherKinds[ext], "{in}", filepath.Base(path))
	return strings.ReplaceAll(text, "{out}", strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
}
