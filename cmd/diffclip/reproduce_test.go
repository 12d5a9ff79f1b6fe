package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"diffclip/internal/run"
	"diffclip/nn"
)

// table4 is the command line of a study with a model that trains in a moment.
func table4(out string) []string { return quickStudy("table4", out) }

func quickStudy(name, out string) []string {
	return []string{"reproduce", name, "-quick", "-out", out, "-scenes", "embedded", "-seeds", "1", "-max-test", "4", "-window", "5", "-dim", "8", "-heads", "2", "-depth", "1",
		"-decoder-depth", "1", "-pretrain-samples", "48", "-pretrain-epochs", "1", "-finetune-epochs", "1", "-threads", "1"}
}

func TestReproduce(t *testing.T) {
	out := filepath.Join(t.TempDir(), "results")
	text := succeed(t, table4(out)...)
	if !strings.Contains(text, "| p5     |") || !strings.Contains(text, filepath.Join(out, "table4-quick.html")) {
		t.Errorf("stdout:\n%s", text)
	}
	page := read(t, filepath.Join(out, "table4-quick.html"))
	for _, want := range []string{"quick run", "diffclip reproduce table4 -quick -out", "Houston 2013 is missing"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	shared, err := filepath.Glob(filepath.Join(out, "stage1", "*", run.Stage1File))
	if err != nil || len(shared) != 1 {
		t.Errorf("%d trainings of stage 1 for five prompts, %v", len(shared), err)
	}
	code, again, stderr := call(t, t.Context(), table4(out)...)
	if strings.Contains(stderr, "is missing") || strings.Count(stderr, "note: ") != 1 {
		t.Errorf("files that nobody asked for are missed: %q", stderr)
	}
	if code != 0 || again != text || !strings.Contains(stderr, "0 cells computed, 5 were there") {
		t.Errorf("again: exit code %d, stderr %q", code, stderr)
	}
	if strings.Contains(stderr, "\r") {
		t.Errorf("progress in a pipe: %q", stderr)
	}
	// The stage 1 is a run like others.
	succeed(t, "finetune", "-from", filepath.Dir(shared[0]), "-out", filepath.Join(t.TempDir(), "run"), "-epochs", "1", "-shots", "2", "-map=false")
}

func TestReproduceInterrupted(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	succeed(t, table4(whole)...)
	out := filepath.Join(t.TempDir(), "results")
	interrupted := 0
	for n := int32(5); ; n += 5 {
		code, _, stderr := call(t, newCountdown(t.Context(), n), table4(out)...)
		if code == 0 {
			break
		}
		if code != exitInterrupted || !strings.Contains(stderr, "go on with: diffclip reproduce table4 -quick") {
			t.Fatalf("exit code %d, stderr %q", code, stderr)
		}
		interrupted++
	}
	if interrupted < 2 {
		t.Errorf("interrupted %d times", interrupted)
	}
	for _, name := range []string{"table4-quick.csv", "table4-quick.tex"} {
		if !bytes.Equal(read(t, filepath.Join(whole, name)), read(t, filepath.Join(out, name))) {
			t.Errorf("%s differs after interruptions", name)
		}
	}
}

// What was spent before a kill, which is in the checkpoints, counts in the columns of time.
func TestReproduceCountsInterruptedTime(t *testing.T) {
	out := filepath.Join(t.TempDir(), "results")
	late := map[string]string{"stage1/*/" + run.Checkpoint1File: `"seconds":1000`, "cells/*.checkpoint": `"seconds":2000`}
	for n := int32(5); ; n += 5 {
		code, _, stderr := call(t, newCountdown(t.Context(), n), append(table4(out), "-pretrain-epochs", "4")...)
		if code == 0 {
			break
		}
		if code != exitInterrupted {
			t.Fatalf("exit code %d, stderr %q", code, stderr)
		}
		for pattern, seconds := range late {
			found, err := filepath.Glob(filepath.Join(out, pattern))
			if err != nil || len(found) == 0 {
				continue
			}
			state, meta, err := nn.ReadState(found[0])
			if err != nil {
				t.Fatal(err)
			}
			meta["diffclip.state"] = regexp.MustCompile(`"seconds":[^,}]+`).ReplaceAllString(meta["diffclip.state"], seconds)
			if err := nn.WriteState(found[0], state, meta); err != nil {
				t.Fatal(err)
			}
			delete(late, pattern)
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(read(t, filepath.Join(out, "table4-quick-seeds.csv")))).ReadAll()
	if err != nil || len(late) > 0 || len(rows) != 1+5 {
		t.Fatalf("%v; %d rows, want 5; checkpoints not met: %v", err, len(rows)-1, late)
	}
	own := 0
	for _, row := range rows[1:] {
		seconds, err1 := strconv.ParseFloat(row[len(row)-2], 64)
		first, err2 := strconv.ParseFloat(row[len(row)-1], 64)
		if err := errors.Join(err1, err2); err != nil || first < 1000 || first > 2000 {
			t.Errorf("stage 1 took %v seconds, want 1000 and some; %v", first, err)
		}
		if seconds >= 2000 {
			own++
		}
	}
	if own != 1 {
		t.Errorf("%d cells took 2000 seconds and more, want the one that was stopped", own)
	}
}

func TestReproduceFigures(t *testing.T) {
	out := filepath.Join(t.TempDir(), "results")
	for name, pictures := range map[string][]string{"fig3": {""}, "fig4": {"", "-2"}, "fig5": {"", "-2", "-3", "-4"}} {
		succeed(t, quickStudy(name, out)...)
		for _, p := range pictures {
			for _, ext := range []string{".png", ".svg"} {
				if info, err := os.Stat(filepath.Join(out, name+"-quick-embedded-scene"+p+ext)); err != nil || info.Size() < 1000 {
					t.Errorf("%s, picture %q: %v", name, p+ext, err)
				}
			}
		}
		if page := read(t, filepath.Join(out, name+"-quick.html")); bytes.Contains(page, []byte("There is no picture")) {
			t.Errorf("%s has no picture", name)
		}
	}
}

func TestReproduceWithoutFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	lacking := filepath.Join(dir, "scenes")
	if err := os.MkdirAll(filepath.Join(lacking, "trento"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lacking, "trento", "HSI.mat"), []byte("no matrix"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"-data " + filepath.Join(dir, "none"), "no such folder"},
		{"-data " + file, "is a file"},
		{"-data " + lacking + " -scenes trento", "trento is passed over"},
		{"-scenes venus", "no scene that is there is called"},
		{"-quick -out " + filepath.Join(file, "x"), "cannot make the folder"},
	} {
		code, _, stderr := call(t, t.Context(), append([]string{"reproduce", "table1"}, strings.Fields(c.args)...)...)
		if code != exitFailure || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %q; want 1 and %q", c.args, code, stderr, c.want)
		}
	}
}
