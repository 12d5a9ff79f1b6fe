package rsdata

import (
	"math"
	"testing"
)

// Exact P values are scipy 1.10.1's binomtest, the others its chi2.sf of the
// continuity-corrected statistic.
func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		first, second int
		want          SignificanceTest
	}{
		{3, 12, SignificanceTest{15, 3, 0.03515625, true}},
		{12, 3, SignificanceTest{15, 3, 0.03515625, true}},
		{0, 5, SignificanceTest{5, 0, 0.0625, true}},
		{7, 7, SignificanceTest{14, 7, 1, true}},
		{0, 0, SignificanceTest{0, 0, 1, true}},
		{40, 20, SignificanceTest{60, 6.016666666666667, 0.014171388254012323, false}},
		{13, 12, SignificanceTest{25, 0, 1, false}},
		{30, 30, SignificanceTest{60, 0, 1, false}},
	} {
		compareTest(t, McNemar(c.first, c.second), c.want)
	}
	if !panics(func() { McNemar(-1, 3) }) {
		t.Error("a negative count did not panic")
	}
}

func TestDiscordant(t *testing.T) {
	first := []bool{true, true, false, false, true}
	second := []bool{true, false, true, false, false}
	if a, b := Discordant(first, second); a != 2 || b != 1 {
		t.Errorf("got %d, %d, want 2, 1", a, b)
	}
	if !panics(func() { Discordant(first, second[:3]) }) {
		t.Error("lengths that differ did not panic")
	}
}

func TestWilcoxon(t *testing.T) {
	// scipy 1.10.1: wilcoxon(d, method="exact"), nine differences of distinct size.
	d := []float64{0.030, -0.010, 0.050, 0.020, 0.060, 0.015, 0.045, -0.012, 0.034}
	zero := make([]float64, len(d))
	compareTest(t, Wilcoxon(d, zero), SignificanceTest{9, 3, 0.01953125, true})

	// scipy 1.10.1: wilcoxon(x, y, method="approx", correction=False): 60 pairs,
	// one of them equal, with ties among the differences.
	var x, y []float64
	for i := range 60 {
		x = append(x, float64(i*37%61)/10)
		y = append(y, float64(i*23%59)/10-0.5)
	}
	compareTest(t, Wilcoxon(x, y), SignificanceTest{59, 672.5, 0.10870605531071885, false})
	compareTest(t, Wilcoxon(y, x), SignificanceTest{59, 672.5, 0.10870605531071885, false})

	var long []float64
	for i := range 51 {
		long = append(long, float64(i+1)*float64(1-2*(i%2)))
	}
	for n, exact := range map[int]bool{50: true, 51: false} {
		if got := Wilcoxon(long[:n], make([]float64, n)); got.N != n || got.Exact != exact {
			t.Errorf("%d pairs: %+v, want an exact chance: %v", n, got, exact)
		}
	}
	compareTest(t, Wilcoxon(zero, zero), SignificanceTest{0, 0, 1, true})
	nan := math.NaN() // a figure that is not defined tells nothing apart
	compareTest(t, Wilcoxon(append([]float64{nan, 0.5}, d...), append([]float64{0.1, nan}, zero...)), SignificanceTest{9, 3, 0.01953125, true})
	if !panics(func() { Wilcoxon(d, zero[:2]) }) {
		t.Error("lengths that differ did not panic")
	}
}

// With ties the exact P is compared with the enumeration of all sign patterns.
func TestWilcoxonTiesAgainstEnumeration(t *testing.T) {
	first := []float64{.81, .79, .84, .77, .80, .83, .78, .82, .85, .76}
	second := []float64{.78, .80, .79, .75, .74, .82, .765, .775, .86, .726}
	ranks := []float64{7, 2, 9, 5, 10, 2, 4, 8, 2, 6} // of .030 -.010 .050 .020 .060 .010 .015 .045 -.010 .034
	const observed = 4.0
	var extreme int
	for signs := range 1 << len(ranks) {
		var up, down float64
		for i, r := range ranks {
			if signs>>i&1 == 1 {
				up += r
			} else {
				down += r
			}
		}
		if min(up, down) <= observed {
			extreme++
		}
	}
	p := float64(extreme) / math.Exp2(float64(len(ranks)))
	compareTest(t, Wilcoxon(first, second), SignificanceTest{10, observed, p, true})
}

// The example has three tests and one that was not made.
func TestHolm(t *testing.T) {
	got := Holm([]float64{0.03, math.NaN(), 0.01, 0.04})
	for i, want := range []float64{0.06, math.NaN(), 0.03, 0.06} { // 2 x 0.03; 3 x 0.01; 0.04, but not below 0.06
		if !near(got[i], want) && !(math.IsNaN(got[i]) && math.IsNaN(want)) {
			t.Errorf("adjusted %v", got)
		}
	}
	if got := Holm([]float64{0.7, 0.9}); got[0] != 1 || got[1] != 1 {
		t.Errorf("large chances: %v", got)
	}
	if got := Holm(nil); len(got) != 0 {
		t.Errorf("no tests: %v", got)
	}
}

func compareTest(t *testing.T, got, want SignificanceTest) {
	t.Helper()
	if got.N != want.N || got.Exact != want.Exact || !near(got.Statistic, want.Statistic) || !near(got.P, want.P) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
