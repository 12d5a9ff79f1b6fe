package run

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"

	"diffclip/clip"
	"diffclip/internal/figure"
	"diffclip/internal/report"
	"diffclip/rsdata"
)

// Method is one way of classifying the test windows.
type Method struct {
	Name      string
	Confusion *rsdata.Confusion
}

// Results is what a page tells of.
type Results struct {
	Title           string
	Methods         []Method // the first is the one that the page is about
	Seeds           *rsdata.ScoresSummary
	Curves          []Curve
	Reconstructions []figure.Figure
	Inside          *Inside // nil for none
	Map             []uint8 // labels of the only scene, nil for none
}

// Page puts the account of an experiment together.
func (x *Experiment) Page(r Results) *report.Report {
	p := &report.Report{Title: r.Title, Subtitle: x.DataLine()}
	if x.safeClasses() != nil {
		p.Choice = &report.Choice{Title: "Colours of the classes on this page", One: "their own", Other: "safe for colour blindness"}
	}
	if len(r.Methods) > 0 {
		p.Summary = facts(r.Methods[0].Confusion)
	}
	add := func(s report.Section) {
		if len(s.Figures)+len(s.Tables)+len(s.Text) > 0 {
			p.Sections = append(p.Sections, s)
		}
	}
	add(x.methodSection(r))
	switch {
	case r.Map != nil:
		add(x.mapSection(r.Map))
	case len(r.Methods) == 0:
		add(x.sceneSection())
	}
	add(x.classSection(r))
	inside := r.Inside
	if inside == nil {
		inside = &Inside{}
	}
	add(x.restoredSection(append(r.Reconstructions, inside.Timesteps...)))
	add(figureSection("Where the class token looks", x.attentionText(), inside.Attention))
	add(x.featureSection(inside))
	add(lossSection(r.Curves))
	data := x.dataSection()
	if len(r.Methods) == 0 { // else it stands with the results
		data.Text = slices.Insert(data.Text, 1, x.OverlapLine())
	}
	add(data)
	return p
}

// DataLine names the data, the modalities and the split.
func (x *Experiment) DataLine() string {
	names := make([]string, len(x.Data.Modalities))
	for i, m := range x.Data.Modalities {
		names[i] = fmt.Sprintf("%s (%s)", m.Name, Count(m.Bands, "band"))
	}
	if x.NoTest != nil {
		return fmt.Sprintf("%s: %s; no labels used, seed %d", x.Data.Name, strings.Join(names, " + "), x.Config.Seed)
	}
	samples := "all training samples"
	if n := x.Split.Config.Shots; n > 0 {
		samples = Count(n, "training sample") + " per class"
	}
	return fmt.Sprintf("%s: %s; %s; protocol %s, %s, seed %d", x.Data.Name, strings.Join(names, " + "),
		Count(len(x.Data.Classes), "class"), x.Split.Config.Protocol, samples, x.Config.Seed)
}

