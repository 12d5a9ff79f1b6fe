package rsdata

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"testing"
)

func confusion(rows ...[]int64) *Confusion { return &Confusion{Counts: rows} }

// near reports equality to 1e-12, NaN equal to NaN.
func near(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-12*max(1, math.Abs(b))
}

// The expected numbers are scikit-learn 1.2.1's accuracy_score,
// balanced_accuracy_score and cohen_kappa_score on the samples of the tables,
// or follow by hand where it gives nothing but a warning.
func TestConfusionScores(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name          string
		table         *Confusion
		oa, aa, kappa float64
	}{
		{"four classes", confusion([]int64{50, 3, 0, 2}, []int64{10, 35, 5, 0}, []int64{0, 4, 26, 0}, []int64{1, 0, 2, 12}),
			0.82, 0.8189393939393939, 0.744398863994951},
		{"one absent in truth, one never given, one neither",
			confusion([]int64{6, 2, 0, 0}, []int64{0, 0, 0, 0}, []int64{1, 1, 0, 0}, []int64{0, 0, 0, 0}),
			0.6, 0.375, 0.09090909090909083},
		{"by hand: 2 of 3 right", confusion([]int64{1, 1}, []int64{0, 1}), 2. / 3, 0.75, 0.4},
		{"worse than chance", confusion([]int64{0, 5}, []int64{5, 0}), 0, 0, -1},
		{"single class", confusion([]int64{7, 0}, []int64{0, 0}), 1, 1, nan},
		{"empty", NewConfusion(3), nan, nan, nan},
	} {
		if oa, aa, kappa := c.table.OA(), c.table.AA(), c.table.Kappa(); !near(oa, c.oa) || !near(aa, c.aa) || !near(kappa, c.kappa) {
			t.Errorf("%s: OA %v, AA %v, kappa %v; want %v, %v, %v", c.name, oa, aa, kappa, c.oa, c.aa, c.kappa)
		}
	}
}

// scikit-learn's precision_recall_fscore_support on the first table above.
func TestPerClass(t *testing.T) {
	table := confusion([]int64{50, 3, 0, 2}, []int64{10, 35, 5, 0}, []int64{0, 4, 26, 0}, []int64{1, 0, 2, 12})
	want := []ClassScore{
		{55, 61, 0.9090909090909091, 0.819672131147541, 0.8620689655172413},
		{50, 42, 0.7, 0.8333333333333334, 0.7608695652173915},
		{30, 33, 0.8666666666666667, 0.7878787878787878, 0.8253968253968254},
		{15, 14, 0.8, 0.8571428571428571, 0.8275862068965518},
	}
	comparePerClass(t, table.PerClass(), want)

	nan := math.NaN()
	table = confusion([]int64{6, 2, 0, 0}, []int64{0, 0, 0, 0}, []int64{1, 1, 0, 0}, []int64{0, 0, 0, 0})
	comparePerClass(t, table.PerClass(), []ClassScore{
		{8, 7, 0.75, 6. / 7, 0.8},
		{0, 3, nan, 0, 0},
		{2, 0, 0, 0, 0},
		{0, 0, nan, nan, nan},
	})
}

func comparePerClass(t *testing.T, got, want []ClassScore) {
	t.Helper()
	for i, w := range want {
		g := got[i]
		if g.Support != w.Support || g.Predicted != w.Predicted || !near(g.Recall, w.Recall) || !near(g.Precision, w.Precision) || !near(g.F1, w.F1) {
			t.Errorf("class %d: %+v, want %+v", i, g, w)
		}
	}
}

