package docs_test

import (
	"fmt"
	"strings"

	"diffclip/rsdata"
)

// stems are the rows of what stage 1 adds where the stem loses nothing: a setting and the method in its file.
var stems = []struct{ title, setting, method string }{
	{"the base, published stem", labelsAlone, "DiffCLIP"},
	{"linear stem, stage 2 alone", "linear-stem", "stage 2 alone"},
	{"linear stem, both stages", "linear-stem", "DiffCLIP"},
	{"linear stem, stage 1 with T = 100", "linear-t100", "DiffCLIP"},
	{"linear stem, stage 1 without noise", "linear-noiseless", "DiffCLIP"},
}

// linearRefined is best with a linear stem: the setting that its files name.
const linearRefined = "linear-em"

// stemScores returns the scores of a row of stems in a column of scenes.
func (r *raw) stemScores(row int, scene string, shots int) (*scoreRow, error) {
	name, protocol, _ := strings.Cut(scene, "-")
	scores, err := r.scoresOf(name, protocol, stems[row].setting, stems[row].method, shots)
	if scores == nil && err == nil {
		err = fmt.Errorf("no file of %s, %s", stems[row].setting, scene)
	}
	return scores, err
}

// stemView: OA by shots of every row, and how far the two with stage 1 are ahead of the one without.
func stemView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{""}}
	for _, s := range scenes {
		rows[0] = append(rows[0], s.title)
	}
	for i, line := range stems {
		row, ahead := []string{line.title}, []string{"ahead of stage 2 alone by"}
		for _, s := range scenes {
			var means, differences []string
			for _, shots := range []int{2, 8, 20} {
				scores, err := r.stemScores(i, s.name, shots)
				if err != nil {
					return nil, err
				}
				alone, err := r.stemScores(1, s.name, shots)
				if err != nil {
					return nil, err
				}
				means = append(means, fmt.Sprintf("%.1f", 100*rsdata.Summarise(scores.oa()).Mean))
				differences = append(differences, added(alone, scores).String())
			}
			row, ahead = append(row, strings.Join(means, " / ")), append(ahead, strings.Join(differences, " / "))
		}
		rows = append(rows, row)
		if i > 1 {
			rows = append(rows, ahead)
		}
	}
	return rows, nil
}

// linearRefinedClaims holds what the pages say of best with a linear stem.
func linearRefinedClaims(c *claims) {
	ahead := func(of, method string, stages string) (all []difference) {
		for _, s := range scenes {
			name, protocol, _ := strings.Cut(s.name, "-")
			for _, n := range shots {
				a, err := c.raw.scoresOf(name, protocol, linearRefined, stages, n)
				a = must(c, a, err)
				b, err := c.raw.scoresOf(name, protocol, of, method, n)
				all = append(all, added(must(c, b, err), a))
			}
		}
		return all
	}
	mean := func(all []difference) (sum float64) {
		for _, d := range all {
			sum += d.points / float64(len(all))
		}
		return sum
	}
	stages := ahead(linearRefined, "stage 2 alone", "DiffCLIP")
	least, most := points(stages)
	few, all, none := meanAtFewest(stages), mean(ahead("", "DiffCLIP", "DiffCLIP")), mean(ahead("", "DiffCLIP", "stage 2 alone"))
	c.says("results.md", "both stages come to %.1f points more than `best` on the mean of the twelve columns, and stage 2 alone to %.1f", all, none)
	c.says("results.md", "stage 1 then adds %+.1f to %+.1f points, significantly in %s of twelve columns, and %.1f at 2 shots", least, most, count(stages, difference.significant), few)
	c.says("../README.md", "with `-stem linear`, stage 2 alone is as good as both stages of `best` on the mean (%+.1f points), and both stages are %.1f better", none, all)
	c.says("experiments.md", "on the ten draws that are reported by %.1f", all)
}

// linearClaims holds what the pages say of the table.
func linearClaims(c *claims) {
	linearRefinedClaims(c)
	ahead := func(row, of int, scenes ...string) (all []difference) {
		for _, scene := range scenes {
			for _, n := range shots {
				a, err := c.raw.stemScores(row, scene, n)
				a = must(c, a, err)
				b, err := c.raw.stemScores(of, scene, n)
				all = append(all, added(must(c, b, err), a))
			}
		}
		return all
	}
	const base, alone, stages, little, noiseless = 0, 1, 2, 3, 4
	first := ahead(stages, alone, both...)
	least, most := points(first)
	c.says("experiments.md", "both stages are ahead of stage 2 alone by %+.1f to %+.1f points, significantly in %s of twelve columns", least, most,
		count(first, difference.significant))
	quiet := ahead(noiseless, alone, crowns...)
	least, most = points(quiet)
	c.says("experiments.md", "On crowns it is ahead of stage 2 alone by %+.1f to %+.1f points, significantly in %s of six columns", least, most,
		count(quiet, difference.significant))
	least, most = points(ahead(noiseless, base, crowns...))
	c.says("experiments.md", "and of the base by %+.1f to %+.1f", least, most)
	least, most = points(ahead(little, alone, crowns...))
	c.says("experiments.md", "with T = 100 crowns are ahead of stage 2 alone by %+.1f to %+.1f points", least, most)
	least, most = points(ahead(little, stages, fields...))
	c.says("experiments.md", "and fields are between %+.1f and %+.1f of T = 1000", least, most)
	quiet = ahead(noiseless, alone, fields...)
	least, most = points(quiet)
	c.holds("experiments.md", count(quiet, difference.significant) == "none", "On fields it is between %+.1f and %+.1f points of stage 2 alone, nowhere significantly", least, most)
	least, most = points(ahead(noiseless, stages, fields...))
	c.holds("experiments.md", most < 0, "and below both stages with noise by %.1f to %.1f.", -most, -least)
}
