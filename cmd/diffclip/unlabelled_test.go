package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