func TestConfusionAddMerge(t *testing.T) {
	a, b := NewConfusion(2), NewConfusion(2)
	a.Add(0, 1)
	b.Add(0, 1)
	b.Add(1, 1)
	a.Merge(b)
	if a.Counts[0][1] != 2 || a.Counts[1][1] != 1 || a.Total() != 3 {
		t.Errorf("counts %v", a.Counts)
	}
	for _, pair := range [][2]int{{-1, 0}, {0, -1}, {2, 0}, {0, 2}} {
		if !panics(func() { a.Add(pair[0], pair[1]) }) {
			t.Errorf("Add%v did not panic", pair)
		}
	}
	if !panics(func() { a.Merge(NewConfusion(3)) }) {
		t.Error("Merge of another size did not panic")
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// numpy: mean and std with ddof=1.
func TestSummarise(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		values []float64
		want   Summary
		text   string
	}{
		{[]float64{.81, .79, .84, .77, .80, .83, .78, .82, .85, .76}, Summary{10, 0.805, 0.030276503540974897}, "80.5 ± 3.0"},
		{[]float64{0.5, nan, 0.7}, Summary{2, 0.6, 0.1414213562373095}, "60.0 ± 14.1"},
		{[]float64{0.25}, Summary{1, 0.25, nan}, "25.0"},
		{[]float64{nan}, Summary{0, nan, nan}, "-"},
		{nil, Summary{0, nan, nan}, "-"},
	} {
		got := Summarise(c.values)
		if got.N != c.want.N || !near(got.Mean, c.want.Mean) || !near(got.Std, c.want.Std) {
			t.Errorf("Summarise(%v) = %+v, want %+v", c.values, got, c.want)
		}
		if got.Percent() != c.text {
			t.Errorf("Summarise(%v).Percent() = %q, want %q", c.values, got.Percent(), c.text)
		}
	}
}

func TestSummariseScores(t *testing.T) {
	first := confusion([]int64{3, 1}, []int64{0, 4}).Scores()
	second := confusion([]int64{4, 0}, []int64{0, 0}).Scores()
	got := SummariseScores([]Scores{first, second})
	if got.OA.N != 2 || !near(got.OA.Mean, 0.9375) || got.Kappa.N != 1 || !near(got.Kappa.Mean, 0.75) {
		t.Errorf("OA %+v, kappa %+v", got.OA, got.Kappa)
	}
	if len(got.Recall) != 2 || got.Recall[0].N != 2 || !near(got.Recall[0].Mean, 0.875) || got.Recall[1].N != 1 || got.Recall[1].Mean != 1 {
		t.Errorf("recall %+v", got.Recall)
	}
	if names, values := got.Columns(); names[2] != "kappa" || values[2].Mean != got.Kappa.Mean || got.Binary != nil {
		t.Errorf("columns %v, %v", names, values)
	}
	uneven := confusion([]int64{3, 1}, []int64{0, 8}).Scores()
	names, one := uneven.Columns()
	_, seeds := SummariseScores([]Scores{uneven}).Columns()
	for i, want := range []float64{11. / 12, 0.875, 0.8} {
		if !near(one[i], want) || !near(seeds[i].Mean, want) {
			t.Errorf("%s is %v, over seeds %v, want %v", names[i], one[i], seeds[i].Mean, want)
		}
	}
	first.Binary, second.Binary = &BinaryScores{0.5, 0.75, 1, 0}, &BinaryScores{1, 0.25, math.NaN(), 1}
	got = SummariseScores([]Scores{first, second})
	names, values := got.Columns()
	if names[3] != "SP" || !near(values[0].Mean, 0.75) || !near(values[1].Mean, 0.5) || values[2].N != 1 || values[2].Mean != 1 || !near(values[3].Mean, 0.5) {
		t.Errorf("of a yes-or-no task: %v, %v", names, values)
	}
	if names, values := first.Columns(); !slices.Equal(names, []string{"ACC", "AUC", "SE", "SP"}) || !slices.Equal(values, []float64{0.5, 0.75, 1, 0}) {
		t.Errorf("columns of one seed: %v, %v", names, values)
	}
	if table := (&Confusion{Counts: [][]int64{{1}}, Binary: first.Binary}); table.Scores().Binary != first.Binary {
		t.Error("the scores of a table lack its figures of a yes-or-no task")
	}
	if empty := SummariseScores(nil); empty.OA.N != 0 || !math.IsNaN(empty.OA.Mean) {
		t.Errorf("no seeds: %+v", empty)
	}
}

func TestScoresJSON(t *testing.T) {
	scores := confusion([]int64{3, 0}, []int64{0, 0}).Scores()
	text, err := json.Marshal(scores)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"samples":3,"oa":1,"aa":1,"kappa":null,"classes":[` +
		`{"support":3,"predicted":3,"recall":1,"precision":1,"f1":1},` +
		`{"support":0,"predicted":0,"recall":null,"precision":null,"f1":null}]}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	var back Scores
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(back); !bytes.Equal(again, text) {
		t.Errorf("read back as %s", again)
	}

	scores.Binary = &BinaryScores{0.5, math.NaN(), 1, 0.25}
	text, err = json.Marshal(scores)
	if err != nil || !bytes.HasSuffix(text, []byte(`,"binary":{"acc":0.5,"auc":null,"se":1,"sp":0.25}}`)) {
		t.Errorf("a yes-or-no task: %s, %v", text, err)
	}
	if err := json.Unmarshal(text, &back); err != nil || back.Binary.SP != 0.25 || !math.IsNaN(back.Binary.AUC) {
		t.Errorf("a yes-or-no task read back: %+v, %v", back.Binary, err)
	}

	text, err = json.Marshal(Summarise([]float64{0.5}))
	if err != nil || string(text) != `{"n":1,"mean":0.5,"std":null}` {
		t.Errorf("summary: %s, %v", text, err)
	}
	var summary Summary
	if err := json.Unmarshal(text, &summary); err != nil || summary.N != 1 || summary.Mean != 0.5 || !math.IsNaN(summary.Std) {
		t.Errorf("summary read back: %+v, %v", summary, err)
	}
}

