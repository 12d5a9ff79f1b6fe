package main

import "testing"

func TestRun(t *testing.T) {
	if right := run(t.Output()); right < 0.9 {
		t.Errorf("%.0f %% of the pictures are told right, want at least 90", 100*right)
	}
}
