package reproduce

import (
	"testing"

	"diffclip/rsdata"
)

// Distances add up over modalities: the first alone would choose otherwise.
func TestNearestNeighbour(t *testing.T) {
	n := &trainedNeighbour{train: make([]rsdata.Sample, 3), known: [][][]float64{
		{{0, 0}, {2, 0}, {5, 5}},
		{{9}, {1}, {0}},
	}}
	x := [][][]float64{{{0.5, 0}, {4, 4}}, {{1}, {0}}}
	for i, want := range []int{1, 2} {
		if got := n.nearest(x, i); got != want {
			t.Errorf("window %d: neighbour %d, want %d", i, got, want)
		}
	}
}
