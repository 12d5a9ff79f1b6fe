package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Ctrl-C is how the explorer ends: no failure, and nothing to tell.
func TestServeEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, tiny("finetune", "-data", "synthetic", "-out", dir, "-epochs", "1", "-map=false")...)
	code, stdout, stderr := call(t, newCountdown(t.Context(), 1), "serve", "-addr", "127.0.0.1:0", dir)
	if code != 0 || !strings.HasPrefix(stdout, "http://127.0.0.1:") || strings.Contains(stderr, "interrupted") {
		t.Errorf("exit code %d, %q %q", code, stdout, stderr)
	}
	if code, _, stderr := call(t, t.Context(), "serve", "-addr", "0.0.0.0:0", dir); code != exitFailure || !strings.Contains(stderr, "-remote") {
		t.Errorf("an address that others reach: exit code %d, %q", code, stderr)
	}
}
