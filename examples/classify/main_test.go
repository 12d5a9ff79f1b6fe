package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	weights := filepath.Join(t.TempDir(), "stage2.safetensors")
	if err := learn(t.Context(), town(1), weights); err != nil {
		t.Fatal(err)
	}
	share, err := classify(t.Context(), weights, town(2), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if share < 0.9 {
		t.Errorf("%.1f %% of the labelled pixels of another town are right, want at least 90", 100*share)
	}
}

// TestErrors: what is missing is named.
func TestErrors(t *testing.T) {
	for want, args := range map[string][]string{
		"want no arguments": {"one"},
		"nowhere":           {"stage2.safetensors", "nowhere"},
	} {
		if err := start(t.Context(), args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says %q", args, err, want)
		}
	}
}
