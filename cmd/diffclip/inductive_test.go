package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/internal/run"
)

// The windows of an inductive stage 1 share no pixel with those that test, and stage 2 is tested on that split alone.
func TestInductive(t *testing.T) {
	dir := stage1(t, "-inductive", "on", "-protocol", "disjoint", "-block", "20", "-guard", "2")
	folder := run.Folder{Dir: dir}
	var split struct {
		Train, Test [][5]int
		Unlabelled  [][3]int
	}
	if err := json.Unmarshal(read(t, folder.Path("split.json")), &split); err != nil {
		t.Fatal(err)
	}
	if len(split.Train) != 30 || len(split.Test) != 40 || len(split.Unlabelled) != 48 {
		t.Fatalf("%d training, %d test and %d unlabelled windows", len(split.Train), len(split.Test), len(split.Unlabelled))
	}
	apart := func(a, b []int) int { return max(a[1]-b[1], b[1]-a[1], a[2]-b[2], b[2]-a[2]) }
	for _, x := range split.Test {
		for _, u := range split.Unlabelled {
			if apart(x[:], u[:]) < 5 {
				t.Fatalf("the unlabelled window at %v shares a pixel with the test window at %v", u, x)
			}
		}
		for _, y := range split.Train {
			if apart(x[:], y[:]) < 5+2 {
				t.Fatalf("less than the guard lies between the training window at %v and the test window at %v", y, x)
			}
		}
	}
	if page := string(read(t, folder.Path("report.html"))); !strings.Contains(page, "none of which shares a pixel with a test window") {
		t.Error("the report does not say what stage 1 kept clear of")
	}
	for _, other := range []string{"-shots 2", "-protocol random -block 0 -guard 0", "-max-test 3", "-guard 1", "-seed 9"} {
		args := append([]string{"finetune", "-from", dir, "-epochs", "1", "-batch", "8"}, strings.Fields(other)...)
		if code, _, stderr := call(t, t.Context(), args...); code != exitFailure || !strings.Contains(stderr, "-protocol disjoint -shots 3 -max-test 4 -block 20 -guard 2") {
			t.Errorf("finetune %s: exit code %d, %s", other, code, stderr)
		}
	}
	succeed(t, "finetune", "-from", dir, "-epochs", "1", "-batch", "8", "-map=false")
	succeed(t, "eval", "-from", dir)
	for _, args := range [][]string{{"eval", "-from", dir, "-seeds", "2"}, {"baselines", "-data", "synthetic", "-from", dir, "-seeds", "1", "-methods", "none"}} {
		if code, _, stderr := call(t, t.Context(), args...); code != exitFailure || !strings.Contains(stderr, "kept clear of the test windows of its own split alone") {
			t.Errorf("%s: exit code %d, %s", args[0], code, stderr)
		}
	}
}

// An inductive stage 1 wants labels, which say what tests; a guard wants blocks.
func TestSplitFlagsThatDoNotFit(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	unlabelled := writeFolder(t, with("gt.npy", "", "scene.json", ""))
	for _, c := range []struct {
		args []string
		want string
	}{
		{tiny("pretrain", "-data", unlabelled, "-out", out, "-inductive", "on"), "no labels"},
		{tiny("pretrain", "-data", "synthetic", "-out", out, "-guard", "3"), "are for protocol disjoint, not for random"},
		{[]string{"baselines", "-data", "synthetic", "-seeds", "1", "-methods", "lda", "-protocol", "official", "-guard", "3"}, "are for protocol disjoint, not for official"},
	} {
		if code, _, stderr := call(t, t.Context(), c.args...); code != exitFailure || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %s; want %q", c.args, code, stderr, c.want)
		}
	}
}
