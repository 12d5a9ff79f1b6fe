package docs_test

import (
	"errors"
	"fmt"
	"io/fs"

	"diffclip/rsdata"
)

// parts are the rows of what each part of the method adds, DiffCLIP the whole.
var parts = []string{"w/o text", "w/o diffusion", "w/o mask", "stage 2 alone", "DiffCLIP"}

// part returns the scores of a row of parts at 8 shots, and those of the whole method on
// the same draws; nil where a scene and protocol has no file.
func (r *raw) part(scene, method string) (row, whole *scoreRow, err error) {
	name := "results/parts-" + scene + ".json"
	f, err := r.scores(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if row, err = f.find(method, 8); err == nil {
		whole, err = f.find("DiffCLIP", 8)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return row, whole, nil
}

// added is how far the whole method is ahead of it without a part.
func added(row, whole *scoreRow) difference {
	a, b := whole.oa(), row.oa()
	return difference{100 * (rsdata.Summarise(a).Mean - rsdata.Summarise(b).Mean), rsdata.Wilcoxon(a, b).P}
}

// partsView: OA without each part, and what the part adds with its P, for the scenes and protocols that
// were run.
func partsView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{""}}
	for _, method := range parts {
		rows = append(rows, []string{method})
	}
	for _, s := range scenes {
		var cells []string
		for _, method := range parts {
			row, whole, err := r.part(s.name, method)
			if err != nil {
				return nil, err
			}
			if row == nil {
				break
			}
			cell := rsdata.Summarise(row.oa()).Percent()
			if method != "DiffCLIP" {
				cell += ", " + added(row, whole).String()
			}
			cells = append(cells, cell)
		}
		for i, cell := range append([]string{s.title}, cells...) {
			if len(cells) > 0 {
				rows[i] = append(rows[i], cell)
			}
		}
	}
	return rows, nil
}

// partsClaims holds the sentences below the table to it and to the paper's Table 3.
func partsClaims(c *claims) {
	const page = "results.md"
	of := func(method string) (all []difference) {
		for _, s := range scenes {
			row, whole, err := c.raw.part(s.name, method)
			if row = must(c, row, err); row != nil {
				all = append(all, added(row, whole))
			}
		}
		return all
	}
	paper := func(method string) float64 {
		return leading(c, c.source("../internal/reproduce/paper.csv", "(?m)^table3,,"+method+`,mean,([0-9.]+)`)[0].(string))
	}
	printed := func(without string) float64 { return paper("DiffCLIP") - paper(without) }
	c.says(page, "prints %.1f points for text, %.1f for diffusion, %.1f for the mask and %.1f for stage 1, with 40 labels per class.",
		printed("w/o Text"), printed("w/o Diffusion"), printed("w/o Mask"), printed("w/o Unsupervised"))
	text, noise, mask, stage1 := of("w/o text"), of("w/o diffusion"), of("w/o mask"), of("stage 2 alone")
	least, most := points(text[:3])
	c.holds(page, least > 0 && count(text, difference.significant) == "one" && text[2].significant(), "Text is worth %.1f to %.1f points in three columns, significantly in random fields, and costs %.1f in disjoint fields",
		least, most, -text[3].points)
	_, best := points(noise)
	c.holds(page, best < 0 && count(noise, difference.significant) == "two" && noise[2].significant() && noise[3].significant(),
		"random fields come out %.1f and disjoint fields %.1f points better (each below 0.05), crowns %.1f and %.1f, not significantly", -noise[2].points, -noise[3].points, -noise[0].points, -noise[1].points)
	far := func(all []difference) float64 {
		least, most := points(all)
		return max(-least, most)
	}
	c.holds(page, count(append(mask, stage1...), difference.significant) == "none",
		"The mask moves OA by at most %.1f points either way, stage 1 as a whole by at most %.1f, none of it significantly.", far(mask), far(stage1))
}
