package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"diffclip/clip"
	"diffclip/internal/georef"
	"diffclip/internal/numeric"
	"diffclip/internal/run"
	"diffclip/internal/tiff"
)

// call runs a command line in this process.
func call(t *testing.T, ctx context.Context, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	code = command(ctx, args, &out, &log)
	return code, out.String(), log.String()
}

// succeed is call for a command line that has to succeed.
func succeed(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	code, stdout, stderr := call(t, t.Context(), args...)
	if code != 0 {
		t.Fatalf("diffclip %s: exit code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout
}

func TestMisuse(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ args, want string }{
		{"", "usage: diffclip SUBCOMMAND"},
		{"trian", `no subcommand "trian"`},
		{"help trian", `no subcommand "trian"`},
		{"demo extra", `unexpected argument "extra"`},
		{"demo -seed many", `invalid value "many" for flag -seed`},
		{"demo -threads 0", "want a whole number from 1"},
		{"inspect", "0 arguments, want 1"},
		{"inspect a b", "2 arguments, want 1"},
		{"pretrain -data synthetic", "-out is missing"},
		{"pretrain -out " + dir, "-data is missing"},
		{"pretrain -data synthetic -out x -resume -force", "exclude each other"},
		{"pretrain -data synthetic -out x -preset big", `no preset is called "big"`},
		{"pretrain -data synthetic -out x -protocol fair", "want official, random, disjoint"},
		{"pretrain -data synthetic -out x -shots -1", "want a whole number from 0"},
		{"pretrain -data synthetic -out x -window 10", "want an odd number"},
		{"pretrain -data synthetic -out x -window 9 -patch 2", "does not divide"},
		{"pretrain -data synthetic -out x -mask-ratio 1", "mask ratio 1"},
		{"pretrain -data synthetic -out x -mask-ratio NaN", "want a number from 0"},
		{"pretrain -data synthetic -out x -timesteps 0", "want a whole number from 1"},
		{"pretrain -data synthetic -out x -timesteps 1000000000", "timesteps: want at most"},
		{"pretrain -data synthetic -out x -lr 0", `invalid value "0" for flag -lr: want a number above 0`},
		{"finetune -from x -temperature 0", "want a number above 0"},
		{"pretrain -data synthetic -out x -scaling none", "want minmax"},
		{"pretrain -data synthetic -out x -loss-weights 1", "want two numbers"},
		{"pretrain -data synthetic -out x -pretrain-samples 0", "from 1, or all"},
		{"pretrain -data synthetic -out x -train-positions 3", "want none, 1, 2 or both"},
		{"pretrain -data synthetic -out x -compat paper", "want reference"},
		{"pretrain -data synthetic -out x -tokenizer bpe", "name it with -bpe"},
		{"pretrain -data synthetic -out x -heads 7", "multiple"},
		{"pretrain -data synthetic -out x -batch 0", "want a whole number from 1"},
		{"finetune", "-from is missing"},
		{"finetune -out x", "-from is missing"},
		{"finetune -from x -window 5", "-window is decided by stage 1"},
		{"finetune -from x -mask-ratio 0.5", "-mask-ratio is decided by stage 1"},
		{"finetune -from x -loss-weights paper", "-loss-weights is decided by stage 1"},
		{"finetune -from x -batch 1", "want a whole number from 2"},
		{"finetune -from x -pool all", "want class, mean"},
		{"finetune -from x -head round", "want text, linear"},
		{"pretrain -data synthetic -out x -noise none", "want on, off"},
		{"finetune -from x -resume -force", "exclude each other"},
		{"finetune -resume", "name the run to go on with"},
		{"finetune -from x -resume -preset demo", "exclude each other"},
		{"eval", "-from is missing"},
		{"eval -from run -views 3", "want 1 or 8"},
		{"finetune -from run -views 2", "want 1, 8"},
		{"finetune -from run -average -1", "from 0"},
		{"finetune -from run -symmetries yes", "want on, off"},
		{"pretrain -data synthetic -out run -stem round", "want reducer, linear"},
		{"eval -from x -seeds 0", "want a whole number from 1"},
		{"reproduce", "0 arguments, want 1"},
		{"reproduce table7", "want table1, table2"},
		{"reproduce table1 fig3", "2 arguments, want 1"},
		{"reproduce table1 -seeds 0", "want a whole number from 1"},
		{"reproduce table1 -preset big", `no preset is called "big"`},
		{"reproduce table1 -window 10", "want an odd number"},
		{"reproduce table1 -timestep late", "want first, random"},
		{"reproduce table1 -one-stage1 -inductive on", "keeps clear of the windows of one draw"},
		{"reproduce table1 -shots 3", "there is no flag -shots"},
		{"map -data synthetic -out x", "-from is missing"},
		{"map -from x -out x", "-data is missing"},
		{"map -from x -data synthetic", "-out is missing"},
		{"bench", "-workload is missing"},
		{"bench -workload all", "want pretrain"},
		{"bench -workload infer -json -profile", "it has no JSON"},
		{"info -verbose", "there is no flag -verbose\n"},
		{"pretrain -epoch 3", "there is no flag -epoch, did you mean -epochs?"},
		{"finetune -form run", "did you mean -from?"},
		{"map -probabilites", "did you mean -probabilities?"},
		{"inspekt x", `no subcommand "inspekt", did you mean inspect?`},
		{"predict", "no subcommand \"predict\"; `diffclip help` lists them"},
	} {
		code, stdout, stderr := call(t, t.Context(), strings.Fields(c.args)...)
		if code != exitMisuse || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("diffclip %s: exit code %d, stderr %q, stdout %q; want 2 and %q", c.args, code, stderr, stdout, c.want)
		}
	}
	if _, err := os.Stat("x"); err == nil {
		t.Error("a misused command made its folder")
	}
}

