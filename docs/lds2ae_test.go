package docs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

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

// lds2aeClaims holds the sentences below the table to it, whichever rows there are.
func lds2aeClaims(c *claims) {
	ahead := func(method string) (all []difference) {
		for _, s := range scenes {
			for _, n := range lds2aeShots {
				theirs, others, err := c.raw.lds2ae(s.name, n, method)
				if theirs = must(c, theirs, err); theirs != nil {
					all = append(all, added(theirs, others))
				}
			}
		}
		return all
	}
	const crownClasses, fieldClasses = 8, 4
	c.says("results.md", "training samples alone, %d to %d windows; DiffCLIP's sees %d without labels",
		lds2aeShots[0]*fieldClasses, lds2aeShots[len(lds2aeShots)-1]*crownClasses, c.preset("best").Split.Unlabelled)
	whole := ahead("DiffCLIP")
	least, most := points(whole)
	c.holds("results.md", least > 0, "DiffCLIP is ahead of LDS²AE in every row, by %+.1f to %+.1f points, significantly in %s of %s", least, most,
		count(whole, difference.significant), inWords(len(whole)))
	var theirs, ours []float64
	for _, s := range scenes {
		t, o, err := c.raw.lds2ae(s.name, 2, "DiffCLIP")
		theirs, ours = append(theirs, must(c, t, err).oa()...), append(ours, o.oa()...)
	}
	all := difference{100 * (rsdata.Summarise(ours).Mean - rsdata.Summarise(theirs).Mean), rsdata.Wilcoxon(ours, theirs).P}
	c.holds("results.md", all.significant() && all.points > 0, "over the %d draws at 2 shots together by %+.1f points, significantly.", len(ours), all.points)
	alone := ahead("stage 2 alone")
	for i := range alone {
		alone[i].points *= -1
	}
	least, most = points(alone)
	c.says("results.md", "LDS²AE is between %+.1f and %+.1f points of stage 2 alone, significantly ahead in %s of them and behind in %s", least, most,
		count(alone, func(d difference) bool { return d.significant() && d.points > 0 }),
		count(alone, func(d difference) bool { return d.significant() && d.points < 0 }))
}
