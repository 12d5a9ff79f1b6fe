package spectral

import "testing"

func TestNanometres(t *testing.T) {
	for _, c := range []struct {
		unit string
		v    float64
		want float64
	}{
		{"Nanometers", 50, 1}, {" nm ", 50, 1}, {"Micrometers", 400, 1000}, {"um", 0.4, 1000}, {"µm", 0.4, 1000},
		{"", 0.4, 1000}, {"", 400, 1}, {"Unknown", 2.5, 1000}, {"Index", 364, 1},
	} {
		if got := Nanometres(c.unit, c.v); got != c.want {
			t.Errorf("%v in %q: %v, want %v", c.v, c.unit, got, c.want)
		}
	}
}
