package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/internal/mrnettest"
	"diffclip/internal/run"
	"diffclip/internal/testenv"
)

// TestMRNet takes knee exams from the folder to ACC, AUC, SE and SP.
func TestMRNet(t *testing.T) {
	root := mrnettest.Write(t, 16)
	data := root + "?task=acl&slices=5&side=15"
	preview := filepath.Join(t.TempDir(), "exam.png")
	text := succeed(t, "inspect", data, "-preview", preview)
	if !bytes.HasPrefix(read(t, preview), []byte("\x89PNG")) {
		t.Error("no preview")
	}
	for _, want := range []string{"MRNet acl", "axial", "ACL tear", "uint8"} {
		if !strings.Contains(text, want) {
			t.Errorf("inspect does not say %q:\n%s", want, text)
		}
	}
	dir := filepath.Join(t.TempDir(), "run")
	args := []string{"pretrain", "-data", data, "-out", dir, "-preset", "mrnet", "-dim", "8", "-heads", "2", "-depth", "1", "-decoder-depth", "1", "-epochs", "2", "-batch", "8", "-shots", "4"}
	if code, _, stderr := call(t, t.Context(), args...); code != exitFailure || !strings.Contains(stderr, "-window 15") {
		t.Errorf("windows of another size: exit code %d, %q", code, stderr)
	}
	succeed(t, append(args, "-window", "15")...)
	if code, _, stderr := call(t, t.Context(), "finetune", "-from", dir, "-map"); code != exitMisuse || !strings.Contains(stderr, "classified as a whole: leave -map out") {
		t.Errorf("a map of exams: exit code %d, %q", code, stderr)
	}
	text = succeed(t, "finetune", "-from", dir, "-epochs", "3", "-batch", "8")
	if !strings.Contains(text, "ACC    AUC     SE     SP") {
		t.Errorf("finetune prints\n%s", text)
	}
	var metrics run.Metrics
	if err := json.Unmarshal([]byte(succeed(t, "eval", "-from", dir, "-json")), &metrics); err != nil {
		t.Fatal(err)
	}
	if b := metrics.Scores.Binary; metrics.Scores.Samples != 8 || b == nil || b.ACC != metrics.Scores.OA || !(b.AUC >= 0 && b.AUC <= 1) || b.SE != metrics.Scores.Classes[1].Recall || b.SP != metrics.Scores.Classes[0].Recall {
		t.Errorf("eval -json: %d exams, %+v", metrics.Scores.Samples, b)
	}
	text = succeed(t, "eval", "-from", dir, "-seeds", "2")
	if !strings.Contains(text, "\nAUC   ") || !strings.Contains(text, "\nSP    ") {
		t.Errorf("eval -seeds prints\n%s", text)
	}
	if page := string(read(t, filepath.Join(dir, "report.html"))); !strings.Contains(page, ">AUC<") {
		t.Error("the report has no AUC")
	}
	text = succeed(t, "baselines", "-data", data, "-from", dir, "-window", "15", "-methods", "none", "-variants", "probe", "-shots", "4", "-seeds", "1")
	if !strings.Contains(text, "4 shots: ACC / AUC / SE / SP") {
		t.Errorf("baselines prints\n%s", text)
	}
	out := filepath.Join(dir, "map")
	if code, _, stderr := call(t, t.Context(), "map", "-from", dir, "-data", data, "-out", out); code != exitFailure || !strings.Contains(stderr, "nothing to map") {
		t.Errorf("map: exit code %d, %q", code, stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a map that cannot be left its folder")
	}
	if code, _, stderr := call(t, t.Context(), "baselines", "-data", data, "-methods", "svm"); code != exitFailure || !strings.Contains(stderr, "-methods none") {
		t.Errorf("a classical method: exit code %d, %q", code, stderr)
	}
}

// TestMapOfSeveralScenesIsRefused: the report has room for the map of one.
func TestMapOfSeveralScenesIsRefused(t *testing.T) {
	data := testenv.Dir(t, "idtrees2020")
	dir := filepath.Join(t.TempDir(), "run")
	code, _, stderr := call(t, t.Context(), "finetune", "-data", data, "-preset", "best", "-out", dir, "-map")
	if code != exitMisuse || !strings.Contains(stderr, "leave -map out; diffclip map") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a refused run leaves a folder")
	}
}
