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
