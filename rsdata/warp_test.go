package rsdata

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// placed writes an ENVI pair of single bytes whose first corner is (x, y) in UTM zone 32.
func placed(t *testing.T, dir, name string, rows, columns, bands int, x, y, metres float64) {
	t.Helper()
	writeFile(t, filepath.Join(dir, name+".hdr"), fmt.Appendf(nil, "ENVI\nsamples = %d\nlines = %d\nbands = %d\ndata type = 1\ninterleave = bip\nbyte order = 0\nmap info = {UTM, 1, 1, %g, %g, %g, %g, 32, North, WGS-84}\n", columns, rows, bands, x, y, metres, metres))
	values := make([]byte, rows*columns*bands)
	for i := range values {
		values[i] = byte(i%3 + 1)
	}
	writeFile(t, filepath.Join(dir, name+".dat"), values)
}

// Files of another resolution come with the command that ends the error, whether or not a scene.json lists them.
func TestCommandForAnotherGrid(t *testing.T) {
	dir := t.TempDir()
	placed(t, dir, "hsi", 6, 5, 12, 500000, 5600000, 20)
	placed(t, dir, "lidar", 40, 30, 1, 499990, 5600010, 5)
	want := "gdalwarp -t_srs EPSG:32632 -te 500000 5599880 500100 5600000 -ts 5 6 -r average"
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
	_, notes, err := Draft(dir)
	if err != nil || !strings.Contains(strings.Join(notes, "\n"), want) || !strings.Contains(strings.Join(notes, "\n"), "no labels found") {
		t.Errorf("notes of the draft %q, %v", notes, err)
	}
	writeFile(t, filepath.Join(dir, "scene.json"), []byte(`{"scenes": [{"modalities": [{"name": "a", "file": "hsi.dat"}], "labels": {"file": "lidar.dat"}}]}`))
	want = strings.Replace(want, "average", "near", 1)
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}
