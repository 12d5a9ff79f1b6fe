package rsdata

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// statistics are awkward samples and what scipy and scikit-learn make of them;
// testdata/statistics.py writes them.
type statistics struct {
	Wilcoxon []struct {
		Name        string
		Differences []float64
		N           int
		Statistic   number
		P           number
	}
	McNemar []struct {
		First, Second int
		P             number
	}
	Tables []struct {
		Name       string
		Counts     [][]int64
		OA, AA     number
		Kappa      number
		Recall, F1 []number
	}
	AUC []struct {
		Name  string
		Truth []bool
		Score []float64
		AUC   number
	}
}

func loadStatistics(t *testing.T) statistics {
	t.Helper()
	text, err := os.ReadFile("testdata/statistics.json")
	if err != nil {
		t.Fatal(err)
	}
	var s statistics
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSignificanceOfAwkwardSamples(t *testing.T) {
	s := loadStatistics(t)
	for _, c := range s.Wilcoxon {
		got := Wilcoxon(c.Differences, make([]float64, len(c.Differences)))
		if got.N != c.N || got.Statistic != float64(c.Statistic) || !near(got.P, float64(c.P)) {
			t.Errorf("Wilcoxon, %s: %+v, want %d pairs, statistic %v, P %v", c.Name, got, c.N, c.Statistic, c.P)
		}
	}
	for _, c := range s.McNemar {
		if got := McNemar(c.First, c.Second); math.Abs(got.P/float64(c.P)-1) > 1e-9 {
			t.Errorf("McNemar, %d against %d: P %v, want %v", c.First, c.Second, got.P, c.P)
		}
	}
}

func TestScoresOfAwkwardTables(t *testing.T) {
	s := loadStatistics(t)
	for _, c := range s.Tables {
		table := confusion(c.Counts...)
		if oa, aa, kappa := table.OA(), table.AA(), table.Kappa(); !near(oa, float64(c.OA)) || !near(aa, float64(c.AA)) || !near(kappa, float64(c.Kappa)) {
			t.Errorf("%s: OA %v, AA %v, kappa %v; want %v, %v, %v", c.Name, oa, aa, kappa, c.OA, c.AA, c.Kappa)
		}
		for i, score := range table.PerClass() {
			if !near(score.Recall, float64(c.Recall[i])) || !near(score.F1, float64(c.F1[i])) {
				t.Errorf("%s, class %d: recall %v, F1 %v; want %v, %v", c.Name, i, score.Recall, score.F1, c.Recall[i], c.F1[i])
			}
		}
	}
	for _, c := range s.AUC {
		if got := Binary(c.Truth, c.Score, 0.5).AUC; !near(got, float64(c.AUC)) {
			t.Errorf("AUC, %s: %v, want %v", c.Name, got, c.AUC)
		}
	}
}
