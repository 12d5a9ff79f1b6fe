package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/clip"
	"diffclip/internal/envi"
	"diffclip/internal/run"
	"diffclip/internal/safetensors"
	"diffclip/internal/tiff"
	"diffclip/vit"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same compares a file of two runs byte by byte.
func same(t *testing.T, a, b, name string) {
	t.Helper()
	if !bytes.Equal(read(t, filepath.Join(a, name)), read(t, filepath.Join(b, name))) {
		t.Errorf("%s differs between the runs", name)
	}
}

// begun returns how many updates a checkpoint has behind it.
func begun(t *testing.T, path string) int {
	t.Helper()
	r, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var state struct {
		Updates int `json:"updates"`
	}
	if err := json.Unmarshal([]byte(r.Metadata()["diffclip.state"]), &state); err != nil {
		t.Fatal(err)
	}
	return state.Updates
}

// checkMap opens every file of a map of the synthetic scene.
func checkMap(t *testing.T, dir string, more ...string) {
	t.Helper()
	for _, name := range append([]string{"map.tif", "confidence.tif"}, more...) {
		f, c, err := tiff.OpenFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := f.ReadAll(); err != nil || f.Width < 64 || f.Height < 64 {
			t.Errorf("%s: %d x %d, %v", name, f.Height, f.Width, err)
		}
		c.Close()
	}
	f, c, err := envi.OpenFile(filepath.Join(dir, "map.hdr"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := f.ReadAll(); err != nil {
		t.Error(err)
	}
	if text := read(t, filepath.Join(dir, "map.tif.aux.xml")); !bytes.Contains(text, []byte("Green roof")) {
		t.Error("map.tif.aux.xml does not name the classes")
	}
}

// small is a demo that takes a moment.
func small(t *testing.T) run.Config {
	t.Helper()
	cfg, err := run.Preset("demo")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Scene.Bands = 8
	cfg.SetWindow(5)
	cfg.Encoder(func(e *vit.Config) { e.Dim, e.Heads, e.Depth = 8, 2, 1 })
	cfg.Classifier.Text.Dim, cfg.Classifier.Text.Heads, cfg.Classifier.Text.Depth = 8, 2, 1
	cfg.Split.Shots, cfg.Split.PerClassTest, cfg.Split.Unlabelled = 3, 6, 64
	cfg.Pretrain.Epochs, cfg.Pretrain.Batch = 2, 32
	cfg.SetEpochs(2)
	return cfg
}

// The demo's files are all there and valid, and follow from the seed alone.
func TestDemo(t *testing.T) {
	var dirs []string
	for _, threads := range []int{1, 2} {
		dir := filepath.Join(t.TempDir(), "demo")
		var out, log bytes.Buffer
		if err := demo(&app{t.Context(), &out, &log}, small(t), &place{out: dir, computer: computer{threads: threads}}); err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
		for _, want := range []string{"stages 1 and 2", "stage 2 alone", "nearest mean", "report.html"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the demo does not speak of %q:\n%s", want, out.String())
			}
		}
		dirs = append(dirs, dir)
	}
	checkDemo(t, dirs[0])
	entries, err := os.ReadDir(dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "run.json" { // which has the timings
			same(t, dirs[0], dirs[1], e.Name())
		}
	}
	err = demo(&app{t.Context(), io.Discard, io.Discard}, small(t), &place{out: dirs[0], computer: computer{threads: 1}})
	if err == nil || !strings.Contains(err.Error(), "-force") {
		t.Errorf("a demo over an earlier one: %v", err)
	}
}

// A demo that is interrupted again and again ends with the files of one that was not.
func TestResumeDemo(t *testing.T) {
	whole, dir := filepath.Join(t.TempDir(), "demo"), filepath.Join(t.TempDir(), "demo")
	if err := demo(&app{t.Context(), io.Discard, io.Discard}, small(t), &place{out: whole, computer: computer{threads: 1}}); err != nil {
		t.Fatal(err)
	}
	folder := run.Folder{Dir: dir}
	other, err := run.Preset("demo") // a resumed demo keeps the settings that it began with
	if err != nil {
		t.Fatal(err)
	}
	caught := map[string]bool{} // what was there at an interruption
	cfg, place := small(t), &place{out: dir, computer: computer{threads: 1}}
	for n := int32(6); !folder.Has(run.ReportFile); n += n {
		err := demo(&app{newCountdown(t.Context(), n), io.Discard, io.Discard}, cfg, place)
		if err == nil {
			break
		}
		if want := "go on with: diffclip demo -resume -out " + dir; !strings.Contains(err.Error(), want) || !errors.Is(err, context.Canceled) {
			t.Fatalf("an interruption ends with %v, want %q", err, want)
		}
		for _, name := range []string{run.Checkpoint1File, run.Stage1File, run.Checkpoint2File, run.Stage2File} {
			caught[name] = caught[name] || folder.Has(name)
		}
		cfg, place.resume = other, true
	}
	if len(caught) != 4 || !caught[run.Checkpoint1File] || !caught[run.Checkpoint2File] || !caught[run.Stage2File] {
		t.Errorf("interrupted beside %v, want a checkpoint of each stage and both weights", caught)
	}
	checkDemo(t, dir)
	entries, err := os.ReadDir(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "run.json" && e.Name() != run.StepsFile {
			same(t, whole, dir, e.Name())
		}
	}
	var out bytes.Buffer
	if err := demo(&app{t.Context(), &out, io.Discard}, other, place); err != nil || !strings.Contains(out.String(), "is complete") {
		t.Errorf("resuming a whole demo: %v, %q", err, out.String())
	}
}

func checkDemo(t *testing.T, dir string) {
	t.Helper()
	checkMap(t, dir)
	for _, name := range []string{"confusion.png", "losses.png", "reconstruction-1.png", "reconstruction-2.png", "map.png"} {
		if _, err := png.Decode(bytes.NewReader(read(t, filepath.Join(dir, name)))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := run.OpenStage1(filepath.Join(dir, run.Stage1File)); err != nil {
		t.Error(err)
	}
	if _, err := clip.Open(filepath.Join(dir, run.Stage2File)); err != nil {
		t.Error(err)
	}
	var m run.Metrics
	if err := json.Unmarshal(read(t, filepath.Join(dir, "metrics.json")), &m); err != nil || m.Scores.Samples != 60 {
		t.Errorf("metrics.json: %d samples, %v", m.Scores.Samples, err)
	}
	for name, want := range map[string]string{
		"confusion.csv": "Water", "classes.csv": "kappa", "row.tex": "DiffCLIP &", "history.csv": "stage 2 alone,2,",
		"report.html": "nearest mean of single pixels",
	} {
		if !bytes.Contains(read(t, filepath.Join(dir, name)), []byte(want)) {
			t.Errorf("%s lacks %q", name, want)
		}
	}
	var split struct {
		Train, Validation, Test, Unlabelled [][]int32
	}
	var all map[string]json.RawMessage
	text := read(t, filepath.Join(dir, "split.json"))
	if json.Unmarshal(text, &all) != nil || json.Unmarshal(text, &split) != nil || len(split.Train) != 30 || len(split.Test) != 60 || len(split.Unlabelled) != 64 {
		t.Errorf("split.json: %d training, %d test, %d unlabelled", len(split.Train), len(split.Test), len(split.Unlabelled))
	}
	_, man, err := run.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range []string{run.Stage1Name, run.Stage2Name} {
		if man.Seconds[stage] <= 0 || man.Parameters[stage] <= 0 {
			t.Errorf("run.json: %s took %v s and has %d parameters", stage, man.Seconds[stage], man.Parameters[stage])
		}
	}
	leftovers, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(leftovers) > 0 {
		t.Errorf("temporary files stayed: %v", leftovers)
	}
}