// AUC is scikit-learn's roc_auc_score; the rest follows by hand: at 0.5 the
// calls are 7 yes (4 of them right) and 3 no (2 right).
func TestBinary(t *testing.T) {
	truth := []bool{true, true, false, true, false, false, true, false, true, false}
	score := []float64{.9, .8, .8, .6, .55, .5, .5, .3, .2, .1}
	got := Binary(truth, score, 0.5)
	if !near(got.AUC, 0.68) || !near(got.ACC, 0.6) || !near(got.SE, 0.8) || !near(got.SP, 0.4) {
		t.Errorf("got %+v", got)
	}
	yes := Binary([]bool{true, true}, []float64{0.1, 0.9}, 0.5)
	if yes.SE != 0.5 || !math.IsNaN(yes.SP) || !math.IsNaN(yes.AUC) {
		t.Errorf("without negatives: %+v", yes)
	}
	if bad := Binary([]bool{true, false}, []float64{math.NaN(), 0}, 0.5); !math.IsNaN(bad.AUC) {
		t.Errorf("NaN score: %+v", bad)
	}
	if edge := Binary([]bool{true, false}, []float64{0.5, 0.5}, 0.5); edge.SE != 1 || edge.SP != 0 {
		t.Errorf("scores at the threshold are positive: %+v", edge)
	}
	if tied := Binary([]bool{true, false}, []float64{1, 1}, 0.5); tied.AUC != 0.5 {
		t.Errorf("tied scores: %+v", tied)
	}
	if !panics(func() { Binary(truth, score[:3], 0.5) }) {
		t.Error("lengths that differ did not panic")
	}
}

func TestConfusionCSV(t *testing.T) {
	table := confusion([]int64{2, 0}, []int64{0, 0})
	names := []string{"Road, wide", "Roof"}
	var b bytes.Buffer
	if err := table.WriteCSV(&b, names); err != nil {
		t.Fatal(err)
	}
	if want := "truth \\ predicted,\"Road, wide\",Roof\n\"Road, wide\",2,0\nRoof,0,0\n"; b.String() != want {
		t.Errorf("confusion:\n%s", b.String())
	}
	b.Reset()
	if err := table.WriteClassCSV(&b, names); err != nil {
		t.Fatal(err)
	}
	want := "class,support,predicted,recall,precision,f1\n" +
		"\"Road, wide\",2,2,1.000000,1.000000,1.000000\nRoof,0,0,,,\n" +
		"OA,2,2,1.000000,,\nAA,2,2,1.000000,,\nkappa,2,2,,,\n"
	if b.String() != want {
		t.Errorf("per class:\n%s", b.String())
	}
	if !panics(func() { table.WriteCSV(&b, names[:1]) }) {
		t.Error("a missing name did not panic")
	}
}

func TestLaTeXRow(t *testing.T) {
	got := LaTeXRow(`50% & A_b`, Summarise([]float64{.8, .9}), Summarise([]float64{.5}), Summarise(nil))
	if want := `50\% \& A\_b & 85.0 $\pm$ 7.1 & 50.0 & -- \\`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
