package reproduce

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/figure"
	"diffclip/internal/run"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// guess is a method that calls every sample by one class and counts how often it
// was trained. After stop trainings it ends the context, as a kill would.
type guess struct {
	label  uint8
	count  *int
	stop   int
	cancel context.CancelFunc
}

func (g guess) name() string                       { return "guess " + string('0'+rune(g.label)) }
func (g guess) settings(c run.Config) run.Config   { return classical{}.settings(c) }
func (g guess) work(run.Config, int, bool) float64 { return 1 }
func (g guess) classify(_ context.Context, p []rsdata.Pixel) ([]uint8, error) {
	return bytes.Repeat([]byte{g.label}, len(p)), nil
}

func (g guess) train(ctx context.Context, j *job) (classifier, error) {
	if *g.count++; g.cancel != nil && *g.count == g.stop {
		g.cancel()
		return nil, ctx.Err()
	}
	return g, nil
}

// guessing is a study of two methods in two settings.
func guessing(count *int, stop int, cancel context.CancelFunc) *Study {
	return &Study{Name: "table5", Title: "Guessing", Metrics: sceneMetrics, Reference: "first",
		Arms: func(bool) []Arm {
			var arms []Arm
			for _, n := range []int{2, 3} {
				for i, name := range []string{"first", "second"} {
					arms = append(arms, Arm{Setting: []string{"two", "three"}[n-2], Method: name, X: float64(n), Train: guess{uint8(i + 1), count, stop, cancel}, Change: shots(n)})
				}
			}
			return arms
		},
		Charts: func(p *Panel) []figure.Figure { return append(shotCurves(p), sweepCurves(p)...) },
	}
}

func optionsFor(t *testing.T, out string, seeds int) Options {
	t.Helper()
	cfg, err := run.Preset("demo")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Split.PerClassTest = 5
	scenes, err := FindScenes("", nil)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Config: cfg, Scenes: scenes, Seeds: seeds, First: 1, Out: out, Backend: tensor.NewCPU(1), Command: "diffclip reproduce guessing", Log: io.Discard}
}

