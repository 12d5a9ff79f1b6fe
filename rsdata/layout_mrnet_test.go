package rsdata_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/mrnettest"
	"diffclip/rsdata"
)

func openMRNet(t *testing.T, path string) *rsdata.Dataset {
	t.Helper()
	d, err := rsdata.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestMRNet(t *testing.T) {
	root := mrnettest.Write(t, 16)
	for _, path := range []string{root, filepath.Dir(root)} {
		d := openMRNet(t, path+"?task=acl&slices=5&side=11")
		if d.Name != "MRNet acl" || len(d.Scenes) != 16 || !d.Whole || d.Positive != 2 {
			t.Fatalf("%s: %q, %d exams, whole %v, positive label %d", path, d.Name, len(d.Scenes), d.Whole, d.Positive)
		}
		if d.Classes[0].Name != "No ACL tear" || d.Classes[1].Name != "ACL tear" || !slices.Equal(d.Counts(), []int{8, 8}) {
			t.Errorf("classes %v, samples %v", d.Classes, d.Counts())
		}
		for _, m := range d.Modalities {
			if m.Bands != 5 {
				t.Errorf("%s has %d bands, want 5 slices", m.Name, m.Bands)
			}
		}
		if s := d.Scenes[13]; s.Name != "valid/0013" || s.Test[5*11+5] != 2 || s.Train[5*11+5] != 0 || s.Rasters[2].At(5, 5, 0) < 140 {
			t.Errorf("exam %s: test label %d, training label %d, centre %v", s.Name, s.Test[60], s.Train[60], s.Rasters[2].At(5, 5, 0))
		}
	}
	d := openMRNet(t, root+"?slices=9&side=21")
	if d.Name != "MRNet abnormal" || d.Scenes[0].H != 21 || d.Modalities[1].Bands != 9 {
		t.Errorf("without a task: %q, %d pixels, %d slices", d.Name, d.Scenes[0].H, d.Modalities[1].Bands)
	}
}

// TestMRNetSlices: the slices around the middle are taken, and of each the middle,
// a mean over areas.
func TestMRNetSlices(t *testing.T) {
	root := mrnettest.Write(t, 4)
	const n, side = 20, 256
	data := make([]byte, n*side*side)
	for i := range data {
		slice, row, col := i/(side*side), i/side%side, i%side
		if row >= 18 && row < 22 && col >= 18 && col < 22 { // the first pixel of the reduced picture
			data[i] = byte(10*slice + (row-18+col-18)%2) // mean 10·slice + 1/2, which is rounded up
		} else if row == 17 || col == 238 {
			data[i] = 255 // just outside
		}
	}
	mrnettest.WriteFile(t, filepath.Join(root, "train", "coronal", "0001.npy"), mrnettest.Volume("|u1", n, side, data))
	d := openMRNet(t, root+"?slices=6&side=55")
	r := d.Scenes[1].Rasters[1]
	for k := range 6 {
		if got, want := r.At(0, 0, k), float64(10*(7+k)+1); got != want {
			t.Errorf("slice %d: first pixel %v, want %v", k, got, want)
		}
		for i := range 55 {
			if r.At(54, i, k) != 0 || r.At(i, 54, k) != 0 {
				t.Fatalf("slice %d: the edge holds what lies outside", k)
			}
		}
	}
}

// TestMRNetSplits: the paper's ten training exams, the official parts, and windows
// for stage 1 that are exams.
func TestMRNetSplits(t *testing.T) {
	d := openMRNet(t, mrnettest.Write(t, 24)+"?slices=3&side=11")
	cfg := rsdata.DefaultSplit()
	cfg.Shots, cfg.Unlabelled = 5, -1
	s, err := d.Split(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Train) != 10 || len(s.Test) != 14 || s.OverlapTrainTest != 0 || len(s.Unlabelled) != 24 {
		t.Errorf("random: %d training and %d test exams, %d overlap, %d unlabelled", len(s.Train), len(s.Test), s.OverlapTrainTest, len(s.Unlabelled))
	}
	for _, p := range s.Unlabelled {
		if p.Row != 5 || p.Col != 5 {
			t.Fatalf("a window around row %d, column %d", p.Row, p.Col)
		}
	}
	cfg.Protocol, cfg.Inductive = rsdata.Official, true
	if s, err = d.Split(cfg); err != nil {
		t.Fatal(err)
	}
	if len(s.Train) != 10 || len(s.Test) != 6 || len(s.Unlabelled) != 18 {
		t.Errorf("official: %d training and %d test exams, %d unlabelled", len(s.Train), len(s.Test), len(s.Unlabelled))
	}
	cfg.Protocol = rsdata.Disjoint
	if _, err = d.Split(cfg); err != nil {
		t.Errorf("disjoint: %v", err)
	}
	swapped, err := d.Select(2, 1)
	if err != nil || swapped.Positive != 1 {
		t.Errorf("classes in the other order: positive label %d, %v", swapped.Positive, err)
	}
}

// TestMRNetWithoutLabels: what has no label still serves stage 1.
func TestMRNetWithoutLabels(t *testing.T) {
	root := mrnettest.Write(t, 8)
	mrnettest.WriteFile(t, filepath.Join(root, "train-acl.csv"), []byte("0,1\n1,0\n")) // zeros lost, exams 2 to 5 left out
	d := openMRNet(t, root+"?task=acl&slices=3&side=11")
	if !slices.Equal(d.Counts(), []int{2, 2}) || !strings.Contains(strings.Join(d.Notes, "\n"), "4 exams are without a label") {
		t.Errorf("samples %v, notes %q", d.Counts(), d.Notes)
	}
	for _, part := range []string{"train", "valid"} {
		if err := os.Remove(filepath.Join(root, part+"-acl.csv")); err != nil {
			t.Fatal(err)
		}
	}
	d = openMRNet(t, root+"?task=acl&slices=3&side=11")
	if len(d.Classes) != 0 || len(d.Missing) != 1 || !strings.Contains(d.Missing[0], "train-acl.csv") {
		t.Errorf("classes %v, missing %q", d.Classes, d.Missing)
	}
	if err := os.RemoveAll(filepath.Join(root, "valid")); err != nil {
		t.Fatal(err)
	}
	if d = openMRNet(t, root+"?slices=3&side=11"); len(d.Scenes) != 6 {
		t.Errorf("%d exams without the folder valid, want 6", len(d.Scenes))
	}
}

func TestHostileMRNet(t *testing.T) {
	volume := func(root string) string { return filepath.Join(root, "train", "coronal", "0002.npy") }
	write := func(data []byte) func(*testing.T, string) {
		return func(t *testing.T, root string) { mrnettest.WriteFile(t, volume(root), data) }
	}
	labels := func(text string) func(*testing.T, string) {
		return func(t *testing.T, root string) {
			mrnettest.WriteFile(t, filepath.Join(root, "train-abnormal.csv"), []byte(text))
		}
	}
	whole := mrnettest.Volume("|u1", 9, 64, make([]byte, 9*64*64))
	for name, c := range map[string]struct {
		damage  func(*testing.T, string)
		options string
		want    []string
	}{
		"truncated":         {damage: write(whole[:len(whole)-1]), want: []string{"coronal/0002.npy", "complete?"}},
		"header alone":      {damage: write(whole[:128]), want: []string{"coronal/0002.npy", "complete?"}},
		"half a header":     {damage: write(whole[:50]), want: []string{"coronal/0002.npy", "header"}},
		"empty":             {damage: write(nil), want: []string{"coronal/0002.npy"}},
		"no volume":         {damage: write([]byte("<html>not found</html>")), want: []string{"coronal/0002.npy", "neither NPY nor NPZ"}},
		"floats":            {damage: write(mrnettest.Volume("<f8", 9, 64, make([]byte, 8*9*64*64))), want: []string{"coronal/0002.npy", "float64", "expected uint8"}},
		"a single picture":  {damage: write(append([]byte("\x93NUMPY\x01\x00\x46\x00{'descr': '|u1', 'fortran_order': False, 'shape': (64, 64), }        \n"), make([]byte, 64*64)...)), want: []string{"coronal/0002.npy", "64 x 64", "slices x rows"}},
		"columns first":     {damage: write([]byte(strings.Replace(string(whole), "False", "True ", 1))), want: []string{"coronal/0002.npy", "ascontiguousarray"}},
		"few slices":        {damage: write(mrnettest.Volume("|u1", 2, 64, make([]byte, 2*64*64))), want: []string{"coronal/0002.npy", "2 slices", "?slices=2"}},
		"small pictures":    {damage: write(mrnettest.Volume("|u1", 9, 8, make([]byte, 9*8*8))), want: []string{"coronal/0002.npy", "8 x 8"}},
		"a missing plane":   {damage: func(t *testing.T, root string) { os.Remove(volume(root)) }, want: []string{"coronal/0002.npy", "axial and sagittal"}},
		"a missing folder":  {damage: func(t *testing.T, root string) { os.RemoveAll(filepath.Dir(volume(root))) }, want: []string{"coronal", "axial, coronal, sagittal"}},
		"an unknown exam":   {damage: labels("0000,1\n0001,0\n0077,1\n"), want: []string{"train-abnormal.csv", "line 3", "0077"}},
		"an exam twice":     {damage: labels("0000,1\n0,0\n"), want: []string{"train-abnormal.csv", "line 2", "twice"}},
		"no such label":     {damage: labels("0000,2\n"), want: []string{"train-abnormal.csv", "line 1", "0 or 1"}},
		"three columns":     {damage: labels("0000,1,1\n"), want: []string{"train-abnormal.csv", "two"}},
		"no text":           {damage: labels("PK\x00\x01"), want: []string{"train-abnormal.csv", "UTF-8"}},
		"no volumes":        {damage: func(t *testing.T, root string) { emptied(t, root) }, want: []string{"no volume"}},
		"another task":      {options: "?task=bone", want: []string{"bone", "abnormal, acl, meniscus"}},
		"an even side":      {options: "?side=10", want: []string{"odd"}},
		"a large side":      {options: "?side=257", want: []string{"255"}},
		"many slices":       {options: "?slices=65", want: []string{"64"}},
		"an unknown option": {options: "?plane=axial", want: []string{"?task=NAME"}},
	} {
		t.Run(name, func(t *testing.T) {
			root := mrnettest.Write(t, 4)
			if c.damage != nil {
				c.damage(t, root)
			}
			if c.options == "" {
				c.options = "?slices=3&side=11"
			}
			_, err := rsdata.Open(root + c.options)
			for _, want := range c.want {
				if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), want) {
					t.Errorf("error %v, want one that says %q", err, want)
				}
			}
		})
	}
	if _, err := rsdata.Open(t.TempDir() + "?task=acl"); err == nil {
		t.Error("an empty folder with a task is no error")
	}
}

// emptied removes every volume and table.
func emptied(t *testing.T, root string) {
	t.Helper()
	for _, pattern := range []string{"*.csv", "*/*/*.npy"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			if err := os.Remove(p); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestInspectMRNet(t *testing.T) {
	in, err := rsdata.Inspect(mrnettest.Write(t, 8) + "?slices=3&side=11")
	if err != nil || in.Dataset == nil {
		t.Fatalf("%v, %v", err, in)
	}
	if len(in.Files) != 6 || in.Files[0].Variables[0].Class != "uint8" {
		t.Errorf("%d files are shown, want one of each plane and part: %+v", len(in.Files), in.Files)
	}
}
