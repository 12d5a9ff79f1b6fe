package rsdata

import (
	"image"
	"image/color"

	"diffclip/internal/atomicfile"
	"diffclip/internal/figure"
)

// pictureSide bounds the sides of a picture of a map in map pixels.
const pictureSide = 4096

// thumbnail keeps every stride-th label of a map in both directions, all of them where the map is small.
type thumbnail struct {
	stride, width int
	labels        []uint8
}

func newThumbnail(width, height int) thumbnail {
	stride := max(1, (max(width, height)+pictureSide-1)/pictureSide)
	return thumbnail{stride: stride, width: (width + stride - 1) / stride}
}

func (t *thumbnail) add(row int, labels []uint8) {
	if row%t.stride != 0 {
		return
	}
	for c := 0; c < len(labels); c += t.stride {
		t.labels = append(t.labels, labels[c])
	}
}

// LabelImage paints labels (H, W) in the colours of their classes; label 0 is transparent. It panics where a label has
// no class.
func LabelImage(labels []uint8, width int, classes []Class) *image.Paletted {
	palette := color.Palette{color.RGBA{}}
	for _, c := range classes {
		palette = append(palette, color.RGBA{c.Color.R, c.Color.G, c.Color.B, 255})
	}
	im := image.NewPaletted(image.Rect(0, 0, width, len(labels)/width), palette)
	for i, l := range labels {
		_ = palette[l]
		im.Pix[i] = l
	}
	return im
}

// Legend returns the classes as the legend of one of the program's own figures.
func Legend(classes []Class) []figure.Category {
	legend := make([]figure.Category, len(classes))
	for i, c := range classes {
		legend[i] = figure.Category{Name: c.Name, Color: figure.RGB{R: c.Color.R, G: c.Color.G, B: c.Color.B}}
	}
	return legend
}

// ColorBlindSafe returns the classes with colours that tell apart for people with any kind of colour blindness, in
// place of their own.
func ColorBlindSafe(classes []Class) []Class {
	safe := append([]Class(nil), classes...)
	for i, c := range figure.Categorical(len(classes)) {
		safe[i].Color = color.RGBA{c.R, c.G, c.B, 255}
	}
	return safe
}

// writePicture writes a figure as a PNG file, whole or not at all.
func writePicture(path string, f figure.Figure, scale int) error {
	out, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := figure.WritePNG(out, f, scale); err != nil {
		return err
	}
	return out.Commit()
}
