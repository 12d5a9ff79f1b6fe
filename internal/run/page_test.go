package run

import (
	"image"
	"slices"
	"strings"
	"testing"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/figure"
	"diffclip/internal/study"
	"diffclip/internal/tsne"
	"diffclip/optim/train"
	"diffclip/rsdata"
)

// A page of a run tells of everything that the run has.
func TestPageOfBothStages(t *testing.T) {
	x := small(t)
	stage1, err := diffusion.New(x.Config.Diffusion, 1)
	if err != nil {
		t.Fatal(err)
	}
	stage2, err := clip.New(x.Config.Classifier, 1)
	if err != nil {
		t.Fatal(err)
	}
	pixels := spreadOver(x.Split.Test, 3)
	if len(pixels) != 3 {
		t.Fatalf("%d windows, want 3", len(pixels))
	}
	inside, err := x.LookInside(t.Context(), stage1, stage2, rsdata.Pixels(nil, pixels))
	if err != nil {
		t.Fatal(err)
	}
	if m := len(x.Data.Modalities); len(inside.Timesteps) != m || len(inside.Attention) != m || len(inside.Features) != 2*m || inside.Note != "" {
		t.Errorf("%d, %d and %d pictures of %d modalities, note %q", len(inside.Timesteps), len(inside.Attention), len(inside.Features), m, inside.Note)
	}
	for _, f := range inside.Features {
		if !slices.Equal(f.Categories, rsdata.Legend(x.Data.Classes)) {
			t.Errorf("%s: other colours than those of the map: %v", f.Title, f.Categories)
		}
	}
	heads := x.Config.Classifier.Encoder.Heads
	if rows := len(inside.Attention[0].(*figure.Images).Rows); rows != 2+heads {
		t.Errorf("%d rows of attention, want the window, the mean and %d heads", rows, heads)
	}
	s := x.Data.Scenes[0]
	page := x.Page(Results{Title: "t", Inside: inside, Map: s.Labels,
		Curves: []Curve{{Stage1Name, []train.Epoch{{Epoch: 0, Loss: 2, LR: 1e-3}, {Epoch: 1, Loss: 1, LR: 1e-4}}}}})
	var b strings.Builder
	if err := page.Write(&b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), `<div class="scroll two"`); n != len(inside.Features) {
		t.Errorf("%d pictures of features in the other colours, want %d", n, len(inside.Features))
	}
	for _, want := range []string{"Learning rate of stage 1", "Attention of the class token: lidar", "Features of hsi after stage 1", "Features of lidar after stage 2",
		"One window at several timesteps: hsi", "safe for colour blindness", ">truth, blank where it is not known<", "false colour"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// Features that stage 2 leaves as they are are shown once, and the page says so.
func TestPageOfAKeptEncoder(t *testing.T) {
	x := small(t)
	stage1, err := diffusion.New(x.Config.Diffusion, 1)
	if err != nil {
		t.Fatal(err)
	}
	stage2, err := clip.New(x.Config.Classifier, 1)
	if err != nil {
		t.Fatal(err)
	}
	shown := rsdata.Pixels(nil, spreadOver(x.Split.Test, 3))
	x.Config.Finetune.FreezeEncoder = x.Config.Finetune.Epochs
	for _, c := range []struct {
		fixed        bool
		stage1       *diffusion.Model
		stage2       *clip.Model
		kept         bool
		perModality  int
		titledWithin string
	}{
		{true, stage1, stage2, true, 1, "after both stages"},
		{false, stage1, stage2, false, 2, "after stage 1"},
		{true, stage1, nil, false, 1, "after stage 1"},
		{true, nil, stage2, false, 1, "after stage 2"},
	} {
		x.Config.Finetune.FixNorms = c.fixed
		inside, err := x.LookInside(t.Context(), c.stage1, c.stage2, shown)
		if err != nil {
			t.Fatal(err)
		}
		if inside.Kept != c.kept || len(inside.Features) != c.perModality*len(x.Data.Modalities) || !strings.Contains(inside.Features[0].Title, c.titledWithin) {
			t.Errorf("%+v: kept %v, %d pictures, the first %q", c, inside.Kept, len(inside.Features), inside.Features[0].Title)
		}
		if says := strings.Contains(strings.Join(x.featureSection(inside).Text, " "), "as stage 1 made them"); says != c.kept {
			t.Errorf("%+v: that the features are kept is said %v", c, says)
		}
	}
}

// The page of stage 1 shows the scene and where its windows lie; several scenes are not shown.
func TestPageOfStage1ShowsTheScene(t *testing.T) {
	x := small(t)
	curves := []Curve{{Stage1Name, []train.Epoch{{Epoch: 0, Loss: 2, LR: 1e-3}}}}
	page := func() string {
		var b strings.Builder
		if err := x.Page(Results{Title: "t", Curves: curves}).Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, want := range []string{">Scene</h2>", "hsi, false colour", `alt="centres of the windows of stage 1"`} {
		if !strings.Contains(page(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	x.Data.Scenes = append(x.Data.Scenes, x.Data.Scenes[0])
	if strings.Contains(page(), ">Scene</h2>") {
		t.Error("one of several scenes is shown as the scene")
	}
}

// The picture of centres has one pixel for each window.
func TestCentres(t *testing.T) {
	im := centres(&rsdata.Scene{H: 2, W: 3}, []rsdata.Pixel{{Row: 1, Col: 2}, {Row: 0, Col: 0}}).(*image.Paletted)
	if want := []uint8{1, 0, 0, 0, 0, 1}; !slices.Equal(im.Pix, want) {
		t.Errorf("pixels %v, want %v", im.Pix, want)
	}
}

// Too few windows to embed are said, not fatal.
func TestLookInsideWithoutFeatures(t *testing.T) {
	x := small(t)
	x.Split.Test = x.Split.Test[:3]
	stage1, err := diffusion.New(x.Config.Diffusion, 1)
	if err != nil {
		t.Fatal(err)
	}
	inside, err := x.LookInside(t.Context(), stage1, nil, rsdata.Pixels(nil, x.Split.Test))
	if err != nil || len(inside.Features) != 0 || !strings.Contains(inside.Note, "3 points: want at least 5") {
		t.Errorf("%d pictures, note %q, error %v", len(inside.Features), inside.Note, err)
	}
}

// A figure of merit that is not defined is a dash, as kappa where all windows are of one class and called so.
func TestPageOfUndefinedScores(t *testing.T) {
	x := small(t)
	c := rsdata.NewConfusion(len(x.Data.Classes))
	c.Add(0, 0)
	page := x.Page(Results{Title: "t", Methods: []Method{{Name: "all of one class", Confusion: c}}})
	var b strings.Builder
	if err := page.Write(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "NaN") || len(page.Summary) != 3 || page.Summary[2].Value != "-" || page.Summary[0].Value != "100.0 %" {
		t.Errorf("the summary is %v", page.Summary)
	}
}

// The picture of features is of those that the classifier reads, and the page says which they are.
func TestPageIsOfThePooledFeatures(t *testing.T) {
	x := small(t)
	x.Split.Test = x.Split.Test[:20]
	model, err := clip.New(x.Config.Classifier, 1)
	if err != nil {
		t.Fatal(err)
	}
	looker, err := study.NewEncoder(x.Backend, model.Encoder, x.Windows)
	if err != nil {
		t.Fatal(err)
	}
	embedded := map[clip.Pool][]tsne.Point{}
	for _, pool := range []clip.Pool{clip.PoolClass, clip.PoolMean, clip.PoolCentre} {
		x.Config.Classifier.Pool = pool
		if _, embedded[pool], err = x.EmbedTest(t.Context(), looker, 0); err != nil {
			t.Fatal(err)
		}
		if stands := strings.Contains(x.attentionText(), "class token stands for the window"); stands != (pool == clip.PoolClass) {
			t.Errorf("pooling %q: %s", pool, x.attentionText())
		}
	}
	if slices.Equal(embedded[clip.PoolCentre], embedded[clip.PoolClass]) || slices.Equal(embedded[clip.PoolCentre], embedded[clip.PoolMean]) {
		t.Error("features pooled around the centre lie where others do")
	}
}
