package moduleroot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(below, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Chdir(below)
	if dir, err := Find(); err == nil || !strings.Contains(err.Error(), "inside the module") {
		t.Errorf("without go.mod: %q, %v", dir, err)
	}
	if err := os.WriteFile(filepath.Join(root, "go.mod"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if dir, err := Find(); err != nil || dir != root {
		t.Errorf("found %q, %v, want %q", dir, err, root)
	}
}
