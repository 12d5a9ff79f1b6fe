package docs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math"

	"diffclip/rsdata"
)

// extras are the rows of what was tried beyond the paper: a file of scores of each scene and protocol, and the method in
// it.
var extras = []struct{ title, setting, method string }{
	{"`-preset best`", "", "DiffCLIP"},
	{"eight views in use (`finetune -views 8`)", "views-8", "DiffCLIP"},
	{"12288 windows in stage 1 (`pretrain -pretrain-samples 12288`)", "more-windows", "DiffCLIP"},
	{"encoder trained too (`finetune -freeze 0`)", "freeze-0", ""},
	{"encoder trained from the 11th of 20 epochs (`finetune -freeze 10 -epochs 20`)", "thawed", "DiffCLIP"},
	{"head as trained, not set to discriminants (`finetune -head-fit trained`)", "head-fit-trained", ""},
	{"encoder trained, head as trained (`finetune -freeze 0 -head-fit trained`)", "trained", "DiffCLIP"},
	{"the same, without symmetries (`-symmetries off`)", "trained-symmetries-off", "DiffCLIP"},
	{"the same, with spectral changes (`-spectral 0.1`)", "trained-spectral", "DiffCLIP"},
	{"the same, weights averaged (`-average 5`)", "trained-average", "DiffCLIP"},
	{"linear stem (`pretrain -stem linear`)", "linear-stem", "DiffCLIP"},
	{"linear stem, without stage 1", "linear-stem", "stage 2 alone"},
	{"without stage 1", "", "stage 2 alone"},
}

// scoresOf returns the scores of a setting, such as views-8, of best where it is "", at 8 shots; nil where there is no
// file of them.
func (r *raw) scoresOf(scene, protocol, setting, method string) (*scoreRow, error) {
	if setting == "" {
		return r.result(scene+"-"+protocol, method, 8)
	}
	name := "results/setting-" + scene + "-" + setting + ".json"
	if protocol != "random" {
		name = "results/setting-" + scene + "-" + protocol + "-" + setting + ".json"
	}
	f, err := r.scores(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if method == "" { // diffclip eval names none
		return &f.Results[0], nil
	}
	row, err := f.find(method, 8)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return row, nil
}

// extrasView: OA at 8 shots of every extra, by scene and protocol.
func extrasView(r *raw, _ []string) ([][]string, error) {
	rows := [][]string{{""}}
	for _, s := range scenes {
		rows[0] = append(rows[0], s.title)
	}
	for _, line := range extras {
		row := []string{line.title}
		for _, scene := range []string{"idtrees", "pines"} {
			for _, protocol := range []string{"random", "disjoint"} {
				result, err := r.scoresOf(scene, protocol, line.setting, line.method)
				if err != nil {
					return nil, err
				}
				if result == nil {
					row = append(row, "not measured")
					continue
				}
				row = append(row, rsdata.Summarise(result.oa()).Percent())
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// extrasClaims holds what the pages say of the linear stem.
func extrasClaims(c *claims) {
	level, noWorse := true, true
	for _, scene := range []string{"idtrees", "pines"} {
		for _, protocol := range []string{"random", "disjoint"} {
			of := func(setting, method string) *scoreRow {
				row, err := c.raw.scoresOf(scene, protocol, setting, method)
				if row = must(c, row, err); row == nil {
					c.Fatalf("%s, %s: no scores of %s with setting %q", scene, protocol, method, setting)
				}
				return row
			}
			both := of("linear-stem", "DiffCLIP")
			first := added(of("linear-stem", "stage 2 alone"), both)
			level = level && !first.significant() && math.Abs(first.points) < 1
			noWorse = noWorse && added(of("", "DiffCLIP"), both).points > 0
		}
	}
	c.holds("../README.md", level, "with `-stem linear`, stage 2 alone is as good as both stages.")
	c.holds("results.md", level && noWorse, "both stages are level with stage 2 alone in every column, and no worse than `best`.")
}
