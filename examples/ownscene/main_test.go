package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	oa, err := run(t.Context(), dir, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if oa < 0.9 {
		t.Errorf("%.1f %% of the test windows are right, want at least 90", 100*oa)
	}
	for _, name := range []string{"map.png", "map.tif", "map.img", "map.hdr", "confidence.tif"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was not written: %v", name, err)
		}
	}
}
