package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var classNames = []string{"Healthy grass", "Trees", "Water", "Roof <flat> & \"steep\"", "Röad"}

// samples are one figure of every kind, with values that are awkward on purpose.
func samples() map[string]Figure {
	var steps, train, valid []float64
	for i := range 2000 {
		x := float64(i)
		steps = append(steps, x)
		train = append(train, 2*math.Exp(-x/300)+0.05+0.03*math.Sin(x))
		valid = append(valid, 2*math.Exp(-x/350)+0.1)
	}
	valid[700] = math.NaN()
	colors := Categorical(len(classNames))
	var legend []Category
	for i, n := range classNames {
		legend = append(legend, Category{n, colors[i]})
	}
	var points []ScatterPoint
	for i := range 150 {
		k, a := i%5, float64(i)
		points = append(points, ScatterPoint{3*math.Cos(float64(k)) + math.Sin(a*7), 3*math.Sin(float64(k)) + math.Cos(a*11), k})
	}
	classes := image.NewRGBA(image.Rect(0, 0, 40, 30))
	patch := image.NewGray(image.Rect(5, 5, 16, 16))
	for y := range 30 {
		for x := range 40 {
			classes.Set(x, y, colors[(x/9+y/7)%5])
			patch.SetGray(x%11+5, y%11+5, color.Gray{uint8(x * 20 % 256)})
		}
	}
	return map[string]Figure{
		"lines":     &Lines{Title: "Loss", X: Axis{Label: "step"}, Y: Axis{Label: "loss", Log: true}, Series: []Series{{Name: "training", X: steps, Y: train}, {Name: "validation", X: steps, Y: valid}}},
		"shots":     &Lines{Title: "Accuracy by shots", X: Axis{Label: "samples per class", Log: true, Ticks: []float64{2, 8, 20}}, Y: Axis{Label: "OA (%)"}, Series: []Series{{"DiffCLIP", []float64{2, 8, 20}, []float64{35, 50, 61}, []float64{3, 2, 1}}, {"SVM", []float64{2, 8, 20}, []float64{26.2, 40.4, 51.3}, []float64{2.5, 2, 1.5}}}},
		"bars":      &Bars{Title: "Recall per class", Value: Axis{Label: "recall (%)", Max: 100}, Format: "%.1f", Categories: classNames, Series: []BarSeries{{"stage 1 + 2", []float64{91, 80.5, 100, 42, math.NaN()}, []float64{2, 5, 0, 8, math.NaN()}}, {"stage 2", []float64{81, 70.5, 99, 32, 55}, nil}}},
		"scatter":   &Scatter{Title: "t-SNE of image features", Categories: legend, Points: points},
		"confusion": &Matrix{Title: "Confusion matrix", Names: classNames, Counts: [][]int64{{950, 3, 0, 12, 0}, {20, 800, 1, 0, 7}, {0, 0, 143, 0, 0}, {0, 5, 0, 300, 180}, {0, 0, 0, 0, 0}}},
		"map":       &Images{Title: "Map and ground truth", Rows: [][]Cell{{{classes, "map"}, {classes, "truth"}}}, Legend: legend, Note: "The map beside the truth."},
		"patches":   &Images{Title: "Restoring a patch", Rows: [][]Cell{{{patch, "t = 0"}, {patch, "t = 500"}, {nil, ""}}, {{patch, "t = 0"}, {patch, "t = 500"}, {patch, "restored"}}}, RowNames: []string{"HSI", "LiDAR"}, ColorBar: "attention"},
		"empty":     &Lines{Title: "Nothing yet", X: Axis{Label: "step"}, Y: Axis{Label: "loss"}},
		"constant":  &Lines{Title: "Constant", Series: []Series{{"", []float64{1, 2}, []float64{5, 5}, nil}}},
	}
}

