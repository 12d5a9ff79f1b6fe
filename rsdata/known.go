package rsdata

import (
	"fmt"
	"image/color"
	"regexp"
	"slices"
	"strings"

	"diffclip/internal/figure"
)

// knownScene is what is published about a benchmark scene: enough to name its classes and to say what is missing.
type knownScene struct {
	name      string
	h, w      int
	hsiBands  int
	rawBands  int    // of files from which noisy bands were not left out, 0 where there are none such
	hsiFile   string // how the hyperspectral file is usually called
	lidarFile string // the same for heights, "" where the scene has none
	labelFile string
	classes   []Class
	train     []int      // official training samples per class, nil where there is no official split
	test      []int      // official test samples per class
	span      [2]float64 // wavelengths of the first and the last band in nanometres, for files that do not tell
}

var knownScenes = []*knownScene{&houston2013, &trento, &muufl, &indianPines, &paviaUniversity, &salinas}

// maxHeights is the most bands that a raster beside labels has which is taken for the heights of a known scene.
const maxHeights = 2

// knownBySize returns the known scene of a size, nil where there is none.
func knownBySize(size [2]int) *knownScene {
	for _, k := range knownScenes {
		if size == [2]int{k.h, k.w} {
			return k
		}
	}
	return nil
}

// recognise takes the scene for a known one where size, bands and labels are those of one. A note says so, and also
// where a scene has the size of a known one and is not it.
func (a *assembly) recognise() {
	k := knownBySize(a.size)
	if k == nil {
		return
	}
	if why := k.unlike(a); why != "" {
		a.notef("not taken for %s, whose size it has: %s", k.name, why)
		return
	}
	a.known, a.name = k, k.name
	a.notef("taken for %s, by its size and what its files hold; if it is another scene, describe it in a scene.json, which diffclip inspect -draft begins", k.name)
	for i := range a.classes { // which are as many as published
		if name := k.classes[i].Name; sameWords(a.classes[i].Name, name) {
			a.classes[i].Name = name
		}
	}
	for i := range a.modalities {
		m := &a.modalities[i]
		if m.Name != "hsi" || m.Wavelengths != nil {
			continue
		}
		if m.Wavelengths = k.wavelengths(m.Bands); m.Wavelengths != nil {
			a.notef("the files bring no wavelengths; %g to %g nm, evenly spaced, are assumed", k.span[0], k.span[1])
		}
	}
}

// word is a word or a number in a name.
var word = regexp.MustCompile(`[\p{L}]+|\d+`)

// sameWords reports whether two names are made of the same words, in any order, of one or of many: "grass_healthy" and "Healthy
// grass", "tree" and "Trees".
func sameWords(a, b string) bool {
	words := func(name string) []string {
		found := word.FindAllString(strings.ToLower(name), -1)
		for i := range found {
			found[i] = strings.TrimSuffix(found[i], "s")
		}
		slices.Sort(found)
		return found
	}
	return slices.Equal(words(a), words(b))
}

// unlike says what tells a scene from the known one of its size, "" where nothing does.
func (k *knownScene) unlike(a *assembly) string {
	hsi, others := false, 0
	for _, m := range a.modalities {
		if m.Name != "hsi" {
			others = max(others, m.Bands)
			continue
		}
		hsi = true
		if m.Bands != k.hsiBands && m.Bands != k.rawBands {
			return fmt.Sprintf("its spectra have %d bands, those of %s %s", m.Bands, k.name, k.bands())
		}
	}
	switch {
	case !hsi && others > 0 && k.lidarFile == "":
		return fmt.Sprintf("its raster has %d bands, the spectra of %s %s", others, k.name, k.bands())
	case !hsi && others > maxHeights:
		return fmt.Sprintf("its raster has %d bands, the heights of %s at most %d", others, k.name, maxHeights)
	case a.classes != nil && len(a.classes) != len(k.classes):
		return fmt.Sprintf("its files name %d classes, %s has %d", len(a.classes), k.name, len(k.classes))
	case a.mostLabel() > len(k.classes):
		return fmt.Sprintf("its labels go up to %d, those of %s to %d", a.mostLabel(), k.name, len(k.classes))
	}
	return ""
}

// bands says in words how many bands the files of the scene have.
func (k *knownScene) bands() string {
	if k.rawBands == 0 {
		return fmt.Sprint(k.hsiBands)
	}
	return fmt.Sprintf("%d or %d", k.hsiBands, k.rawBands)
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
