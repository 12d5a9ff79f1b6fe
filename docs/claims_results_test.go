package docs_test

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"diffclip/internal/baseline"
	"diffclip/rsdata"
	"diffclip/vit"
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
	return inWords(n)
}

// afterHolm returns how many differences are significant after Holm's correction for
// all of them.
func afterHolm(d []difference) (n int) {
	p := make([]float64, len(d))
	for i := range d {
		p[i] = d[i].p
	}
	for _, p := range rsdata.Holm(p) {
		if p < level {
			n++
		}
	}
	return n
}

// inWords spells out small numbers.
func inWords(n int) string {
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
	partsClaims(c)
	extrasClaims(c)
	linearClaims(c)
	refinedClaims(c)
	selectionClaims(c)
	lds2aeClaims(c)
	publishedClaims(c)
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
	c.holds("experiments.md", furthest, "raise SVM, forest and nearest mean by %.0f to %.0f points of OA, and minimum noise fractions raise everything further: "+
		"LDA on them is the best row of both protocols at 8 and 20 shots, DiffCLIP's included.", slices.Min(pca), slices.Max(pca))
	c.says(page, "(%.3f is the least that ten draws can give)", math.Ldexp(2, -10))

	plain := c.ahead(both, "svm", "rf")
	least, most = points(plain)
	c.holds(page, least > 0, "ahead of the SVM and of the forest on plain bands everywhere, by %.0f to %.0f points, significantly in %s of %d comparisons.", least, most,
		count(plain, difference.significant), len(plain))
	least, _ = points(c.ahead(fields, c.classical()...))
	c.holds(page, least > 0, "On Indian Pines DiffCLIP is ahead of every classical row: its context counts there.")

	random := c.ahead([]string{"idtrees-random", "pines-random"}, "stage 2 alone")
	disjoint := c.ahead([]string{"idtrees-disjoint", "pines-disjoint"}, "stage 2 alone")
	least, most = points(random)
	from, to := points(disjoint)
	c.holds(page, least > 0 && from > 0, "ahead of stage 2 alone in every column, by %.0f to %.0f points at random and %.1f to %.0f disjoint; significantly in %s of twelve.",
		least, most, from, to, count(append(slices.Clone(random), disjoint...), difference.significant))

	var few, more []difference
	for i, d := range c.ahead(crowns, "lda", "svm-pca", "lda-pca") {
		if i%len(shots) == 0 {
			few = append(few, d)
		} else {
			more = append(more, d)
		}
	}
	least, most = points(few)
	from, to = points(more)
	c.holds(page, least > 0, "On IDTReeS it is ahead of LDA on all bands, and of SVM and LDA on principal components, at 2 shots, by %.0f to %.0f points, and between %+.1f and %+.1f at 8 and 20.",
		least, most, from, to)
	least, most = points(c.ahead(crowns, "lda-mnf"))
	c.holds(page, most < 0, "**LDA on minimum noise fractions is ahead of it by %.1f to %.1f points**", -most, -least)

	c.says(page, "Below %.2f in bold, whoever is ahead", 0.05)
	c.says(page, "corrects for %d comparisons leaves %d of them below", len(plain), afterHolm(plain))
	alone := append(random, disjoint...)
	c.says(page, "for the %d with stage 2 alone %s of %s", len(alone), inWords(afterHolm(alone)), count(alone, difference.significant))
	table := c.ahead(both, rivals...)
	c.holds(page, afterHolm(table) == 0, "Over all %d of the table none can be", len(table))
	stemClaims(c)
	headClaims(c)
	classicalClaims(c)

	withoutTextClaims(c)
}

// withoutTextClaims holds what is said of the preset whose head is trained.
func withoutTextClaims(c *claims) {
	f, err := c.raw.scores("results/without-text.json")
	must(c, f, err)
	ahead := func(method string) (d [2]difference) {
		for i, n := range []int{2, 8} {
			row, err := f.find(method, n)
			must(c, row, err)
			whole, err := f.find("DiffCLIP", n)
			d[i] = added(row, must(c, whole, err))
		}
		return d
	}
	text, alone, probe := ahead("w/o text"), ahead("stage 2 alone"), ahead("linear probe")
	all := []difference{text[0], text[1], alone[0], alone[1], probe[0], probe[1]}
	var texts []any
	for _, d := range all {
		texts = append(texts, strings.Trim(d.String(), "*"))
	}
	least, _ := points(all)
	c.holds("experiments.md", least > 0 && count(all, difference.significant) == "none", "DiffCLIP is ahead of the row without text by %s points at 2 shots and %s at 8, of stage 2 alone by %s and %s, "+
		"of the linear probe by %s and %s, with the p of Wilcoxon's test: nowhere significantly.", texts...)
	c.says("experiments.md", "linear layer on the frozen encoder is within %.1f points of DiffCLIP", max(probe[0].points, probe[1].points))
}

