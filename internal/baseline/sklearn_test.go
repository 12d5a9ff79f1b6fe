package baseline

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
)

// problem is a small problem and what scikit-learn makes of it; testdata/gen.py writes it.
type problem struct {
	X, Test  [][]float64
	Y, Truth []int
	SVM      []struct {
		C, Gamma  float64
		Decisions [][]float64
		Predicted []int
	}
	LDA struct {
		Auto  float64
		Cases []struct {
			Shrinkage float64
			LogProba  [][]float64 `json:"log_proba"`
		}
	}
	Refine struct {
		Labelled []int
		Far, Few [][]float64 // decisions, with many samples without labels and with few
	}
	Mean   []int
	Forest struct {
		Mean, Std float64
		Seeds     int
	}
}

func loadProblem(t *testing.T, name string) problem {
	t.Helper()
	raw, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]problem
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	p, ok := all[name]
	if !ok {
		t.Fatalf("no problem %q", name)
	}
	return p
}

func mustFit(t *testing.T, c Classifier, x [][]float64, y []int) {
	t.Helper()
	if err := c.Fit(t.Context(), x, y); err != nil {
		t.Fatal(err)
	}
}

// near fails unless all values agree to a relative (and below 1 absolute) tolerance.
func near(t *testing.T, what string, got, want [][]float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	for i, row := range want {
		if len(got[i]) != len(row) {
			t.Fatalf("%s: row %d has %d values, want %d", what, i, len(got[i]), len(row))
		}
		for j, w := range row {
			if d := math.Abs(got[i][j] - w); !(d <= tolerance*max(1, math.Abs(w))) {
				t.Errorf("%s: row %d, value %d is %v, want %v", what, i, j, got[i][j], w)
			}
		}
	}
}

func TestSVMAgreesWithSklearn(t *testing.T) {
	p := loadProblem(t, "small")
	for _, c := range p.SVM {
		name := fmt.Sprintf("C %g, gamma %g", c.C, c.Gamma)
		m := &SVM{C: c.C, Gamma: c.Gamma, Tolerance: 1e-10}
		mustFit(t, m, p.X, p.Y)
		near(t, name, decisionsOf(m, p.Test), c.Decisions, 1e-6)
		if got := m.Predict(p.Test); !slices.Equal(got, c.Predicted) {
			t.Errorf("%s: predicted %v, want %v", name, got, c.Predicted)
		}
	}
}

func TestLDAAgreesWithSklearn(t *testing.T) {
	for _, name := range []string{"small", "wide"} {
		p := loadProblem(t, name)
		for _, c := range p.LDA.Cases {
			l := &LDA{Shrinkage: c.Shrinkage}
			mustFit(t, l, p.X, p.Y)
			near(t, fmt.Sprintf("%s, shrinkage %g", name, c.Shrinkage), logPosterior(l.Decisions(p.Test)), c.LogProba, 1e-9)
		}
		auto, given := &LDA{Shrinkage: AutoShrinkage}, &LDA{Shrinkage: p.LDA.Auto}
		mustFit(t, auto, p.X, p.Y)
		mustFit(t, given, p.X, p.Y)
		near(t, name+", shrinkage of Ledoit and Wolf", auto.Decisions(p.Test), given.Decisions(p.Test), 1e-9)
	}
}

// The reference counts every unlabelled sample once for every class, where Refine collects sums.
func TestRefinedLDAAgreesWithNumPy(t *testing.T) {
	p := loadProblem(t, "many")
	var x [][]float64
	var y []int
	for _, i := range p.Refine.Labelled {
		x, y = append(x, p.X[i]), append(y, p.Y[i])
	}
	for name, c := range map[string]struct{ unlabelled, test, want [][]float64 }{
		"many": {p.X[12:], p.Test[:40], p.Refine.Far}, "few": {p.X[12:20], p.Test[:10], p.Refine.Few},
	} {
		l := &LDA{Shrinkage: AutoShrinkage}
		mustFit(t, l, x, y)
		if err := l.Refine(t.Context(), x, y, c.unlabelled); err != nil {
			t.Fatal(err)
		}
		near(t, name, l.Decisions(c.test), c.want, 1e-9)
	}
}

// logPosterior takes the common term out of log posteriors.
func logPosterior(scores [][]float64) [][]float64 {
	for _, row := range scores {
		top, sum := slices.Max(row), 0.0
		for _, v := range row {
			sum += math.Exp(v - top)
		}
		for k := range row {
			row[k] -= top + math.Log(sum)
		}
	}
	return scores
}

func TestNearestMeanAgreesWithSklearn(t *testing.T) {
	p := loadProblem(t, "small")
	m := &NearestMean{}
	mustFit(t, m, p.X, p.Y)
	if got := m.Predict(p.Test); !slices.Equal(got, p.Mean) {
		t.Errorf("predicted %v, want %v", got, p.Mean)
	}
}

// The two forests draw different numbers, so their accuracies are compared over seeds: the means may differ by four
// standard errors of their difference.
func TestForestIsAsAccurateAsSklearn(t *testing.T) {
	p := loadProblem(t, "many")
	var right []float64
	for seed := range uint64(p.Forest.Seeds) {
		f := &Forest{Trees: 100, Seed: seed}
		mustFit(t, f, p.X, p.Y)
		n := 0
		for i, k := range f.Predict(p.Test) {
			if k == p.Truth[i] {
				n++
			}
		}
		right = append(right, float64(n)/float64(len(p.Truth)))
	}
	mean, variance := 0.0, 0.0
	for _, r := range right {
		mean += r / float64(len(right))
	}
	for _, r := range right {
		variance += (r - mean) * (r - mean) / float64(len(right)-1)
	}
	if limit := 4 * math.Sqrt((variance+p.Forest.Std*p.Forest.Std)/float64(len(right))); math.Abs(mean-p.Forest.Mean) > limit {
		t.Errorf("accuracy %.4f, scikit-learn's %.4f, want them within %.4f", mean, p.Forest.Mean, limit)
	}
	t.Logf("accuracy %.4f, scikit-learn's %.4f", mean, p.Forest.Mean)
}
