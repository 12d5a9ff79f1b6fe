package reproduce

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"diffclip/internal/cells"
	"diffclip/internal/figure"
	"diffclip/internal/run"
	"diffclip/internal/tsne"
	"diffclip/rsdata"
)

// storedCell is a cell on a small scene that keeps all that one can, what it may
// have given, and a run of nothing else.
func storedCell(tb testing.TB) (*runner, *cell, *Result) {
	tb.Helper()
	d := rsdata.Synthetic(rsdata.SyntheticConfig{H: 64, W: 64, Bands: 4, Seed: 1})
	cfg, err := run.Preset("demo")
	if err != nil {
		tb.Fatal(err)
	}
	scene := newScene("small", "small", d, nil)
	r := &runner{scenes: []*Scene{scene}, arms: []Arm{{Method: "first", X: 1, Train: guess{label: 1}}}, results: map[*cell]*Result{},
		options: Options{Config: cfg, Seeds: 1},
		study: &Study{Name: "fuzz", Title: "Fuzz", Metrics: sceneMetrics, Reference: "first", Arms: func(bool) []Arm { return nil },
			Charts: func(p *Panel) []figure.Figure {
				return append(append(shotCurves(p), mapFigures(p)...), planeFigures(p)...)
			}}}
	c, err := newCell(scene, &r.arms[0], cfg, kept{Maps: true, Plane: true})
	if err != nil {
		tb.Fatal(err)
	}
	r.cells = [][]*cell{{c}}
	result := &Result{Split: run.SplitFacts{Train: 2, Test: 3, Hash: "a-b"}, SplitFile: "a-b.json.gz", Seconds: 1, Stage1: 2,
		Plane: &Plane{Classes: []uint8{1, 10}, Places: [][]tsne.Point{{{0, 1}, {2, 3}}, {{4, 5}, {6, 7}}}}}
	result.score([]rsdata.Sample{{Label: 1}, {Label: 2}, {Label: 3}}, []uint8{1, 2, 4}, len(d.Classes))
	for _, s := range d.Scenes {
		result.Maps = append(result.Maps, make([]byte, s.H*s.W))
	}
	return r, c, result
}

// draw makes every file of a run whose one cell gave a result.
func draw(r *runner, c *cell, result *Result) error {
	r.results[c] = result
	o := r.outcome(1)
	for _, fill := range []func(io.Writer) error{o.writeCSV, o.writeSeeds, o.writeLaTeX, o.page().Write, o.Print} {
		if err := fill(io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// Whatever a cell's file says, reading it ends in a result that can be drawn, or in
// an error.
func FuzzCell(f *testing.F) {
	r, c, good := storedCell(f)
	maps := good.Maps
	good.Maps = nil // which are long, as the identity is, and put back below
	s := cells.Store{Dir: f.TempDir()}
	if err := s.Save(c.identity, good); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(s.Path(c.identity))
	if err != nil {
		f.Fatal(err)
	}
	head, rest, ok := strings.Cut(strings.TrimPrefix(string(text), "{"), `,"values":`)
	if !ok || !strings.HasPrefix(head, `"identity":{"format":1,`) {
		f.Fatalf("a cell begins with %.40s", text)
	}
	rest = `"values":` + rest
	f.Add(rest)
	for _, change := range [][2]string{{`"test":3`, `"test":9223372036854775807`}, {`"test":3`, `"test":-8`}, {`"correct":"Aw=="`, `"correct":""`},
		{`[2,3]`, `[1e308,-1e308]`}, {`"classes":"AQo="`, `"classes":"AAs="`}, {`{"OA":`, `{"ACC":1e300,"OA":`}, {`"note"`, `"maps":[""],"note"`}} {
		f.Add(strings.Replace(rest, change[0], change[1], 1))
	}
	pixels, err := json.Marshal(maps)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		result := &Result{}
		if c.identity.Parse(fmt.Appendf(nil, `{"maps":%s,%s,%s`, pixels, head, rest), result) != nil || result.check(c) != nil {
			return
		}
		if err := draw(r, c, result); err != nil {
			t.Error(err)
		}
	})
}

// Each kind of damage is told with the file's name, and the cell is computed anew.
func TestDamagedCells(t *testing.T) {
	r, c, good := storedCell(t)
	s := cells.Store{Dir: t.TempDir()}
	if err := s.Save(c.identity, good); err != nil {
		t.Fatal(err)
	}
	back, err := c.load(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := draw(r, c, back); err != nil {
		t.Error(err)
	}
	for what, damage := range map[string]func(*Result){
		"2 bytes say":          func(r *Result) { r.Correct = []byte{3, 0} },
		"0 test samples":       func(r *Result) { r.Split.Test = 0 },
		"OA is 0.5":            func(r *Result) { r.Values["OA"] = 0.5 },
		"OA is 0,":             func(r *Result) { r.Values = nil },
		"kappa is -7":          func(r *Result) { r.Values["kappa"] = -7 },
		"4 of 3 test windows":  func(r *Result) { r.Split.Overlap = 4 },
		"-1 and 2 seconds":     func(r *Result) { r.Seconds = -1 },
		"split is in":          func(r *Result) { r.SplitFile = "../../other" },
		`split is in "../`:     func(r *Result) { r.Split.Hash, r.SplitFile = "../a", "../a.json.gz" },
		"maps of 0 scenes":     func(r *Result) { r.Maps = nil },
		"a map of 9 pixels":    func(r *Result) { r.Maps = [][]byte{make([]byte, 9)} },
		"a map with label 11":  func(r *Result) { r.Maps[0][5] = 11 },
		"plane with label 0":   func(r *Result) { r.Plane.Classes[1] = 0 },
		"plane with label 11":  func(r *Result) { r.Plane.Classes[1] = 11 },
		"1 places":             func(r *Result) { r.Plane.Places[1] = r.Plane.Places[1][:1] },
		"2 windows and 1 moda": func(r *Result) { r.Plane.Places = r.Plane.Places[:1] },
		"of 0 windows and 2":   func(r *Result) { r.Plane = &Plane{Places: make([][]tsne.Point, 2)} },
	} {
		_, _, bad := storedCell(t)
		damage(bad)
		if err := s.Save(c.identity, bad); err != nil {
			t.Fatal(err)
		}
		wantDamage(t, s, c, what)
	}
	if err := os.WriteFile(s.Path(c.identity), make([]byte, c.maxResult()+1), 0o666); err != nil {
		t.Fatal(err)
	}
	wantDamage(t, s, c, "more than")
}

func wantDamage(t *testing.T, s cells.Store, c *cell, want string) {
	t.Helper()
	r, err := c.load(s)
	if r != nil || err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), s.Path(c.identity)) || !strings.Contains(err.Error(), "computed anew") {
		t.Errorf("want %q: %v, %v", want, r, err)
	}
}
