package docs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"diffclip/rsdata"
)

// lds2ae returns the scores of LDS2AE at 2 shots and those of another method on the
// same draws, which are the first of its own; nil where a scene and protocol has no file.
func (r *raw) lds2ae(scene, method string) (theirs, others *scoreRow, err error) {
	name := "results/lds2ae-" + scene + ".json"
	f, err := r.scores(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if theirs, err = f.find("LDS2AE", 2); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	all, err := r.result(scene, method, 2)
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

// lds2aeView: OA of LDS2AE and of other methods on the same draws, for the scenes and
// protocols that were run.
func lds2aeView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{""}, {"LDS2AE"}, {"DiffCLIP"}, {"stage 2 alone"}, {"svm"}}
	for _, s := range scenes {
		theirs, _, err := r.lds2ae(s.name, "DiffCLIP")
		if err != nil {
			return nil, err
		}
		if theirs == nil {
			continue
		}
		rows[0] = append(rows[0], fmt.Sprintf("%s, %d draws", s.title, len(theirs.Seeds)))
		rows[1] = append(rows[1], rsdata.Summarise(theirs.oa()).Percent())
		for i := 2; i < len(rows); i++ {
			_, other, err := r.lds2ae(s.name, rows[i][0])
			if err != nil {
				return nil, err
			}
			rows[i] = append(rows[i], rsdata.Summarise(other.oa()).Percent())
		}
	}
	return rows, nil
}

// lds2aeClaims holds the sentence below the table to it.
func lds2aeClaims(c *claims) {
	ahead := func(scene, method string, sign float64) difference {
		theirs, other, err := c.raw.lds2ae(scene, method)
		d := added(must(c, theirs, err), other)
		d.points *= sign
		return d
	}
	plain := func(d difference) string { return strings.Trim(d.String(), "*") }
	names := []string{"idtrees-random", "pines-random", "pines-disjoint"}
	one, other := make([]any, len(names)), make([]any, len(names))
	level := true
	for i, name := range names {
		d := ahead(name, "DiffCLIP", 1)
		level = level && !d.significant()
		one[i], other[i] = plain(d), plain(ahead(name, "stage 2 alone", -1))
	}
	c.holds("results.md", level,
		"Against LDS²AE, DiffCLIP is ahead by %s points on IDTReeS, %s on Indian Pines and %s on its disjoint blocks, with the p of Wilcoxon's test: not significantly on any.", one...)
	c.says("results.md", "LDS²AE is ahead of stage 2 alone by %s, %s and %s.", other...)
}