func TestResumeRunsNoCellTwice(t *testing.T) {
	whole, part := t.TempDir(), t.TempDir()
	trained := 0
	if _, err := Run(t.Context(), guessing(&trained, 0, nil), optionsFor(t, whole, 2)); err != nil {
		t.Fatal(err)
	}
	if trained != 8 {
		t.Fatalf("%d trainings, want 2 settings x 2 methods x 2 seeds", trained)
	}

	ctx, cancel := context.WithCancel(t.Context())
	stopped := 0
	if _, err := Run(ctx, guessing(&stopped, 6, cancel), optionsFor(t, part, 2)); !errors.Is(err, context.Canceled) {
		t.Fatalf("a run that is stopped: %v", err)
	}
	if n := len(files(t, part, "cells/*.json")); n != 5 {
		t.Errorf("%d cells after a stop in the sixth", n)
	}
	first := read(t, filepath.Join(part, "table5-seeds.csv"))
	if n := strings.Count(first, "\n"); n != 1+4 {
		t.Errorf("the tables of the first seed have %d lines:\n%s", n, first)
	}
	killed := filepath.Base(files(t, part, "cells/*.json")[0]) // what a kill leaves of files that are written again
	for _, name := range []string{".table5.csv.01234567.tmp", ".table5.html.89abcdef.tmp", "cells/." + killed + ".01234567.tmp"} {
		if err := os.WriteFile(filepath.Join(part, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(part, "cells", killed)); err != nil {
		t.Fatal(err)
	}
	resumed := 0
	if _, err := Run(t.Context(), guessing(&resumed, 0, nil), optionsFor(t, part, 2)); err != nil {
		t.Fatal(err)
	}
	if resumed != 4 {
		t.Errorf("%d cells run after a stop in the sixth of 8 and the loss of one", resumed)
	}
	for _, pattern := range []string{".*.tmp", "cells/.*"} {
		if left := files(t, part, pattern); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	for _, name := range []string{"table5.csv", "table5.tex"} {
		if a, b := read(t, filepath.Join(whole, name)), read(t, filepath.Join(part, name)); a != b {
			t.Errorf("%s differs after a stop:\n%s\n%s", name, a, b)
		}
	}
	again := 0
	if _, err := Run(t.Context(), guessing(&again, 0, nil), optionsFor(t, part, 3)); err != nil {
		t.Fatal(err)
	}
	if again != 4 {
		t.Errorf("%d trainings for one more seed, want 4", again)
	}
}

func TestChangedSettingsMeetNoOldCell(t *testing.T) {
	dir := t.TempDir()
	trained := 0
	o := optionsFor(t, dir, 1)
	runs := func(what string, want int) {
		t.Helper()
		before := trained
		if _, err := Run(t.Context(), guessing(&trained, 0, nil), o); err != nil {
			t.Fatal(err)
		}
		if trained-before != want {
			t.Errorf("%s: %d trainings, want %d", what, trained-before, want)
		}
	}
	runs("at first", 4)
	runs("again", 0)
	o.Config.Split.PerClassTest = 6
	runs("more test samples", 4)
	o.Config.Split.Protocol = rsdata.Disjoint
	runs("another protocol", 4)
	o.Config.Classifier.Temperature = 0.5
	runs("a setting that does not concern the method", 0)

	cells := files(t, dir, "cells/*.json")
	if err := os.WriteFile(cells[0], []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	text := read(t, cells[1])
	if err := os.WriteFile(cells[2], []byte(text), 0o666); err != nil { // another cell's file under this name
		t.Fatal(err)
	}
	var log bytes.Buffer
	o.Log = &log
	before := trained
	for _, c := range []struct {
		protocol rsdata.Protocol
		test     int
	}{{rsdata.Random, 5}, {rsdata.Random, 6}, {rsdata.Disjoint, 6}} {
		o.Config.Split.Protocol, o.Config.Split.PerClassTest = c.protocol, c.test
		if _, err := Run(t.Context(), guessing(&trained, 0, nil), o); err != nil {
			t.Fatal(err)
		}
	}
	if trained-before != 2 || strings.Count(log.String(), "computed anew") != 2 {
		t.Errorf("two spoilt cells: %d trainings, log %q", trained-before, log.String())
	}
}

func TestCellsAreSharedAndSettled(t *testing.T) {
	scenes, err := FindScenes("", nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := run.Preset("paper")
	if err != nil {
		t.Fatal(err)
	}
	cell := func(study *Study, setting, method string, change func(*run.Config)) (key, stage1 string) {
		t.Helper()
		for _, a := range study.Arms(false) {
			if a.Setting != setting || a.Method != method {
				continue
			}
			c := cfg
			if a.Change != nil {
				a.Change(&c)
			}
			if change != nil {
				change(&c)
			}
			got, err := newCell(scenes.Found[0], &a, c, kept{})
			if err != nil {
				t.Fatal(err)
			}
			one, err := got.stage1Key()
			if err != nil {
				t.Fatal(err)
			}
			return got.identity.Key(), one
		}
		t.Fatalf("%s has no %s, %s", study.Name, setting, method)
		return "", ""
	}
	same, stage1 := cell(&table5, "40 per class", "DiffCLIP", nil)
	for _, c := range []struct {
		study           *Study
		setting, method string
	}{{&table2, "", "700 samples"}, {&table3, "", "DiffCLIP"}, {&table4, "", "p5"}, {&figure4, maskSweep, "70 %"}, {&figure4, windowSweep, "11 x 11"}} {
		if key, _ := cell(c.study, c.setting, c.method, nil); key != same {
			t.Errorf("%s, %s is not the cell of Table 5", c.study.Name, c.method)
		}
	}
	if _, one := cell(&table1, "2-shot", "DiffCLIP", nil); one != stage1 {
		t.Error("2 and 40 shots do not share stage 1")
	}
	apart := func(c *run.Config) { c.Split.Inductive = true }
	_, two := cell(&table1, "2-shot", "DiffCLIP", apart)
	if _, one := cell(&table5, "40 per class", "DiffCLIP", apart); one == two || one == stage1 {
		t.Error("a stage 1 that keeps clear of test windows is shared with other samples that test")
	}
	for name, change := range map[string]func(*run.Config){
		"mask ratio":   func(c *run.Config) { c.Diffusion.MaskRatio = 0.5 },
		"rate":         func(c *run.Config) { c.Pretrain.LR = 1 },
		"decay":        func(c *run.Config) { c.Finetune.WeightDecay = 1 },
		"targets":      func(c *run.Config) { c.Classifier.Targets = "class" },
		"prompts":      func(c *run.Config) { c.Text.Prompts = "p1" },
		"scaling":      func(c *run.Config) { c.Scaling.Method = rsdata.Standardise },
		"seed":         func(c *run.Config) { c.SetSeed(9) },
		"stage 1 seed": func(c *run.Config) { c.Seed = 9 },
	} {
		if key, _ := cell(&table5, "40 per class", "DiffCLIP", change); key == same {
			t.Errorf("another %s gives the same cell", name)
		}
	}
	if key, _ := cell(&table5, "40 per class", "DiffCLIP", func(c *run.Config) { c.Preset, c.Text.Prompts = "other", "p5" }); key != same {
		t.Error("names of the preset and of the prompts count, not what they stand for")
	}
	alone, _ := cell(&table5, "40 per class", "CLIP from scratch", nil)
	if key, _ := cell(&table5, "40 per class", "CLIP from scratch", func(c *run.Config) { c.Diffusion.MaskRatio, c.Pretrain.Epochs = 0.1, 1 }); key != alone {
		t.Error("settings of stage 1 count where there is none")
	}
}

func TestOutcome(t *testing.T) {
	dir := t.TempDir()
	trained := 0
	o := optionsFor(t, dir, 3)
	o.Scenes.Found[0].Label = "Houston" // so that the paper has rows for it
	out, err := Run(t.Context(), guessing(&trained, 0, nil), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"table5.csv", "table5-seeds.csv", "table5.tex", "table5.html", "table5-houston.png", "table5-houston.svg", "table5-houston-2.png"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, pattern := range []string{"*.tmp", ".*.tmp", "cells/.*", "splits/.*", "cells/*.checkpoint"} {
		if left := files(t, dir, pattern); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	if n := len(files(t, dir, "splits/*.json.gz")); n != 6 {
		t.Errorf("%d splits, want one for each seed and number of shots", n)
	}
	rows, err := csv.NewReader(strings.NewReader(read(t, filepath.Join(dir, "table5.csv")))).ReadAll()
	if err != nil || len(rows) != 1+4*3 || len(rows[1]) != len(rows[0]) {
		t.Errorf("table5.csv: %d rows, %v", len(rows), err)
	}
	row := out.Panels[0].Rows[1]
	if row.Method != "second" || row.Test == nil || row.Test.Seeds != 3 || row.Test.Difference.Mean != 0 || row.Test.Wilcoxon.P != 1 {
		t.Errorf("two methods that guess equally well: %+v", row.Test)
	}
	if math.Abs(row.Ours["OA"].Mean-0.1) > 1e-12 || row.Ours["OA"].N != 3 {
		t.Errorf("one class of ten: %+v", row.Ours["OA"])
	}
	page := read(t, filepath.Join(dir, "table5.html"))
	for _, want := range []string{"Guessing", "Houston 2013 is missing", "MUUFL Gulfport is missing", "diffclip reproduce guessing", "kappa"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	var text strings.Builder
	if err := out.Print(&text); err != nil || !strings.Contains(text.String(), "| two     | first  | 10.0 ± 0.0 |") {
		t.Errorf("printed, %v:\n%s", err, text.String())
	}
}

func TestPrintedRowsStandBesideOurs(t *testing.T) {
	scene := &Scene{Label: "Houston"}
	p := &Panel{Data: "Houston", Study: &table1, Scene: scene}
	for _, a := range table1.Arms(false) {
		p.Rows = append(p.Rows, &Row{Setting: a.Setting, Method: a.Method, Paper: printedRow("table1", a.Setting, a.printedAs(), "Houston")})
	}
	before := len(p.Rows)
	p.addPrinted()
	var added []string
	for _, row := range p.Rows {
		if row.Setting == "8-shot" && row.X != row.X {
			added = append(added, row.Method)
		}
	}
	if want := []string{"MFRN-ML", "SCFormer", "HIPL", "MMPR"}; !slices.Equal(added, want) {
		t.Errorf("added %v, want %v", added, want)
	}
	if len(p.Rows) <= before {
		t.Error("no row was added")
	}
}

func files(t *testing.T, dir, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A scene that the study cannot draw its samples of is left out before anything is
// computed; the reason is on the page and told at once.
func TestScenesThatCannotBeDrawn(t *testing.T) {
	trained := 0
	study := guessing(&trained, 0, nil)
	o := optionsFor(t, t.TempDir(), 1)
	var log bytes.Buffer
	o.Log = &log
	own, err := FindScenes("", nil)
	if err != nil {
		t.Fatal(err)
	}
	maps := own.Found[0].Data.Scenes[0]
	maps.Train, maps.Test = slices.Clone(maps.Labels), slices.Clone(maps.Labels)
	for i := range maps.Labels { // a column trains, the next one tests
		[][]uint8{maps.Train, maps.Test}[i%2][i] = 0
	}
	o.Scenes.Found = append(o.Scenes.Found, newScene("with maps", "with maps", own.Found[0].Data, nil))
	o.Config.Split.Protocol = rsdata.Official
	out, err := Run(t.Context(), study, o)
	if err != nil {
		t.Fatal(err)
	}
	const reason = "brings no training map"
	if len(out.Panels) != 1 || out.Panels[0].Data != "with maps" || !strings.Contains(strings.Join(out.Notes, " "), reason) || !strings.Contains(log.String(), "note: embedded scene is left out: ") {
		t.Errorf("%d panels, notes %q, log %q", len(out.Panels), out.Notes, log.String())
	}

	o.Scenes.Found = o.Scenes.Found[:1]
	if _, err := Run(t.Context(), study, o); err == nil || !strings.Contains(err.Error(), "no scene to run on") || !strings.Contains(err.Error(), reason) {
		t.Errorf("no scene with maps: %v", err)
	}
	many := *study
	many.Arms = func(bool) []Arm {
		return []Arm{{Method: "first", Train: guess{1, &trained, 0, nil}, Change: shots(1_000_000)}}
	}
	o.Config.Split.Protocol = rsdata.Random
	if _, err := Run(t.Context(), &many, o); err == nil || !strings.Contains(err.Error(), "no scene to run on") {
		t.Errorf("more shots than samples: %v", err)
	}
	for i, label := range maps.Labels {
		maps.Labels[i] = max(label, 1)
	}
	o.Scenes.Found = []*Scene{newScene("full", "full", own.Found[0].Data, nil)}
	o.Config.Split.Inductive, o.Config.Split.PerClassTest = true, 0 // all that does not train tests
	if _, err := Run(t.Context(), study, o); err == nil || !strings.Contains(err.Error(), "no scene to run on") || !strings.Contains(err.Error(), "clear of every test window") {
		t.Errorf("no window for stage 1 is clear of those that test: %v", err)
	}
}

// crowns has eight samples of each class; all but one of the first class show the same
// object, so that of the draws those alone are possible which leave that one to test on.
func crowns(t *testing.T) *rsdata.Dataset {
	t.Helper()
	scenes, err := FindScenes("", nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := scenes.Found[0].Data.Select(1, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	s := d.Scenes[0]
	counts := map[uint8]int{}
	for i, label := range s.Labels {
		if label == 0 || counts[label] == 8 {
			continue
		}
		id := fmt.Sprintf("%d-%d", label, counts[label])
		if label == 1 && counts[label] > 0 {
			id = "twice"
		}
		counts[label]++
		s.Objects = append(s.Objects, rsdata.Object{ID: id, Label: label, Row: int32(i / s.W), Col: int32(i % s.W), Pixels: []int32{int32(i)}})
	}
	return d
}

// Seeds that the samples of a scene cannot be drawn from are left out, be they the first
// or later ones; all rows of the scene are of the others, and page and terminal say so.
func TestSeedsThatCannotBeDrawn(t *testing.T) {
	d := crowns(t)
	drawable := func(seed uint64) bool {
		cfg := optionsFor(t, "", 1).Config
		cfg.SetSeed(seed)
		cfg.Split.Shots = 3 // of which two are the draw of the other setting
		_, err := d.Split(cfg.Split)
		return err == nil
	}
	for _, c := range []struct {
		pattern []bool
		seeds   []uint64 // after the first, that are left
	}{{[]bool{true, false, true}, []uint64{0, 2}}, {[]bool{false, true, true}, []uint64{1, 2}}} {
		first := uint64(1)
		for k := 0; k < len(c.pattern); {
			if k++; drawable(first+uint64(k-1)) != c.pattern[k-1] {
				first, k = first+1, 0
			}
		}
		trained := 0
		study := guessing(&trained, 0, nil)
		o := optionsFor(t, t.TempDir(), 3)
		var log bytes.Buffer
		o.Log, o.First, o.OneStage1 = &log, first, true
		o.Scenes.Found = []*Scene{newScene("crowns", "crowns", d, nil)}
		out, err := Run(t.Context(), study, o)
		if err != nil {
			t.Fatal(err)
		}
		var want []uint64
		for _, k := range c.seeds {
			want = append(want, first+k)
		}
		for _, row := range out.Panels[0].Rows {
			if !slices.Equal(row.Seeds, want) || row.Ours["OA"].N != 2 {
				t.Errorf("%s: %d cells of seeds %v, want those of %v", row.name(), row.Ours["OA"].N, row.Seeds, want)
			}
		}
		if trained != 8 {
			t.Errorf("%d trainings, want 4 for each of 2 seeds", trained)
		}
		lost := first + uint64(slices.Index(c.pattern, false))
		note := fmt.Sprintf("crowns: seed %d is left out, since its samples cannot be drawn: dataset", lost)
		page, tex := read(t, filepath.Join(o.Out, "table5.html")), read(t, filepath.Join(o.Out, "table5.tex"))
		var text strings.Builder
		if err := out.Print(&text); err != nil {
			t.Fatal(err)
		}
		for where, has := range map[string]bool{
			"log":   strings.Contains(log.String(), "note: "+note),
			"page":  strings.Contains(page, note) && strings.Contains(page, "standard deviation over 2 of 3 seeds"),
			"LaTeX": strings.Contains(tex, "crowns, 2 of 3 seeds"),
			"text":  strings.Contains(text.String(), "crowns, 2 of 3 seeds"),
		} {
			if !has {
				t.Errorf("%s does not tell of seed %d:\n%s%s", where, lost, log.String(), text.String())
			}
		}
	}
}
