package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"diffclip/internal/atomicfile"
	"diffclip/internal/figure"
	"diffclip/internal/run"
	"diffclip/rsdata"
)

func declareInspect(a *app, f *flags) func() error {
	f.purpose = "Describes a file or a folder: arrays, types, shapes, ranges, labels, what dataset they\nmake, and what is missing. Here and wherever data are named, a question mark after the\npath begins options: \"myscene?min=20\" leaves out classes of fewer labels, \"?halves\"\nmakes two modalities of the bands of one."
	f.usage = "FILE|DIR|synthetic [-json] [-preview PNG] [-draft]"
	f.example = []string{"Houston2013", "scene.mat:HSI -preview scene.png", "myscene -draft", "'myscene?min=20'"}
	f.operands = 1
	asJSON, preview, draft := false, "", false
	f.group("flags", func() {
		f.BoolVar(&draft, "draft", false, "write a scene.json into the folder, for you to correct: names of classes and modalities, what is what")
		f.BoolVar(&asJSON, "json", false, "write JSON")
		f.StringVar(&preview, "preview", "", "`file` for a picture of the first scene")
	})
	return func() error {
		if draft {
			return draftScene(a, f.Arg(0))
		}
		return inspect(a, f.Arg(0), asJSON, preview)
	}
}

// draftScene writes a scene.json to begin with, unless there is one.
func draftScene(a *app, dir string) error {
	path := filepath.Join(dir, "scene.json")
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already: correct it, or move it away", path)
	}
	d, notes, err := rsdata.Draft(dir)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return err
	}
	if err := atomicfile.WriteFile(path, text.Bytes()); err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintf(a.stdout, "note: %s\n", n)
	}
	fmt.Fprintf(a.stdout, "draft      %s: correct what is wrong, name the classes\nnext       %s\n", path, commandLine("inspect", dir))
	return nil
}

func inspect(a *app, path string, asJSON bool, preview string) error {
	in, err := look(path)
	if err != nil {
		return err
	}
	if err := unreadable(in); err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(inspectionJSON(in)); err != nil {
			return err
		}
	} else {
		printInspection(a.stdout, in)
	}
	switch {
	case preview == "":
		return nil
	case in.Dataset == nil:
		return errors.New("no preview, as the files make no dataset")
	}
	return writePreview(preview, in.Dataset)
}

// look is rsdata.Inspect that knows the embedded scene, which has no files.
func look(path string) (*rsdata.Inspection, error) {
	if path != run.Synthetic {
		in, err := rsdata.Inspect(path)
		if err == nil && in.Dataset == nil {
			in.Problem = run.NotData(path, in.Problem)
		}
		return in, err
	}
	d, err := run.OpenData(path)
	return &rsdata.Inspection{Path: path, Dataset: d}, err
}

// unreadable returns why nothing could be made of a path: a file is damaged, or
// none holds arrays.
func unreadable(in *rsdata.Inspection) error {
	if in.Dataset != nil {
		return nil
	}
	arrays := false
	for _, f := range in.Files {
		if f.Problem != nil {
			return f.Problem
		}
		for _, v := range f.Variables {
			if v.Problem != nil {
				return v.Problem
			}
			arrays = true
		}
	}
	if !arrays {
		return in.Problem
	}
	return nil
}

func printInspection(w io.Writer, in *rsdata.Inspection) {
	files := slices.DeleteFunc(slices.Clone(in.Files), func(f rsdata.FileInfo) bool { return f.Format == "" && f.Problem == nil })
	for len(files) > 0 {
		n := alike(files)
		f := together(files[:n])
		files = files[n:]
		fmt.Fprintf(w, "%s  %s\n", f.Path, f.Format)
		if f.Problem != nil {
			fmt.Fprintf(w, "  cannot be read: %v\n", f.Problem)
		}
		for _, v := range f.Variables {
			printVariable(w, v)
		}
	}
	if len(in.Files) > 0 {
		fmt.Fprintln(w)
	}
	if in.Dataset == nil {
		fmt.Fprintf(w, "no dataset: %v\n", in.Problem)
		if info, err := os.Stat(in.Path); err == nil && info.IsDir() {
			if _, err := os.Lstat(filepath.Join(in.Path, "scene.json")); err != nil {
				fmt.Fprintf(w, "`%s` begins a scene.json that says what is what.\n", commandLine("inspect", in.Path, "-draft"))
			}
		}
		return
	}
	printDataset(w, in.Dataset)
}