// With FIGURE_DIR set the sample pictures are left there to be looked at.
func TestSamplesAreValid(t *testing.T) {
	for name, f := range samples() {
		var b bytes.Buffer
		if err := WritePNG(&b, f, 2); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text := SVG(f)
		if dir := os.Getenv("FIGURE_DIR"); dir != "" {
			os.WriteFile(filepath.Join(dir, name+".png"), b.Bytes(), 0o666)
			os.WriteFile(filepath.Join(dir, name+".svg"), []byte(text), 0o666)
		}
		im, err := png.Decode(&b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w, h := f.size()
		if got := im.Bounds().Size(); got.X != int(math.Ceil(2*w)) || got.Y != int(math.Ceil(2*h)) {
			t.Errorf("%s: picture of %v for a figure of %v x %v", name, got, w, h)
		}
		checkSVG(t, name, text)
	}
}

// checkSVG wants well-formed XML with a title and a description, and no
// coordinate that is not a number.
func checkSVG(t *testing.T, name, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	seen := map[string]bool{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if e, ok := token.(xml.StartElement); ok {
			seen[e.Name.Local] = true
			for _, a := range e.Attr {
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("%s: <%s %s=%q>", name, e.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
	for _, e := range []string{"svg", "title", "desc", "text", "style"} {
		if !seen[e] {
			t.Errorf("%s: no <%s>", name, e)
		}
	}
}

func TestDescriptions(t *testing.T) {
	all := samples()
	for name, want := range map[string]string{
		"shots":     "Line chart of OA (%) over samples per class. DiffCLIP: from 35 at 2 to 61 at 20. SVM: from 26.2 at 2 to 51.3 at 20.",
		"confusion": "Confusion matrix of 5 classes: 2193 of 2421 samples are right. The most frequent mistake is Roof <flat> & \"steep\" taken for Röad, 180 times.",
		"map":       "The map beside the truth. Classes: Healthy grass, Trees, Water, Roof <flat> & \"steep\", Röad.",
		"empty":     "Line chart of loss over step.",
	} {
		if _, text := Describe(all[name]); text != want {
			t.Errorf("%s: %q, want %q", name, text, want)
		}
	}
}

func TestSameBytesEachTime(t *testing.T) {
	for name := range samples() {
		var a, b bytes.Buffer
		if WritePNG(&a, samples()[name], 1) != nil || WritePNG(&b, samples()[name], 1) != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: PNG differs between two drawings", name)
		}
		if first, second := SVG(samples()[name]), SVG(samples()[name]); first != second {
			t.Errorf("%s: SVG differs between two drawings", name)
		}
	}
}

func TestWritePNGRefusesSizes(t *testing.T) {
	for _, scale := range []int{0, -1, 1000} {
		if err := WritePNG(io.Discard, &Lines{Title: "x"}, scale); err == nil {
			t.Errorf("scale %d: no error", scale)
		}
	}
}

func TestMismatchedFiguresPanic(t *testing.T) {
	for name, f := range map[string]Figure{
		"lines":   &Lines{Series: []Series{{X: []float64{1, 2}, Y: []float64{1}}}},
		"bars":    &Bars{Categories: []string{"a"}, Series: []BarSeries{{Values: []float64{1, 2}}}},
		"scatter": &Scatter{Points: []ScatterPoint{{0, 0, 1}}, Categories: []Category{{"a", RGB{}}}},
		"matrix":  &Matrix{Names: []string{"a", "b"}, Counts: [][]int64{{1}}},
		"rows":    &Matrix{Names: []string{"a", "b"}, Counts: [][]int64{{1, 2}, {3}}},
		"images":  &Images{Rows: [][]Cell{{}}, RowNames: []string{"a", "b"}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			SVG(f)
		}()
	}
}

// The raster paints where it should: a 10 px square, a disc of radius 5, a
// line of width 2, at scale 2.
func TestRasterAreas(t *testing.T) {
	red := fixed(RGB{255, 0, 0})
	for _, c := range []struct {
		name string
		draw func(c canvas)
		want float64 // area in pixels at scale 1
	}{
		{"rect", func(c canvas) { c.rect(3, 4, 10, 10, red) }, 100},
		{"disc", func(c canvas) { c.mark(point{20, 20}, 5, disc, red) }, math.Pi * 25},
		{"square", func(c canvas) { c.mark(point{20, 20}, 10, square, red) }, 17 * 17},
		{"triangle", func(c canvas) { c.mark(point{20, 20}, 10, triangle, red) }, 3 * math.Sqrt(3) / 4 * 100},
		{"diamond", func(c canvas) { c.mark(point{20, 20}, 10, diamond, red) }, 200},
		{"cross", func(c canvas) { c.mark(point{20, 20}, 10, cross, red) }, 2*20*6 - 36},
		{"line", func(c canvas) { c.line([]point{{5, 5}, {35, 20}}, 2, nil, red) }, 2*math.Hypot(30, 15) + math.Pi},
		{"dashed line", func(c canvas) { c.line([]point{{4, 10}, {36, 10}}, 2, []float64{4, 4}, red) }, 4 * (8 + math.Pi)},
	} {
		r := newRaster(40, 40, 2)
		c.draw(r)
		var area float64
		for i := 0; i < len(r.img.Pix); i += 4 {
			area += float64(255-r.img.Pix[i+1]) / 255 / 4
		}
		if math.Abs(area-c.want) > 0.02*c.want+0.5 {
			t.Errorf("%s: area %.1f, want %.1f", c.name, area, c.want)
		}
	}
}

func TestFontHasAllASCII(t *testing.T) {
	shapes := map[glyph]rune{}
	for r := rune(32); r < 127; r++ {
		g := glyphOf(r)
		if g == glyphOf('\uFFFD') {
			t.Errorf("no glyph for %q", r)
		}
		if other, taken := shapes[g]; taken {
			t.Errorf("%q and %q look the same", r, other)
		}
		shapes[g] = r
	}
	for _, r := range "ÄÖÜäöüéèñçÅåŠšžłßŞ" {
		g := glyphOf(r)
		if g == glyphOf('\uFFFD') {
			t.Errorf("no glyph for %q", r)
		}
		if other, taken := shapes[g]; taken && r != 'ł' {
			t.Errorf("%q and %q look the same", r, other)
		}
	}
	if glyphOf('ł') != glyphOf('l') || glyphOf('字') != glyphOf('\uFFFD') || glyphOf(' ') != (glyph{}) {
		t.Error("folding, the missing letter or the blank is wrong")
	}
}

// A legend cuts no name: one that is too long for a row goes on in the next.
func TestLegendOfLongNames(t *testing.T) {
	names := []string{"water", "broad-leaved and mixed woodland on former arable land, younger than twenty years", "oak",
		"Fließgewässerbegleitende Hochstaudenflur", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"}
	var legend []Category
	for _, n := range names {
		legend = append(legend, Category{Name: n})
	}
	rows := legendRows(swatches(legend), 272)
	read, samples := "", 0
	for _, row := range rows {
		width := 0.0
		for _, e := range row {
			width += sampleWidth + textWidth(e.name)
			if e.sample != nil {
				samples++
				read += "|"
			}
			read += e.name + " "
		}
		if width > 272 {
			t.Errorf("a row of %v pixels: %q", width, row[0].name)
		}
	}
	want := ""
	for _, n := range names {
		want += "|" + n + " "
	}
	if plain := strings.NewReplacer(" ", ""); plain.Replace(read) != plain.Replace(want) || samples != len(names) {
		t.Errorf("the legend reads %q with %d samples", read, samples)
	}
	if got := wrap("ab cd", 12*advance); !slices.Equal(got, []string{"ab cd"}) {
		t.Errorf("%q", got)
	}
}
