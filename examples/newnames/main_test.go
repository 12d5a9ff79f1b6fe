package main

import "testing"

func TestRun(t *testing.T) {
	shares, err := run(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for i, share := range shares {
		if share < 0.9 {
			t.Errorf("asked for %q, %.1f %% of the windows go where they should, want at least 90", questions[i].texts, 100*share)
		}
	}
}
