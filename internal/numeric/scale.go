package numeric

import "math"

// Scale says what is measured by a stored value: Gain times the value, plus Offset.
type Scale struct{ Gain, Offset float64 }

// Stored is the scale of values that are the measurements themselves.
var Stored = Scale{Gain: 1}

// Usable reports whether the scale tells different values apart.
func (s Scale) Usable() bool {
	finite := s.Gain-s.Gain == 0 && s.Offset-s.Offset == 0
	return finite && math.Abs(s.Gain) > 1e-30 && math.Abs(s.Gain) < 1e30
}

// Of returns what a stored value measures.
func (s Scale) Of(v float64) float64 { return s.Gain*v + s.Offset }
