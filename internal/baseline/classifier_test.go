package baseline

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/rng"
)

// every returns one of each classifier.
func every() map[string]Classifier {
	return map[string]Classifier{
		"svm": &SVM{C: 10}, "tuned svm": newSVM(3), "rf": &Forest{Trees: 30, Seed: 3},
		"lda": &LDA{Shrinkage: AutoShrinkage}, "mean": &NearestMean{},
	}
}

// clouds returns n points, wide gaps apart in both features, of the given classes in turn.
func clouds(n int, classes ...int) (x [][]float64, y []int) {
	noise := make([]float32, 2*n)
	rng.New(5, "clouds", 0).Normal(noise, 0)
	for i := range n {
		k := i % len(classes)
		x = append(x, []float64{20*float64(k) + float64(noise[2*i]), float64(noise[2*i+1]) - 20*float64(k)})
		y = append(y, classes[k])
	}
	return x, y
}

func TestSeparatedClassesAreTold(t *testing.T) {
	for name, c := range every() {
		x, y := clouds(60, 7, 2, 4) // numbers with gaps, not in order
		mustFit(t, c, x[:30], y[:30])
		if got := c.Predict(x[30:]); !slices.Equal(got, y[30:]) {
			t.Errorf("%s: predicted %v, want %v", name, got, y[30:])
		}
	}
}

func TestFewAndEqualSamples(t *testing.T) {
	for name, c := range every() {
		for _, s := range []struct {
			what string
			x    [][]float64
			y    []int
			want []int // for the same x
		}{
			{"one class", [][]float64{{1}, {2}}, []int{3, 3}, []int{3, 3}},
			{"one sample", [][]float64{{1, 2}}, []int{1}, []int{1}},
			{"equal samples of a class", [][]float64{{1, 2}, {1, 2}, {5, 9}, {5, 9}}, []int{0, 0, 1, 1}, []int{0, 0, 1, 1}},
		} {
			mustFit(t, c, s.x, s.y)
			if got := c.Predict(s.x); !slices.Equal(got, s.want) {
				t.Errorf("%s, %s: predicted %v, want %v", name, s.what, got, s.want)
			}
		}
		same := [][]float64{{1, 2}, {1, 2}, {1, 2}}
		mustFit(t, c, same, []int{4, 6, 6}) // nothing to tell them apart by
		if got := c.Predict(same[:1]); got[0] != 4 && got[0] != 6 {
			t.Errorf("%s: equal samples of two classes give class %d", name, got[0])
		}
		if got := c.Predict(nil); len(got) != 0 {
			t.Errorf("%s: %d classes for no samples", name, len(got))
		}
	}
}

func TestFitRefuses(t *testing.T) {
	good, y := clouds(4, 0, 1)
	for _, c := range []struct {
		what string
		x    [][]float64
		y    []int
		want string
	}{
		{"nothing", nil, nil, "0 samples"},
		{"classes missing", good, y[:3], "4 samples with 3 classes"},
		{"ragged", [][]float64{{1, 2}, {1}}, []int{0, 1}, "sample 1 has 1 features"},
		{"no feature", [][]float64{{}, {}}, []int{0, 1}, "0 features"},
		{"NaN", [][]float64{{1}, {math.NaN()}}, []int{0, 1}, "feature 0 of sample 1 is NaN"},
		{"infinite", [][]float64{{math.Inf(1)}, {1}}, []int{0, 1}, "+Inf"},
		{"negative class", [][]float64{{1}, {2}}, []int{0, -1}, "class -1"},
	} {
		for name, classifier := range every() {
			if err := classifier.Fit(t.Context(), c.x, c.y); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: error %v, want one with %q", name, c.what, err, c.want)
			}
		}
	}
	for name, c := range map[string]Classifier{
		"C 0": &SVM{}, "C infinite": &SVM{C: math.Inf(1)}, "gamma": &SVM{C: 1, Gamma: -1}, "no trees": &Forest{},
		"shrinkage": &LDA{Shrinkage: 2}, "no candidates": &TunedSVM{},
	} {
		if err := c.Fit(t.Context(), good, y); err == nil {
			t.Errorf("%s: Fit succeeded", name)
		}
	}
	flat := [][]float64{{1, 0}, {2, 0}, {5, 0}, {7, 0}}
	if err := (&LDA{}).Fit(t.Context(), flat, y); err == nil || !strings.Contains(err.Error(), "shrinkage") {
		t.Errorf("LDA of a constant feature without shrinkage: error %v", err)
	}
}

func TestPredictPanicsWithoutFit(t *testing.T) {
	for name, c := range every() {
		for _, fitted := range []bool{false, true} {
			if fitted {
				x, y := clouds(6, 0, 1)
				mustFit(t, c, x, y)
			}
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s, fitted %t: Predict of 3 features returned", name, fitted)
					}
				}()
				c.Predict([][]float64{{1, 2, 3}})
			}()
		}
	}
}