func TestHelp(t *testing.T) {
	overview := succeed(t, "help")
	for _, c := range subcommands() {
		if !strings.Contains(overview, "  "+c.name+" ") {
			t.Errorf("help leaves %s out", c.name)
		}
		text := succeed(t, c.name, "-h")
		for _, want := range []string{"usage: diffclip " + c.name, "example:\n  diffclip " + c.name} {
			if !strings.Contains(text, want) {
				t.Errorf("%s -h lacks %q:\n%s", c.name, want, text)
			}
		}
		if strings.Contains(text, " \n") {
			t.Errorf("%s -h has a line that ends in a space:\n%s", c.name, text)
		}
		if again := succeed(t, "help", c.name); again != text {
			t.Errorf("help %s differs from %s -h", c.name, c.name)
		}
		f := newFlags(c.name)
		do := c.declare(&app{}, f)
		if do == nil || f.purpose == "" {
			t.Errorf("%s does nothing or says not what", c.name)
		}
	}
}

// Help fits on two screens, in lines of one width, and what it leaves to another subcommand's help that explains, of the same flag.
func TestHelpIsShort(t *testing.T) {
	const screens = 96 // lines
	texts := map[string]string{"help presets": succeed(t, "help", presetsTopic)}
	for _, c := range subcommands() {
		texts[c.name+" -h"] = succeed(t, c.name, "-h")
		f := newFlags(c.name)
		c.declare(&app{}, f)
		grouped := 0
		for _, g := range f.groups {
			grouped += len(g.names)
			if g.by == "" {
				continue
			}
			other := newFlags(g.by)
			declared(g.by)(&app{}, other)
			for _, name := range g.names {
				explained := slices.ContainsFunc(other.groups, func(g flagGroup) bool { return g.by == "" && slices.Contains(g.names, name) })
				if !explained || other.Lookup(name).Usage != f.Lookup(name).Usage {
					t.Errorf("%s -h does not explain the -%s of %s", g.by, name, c.name)
				}
			}
		}
		f.VisitAll(func(*flag.Flag) { grouped-- })
		if grouped != 0 {
			t.Errorf("%s -h leaves %d flags out", c.name, -grouped)
		}
	}
	for what, text := range texts {
		lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
		if len(lines) > screens {
			t.Errorf("%s has %d lines, want at most %d", what, len(lines), screens)
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > helpWidth {
				t.Errorf("%s has a line of %d letters, want at most %d: %s", what, n, helpWidth, line)
			}
		}
		if n := strings.Count(text, "-head-fit"); what != "help presets" && what != "finetune -h" && n > 0 {
			t.Errorf("%s lists what presets say", what)
		}
	}
	for _, name := range []string{"pretrain", "finetune", "reproduce"} {
		if words := strings.Join(strings.Fields(texts[name+" -h"]), " "); !strings.Contains(words, "`diffclip help presets`") {
			t.Errorf("%s -h does not say where the presets are", name)
		}
	}
}

