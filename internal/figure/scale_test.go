package figure

import (
	"math"
	"slices"
	"testing"
)

func TestTicks(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		axis   Axis
		values []float64
		want   []string
	}{
		{"round ends", Axis{}, []float64{0.03, 0.97}, []string{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{"negative", Axis{}, []float64{-7, 12}, []string{"-10", "-5", "0", "5", "10", "15"}},
		{"fixed", Axis{Max: 100}, []float64{3}, []string{"0", "20", "40", "60", "80", "100"}},
		{"small", Axis{}, []float64{0, 2e-4}, []string{"0", "5e-05", "0.0001", "0.00015", "0.0002"}},
		{"constant", Axis{}, []float64{5, 5}, []string{"4.4", "4.6", "4.8", "5.0", "5.2", "5.4", "5.6"}},
		{"constant and small", Axis{}, []float64{1e-3, 1e-3}, []string{"0.00085", "0.0009", "0.00095", "0.001", "0.00105", "0.0011"}},
		{"one epoch", Axis{Whole: true}, []float64{1}, []string{"0", "1", "2"}},
		{"one of a log", Axis{Log: true}, []float64{3}, []string{"1", "2", "5"}},
		{"nothing", Axis{}, nil, []string{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{"not finite", Axis{}, []float64{nan, math.Inf(1), 0, 1}, []string{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{"decades", Axis{Log: true}, []float64{0.001, 1000}, []string{"0.001", "0.1", "10", "1000"}},
		{"one decade", Axis{Log: true}, []float64{2, 20}, []string{"2", "5", "10", "20"}},
		{"log of nothing positive", Axis{Log: true}, []float64{-1, 0}, []string{"1", "2", "5", "10"}},
		{"given", Axis{Log: true, Ticks: []float64{2, 8, 20}}, []float64{3}, []string{"2", "8", "20"}},
	} {
		s := newScale(c.axis, c.values, 0, 100, 5)
		if got := s.labels(c.axis.Ticks != nil); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestScaleStaysInside(t *testing.T) {
	for _, s := range []scale{
		newScale(Axis{}, []float64{-3, 9}, 20, 200, 5),
		newScale(Axis{Log: true}, []float64{0.1, 30}, 200, 20, 5),
		newScale(Axis{}, []float64{math.MaxFloat64, -math.MaxFloat64}, 20, 200, 5),
		newScale(Axis{}, []float64{1e300, -1e300}, 20, 200, 5),
		newScale(Axis{}, []float64{0, math.SmallestNonzeroFloat64}, 20, 200, 5),
		newScale(Axis{}, []float64{1e-201, 1e-201}, 20, 200, 5),
		newScale(Axis{}, []float64{-1e-199, -1e-199}, 20, 200, 5),
		newScale(Axis{Log: true}, []float64{1e-300, 1e300}, 20, 200, 5),
	} {
		if n := len(s.ticks); n < 2 || n > 12 {
			t.Errorf("%d ticks from %v to %v", n, s.lo, s.hi)
		}
		for _, v := range []float64{-1e300, -1, 1e-300, 0.5, 7, 1e300} {
			if at := s.at(v); !math.IsNaN(at) && (at < 20 || at > 200) {
				t.Errorf("%v lies at %v", v, at)
			}
		}
	}
}

func TestThinKeepsExtremes(t *testing.T) {
	var points []point
	for i := range 10000 {
		points = append(points, point{float64(i) / 100, float64(i % 97)})
	}
	points[4321].y = 500
	out := thin(points)
	if len(out) > 400 {
		t.Errorf("%d points are left", len(out))
	}
	if !slices.Contains(out, points[4321]) || out[0] != points[0] || out[len(out)-1] != points[9999] {
		t.Error("an extreme or an end is lost")
	}
	if !slices.IsSortedFunc(out, func(a, b point) int { return int(math.Copysign(1, a.x-b.x)) }) {
		t.Error("points are out of order")
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		s     string
		width float64
		want  string
	}{{"Parking lot", 66, "Parking lot"}, {"Parking lot", 60, "Parking .."}, {"Größe", 24, "Gr.."}, {"abc", 6, "a"}, {"", 6, ""}} {
		if got := fit(c.s, c.width); got != c.want {
			t.Errorf("fit(%q, %v) = %q, want %q", c.s, c.width, got, c.want)
		}
	}
}