// A tree grown to the end on one feature puts its thresholds half-way between neighbours of different classes, whatever
// the order of its splits: it is the nearest neighbour.
func TestTreeOnOneFeatureIsTheNearestNeighbour(t *testing.T) {
	const n = 40
	x, at := make([][]float64, n), make([]int, n)
	s := rng.New(8, "tree", 0)
	for i := range x {
		x[i], at[i] = []float64{float64(s.Uint32At(uint64(i)))}, s.Intn(uint64(100+i), 3)
	}
	g := grower{columns: transposed(x), at: at, classes: 3, try: 1, features: []int32{0}}
	samples := make([]int32, n)
	for i := range samples {
		samples[i] = int32(i)
	}
	g.grow(samples)
	for i := range uint64(500) {
		v := []float64{float64(s.Uint32At(1000 + i))}
		nearest, least := 0, math.Inf(1)
		for j, row := range x {
			if d := squaredDistance(v, row); d < least {
				nearest, least = j, d
			}
		}
		if got := argmax(g.tree.leaf(v, 3)); got != at[nearest] {
			t.Fatalf("%v: class %d, the nearest neighbour has %d", v, got, at[nearest])
		}
	}
}

func TestSplitOn(t *testing.T) {
	for _, c := range []struct {
		values []float64
		at     []int
		want   split
	}{
		{[]float64{4, 1, 2, 3}, []int{1, 0, 0, 1}, split{0, 2.5, 4}},
		{[]float64{1, 2, 3, 4}, []int{0, 1, 1, 1}, split{0, 1.5, 4}},
		{[]float64{1, 2, 3, 4}, []int{0, 1, 0, 0}, split{0, 2.5, 3}},                               // 1+1 of 2 and 4 of 2
		{[]float64{5, 5, 5, 5}, []int{0, 1, 0, 1}, split{feature: -1}},                             // nothing to split
		{[]float64{1, math.Nextafter(1, 2)}, []int{0, 1}, split{0, 1, 2}},                          // no number between
		{[]float64{-math.MaxFloat64, math.MaxFloat64}, []int{0, 1}, split{0, -math.MaxFloat64, 2}}, // the difference overflows
	} {
		g := grower{columns: [][]float64{c.values}, at: c.at, classes: 2}
		samples, counts := make([]int32, len(c.at)), make([]float64, 2)
		for i, k := range c.at {
			samples[i] = int32(i)
			counts[k]++
		}
		if got := g.splitOn(0, samples, counts, make([]float64, 2)); got != c.want {
			t.Errorf("%v of classes %v: %+v, want %+v", c.values, c.at, got, c.want)
		}
	}
}

// decisionsOf returns for every row of x the decision of each pair of classes, in the order (0, 1), (0, 2), ..., (1, 2), ...
// of the classes seen by Fit: positive for the first of the pair.
func decisionsOf(s *SVM, x [][]float64) [][]float64 {
	out := make([][]float64, len(x))
	s.forDecisions(x, func(i int, decisions []float64) { out[i] = slices.Clone(decisions) })
	return out
}

func TestThreadsDoNotMatter(t *testing.T) {
	p := loadProblem(t, "many")
	var trees []tree
	var predicted []int
	var decisions [][]float64
	for _, threads := range []int{1, 2, 5} {
		f := &Forest{Trees: 40, Seed: 2, Threads: threads}
		mustFit(t, f, p.X, p.Y)
		s := &SVM{C: 10, Threads: threads}
		mustFit(t, s, p.X, p.Y)
		if threads == 1 {
			trees, predicted, decisions = f.trees, f.Predict(p.Test), decisionsOf(s, p.Test)
			continue
		}
		for i := range trees {
			if !slices.Equal(f.trees[i].nodes, trees[i].nodes) {
				t.Fatalf("%d threads: tree %d differs", threads, i)
			}
		}
		if !slices.Equal(f.Predict(p.Test), predicted) {
			t.Errorf("%d threads: the forest predicts otherwise", threads)
		}
		for i, row := range decisionsOf(s, p.Test) {
			if !slices.Equal(row, decisions[i]) {
				t.Fatalf("%d threads: the machines decide otherwise", threads)
			}
		}
	}
}

// Whatever the candidates, each class is dealt evenly over the folds, and a single sample of a class allows none.
func TestFolds(t *testing.T) {
	y := []int{0, 0, 0, 0, 5, 5, 5, 5, 5, 5, 5}
	fold, folds := (&TunedSVM{Folds: 5}).divide(y)
	if folds != 4 {
		t.Fatalf("%d folds, want 4, the size of the smallest class", folds)
	}
	count := map[[2]int]int{}
	for i, f := range fold {
		count[[2]int{y[i], f}]++
	}
	for f := range folds {
		if count[[2]int{0, f}] != 1 || count[[2]int{5, f}] < 1 || count[[2]int{5, f}] > 2 {
			t.Errorf("fold %d has %d and %d samples of the classes", f, count[[2]int{0, f}], count[[2]int{5, f}])
		}
	}
	x, y := clouds(3, 0, 1)
	s := &TunedSVM{C: []float64{7, 1}, Gamma: []float64{2, 1}, Folds: 5}
	mustFit(t, s, x, y)
	if s.Chosen.C != 7 || s.Chosen.Gamma != 2*scaleGamma(x) {
		t.Errorf("without validation C %g, gamma %g were chosen", s.Chosen.C, s.Chosen.Gamma)
	}
}