// What help says of presets can be given as it stands, is what they are, and says the value of every flag that has no
// default of its own.
func TestFlagsOfPresets(t *testing.T) {
	said := map[string]map[string][]string{"": {}, "pretrain": {}, "finetune": {}} // values by flag, in the order of the presets
	stage := ""
	var presets []string
	say := func(name string, values []string) {
		if said[stage][name] != nil || len(values) != len(presets) {
			t.Errorf("%q of -%s are the values for %q", values, name, presets)
		}
		said[stage][name] = values
	}
	for line := range strings.Lines(succeed(t, "help", presetsTopic)) {
		words := strings.Fields(line)
		switch {
		case len(words) == len(run.Presets()) && words[0] == run.Presets()[0][0]:
			presets = words
		case presets == nil || len(words) == 0: // what goes before
		case strings.HasSuffix(words[0], ":") && len(words) == 1:
			stage = strings.TrimSuffix(words[0], ":")
		case words[0] == "in" || !strings.HasPrefix(line, "  -"):
			if words[0] == "in" {
				words = words[2:]
			}
			for i := 0; i+1 < len(words); i += 2 {
				say(strings.TrimPrefix(words[i], "-"), slices.Repeat(words[i+1:i+2], len(presets)))
			}
		default:
			say(strings.TrimPrefix(words[0], "-"), words[1:])
		}
	}
	for i, p := range run.Presets() {
		if presets[i] != p[0] {
			t.Fatalf("columns %q", presets)
		}
		for _, name := range []string{"pretrain", "finetune"} {
			var args []string
			for _, stage := range []string{"", name} {
				for flag, values := range said[stage] {
					args = append(args, "-"+flag, values[i])
				}
			}
			f := newFlags(name)
			declared(name)(&app{}, f)
			f.SetOutput(io.Discard)
			if err := f.Parse(args); err != nil || f.NArg() > 0 {
				t.Errorf("%s %s: %v, operands %q", name, args, err, f.Args())
			}
		}
	}
	for _, f := range run.PresetFlags() {
		if got := said[f.Stage][f.Name]; !slices.Equal(got, f.Values) {
			t.Errorf("%s -%s is %q, and said to be %q", f.Stage, f.Name, f.Values, got)
		}
	}
	for _, name := range []string{"pretrain", "finetune"} {
		f := newFlags(name)
		declared(name)(&app{}, f)
		f.VisitAll(func(g *flag.Flag) {
			switch g.Name {
			case "data", "out", "from", "bpe", "force", "resume", "map", "threads", "device", "precision": // are no settings
			default:
				if said[""][g.Name] == nil && said[name][g.Name] == nil && said["pretrain"][g.Name] == nil && !strings.Contains(g.Usage, "(default ") {
					t.Errorf("nothing says what -%s of %s is where it is not given", g.Name, name)
				}
			}
		})
	}
	for _, g := range []string{"freeze", "views"} {
		if said["finetune"][g] == nil {
			t.Errorf("no preset says -%s", g)
		}
	}
}

// declared is what declares the flags of a subcommand.
func declared(name string) func(*app, *flags) func() error {
	for _, c := range subcommands() {
		if c.name == name {
			return c.declare
		}
	}
	return nil
}

