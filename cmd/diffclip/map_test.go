package main

import (
	"slices"
	"testing"

	"diffclip/rsdata"
)

// Every scene's map has a folder of its own, whose name any system takes.
func TestSceneFolders(t *testing.T) {
	d := &rsdata.Dataset{}
	for _, name := range []string{"plot 1", "plot/1", "PLOT-1", "Nul", "com1", "", "東", "plot-1-scene-9", "plot_1", "plot 1"} {
		d.Scenes = append(d.Scenes, &rsdata.Scene{Name: name})
	}
	want := []string{"plot-1", "plot-1-scene-2", "PLOT-1-scene-3", "scene-4", "scene-5", "scene-6", "scene-7", "plot-1-scene-9", "plot_1", "plot-1-scene-10"}
	if got := sceneFolders(d); !slices.Equal(got, want) {
		t.Errorf("folders %q, want %q", got, want)
	}
	d = &rsdata.Dataset{Scenes: []*rsdata.Scene{{Name: "a-scene-3"}, {Name: "a"}, {Name: "a"}}}
	if got, want := sceneFolders(d), []string{"a-scene-3", "a", "a-scene-3-scene-3"}; !slices.Equal(got, want) {
		t.Errorf("folders %q, want %q", got, want)
	}
}
