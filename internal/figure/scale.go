package figure

import (
	"math"
	"strconv"
)

// Axis describes one axis of a chart.
type Axis struct {
	Label    string
	Log      bool      // base 10; values that are not positive are left out
	Min, Max float64   // fixed range; both 0 take it from the data
	Ticks    []float64 // where labels stand; nil chooses them
	Whole    bool      // values are whole numbers, such as epochs, and labels stand at such
}

// scale maps values of one axis to pixels.
type scale struct {
	lo, hi   float64 // of the transformed values
	from, to float64 // pixels
	log      bool
	ticks    []float64
}

// largest bounds the values that an axis covers, so that differences stay finite;
// what lies beyond is drawn at the edge.
const largest = 1e300

// newScale covers the finite values that show, with round ticks.
func newScale(a Axis, values []float64, from, to float64, labels int) scale {
	s := scale{from: from, to: to, log: a.Log, lo: math.Inf(1), hi: math.Inf(-1), ticks: a.Ticks}
	cover := func(v float64) {
		if v = s.transform(v); math.Abs(v) <= largest {
			s.lo, s.hi = min(s.lo, v), max(s.hi, v)
		}
	}
	if a.Min != 0 || a.Max != 0 {
		values = []float64{a.Min, a.Max}
	}
	for _, v := range values {
		cover(v)
	}
	if s.lo > s.hi {
		s.lo, s.hi = 0, 1
	}
	if s.hi-s.lo <= max(1e-9*max(math.Abs(s.lo), math.Abs(s.hi)), 1/largest) {
		margin := max(math.Abs(s.lo)/10, 0.5)
		if size := math.Abs(s.lo); !s.log && size > 1e-200 { // however small, as a learning rate that stays is
			margin = size / 10
		}
		s.lo, s.hi = s.lo-margin, s.hi+margin
	}
	if s.ticks != nil {
		for _, v := range s.ticks {
			cover(v)
		}
		return s
	}
	if s.log {
		s.ticks = logTicks(s.lo, s.hi, labels)
		return s
	}
	least := 0.0
	if a.Whole {
		least = 1
	}
	s.ticks = linearTicks(s.lo, s.hi, labels, least)
	if a.Min == 0 && a.Max == 0 { // widen to round ends
		step := s.ticks[1] - s.ticks[0]
		if lo := s.ticks[0]; lo > s.lo {
			s.ticks = append([]float64{lo - step}, s.ticks...)
		}
		if hi := s.ticks[len(s.ticks)-1]; hi < s.hi {
			s.ticks = append(s.ticks, hi+step)
		}
		s.lo, s.hi = s.ticks[0], s.ticks[len(s.ticks)-1]
	}
	return s
}

func (s *scale) transform(v float64) float64 {
	if !s.log {
		return v
	}
	if v <= 0 {
		return math.NaN()
	}
	return math.Log10(v)
}

// at returns the pixel of v, NaN where v cannot be shown, clamped to the axis.
func (s *scale) at(v float64) float64 {
	t := s.transform(v)
	if math.IsNaN(t) {
		return t
	}
	t = min(max((t-s.lo)/(s.hi-s.lo), 0), 1)
	return s.from + t*(s.to-s.from)
}

// linearTicks returns at least two multiples of 1, 2 or 5 times a power of ten
// in or at the ends of [lo, hi], about as many as asked for and at least so far apart.
func linearTicks(lo, hi float64, labels int, least float64) []float64 {
	rough := (hi - lo) / float64(max(labels, 2))
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * power
	for _, m := range []float64{1, 2, 5} {
		if m*power >= rough*(1-1e-9) {
			step = m * power
			break
		}
	}
	step = max(step, least)
	first, last := math.Ceil(lo/step-1e-9), math.Floor(hi/step+1e-9)
	if last-first < 1 {
		first, last = math.Floor(lo/step+1e-9), math.Floor(lo/step+1e-9)+1
	}
	var ticks []float64
	for k := first; k <= last; k++ {
		ticks = append(ticks, k*step+0) // +0 turns -0 into 0
	}
	return ticks
}

// logTicks returns powers of ten between 10^lo and 10^hi, with 2 and 5 times
// them where there are few.
func logTicks(lo, hi float64, labels int) []float64 {
	decades := int(math.Ceil(hi) - math.Floor(lo))
	stride := max(1, (decades+labels-1)/max(labels, 1))
	var ticks []float64
	for e := int(math.Floor(lo)); e <= int(math.Ceil(hi)); e += stride {
		multiples := []float64{1}
		if hi-lo <= 2 {
			multiples = []float64{1, 2, 5}
		}
		for _, m := range multiples {
			v := m * math.Pow(10, float64(e))
			if t := math.Log10(v); t >= lo-1e-9 && t <= hi+1e-9 {
				ticks = append(ticks, v)
			}
		}
	}
	return ticks
}

// tickLabel formats a tick; step is the distance to its neighbour, 0 where ticks
// are not evenly spaced.
func tickLabel(v, step float64) string {
	if step == 0 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	digits := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	if digits > 3 || math.Abs(v) >= 1e6 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// labels returns the text of every tick.
func (s *scale) labels(given bool) []string {
	step := 0.0
	if !s.log && !given && len(s.ticks) > 1 {
		step = s.ticks[1] - s.ticks[0]
	}
	out := make([]string, len(s.ticks))
	for i, v := range s.ticks {
		out[i] = tickLabel(v, step)
	}
	return out
}

// short formats a value for a description.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