// alike counts how many of the first files are images of one kind, such as the
// plots of a campaign: where they are more than a few, one entry can stand for all.
func alike(files []rsdata.FileInfo) int {
	const few = 3
	single := func(f rsdata.FileInfo) bool {
		return f.Problem == nil && len(f.Variables) == 1 && f.Variables[0].Problem == nil && f.Variables[0].Labels == nil
	}
	n := 1
	for n < len(files) && single(files[0]) && single(files[n]) {
		f, v, g, u := files[0], files[0].Variables[0], files[n], files[n].Variables[0]
		same := f.Format == g.Format && filepath.Dir(f.Path) == filepath.Dir(g.Path) && v.Name == u.Name && v.Class == u.Class && slices.Equal(v.Shape, u.Shape) && v.CRS == u.CRS && slices.Equal(v.Notes, u.Notes)
		if !same {
			break
		}
		n++
	}
	if n <= few {
		return 1
	}
	return n
}

// together returns one entry for files that are alike: the range over all of them.
func together(files []rsdata.FileInfo) rsdata.FileInfo {
	all := files[0]
	if len(files) == 1 {
		return all
	}
	all.Path += fmt.Sprintf(" to %s, %d files", filepath.Base(files[len(files)-1].Path), len(files))
	v := all.Variables[0]
	size, sum, measured := 1, 0.0, 0
	for _, d := range v.Shape {
		size *= d
	}
	v.Min, v.Max, v.Missing = math.NaN(), math.NaN(), 0
	for _, f := range files {
		u := f.Variables[0]
		v.Missing += u.Missing
		n := size - u.Missing
		if n == 0 || math.IsNaN(u.Min) {
			continue
		}
		if measured == 0 {
			v.Min, v.Max = u.Min, u.Max
		}
		v.Min, v.Max = min(v.Min, u.Min), max(v.Max, u.Max)
		sum, measured = sum+u.Mean*float64(n), measured+n
	}
	v.Mean = sum / float64(max(measured, 1))
	all.Variables = []rsdata.VariableInfo{v}
	return all
}

func printVariable(w io.Writer, v rsdata.VariableInfo) {
	fmt.Fprintf(w, "  %-16s %-8s %s", v.Name, v.Class, shape(v.Shape))
	if v.Problem != nil {
		fmt.Fprintf(w, "  cannot be read: %v\n", v.Problem)
		return
	}
	if !math.IsNaN(v.Min) {
		fmt.Fprintf(w, "  %.6g to %.6g, mean %.6g", v.Min, v.Max, v.Mean)
	}
	if v.Missing > 0 {
		fmt.Fprintf(w, ", %d missing", v.Missing)
	}
	if v.CRS != "" {
		fmt.Fprintf(w, ", %s", v.CRS)
	}
	fmt.Fprintln(w)
	if len(v.Labels) > 0 {
		var counts []string
		for _, l := range v.Labels {
			counts = append(counts, fmt.Sprintf("%d: %d", l.Value, l.Count))
		}
		fmt.Fprintf(w, "  %-16s values %s\n", "", strings.Join(counts, ", "))
	}
	for _, n := range v.Notes {
		fmt.Fprintf(w, "  %-16s %s\n", "", n)
	}
}

func shape(dims []int) string {
	var parts []string
	for _, d := range dims {
		parts = append(parts, fmt.Sprint(d))
	}
	return strings.Join(parts, " x ")
}

func printDataset(w io.Writer, d *rsdata.Dataset) {
	fmt.Fprintf(w, "dataset %s: %s, %d pixels\n", d.Name, run.Count(len(d.Scenes), "scene"), d.NumPixels())
	width := 10
	for _, m := range d.Modalities {
		width = max(width, utf8.RuneCountInString(m.Name))
	}
	for _, m := range d.Modalities {
		fmt.Fprintf(w, "  %-*s %s%s\n", width, m.Name, run.Count(m.Bands, "band"), wavelengths(m)+badBands(m))
	}
	s, which := d.Scenes[0], "scene"
	if len(d.Scenes) > 1 {
		which = "first scene"
	}
	fmt.Fprintf(w, "  %s %q: %d rows, %d columns%s\n", which, s.Name, s.H, s.W, whereabouts(s))
	if len(d.Classes) > 0 {
		what := "labelled pixels"
		switch {
		case d.HasObjects():
			what = "labelled objects"
		case d.Whole:
			what = "labelled pictures"
		}
		fmt.Fprintf(w, "  %s, %s:\n", run.Count(len(d.Classes), "class"), what)
		for i, n := range d.Counts() {
			fmt.Fprintf(w, "    %3d %-*s %d\n", i+1, nameColumn(d), d.Classes[i].Name, n)
		}
	}
	for _, n := range d.Notes {
		fmt.Fprintf(w, "  note: %s\n", n)
	}
	for _, n := range d.Missing {
		fmt.Fprintf(w, "  missing: %s\n", n)
	}
}

// nameColumn is the width of a column of class names.
func nameColumn(d *rsdata.Dataset) int {
	width := 28
	for _, c := range d.Classes {
		width = max(width, utf8.RuneCountInString(c.Name))
	}
	return width
}

