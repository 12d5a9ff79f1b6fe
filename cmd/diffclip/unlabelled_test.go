package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/internal/run"
)

// Stage 1 learns from a scene without labels, or with too few of them; stage 2 says what it lacks, and goes on from
// there once it is given labels.
func TestPretrainWithoutLabels(t *testing.T) {
	few := []byte(labels(0))
	for i := range few[len(few)-side*side+3:] { // the first class keeps three pixels, which leave none to test
		if at := len(few) - side*side + 3 + i; few[at] == 1 {
			few[at] = 0
		}
	}
	for name, c := range map[string]struct {
		files         map[string]string
		want, missing string
	}{
		"no labels":    {with("gt.npy", "", "scene.json", ""), "Stage 1 needs no labels, and stage 2 would lack them", "no labels, so nothing to learn classes from"},
		"none listed":  {with("gt.npy", "", "scene.json", strings.Replace(sceneJSON, `,"labels":{"file":"gt.npy"}`, "", 1)), "Stage 1 needs no labels", "class 1 (left) has no labelled sample"},
		"a few labels": {with("gt.npy", string(few)), "Stage 1 needs no labels", "samples to draw from, needs 3 training"},
	} {
		dir, out := writeFolder(t, c.files), filepath.Join(t.TempDir(), "run")
		code, stdout, stderr := call(t, t.Context(), tiny("pretrain", "-data", dir, "-out", out, "-epochs", "1", "-batch", "8", "-pretrain-samples", "16")...)
		if code != 0 || !strings.Contains(stderr, c.want) || !strings.Contains(stderr, "no labels used") || !strings.Contains(stdout, "when there are labels enough: diffclip finetune") {
			t.Fatalf("%s: exit code %d, %s%s", name, code, stdout, stderr)
		}
		if page := string(read(t, filepath.Join(out, "report.html"))); !strings.Contains(page, "no test windows") || !strings.Contains(page, "16 unlabelled windows") || strings.Contains(page, "NaN") {
			t.Errorf("%s: the report does not say what there is", name)
		}
		if code, _, stderr := call(t, t.Context(), "finetune", "-from", out); code != exitFailure || !strings.Contains(stderr, c.missing) {
			t.Errorf("%s: stage 2: exit code %d, %s; want %q", name, code, stderr, c.missing)
		}
		for file, content := range with() {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		succeed(t, "finetune", "-from", out, "-epochs", "1", "-batch", "8")
	}
}

// Labels that are added while stage 1 is stopped change nothing in it; other rasters still end it.
func TestLabelsComeWhileStage1IsStopped(t *testing.T) {
	unlabelled := with("gt.npy", "", "scene.json", "")
	whole := filepath.Join(t.TempDir(), "whole")
	args := func(dir, out string) []string {
		return tiny("pretrain", "-data", dir, "-out", out, "-epochs", "2", "-batch", "8", "-pretrain-samples", "16")
	}
	succeed(t, args(writeFolder(t, unlabelled), whole)...)

	dir, out := writeFolder(t, unlabelled), filepath.Join(t.TempDir(), "run")
	interrupt(t, out, run.Checkpoint1File, run.Stage1File, args(dir, out))
	other := writeFolder(t, with("hsi.npy", npy("<f4", "(24, 23, 4)", make([]byte, 24*23*4*4))))
	if code, _, stderr := call(t, t.Context(), "pretrain", "-resume", "-out", out, "-data", other); code != exitFailure {
		t.Errorf("with another raster: exit code %d, %s", code, stderr)
	}
	for file, content := range with() {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := call(t, t.Context(), "pretrain", "-resume", "-out", out, "-pretrain-samples", "17"); code != exitFailure || !strings.Contains(stderr, "another configuration") {
		t.Errorf("with other windows: exit code %d, %s", code, stderr)
	}
	if split := string(read(t, filepath.Join(out, "split.json"))); !strings.Contains(split, `"train":[]`) {
		t.Errorf("before it goes on, split.json is %.80s", split)
	}
	if text := succeed(t, "pretrain", "-resume", "-out", out); strings.Contains(text, "when there are labels enough") {
		t.Errorf("stage 1 with labels ends with %q", text)
	}
	same(t, whole, out, run.Stage1File)
	if split := string(read(t, filepath.Join(out, "split.json"))); strings.Contains(split, `"train":[]`) {
		t.Errorf("split.json lists no training samples: %.80s", split)
	}
	succeed(t, "finetune", "-from", out, "-epochs", "1", "-batch", "8")
}