func TestInfoAndVersion(t *testing.T) {
	var v facts
	if err := json.Unmarshal([]byte(succeed(t, "info", "-json")), &v); err != nil {
		t.Fatal(err)
	}
	if v.Tier == "" || v.Cores < 1 || v.GPU == "" || len(v.Tiers) == 0 {
		t.Errorf("info -json: %+v", v)
	}
	if text := succeed(t, "info"); !strings.Contains(text, v.Tier) {
		t.Errorf("info does not name the kernels %q:\n%s", v.Tier, text)
	}
	if text := succeed(t, "-version"); !strings.HasPrefix(text, "diffclip ") {
		t.Errorf("version: %q", text)
	}
}

func TestBench(t *testing.T) {
	var m measurement
	if err := json.Unmarshal([]byte(succeed(t, "bench", "-workload", "infer", "-batch", "2", "-steps", "3", "-threads", "1", "-json")), &m); err != nil {
		t.Fatal(err)
	}
	if m.Workload != "infer" || m.Batch != 2 || m.Threads != 1 || m.TimedSteps < 3 || m.PatchesPerS <= 0 || m.GFLOPs <= 0 || m.Params == 0 {
		t.Errorf("%+v", m)
	}
}

func TestBenchProfile(t *testing.T) {
	if text := succeed(t, "bench", "-workload", "infer", "-batch", "2", "-steps", "1", "-threads", "1", "-profile"); !strings.Contains(text, "SelfAttention 122") {
		t.Errorf("no row for attention:\n%s", text)
	}
}

// tiny are flags for a model that trains in a moment.
func tiny(args ...string) []string {
	return append(args, "-preset", "demo", "-window", "5", "-dim", "8", "-heads", "2", "-depth", "1", "-decoder-depth", "1", "-shots", "3", "-max-test", "4")
}

// stage1 makes a run with a tiny stage 1.
func stage1(t *testing.T, more ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	args := tiny("pretrain", "-data", "synthetic", "-out", dir, "-epochs", "2", "-batch", "16", "-pretrain-samples", "48")
	succeed(t, append(args, more...)...)
	return dir
}

