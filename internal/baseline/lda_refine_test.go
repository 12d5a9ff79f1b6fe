package baseline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// Two samples of each of two round clouds, all to one side of its middle, say little of it; samples without labels, a
// tenth of which belong to neither, bring the means back towards the middles.
func TestRefinedLDALearnsFromTheUnlabelled(t *testing.T) {
	var u, test [][]float64
	var truth []int
	for i := range 200 {
		across, along := float64(i%20)/5-1.9, float64(i*7%10)/2-2.25
		for k, middle := range []float64{-2, 2} {
			u = append(u, []float64{middle + across, along})
			test, truth = append(test, []float64{middle - across, along}), append(truth, k)
		}
		if i%5 == 0 {
			u = append(u, []float64{20 + across, -30})
		}
	}
	x, y := [][]float64{{-2.2, 2.2}, {-1.8, 1.4}, {1.8, -1.4}, {2.2, -2.2}}, []int{3, 3, 5, 5}
	accuracy := func(l *LDA) float64 {
		right := 0
		for i, k := range l.Predict(test) {
			if k == 3+2*truth[i] {
				right++
			}
		}
		return float64(right) / float64(len(test))
	}
	l := &LDA{Shrinkage: 1}
	mustFit(t, l, x, y)
	before := accuracy(l)
	if err := l.Refine(t.Context(), x, y, u); err != nil {
		t.Fatal(err)
	}
	if after := accuracy(l); !(before < 0.92 && after > before+0.02) {
		t.Errorf("%v of the test samples right without the unlabelled, %v with them", before, after)
	}
}

// One sample of each class, and none without labels that lies elsewhere, say nothing of the spread within classes: the
// discriminants are those of the nearest mean, as after Fit. One sample without labels is enough to refine on.
func TestRefineWithNextToNothing(t *testing.T) {
	exact, y := [][]float64{{0, 2000}, {4000, 2000}, {0, 6000}, {4000, 6000}}, []int{0, 1, 2, 3}
	inexact := [][]float64{{0.1, 2000.3}, {4000.7, 2000.1}, {7.3, 6004.9}, {4000.4, 6000.2}}
	for name, c := range map[string]struct{ x, u [][]float64 }{
		"the same samples": {exact, exact}, "the same, not exactly in binary": {inexact, inexact},
		"some of them": {exact, exact[:2]}, "one of them": {inexact, inexact[:1]},
	} {
		l := &LDA{Shrinkage: AutoShrinkage}
		mustFit(t, l, c.x, y)
		if err := l.Refine(t.Context(), c.x, y, c.u); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := l.Predict([][]float64{{1900, 3900}, {2100, 3900}, {1900, 4100}, {2100, 4100}}); !slices.Equal(got, y) {
			t.Errorf("%s: classes %v, want those of the nearest means, %v", name, got, y)
		}
	}
}

func TestRefineRefuses(t *testing.T) {
	x, y := [][]float64{{0, 1}, {1, 0}, {3, 1}, {2, 2}}, []int{0, 0, 1, 1}
	fitted := &LDA{Shrinkage: 0.5}
	mustFit(t, fitted, x, y)
	for _, c := range []struct {
		want string
		l    *LDA
		u    [][]float64
	}{
		{"takes a fit", &LDA{}, x},
		{"without labels", fitted, nil},
		{"2 features, sample 0 has 1", fitted, [][]float64{{1}, {1, 2}}},
	} {
		if err := c.l.Refine(t.Context(), x, y, c.u); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %q", err, c.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fitted.Refine(ended, x, y, x); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted one returns %v", err)
	}
}
