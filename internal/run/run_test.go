package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/figure"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// small is an experiment that is made in a moment.
func small(t testing.TB) *Experiment {
	t.Helper()
	cfg, err := Preset("demo")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Scene.Bands = 6
	cfg.SetWindow(3)
	cfg.Encoder(func(e *vit.Config) { e.Dim, e.Heads, e.Depth = 8, 2, 1 })
	cfg.Split.Shots, cfg.Split.PerClassTest, cfg.Split.Unlabelled = 4, 5, 20
	x, err := Prepare(cfg, Given{}, tensor.NewCPU(1))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestPresetsAreSound(t *testing.T) {
	for _, name := range presetNames() {
		c, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Check(); err != nil {
			t.Errorf("preset %s: %v", name, err)
		}
		if c.Preset != name || c.Split.Seed != c.Seed || c.Pretrain.Seed != c.Seed || c.Finetune.Seed != c.Seed {
			t.Errorf("preset %s: named %q, seeds %d, %d, %d, %d", name, c.Preset, c.Seed, c.Split.Seed, c.Pretrain.Seed, c.Finetune.Seed)
		}
		if w := c.Split.Window; c.Diffusion.Encoder.Window != w || c.Classifier.Encoder.Window != w {
			t.Errorf("preset %s: windows %d, %d, %d", name, w, c.Diffusion.Encoder.Window, c.Classifier.Encoder.Window)
		}
	}
	c, _ := Preset("paper")
	want := diffusion.DefaultTrain()
	want.Seed = c.Seed
	if !reflect.DeepEqual(c.Pretrain, want) {
		t.Errorf("stage 1 of the paper's preset is %+v, want the defaults", c.Pretrain)
	}
}

// Stage 1 alone goes without labels, but not where it learns classes too, nor where it is to keep clear of the
// windows that test and those cannot be told.
func TestPrepareForStage1(t *testing.T) {
	x := small(t)
	cfg := x.Config
	cfg.Split.Shots = 1 << 20
	for _, c := range []struct {
		name   string
		change func(*Config)
		stage1 bool
		fails  bool
	}{
		{"both stages", func(*Config) {}, false, true},
		{"stage 1", func(*Config) {}, true, false},
		{"stage 1 that learns classes", func(c *Config) { c.Diffusion.ClassWeight = 0.5 }, true, true},
		{"stage 1 clear of test windows", func(c *Config) { c.Split.Inductive = true }, true, true},
		{"stage 1 of a window that is none", func(c *Config) { c.Split.Protocol = "fair" }, true, true},
	} {
		cfg := cfg
		c.change(&cfg)
		y, err := Prepare(cfg, Given{Data: x.Data, Stage1: c.stage1}, x.Backend)
		if err != nil != c.fails {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && (y.NoTest == nil || len(y.Split.Train)+len(y.Split.Test) > 0 || len(y.Split.Unlabelled) != 20 || len(y.Examples(6)) != 6) {
			t.Errorf("%s: split %+v, reason %v", c.name, y.Split, y.NoTest)
		}
	}
}

func TestSetEpochsMovesMilestones(t *testing.T) {
	c := Config{Finetune: clip.TrainConfig{Epochs: 150, Milestones: []int{100, 131}}}
	c.SetEpochs(30)
	if c.Finetune.Epochs != 30 || !slices.Equal(c.Finetune.Milestones, []int{20, 26}) {
		t.Errorf("%d epochs, milestones %v", c.Finetune.Epochs, c.Finetune.Milestones)
	}
}

func TestAdoptPresetKeepsTheEncoder(t *testing.T) {
	c, _ := Preset("demo")
	encoder, split := c.Classifier.Encoder, c.Split
	c.SetSeed(9)
	if err := c.AdoptPreset("paper"); err != nil {
		t.Fatal(err)
	}
	split.Seed = 9
	if !reflect.DeepEqual(c.Classifier.Encoder, encoder) || !reflect.DeepEqual(c.Split, split) || c.Finetune.Seed != 9 {
		t.Error("the encoder, the split or the seed changed")
	}
	if c.Finetune.Epochs != clip.DefaultTrain().Epochs {
		t.Errorf("%d epochs", c.Finetune.Epochs)
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*Config)
	}{
		{"no data", func(c *Config) { c.Data = "" }},
		{"odd number", func(c *Config) { c.SetWindow(4) }},
		{"mask ratio", func(c *Config) { c.Diffusion.MaskRatio = 1 }},
		{"batch", func(c *Config) { c.Pretrain.Batch = 0 }},
		{"pooling", func(c *Config) { c.Classifier.Pool = "max" }},
		{"learning rate", func(c *Config) { c.Finetune.LR = math.NaN() }},
		{"tokenizer", func(c *Config) { c.Text.Tokenizer = "words" }},
		{"-bpe", func(c *Config) { c.Text.Tokenizer = BPE }},
	} {
		cfg, _ := Preset("paper")
		c.change(&cfg)
		if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one about %q", err, c.want)
		}
	}
}

