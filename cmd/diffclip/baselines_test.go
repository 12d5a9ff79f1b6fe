package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/baseline"
	"diffclip/rsdata"
)

func TestBaselinesMisuse(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"baselines", "-data is missing"},
		{"baselines -data synthetic -methods svm,knn", `no baseline is called "knn"`},
		{"baselines -data synthetic -variants mine", `no variant is called "mine"`},
		{"baselines -data synthetic -variants probe", "name one with -from"},
		{"baselines -data synthetic -protocol fair", "want official, random or disjoint"},
		{"baselines -data synthetic -shots 2,-8", "want whole numbers from 0"},
		{"baselines -data synthetic -shots 2,,8", "want whole numbers from 0"},
		{"baselines -data synthetic -seeds 0", "want a whole number from 1"},
		{"baselines -data synthetic -window 10", "want an odd window"},
		{"baselines -data synthetic -max-test -1", "a number from 0"},
	} {
		code, stdout, stderr := call(t, t.Context(), strings.Fields(c.args)...)
		if code != exitMisuse || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("diffclip %s: exit code %d, stderr %q, stdout %q; want 2 and %q", c.args, code, stderr, stdout, c.want)
		}
	}
	if code, stdout, stderr := call(t, t.Context(), "baselines", "-data", t.TempDir()); code != exitFailure || stdout != "" || stderr == "" {
		t.Errorf("an empty folder: exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// TestBaselineVariants: a run's settings learn on a table's splits, with a stage 1 of
// the variant's own where it has one.
func TestBaselineVariants(t *testing.T) {
	dir := stage1(t)
	args := []string{"baselines", "-data", "synthetic", "-from", dir, "-methods", "none", "-variants", "alone,probe,no-mask,diffclip", "-shots", "2", "-seeds", "2", "-max-test", "4", "-json"}
	var got struct{ Results []baselineResult }
	if err := json.Unmarshal([]byte(succeed(t, args...)), &got); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range got.Results {
		names = append(names, r.Method)
		if len(r.Scores) != 2 || r.Scores[0].Samples != 40 {
			t.Errorf("%s: %d seeds, %d samples", r.Method, len(r.Scores), r.Scores[0].Samples)
		}
	}
	if want := []string{"stage 2 alone", "linear probe", "w/o mask", "DiffCLIP"}; !slices.Equal(names, want) {
		t.Errorf("rows %q, want %q", names, want)
	}
	if code, _, stderr := call(t, t.Context(), "baselines", "-data", "synthetic", "-from", dir, "-window", "7"); code != exitMisuse || !strings.Contains(stderr, "windows of 5 pixels") {
		t.Errorf("another window than the run's: exit code %d, stderr %q", code, stderr)
	}
}

func TestBaselines(t *testing.T) {
	args := []string{"baselines", "-data", "synthetic", "-methods", "mean,lda", "-shots", "2,5", "-seeds", "2", "-seed", "4", "-max-test", "20"}
	lines := strings.Split(strings.TrimSpace(succeed(t, args...)), "\n")
	if len(lines) != 4 || !strings.Contains(lines[0], "5 shots: OA / AA / kappa") || !strings.HasPrefix(lines[3], "| lda ") {
		t.Fatalf("table:\n%s", strings.Join(lines, "\n"))
	}
	var got struct {
		Data    string
		Split   map[string]any
		Results []baselineResult
	}
	if err := json.Unmarshal([]byte(succeed(t, append(args, "-json")...)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Data != "synthetic" || len(got.Results) != 4 {
		t.Fatalf("JSON: data %q, %d results", got.Data, len(got.Results))
	}
	if got.Split["shots"] != nil || got.Split["seed"] != nil || got.Split["per_class_test"] != 20.0 {
		t.Errorf("JSON: the split of all results is %v, and shots and seeds are of each", got.Split)
	}
	d := rsdata.Synthetic(rsdata.DefaultSynthetic())
	for i, r := range got.Results {
		if !strings.Contains(lines[2+i/2], r.Summary.OA.Percent()+" / "+r.Summary.AA.Percent()+" / "+r.Summary.Kappa.Percent()) {
			t.Errorf("the table's line %q is not that of %s at %d shots", lines[2+i/2], r.Method, r.Shots)
		}
		cfg := rsdata.DefaultSplit()
		cfg.Shots, cfg.Seed, cfg.PerClassTest, cfg.Unlabelled = r.Shots, r.Seeds[1], 20, 0
		split, err := d.Split(cfg)
		if err != nil {
			t.Fatal(err)
		}
		m, err := baseline.FindMethod(r.Method)
		if err != nil {
			t.Fatal(err)
		}
		c, err := baseline.NewEvaluator(d).Evaluate(t.Context(), split, m, r.Seeds[1])
		if err != nil {
			t.Fatal(err)
		}
		if r.Seeds[1] != 5 || r.Scores[1].OA != c.OA() || r.Scores[1].Kappa != c.Kappa() {
			t.Errorf("%s, %d shots, seed %d: OA %v, want %v", r.Method, r.Shots, r.Seeds[1], r.Scores[1].OA, c.OA())
		}
	}
}

// A command that is interrupted after some of its seeds shows what they gave, and no more than they.
func TestInterruptedSeedsAreShown(t *testing.T) {
	dir := stage1(t)
	succeed(t, "finetune", "-from", dir, "-epochs", "1", "-shots", "2", "-map=false")
	for _, args := range [][]string{
		{"baselines", "-data", "synthetic", "-methods", "mean,lda", "-shots", "2", "-seeds", "3", "-max-test", "4", "-json"},
		{"eval", "-from", dir, "-seeds", "3", "-json", "-force"},
	} {
		met := map[int]bool{} // numbers of seeds that were shown
		for n := int32(1); ; n += 2 {
			code, stdout, stderr := call(t, newCountdown(t.Context(), n), args...)
			if code == 0 {
				break
			}
			if code != exitInterrupted {
				t.Fatalf("%s: exit code %d, %q", args[0], code, stderr)
			}
			shown := seedsShown(t, stdout)
			if shown > 0 && !strings.Contains(stderr, fmt.Sprintf("the results are of %d of 3 seeds", shown)) || shown == 0 && strings.Contains(stderr, "results are of") {
				t.Errorf("%s: %d seeds are shown, and stderr says %q", args[0], shown, stderr)
			}
			met[shown] = true
		}
		if want := map[int]bool{0: true, 1: true, 2: true}; !maps.Equal(met, want) {
			t.Errorf("%s: numbers of seeds that were shown %v, want 0 to 2", args[0], met)
		}
		if left, err := os.Stat(filepath.Join(dir, "seeds.json")); args[0] == "eval" && (err != nil || left.Size() == 0) {
			t.Errorf("the whole of it is not kept: %v", err)
		}
	}
}

// crowded is a scene of 20 x 40 pixels, blocks of 10 in protocol disjoint, in which some of the
// first class lie on either side of a border of blocks: too near each other to train and to test.
func crowded(t *testing.T) string {
	t.Helper()
	const h, w, bands = 20, 40, 4
	truth, values := make([]byte, h*w), make([]byte, h*w*bands)
	for _, at := range [][2]int{{3, 1}, {4, 2}, {5, 1}, {6, 2}, {4, 18}, {5, 19}, {4, 20}, {5, 21}} {
		truth[at[0]*w+at[1]] = 1
	}
	for i := range truth {
		if truth[i] == 0 && i%3 == 0 {
			truth[i] = 2
		}
		for b := range bands {
			values[i*bands+b] = byte(7*i+31*b*int(truth[i])) % 200
		}
	}
	return writeFolder(t, map[string]string{"hsi.npy": npy("|u1", fmt.Sprintf("(%d, %d, %d)", h, w, bands), values), "gt.npy": npy("|u1", fmt.Sprintf("(%d, %d)", h, w), truth)})
}

// Where the samples of some seeds cannot be drawn, the results of the others are shown,
// and the end says which are missing, why, and that the command failed.
func TestSeedsThatCannotBeDrawn(t *testing.T) {
	data := crowded(t)
	d, err := rsdata.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	drawable := func(seed uint64) bool {
		cfg := rsdata.DefaultSplit()
		cfg.Protocol, cfg.Shots, cfg.Window, cfg.Seed, cfg.Unlabelled = rsdata.Disjoint, 2, 5, seed, 0
		_, err := d.Split(cfg)
		return err == nil
	}
	first := uint64(1)
	for ; !drawable(first) || drawable(first+1) || !drawable(first+2); first++ {
		if first > 500 {
			t.Fatal("no seed between two others fails")
		}
	}
	dir := filepath.Join(t.TempDir(), "run")
	seed := fmt.Sprint(first)
	succeed(t, append(tiny("pretrain", "-data", data, "-out", dir, "-protocol", "disjoint", "-seed", seed, "-epochs", "1", "-batch", "16", "-pretrain-samples", "48"), "-shots", "2")...)
	succeed(t, "finetune", "-from", dir, "-epochs", "1", "-map=false")
	want := fmt.Sprintf("1 of 3 seeds could not be drawn, and the results are of the others: seed %d: dataset", first+1)
	for _, args := range [][]string{
		{"baselines", "-data", data, "-methods", "mean", "-protocol", "disjoint", "-shots", "2", "-window", "5", "-seed", seed, "-seeds", "3", "-json"},
		{"eval", "-from", dir, "-seeds", "3", "-json"},
	} {
		code, stdout, stderr := call(t, t.Context(), args...)
		if code != exitFailure || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %q, want %q", args[0], code, stderr, want)
		}
		if n := seedsShown(t, stdout); n != 2 {
			t.Errorf("%s shows %d seeds, want 2:\n%s", args[0], n, stdout)
		}
	}
	code, stdout, stderr := call(t, t.Context(), "baselines", "-data", data, "-methods", "mean", "-protocol", "disjoint", "-shots", "2", "-window", "5", "-seed", fmt.Sprint(first+1), "-seeds", "1")
	if code != exitFailure || stdout != "" || strings.Contains(stderr, "seeds could not be drawn") || !strings.Contains(stderr, "protocol disjoint") {
		t.Errorf("no seed can be drawn: exit code %d, %q, %q", code, stdout, stderr)
	}
}

// seedsShown counts the seeds of each method in JSON, which must be equally many with names.
func seedsShown(t *testing.T, text string) int {
	t.Helper()
	if text == "" {
		return 0
	}
	var got struct {
		Results []baselineResult
		Seeds   []uint64
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	for _, r := range got.Results {
		if r.Method == "" || r.Shots != 2 || len(r.Seeds) != len(got.Results[0].Seeds) || len(r.Scores) != len(r.Seeds) {
			t.Errorf("a row of %+v", r)
		}
		got.Seeds = r.Seeds
	}
	return len(got.Seeds)
}
