// Package spectral reads the units in which files give the wavelengths of bands.
package spectral

import "strings"

// Nanometres returns how many nanometres a unit of wavelength is. Where the unit
// is missing or unknown the value v decides: below 100 it can only be
// micrometres.
func Nanometres(unit string, v float64) float64 {
	switch u := strings.ToLower(strings.TrimSpace(unit)); {
	case strings.HasPrefix(u, "nano"), u == "nm":
		return 1
	case strings.HasPrefix(u, "micro"), u == "um", u == "µm", u == "μm":
		return 1000
	case v < 100:
		return 1000
	}
	return 1
}
