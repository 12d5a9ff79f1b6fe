package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/clip"
	"diffclip/internal/mrnettest"
	"diffclip/internal/run"
)

// brief are flags that make any preset a model that trains in a moment.
func brief(args ...string) []string {
	return append(args, "-window", "5", "-dim", "8", "-heads", "2", "-depth", "1", "-shots", "3", "-max-test", "4")
}

// fitOf is how the head of a run was fitted.
func fitOf(t *testing.T, dir string) clip.HeadFit {
	t.Helper()
	_, man, err := run.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return man.Config.Finetune.HeadFit
}

// With -preset best the head is refined on windows without labels, whatever stage 1 is of: also where there are fewer windows than
// it asks for, on a stage 1 of another preset, on none, with a fully connected layer; and is not where -head-fit says so.
func TestBestRefinesTheHead(t *testing.T) {
	scene := writeFolder(t, with())
	own := filepath.Join(t.TempDir(), "own")
	succeed(t, brief("pretrain", "-preset", "best", "-data", scene, "-out", own, "-mnf", "0", "-epochs", "1", "-batch", "16", "-pretrain-samples", "32", "-decoder-depth", "1")...)
	other := stage1(t)
	quick := []string{"-epochs", "1", "-batch", "8", "-map=false", "-out"}
	for _, c := range []struct {
		name string
		args []string
		want clip.HeadFit
	}{
		{"its own stage 1", []string{"-from", own}, clip.HeadEM},
		{"labels alone", []string{"-from", own, "-head-fit", "lda"}, clip.HeadLDA},
		{"a fully connected layer", []string{"-from", own, "-head", "linear"}, clip.HeadEM},
		{"a stage 1 of another preset", []string{"-from", other, "-preset", "best"}, clip.HeadEM},
		{"a stage 1 of another preset, which stays", []string{"-from", other}, clip.HeadTrained},
		{"another scene", []string{"-from", own, "-data", writeFolder(t, with("scene.json", strings.Replace(sceneJSON, `"small"`, `"other"`, 1)))}, clip.HeadEM},
		{"no stage 1", brief("-data", scene, "-preset", "best", "-mnf", "0"), clip.HeadEM},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		succeed(t, append(append(append([]string{"finetune"}, c.args...), quick...), dir)...)
		if fit := fitOf(t, dir); fit != c.want {
			t.Errorf("%s: the head is fitted by %q, want %q", c.name, fit, c.want)
		}
	}
	refined, plain := filepath.Join(t.TempDir(), "refined"), filepath.Join(t.TempDir(), "plain")
	succeed(t, append(append([]string{"finetune", "-from", own}, quick...), refined)...)
	succeed(t, append(append([]string{"finetune", "-from", own, "-head-fit", "lda"}, quick...), plain)...)
	if bytes.Equal(read(t, filepath.Join(refined, run.Stage2File)), read(t, filepath.Join(plain, run.Stage2File))) {
		t.Error("the windows without labels change nothing")
	}
}

// A class without a label is left out, and told of; one with too few is an error that says what to do.
func TestBestWithClassesThatLackLabels(t *testing.T) {
	for _, c := range []struct {
		keep int
		code int
		want string
	}{
		{0, 0, "left out: middle"},
		{2, exitFailure, "(middle) has 2 samples to draw from, needs 3 training"},
	} {
		few := []byte(labels(0))
		kept := 0
		for i := len(few) - side*side; i < len(few); i++ {
			if few[i] == 2 {
				if kept++; kept > c.keep {
					few[i] = 0
				}
			}
		}
		out := filepath.Join(t.TempDir(), "run")
		code, _, stderr := call(t, t.Context(), brief("finetune", "-preset", "best", "-mnf", "0", "-epochs", "1", "-data", writeFolder(t, with("gt.npy", string(few))), "-out", out)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%d labels: exit code %d, %s", c.keep, code, stderr)
		}
	}
}

// Knee exams, of which there are few, and which are windows as a whole.
func TestBestOfExams(t *testing.T) {
	data := mrnettest.Write(t, 16) + "?task=acl&slices=5&side=15"
	dir, best := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "best")
	succeed(t, "pretrain", "-data", data, "-out", dir, "-preset", "mrnet", "-window", "15", "-dim", "8", "-heads", "2", "-depth", "1", "-decoder-depth", "1", "-epochs", "1", "-batch", "8", "-shots", "4")
	text := succeed(t, "finetune", "-from", dir, "-preset", "best", "-out", best, "-epochs", "1", "-batch", "8")
	if fit := fitOf(t, best); fit != clip.HeadEM || !strings.Contains(text, "ACC    AUC     SE     SP") {
		t.Errorf("fitted by %q, printed\n%s", fit, text)
	}
}
