package rsdata

import (
	"fmt"
	"image/color"
	"slices"

	"diffclip/internal/numeric"
)

// maxColors bounds the colours of a map of classes: a photograph has more.
const maxColors = 64

// isColored reports whether an array can be a map whose classes are told by colours: red, green and blue in bytes.
func isColored(v variable) bool {
	return len(v.shape) == 3 && v.shape[2] == 3 && v.class == "uint8"
}

// decolor makes a label map of one in colours, as which a classification is often passed on. Black, or white where
// nothing is black, is unlabelled, as is what is hidden or no data; the other colours are the classes, in the order of
// their red, green and blue.
func (c *content) decolor(ref string) error {
	values, ok := c.array.Data.([]uint8)
	if !ok || len(c.array.Shape) != 3 || c.array.Shape[2] != 3 {
		return nil
	}
	const black, white = 0, 0xffffff
	at := func(i int) int {
		none := c.noData != nil && float64(values[3*i]) == *c.noData && values[3*i] == values[3*i+1] && values[3*i] == values[3*i+2]
		if none || c.hides(i) {
			return black
		}
		return int(values[3*i])<<16 | int(values[3*i+1])<<8 | int(values[3*i+2])
	}
	h, w := c.array.Shape[0], c.array.Shape[1]
	found := map[int]bool{}
	for i := range h * w {
		if found[at(i)] = true; len(found) > maxColors+1 {
			return fmt.Errorf("%s: more than %d colours, which is no map of classes: expected one band with a whole number for each class, or a few colours", ref, maxColors)
		}
	}
	background, name := black, "black"
	if !found[black] && found[white] {
		background, name = white, "white"
	}
	delete(found, background)
	var colors []int
	for rgb := range found {
		colors = append(colors, rgb)
	}
	slices.Sort(colors)
	label := map[int]uint8{background: 0}
	c.classNames, c.classColors = []string{unclassified}, []color.RGBA{rgb(uint8(background), uint8(background), uint8(background))}
	for k, v := range colors {
		label[v] = uint8(k + 1)
		c.classNames = append(c.classNames, fmt.Sprintf("colour #%06x", v))
		c.classColors = append(c.classColors, rgb(uint8(v>>16), uint8(v>>8), uint8(v)))
	}
	labels := make([]uint8, h*w)
	for i := range labels {
		labels[i] = label[at(i)]
	}
	c.array = &numeric.Array{Shape: []int{h, w, 1}, Type: numeric.Uint8, Data: labels}
	c.noData, c.hidden, c.scale = nil, nil, nil
	c.notes = append(c.notes, fmt.Sprintf("its %d colours are taken for classes, and %s for unlabelled", len(colors), name))
	c.colored = true
	return nil
}

// described gives labels that were told by colours those of the classes with these colours, which may be that of the
// unlabelled, too.
func (c *content) described(labels []uint8, classes []Class, ref string, w int) error {
	if !c.colored || len(classes) == 0 {
		return nil
	}
	to := make([]uint8, len(c.classColors))
	for k, want := range c.classColors {
		to[k] = uint8(slices.IndexFunc(classes, func(class Class) bool { return class.Color == want }) + 1)
	}
	for i, l := range labels {
		if l != 0 && to[l] == 0 {
			return fmt.Errorf("%s: the %s at row %d, column %d is that of no class: give each class of scene.json its \"color\", which diffclip inspect -draft does", ref, c.classNames[l], i/w, i%w)
		}
		labels[i] = to[l]
	}
	return nil
}
