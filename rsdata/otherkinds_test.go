package rsdata

import "testing"

func TestAdvice(t *testing.T) {
	for path, want := range map[string]string{
		"a/IN OUT.geojson": "convert it with: ogr2ogr -lco ENCODING=UTF-8 IN OUT.shp IN OUT.geojson, and name that as labels in a scene.json",
		"a/heights.asc":    "convert it with: gdal_translate heights.asc heights.tif",
		"a/b.shp":          `shapes can be labels: name it in a scene.json as "labels": {"file": "b.shp:FIELD"}, which diffclip inspect -draft begins`,
		"a/readme.txt":     "",
	} {
		if got := advice(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
