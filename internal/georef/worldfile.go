package georef

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseWorldFile reads the text of a world file, such as the .tfw beside a TIFF: six
// numbers, which are a pixel's width, the two rotations, minus its height, and the
// map coordinates of the first pixel's centre.
func ParseWorldFile(text string) (Affine, error) {
	items := strings.Fields(text)
	if len(items) != 6 {
		return Affine{}, fmt.Errorf("a world file has 6 numbers, found %d", len(items))
	}
	var v [6]float64
	for i, item := range items {
		var err error
		if v[i], err = strconv.ParseFloat(item, 64); err != nil {
			return Affine{}, fmt.Errorf("number %d of a world file is %.30q", i+1, item)
		}
	}
	a := Affine{v[4], v[0], v[2], v[5], v[1], v[3]}.Shift(-0.5, -0.5)
	if _, ok := a.Inverse(); !ok {
		return Affine{}, fmt.Errorf("the transform of the world file, %v, cannot be used", a)
	}
	return a, nil
}
