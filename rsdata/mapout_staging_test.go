package rsdata

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"diffclip/internal/folderlock"
)

// filesIn lists what a folder holds.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// leaveMap leaves in dir what a program leaves that is killed while it writes a map.
func leaveMap(t *testing.T, dir, name string) {
	t.Helper()
	spec, labels, confidence, probabilities := smallMap()
	m, err := CreateMap(t.TempDir(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.WriteRows(labels[:8], confidence[:8], probabilities[:24]); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(m.staging.dir)); err != nil {
		t.Fatal(err)
	}
	if len(filesIn(t, filepath.Join(dir, name))) < 4 {
		t.Fatalf("an unfinished map has files %v", filesIn(t, filepath.Join(dir, name)))
	}
}

func TestKilledMapIsClearedAway(t *testing.T) {
	dir := t.TempDir()
	leaveMap(t, dir, ".map-123")
	leaveMap(t, dir, ".map-124")
	for _, name := range []string{"map.tif", "confidence.tif"} { // killed between finish and the last rename
		if err := os.WriteFile(filepath.Join(dir, ".map-124", name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, folderlock.Name), []byte("1\n"), 0o666); err != nil {
		t.Fatal(err)
	}

	// What is not such a folder is somebody else's.
	leaveMap(t, dir, ".map-notes")
	for _, folder := range []string{".map-5", ".map-6/inner", "elsewhere"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	others := []string{".map-4", ".map-5/letter", ".map-6/map.tif", "elsewhere/map.tif"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("elsewhere", filepath.Join(dir, ".map-7")); err != nil {
		t.Logf("no links here: %v", err)
	}
	mine, err := CreateMap(dir, MapSpec{Name: "another", Width: 1, Height: 1, Classes: mapClasses})
	if err != nil {
		t.Fatal(err)
	}
	want := append([]string{".map-notes"}, others...)

	spec, labels, confidence, probabilities := smallMap()
	m, err := CreateMap(dir, spec) // while this program writes another map there
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	own := filepath.Base(m.staging.dir)
	if err := m.WriteRows(labels, confidence, probabilities); err != nil {
		t.Fatal(err)
	}
	if err := m.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := mine.WriteRows([]uint8{1}, []float32{1}, nil); err != nil {
		t.Errorf("the other map of this program: %v", err)
	}
	if err := mine.Close(); err != nil {
		t.Errorf("the other map of this program: %v", err)
	}
	for _, name := range want {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("removed, though it is not ours: %v", err)
		}
	}
	have := filesIn(t, dir)
	for _, name := range []string{".map-123", ".map-124", folderlock.Name, own} {
		if slices.Contains(have, name) {
			t.Errorf("%s is left in %v", name, have)
		}
	}
	if !slices.Contains(have, "map.tif") {
		t.Errorf("no map in %v", have)
	}
}

// Maps that one program writes to a folder at the same time do not take each other for leftovers.
func TestMapsAtOnce(t *testing.T) {
	dir := t.TempDir()
	spec, _, _, _ := smallMap()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				m, err := CreateMap(dir, spec)
				if err != nil {
					t.Error(err)
					return
				}
				if err := m.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if left := filesIn(t, dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