// The weights must meet the conditions of Karush, Kuhn and Tucker, whatever C makes of the problem.
func TestSVMIsOptimal(t *testing.T) {
	const tolerance = 1e-8
	p := loadProblem(t, "small")
	for _, c := range []SVM{{C: 0.01}, {C: 1}, {C: 1000}, {C: 1e5, Gamma: 0.01}, {C: 1e5, Gamma: 5}} {
		c.Tolerance = tolerance / 2
		mustFit(t, &c, p.X, p.Y)
		decisions := decisionsOf(&c, p.X)
		for pair, classes := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
			m := c.machines[pair]
			weight, sum := make([]float64, len(p.X)), 0.0
			for j, i := range m.support {
				weight[i] = m.weights[j]
				sum += m.weights[j]
			}
			if math.Abs(sum) > 1e-12*c.C*float64(len(p.X)) {
				t.Errorf("C %g, gamma %g, classes %v: the weights sum to %g, want 0", c.C, c.Gamma, classes, sum)
			}
			for i, k := range p.Y {
				sign := map[int]float64{classes[0]: 1, classes[1]: -1}[k]
				a, margin := sign*weight[i], sign*decisions[i][pair]
				switch {
				case sign == 0 && weight[i] != 0, a < 0, a > c.C:
					t.Errorf("C %g, gamma %g, classes %v: sample %d of class %d has weight %g", c.C, c.Gamma, classes, i, k, weight[i])
				case sign != 0 && (a < c.C && margin < 1-tolerance || a > 0 && margin > 1+tolerance):
					t.Errorf("C %g, gamma %g, classes %v: sample %d has margin %.12g at weight %g", c.C, c.Gamma, classes, i, margin, a)
				}
			}
		}
	}
}

// A ring around a disc needs a kernel that is not too wide; too small a C cannot fit it either.
func TestTunedSVMChooses(t *testing.T) {
	noise := make([]float32, 160)
	rng.New(1, "ring", 0).Uniform(noise, 0)
	var x [][]float64
	var y []int
	for i := range 80 {
		radius, angle := 1+float64(i%2)+0.3*float64(noise[2*i]), 2*math.Pi*float64(noise[2*i+1])
		x = append(x, []float64{radius * math.Cos(angle), radius * math.Sin(angle)})
		y = append(y, i%2)
	}
	s := &TunedSVM{C: []float64{1e-4, 10}, Gamma: []float64{1e-5, 1}, Folds: 4}
	mustFit(t, s, x, y)
	if s.Chosen.C != 10 || s.Chosen.Gamma != scaleGamma(x) {
		t.Errorf("chose C %g, gamma %g of unit %g", s.Chosen.C, s.Chosen.Gamma, scaleGamma(x))
	}
}

// late is a context that ends when it has been asked so often.
type late struct {
	context.Context
	asked, ends int
}

func (c *late) Err() error {
	if c.asked++; c.asked > c.ends {
		return context.Canceled
	}
	return nil
}

// Two classes alone may take many steps, which an interruption does not wait for.
func TestInterruptedAmongSteps(t *testing.T) {
	const n = 300
	random := rng.New(1, "steps", 0)
	x, y := make([][]float64, n), make([]int, n)
	for i := range x { // nothing to learn, so that the bounds are far
		x[i], y[i] = []float64{float64(random.Intn(uint64(2*i), 1000)) / 1000, float64(random.Intn(uint64(2*i+1), 1000)) / 1000}, i%2
	}
	s := SVM{C: 1e6, Gamma: 1}
	ctx := &late{Context: t.Context(), ends: 3}
	if err := s.Fit(ctx, x, y); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after %d looks", err, ctx.asked)
	}
}

// A training that takes long ends with its context, and what was stopped does not classify.
func TestFitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	x, y := [][]float64{{0, 1}, {1, 0}, {2, 2}, {3, 1}}, []int{0, 0, 1, 1}
	for name, c := range map[string]Classifier{"SVM": &SVM{C: 1}, "tuned SVM": newSVM(1)} {
		if err := c.Fit(ctx, x, y); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want that of the context", name, err)
		}
		if err := c.Fit(t.Context(), x, y); err != nil {
			t.Errorf("%s, afterwards: %v", name, err)
		}
	}
}
