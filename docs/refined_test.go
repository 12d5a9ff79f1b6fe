package docs_test

import (
	"fmt"
	"strings"

	"diffclip/rsdata"
)

// refined are the rows of what windows without labels add to a head: a setting and the method in its file.
var refined = []struct{ title, setting, method string }{
	{"`best`", "", "DiffCLIP"},
	{"`best`, refined (`finetune -head-fit em`)", "em", "DiffCLIP"},
	{"stage 2 alone", "", "stage 2 alone"},
	{"stage 2 alone, refined", "em", "stage 2 alone"},
}

// refinedAhead is how far a row of refined is ahead of another; of -1 is LDA on minimum noise fractions.
func (r *raw) refinedAhead(row, of int, scene string, shots int) (difference, error) {
	name, protocol, _ := strings.Cut(scene, "-")
	whole, err := r.scoresOf(name, protocol, refined[row].setting, refined[row].method, shots)
	if err != nil {
		return difference{}, err
	}
	setting, method := "", "lda-mnf"
	if of >= 0 {
		setting, method = refined[of].setting, refined[of].method
	}
	other, err := r.scoresOf(name, protocol, setting, method, shots)
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
	const plain, whole, alone, refinedAlone = 0, 1, 2, 3
	c.says("results.md", "In each of %s rounds every window", c.source("../internal/baseline/lda_refine.go", `refineRounds\s+= (\d+)`)...)
	disjoint, elsewhere := ahead(whole, plain, "pines-disjoint"), ahead(whole, plain, "idtrees-random", "idtrees-disjoint", "pines-random")
	least, most := points(disjoint)
	small, large := points(elsewhere)
	c.holds("results.md", count(disjoint, difference.significant) == "three" && small >= 0,
		"Refining adds %+.1f to %+.1f points on disjoint fields, significantly at every number of labels, and %+.1f to %+.1f elsewhere, "+
			"significantly in %s of nine columns. Nowhere does it cost.", least, most, small, large, count(elsewhere, difference.significant))
	c.says("../README.md", "adds %+.1f to %+.1f points on disjoint fields and %+.1f to %+.1f elsewhere", least, most, small, large)
	least, most = points(ahead(refinedAlone, alone, both...))
	c.says("results.md", "Stage 2 alone gains by it too, between %+.1f and %+.1f points.", least, most)
	stages := ahead(whole, refinedAlone, both...)
	least, most = points(stages)
	c.says("results.md", "Both stages refined are ahead of it refined by %+.1f to %+.1f points, significantly in %s of twelve columns, and at 2 shots by %.1f points on the mean of the four columns.",
		least, most, count(stages, difference.significant), meanAtFewest(stages))
	least, most = points(ahead(whole, -1, crowns...))
	c.holds("results.md", most < 0, "On crowns LDA on minimum noise fractions stays ahead, by %.1f to %.1f points.", -most, -least)
	c.says("results.md", "At 2 shots that is %.1f points on the mean of the four columns.", meanAtFewest(ahead(plain, alone, both...)))
}

// meanAtFewest is the mean over the scenes at the least number of shots, of differences by scene and shots.
func meanAtFewest(d []difference) float64 {
	sum := 0.0
	for i := 0; i < len(d); i += len(shots) {
		sum += d[i].points
	}
	return sum / float64(len(d)/len(shots))
}
