package rsdata

import (
	"fmt"
	"image/color"
	"slices"

	"diffclip/internal/figure"
)

// knownScene is what is published about a benchmark scene: enough to name its classes and to say what is missing.
type knownScene struct {
	name      string
	h, w      int
	hsiBands  int
	hsiFile   string // how the hyperspectral file is usually called
	lidarFile string // the same for heights, "" where the scene has none
	labelFile string
	classes   []Class
	train     []int      // official training samples per class, nil where there is no official split
	test      []int      // official test samples per class
	span      [2]float64 // wavelengths of the first and the last band in nanometres, for files that do not tell
}

// knownScenes are recognised by their size in pixels.
var knownScenes = []*knownScene{&houston2013, &trento, &muufl, &indianPines, &paviaUniversity, &salinas}

// knownBySize returns the scene of a size, nil where none is known.
func knownBySize(size [2]int) *knownScene {
	for _, k := range knownScenes {
		if size == [2]int{k.h, k.w} {
			return k
		}
	}
	return nil
}

// UsualFiles says in which files a known scene usually comes, given its name as Open sets it ("Houston 2013"); nil for
// other names.
func UsualFiles(name string) []string {
	for _, k := range knownScenes {
		if k.name != name {
			continue
		}
		files := []string{fmt.Sprintf("the hyperspectral image, %d x %d x %d: %s", k.h, k.w, k.hsiBands, k.hsiFile)}
		if k.lidarFile != "" {
			files = append(files, fmt.Sprintf("the heights, %d x %d or with bands: %s", k.h, k.w, k.lidarFile))
		}
		return append(files, fmt.Sprintf("the labels, %d x %d, 0 to %d: %s", k.h, k.w, len(k.classes), k.labelFile))
	}
	return nil
}

// wavelengths returns evenly spaced band centres, nil where the file has another number of bands than published.
func (k *knownScene) wavelengths(bands int) []float64 {
	if bands != k.hsiBands || k.span[1] == 0 {
		return nil
	}
	out := make([]float64, bands)
	for b := range out {
		out[b] = k.span[0] + (k.span[1]-k.span[0])*float64(b)/float64(bands-1)
	}
	return out
}

// checkOfficial recognises official maps that were exchanged, by their published counts.
func (k *knownScene) checkOfficial(train, test []uint8, trainRef, testRef string) error {
	if k.train == nil || train == nil || test == nil {
		return nil
	}
	a, b := countLabels(train, len(k.classes)), countLabels(test, len(k.classes))
	if slices.Equal(a, k.test) && slices.Equal(b, k.train) {
		return fmt.Errorf("%s and %s: the training and the test map of %s seem exchanged: %d training and %d test pixels, expected %d and %d: swap the files",
			trainRef, testRef, k.name, sum(a), sum(b), sum(k.train), sum(k.test))
	}
	return nil
}

// countLabels counts the pixels of each class.
func countLabels(labels []uint8, classes int) []int {
	n := make([]int, classes)
	for _, l := range labels {
		if l > 0 && int(l) <= classes {
			n[l-1]++
		}
	}
	return n
}

// rgb is an opaque colour.
func rgb(r, g, b uint8) color.RGBA { return color.RGBA{r, g, b, 255} }

// autoColors are the first colours of classes that bring none of their own.
var autoColors = []color.RGBA{
	rgb(31, 119, 180), rgb(255, 127, 14), rgb(44, 160, 44), rgb(214, 39, 40), rgb(148, 103, 189), rgb(140, 86, 75),
	rgb(227, 119, 194), rgb(188, 189, 34), rgb(23, 190, 207), rgb(174, 199, 232), rgb(255, 187, 120), rgb(152, 223, 138),
	rgb(255, 152, 150), rgb(197, 176, 213), rgb(196, 156, 148), rgb(127, 127, 127),
}

// freeColors returns n colours for classes beside others of given colours: the autoColors that are like none of those,
// then whatever is farthest from all.
func freeColors(n int, given ...color.RGBA) []color.RGBA {
	var free []color.RGBA
	for _, c := range autoColors {
		if len(free) < n && !slices.ContainsFunc(given, func(g color.RGBA) bool { return alike(c, g) }) {
			free = append(free, c)
		}
	}
	var taken []figure.RGB
	for _, c := range append(slices.Clone(given), free...) {
		taken = append(taken, figure.RGB{R: c.R, G: c.G, B: c.B})
	}
	for _, c := range figure.Extend(taken, n-len(free))[len(taken):] {
		free = append(free, rgb(c.R, c.G, c.B))
	}
	return free
}

// alike reports whether colours are hard to tell apart on a map.
func alike(a, b color.RGBA) bool {
	far := func(x, y uint8) int { return (int(x) - int(y)) * (int(x) - int(y)) }
	const near = 60
	return far(a.R, b.R)+far(a.G, b.G)+far(a.B, b.B) < near*near
}

// unnamedClasses makes up n classes.
func unnamedClasses(n int) []Class {
	out := make([]Class, n)
	for i, c := range freeColors(n) {
		out[i] = Class{fmt.Sprintf("class %d", i+1), c}
	}
	return out
}
