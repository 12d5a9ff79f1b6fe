package reproduce

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"diffclip/clip"
	"diffclip/internal/baseline"
	"diffclip/internal/cells"
	"diffclip/internal/figure"
	"diffclip/internal/run"
	"diffclip/rsdata"
)

// witness notes what every cell is trained from.
type witness struct {
	guess
	seen *[]run.Config
	from *[][]rsdata.Pixel // windows of the stage 1 that the cell would start from
}

func (w witness) name() string { return "witness" }

func (w witness) train(_ context.Context, j *job) (classifier, error) {
	*w.seen, *w.from = append(*w.seen, j.config), append(*w.from, j.x.Split.Unlabelled)
	return w, nil
}

// A head refined on windows without labels depends on the seed that draws them, also without a stage 1; no other
// result without one depends on the seed of stage 1.
func TestStage2AloneDependsOnItsWindows(t *testing.T) {
	for _, fit := range []clip.HeadFit{clip.HeadLDA, clip.HeadEM} {
		var keys []string
		for _, seed := range []uint64{1, 2} {
			var cfg run.Config
			cfg.Finetune.HeadFit, cfg.Pretrain.Seed = fit, seed
			named, err := cells.Identify(diffclip{alone: true}.settings(cfg))
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, named.Key())
		}
		if same := keys[0] == keys[1]; same != (fit == clip.HeadLDA) {
			t.Errorf("fit %s: the same cell with another seed of stage 1: %v", fit, same)
		}
	}
}

// A seed draws the samples and everything that either stage draws, unless all seeds are to
// have one stage 1; the maps of the first seed alone are kept, and each row has the paper's
// numbers for its own method, setting and scene.
func TestSeedsOfCells(t *testing.T) {
	for _, one := range []bool{false, true} {
		var seen []run.Config
		var from [][]rsdata.Pixel
		trained := 0
		study := &Study{Name: "table1", Title: "Witness", Metrics: sceneMetrics, Maps: true,
			Arms: func(bool) []Arm {
				return []Arm{{Setting: "2-shot", Method: "CLIP from scratch", Paper: "CLIP", Train: witness{guess{1, &trained, 0, nil}, &seen, &from}, Change: shots(2)}}
			},
			Charts: func(*Panel) []figure.Figure { return nil },
		}
		o := optionsFor(t, t.TempDir(), 3)
		o.First, o.OneStage1 = 5, one
		o.Scenes.Found[0].Label = "Houston"
		out, err := Run(t.Context(), study, o)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range seen {
			seed, stage1 := uint64(5+i), uint64(5+i)
			if one {
				stage1 = 5
			}
			if c.Split.Seed != seed || c.Finetune.Seed != seed || c.Seed != stage1 || c.Pretrain.Seed != stage1 {
				t.Errorf("one stage 1 %v: seed %d has samples of %d, stage 2 of %d, stage 1 of %d and %d", one, seed, c.Split.Seed, c.Finetune.Seed, c.Seed, c.Pretrain.Seed)
			}
			if i > 0 && slices.Equal(from[i], from[0]) != one {
				t.Errorf("one stage 1 %v: seeds 5 and %d have the same windows of stage 1: %v", one, seed, !one)
			}
		}
		row := out.Panels[0].Rows[0]
		if len(seen) != 3 || len(row.Cells) != 3 {
			t.Fatalf("%d trainings, %d cells", len(seen), len(row.Cells))
		}
		for i, c := range row.Cells {
			if row.Seeds[i] != uint64(5+i) || (len(c.Maps) == 1) != (i == 0) {
				t.Errorf("cell %d is of seed %d and keeps %d maps", i, row.Seeds[i], len(c.Maps))
			}
		}
		if v := row.paper("OA"); !(math.Abs(v-0.3583) < 1e-9) || !(math.Abs(out.Panels[0].difference(row, "OA")-(row.value("OA")-0.3583)) < 1e-12) {
			t.Errorf("beside CLIP from scratch stands %v, the paper prints 0.3583 for CLIP", v)
		}
	}
}

// A method that draws, such as the random forest, does so from the seed of its cell.
func TestClassicalMethodsDrawFromTheirSeed(t *testing.T) {
	o := optionsFor(t, "", 1)
	s := o.Scenes.Found[0]
	method, err := baseline.FindMethod("rf")
	if err != nil {
		t.Fatal(err)
	}
	o.Config.SetSeed(4)
	split, err := s.Data.Split(o.Config.Split)
	if err != nil {
		t.Fatal(err)
	}
	j := &job{cell: &cell{scene: s}, x: &run.Experiment{Data: s.Data, Split: split}}
	c, err := classical{method}.train(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	pixels := rsdata.Pixels(nil, split.Test)
	labels, err := c.classify(t.Context(), pixels)
	if err != nil {
		t.Fatal(err)
	}
	for seed, want := range map[uint64]bool{4: true, 1: false} {
		m, err := s.evaluator.Train(t.Context(), split, method, seed)
		if err != nil {
			t.Fatal(err)
		}
		same := true
		for i, k := range m.Predict(pixels) {
			same = same && labels[i] == uint8(k+1)
		}
		if same != want {
			t.Errorf("the forest of seed 4 is that of seed %d: %v", seed, same)
		}
	}
}

// sure gives every exam one probability of the answer yes.
type sure struct{ yes float32 }

func (s sure) classify(_ context.Context, p []rsdata.Pixel) ([]uint8, error) {
	return slices.Repeat([]uint8{1}, len(p)), nil
}

func (s sure) probabilities(_ context.Context, p []rsdata.Pixel) ([]float32, error) {
	return slices.Repeat([]float32{1 - s.yes, s.yes}, len(p)), nil
}

// An exam is called positive from a probability of one half.
func TestExamsArePositiveFromOneHalf(t *testing.T) {
	d := madeUpExams()
	split, err := d.Split(rsdata.SplitConfig{Protocol: rsdata.Random, Shots: 5, Window: madeUpSide, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	j := &job{x: &run.Experiment{Data: d, Split: split}}
	for yes, want := range map[float32][2]float64{0.49: {0, 1}, 0.5: {1, 0}, 0.9: {1, 0}} {
		r := &Result{}
		if err := j.test(t.Context(), sure{yes}, r); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(r.Values["SE"], r.Values["SP"], r.Values["AUC"]); got != fmt.Sprint(want[0], want[1], 0.5) {
			t.Errorf("at %v: SE, SP and AUC are %s, want %v", yes, got, want)
		}
	}
}

// Where the vocabulary lies is not what a result depends on; what is in it counts by itself.
func TestSettingsNameNoPlaces(t *testing.T) {
	var cfg run.Config
	cfg.Text = run.TextConfig{Tokenizer: run.BPE, BPE: "/here/vocabulary.gz", Prompts: "/here/texts.json"}
	for _, method := range []trainer{diffclip{}, diffclip{alone: true}} {
		if text := method.settings(cfg).Text; text != (run.TextConfig{Tokenizer: run.BPE}) {
			t.Errorf("%s: %+v", method.name(), text)
		}
	}
}