func wavelengths(m rsdata.Modality) string {
	if n := len(m.Wavelengths); n > 0 {
		return fmt.Sprintf(", %.5g to %.5g nm", m.Wavelengths[0], m.Wavelengths[n-1])
	}
	return ""
}

// badBands says how many bands the file advises against.
func badBands(m rsdata.Modality) string {
	n := 0
	for _, bad := range m.Bad {
		if bad {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them marked as bad and left out", n)
}

// whereabouts says where a scene lies.
func whereabouts(s *rsdata.Scene) string {
	if s.Grid == nil || !s.Grid.CRS.Known() {
		return ""
	}
	return ", " + s.Grid.CRS.String()
}

// The JSON form of an inspection; a number that is not there is null.
type (
	inspectionDoc struct {
		Path    string      `json:"path"`
		Files   []fileDoc   `json:"files"`
		Dataset *datasetDoc `json:"dataset"`
		Problem string      `json:"problem,omitempty"`
	}
	fileDoc struct {
		Path      string        `json:"path"`
		Format    string        `json:"format,omitempty"`
		Problem   string        `json:"problem,omitempty"`
		Variables []variableDoc `json:"variables,omitempty"`
	}
	variableDoc struct {
		Name    string              `json:"name"`
		Class   string              `json:"class"`
		Shape   []int               `json:"shape"`
		Min     *float64            `json:"min"`
		Max     *float64            `json:"max"`
		Mean    *float64            `json:"mean"`
		Missing int                 `json:"missing"`
		Labels  []rsdata.LabelCount `json:"labels,omitempty"`
		CRS     string              `json:"crs,omitempty"`
		Notes   []string            `json:"notes,omitempty"`
		Problem string              `json:"problem,omitempty"`
	}
	datasetDoc struct {
		Name       string            `json:"name"`
		Modalities []rsdata.Modality `json:"modalities"`
		Scenes     []sceneDoc        `json:"scenes"`
		Classes    []classDoc        `json:"classes"`
		Notes      []string          `json:"notes,omitempty"`
		Missing    []string          `json:"missing,omitempty"`
	}
	sceneDoc struct {
		Name    string `json:"name"`
		Rows    int    `json:"rows"`
		Columns int    `json:"columns"`
	}
	classDoc struct {
		Name    string `json:"name"`
		Samples int    `json:"samples"`
	}
)

func inspectionJSON(in *rsdata.Inspection) inspectionDoc {
	out := inspectionDoc{Path: in.Path, Files: []fileDoc{}, Problem: text(in.Problem)}
	for _, f := range in.Files {
		fd := fileDoc{Path: f.Path, Format: f.Format, Problem: text(f.Problem)}
		for _, v := range f.Variables {
			fd.Variables = append(fd.Variables, variableDoc{v.Name, v.Class, v.Shape, finite(v.Min), finite(v.Max), finite(v.Mean), v.Missing, v.Labels, v.CRS, v.Notes, text(v.Problem)})
		}
		out.Files = append(out.Files, fd)
	}
	if d := in.Dataset; d != nil {
		out.Dataset = &datasetDoc{Name: d.Name, Modalities: d.Modalities, Notes: d.Notes, Missing: d.Missing}
		for _, s := range d.Scenes {
			out.Dataset.Scenes = append(out.Dataset.Scenes, sceneDoc{s.Name, s.H, s.W})
		}
		for i, n := range d.Counts() {
			out.Dataset.Classes = append(out.Dataset.Classes, classDoc{d.Classes[i].Name, n})
		}
	}
	return out
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func finite(v float64) *float64 {
	if v-v != 0 {
		return nil
	}
	return &v
}

// writePreview draws every modality of the first scene, and the labels of its pixels.
func writePreview(path string, d *rsdata.Dataset) error {
	s := d.Scenes[0]
	if s.H > figure.MaxSide/4 || s.W > figure.MaxSide/4 {
		return fmt.Errorf("no preview: the scene has %d x %d pixels, and a preview at most %d a side: look at it in a GIS", s.H, s.W, figure.MaxSide/4)
	}
	fig := &figure.Images{Title: s.Name}
	add := func(im image.Image, caption string) {
		fig.Rows = append(fig.Rows, []figure.Cell{{Image: im, Caption: caption}})
	}
	for i, m := range d.Modalities {
		if bands, ok := rsdata.TrueColorBands(m); ok {
			add(rsdata.Preview(s.Rasters[i], bands), m.Name+", true colour")
		}
		caption := m.Name
		if m.Bands >= 3 {
			caption += ", false colour"
		}
		add(rsdata.Preview(s.Rasters[i], rsdata.FalseColorBands(m)), caption)
	}
	if s.Labels != nil && !d.Whole { // the label of a whole picture is a single pixel
		add(rsdata.LabelImage(s.Labels, s.W, d.Classes), "labels")
		fig.Legend = rsdata.Legend(d.Classes)
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := figure.WritePNG(f, fig, 1); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Commit()
}
