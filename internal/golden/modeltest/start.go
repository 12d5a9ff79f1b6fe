package modeltest

import (
	"math"
	"strings"
	"testing"

	"diffclip/internal/golden"
	"diffclip/nn"
)

// Start says how the parameters whose names end in Suffix begin.
type Start struct {
	Suffix    string
	Values    []float32 // exactly these, or if nil
	Mean      float64
	Deviation func(in, out int) float64 // of a weight (out, in); nil for none
}

// Deviation returns a deviation that does not depend on a weight's shape.
func Deviation(d float64) func(in, out int) float64 { return func(int, int) float64 { return d } }

// Xavier is the deviation of Glorot and Bengio (2010), √(2/(in+out)).
func Xavier(in, out int) float64 { return math.Sqrt(2 / float64(in+out)) }

// Starts compares mean and deviation of parameters of a new model with the first of
// the starts that a name fits.
func Starts(t testing.TB, params []*nn.Param, starts []Start) {
	t.Helper()
	for _, p := range params {
		start := find(starts, p.Name)
		if start == nil {
			t.Errorf("%s: nothing is known of how it should begin", p.Name)
			continue
		}
		if start.Values != nil {
			golden.Near(t, p.Name, p.Value.Data, start.Values, 0)
			continue
		}
		out, in := p.Value.Dim(0), p.Value.Len()/p.Value.Dim(0)
		mean, deviation := moments(p.Value.Data)
		want := 0.0
		if start.Deviation != nil {
			want = start.Deviation(in, out)
		}
		n := float64(p.Value.Len())
		if math.Abs(mean-start.Mean) > 5*want/math.Sqrt(n)+1e-6 || math.Abs(deviation-want) > 5*want/math.Sqrt(2*n)+1e-6 {
			t.Errorf("%s %v: begins with mean %v and deviation %v, want %v and %v", p.Name, p.Value.Shape, mean, deviation, start.Mean, want)
		}
	}
}

func find(starts []Start, name string) *Start {
	for i := range starts {
		if strings.HasSuffix(name, starts[i].Suffix) {
			return &starts[i]
		}
	}
	return nil
}

func moments(x []float32) (mean, deviation float64) {
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	square := 0.0
	for _, v := range x {
		square += (float64(v) - mean) * (float64(v) - mean) / float64(len(x))
	}
	return mean, math.Sqrt(square)
}