func TestFromPretrainingToMap(t *testing.T) {
	dir := stage1(t)
	folder := run.Folder{Dir: dir}
	if code, _, stderr := call(t, t.Context(), "eval", "-from", dir); code != exitFailure || !strings.Contains(stderr, "diffclip finetune") {
		t.Errorf("eval before stage 2: exit code %d, %q", code, stderr)
	}
	succeed(t, "finetune", "-from", dir, "-epochs", "2", "-batch", "8")
	if code, _, stderr := call(t, t.Context(), "finetune", "-from", dir); code != exitFailure || !strings.Contains(stderr, "is there already") {
		t.Errorf("a second finetune: exit code %d, %q", code, stderr)
	}
	if page := string(read(t, folder.Path("report.html"))); !strings.Contains(page, "The map. Water ") || !strings.Contains(page, `width="440" height="320"`) {
		t.Error("the report does not show the map of a small scene, twice its size")
	}
	first := read(t, folder.Path(run.Stage2File))
	succeed(t, "finetune", "-from", dir, "-force", "-shots", "2", "-epochs", "1", "-map=false")
	if bytes.Equal(first, read(t, folder.Path(run.Stage2File))) {
		t.Error("-force left the old stage 2")
	}
	_, man, err := run.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if man.Config.Split.Shots != 2 || man.Split.Train != 20 || man.Parameters[run.Stage1Name] == 0 || man.Parameters[run.Stage2Name] == 0 {
		t.Errorf("run.json: %d shots, %d training samples, parameters %v", man.Config.Split.Shots, man.Split.Train, man.Parameters)
	}

	var metrics run.Metrics
	if err := json.Unmarshal([]byte(succeed(t, "eval", "-from", dir, "-json")), &metrics); err != nil {
		t.Fatal(err)
	}
	if metrics.Scores.Samples != 40 || len(metrics.Classes) != 10 || metrics.Confusion.Total() != 40 {
		t.Errorf("eval -json: %+v", metrics)
	}
	own := read(t, folder.Path("metrics.json"))
	if err := os.WriteFile(folder.Path("metrics.json"), []byte("its own"), 0o666); err != nil {
		t.Fatal(err)
	}
	var views run.Metrics
	code, text, stderr := call(t, t.Context(), "eval", "-from", dir, "-views", "8", "-json")
	if err := json.Unmarshal([]byte(text), &views); code != 0 || err != nil || views.Confusion.Total() != 40 {
		t.Errorf("eval -views 8: exit code %d, %+v, error %v", code, views, err)
	}
	if !strings.Contains(stderr, "not kept") || string(read(t, folder.Path("metrics.json"))) != "its own" {
		t.Errorf("eval -views 8 of a run of one view is kept as the run's own: %s", stderr)
	}
	if succeed(t, "eval", "-from", dir, "-views", "1"); !bytes.Equal(read(t, folder.Path("metrics.json")), own) {
		t.Error("eval -views 1 of a run of one view gives other results than its own")
	}
	var seeds run.Seeds
	if err := json.Unmarshal([]byte(succeed(t, "eval", "-from", dir, "-seeds", "2", "-json")), &seeds); err != nil {
		t.Fatal(err)
	}
	if len(seeds.Scores) != 2 || seeds.Summary.OA.N != 2 || seeds.Scores[0].OA != metrics.Scores.OA {
		t.Errorf("eval -seeds: %+v, one seed gave %v", seeds.Summary, metrics.Scores.OA)
	}
	for _, seed := range seeds.Seeds {
		var split struct{ Test [][5]int32 }
		text, err := os.ReadFile(folder.Path(fmt.Sprintf("splits/seed-%d.json", seed)))
		if err == nil {
			err = json.Unmarshal(text, &split)
		}
		if err != nil || len(split.Test) != 40 {
			t.Errorf("split of seed %d: %d test samples, error %v", seed, len(split.Test), err)
		}
	}

	out := filepath.Join(t.TempDir(), "map")
	mapArgs := []string{"map", "-from", folder.Path(run.Stage2File), "-data", "synthetic", "-out", out}
	succeed(t, append(mapArgs, "-probabilities", "-views", "8")...)
	checkMap(t, out, "probabilities.tif")
	if code, _, stderr := call(t, t.Context(), mapArgs...); code != exitFailure || !strings.Contains(stderr, "-force") {
		t.Errorf("a second map: exit code %d, %q", code, stderr)
	}
	mapArgs = append(mapArgs, "-force", "-georef")
	if code, _, stderr := call(t, t.Context(), append(mapArgs, filepath.Join(out, "map.tif"))...); code != exitFailure || !strings.Contains(stderr, "no georeferencing to lend") {
		t.Errorf("a file that lies nowhere lends its grid: exit code %d, %q", code, stderr)
	}
	grid := georef.Grid{Transform: georef.NorthUp(500000, 4000000, 2, 2), CRS: georef.CRS{EPSG: 32632}}
	lends := filepath.Join(t.TempDir(), "lends.tif")
	writeLike(t, lends, filepath.Join(out, "map.tif"), grid)
	succeed(t, append(mapArgs, lends)...)
	f, c, err := tiff.OpenFile(filepath.Join(out, "map.tif"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if f.Grid.Transform != grid.Transform || f.Grid.CRS.EPSG != 32632 {
		t.Errorf("the map lies at %+v, want %+v", f.Grid, grid)
	}
}

// writeLike writes a GeoTIFF of the size of another that lies somewhere.
func writeLike(t *testing.T, path, like string, grid georef.Grid) {
	t.Helper()
	f, c, err := tiff.OpenFile(like)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w, err := tiff.Create(path, tiff.Spec{Width: f.Width, Height: f.Height, Type: numeric.Uint8, Grid: grid})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := errors.Join(w.WriteRows(make([]uint8, f.Width*f.Height)), w.Commit()); err != nil {
		t.Fatal(err)
	}
}

// written is what a run's files say of its stage 1: its settings, and its windows.
func written(t *testing.T, dir string) (c run.Config, windows [][3]int32) {
	t.Helper()
	_, man, err := run.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var split struct{ Unlabelled [][3]int32 }
	if err := json.Unmarshal(read(t, filepath.Join(dir, "split.json")), &split); err != nil {
		t.Fatal(err)
	}
	if man.Split.Unlabelled != len(split.Unlabelled) {
		t.Errorf("%s: run.json has %d windows of stage 1, split.json %d", dir, man.Split.Unlabelled, len(split.Unlabelled))
	}
	return man.Config, split.Unlabelled
}

// A stage 2 from another seed, or of another scene, does not rewrite what its stage 1 was
// and has seen; one from scratch has seen nothing.
func TestFinetuneTellsOfItsStage1(t *testing.T) {
	dir := stage1(t, "-seed", "3", "-data", writeFolder(t, with()))
	other := writeFolder(t, with("scene.json", strings.Replace(sceneJSON, `"small"`, `"other"`, 1)))
	config, windows := written(t, dir)
	if len(windows) != 48 {
		t.Fatalf("stage 1 has %d windows", len(windows))
	}
	seed, scene, scratch := dir+"-seed", dir+"-scene", dir+"-scratch"
	quick := []string{"-epochs", "1", "-batch", "8", "-map=false"}
	succeed(t, append([]string{"finetune", "-from", dir, "-out", seed, "-seed", "7"}, quick...)...)
	succeed(t, append([]string{"finetune", "-from", dir, "-out", scene, "-data", other}, quick...)...)
	succeed(t, append(tiny("finetune", "-data", "synthetic", "-out", scratch), quick...)...)
	if c, w := written(t, seed); c.Finetune.Seed != 7 || c.Split.Seed != 7 || c.Pretrain.Seed != 3 || !slices.Equal(w, windows) || !reflect.DeepEqual(c.Diffusion, config.Diffusion) {
		t.Errorf("another seed: seeds %d, %d and %d, the windows are %v those of stage 1", c.Finetune.Seed, c.Split.Seed, c.Pretrain.Seed, slices.Equal(w, windows))
	}
	for _, out := range []string{scene, scratch} {
		if _, w := written(t, out); len(w) != 0 {
			t.Errorf("%s says that stage 1 has seen %d of its windows", out, len(w))
		}
		if strings.Contains(string(read(t, filepath.Join(out, "report.html"))), "unlabelled windows") {
			t.Errorf("the report of %s tells of windows of stage 1", out)
		}
	}
}

func TestFinetuneFromScratch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "alone")
	text := succeed(t, tiny("finetune", "-data", "synthetic", "-out", dir, "-epochs", "1", "-batch", "8", "-prompts", "a {} from above")...)
	if !strings.Contains(text, "stage 2 alone") {
		t.Errorf("stdout %q", text)
	}
	s, err := clip.Open(filepath.Join(dir, run.Stage2File))
	if err != nil {
		t.Fatal(err)
	}
	if s.Text.Texts[0] != "a Water from above" {
		t.Errorf("prompt %q", s.Text.Texts[0])
	}
}

