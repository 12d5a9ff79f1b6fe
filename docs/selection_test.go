package docs_test

import (
	"math"
	"strings"

	"diffclip/clip"
)

// selectionFile has a row for each kind of stage 1 and fit of the head: its name, the fit, OA by shots of every scene and protocol,
// and the mean over all of these. A name that ends in ", seed 2" is of another training of the same.
const selectionFile = "results/selection.json"

// nearEnough is by how many points of the mean a setting nearer to the paper may lie behind another and still be chosen.
const nearEnough = 0.3

// selectionClaims holds what experiments.md says of how best was chosen, and the preset to the rule.
func selectionClaims(c *claims) {
	const page = "experiments.md"
	f, err := c.raw.asPrinted(selectionFile)
	must(c, f, err)
	type row struct {
		stage1, fit string
		mean        float64
	}
	sums, counts, order := map[[2]string]float64{}, map[[2]string]float64{}, [][2]string{}
	for _, r := range f.Rows {
		total := 0.0
		for _, cell := range r[2 : len(r)-1] {
			for _, v := range strings.Split(cell, " / ") {
				total += leading(c, v) / 12
			}
		}
		if mean := leading(c, r[len(r)-1]); math.Abs(mean-total) > 0.06 {
			c.Errorf("%s: %s, %s: a mean of %v, and %.2f by its columns", selectionFile, r[0], r[1], mean, total)
		}
		name, _, _ := strings.Cut(r[0], ", seed ")
		k := [2]string{name, r[1]}
		if counts[k] == 0 {
			order = append(order, k)
		}
		sums[k] += leading(c, r[len(r)-1])
		counts[k]++
	}
	var best, chosen row
	for _, k := range order {
		if mean := sums[k] / counts[k]; mean > best.mean {
			best = row{k[0], k[1], mean}
		}
	}
	chosen = best
	near := func(r row) int { // published stem, noise
		n := 0
		if !strings.Contains(r.stage1, "-stem linear") {
			n += 2
		}
		if !strings.Contains(r.stage1, "-noise off") {
			n++
		}
		return n
	}
	for _, k := range order {
		r := row{k[0], k[1], sums[k] / counts[k]}
		if r.mean >= best.mean-nearEnough && near(r) > near(chosen) {
			chosen = r
		}
	}
	if fit := c.preset("best").Finetune.HeadFit; fit != clip.HeadFit(chosen.fit) {
		c.Errorf("the preset has heads fitted by %s: the rule chooses %s", fit, chosen.fit)
	}
	k := [2]string{"published stem", chosen.fit}
	c.holds(page, chosen.stage1 == "`-stem linear`", "With heads refined a linear stem is ahead of the published one by %.1f points", chosen.mean-sums[k]/counts[k])
	c.says(page, "unless one within %g points of it is nearer to the paper", nearEnough)
	c.says(page, "By OA on draws %d to %d, which", 101, 106)
}
