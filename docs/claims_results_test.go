package docs_test

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"diffclip/rsdata"
)

// oa returns the mean overall accuracy of a method, in percent.
func (c *claims) oa(scene, method string, shots int) float64 {
	c.Helper()
	row, err := c.raw.result(scene, method, shots)
	return 100 * rsdata.Summarise(must(c, row, err).oa()).Mean
}

// ahead returns the differences of DiffCLIP to other methods, by scenes, methods and shots.
func (c *claims) ahead(scenes []string, methods ...string) (out []difference) {
	c.Helper()
	for _, scene := range scenes {
		for _, method := range methods {
			for _, n := range shots {
				d, err := c.raw.ahead(scene, method, n)
				out = append(out, must(c, d, err))
			}
		}
	}
	return out
}

// points returns the least and the greatest of some differences.
func points(d []difference) (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, d := range d {
		least, most = min(least, d.points), max(most, d.points)
	}
	return least, most
}

// count returns how many differences are as asked, in words.
func count(d []difference, yes func(difference) bool) string {
	n := 0
	for _, d := range d {
		if yes(d) {
			n++
		}
	}
	words := strings.Fields("none one two three four five six seven eight nine ten eleven twelve")
	if n < len(words) {
		return words[n]
	}
	return strconv.Itoa(n)
}

var (
	crowns = []string{"idtrees-random", "idtrees-disjoint"}
	fields = []string{"pines-random", "pines-disjoint"}
	both   = append(slices.Clone(crowns), fields...)
)

// classical returns the names of the classical methods.
func (c *claims) classical() (names []string) {
	f, err := c.raw.scores("results/classical-pines-random.json")
	for _, r := range must(c, f, err).Results {
		if !slices.Contains(names, r.Method) {
			names = append(names, r.Method)
		}
	}
	return names
}

// resultsClaims holds sentences about accuracy.
func resultsClaims(c *claims) {
	c.says("../README.md", "(8 shots: %.1f against %.1f without it, %.1f for the SVM)",
		c.oa("pines-random", "DiffCLIP", 8), c.oa("pines-random", "stage 2 alone", 8), c.oa("pines-random", "svm", 8))
	least, _ := points(c.ahead(fields, c.classical()...))
	c.holds("../README.md", least > 0, "DiffCLIP is ahead of every classical row on the mean")
	_, most := points(c.ahead(crowns, "lda-mnf"))
	c.holds("../README.md", most < 0, "On tree crowns, LDA on noise-whitened spectra is ahead of DiffCLIP.")

	const page = "results.md"
	var pca []float64
	furthest := true
	for _, scene := range crowns {
		for _, n := range shots {
			for _, method := range []string{"svm", "rf", "mean"} {
				pca = append(pca, c.oa(scene, method+"-pca", n)-c.oa(scene, method, n))
				furthest = furthest && c.oa(scene, method+"-mnf", n) > c.oa(scene, method+"-pca", n)
			}
			furthest = furthest && c.oa(scene, "lda-mnf", n) > c.oa(scene, "lda-pca", n)
			for _, method := range append(c.classical(), "DiffCLIP") {
				furthest = furthest && (n == 2 || c.oa(scene, "lda-mnf", n) >= c.oa(scene, method, n))
			}
		}
	}
	c.holds(page, furthest, "raise SVM, forest and nearest mean by %.0f to %.0f points of OA, and minimum noise fractions raise everything further: "+
		"LDA on them is the best row of both protocols at 8 and 20 shots, DiffCLIP's included.", slices.Min(pca), slices.Max(pca))
	c.says(page, "(%.3f is the least that ten draws can give)", math.Ldexp(2, -10))

	plain := c.ahead(both, "svm", "rf")
	least, most = points(plain)
	c.says(page, "ahead of the SVM and of the forest on plain bands everywhere, by %.0f to %.0f points; %s of the %d differences", least, most,
		count(plain, func(d difference) bool { return !d.significant() }), len(plain))
	doubtful, err := c.raw.ahead("pines-disjoint", "svm", 8)
	c.holds(page, !must(c, doubtful, err).significant(), "(SVM, Indian Pines disjoint, 8 shots) is not significant")

	random := c.ahead([]string{"idtrees-random", "pines-random"}, "stage 2 alone")
	disjoint := c.ahead([]string{"idtrees-disjoint", "pines-disjoint"}, "stage 2 alone")
	least, most = points(random)
	from, to := points(disjoint)
	c.holds(page, least > 0 && from > 0, "ahead of stage 2 alone in every column, by %.0f to %.0f points at random and %.1f to %.0f disjoint; significantly in %s of twelve.",
		least, most, from, to, count(append(random, disjoint...), difference.significant))

	plainLDA := c.ahead(crowns, "lda", "svm-pca", "lda-pca")
	level := true
	for i, d := range plainLDA {
		level = level && (i%3 == 0 && d.points > 0 || i%3 > 0 && !d.significant())
	}
	c.holds(page, level, "it is ahead at 2 shots and level at 8 and 20 (no difference there is significant)")
	least, most = points(c.ahead(crowns, "lda-mnf"))
	c.says(page, "**LDA on minimum noise fractions is ahead of it by %.0f to %.0f points**", -most, -least)

	f, err := c.raw.asPrinted("results/without-text.json")
	within := 0.0
	for column := 1; column <= 2; column++ {
		within = max(within, math.Abs(leading(c, must(c, f, err).Rows[2][column])-leading(c, f.Rows[3][column])))
	}
	c.holds(page, f.Rows[2][0] == "linear probe" && f.Rows[3][0] == "DiffCLIP" && within < 1, "a linear layer on the frozen encoder is within a point of DiffCLIP")
}

// leading returns the number with which a cell begins.
func leading(c *claims, cell string) float64 {
	c.Helper()
	word, _, _ := strings.Cut(cell, " ")
	v, err := strconv.ParseFloat(word, 64)
	return must(c, v, err)
}
