package spectral

import "testing"

func TestNanometres(t *testing.T) {
	for _, c := range []struct {
		unit string
		v    float64
		want float64 // 0: no length
	}{
		{"Nanometers", 50, 1}, {" nm ", 50, 1}, {"Micrometers", 400, 1000}, {"um", 0.4, 1000}, {"µm", 0.4, 1000},
		{"", 0.4, 1000}, {"", 400, 1}, {"Unknown", 2.5, 1000}, {"Index", 364, 1}, {"Index", 1, 0},
		{"Angstroms", 4000, 0.1}, {"Meters", 4e-7, 1e9}, {"Millimeters", 4e-4, 1e6}, {"cm", 4e-5, 1e7},
		{"Wavenumber", 25000, 0}, {"GHz", 10, 0}, {"cm-1", 900, 0},
	} {
		if got, ok := Nanometres(c.unit, c.v); got != c.want || ok != (c.want != 0) {
			t.Errorf("%v in %q: %v, %v, want %v", c.v, c.unit, got, ok, c.want)
		}
	}
}
