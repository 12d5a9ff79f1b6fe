// Package spectral reads the units in which files give the wavelengths of bands.
package spectral

import "strings"

// Nanometres returns how many nanometres a unit of wavelength is. Where the unit
// is missing or unknown the value v decides: below 100 it can only be
// micrometres. It is false for units of something else than a length, such as
// wavenumbers or the index of a band.
func Nanometres(unit string, v float64) (n float64, ok bool) {
	switch u := strings.ToLower(strings.TrimSpace(unit)); {
	case strings.HasPrefix(u, "nano"), u == "nm":
		return 1, true
	case strings.HasPrefix(u, "micro"), u == "um", u == "µm", u == "μm":
		return 1e3, true
	case strings.HasPrefix(u, "milli"), u == "mm":
		return 1e6, true
	case strings.HasPrefix(u, "centi"), u == "cm":
		return 1e7, true
	case strings.HasPrefix(u, "met"), u == "m":
		return 1e9, true
	case strings.HasPrefix(u, "angstrom"), u == "å":
		return 0.1, true
	case strings.HasPrefix(u, "wavenumber"), strings.HasSuffix(u, "hz"), u == "cm-1", u == "1/cm":
		return 0, false
	case strings.HasPrefix(u, "index") && v < 100: // some headers say Index and list nanometres
		return 0, false
	case v < 100:
		return 1e3, true
	}
	return 1, true
}