func TestSyntheticSceneIsBounded(t *testing.T) {
	cfg, _ := Preset("demo")
	cfg.Scene.Bands = 1 << 40
	if _, err := Prepare(cfg, Given{}, nil); err == nil || !strings.Contains(err.Error(), "bands") {
		t.Errorf("error %v", err)
	}
}

func TestFolderRules(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a", "b")
	f, err := Create(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, false); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if err := f.WriteJSON(manifestFile, map[string]int{"a": 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, false); err == nil || !strings.Contains(err.Error(), "-force") {
		t.Errorf("a folder with a run: %v", err)
	}
	if _, err := Create(dir, true); err != nil {
		t.Errorf("a folder with a run, overwriting: %v", err)
	}
	if _, err := Create(root, true); err == nil || !strings.Contains(err.Error(), "no run") {
		t.Errorf("a folder with other files: %v", err)
	}
	if err := os.Mkdir(f.Path(splitsFolder), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{Stage1File, Stage2File, "metrics.json", "mine.txt", RestoredPicture(2), "splits/seed-3.json", "splits/mine.json"} {
		if err := os.WriteFile(f.Path(name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.VacantStage2(false); err == nil {
		t.Error("a stage 2 is taken for none")
	}
	for _, name := range rsdata.MapFiles() { // as a demo leaves them
		if err := os.WriteFile(f.Path(name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Clear(true); err != nil || f.Has(Stage2File) || f.Has("map.tif") || f.Has("confidence.tif") || f.Has("metrics.json") || f.Has("splits/seed-3.json") || !f.Has("splits/mine.json") || !f.Has(Stage1File) || !f.Has("reconstruction-3.png") {
		t.Errorf("clearing stage 2: %v", err)
	}
	if err := os.WriteFile(f.Path("map.png"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := f.Clear(false); err != nil || f.Has(Stage1File) || !f.Has("map.png") /* of no stage 2 of ours */ || f.Has("reconstruction-3.png") || !f.Has("mine.txt") || !f.Has(manifestFile) {
		t.Errorf("clearing all: %v", err)
	}
	fail := errors.New("full")
	if err := f.Write("x", func(io.Writer) error { return fail }); !errors.Is(err, fail) || f.Has("x") {
		t.Errorf("a failed write: %v", err)
	}
}

func TestHistoryRoundTrip(t *testing.T) {
	f := Folder{t.TempDir()}
	one := Curve{Stage1Name, []train.Epoch{{Epoch: 0, Loss: 1.0 / 3, LR: 1e-3}, {Epoch: 1, Loss: 0.25, LR: 5e-4}}}
	two := Curve{Stage2Name, []train.Epoch{{Epoch: 0, Loss: 2, LR: 1e-4}}}
	for _, c := range []Curve{one, {Stage2Name, one.Epochs}, two} {
		if err := f.SaveHistory(c); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.History()
	if err != nil || !reflect.DeepEqual(got, []Curve{one, two}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"a,b\n", "training,epoch,loss,learning_rate\nx,one,2,3\n"} {
		if err := os.WriteFile(f.Path(HistoryFile), []byte(bad), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := f.History(); err == nil || !strings.Contains(err.Error(), HistoryFile) {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

func TestManifestRoundTrip(t *testing.T) {
	x := small(t)
	f := Folder{t.TempDir()}
	m := NewManifest(x)
	m.Seconds["stage 1"] = 2
	if err := f.SaveManifest(m); err != nil {
		t.Fatal(err)
	}
	_, got, err := Open(f.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Config, m.Config) || !reflect.DeepEqual(got.Split, m.Split) || got.Seconds["stage 1"] != 2 {
		t.Errorf("read back %+v", got)
	}
	if err := got.Same(x); err != nil {
		t.Error(err)
	}
	other, err := x.Resplit(99)
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Same(other); err == nil || !strings.Contains(err.Error(), "-seed 99 is for another run") {
		t.Errorf("another seed is taken for the same, or for other files: %v", err)
	}
	got.Split.Hash = "of other files"
	if err := got.Same(x); err == nil || !strings.Contains(err.Error(), "have changed") {
		t.Errorf("other files are taken for the same, or for another seed: %v", err)
	}
}

// Weights read back give the same tensors, scaling, classes and prompts.
func TestWeightsRoundTrip(t *testing.T) {
	x := small(t)
	f := Folder{t.TempDir()}
	d, err := diffusion.New(x.Config.Diffusion, 5)
	if err != nil {
		t.Fatal(err)
	}
	c, err := clip.New(x.Config.Classifier, 6)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.SaveStage1(x, d), f.SaveStage2(x, c)); err != nil {
		t.Fatal(err)
	}
	one, err := OpenStage1(f.Path(Stage1File))
	if err != nil {
		t.Fatal(err)
	}
	sameState(t, d.Set.State(), one.Model.Set.State())
	two, err := clip.Open(f.Path(Stage2File))
	if err != nil {
		t.Fatal(err)
	}
	sameState(t, c.Set.State(), two.Model.Set.State())
	if !reflect.DeepEqual(two.Scaling, x.Scaling) || !reflect.DeepEqual(two.Classes, x.Data.Classes) || !reflect.DeepEqual(two.Text.Prompts, x.Text.Prompts) {
		t.Error("scaling, classes or prompts differ")
	}
}

func sameState(t *testing.T, a, b map[string]*tensor.Tensor) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%d and %d tensors", len(a), len(b))
	}
	for name, v := range a {
		if !slices.Equal(v.Data, b[name].Data) {
			t.Errorf("%s differs", name)
		}
	}
}

// What the machine cannot hold is refused before anything is allocated.
func TestStagesMustFitInMemory(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" && runtime.GOOS != "windows" {
		t.Skip("the size of the memory is not known here")
	}
	x := small(t)
	if err := errors.Join(x.Stage1Fits(), x.Stage2Fits()); err != nil {
		t.Fatalf("a small model does not fit: %v", err)
	}
	for what, change := range map[string]func(*Config){
		"parameters":  func(c *Config) { c.Encoder(func(e *vit.Config) { e.Dim, e.Depth = 1<<16, 1<<10 }) },
		"activations": func(c *Config) { c.Encoder(func(e *vit.Config) { e.Window, e.Depth, e.Dim = 4095, 1000, 1<<12 }) },
	} {
		y := *x
		change(&y.Config)
		_, _, err1 := y.Pretrain(t.Context(), train.Hooks{})
		_, _, err2 := y.Finetune(t.Context(), nil, train.Hooks{})
		for i, err := range []error{err1, err2} {
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("stage %d takes at least", i+1)) || !strings.Contains(err.Error(), "-batch smaller") {
				t.Errorf("%s of stage %d: %v", what, i+1, err)
			}
		}
	}
}

// Two classes that differ in one band are told apart by their means.
// Modalities lie side by side, and a window is told by its centre alone.
func TestNearestMean(t *testing.T) {
	x := small(t)
	p := x.Split.Test[3]
	window := x.Windows.NewBuffers(1)
	x.Windows.Gather(window, []rsdata.Pixel{p.Pixel})
	var want []float64
	for m, values := range window {
		centre := x.Windows.Side() * x.Windows.Side() / 2
		for _, v := range values[centre*x.Windows.Bands(m):][:x.Windows.Bands(m)] {
			want = append(want, float64(v))
		}
	}
	if got := x.centres([]rsdata.Sample{p})[0]; !slices.Equal(got, want) {
		t.Errorf("the centre is %v, want %v", got, want)
	}
	c, err := x.NearestMean(t.Context())
	if err != nil || c.Total() != int64(len(x.Split.Test)) || !(c.OA() > 0.3) {
		t.Errorf("%d samples, OA %v, error %v", c.Total(), c.OA(), err)
	}
}

func TestTexts(t *testing.T) {
	d := rsdata.Synthetic(rsdata.DefaultSynthetic())
	own := filepath.Join(t.TempDir(), "own.json")
	if err := os.WriteFile(own, []byte(`{"Water": "a calm river"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	text := func(prompts string) []string {
		t.Helper()
		x, err := NewText(TextConfig{Tokenizer: Compact, Prompts: prompts}, d)
		if err != nil {
			t.Fatal(err)
		}
		return x.Texts
	}
	if got := text("p1")[0]; got != "a patch of a Water." {
		t.Errorf("p1: %q", got)
	}
	if got := text("seen: {}")[1]; got != "seen: Meadow" {
		t.Errorf("a template: %q", got)
	}
	if got := text(own); got[0] != "a calm river" || len(got) != 10 {
		t.Errorf("own descriptions: %q", got)
	}
	if got := text(AutoPrompts); !slices.Equal(got, text("p5")) {
		t.Errorf("auto, with descriptions: %q", got)
	}
	d.Name, d.Classes = "mine", []rsdata.Class{{Name: "xyzzy"}, {Name: "plugh"}}
	if got := text(AutoPrompts); !slices.Equal(got, text("p4")) {
		t.Errorf("auto, without descriptions: %q", got)
	}
	if _, err := NewText(TextConfig{Tokenizer: Compact, Prompts: "p9"}, d); err == nil {
		t.Error("an unknown prompt is no error")
	}
	for _, c := range []TextConfig{{Tokenizer: Compact, Prompts: own + ".JSON"}, {Tokenizer: BPE, BPE: own + ".gz", Prompts: "p1"}} {
		// A file of texts is no file of data, of which -data says where it is.
		if _, err := NewText(c, d); err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "there is no file "+own) {
			t.Errorf("%+v, a file that is not there: %v", c, err)
		}
	}
}

// The pictures have a row for each step of the way and a column for each window.
func TestReconstructions(t *testing.T) {
	for rows, change := range map[int]func(*diffusion.Config){
		5: func(*diffusion.Config) {},
		4: func(c *diffusion.Config) { c.ReferenceOrder = true },
		3: func(c *diffusion.Config) { c.NoNoise = true },
	} {
		x := small(t)
		change(&x.Config.Diffusion)
		m, err := diffusion.New(x.Config.Diffusion, 5)
		if err != nil {
			t.Fatal(err)
		}
		figures, err := x.Reconstructions(m, rsdata.Pixels(nil, x.Split.Test[:3]))
		if err != nil || len(figures) != 2 {
			t.Fatalf("%d figures, %v", len(figures), err)
		}
		if got := len(figures[0].(*figure.Images).Rows); got != rows {
			t.Errorf("%d rows, want %d", got, rows)
		}
	}
}

// The time of a training adds up over its interruptions, whether or not run.json knows of them; a training that cannot be gone on with leaves run.json alone.
func TestTimeOfAnInterruptedStage(t *testing.T) {
	x := small(t)
	x.Config.Pretrain.Epochs, x.Config.Pretrain.Batch = 2, 10
	f := Folder{t.TempDir()}
	m := NewManifest(x)
	if err := f.SaveManifest(m); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	hooks := train.Hooks{Checkpoint: f.Path(Checkpoint1File), OnStep: func(train.Step) {
		time.Sleep(50 * time.Millisecond)
		cancel()
	}}
	if _, _, err := f.RunStage1(ctx, x, m, hooks); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	_, interrupted, err := Open(f.Dir)
	if err != nil {
		t.Fatal(err)
	}
	first := interrupted.Seconds[Stage1Name]
	if first < 0.05 {
		t.Errorf("%v seconds until the interruption", first)
	}
	hooks.OnStep = nil
	other := *x
	other.Config.Pretrain.LR *= 2
	changed := NewManifest(&other)
	if _, _, err := f.RunStage1(t.Context(), &other, changed, hooks); err == nil || !strings.Contains(err.Error(), "another configuration") {
		t.Fatalf("error %v", err)
	}
	if _, m, err = Open(f.Dir); err != nil || !reflect.DeepEqual(m, interrupted) {
		t.Fatalf("run.json after a training that was refused: %+v, %v", m, err)
	}
	if _, _, err := f.RunStage1(t.Context(), x, NewManifest(x), hooks); err != nil {
		t.Fatal(err)
	}
	if _, m, err = Open(f.Dir); err != nil || m.Seconds[Stage1Name] <= 0.05 || m.Parameters[Stage1Name] == 0 {
		t.Errorf("%v seconds in all, %v until the interruption; %v", m.Seconds[Stage1Name], first, err)
	}
	m.Seconds[Stage1Name] = 1000 // of another training, which is done anew
	if _, _, err := f.RunStage1(t.Context(), x, m, hooks); err != nil || m.Seconds[Stage1Name] >= 1000 {
		t.Errorf("a training from the start took %v seconds; %v", m.Seconds[Stage1Name], err)
	}
}

// A run goes on with inputs scaled as they were, which its checkpoints do not tell.
func TestOtherScaling(t *testing.T) {
	x := small(t)
	m := NewManifest(x)
	y := *x
	y.Config.Scaling.Method, y.Config.Scaling.PCA = rsdata.GlobalMinMax, 4
	if err := m.Same(&y); err == nil || !strings.Contains(err.Error(), "-scaling standardise -pca 0") || !strings.Contains(err.Error(), "-scaling minmax -pca 4") {
		t.Errorf("another scaling: error %v", err)
	}
	m.Split.Train, m.Split.Test = 0, 0
	if m.Relabelled(&y) {
		t.Error("a run without labels is taken up with another scaling")
	}
}

// The map of a classifier goes before the classifier, so that a kill leaves no map of one that is gone.
func TestClearBeginsWithTheMap(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	for _, name := range []string{Stage2File, "map.tif", "map.tif.ovr", "metrics.json/in the way"} {
		if err := os.MkdirAll(filepath.Dir(f.Path(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Path(name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Clear(true); err == nil {
		t.Fatal("a folder was removed")
	}
	if f.Has("map.tif") || f.Has("map.tif.ovr") {
		t.Errorf("the map is left; its classifier: %v", f.Has(Stage2File))
	}
}
