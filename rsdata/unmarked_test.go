package rsdata

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// A value that programs write where nothing was measured, and that no file names, is told of, and drafted as no data.
func TestUnmarkedNoData(t *testing.T) {
	dir := t.TempDir()
	heights := make([]byte, 6*5*4)
	for i := range 6 * 5 {
		v := float32(i)
		if i < 7 {
			v = -9999
		}
		binary.LittleEndian.PutUint32(heights[4*i:], math.Float32bits(v))
	}
	spectra := make([]byte, 6*5*11)
	for i := range spectra[3*11:] { // three pixels of zeros, and zeros in single bands
		spectra[3*11+i] = byte(i % 11)
	}
	writeFile(t, filepath.Join(dir, "dsm.npy"), npyFile("<f4", "6, 5", heights))
	writeFile(t, filepath.Join(dir, "hsi.npy"), npyFile("|u1", "6, 5, 11", spectra))
	writeFile(t, filepath.Join(dir, "gt.npy"), npyFile("|u1", "6, 5", []byte(strings.Repeat("\x00\x01\x02\x01\x02", 6))))
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(d.Notes, "\n")
	for _, want := range []string{"lidar: 7 of 30 pixels hold -9999", "hsi: 3 of 30 pixels hold 0, "} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q, want %q", d.Notes, want)
		}
	}
	draft, said, err := Draft(dir)
	if err != nil {
		t.Fatal(err)
	}
	for m, want := range []float64{0, -9999} {
		if got := draft.Scenes[0].Modalities[m].NoData; got == nil || *got != want {
			t.Errorf("%+v, want no data %v", draft.Scenes[0].Modalities[m], want)
		}
	}
	if !strings.Contains(strings.Join(said, "\n"), `take its "nodata" out`) {
		t.Errorf("notes of the draft %q", said)
	}
	if note := (Raster{Array: d.Scenes[0].Rasters[1].Array, NoData: draft.Scenes[0].Modalities[1].NoData}).unmarkedNote(); note != "" {
		t.Errorf("a value that is named is told of: %s", note)
	}
}
