package georef

import (
	"math"
	"regexp"
	"strconv"
)

// The numbers of a well-known text that a system of the same name must share, in WKT 1 and its dialects.
var (
	parameterEntry = regexp.MustCompile(`(?i)\bPARAMETER\s*[\[(]\s*"([^"]*)"\s*,\s*([-+.\deE]+)`)
	spheroidEntry  = regexp.MustCompile(`(?i)\b(?:SPHEROID|ELLIPSOID)\s*[\[(]\s*"[^"]*"\s*,\s*([-+.\deE]+)\s*,\s*([-+.\deE]+)`)
	meridianEntry  = regexp.MustCompile(`(?i)\bPRIMEM\s*[\[(]\s*"[^"]*"\s*,\s*([-+.\deE]+)`)
	unitEntry      = regexp.MustCompile(`(?i)\bUNIT\s*[\[(]\s*"[^"]*"\s*,\s*([-+.\deE]+)`)
)

// number is one of the numbers of a system.
type number struct{ value, tolerance float64 }

// numbers returns the numbers of a text by what they are. Tolerances are about a centimetre on the ground, but
// for the flattening: ellipsoids that are taken for one another, GRS 80 and WGS 84, differ in its tenth digit.
func numbers(wkt string) map[string]number {
	out := map[string]number{}
	add := func(what, text string, tolerance float64) {
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			out[what] = number{v, tolerance}
		}
	}
	for _, m := range parameterEntry.FindAllStringSubmatch(wkt, -1) {
		tolerance := 1e-7 // degrees, and scales, where meridians and parallels are given to eight digits
		if v, err := strconv.ParseFloat(m[2], 64); err == nil && math.Abs(v) > 360 {
			tolerance = 0.01 // metres
		}
		add("parameter "+simpleName(m[1]), m[2], tolerance)
	}
	if m := spheroidEntry.FindStringSubmatch(wkt); m != nil {
		add("semi-major axis", m[1], 0.01)
		add("inverse flattening", m[2], 1e-4)
	}
	if m := meridianEntry.FindStringSubmatch(wkt); m != nil {
		add("prime meridian", m[1], 1e-7)
	}
	if all := unitEntry.FindAllStringSubmatch(wkt, -1); all != nil { // that of the whole comes last
		add("unit", all[len(all)-1][1], 1e-8)
	}
	return out
}

// contradicts reports whether a text gives another number than a system's own for something that both give.
func contradicts(wkt, system string) bool {
	theirs := numbers(system)
	for what, ours := range numbers(wkt) {
		if their, ok := theirs[what]; ok && math.Abs(ours.value-their.value) > max(ours.tolerance, their.tolerance) {
			return true
		}
	}
	return false
}
