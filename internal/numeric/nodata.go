package numeric

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseNoData reads the value that marks elements of a type without data, as text. It
// is rounded as the elements are: -3.4e+38 among float32 is the float32 nearest to it. A
// value that no element can have marks nothing, and ok is false.
func ParseNoData(text string, t Type) (v float64, ok bool, err error) {
	if low := strings.ToLower(text); strings.Contains(low, "nan") || strings.Contains(low, "#ind") { // as C libraries print it
		text = "nan"
	}
	v, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false, fmt.Errorf("expected a number, found %.30q", text)
	}
	switch {
	case t == Float32:
		v = float64(float32(v))
	case !t.IsFloat() && (v != math.Trunc(v) || !fits(v, t)):
		return 0, false, nil
	}
	return v, true, nil
}

// fits reports whether the whole number v is in the range of an integer type.
func fits(v float64, t Type) bool {
	bits := 8 * t.Size()
	switch t {
	case Uint8, Uint16, Uint32, Uint64:
		return v >= 0 && v < math.Ldexp(1, bits)
	}
	return v >= -math.Ldexp(1, bits-1) && v < math.Ldexp(1, bits-1)
}