// Count puts a number before a noun, in the plural unless it is one.
func Count(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

func facts(c *rsdata.Confusion) []report.Fact {
	meaning := map[string]string{
		"OA":    fmt.Sprintf("overall accuracy: the share of %d test windows that is right", c.Total()),
		"AA":    "average accuracy: the mean of that share over the classes",
		"kappa": "how far OA is above what chance would reach",
		"ACC":   fmt.Sprintf("accuracy: the share of %d test exams that is right", c.Total()),
		"AUC":   "area under the ROC curve: 50 % is chance",
		"SE":    "sensitivity: the share of exams with a finding that is found",
		"SP":    "specificity: the share of exams without one that is cleared",
	}
	var out []report.Fact
	names, values := c.Scores().Columns()
	for i, v := range values {
		value := fraction(v)
		if v == v {
			value += " %"
		}
		out = append(out, report.Fact{Label: names[i], Value: value, Note: meaning[names[i]]})
	}
	return out
}

func (x *Experiment) methodSection(r Results) report.Section {
	s := report.Section{Title: "Results"}
	if len(r.Methods) > 0 {
		s.Text = []string{x.OverlapLine()}
		t := report.Table{Caption: "The same test windows for all, in percent."}
		for i, m := range r.Methods {
			names, values := m.Confusion.Scores().Columns()
			t.Header = append([]string{"method"}, names...)
			row := []string{m.Name}
			for _, v := range values {
				row = append(row, fraction(v))
			}
			cells := report.Cells(row...)
			cells[0].Strong = i == 0
			t.Rows = append(t.Rows, cells)
		}
		s.Tables = append(s.Tables, t)
	}
	if v := r.Seeds; v != nil {
		names, values := v.Columns()
		row := []string{"all seeds"}
		for _, x := range values {
			row = append(row, x.Percent())
		}
		s.Tables = append(s.Tables, report.Table{Caption: fmt.Sprintf("Mean and standard deviation over %d seeds, in percent.", v.OA.N),
			Header: append([]string{""}, names...), Rows: [][]report.Cell{report.Cells(row...)}})
	}
	return s
}

// OverlapLine says how far training and test windows share pixels, or why there are none.
func (x *Experiment) OverlapLine() string {
	if x.NoTest != nil {
		return fmt.Sprintf("Stage 1 needs no labels, and stage 2 would lack them: %v.", x.NoTest)
	}
	n, all := x.Split.OverlapTrainTest, len(x.Split.Test)
	if n == 0 {
		return fmt.Sprintf("None of the %d test windows shares a pixel with a training window.", all)
	}
	return fmt.Sprintf("%d of the %d test windows (%.0f %%) share at least one pixel with a training window, which flatters the result; the protocol %q keeps them apart.",
		n, all, 100*float64(n)/float64(all), rsdata.Disjoint)
}

func (x *Experiment) classSection(r Results) report.Section {
	s := report.Section{Title: "Classes"}
	if len(r.Methods) == 0 {
		return s
	}
	c, safe := r.Methods[0].Confusion, x.safeClasses()
	t := report.Table{Caption: r.Methods[0].Name + ", in percent.", Header: []string{"class", "test windows", "recall", "precision", "F1"}}
	for i, score := range c.PerClass() {
		cells := report.Cells(x.Data.Classes[i].Name, fmt.Sprint(score.Support), fraction(score.Recall), fraction(score.Precision), fraction(score.F1))
		swatch := rgb(x.Data.Classes[i].Color)
		cells[0].Swatch = &swatch
		if safe != nil {
			other := rgb(safe[i].Color)
			cells[0].Other = &other
		}
		t.Rows = append(t.Rows, cells)
	}
	s.Tables = []report.Table{t}
	s.Figures = []report.Figure{{Drawing: confusionFigure(c, x.ClassNames())}}
	return s
}

// fraction writes a share in percent, "-" where it is not defined.
func fraction(v float64) string {
	if v != v {
		return "-"
	}
	return fmt.Sprintf("%.1f", 100*v)
}

func (x *Experiment) restoredSection(figures []figure.Figure) report.Section {
	text := "Stage 1 sees a few pixels of a window and has to give back the whole."
	if !x.Config.Diffusion.NoNoise {
		text = "Stage 1 sees a few noised pixels of a window and has to give back the whole; t is the step of noise, from 1, hardly any, to the last, noise alone. The row \"from noise\" starts from noise alone and walks back step by step. Errors are root mean squares over the masked pixels, in units of the scaled input."
	}
	if slices.ContainsFunc(x.Scaling.Modalities, func(m rsdata.ModalityScaling) bool { return m.PCA != nil }) {
		text += " Colours are the first three components of the spectrum, which the model reads in place of its bands."
	}
	return figureSection("What stage 1 restores", text, figures)
}

// figureSection is a section of figures below a paragraph, empty without figures.
func figureSection(title, text string, figures []figure.Figure) report.Section {
	s := report.Section{Title: title}
	if len(figures) == 0 {
		return s
	}
	s.Text = []string{text}
	for _, f := range figures {
		s.Figures = append(s.Figures, report.Figure{Drawing: f})
	}
	return s
}

// attentionText says what the attention of the class token has to do with the
// classes.
func (x *Experiment) attentionText() string {
	const text = "The class token gathers what is known about a window. Light patches are those from which it takes most in the last block of the encoder; the percentage above a picture is the share that it keeps to itself."
	if x.Config.Classifier.Pool == clip.PoolClass {
		return "The class token stands for the window in what follows. " + text
	}
	return text + " The classifier of this run reads a mean over the patches in its place."
}

func lossSection(curves []Curve) report.Section {
	s := report.Section{Title: "Losses and learning rates"}
	for _, c := range curves {
		s.Figures = append(s.Figures, report.Figure{Drawing: LossFigure("Loss of "+c.Name, c)}, report.Figure{Drawing: rateFigure("Learning rate of "+c.Name, c)})
	}
	return s
}

// safeClasses are the classes in colours that tell apart with colour blindness, nil
// where their own are those.
func (x *Experiment) safeClasses() []rsdata.Class {
	if safe := rsdata.ColorBlindSafe(x.Data.Classes); !slices.Equal(safe, x.Data.Classes) {
		return safe
	}
	return nil
}

// featureSection shows where the features lie, or says why it does not.
func (x *Experiment) featureSection(inside *Inside) report.Section {
	s := report.Section{Title: "Where the features lie"}
	switch {
	case inside.Note != "":
		s.Text = []string{inside.Note}
	case len(inside.Features) > 0:
		s.Text = []string{"Each point is a test window, placed by t-SNE. Windows of one class lie together where the encoder tells the class from the others; no label was used to place them. Which points are neighbours means something; axes and distances do not."}
		if inside.Kept {
			s.Text = append(s.Text, "Stage 2 of this run leaves the encoder, and with it the features, as stage 1 made them.")
		}
	}
	safe := x.safeClasses()
	for _, f := range inside.Features {
		shown := report.Figure{Drawing: f}
		if safe != nil {
			other := *f
			other.Categories = rsdata.Legend(safe)
			shown.OtherDrawing = &other
		}
		s.Figures = append(s.Figures, shown)
	}
	return s
}

// mapSection shows the map, what is known of the scene, and the scene itself, in the classes' own
// colours and in such as tell apart with colour blindness.
func (x *Experiment) mapSection(labels []uint8) report.Section {
	scene, classes := x.Data.Scenes[0], x.Data.Classes
	safe := x.safeClasses()
	s := report.Section{Title: "Map"}
	for i, c := range classes {
		key := report.Key{Name: c.Name, Color: rgb(c.Color)}
		if safe != nil {
			key.Other = rgb(safe[i].Color)
		}
		s.Legend = append(s.Legend, key)
	}
	add := func(caption, alt string, labels []uint8) {
		f := report.Figure{PNG: encodePNG(rsdata.LabelImage(labels, scene.W, classes)), Alt: alt, Caption: caption, Zoom: mapWidth / scene.W}
		if safe != nil {
			f.OtherPNG = encodePNG(rsdata.LabelImage(labels, scene.W, safe))
		}
		s.Figures = append(s.Figures, f)
	}
	add("map", "The map. "+shares(labels, classes), labels)
	if scene.Labels != nil {
		add("truth, blank where it is not known", "The true classes, where they are known.", scene.Labels)
	}
	bands, colours := sceneColours(x.Data.Modalities[0])
	s.Figures = append(s.Figures, report.Figure{PNG: encodePNG(rsdata.Preview(scene.Rasters[0], bands)), Alt: "The scene, " + colours + ".",
		Caption: "scene: " + colours, Zoom: mapWidth / scene.W})
	return s
}

// sceneSection shows what stage 1 learns from: the scene, and where in it the
// centres of its windows lie. Data of several scenes or of exams have none.
func (x *Experiment) sceneSection() report.Section {
	s := report.Section{Title: "Scene"}
	scene := x.Data.Scenes[0]
	if len(x.Data.Scenes) > 1 || x.Data.Whole || scene.H*scene.W > mostShown {
		return s
	}
	zoom := mapWidth / scene.W
	for i, m := range x.Data.Modalities {
		bands, colours := sceneColours(m)
		s.Figures = append(s.Figures, report.Figure{PNG: encodePNG(rsdata.Preview(scene.Rasters[i], bands)), Alt: "scene: " + colours, Caption: colours + ".", Zoom: zoom})
	}
	n := len(x.Split.Unlabelled)
	s.Figures = append(s.Figures, report.Figure{PNG: encodePNG(centres(scene, x.Split.Unlabelled)), Alt: "centres of the windows of stage 1", Zoom: zoom,
		Caption: fmt.Sprintf("The centres of the %d windows of stage 1, on %.0f %% of the pixels, drawn without a look at labels.", n, 100*float64(n)/float64(scene.H*scene.W))})
	return s
}

// mostShown is the number of pixels of the largest scene that a report holds.
const mostShown = 1 << 20

// centres draws pixels in yellow on dark blue, which tell apart with every kind of sight.
func centres(scene *rsdata.Scene, pixels []rsdata.Pixel) image.Image {
	im := image.NewPaletted(image.Rect(0, 0, scene.W, scene.H), color.Palette{color.RGBA{20, 30, 80, 255}, color.RGBA{250, 220, 60, 255}})
	for _, p := range pixels {
		im.SetColorIndex(int(p.Col), int(p.Row), 1)
	}
	return im
}

// mapWidth is the width of a small scene's map on a page, in pixels, two of
// which fit beside each other. A larger one is as large as it is.
const mapWidth = 460

func rgb(c color.RGBA) figure.RGB { return figure.RGB{R: c.R, G: c.G, B: c.B} }

// encodePNG encodes a picture in memory, which fails for no picture of a scene.
func encodePNG(im image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		panic(fmt.Errorf("run: a picture of the scene: %w", err))
	}
	return b.Bytes()
}

