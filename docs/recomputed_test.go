package docs_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"diffclip/internal/testenv"
)

// How many samples another computer may classify otherwise than the raw files say. Classical
// rows came out the same, to the last sample, with the kernels for AVX-512, AVX2 and none;
// other architectures fuse multiplications and additions elsewhere. What a network learns rests
// on the order of sums in its kernels, which depends on the instructions in use and on nothing else of a
// processor: no block follows the size of a cache. It came out the same with the kernels for AVX-512 on an Intel
// Cascade Lake and an AMD Zen 4, and with those for AVX2, and need not on others.
const (
	classicalMoves = 2    // samples
	learnedMoves   = 0.05 // of the samples
)

// TestRecomputed computes a part of the tables of results.md again and holds it to
// the raw files: 2 shots, seed 1, of both scenes and both protocols. DiffCLIP's own row
// needs a stage 1 at full length, which is trained on Indian Pines alone; stage 2 alone
// wants nothing of stage 1 but its settings, so that a short one does on IDTReeS.
func TestRecomputed(t *testing.T) {
	if os.Getenv("DIFFCLIP_RECOMPUTE") == "" {
		t.Skip("takes a minute: DIFFCLIP_RECOMPUTE=1 go test -run TestRecomputed ./docs")
	}
	command := filepath.Join(t.TempDir(), "diffclip")
	diffclip := func(t *testing.T, args ...string) []byte {
		t.Helper()
		c := exec.Command(command, args...)
		out, err := c.Output()
		if err != nil {
			t.Fatalf("diffclip %v: %v", args, err)
		}
		return out
	}
	if out, err := exec.Command("go", "build", "-o", command, "../cmd/diffclip").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, scene := range []struct {
		name, folder, option, variants string
		stage1                         []string
	}{
		{"idtrees", "idtrees2020", "", "alone", []string{"-epochs", "1", "-pretrain-samples", "64"}},
		{"pines", "indian_pines_crop", "?halves", "alone,diffclip", nil},
	} {
		t.Run(scene.name, func(t *testing.T) {
			data := testenv.Dir(t, scene.folder) + scene.option
			stage1 := filepath.Join(t.TempDir(), "stage1")
			diffclip(t, append([]string{"pretrain", "-data", data, "-preset", "best", "-device", "cpu", "-out", stage1}, scene.stage1...)...)
			for _, protocol := range []string{"random", "disjoint"} {
				common := []string{"baselines", "-data", data, "-protocol", protocol, "-shots", "2", "-seeds", "1", "-json", "-device", "cpu"}
				name := scene.name + "-" + protocol + ".json"
				compare(t, "results/classical-"+name, diffclip(t, common...), func(int) float64 { return classicalMoves })
				learned := diffclip(t, append(common, "-from", stage1, "-methods", "none", "-variants", scene.variants)...)
				compare(t, "results/learned-"+name, learned, func(samples int) float64 { return learnedMoves * float64(samples) })
			}
		})
	}
}

// compare holds the scores of seed 1 to those of a raw file.
func compare(t *testing.T, name string, output []byte, moves func(samples int) float64) {
	t.Helper()
	f, err := newRaw().scores(name)
	if err != nil {
		t.Fatal(err)
	}
	var now scoreFile
	if err := json.Unmarshal(output, &now); err != nil || len(now.Results) == 0 {
		t.Fatalf("%s: %d results, %v", name, len(now.Results), err)
	}
	for _, row := range now.Results {
		then, err := f.find(row.Method, row.Shots)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		moved, err := movedSamples(row.Scores[0], then.Scores[0])
		if t.Logf("%s, %s: %.0f of %d samples", name, row.Method, moved, row.Scores[0].Samples); err != nil || moved > moves(row.Scores[0].Samples) {
			t.Errorf("%s, %s, seed 1: OA %.4f, and %.4f in the file: %.0f samples, %v: print the file anew (the end of experiments.md says how) and see why",
				name, row.Method, row.Scores[0].OA, then.Scores[0].OA, moved, err)
		}
	}
}

// movedSamples is the number of samples by which two overall accuracies differ.
func movedSamples(a, b seedScore) (float64, error) {
	if a.Samples != b.Samples {
		return 0, fmt.Errorf("%d test samples and %d: the splits differ", a.Samples, b.Samples)
	}
	return math.Round(math.Abs(a.OA-b.OA) * float64(a.Samples)), nil
}

// The comparison can fail.
func TestRecomputedCanFail(t *testing.T) {
	a := seedScore{Samples: 956, OA: 0.3295}
	if n, err := movedSamples(a, seedScore{Samples: 956, OA: 0.3263}); n != 3 || n <= classicalMoves || err != nil {
		t.Errorf("%v samples, %v", n, err)
	}
	if _, err := movedSamples(a, seedScore{Samples: 955, OA: 0.3295}); err == nil {
		t.Error("another split passed")
	}
}
