package docs_test

import (
	"fmt"
	"math"
	"strings"

	"diffclip/rsdata"
)

// refined are the rows of what windows without labels add to a head: a setting and the method in its file.
var refined = []struct{ title, setting, method string }{
	{"the base, labels alone", labelsAlone, "DiffCLIP"},
	{"the base, refined (`-head-fit em`)", "", "DiffCLIP"},
	{"stage 2 alone, labels alone", labelsAlone, "stage 2 alone"},
	{"stage 2 alone, refined", "", "stage 2 alone"},
	{"stage 1 with less noise, labels alone", "t300", "DiffCLIP"},
	{"stage 1 with less noise, refined", "t300-em", "DiffCLIP"},
}

// refinedAhead is how far a row of refined is ahead of another.
func (r *raw) refinedAhead(row, of int, scene string, shots int) (difference, error) {
	name, protocol, _ := strings.Cut(scene, "-")
	whole, err := r.scoresOf(name, protocol, refined[row].setting, refined[row].method, shots)
	if err != nil {
		return difference{}, err
	}
	other, err := r.scoresOf(name, protocol, refined[of].setting, refined[of].method, shots)
	if err == nil && (whole == nil || other == nil) {
		err = fmt.Errorf("no file of refined heads of %s", scene)
	}
	if err != nil {
		return difference{}, err
	}
	return added(other, whole), nil
}

// refinedView: OA by shots of heads with and without refining, and what refining adds.
func refinedView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{""}}
	for _, s := range scenes {
		rows[0] = append(rows[0], s.title)
	}
	for i, line := range refined {
		row, adds := []string{line.title}, []string{"refining adds"}
		for _, s := range scenes {
			name, protocol, _ := strings.Cut(s.name, "-")
			var means, differences []string
			for _, n := range shots {
				scores, err := r.scoresOf(name, protocol, line.setting, line.method, n)
				if err != nil {
					return nil, err
				}
				means = append(means, fmt.Sprintf("%.1f", 100*rsdata.Summarise(scores.oa()).Mean))
				if i%2 == 1 {
					d, err := r.refinedAhead(i, i-1, s.name, n)
					if err != nil {
						return nil, err
					}
					differences = append(differences, d.String())
				}
			}
			row, adds = append(row, strings.Join(means, " / ")), append(adds, strings.Join(differences, " / "))
		}
		rows = append(rows, row)
		if i%2 == 1 {
			rows = append(rows, adds)
		}
	}
	return rows, nil
}

// refinedClaims holds what the pages say of refined heads.
func refinedClaims(c *claims) {
	ahead := func(row, of int, scenes ...string) (all []difference) {
		for _, scene := range scenes {
			for _, n := range shots {
				d, err := c.raw.refinedAhead(row, of, scene, n)
				all = append(all, must(c, d, err))
			}
		}
		return all
	}
	const plain, whole, alone, refinedAlone, quietPlain, quiet = 0, 1, 2, 3, 4, 5
	c.says("experiments.md", "In each of %s rounds every window", c.source("../internal/baseline/lda_refine.go", `refineRounds\s+= (\d+)`)...)
	disjoint, elsewhere := ahead(whole, plain, "pines-disjoint"), ahead(whole, plain, "idtrees-random", "idtrees-disjoint", "pines-random")
	least, most := points(disjoint)
	small, large := points(elsewhere)
	c.holds("experiments.md", count(disjoint, difference.significant) == "three" && small >= 0,
		"Refining adds %+.1f to %+.1f points on disjoint fields, significantly at every number of labels, and %+.1f to %+.1f elsewhere, "+
			"significantly in %s of nine columns. Nowhere does it cost.", least, most, small, large, count(elsewhere, difference.significant))
	c.holds("../README.md", small >= 0, "adds %+.1f to %+.1f points on disjoint fields and %+.1f to %+.1f elsewhere", least, most, small, large)
	least, most = points(ahead(refinedAlone, alone, both...))
	c.says("experiments.md", "Stage 2 alone gains by it too, between %+.1f and %+.1f points.", least, most)
	stages := ahead(whole, refinedAlone, both...)
	least, most = points(stages)
	c.says("experiments.md", "Both stages refined are ahead of it refined by %+.1f to %+.1f points, significantly in %s of twelve columns, and at 2 shots by %.1f points on the mean of the four columns.",
		least, most, count(stages, difference.significant), meanAtFewest(stages))
	least, most = points(ahead(quietPlain, plain, fields...))
	from, to := points(ahead(quietPlain, plain, crowns...))
	c.says("experiments.md", "on the draws that are reported fields change by %+.1f to %+.1f points, and crowns by %+.1f to %+.1f", tenths(least), most, from, tenths(to))
	least, most = points(ahead(quiet, quietPlain, both...))
	c.says("experiments.md", "With less noise in stage 1 (`-timesteps 300 -loss-weights 1,1`) refining adds %+.1f to %+.1f points.", least, most)
	c.says("experiments.md", "Without refining it was %.1f.", meanAtFewest(ahead(plain, alone, both...)))
	c.says("results.md", "At 2 shots stage 1 is worth %.1f points here, on the mean of the four columns.", meanAtFewest(c.ahead(both, "stage 2 alone")))
}

// meanAtFewest is the mean over the scenes at the least number of shots, of differences by scene and shots.
func meanAtFewest(d []difference) float64 {
	sum := 0.0
	for i := 0; i < len(d); i += len(shots) {
		sum += d[i].points
	}
	return sum / float64(len(d)/len(shots))
}

// tenths rounds as one place after the point does, without a negative nought.
func tenths(v float64) float64 { return math.Round(10*v)/10 + 0 }
