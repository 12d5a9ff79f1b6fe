package reproduce

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/internal/testenv"
)

func TestMissingScenesSayWhichFilesGoWhere(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "holiday"), 0o777); err != nil {
		t.Fatal(err)
	}
	s, err := FindScenes(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Found) != 1 || s.Found[0].Label != embedded {
		t.Errorf("found %d scenes", len(s.Found))
	}
	notes := strings.Join(s.Notes, "\n")
	for _, want := range []string{
		"holiday is passed over",
		"Houston 2013 is missing. Put into " + filepath.Join(dir, "Houston2013") + ": the hyperspectral image, 349 x 1905 x 144: HSI.mat",
		"TRLabel.mat and TSLabel.mat", "MUUFL Gulfport is missing", "Trento is missing. Put into " + filepath.Join(dir, "Trento"),
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
	if _, err := FindScenes(filepath.Join(dir, "nowhere"), nil); err == nil || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("a folder that is not there: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := FindScenes(file, nil); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("a file in place of the folder: %v", err)
	}
	if _, err := FindScenes("", []string{"houston"}); err == nil || !strings.Contains(err.Error(), embedded) {
		t.Errorf("a scene that is not there: %v", err)
	}
}

func TestRealScenes(t *testing.T) {
	dir := filepath.Dir(testenv.Dir(t, "idtrees2020"))
	s, err := FindScenes(dir, []string{"idtrees", "synthetic"})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Found) != 2 || s.Found[0].Label != "IDTReeS 2020" || s.Found[1].Label != embedded {
		t.Fatalf("found %d scenes, the first %q", len(s.Found), s.Found[0].Label)
	}
	all := s.Found[0]
	few, err := all.enough(40)
	if err != nil {
		t.Fatal(err)
	}
	if len(few.Data.Classes) != 7 || len(all.Data.Classes) != 8 || few.fingerprint == all.fingerprint || few.values != all.values {
		t.Errorf("%d classes for 40 shots of %d: Black gum has 47 crowns, too few to test on", len(few.Data.Classes), len(all.Data.Classes))
	}
	if same, err := all.enough(20); err != nil || same != all {
		t.Errorf("20 shots: %v", err)
	}
}
