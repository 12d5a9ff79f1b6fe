package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"diffclip/internal/figure"
)

func picture(t *testing.T) []byte {
	t.Helper()
	im := image.NewRGBA(image.Rect(0, 0, 220, 160))
	for i := range 220 * 160 {
		x, y := i%220, i/220
		im.Set(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sample(t *testing.T) *Report {
	names := []string{"Healthy grass", "Trees", "Water", "Roof <flat> & \"steep\"", "Röad"}
	counts := [][]int64{{95, 3, 0, 12, 0}, {20, 80, 1, 0, 7}, {0, 0, 143, 0, 0}, {0, 5, 0, 300, 18}, {1, 0, 0, 0, 40}}
	classes := Table{Caption: "Accuracy per class, mean ± standard deviation over 10 seeds (%)", Header: []string{"class", "samples", "stage 2", "stage 1 + 2"}}
	for i, n := range names {
		c := figure.Categorical(len(names))[i]
		classes.Rows = append(classes.Rows, []Cell{{Text: n, Swatch: &c, Other: &figure.RGB{R: 9}}, {Text: "1053"}, {Text: "71.2 ± 3.1"}, {Text: "81.2 ± 1.3", Strong: true}})
	}
	var x, loss []float64
	for i := range 300 {
		x, loss = append(x, float64(i)), append(loss, 2/(1+float64(i)/20))
	}
	return &Report{
		Choice:   &Choice{"Colours", "own", "safe"},
		Title:    "DiffCLIP on <demo>",
		Subtitle: "20 samples per class, protocol disjoint, seed 1",
		Summary:  []Fact{{"OA", "81.2 ± 1.3 %", "10 seeds"}, {"AA", "79.9 ± 1.0 %", ""}, {"kappa", "0.78", "stage 2 alone 0.66"}, {"Time", "1 min 52 s", "2 threads"}},
		Sections: []Section{
			{Title: "Training", Text: []string{"Stage 1 saw 4,000 unlabelled windows.", "Both losses fall."},
				Figures: []Figure{{Drawing: &figure.Lines{Title: "Loss of stage 1", X: figure.Axis{Label: "step"}, Y: figure.Axis{Label: "loss"}, Series: []figure.Series{{Name: "loss", X: x, Y: loss}}}, Caption: "The loss over the steps."},
					{Drawing: &figure.Matrix{Title: "Confusion matrix", Names: names, Counts: counts}}}},
			{Title: "Classes", Tables: []Table{classes}},
			{Title: "Classes", Code: "diffclip demo -out run && echo \"<done>\"", Figures: []Figure{{PNG: picture(t), Alt: "False colour picture of the scene", Caption: "False colour."}}},
			{Title: "Map", Legend: []Key{{Name: "Water", Color: figure.RGB{B: 255}, Other: figure.RGB{G: 200}}},
				Figures: []Figure{{PNG: picture(t), OtherPNG: picture(t), Alt: "Map", Caption: "map", Zoom: 3}}},
			{Title: "Features", Figures: []Figure{{Drawing: scatter(figure.RGB{B: 255}), OtherDrawing: scatter(figure.RGB{G: 200})}}},
			{Title: "§"},
			{Title: "Main"},
		},
	}
}

func scatter(c figure.RGB) figure.Figure {
	return &figure.Scatter{Title: "Features", Categories: []figure.Category{{Name: "Water", Color: c}}, Points: []figure.ScatterPoint{{X: 1, Y: 2}, {X: 3, Y: 1}}}
}

// With REPORT_DIR set the page is left there to be looked at.
func TestPageIsValid(t *testing.T) {
	var b bytes.Buffer
	if err := sample(t).Write(&b); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("REPORT_DIR"); dir != "" {
		os.WriteFile(filepath.Join(dir, "report.html"), b.Bytes(), 0o666)
	}
	checkPage(t, b.String())
	if n := strings.Count(b.String(), "<fieldset>"); n != 1 {
		t.Errorf("%d choices on the page, want one for all of it", n)
	}
	for _, want := range []string{"DiffCLIP on &lt;demo&gt;", `id="classes-2"`, `id="section"`, "1 min 52 s", `alt="False colour picture of the scene"`,
		`<label><input type="radio" name="choice" class="other"/> safe</label>`, `<img class="two" src="data:`, `<div class="scroll two"`, `<span class="two"><svg class="swatch"`, `fill="#00c800"/></svg> Water`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// checkPage reads the page as strict XML, which it is by choice, and checks
// what a browser or a screen reader would stumble over.
func checkPage(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	p := &pageCheck{T: t, ids: map[string]bool{}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			attr := map[string]string{}
			for _, a := range e.Attr {
				attr[a.Name.Local] = a.Value
			}
			p.element(e.Name.Local, attr)
			p.links(e.Name.Local, attr)
		}
	}
	if p.titles != 1 {
		t.Errorf("%d <h1>", p.titles)
	}
	for _, r := range p.refs {
		if !p.ids[r] {
			t.Errorf("nothing has the id %q", r)
		}
	}
	if loads := regexp.MustCompile(`(?:src|href)="(?:https?:)?//|url\(|@import`).FindString(text); loads != "" {
		t.Errorf("the page loads something: %s", loads)
	}
	if strings.Count(text, "<table>") != strings.Count(text, "<caption") {
		t.Error("a table without a caption")
	}
}

type pageCheck struct {
	*testing.T
	ids    map[string]bool
	refs   []string // ids that something points to
	level  int      // of the last heading
	titles int
}

func (p *pageCheck) element(name string, attr map[string]string) {
	switch name {
	case "script", "iframe", "link", "object":
		p.Errorf("<%s> in the page", name)
	case "h1", "h2", "h3":
		now, _ := strconv.Atoi(name[1:])
		if now > p.level+1 {
			p.Errorf("<%s> after level %d", name, p.level)
		}
		if p.level = now; now == 1 {
			p.titles++
		}
	case "img":
		if attr["alt"] == "" || attr["width"] == "" || attr["height"] == "" || !strings.HasPrefix(attr["src"], "data:image/png;base64,") {
			p.Errorf("<img> with alt %q, size %q x %q, source %.30q", attr["alt"], attr["width"], attr["height"], attr["src"])
		}
	case "svg":
		if attr["aria-label"] == "" && attr["aria-hidden"] != "true" {
			p.Error("<svg> without a label")
		}
	case "th":
		if attr["scope"] == "" {
			p.Error("<th> without a scope")
		}
	case "div":
		if attr["tabindex"] == "0" && (attr["role"] == "" || attr["aria-label"]+attr["aria-labelledby"] == "") {
			p.Errorf("a focusable <div> without role or name: %v", attr)
		}
	}
}

func (p *pageCheck) links(name string, attr map[string]string) {
	if id := attr["id"]; id != "" {
		if p.ids[id] {
			p.Errorf("id %q twice", id)
		}
		p.ids[id] = true
	}
	if r := attr["aria-labelledby"]; r != "" {
		p.refs = append(p.refs, r)
	}
	if name == "a" {
		p.refs = append(p.refs, strings.TrimPrefix(attr["href"], "#"))
	}
}

// Text needs a contrast of 4.5 on page and panel in either mode (WCAG 2.1 AA).
func TestContrast(t *testing.T) {
	schemes := regexp.MustCompile(`:root\{[^}]*--ink[^}]*\}`).FindAllString(pageStyle, -1)
	if len(schemes) != 2 {
		t.Fatalf("%d colour schemes, want light and dark", len(schemes))
	}
	for _, scheme := range schemes {
		colors := map[string]figure.RGB{}
		for _, m := range regexp.MustCompile(`--(\w+):#([0-9a-f]+)`).FindAllStringSubmatch(scheme, -1) {
			h := m[2]
			if len(h) == 3 {
				h = string([]byte{h[0], h[0], h[1], h[1], h[2], h[2]})
			}
			v, err := strconv.ParseUint(h, 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			colors[m[1]] = figure.RGB{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v)}
		}
		for _, text := range []string{"ink", "muted", "link"} {
			for _, ground := range []string{"page", "panel"} {
				if c := figure.Contrast(colors[text], colors[ground]); c < 4.5 {
					t.Errorf("%s on %s: %.2f", text, ground, c)
				}
			}
		}
	}
}

func TestNumericColumns(t *testing.T) {
	table := Table{Header: []string{"seed", "OA", "note", "kappa"}, Rows: [][]Cell{Cells("1", "81.2 ± 1.3 %", "best", "-"), Cells("2", "-0.5e-3", "", "")}}
	if got := numericColumns(table); !slices.Equal(got, []bool{false, true, false, true}) {
		t.Errorf("got %v", got)
	}
}

func TestChoiceWantsNames(t *testing.T) {
	r := sample(t)
	r.Choice = &Choice{Title: "Colours"}
	if err := r.Write(io.Discard); err == nil || !strings.Contains(err.Error(), "a choice wants three names") {
		t.Errorf("error %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, want string
		section    Section
	}{
		{"short row", `table "t", row 1: 1 cells under 2 headers`, Section{Tables: []Table{{Caption: "t", Header: []string{"a", "b"}, Rows: [][]Cell{Cells("1")}}}}},
		{"two forms without a choice", "two forms want a choice", Section{Figures: []Figure{{PNG: picture(t), OtherPNG: picture(t), Alt: "x"}}}},
		{"empty figure", "neither a drawing nor a PNG", Section{Figures: []Figure{{}}}},
		{"no alt", "a PNG wants an Alt text", Section{Figures: []Figure{{PNG: picture(t)}}}},
		{"no PNG", "png: invalid format", Section{Figures: []Figure{{PNG: []byte("GIF89a, honestly"), Alt: "x"}}}},
	} {
		path := filepath.Join(t.TempDir(), "report.html")
		r := &Report{Title: "x", Sections: []Section{c.section}}
		err := r.WriteFile(path)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: a file was left", c.name)
		}
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	if err := sample(t).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	sample(t).Write(&b)
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, b.Bytes()) {
		t.Errorf("the file differs from what Write writes (%v)", err)
	}
	minimal := &Report{Title: "Only a title"}
	b.Reset()
	if err := minimal.Write(&b); err != nil {
		t.Fatal(err)
	}
	checkPage(t, b.String())
}
