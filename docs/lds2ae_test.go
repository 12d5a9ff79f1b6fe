package docs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"diffclip/rsdata"
)

// lds2aeShots are the numbers of labels per class that LDS2AE may have been run with.
var lds2aeShots = []int{2, 8, 20}

// lds2ae returns the scores of LDS2AE and those of another method on the same draws,
// which are the first of its own; nil where a scene and protocol has no file, or no
// such number of shots.
func (r *raw) lds2ae(scene string, shots int, method string) (theirs, others *scoreRow, err error) {
	name := "results/lds2ae-" + scene + ".json"
	f, err := r.scores(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if theirs, err = f.find("LDS2AE", shots); err != nil {
		return nil, nil, nil
	}
	all, err := r.result(scene, method, shots)
	if err != nil {
		return nil, nil, err
	}
	n := len(theirs.Seeds)
	if n > len(all.Seeds) || !slices.Equal(theirs.Seeds, all.Seeds[:n]) {
		return nil, nil, fmt.Errorf("%s: seeds %v, and %v of %s: want the first of them", name, theirs.Seeds, all.Seeds, method)
	}
	first := *all
	first.Seeds, first.Scores = all.Seeds[:n], all.Scores[:n]
	for i := range first.Scores {
		if first.Scores[i].Samples != theirs.Scores[i].Samples {
			return nil, nil, fmt.Errorf("%s, seed %d: %d test samples and %d of %s: the splits differ", name, theirs.Seeds[i], theirs.Scores[i].Samples, first.Scores[i].Samples, method)
		}
	}
	return theirs, &first, nil
}

// lds2aeView: OA of LDS2AE and of other methods on the same draws, for the scenes,
// protocols and numbers of labels that were run.
func lds2aeView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{"", "LDS2AE", "DiffCLIP", "stage 2 alone", "svm"}}
	for _, s := range scenes {
		for _, shots := range lds2aeShots {
			theirs, _, err := r.lds2ae(s.name, shots, "DiffCLIP")
			if err != nil {
				return nil, err
			}
			if theirs == nil {
				continue
			}
			row := []string{fmt.Sprintf("%s, %d shots, %d draws", s.title, shots, len(theirs.Seeds)), rsdata.Summarise(theirs.oa()).Percent()}
			for _, method := range rows[0][2:] {
				_, other, err := r.lds2ae(s.name, shots, method)
				if err != nil {
					return nil, err
				}
				row = append(row, rsdata.Summarise(other.oa()).Percent())
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// lds2aeClaims holds the sentences below the table to it.
func lds2aeClaims(c *claims) {
	type column struct {
		scene string
		shots int
	}
	two := []column{{"idtrees-random", 2}, {"idtrees-disjoint", 2}, {"pines-random", 2}, {"pines-disjoint", 2}}
	eight := []column{{"pines-random", 8}, {"pines-disjoint", 8}}
	// ahead is by how much a method is ahead of LDS2AE, or with sign -1 behind it.
	ahead := func(columns []column, method string, sign float64) (texts []any, of []difference) {
		for _, col := range columns {
			theirs, other, err := c.raw.lds2ae(col.scene, col.shots, method)
			d := added(must(c, theirs, err), other)
			d.points *= sign
			texts, of = append(texts, strings.Trim(d.String(), "*")), append(of, d)
		}
		return texts, of
	}
	significant := func(d difference) bool { return d.significant() }
	texts, of := ahead(two, "DiffCLIP", 1)
	c.holds("results.md", !slices.ContainsFunc(of, significant),
		"Against LDS²AE, DiffCLIP is ahead at 2 shots by %s points on IDTReeS, %s on its disjoint plots, %s on Indian Pines and %s on its disjoint blocks, with the p of Wilcoxon's test: not significantly on any.", texts...)
	var theirs, ours []float64
	for _, col := range two {
		t, o, err := c.raw.lds2ae(col.scene, col.shots, "DiffCLIP")
		theirs, ours = append(theirs, must(c, t, err).oa()...), append(ours, o.oa()...)
	}
	all := difference{100 * (rsdata.Summarise(ours).Mean - rsdata.Summarise(theirs).Mean), rsdata.Wilcoxon(ours, theirs).P}
	c.holds("results.md", all.significant() && all.points > 0, "Over these %d draws together it is ahead by %s points, significantly.", len(ours), strings.Trim(all.String(), "*"))
	texts, of = ahead(eight, "DiffCLIP", 1)
	c.holds("results.md", of[0].significant() && of[0].points > 0 && !of[1].significant(),
		"At 8 it is ahead by %s points on random fields, significantly, and by %s on disjoint ones.", texts...)
	most := []column{{"pines-random", 20}}
	texts, _ = ahead(most, "DiffCLIP", 1)
	t, o, err := c.raw.lds2ae(most[0].scene, most[0].shots, "DiffCLIP")
	wins := 0
	for i := range must(c, t, err).Scores {
		if o.Scores[i].OA > t.Scores[i].OA {
			wins++
		}
	}
	c.holds("results.md", len(t.Scores) == 5, "At 20 only the first five draws of random fields were run: DiffCLIP is ahead on %s of them, by %s points on the mean", append([]any{inWords(wins)}, texts...)...)
	texts, _ = ahead(append(two, eight...), "stage 2 alone", -1)
	c.says("results.md", "LDS²AE is ahead of stage 2 alone by %s, %s, %s and %s at 2 shots, by %s and %s at 8.", texts...)
}