// leading returns the number with which a cell begins.
func leading(c *claims, cell string) float64 {
	c.Helper()
	word, _, _ := strings.Cut(cell, " ")
	v, err := strconv.ParseFloat(word, 64)
	return must(c, v, err)
}

// gains returns the least and the greatest difference between two rows of a table as it
// was printed, in some columns of three numbers each.
func (c *claims) gains(name string, row, other int, columns ...int) (least, most float64) {
	c.Helper()
	f, err := c.raw.asPrinted(name)
	must(c, f, err)
	least, most = math.Inf(1), math.Inf(-1)
	for _, column := range columns {
		a, b := strings.Split(f.Rows[row][column], " / "), strings.Split(f.Rows[other][column], " / ")
		for i := range a {
			d := leading(c, a[i]) - leading(c, b[i])
			least, most = min(least, d), max(most, d)
		}
	}
	return least, most
}

// stemClaims holds what is said of the linear stem and of what lies beyond the paper.
func stemClaims(c *claims) {
	const page, file = "experiments.md", "results/features-stem.json"
	const best, untrained, linear, linearUntrained, linearAlone = 0, 1, 2, 3, 4
	c.says(page, "which embeds the %d fractions as they are", c.preset("best").Scaling.MNF)
	least, most := c.gains(file, linearUntrained, untrained, 1, 2)
	c.says(page, "ahead of the published one by %.1f to %.1f points on crowns", least, most)
	_, most = c.gains(file, linearUntrained, best, 1, 2)
	c.says(page, "stage 1 makes of the published one, or up to %.0f points better", most)
	least, most = c.gains(file, linear, best, 1, 2)
	from, to := c.gains(file, linear, best, 4)
	c.says(page, "ahead of the base by %.1f to %.1f points on crowns, by %.1f to %.1f on disjoint fields", least, most, from, to)
	_, near := c.gains(file, linear, linearAlone, 1)
	_, most = c.gains(file, linear, linearAlone, 2)
	c.holds(page, near <= 0.55, "within half a point of both stages on random crowns, and within %.0f disjoint", math.Ceil(most))
}

// headClaims holds what is said of a sum of discriminants.
func headClaims(c *claims) {
	const file = "results/features-head.json"
	const fractions, features, sum = 0, 1, 6
	least, most := c.gains(file, sum, features, 1, 2)
	behind, far := c.gains(file, fractions, sum, 1, 2)
	from, to := c.gains(file, sum, features, 3, 4)
	c.says("experiments.md", "it gives back %.0f to %.0f points on crowns, where the fractions alone stay %.0f to %.0f points ahead of it, and changes fields by %+.1f to %+.1f.",
		least, most, behind, far, from, to)
}

// classicalClaims holds what is said of the classical rows to their code.
func classicalClaims(c *claims) {
	const page = "experiments.md"
	window := vit.Default().Window
	c.says(page, "shots and window (%d x %d here)", window, window)
	c.says(page, "`-pca` %d principal components of each modality", baseline.Components)
	c.says(page, "`-mnf` %d minimum noise fractions", baseline.Components)
	const code = "../internal/baseline/evaluate.go"
	svm := c.source(code, `C: \[\]float64\{10, 1, 100, 1000\}, Gamma: \[\]float64\{1, 0.1, 0.3, 3\}, Folds: (\d+)`)
	c.says(page, "C of 1, 10, 100, 1000 and gamma of 0.1, 0.3, 1, 3 times 1/(features x variance) by %s-fold cross-validation on the training samples (2-fold at 2 shots)", svm...)
	c.says(page, "random forest, %s trees", c.source(code, `Trees: (\d+)`)...)
	f, err := c.raw.scores("results/classical-pines-random.json")
	seeds := must(c, f, err).Results[0].Seeds
	for _, place := range []string{", unless a table", "). Where", "), the base", ", heads fitted", ", with what refining", ": ``` diffclip pretrain -data idtrees2020 -preset fewshot"} {
		c.says(page, "seeds %d to %d"+place, seeds[0], seeds[len(seeds)-1])
	}
	c.says("results.md", "seeds %d to %d; every method sees the same draws", seeds[0], seeds[len(seeds)-1])
	c.says(page, "one training each (seed 1)")
	c.says("results.md", "the columns of 2 shots, seed 1, of both scenes")
	c.says(page, "the mean of the 3 x 3 pixels")
	c.says(page, "(%d whitened principal components, mean of the patches,", c.preset("fewshot").Scaling.PCA)
}
