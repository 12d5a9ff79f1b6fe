//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"diffclip/internal/folderlock"
	"diffclip/internal/run"
)

// A folder in which another program trains is left as it is, -force or not.
func TestAnotherProgramsFolder(t *testing.T) {
	dir := stage1(t)
	succeed(t, "finetune", "-from", dir, "-epochs", "1", "-map=false")
	other, err := os.OpenFile(filepath.Join(dir, folderlock.Name), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := syscall.Flock(int(other.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatalf("a finished command still holds the folder: %v", err)
	}
	files := []string{"run.json", "split.json", run.Stage1File, run.Stage2File, run.StepsFile, run.ReportFile, "metrics.json"}
	before := map[string][]byte{}
	for _, name := range files {
		before[name] = read(t, filepath.Join(dir, name))
	}
	for _, args := range [][]string{
		tiny("pretrain", "-data", "synthetic", "-out", dir, "-force", "-seed", "5"),
		{"pretrain", "-resume", "-out", dir},
		{"finetune", "-from", dir, "-force", "-seed", "5"},
		{"finetune", "-resume", "-out", dir},
		{"eval", "-from", dir},
		{"map", "-from", dir, "-data", "synthetic", "-out", dir},
		{"demo", "-out", dir, "-force"},
		{"reproduce", "table5", "-quick", "-out", dir},
	} {
		code, _, stderr := call(t, t.Context(), args...)
		if args[0] != "reproduce" { // which has a note before it
			inOneLine(t, args[0], code, stderr)
		}
		if !strings.Contains(stderr, "another diffclip works in "+dir) {
			t.Errorf("%s: %q", args[0], stderr)
		}
		for _, name := range files {
			if !bytes.Equal(before[name], read(t, filepath.Join(dir, name))) {
				t.Errorf("%s has changed %s", args[0], name)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "cells")); err == nil {
			t.Fatalf("%s has made folders there", args[0])
		}
	}
}