// TestAblations: stage 1 without noise or without masks, and a fully connected layer
// in place of the text encoder, go all the way to a map.
func TestAblations(t *testing.T) {
	for _, stage1Flags := range [][]string{{"-noise", "off", "-timesteps", "50"}, {"-mask-ratio", "0", "-timesteps", "20"}} {
		dir := stage1(t, stage1Flags...)
		succeed(t, "finetune", "-from", dir, "-head", "linear", "-epochs", "2", "-batch", "8", "-map=false")
		s, err := clip.Open(filepath.Join(dir, run.Stage2File))
		if err != nil {
			t.Fatal(err)
		}
		if c := s.Model.Config; c.Head != clip.HeadLinear || c.Classes != 10 || s.Model.Text != nil {
			t.Errorf("%v: head %q for %d classes, text encoder %v", stage1Flags, c.Head, c.Classes, s.Model.Text)
		}
		_, man, err := run.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if d := man.Config.Diffusion; d.NoNoise != (stage1Flags[1] == "off") || (d.MaskRatio == 0) != (stage1Flags[1] == "0") {
			t.Errorf("%v: run.json has %+v", stage1Flags, d)
		}
		if one, two := man.Config.Diffusion.Encoder.Timesteps, man.Config.Classifier.Encoder.Timesteps; fmt.Sprint(one) != stage1Flags[3] || two != one {
			t.Errorf("%v: %d and %d timesteps", stage1Flags, one, two)
		}
		if page := string(read(t, filepath.Join(dir, "report.html"))); !strings.Contains(page, "no text stands for them") {
			t.Error("the report does not say that there is no text")
		}
		if stage1Flags[1] == "0" {
			continue // the rest does not depend on stage 1
		}
		var seeds run.Seeds
		if err := json.Unmarshal([]byte(succeed(t, "eval", "-from", dir, "-seeds", "2", "-json")), &seeds); err != nil || len(seeds.Scores) != 2 {
			t.Errorf("%d seeds, %v", len(seeds.Scores), err)
		}
		succeed(t, "map", "-from", dir, "-data", "synthetic", "-out", filepath.Join(dir, "map"))
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// Results that did not arrive are a failure, whichever subcommand they are of.
func TestResultsThatCannotBeWritten(t *testing.T) {
	scene := writeFolder(t, with())
	for _, args := range [][]string{{"help"}, {"map", "-h"}, {"help", "map"}, {"version"}, {"info"}, {"info", "-json"}, {"inspect", scene}, {"inspect", scene, "-json"},
		{"baselines", "-data", scene, "-methods", "mean", "-shots", "2", "-seeds", "1", "-window", "3"}} {
		var log bytes.Buffer
		if code := command(t.Context(), args, full{}, &log); code != exitFailure || !strings.Contains(log.String(), "no space left") {
			t.Errorf("diffclip %s: exit code %d, %q", strings.Join(args, " "), code, log.String())
		}
	}
}

// A run that may only be read is evaluated all the same; any other failure to keep
// the results is one.
func TestEvalKeepsWhatItCan(t *testing.T) {
	var log bytes.Buffer
	a := &app{stderr: &log}
	for _, denied := range []error{syscall.EACCES, syscall.EROFS} {
		log.Reset()
		both := errors.Join(fmt.Errorf("cannot write run/splits/seed-1.json: %w", denied), fmt.Errorf("cannot write run/metrics.json: %w", denied))
		if err := kept(a, both); err != nil || !strings.Contains(log.String(), "metrics.json") || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%v: error %v, log %q", denied, err, log.String())
		}
	}
	if err := kept(a, fmt.Errorf("cannot write run/metrics.json: %w", syscall.ENOSPC)); err == nil {
		t.Error("a full disk is no failure")
	}
	if err := kept(a, nil); err != nil {
		t.Error(err)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"one two three", []string{"one two", "three"}},
		{"éééé ééé", []string{"éééé ééé"}}, // letters, not bytes
		{"a wordthatistoolong b", []string{"a", "wordthatistoolong", "b"}},
	} {
		if got := wrap(c.text, 8); !slices.Equal(got, c.want) {
			t.Errorf("wrap(%q) is %q, want %q", c.text, got, c.want)
		}
	}
}

// A folder of many images of one kind is described in one entry, with the range of all.
func TestInspectManyAlike(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		f, err := tiff.Create(filepath.Join(dir, fmt.Sprintf("plot%d.tif", i)), tiff.Spec{Width: 2, Height: 1, Bands: 1, Type: numeric.Float32})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.WriteRows([]float32{float32(i), float32(10 * i)}), f.Commit()); err != nil {
			t.Fatal(err)
		}
	}
	text := succeed(t, "inspect", dir)
	for _, want := range []string{"plot0.tif to plot4.tif, 5 files", "0 to 40, mean 11"} {
		if !strings.Contains(text, want) {
			t.Errorf("inspect lacks %q:\n%s", want, text)
		}
	}
}
