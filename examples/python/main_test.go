package main

import (
	"bytes"
	"diffclip/nn"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// python returns a Python with NumPy, Debian's first, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import numpy").Run() == nil {
			return name
		}
	}
	t.Skip("no python3 with NumPy here (Debian: apt install python3-numpy)")
	return ""
}

func TestThereAndBack(t *testing.T) {
	py := python(t)
	dir := t.TempDir()
	path, doubled := filepath.Join(dir, "weights.safetensors"), filepath.Join(dir, "doubled.safetensors")
	var said, back bytes.Buffer
	if err := write(path, &said); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(py, "read.py", path, doubled).CombinedOutput()
	if err != nil {
		t.Fatalf("read.py: %v\n%s", err, out)
	}
	if want := "metadata {\"model\": \"example\"}\n" + said.String(); string(out) != want {
		t.Errorf("read.py printed\n%s\nwant\n%s", out, want)
	}
	if err := read(doubled, &back); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(back.String(), "norm.running_var [4] sum 8.0000\n") {
		t.Errorf("the doubled weights are\n%s\nwant norm.running_var to sum to 8", back.String())
	}
	was, _, err := nn.ReadState(path)
	if err != nil {
		t.Fatal(err)
	}
	is, _, err := nn.ReadState(doubled)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(slices.Sorted(maps.Keys(was)), slices.Sorted(maps.Keys(is))) {
		t.Fatalf("the files have other names")
	}
	for name, x := range was {
		for i, v := range x.Data {
			if is[name].Data[i] != 2*v {
				t.Fatalf("%s[%d] is %g, want twice %g", name, i, is[name].Data[i], v)
			}
		}
	}
}

func TestDamagedFileIsRefused(t *testing.T) {
	if err := read("read.py", t.Output()); err == nil {
		t.Error("a file that is not safetensors was taken")
	}
}
