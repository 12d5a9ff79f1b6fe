package cells

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"diffclip/rsdata"
)

type result struct {
	Value int `json:"value"`
}

func identify(t *testing.T, v any) Identity {
	t.Helper()
	id, err := Identify(v)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// load is Load of a result that must not be negative.
func load(s Store, id Identity) (value int, found bool, problem error) {
	r := result{}
	found, problem = s.Load(id, 1000, &r, func() error {
		if r.Value < 0 {
			return errors.New("negative")
		}
		return nil
	})
	return r.Value, found, problem
}

func TestSavedCellsAreLoaded(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	id := identify(t, map[string]any{"seed": 1, "text": "<a & b>"})
	if _, found, problem := load(s, id); found || problem != nil || s.Has(id) {
		t.Errorf("before: %v, %v, %v", found, problem, s.Has(id))
	}
	left := filepath.Join(s.Dir, Folder, "."+id.Key()+".json.0123abcd.tmp") // as a program that was killed leaves it
	if err := errors.Join(os.MkdirAll(filepath.Dir(left), 0o777), os.WriteFile(left, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(id, result{7}); err != nil {
		t.Fatal(err)
	}
	if v, found, problem := load(s, id); v != 7 || !found || problem != nil || !s.Has(id) {
		t.Errorf("after: %v, %v, %v, %v", v, found, problem, s.Has(id))
	}
	if _, found, _ := load(s, identify(t, map[string]any{"seed": 2, "text": "<a & b>"})); found {
		t.Error("another seed has the same cell")
	}
	if entries, err := os.ReadDir(filepath.Dir(left)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v, want the cell alone", entries, err)
	}
	s.Anew = true
	if _, found, problem := load(s, id); found || problem != nil || s.Has(id) {
		t.Errorf("anew: %v, %v, %v", found, problem, s.Has(id))
	}
	if err := s.Save(id, result{8}); err != nil {
		t.Fatal(err)
	}
	s.Anew = false
	if v, _, _ := load(s, id); v != 8 {
		t.Errorf("written over: %d", v)
	}
}

// A file that cannot be used is named, with the reason and what happens.
func TestDamagedCells(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	id, other := identify(t, 1), identify(t, 2)
	if err := errors.Join(s.Save(id, result{1}), s.Save(other, result{2})); err != nil {
		t.Fatal(err)
	}
	read := func(id Identity) string {
		text, err := os.ReadFile(s.Path(id))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	good := read(id)
	for _, c := range []struct{ text, want string }{
		{"", "unexpected end of JSON"},
		{good[:len(good)/2], "unexpected end of JSON"},
		{read(other), "another cell than its name says"},
		{"{}", "another cell than its name says"},
		{strings.Replace(good, `"value":1`, `"value":-1`, 1), "negative"},
		{strings.Replace(good, `"value":1`, `"value":"x"`, 1), "value"},
		{strings.Repeat(" ", 1001), "more than 1000 bytes"},
	} {
		if err := os.WriteFile(s.Path(id), []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, found, problem := load(s, id)
		if found || problem == nil || !strings.Contains(problem.Error(), c.want) || !strings.Contains(problem.Error(), s.Path(id)+" cannot be used and is computed anew") {
			t.Errorf("%.40q: %v, %v, want %q", c.text, found, problem, c.want)
		}
	}
	if err := errors.Join(os.Remove(s.Path(id)), os.Mkdir(s.Path(id), 0o777)); err != nil {
		t.Fatal(err)
	}
	if _, found, problem := load(s, id); found || problem == nil || !strings.Contains(problem.Error(), "is not a file") || s.Has(id) {
		t.Errorf("a folder: %v, %v", found, problem)
	}
	if err := s.Save(id, result{1}); err == nil || !strings.Contains(err.Error(), s.Path(id)) {
		t.Errorf("saved over a folder: %v", err)
	}
}

// TestMain is also another program, which saves the cells of ten seeds in the folder that it is given.
func TestMain(m *testing.M) {
	dir := os.Getenv("CELLS_TEST")
	if dir == "" {
		os.Exit(m.Run())
	}
	for seed := range 10 {
		id, err := Identify(seed)
		if err == nil {
			err = Store{Dir: dir}.Save(id, result{seed})
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

// Several programs may save the same cells at a time.
func TestSavedByMany(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	var wait sync.WaitGroup
	for range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "CELLS_TEST="+s.Dir)
		wait.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wait.Wait()
	for seed := range 10 {
		if v, found, problem := load(s, identify(t, seed)); v != seed || !found || problem != nil {
			t.Errorf("seed %d: %d, %v, %v", seed, v, found, problem)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(s.Dir, Folder)); err != nil || len(entries) != 10 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// A fingerprint changes with whatever the result of a method may depend on.
func TestFingerprint(t *testing.T) {
	scene := func() *rsdata.Dataset {
		return rsdata.Synthetic(rsdata.SyntheticConfig{H: 64, W: 64, Bands: 4, Seed: 1})
	}
	d := scene()
	values, all := Values(d), Fingerprint(d, Values(d))
	if again := scene(); Values(again) != values || Fingerprint(again, values) != all {
		t.Error("the same scene has another fingerprint")
	}
	if other := rsdata.Synthetic(rsdata.SyntheticConfig{H: 64, W: 64, Bands: 4, Seed: 2}); Values(other) == values {
		t.Error("other values have the same fingerprint")
	}
	for what, change := range map[string]func(*rsdata.Dataset){
		"label":        func(d *rsdata.Dataset) { d.Scenes[0].Labels[5] ^= 1 },
		"training map": func(d *rsdata.Dataset) { d.Scenes[0].Train = d.Scenes[0].Labels },
		"test map":     func(d *rsdata.Dataset) { d.Scenes[0].Test = d.Scenes[0].Labels },
		"class":        func(d *rsdata.Dataset) { d.Classes[0].Name += "s" },
		"name":         func(d *rsdata.Dataset) { d.Name += "s" },
		"shape":        func(d *rsdata.Dataset) { d.Scenes[0].Shapes = [][]int32{{1, 2}} },
		"object":       func(d *rsdata.Dataset) { d.Scenes[0].Objects = []rsdata.Object{{ID: "1", Label: 1}} },
	} {
		d := scene()
		change(d)
		if Fingerprint(d, values) == all {
			t.Errorf("another %s has the same fingerprint", what)
		}
	}
}