// sceneColours returns the bands to show and says what they show.
func sceneColours(m rsdata.Modality) (bands [3]int, what string) {
	if bands, ok := rsdata.TrueColorBands(m); ok {
		return bands, m.Name + ", true colour"
	}
	if m.Bands < 3 {
		return rsdata.FalseColorBands(m), m.Name
	}
	return rsdata.FalseColorBands(m), m.Name + ", false colour"
}

// shares says in words how much of a map each class has.
func shares(labels []uint8, classes []rsdata.Class) string {
	counts := make([]int, len(classes)+1)
	for _, l := range labels {
		counts[l]++
	}
	parts := make([]string, len(classes))
	for i, c := range classes {
		parts[i] = fmt.Sprintf("%s %.0f %%", c.Name, 100*float64(counts[i+1])/float64(len(labels)))
	}
	return strings.Join(parts, ", ") + "."
}

func (x *Experiment) dataSection() report.Section {
	s := report.Section{Title: "Data and split"}
	sp := x.Split
	if x.NoTest != nil {
		s.Text = append(s.Text, fmt.Sprintf("%d unlabelled windows of %d x %d pixels for stage 1.", len(sp.Unlabelled), sp.Config.Window, sp.Config.Window))
		s.Text = append(s.Text, x.Data.Notes...)
		s.Text = append(s.Text, x.Scaling.Notes()...)
		return s
	}
	text := fmt.Sprintf("%d training, %d validation and %d test windows of %d x %d pixels", len(sp.Train), len(sp.Validation), len(sp.Test), sp.Config.Window, sp.Config.Window)
	if n := len(sp.Unlabelled); n > 0 {
		how := "drawn without a look at labels"
		if sp.Config.Inductive {
			how = "none of which shares a pixel with a test window"
		}
		text += fmt.Sprintf("; %d unlabelled windows for stage 1, %s", n, how)
	}
	s.Text = append(s.Text, text+".")
	s.Text = append(s.Text, x.Data.Notes...)
	s.Text = append(s.Text, x.Scaling.Notes()...)
	if x.Config.Classifier.Head == clip.HeadLinear {
		s.Text = append(s.Text, "A fully connected layer tells the classes apart; no text stands for them.")
		return s
	}
	t := report.Table{Caption: "What stands for each class in language.", Header: []string{"class", "text"}}
	for i, text := range x.Text.Texts {
		t.Rows = append(t.Rows, report.Cells(x.Data.Classes[i].Name, text))
	}
	s.Tables = []report.Table{t}
	return s
}
